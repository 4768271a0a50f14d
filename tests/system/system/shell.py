# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's root shell, on a virtio serial port: lines in, lines out."""

from __future__ import annotations

import base64
import re
import socket
from dataclasses import dataclass, field
from typing import BinaryIO

_LINE = re.compile(r"^frb: (\d+) (out|ok) ?(.*)")
_READY = re.compile(r"^frb: ready (.*)")


@dataclass
class Answer:
    """What a command has said so far; `status` once it has ended."""

    lines: list[str] = field(default_factory=list)
    status: int | None = None


class Shell:
    """Follows what the guest's shell says. Machine does the waiting.

    readies -- the facts of each boot that has reached the shell
    """

    def __init__(self, link: socket.socket, log: BinaryIO) -> None:
        self.readies: list[dict[str, str]] = []
        self._answers: dict[int, Answer] = {}
        self._link = link
        self._log = log
        self._rest = b""
        self._last = 0

    def fileno(self) -> int:
        """For select()."""
        return self._link.fileno()

    def send(self, script: str) -> int:
        """Have a script run; return the number of its answer."""
        self._last += 1
        self._answers[self._last] = Answer()
        encoded = base64.b64encode(script.encode()).decode()
        self._log.write(f"# {self._last}: {script}\n".encode())
        self._link.sendall(f"{self._last} {encoded}\n".encode())
        return self._last

    def answer(self, number: int) -> Answer:
        """What the script has said so far."""
        return self._answers[number]

    def receive(self) -> bool:
        """Take in what has arrived; return False at the end of all."""
        try:
            data = self._link.recv(65536)
        except ConnectionError:
            data = b""
        self._log.write(data)
        self._log.flush()
        *complete, self._rest = (self._rest + data).split(b"\n")
        for line in complete:
            self._take(line.decode(errors="replace").rstrip("\r"))
        return bool(data)

    def close(self) -> None:
        """Hang up."""
        self._link.close()

    def _take(self, line: str) -> None:
        if match := _READY.match(line):
            self.readies.append(dict(word.split("=", 1)
                                     for word in match[1].split()))
        elif match := _LINE.match(line):
            answer = self._answers[int(match[1])]
            if match[2] == "out":
                answer.lines.append(match[3])
            else:
                answer.status = int(match[3])
