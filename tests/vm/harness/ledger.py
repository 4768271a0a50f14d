# SPDX-License-Identifier: GPL-2.0-or-later
"""The ledger as it lies in a pool: include/uapi/linux/fastreboot.h.

Written from that contract and from nothing else, so that a kernel that
departs from it is found out.
"""

from __future__ import annotations

import struct

MAGIC = b"FRLEDGER"
COPY_SIZE = 0x10000
SIZE = 2 * COPY_SIZE

_HEADER = struct.Struct("<8sHHIIIQ32x")
_CRC_OFFSET = 16
# generation, running, armed, jump, jump_slot, boot_reason, tries
_STATE = struct.Struct("<QIIIIII")
_STATE_OFFSET = 128
# of the timeline's relocated_bytes, and of relocated_ranges
_RELOCATED_OFFSETS = (296, 424)


def crc32c(data: bytes) -> int:
    """CRC32C (Castagnoli)."""
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()


class Record:
    """A record of the ledger, as it stands in a copy."""

    def __init__(self, data: bytes) -> None:
        self.magic: bytes
        self.crc: int
        self.length: int
        self.sequence: int
        (self.magic, self.major, self.minor, self.length, self.crc, _,
         self.sequence) = _HEADER.unpack_from(data)
        self.data = data[:self.length]
        (self.generation, self.running, self.armed, self.jump, self.jump_slot,
         self.boot_reason, self.tries) = _STATE.unpack_from(data,
                                                            _STATE_OFFSET)

    @property
    def relocated(self) -> tuple[int, int]:
        """Bytes and ranges that were copied at the last jump."""
        return (self._number(_RELOCATED_OFFSETS[0]),
                self._number(_RELOCATED_OFFSETS[1]))

    def counts(self, copy: int) -> bool:
        """Is it whole, and in the copy where it belongs?"""
        return (self.magic == MAGIC and self.sequence % 2 == copy
                and crc32c(_without_crc(self.data)) == self.crc)

    def with_major(self, major: int) -> bytes:
        """The record, whole, with another major version."""
        data = bytearray(_without_crc(self.data))
        struct.pack_into("<H", data, len(MAGIC), major)
        struct.pack_into("<I", data, _CRC_OFFSET, crc32c(bytes(data)))
        return bytes(data)

    def _number(self, offset: int) -> int:
        (value,) = struct.unpack_from("<Q", self.data, offset)
        return int(value)


def _without_crc(data: bytes) -> bytes:
    return data[:_CRC_OFFSET] + bytes(4) + data[_CRC_OFFSET + 4:]


def records(area: bytes) -> tuple[Record, Record]:
    """The records in copy 0 and copy 1."""
    return Record(area[:COPY_SIZE]), Record(area[COPY_SIZE:SIZE])


def newest(area: bytes) -> int:
    """The copy with the newest record that counts."""
    found = [copy for copy, record in enumerate(records(area))
             if record.counts(copy)]
    return max(found, key=lambda copy: records(area)[copy].sequence)
