# SPDX-License-Identifier: GPL-2.0-or-later
"""A writer for the kernel's initramfs format, "newc" cpio.

It makes device nodes without being root, which cpio(1) cannot.
"""

from __future__ import annotations

import stat


class CpioWriter:
    """An archive in memory."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._inode = 0

    def directory(self, name: str) -> None:
        """Add a folder; its parents come first."""
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name: str, content: bytes, mode: int = 0o755) -> None:
        """Add a regular file."""
        self._entry(name, stat.S_IFREG | mode, content)

    def link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name: str, major: int, minor: int) -> None:
        """Add a character device node."""
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def finish(self) -> bytes:
        """End the archive and return it."""
        self._entry("TRAILER!!!", 0)
        self._pad(512)
        return bytes(self._data)

    def _entry(self, name: str, mode: int, content: bytes = b"",
               device: tuple[int, int] = (0, 0)) -> None:
        self._inode += 1
        encoded = name.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(content), 0, 0,
                  *device, len(encoded), 0)
        self._data += b"070701" + b"".join(b"%08x" % f for f in fields)
        self._data += encoded
        self._pad(4)
        self._data += content
        self._pad(4)

    def _pad(self, alignment: int) -> None:
        self._data += bytes(-len(self._data) % alignment)
