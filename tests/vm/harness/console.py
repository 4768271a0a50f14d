# SPDX-License-Identifier: GPL-2.0-or-later
"""The serial console of a machine: lines, a log, and signs of disaster."""

from __future__ import annotations

import re
import socket
from typing import BinaryIO

from .errors import ScenarioFailure

# The kernel's time stamp and, with PRINTK_CALLER, thread or CPU.
_STAMP = re.compile(r"^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ")

# A kernel that prints one of these has failed, whatever comes after.
_DISASTERS = re.compile(
    r"Kernel panic|Oops|Unable to handle|Internal error:|BUG:|kernel BUG at"
    r"|WARNING: |possible (?:circular|recursive|irq lock)"
    r"|suspicious RCU usage|inconsistent lock state|Kernel stack overflow"
    r"|Bad mode in")


class Console:
    """Follows what a machine prints.

    lines -- everything so far, one string a line, without time stamps
    """

    def __init__(self, link: socket.socket, log: BinaryIO) -> None:
        self.lines: list[str] = []
        self._raw: list[str] = []
        self._link = link
        self._log = log
        self._rest = b""
        self._allowed: list[re.Pattern[str]] = []

    def fileno(self) -> int:
        """For select()."""
        return self._link.fileno()

    def allow(self, pattern: str) -> None:
        """Lines in which `pattern` is found are no disaster."""
        self._allowed.append(re.compile(pattern))

    def send(self, text: str) -> None:
        """Type."""
        self._link.sendall(text.encode())

    def receive(self) -> bool:
        """Take in what has arrived; return False at the end of all."""
        try:
            data = self._link.recv(65536)
        except ConnectionError:
            data = b""
        self._log.write(data)
        self._log.flush()
        *complete, self._rest = (self._rest + data).split(b"\n")
        disasters = [line for line in map(self._take, complete) if line]
        if disasters:
            raise ScenarioFailure(f"the kernel says: {disasters[0]}")
        return bool(data)

    def tail(self, count: int) -> list[str]:
        """The last lines as they were printed, an unfinished one included."""
        rest = self._rest.decode(errors="replace")
        return (self._raw + ([rest] if rest else []))[-count:]

    def close(self) -> None:
        """Hang up."""
        self._link.close()

    def _take(self, data: bytes) -> str:
        """Take in a line; return it if it is a disaster."""
        line = data.decode(errors="replace").rstrip("\r")
        self._raw.append(line)
        text = _STAMP.sub("", line)
        self.lines.append(text)
        if not _DISASTERS.search(text):
            return ""
        allowed = any(known.search(text) for known in self._allowed)
        return "" if allowed else text
