# SPDX-License-Identifier: GPL-2.0-or-later
"""What scenarios know about fastreboot: where slots are, what must hold."""

from __future__ import annotations

from dataclasses import dataclass

from . import check
from .boot import Boot
from .errors import ScenarioFailure
from .machine import Machine

# Bytes of the pool before slot 0: FASTREBOOT_SLOT_OFFSET.
SLOT_OFFSET = 0x200000

PHASES = ("reboot", "devices_down", "cpus_down", "jump", "kernel_entry",
          "init")

# For the command line: room for two kernels and then some.
POOL = "fastreboot=128M"


@dataclass(frozen=True)
class Slot:
    """Where a slot is."""

    start: int
    size: int

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.start + self.size


def slot_of(machine: Machine, boot: Boot, number: int) -> Slot:
    """Find a slot of the pool of a machine."""
    if boot.pool is None:
        raise ScenarioFailure("there is no pool")
    size = int(machine.read(f"slot{number}/size"))
    return Slot(boot.pool[0] + SLOT_OFFSET + number * size, size)


def pool_boot(machine: Machine, append: str = POOL, kernel: str = "a") -> Boot:
    """Switch a machine on and fail if it has no pool then."""
    boot = machine.boot(kernel, append)
    if boot.pool is None:
        raise ScenarioFailure(f"no pool: {machine.read('error')}")
    return boot


def status(machine: Machine, slot: int) -> str:
    """The status of a slot."""
    return machine.read(f"slot{slot}/status")


def snapshot(machine: Machine) -> dict[str, str]:
    """What a refused request must leave as it is."""
    names = ["armed", "generation", "running", "tries", "slot0/status",
             "slot1/status"]
    return {name: machine.read(name) for name in names}


def placement(machine: Machine, slot: int) -> dict[str, tuple[int, int]]:
    """Physical address and bytes of each segment of a sealed slot."""
    found = {}
    for line in machine.read(f"slot{slot}/placement").splitlines():
        segment, how, address, size = line.split()
        check.equal(f"placement of {segment}", how, "direct")
        found[segment] = (int(address, 16), int(size))
    return found


def check_fast_reboot(machine: Machine, before: Boot, after: Boot,
                      slot: int) -> None:
    """Did the machine go from `before` to `after` by a jump into `slot`?"""
    check.equal("boot_reason", after.boot_reason, "fast-reboot")
    check.equal("running", after.running, slot)
    check.true("the kernel's code lies in the slot that runs",
               after.text in slot_of(machine, after, slot), hex(after.text))
    check.equal("generation", after.generation, before.generation + 1)
    check.equal("previous_release", after.previous_release, before.release)
    check.equal("armed", after.armed, None)
    check.equal("pool", after.pool, before.pool)
    check.equal("number of CPUs", after.cpus, before.cpus)
    check.equal("status of the slot that runs", status(machine, slot),
                "running")
    check_timeline(after)


def check_timeline(boot: Boot) -> None:
    """Is the timeline complete, in order, and without relocation?"""
    check.equal("timeline", list(boot.timeline), [*PHASES, "relocated_bytes"])
    stamps = [boot.timeline[phase] for phase in PHASES]
    check.equal("first phase of the timeline", stamps[0], 0)
    check.true("the phases are in order of time",
               all(a < b for a, b in zip(stamps, stamps[1:])), boot.timeline)
    check.equal("relocated_bytes", boot.relocated_bytes, 0)


def stage_and_jump(machine: Machine, before: Boot, slot: int,
                   kernel: str) -> Boot:
    """Stage a kernel, jump to it, check all there is to check."""
    machine.stage(slot, kernel)
    check.equal("status after staging", status(machine, slot), "sealed")
    after = machine.fast_reboot(slot)
    check_fast_reboot(machine, before, after, slot)
    check.true("the kernel that was staged runs",
               after.release.endswith(f"-{kernel}"), after.release)
    return after
