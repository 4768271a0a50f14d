# SPDX-License-Identifier: GPL-2.0-or-later
"""All CPUs go down together, whatever they are doing."""

from __future__ import annotations

from typing import Any

from harness import check
from harness.fastreboot import pool_boot, stage_and_jump
from harness.machine import Machine
from harness.scenario import scenario
from harness.vm import Vm

CPUS = 8

def check_cpus(machine: Machine, cpus: int) -> None:
    """Are all CPUs there?"""
    online, = machine.command("read /sys/devices/system/cpu/online")
    check.equal("CPUs online", online, f"0-{cpus - 1}")


def jumps(vm: Vm, count: int, **options: Any) -> None:
    """Many jumps on a machine that is busy."""
    machine = vm.machine(cpus=CPUS, **options)
    boot = pool_boot(machine)
    for number in range(count):
        machine.command("load 1")
        slot = number % 2
        boot = stage_and_jump(machine, boot, slot, "ba"[slot])
        check_cpus(machine, CPUS)


@scenario(timeout=400, long=["el2-nvhe", "gicv2"], variants={
    "el1": {"cpu": "cortex-a72"},
    "el2-nvhe": {"cpu": "cortex-a72", "virtualization": True},
    "el2-vhe": {"cpu": "neoverse-n1", "virtualization": True},
    "gicv2": {"cpu": "cortex-a72", "gic": 2}})
def busy(vm: Vm, **options: Any) -> None:
    """Under load, none of 8 CPUs is lost."""
    jumps(vm, 2, **options)


@scenario(timeout=3000, long=True)
def two_hundred(vm: Vm) -> None:
    """200 in a row."""
    jumps(vm, 200, cpu="cortex-a72")
