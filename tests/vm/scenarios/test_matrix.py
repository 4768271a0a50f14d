# SPDX-License-Identifier: GPL-2.0-or-later
"""Two jumps in a row, of each kind, on each kind of machine.

    direct          all segments in a slot
    mixed           the kernel in a slot, the initrd overflows
    all-overflow    kexec_file_load(2) while no slot is free
    pool-off        kexec_file_load(2) that was told to keep off the pool
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness import check, destinations
from harness.boot import Boot
from harness.destinations import (check_apart, check_loaded,
                                  check_tables_reserved, lpi_tables, pool_of)
from harness.fastreboot import (MIB, NO_POOL, check_kexec, file_load,
                                fill_slots, jump, pool_boot, pool_for,
                                stage_and_jump, switch_pool)
from harness.machine import Machine
from harness.scenario import scenario
from harness.vm import Vm

# Bytes of an initrd that overflows from any slot that pool_for() gives.
LARGE_INITRD = 5 * MIB

# Of the memory that page tables take, some depends on KASLR; in kB.
MEMORY_NOISE = 16

# Beside its kernel a slot has room for the harness's initrd and a device tree.
REST = 2 * MIB

# From this boot to the next; the number of the jump, from 0, chooses kernel,
# slot and way.
Jump = Callable[[Vm, Machine, Boot, int], Boot]


def kernel_of(count: int) -> str:
    """The kernel that a jump goes to."""
    return "ba"[count % 2]


def large_initrd(vm: Vm) -> str:
    """The harness's initramfs with zeros behind it; a path in the guest."""
    return vm.payload_file("large.cpio", vm.build.initramfs.read_bytes()
                           .ljust(LARGE_INITRD, b"\0"))


def jump_direct(_: Vm, machine: Machine, before: Boot, count: int) -> Boot:
    """By sysfs first, then by kexec_file_load(2)."""
    if count % 2 == 0:
        return stage_and_jump(machine, before, 0, kernel_of(count))
    file_load(machine, 1, kernel_of(count))
    return jump(machine, before, 1, kernel_of(count))


def jump_mixed(vm: Vm, machine: Machine, before: Boot, count: int) -> Boot:
    """By sysfs first, then by kexec_file_load(2)."""
    initrd = large_initrd(vm)
    if count % 2 == 0:
        machine.stage(0, kernel_of(count), initrd=initrd)
    else:
        file_load(machine, 1, kernel_of(count), initrd=initrd)
    return jump(machine, before, count % 2, kernel_of(count), ["initrd"])


def jump_all_overflow(_: Vm, machine: Machine, before: Boot,
                      count: int) -> Boot:
    """All slots are sealed."""
    fill_slots(machine)
    return load_and_jump(machine, before, kernel_of(count))


def jump_pool_off(_: Vm, machine: Machine, before: Boot, count: int) -> Boot:
    """By flag first, then by the switch in sysfs."""
    if count % 2 == 0:
        return load_and_jump(machine, before, kernel_of(count), NO_POOL)
    switch_pool(machine, False)
    return load_and_jump(machine, before, kernel_of(count))


def load_and_jump(machine: Machine, before: Boot, kernel: str,
                  flags: int = 0) -> Boot:
    """Load a kernel outside of the pool, jump, check all there is."""
    loaded = destinations.load(machine, kernel, flags)
    check.equal("armed", machine.read("armed"), "none")
    check_apart(loaded.segments, pool_of(before), "the pool")
    check_apart(loaded.segments, lpi_tables(machine), "the LPI table")
    after = machine.kexec()
    check_kexec(before, after)
    check.true("the kernel that was loaded runs",
               after.release.endswith(f"-{kernel}"), after.release)
    check_loaded(after, loaded)
    return after


KINDS: dict[str, Jump] = {
    "direct": jump_direct,
    "mixed": jump_mixed,
    "all-overflow": jump_all_overflow,
    "pool-off": jump_pool_off,
}

LEVELS: dict[str, dict[str, Any]] = {
    "el1": {},
    "el2-nvhe": {"virtualization": True},
    "el2-vhe": {"cpu": "neoverse-n1", "virtualization": True},
}

# Page tables of five levels.
LPA2 = {"cpu": "max,pauth-impdef=on"}

# By name, what Vm.machine() gets.
MACHINES: dict[str, dict[str, Any]] = {
    f"{level}-{cpus}-cpu{'s'[:cpus - 1]}-{'its' if its else 'no-its'}":
        options | {"cpus": cpus, "its": its}
    for level, options in LEVELS.items()
    for cpus in (1, 8) for its in (True, False)
} | {"lpa2-el1": LPA2, "lpa2-el2": LPA2 | {"virtualization": True}}


# In each run each machine once, each level with each kind, and each kind with
# one CPU and several, with and without ITS; the others take long.
WAYS = ("1-cpu-its", "8-cpus-no-its", "8-cpus-its", "1-cpu-no-its")
EACH_RUN = {f"{kind}.{level}-{WAYS[(number + offset) % len(WAYS)]}"
            for number, kind in enumerate(KINDS)
            for offset, level in enumerate(LEVELS)} | {
                "mixed.lpa2-el1", "all-overflow.lpa2-el2"}
VARIANTS = {f"{kind}.{name}": {"kind": kind} | options
            for kind in KINDS for name, options in MACHINES.items()}


def matrix_boot(vm: Vm, machine: Machine) -> Boot:
    """Switch a machine on, with slots that a large initrd does not fit in."""
    memory = max(vm.image(kernel).image_size for kernel in "ab")
    return pool_boot(machine, append=pool_for(memory + REST))


@scenario(timeout=400, variants=VARIANTS, long=VARIANTS.keys() - EACH_RUN)
def two(vm: Vm, kind: str, **options: Any) -> None:
    """Two jumps of a kind."""
    machine = vm.machine(**options)
    boot = matrix_boot(vm, machine)
    for count in range(2):
        boot = KINDS[kind](vm, machine, boot, count)
        if machine.options.its:
            check_tables_reserved(machine)


@scenario(timeout=900, long=True,
          variants={kind: {"kind": kind} for kind in KINDS
                    if kind != "direct"})
def five(vm: Vm, kind: str) -> None:
    """Relocated jumps leave the next kernel as much memory as the last had."""
    machine = vm.machine(cpus=2)
    boot = matrix_boot(vm, machine)
    seen = []
    for count in range(5):
        boot = KINDS[kind](vm, machine, boot, count)
        check_tables_reserved(machine)
        seen.append((len(destinations.reserved_entries(machine)),
                     boot.memtotal))
    check.equal("numbers of reserved ranges", len({n for n, _ in seen}), 1)
    totals = [memory for _, memory in seen]
    check.true("memory does not shrink from boot to boot",
               max(totals) - min(totals) <= MEMORY_NOISE, totals)
