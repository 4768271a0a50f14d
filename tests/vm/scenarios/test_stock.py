# SPDX-License-Identifier: GPL-2.0-or-later
"""The stock kernel, without fastreboot: what works, and what does not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness import check
from harness.boot import parse_range
from harness.errors import ScenarioTimeout
from harness.machine import Machine
from harness.scenario import scenario
from harness.vm import Vm

# KEXEC_FILE_DEBUG: the kernel tells where it puts what.
DEBUG = 8

# Bytes of the LPI property table, for the 16 bits of interrupt id that QEMU
# has.
TABLE_SIZE = 0x10000

# What gic_reset_prop_table() fills the table with: the default priority,
# which depends on release and configuration, and "group 1".
FILLS = (0xa2, 0xc2)


@dataclass(frozen=True)
class Load:
    """Where kexec_file_load(2) puts the next kernel."""

    address: int
    size: int

    def contains(self, address: int, size: int) -> bool:
        """Does a range lie in the kernel's memory?"""
        return (self.address <= address
                and address + size <= self.address + self.size)


def kexec_load(machine: Machine, cmdline: str) -> Load:
    """Load the stock kernel by kexec_file_load(2)."""
    start = len(machine.console.lines)
    machine.command("kexec-file-load /payload/Image-stock /payload/initrd.cpio"
                    f' "{cmdline}" flags={DEBUG}')
    log = "\n".join(machine.console.lines[start:])
    match = re.search(r"Loaded kernel at (0x\w+) .*memsz=(0x\w+)", log)
    check.true("the kernel says where it loaded the next one", bool(match))
    assert match is not None
    return Load(int(match[1], 16), int(match[2], 16))


@scenario(timeout=120, requires=["stock"],
          variants={"1-cpu": {"cpus": 1}, "8-cpus": {"cpus": 8}})
def boots(vm: Vm, cpus: int) -> None:
    """The stock kernel boots, and the harness learns about it."""
    boot = vm.machine(cpus=cpus).boot(kernel="stock")
    check.equal("number of CPUs", boot.cpus, cpus)
    check.true("the kernel's code is in RAM", boot.text >= 0x40000000,
               hex(boot.text))


@scenario(timeout=120, requires=["stock"])
def kexec(vm: Vm) -> None:
    """Without an ITS the stock kernel boots itself by kexec_file_load(2)."""
    machine = vm.machine(its=False)
    machine.boot(kernel="stock")
    load = kexec_load(machine, machine.options.command_line(""))
    check.equal("address of the second kernel", machine.kexec().text,
                load.address)


@scenario(timeout=120, requires=["stock"], variants={
    "el1": {"virtualization": False}, "el2": {"virtualization": True}})
def lpa2_oopses_at_load(vm: Vm, virtualization: bool) -> None:
    """With 5 levels of page tables a stock kexec oopses before it jumps.

    trans_pgd_create_copy() copies the kernel's page tables for the relocator,
    and does not allocate all of the five levels of the copy.
    """
    machine = vm.machine(cpu="max,pauth-impdef=on", its=False,
                         virtualization=virtualization)
    machine.boot(kernel="stock", append="panic=0")
    machine.allow(".")  # from here on disaster is what this is about
    machine.console.send("oops kexec-file-load /payload/Image-stock "
                         "/payload/initrd.cpio x\n")
    end = machine.wait_line(r"^frb: oops (ok|error)|pc : (\S+)\+")
    if end[1]:
        vm.note("THE STOCK KERNEL SURVIVED; what this project says of it is "
                "outdated")
    else:
        vm.note(f"oops in {end[2]}()")


def code_size(machine: Machine) -> int:
    """Bytes of the running kernel's code."""
    for line in machine.command("read /proc/iomem"):
        if line.endswith(": Kernel code"):
            first, last = parse_range("0x" + line.split()[0].replace(
                "-", "-0x")) or (0, 0)
            return last - first + 1
    return 0


def table_address(machine: Machine) -> int:
    """Where the kernel's LPI property table is."""
    log = "\n".join(machine.console.lines)
    match = re.search(r"using LPI property table @(0x[0-9a-f]+)", log)
    check.true("the kernel uses LPIs", bool(match))
    assert match is not None
    return int(match[1], 16)


def filled_with(memory: bytes) -> int | None:
    """The fill that all of the memory consists of."""
    return next((fill for fill in FILLS
                 if memory == bytes([fill]) * len(memory)), None)


def jump_and_watch(machine: Machine, table: int) -> int | None:
    """Jump; return what fills the table's memory then, None if nothing.

    The table has been filled by the first kernel already. The jump copies the
    next kernel over it; that it is filled again is the damage. So look for
    the fill only once the next kernel speaks.
    """
    def look() -> tuple[int | None] | None:
        fill = filled_with(machine.read_memory(table, TABLE_SIZE))
        if fill is not None or "frb: prompt" in machine.console.lines[start:]:
            return (fill,)
        return None

    machine.begin_kexec()
    machine.wait_line(r"^Booting Linux on physical CPU")
    start = len(machine.console.lines)
    (fill,) = machine.wait(look, "the damage or the second kernel's prompt",
                           interval=0.1)
    return fill


def reaches_prompt(machine: Machine) -> bool:
    """Does the second kernel come up? A sound one takes two seconds."""
    try:
        end = machine.wait_line(r"^frb: prompt$|end Kernel panic", timeout=10)
    except ScenarioTimeout:
        return False
    return end[0] == "frb: prompt"


@scenario(timeout=180, requires=["stock"],
          variants={"1-cpu": {"cpus": 1}, "2-cpus": {"cpus": 2}})
def its_corrupts_kexec(vm: Vm, cpus: int) -> None:
    """With an ITS and a device tree, a stock kexec corrupts the next kernel.

    The kernel allocates the LPI property table at boot, from the first free
    memory above its own image. It cannot move it, or tell the next kernel: the
    redistributors may not be given another table once LPIs are enabled, and
    only EFI has a way to reserve memory for the next kernel.
    kexec_file_load(2) places the next kernel at the lowest 2 MiB boundary
    above the running one, so over the table. The next kernel finds LPIs
    enabled, keeps the table, and gic_reset_prop_table() fills those 64 KiB of
    its own code with one byte.

    Memory size, KASLR and EL make no difference, since all of it happens
    right above the first kernel; more CPUs move the table by their pending
    tables of 64 KiB each. The jump copies the kernel over the table first, so
    what is found there afterwards is the second kernel's doing.
    """
    machine = vm.machine(cpus=cpus, its=True)
    machine.boot(kernel="stock")
    table = table_address(machine)
    size = code_size(machine)
    # Without panic=-1 of the other command lines: it must not reset.
    load = kexec_load(machine, machine.options.command_line("panic=0"))
    check.true("the next kernel's code lies over the table",
               Load(load.address, size).contains(table, TABLE_SIZE),
               f"code at {load.address:#x}, table at {table:#x}")

    machine.allow(".")  # from here on disaster is what this is about
    fill = jump_and_watch(machine, table)
    survived = reaches_prompt(machine) if fill is not None else True
    report(vm, load, table, fill, survived)


def report(vm: Vm, load: Load, table: int, fill: int | None,
           survived: bool) -> None:
    """Tell what the jump did to the second kernel."""
    if fill is None:
        vm.note("THE STOCK KERNEL SURVIVED: the LPI property table was not "
                "filled again; what this project says of it is outdated")
        return
    offset = table - load.address
    image = vm.image("stock").content[offset:offset + TABLE_SIZE]
    check.true("the Image has something else there",
               filled_with(image) is None)
    vm.note(f"{TABLE_SIZE} bytes of the second kernel's code, from offset "
            f"{offset:#x}, are {fill:#x}")
    vm.note("THE STOCK KERNEL SURVIVED all the same" if survived
            else "it has died of it")
