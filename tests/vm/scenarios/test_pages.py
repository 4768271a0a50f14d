# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels with 16 KiB and 64 KiB pages, among themselves and after others.

`make check-pages` builds them. The kinds of jumps are those of test_matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness import check
from harness.boot import Boot
from harness.destinations import check_tables_reserved
from harness.fastreboot import (MIB, NO_POOL, check_kexec, fill_slots, jump,
                                pool_boot, pool_for, round_up)
from harness.machine import INITRD, Machine
from harness.scenario import scenario
from harness.vm import Vm

# Beside its kernel a slot has room for the harness's initrd and a device tree.
REST = 2 * MIB

# The largest pages.
PAGE = 64 << 10

# A CPU that has pages of all sizes, and EL2 with VHE; the command line takes
# VHE away.
CPU = {"cpu": "neoverse-n1"}
NO_VHE = "id_aa64mmfr1.vh=0"

# By name: what Vm.machine() gets, and what the command line has.
LEVELS: dict[str, dict[str, Any]] = {
    "el1": {"append": ""},
    "el2-nvhe": {"append": NO_VHE, "virtualization": True},
    "el2-vhe": {"append": "", "virtualization": True},
    "el2-lpa2": {"append": "", "virtualization": True,
                 "cpu": "max,pauth-impdef=on"},
}


@dataclass(frozen=True)
class Next:
    """What to jump to.

    kernel -- variant
    initrd -- path in the guest of one that does not fit in a slot
    slot -- for the kinds that use one
    """

    kernel: str
    initrd: str
    cmdline: str
    slot: int


Jump = Callable[[Machine, Boot, Next], Boot]


def jump_direct(machine: Machine, before: Boot, to: Next) -> Boot:
    """By sysfs."""
    machine.stage(to.slot, to.kernel, cmdline=to.cmdline)
    return jump(machine, before, to.slot, to.kernel)


def jump_loaded(machine: Machine, before: Boot, to: Next) -> Boot:
    """By kexec_file_load(2), into a slot."""
    machine.file_load(to.kernel, to.cmdline)
    check.equal("armed", machine.read("armed"), str(to.slot))
    return jump(machine, before, to.slot, to.kernel)


def jump_mixed(machine: Machine, before: Boot, to: Next) -> Boot:
    """By sysfs, the initrd overflows."""
    machine.stage(to.slot, to.kernel, to.cmdline, to.initrd)
    return jump(machine, before, to.slot, to.kernel, ["initrd"])


def jump_all_overflow(machine: Machine, before: Boot, to: Next) -> Boot:
    """By kexec_file_load(2), while all slots are sealed."""
    fill_slots(machine)
    return load_and_jump(machine, before, to)


def jump_pool_off(machine: Machine, before: Boot, to: Next) -> Boot:
    """By kexec_file_load(2), told to keep off the pool."""
    return load_and_jump(machine, before, to, NO_POOL)


def load_and_jump(machine: Machine, before: Boot, to: Next,
                  flags: int = 0) -> Boot:
    """Load a kernel outside of the pool and jump to it."""
    machine.file_load(to.kernel, to.cmdline, INITRD, flags)
    check.equal("armed", machine.read("armed"), "none")
    after = machine.kexec()
    check_kexec(before, after)
    check.true("the kernel that was loaded runs",
               after.release.endswith(f"-{to.kernel}"), after.release)
    check.true("bytes and ranges were relocated",
               bool(after.relocated_bytes and after.relocated_ranges),
               after.timeline)
    return after


KINDS: dict[str, Jump] = {
    "direct": jump_direct,
    "loaded": jump_loaded,
    "mixed": jump_mixed,
    "all-overflow": jump_all_overflow,
    "pool-off": jump_pool_off,
}


def check_level(machine: Machine, boot: Boot, append: str) -> None:
    """Does the kernel run where the scenario wants it?"""
    log = "\n".join(boot.log)
    level = 2 if machine.options.virtualization else 1
    check.true(f"CPUs start at EL{level}",
               f"CPU(s) started at EL{level}" in log)
    check.equal("the kernel uses VHE",
                "detected: Virtualization Host Extensions" in log,
                level == 2 and append != NO_VHE)


def large_initrd(vm: Vm, sizes: Sequence[int]) -> str:
    """An initrd that overflows beside each of the kernels."""
    size = round_up(max(sizes) - min(sizes), PAGE) + REST + 3 * MIB
    return vm.payload_file("large.cpio", vm.build.initramfs.read_bytes()
                           .ljust(size, b"\0"))


def jump_through(vm: Vm, kernels: Sequence[str], kind: str, append: str,
                 **options: Any) -> None:
    """Boot the first kernel, and jump to the others one by one."""
    machine = vm.machine(cpus=2, **CPU | options)
    sizes = [vm.image(kernel).image_size for kernel in kernels]
    initrd = large_initrd(vm, sizes)
    pool = f"{pool_for(max(sizes) + REST)} {append}".strip()
    boot = pool_boot(machine, pool, kernels[0])
    check_level(machine, boot, append)
    for count, kernel in enumerate(kernels[1:]):
        boot = KINDS[kind](machine, boot, Next(
            kernel, initrd, machine.options.command_line(append), count % 2))
        check_level(machine, boot, append)
        check_tables_reserved(machine)


@scenario(timeout=600, requires=["a", "page16"], variants={
    f"{kind}.{level}": {"kind": kind} | options
    for kind in KINDS for level, options in LEVELS.items()})
def two_16k(vm: Vm, **options: Any) -> None:
    """Two jumps between kernels with 16 KiB pages."""
    jump_through(vm, ["page16"] * 3, **options)


@scenario(timeout=600, requires=["a", "page64"], variants={
    f"{kind}.{level}": {"kind": kind} | options
    for kind in KINDS for level, options in LEVELS.items()})
def two_64k(vm: Vm, **options: Any) -> None:
    """Two jumps between kernels with 64 KiB pages."""
    jump_through(vm, ["page64"] * 3, **options)


@scenario(timeout=900, requires=["a", "page16", "page64"], variants={
    f"{kind}.{level}": {"kind": kind} | options
    for kind in KINDS for level, options in LEVELS.items()})
def chain(vm: Vm, **options: Any) -> None:
    """From 4 KiB pages to 16, to 64, and back to 4."""
    jump_through(vm, ["a", "page16", "page64", "a"], **options)
