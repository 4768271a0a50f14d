# SPDX-License-Identifier: GPL-2.0-or-later
"""The header of an arm64 kernel Image.

Documentation/arch/arm64/booting.rst describes it.
"""

from __future__ import annotations

import struct

_IMAGE_SIZE = 16
_FLAGS = 24
_MAGIC = 56

FLAG_BIG_ENDIAN = 1 << 0
PAGE_SIZE_MASK = 3 << 1
PAGE_SIZE_16K = 2 << 1


class Image:
    """An Image, and damaged copies of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @property
    def image_size(self) -> int:
        """Bytes of memory that the kernel occupies, BSS included."""
        return self._number(_IMAGE_SIZE)

    @property
    def flags(self) -> int:
        """Endianness, page size, placement."""
        return self._number(_FLAGS)

    def with_image_size(self, size: int) -> bytes:
        """The Image with another image_size."""
        return self._with(_IMAGE_SIZE, struct.pack("<Q", size))

    def with_flags(self, flags: int) -> bytes:
        """The Image with other flags."""
        return self._with(_FLAGS, struct.pack("<Q", flags))

    def without_magic(self) -> bytes:
        """The Image with its magic number overwritten."""
        return self._with(_MAGIC, b"none")

    def _number(self, offset: int) -> int:
        (value,) = struct.unpack_from("<Q", self.content, offset)
        return int(value)

    def _with(self, offset: int, data: bytes) -> bytes:
        return (self.content[:offset] + data
                + self.content[offset + len(data):])
