# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing to a machine's memory behind its back.

QMP reads physical memory but does not write it; QEMU's debugger stub does.
The machine stands still while the connection is open.
"""

from __future__ import annotations

import socket
from pathlib import Path

from .deadline import Deadline
from .errors import ScenarioFailure

# Bytes of memory in a packet; the stub takes 4 KiB of text.
_CHUNK = 1024


def _packet(text: str) -> bytes:
    checksum = sum(text.encode()) % 256
    return f"${text}#{checksum:02x}".encode()


class Debugger:
    """A connection to the stub. Use as a context manager."""

    def __init__(self, path: Path, deadline: Deadline) -> None:
        self._link = socket.socket(socket.AF_UNIX)
        self._link.settimeout(deadline.left() or 1e-3)
        self._link.connect(str(path))
        self._rest = b""

    def __enter__(self) -> Debugger:
        self._request("Qqemu.PhyMemMode:1")
        return self

    def __exit__(self, *_: object) -> None:
        self._request("D")
        self._link.close()

    def write(self, address: int, data: bytes) -> None:
        """Write to physical memory."""
        for at in range(0, len(data), _CHUNK):
            piece = data[at:at + _CHUNK]
            self._request(f"M{address + at:x},{len(piece):x}:{piece.hex()}")

    def _request(self, text: str) -> None:
        self._link.sendall(_packet(text))
        answer = self._answer()
        while answer.startswith("T"):  # tells that the machine has stopped
            answer = self._answer()
        if answer != "OK":
            raise ScenarioFailure(f"debugger: {text[:40]}: {answer!r}")

    def _answer(self) -> str:
        """The next packet; acknowledgements are skipped."""
        while b"#" not in self._rest[:-2]:
            data = self._link.recv(4096)
            if not data:
                raise ScenarioFailure("debugger: QEMU has hung up")
            self._rest += data
        packet, _, rest = self._rest.partition(b"#")
        self._rest = rest[2:]
        self._link.sendall(b"+")
        return packet.partition(b"$")[2].decode()
