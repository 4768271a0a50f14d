# SPDX-License-Identifier: GPL-2.0-or-later
"""Fast reboots: many in a row, and on every kind of machine."""

from __future__ import annotations

from typing import Any

from harness import check
from harness.boot import Boot
from harness.fastreboot import pool_boot, slot_of, stage_and_jump, status
from harness.machine import Machine
from harness.scenario import scenario
from harness.vm import Vm

# Of the memory that page tables take, some depends on where KASLR puts
# things. What shrinks from boot to boot adds up to more than this, in kB.
MEMORY_NOISE = 16

EL1 = {"cpu": "cortex-a72"}
EL2 = {"cpu": "cortex-a72", "virtualization": True}
N1 = {"cpu": "neoverse-n1", "virtualization": True}
MAX = {"cpu": "max,pauth-impdef=on", "virtualization": True}

# By name, what Vm.machine() gets.
MACHINES: dict[str, dict[str, Any]] = {
    "el1-1-cpu": EL1,
    "el1-2-cpus": EL1 | {"cpus": 2},
    "el1-8-cpus": EL1 | {"cpus": 8},
    "el1-nokaslr": EL1 | {"cpus": 2, "kaslr": False},
    "el1-gicv3-no-its": EL1 | {"cpus": 2, "its": False},
    "el1-gicv2": EL1 | {"cpus": 2, "gic": 2},
    "el1-gicv2-8-cpus": EL1 | {"cpus": 8, "gic": 2},
    "el2-nvhe-1-cpu": EL2,
    "el2-nvhe-2-cpus": EL2 | {"cpus": 2},
    "el2-nvhe-8-cpus": EL2 | {"cpus": 8},
    "el2-nvhe-nokaslr": EL2 | {"cpus": 2, "kaslr": False},
    "el2-nvhe-gicv2": EL2 | {"cpus": 2, "gic": 2},
    "el2-vhe-n1-1-cpu": N1,
    "el2-vhe-n1-2-cpus": N1 | {"cpus": 2},
    "el2-vhe-n1-8-cpus": N1 | {"cpus": 8},
    "el2-vhe-n1-nokaslr": N1 | {"cpus": 2, "kaslr": False},
    "el2-vhe-max-1-cpu": MAX,
    "el2-vhe-max-2-cpus": MAX | {"cpus": 2},
    "el2-vhe-max-no-its": MAX | {"cpus": 2, "its": False},
    "el1-max": {"cpu": "max,pauth-impdef=on", "cpus": 2},
}


def jump_twice(machine: Machine, boot: Boot) -> None:
    """Fast reboot into b in slot 0, and from there into a in slot 1."""
    boot = stage_and_jump(machine, boot, 0, "b")
    stage_and_jump(machine, boot, 1, "a")


@scenario(timeout=400, variants=MACHINES)
def two(vm: Vm, **options: Any) -> None:
    """Two fast reboots on each kind of machine, pool by command line."""
    machine = vm.machine(**options)
    jump_twice(machine, pool_boot(machine))


@scenario(timeout=400, variants={
    name: MACHINES[name] for name in (
        "el1-1-cpu", "el1-gicv2", "el2-nvhe-2-cpus", "el2-vhe-n1-2-cpus")})
def overlay(vm: Vm, **options: Any) -> None:
    """Two fast reboots with a pool from the device tree overlay."""
    tree = vm.device_tree(**options)
    machine = vm.machine(dtb=tree, **options)
    boot = pool_boot(machine, append="")
    check.equal("pool", boot.pool, (0x60000000, 0x6fffffff))
    jump_twice(machine, boot)


def check_memory(boots: list[Boot]) -> None:
    """Do boots from slots have the same memory from first to last?"""
    totals = [boot.memtotal for boot in boots]
    check.true("memory does not shrink from boot to boot",
               max(totals) - min(totals) <= MEMORY_NOISE, totals)


@scenario(timeout=900, long=True)
def twenty_in_a_row(vm: Vm) -> None:
    """Twenty fast reboots, slots and kernels alternating, each verified."""
    machine = vm.machine(cpus=2)
    boots = [pool_boot(machine)]
    sizes: list[str] = []
    for count in range(20):
        boots.append(stage_and_jump(machine, boots[-1], slot=count % 2,
                                    kernel="ba"[count % 2]))
        sizes.append(machine.read(f"slot{count % 2}/placement").split()[-1])
    check.equal("generation", boots[-1].generation, 20)
    check_memory(boots[1:])
    check.equal("sizes of the device trees", len(set(sizes[1:])), 1)


@scenario(timeout=400)
def three_slots(vm: Vm) -> None:
    """A pool with three slots, used from the last to the first."""
    machine = vm.machine()
    boot = pool_boot(machine, append="fastreboot=192M,slots=3")
    boot = stage_and_jump(machine, boot, 2, "b")
    boot = stage_and_jump(machine, boot, 1, "a")
    stage_and_jump(machine, boot, 0, "b")


@scenario(timeout=400)
def busy(vm: Vm) -> None:
    """A fast reboot while every CPU is busy."""
    machine = vm.machine(cpus=2)
    boot = pool_boot(machine)
    machine.stage(0, "b")
    machine.command("spin 4")
    check.equal("running", machine.fast_reboot(0).running, 0)
    check.equal("generation", int(machine.read("generation")),
                boot.generation + 1)


@scenario(timeout=400)
def command_line(vm: Vm) -> None:
    """The next kernel gets the staged command line, and the pool anyway."""
    machine = vm.machine()
    boot = pool_boot(machine)
    cmdline = machine.options.command_line("marker=staged")
    machine.stage(0, "b", cmdline=cmdline)
    after = machine.fast_reboot(0)
    check.equal("command line", machine.read("/proc/cmdline"), cmdline)
    check.equal("pool", after.pool, boot.pool)


@scenario(timeout=400)
def no_command_line(vm: Vm) -> None:
    """Without a staged command line the running kernel's is handed on."""
    machine = vm.machine()
    pool_boot(machine)
    before = machine.read("/proc/cmdline")
    machine.stage(0, "b")
    machine.fast_reboot(0)
    check.equal("command line", machine.read("/proc/cmdline"), before)


@scenario(timeout=400)
def confirm(vm: Vm) -> None:
    """Tries count up to the confirmation."""
    machine = vm.machine()
    boot = pool_boot(machine)
    check.equal("tries of a cold boot", boot.tries, 0)
    boot = stage_and_jump(machine, boot, 0, "b")
    check.equal("tries", boot.tries, 1)
    boot = stage_and_jump(machine, boot, 1, "a")
    check.equal("tries", boot.tries, 2)
    machine.command("write /sys/kernel/fastreboot/tries 0")
    check.equal("tries after confirmation", machine.read("tries"), "0")
    machine.expect_error("EINVAL", "write /sys/kernel/fastreboot/tries 7")


@scenario(timeout=400)
def blackout(vm: Vm) -> None:
    """Two equal machines are dark for the same number of instructions."""
    timelines = []
    for _ in range(2):
        machine = vm.machine(icount=True, kaslr=False)
        boot = stage_and_jump(machine, pool_boot(machine), 0, "b")
        timelines.append(boot.timeline)
    lengths = [timeline["init"] for timeline in timelines]
    check.true("they differ by less than a percent",
               abs(lengths[0] - lengths[1]) < lengths[0] / 100, timelines)
    vm.note(f"blackout {lengths[0]} ns, one instruction a ns: "
            f"{timelines[0]}")


def await_zeros(machine: Machine, boot: Boot, slot: int) -> None:
    """Wait until an empty slot has nothing in it."""
    place = slot_of(machine, boot, slot)
    check.equal("status", status(machine, slot), "empty")

    def look() -> bool | None:
        content = machine.read_memory(place.start, place.size)
        return None if any(content) else True

    machine.wait(look, f"zeros in slot {slot}", interval=1)


@scenario(timeout=200)
def wiped(vm: Vm) -> None:
    """Nothing stays of a kernel that ran, or of a payload that did not."""
    machine = vm.machine()
    boot = pool_boot(machine, append="fastreboot=192M,slots=3")
    boot = stage_and_jump(machine, boot, 0, "b")
    machine.stage(2, "a")
    boot = stage_and_jump(machine, boot, 1, "a")
    for number in (0, 2):
        await_zeros(machine, boot, number)
    stage_and_jump(machine, boot, 0, "b")
