# SPDX-License-Identifier: GPL-2.0-or-later
"""Where relocated segments go, and where they must not.

What a jump copies overwrites whatever is at its destination, and the next
kernel lives with it: memory that hardware still writes to, that may go away,
or that has another owner, is no place for it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from . import check
from .boot import Boot
from .fastreboot import PAGE
from .machine import Machine

# KEXEC_FILE_DEBUG: the kernel tells where it puts what.
DEBUG = 8

# An LPI table, with the 16 bits of interrupt id that QEMU has.
TABLE_SIZE = 0x10000

_TABLE = re.compile(r"LPI (?:property|pending) table @(0x[0-9a-f]+)")
_SEGMENT = re.compile(r"segment\[\d+\]: .* bufsz=(0x[0-9a-f]+) "
                      r"mem=(0x[0-9a-f]+) memsz=(0x[0-9a-f]+)")


@dataclass(frozen=True)
class Range:
    """Physical memory."""

    start: int
    size: int

    def __str__(self) -> str:
        return f"{self.start:#x}-{self.start + self.size - 1:#x}"

    def overlaps(self, other: Range) -> bool:
        """Have both a byte in common?"""
        return (self.start < other.start + other.size
                and other.start < self.start + self.size)

    def within(self, other: Range) -> bool:
        """Does it lie in another?"""
        return (other.start <= self.start and
                self.start + self.size <= other.start + other.size)


@dataclass(frozen=True)
class Load:
    """What kexec_file_load(2) has loaded.

    segments -- where they will be
    bytes -- the most that there can be to copy
    """

    segments: tuple[Range, ...]
    bytes: int


def load(machine: Machine, kernel: str = "b", flags: int = 0,
         initrd: str | None = "/payload/initrd.cpio") -> Load:
    """Load a kernel by kexec_file_load(2), and see where it goes."""
    start = len(machine.console.lines)
    machine.file_load(kernel, initrd=initrd, flags=flags | DEBUG)
    found = [tuple(int(number, 16) for number in match.groups())
             for line in machine.console.lines[start:]
             if (match := _SEGMENT.search(line))]
    check.true("the kernel says where it puts what", bool(found))
    return Load(tuple(Range(mem, memsz) for _, mem, memsz in found),
                sum(memsz for _, _, memsz in found))


def check_loaded(boot: Boot, loaded: Load) -> None:
    """Was a load copied at the jump, and nothing else?

    Not what happened to wait in the very pages where it has to go.
    """
    count = boot.relocated_bytes
    check.true(f"some of {loaded.bytes} bytes, in whole pages, are relocated",
               count is not None and 0 < count <= loaded.bytes
               and count % PAGE == 0, count)
    check.true("it takes at least a range", bool(boot.relocated_ranges),
               boot.relocated_ranges)


def pool_of(boot: Boot) -> list[Range]:
    """The pool, if there is one."""
    if boot.pool is None:
        return []
    return [Range(boot.pool[0], boot.pool[1] + 1 - boot.pool[0])]


def lpi_tables(machine: Machine) -> list[Range]:
    """The tables that the machine's interrupt controller writes to.

    All that any kernel has told since the machine was switched on: the first
    kernel's stay in use for good.
    """
    found = {int(match[1], 16) for line in machine.console.lines
             if (match := _TABLE.search(line))}
    return [Range(address, TABLE_SIZE) for address in sorted(found)]


def check_apart(destinations: Sequence[Range],
                others: Sequence[Range], what: str) -> None:
    """Does no destination lie on anything of others?"""
    for destination in destinations:
        for other in others:
            check.true(f"nothing is placed on {what} {other}",
                       not destination.overlaps(other), str(destination))


def reserved_entries(machine: Machine) -> list[Range]:
    """The /memreserve/ entries of the running kernel's device tree."""
    text = "".join(machine.command("hex /sys/firmware/fdt length=8K"))
    tree = bytes.fromhex(text)
    (offset,) = struct.unpack_from(">I", tree, 16)
    found: list[Range] = []
    while True:
        start, size = struct.unpack_from(">QQ", tree, offset)
        if not size:
            return found
        found.append(Range(start, size))
        offset += 16


def check_tables_reserved(machine: Machine) -> None:
    """Has the running kernel every LPI table reserved?

    The first kernel has made them; those after it have to be told.
    """
    tables = lpi_tables(machine)
    check.true("there are LPI tables", bool(tables))
    entries = reserved_entries(machine)
    for table in tables:
        check.true(f"the LPI table {table} is reserved",
                   any(table.within(entry) for entry in entries),
                   [str(entry) for entry in entries])
