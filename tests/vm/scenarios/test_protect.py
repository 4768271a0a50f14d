# SPDX-License-Identifier: GPL-2.0-or-later
"""The running kernel can't change what is sealed.

The wild write is a real one: write(2) to /dev/mem stores to the kernel's own
mapping of memory. STRICT_DEVMEM would not have it, so the debugger takes that away.
"""

from __future__ import annotations

from typing import Any

from harness import check
from harness.boot import Boot
from harness.fastreboot import (POOL, check_fast_reboot, file_load, placement,
                                pool_boot, slot_of, status)
from harness.machine import FASTREBOOT, Machine
from harness.scenario import scenario
from harness.symbols import Symbols
from harness.vm import Vm

# mov w0, #1; ret
RETURN_TRUE = bytes.fromhex("20008052c0035fd6")

READ_ONLY = "write to read-only memory"

# What maps the pool: blocks of 2 MiB, or pages.
MAPPINGS: dict[str, dict[str, Any]] = {
    "blocks": {"append": ""},
    "pages": {"append": "rodata=full"},
}


def careless_boot(vm: Vm, append: str = "") -> tuple[Machine, Boot]:
    """A machine whose /dev/mem writes anywhere."""
    machine = vm.machine()
    boot = pool_boot(machine, append=f"{POOL} {append}")
    permission = Symbols(vm.build).physical(boot, "devmem_is_allowed")
    machine.write_memory(permission, RETURN_TRUE)
    return machine, boot


def wild_write(machine: Machine, address: int) -> None:
    """Have the kernel change a byte. Its task may be killed for it."""
    value = machine.read_memory(address, 1)[0] ^ 1
    machine.command(f"parallel 1 wild-write {address} {value}")


def writes(machine: Machine, address: int) -> bool:
    """Does a wild write change memory?"""
    before = machine.read_memory(address, 1)
    wild_write(machine, address)
    return machine.read_memory(address, 1) != before


def check_protected(machine: Machine, address: int) -> None:
    """Does a wild write end in an oops, and change nothing?"""
    for line in (READ_ONLY, "Internal error: Oops"):
        machine.allow(line)
    start = len(machine.console.lines)
    check.true("sealed memory was not written to",
               not writes(machine, address))
    oopses = [line for line in machine.console.lines[start:]
              if READ_ONLY in line]
    check.count("oopses", oopses, 1)


@scenario(timeout=200, variants=MAPPINGS)
def sealed(vm: Vm, append: str) -> None:
    """All of a sealed slot is read-only, and nothing beside it is."""
    machine, boot = careless_boot(vm, append)
    slot = slot_of(machine, boot, 0)
    check.true("an empty slot is writable", writes(machine, slot.start))
    machine.stage(0, "b")
    for address in (slot.start, placement(machine, 0)["dtb"][0],
                    slot.start + slot.size - 1):
        check_protected(machine, address)
    check.true("memory before it is writable",
               writes(machine, slot.start - 1))
    check.true("the other slot is writable",
               writes(machine, slot.start + slot.size))
    machine.command(f"write {FASTREBOOT}/slot0/control verify")
    check_fast_reboot(machine, boot, machine.fast_reboot(0), 0)


@scenario(timeout=200)
def writable_again(vm: Vm) -> None:
    """A slot that was cleared, or is bad, takes another payload."""
    machine, boot = careless_boot(vm)
    slot = slot_of(machine, boot, 0)
    machine.stage(0, "b")
    machine.command(f"write {FASTREBOOT}/slot0/control clear")
    check.true("a cleared slot is writable", writes(machine, slot.start))
    machine.stage(0, "b")
    machine.flip(slot.start)
    machine.expect_error("EBADMSG", "arm 0")
    check.equal("status", status(machine, 0), "bad")
    machine.stage(0, "b")
    check_protected(machine, slot.start)
    check_fast_reboot(machine, boot, machine.fast_reboot(0), 0)


@scenario(timeout=200)
def loaded_by_kexec(vm: Vm) -> None:
    """kexec_file_load(2) protects its slot too; unloading gives it back."""
    machine, boot = careless_boot(vm)
    slot = slot_of(machine, boot, 0)
    file_load(machine, 0, "b")
    check_protected(machine, slot.start)
    machine.command("kexec-unload flags=0")
    check.true("an unloaded slot is writable", writes(machine, slot.start))
    file_load(machine, 0, "b")
    check_fast_reboot(machine, boot, machine.kexec(), 0)
