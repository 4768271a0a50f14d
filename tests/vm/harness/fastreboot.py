# SPDX-License-Identifier: GPL-2.0-or-later
"""What scenarios know about fastreboot: where slots are, what must hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import check
from .boot import Boot
from .errors import ScenarioFailure
from .machine import FASTREBOOT, INITRD, Machine

# Bytes of the pool before slot 0: FASTREBOOT_SLOT_OFFSET.
SLOT_OFFSET = 0x200000
# Slots begin and end at multiples of this.
SLOT_ALIGNMENT = 0x200000

PHASES = ("reboot", "devices_down", "cpus_down", "jump", "kernel_entry",
          "init")

# For the command line: room for two kernels and then some.
POOL = "fastreboot=128M"

MIB = 1 << 20
PAGE = 4096
# Segments in a slot begin at multiples of this.
SEGMENT_ALIGNMENT = 0x10000

# The running payload's root image.
DEVICE = "/dev/fastreboot"

# Flag of kexec_file_load(2): keep away from the pool.
NO_POOL = 0x40000000


@dataclass(frozen=True)
class Slot:
    """Where a slot is."""

    start: int
    size: int

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.start + self.size


@dataclass(frozen=True)
class Segment:
    """Where a segment of a payload will be when it runs.

    how -- "direct" or "overflow"
    """

    how: str
    address: int
    size: int

    @property
    def pages(self) -> int:
        """Bytes of the pages that it takes."""
        return round_up(self.size, PAGE)


def round_up(number: int, alignment: int) -> int:
    """The next multiple of a number."""
    return -(-number // alignment) * alignment


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
    found = segments(machine, slot)
    for name, segment in found.items():
        check.equal(f"placement of {name}", segment.how, "direct")
    return {name: (segment.address, segment.size)
            for name, segment in found.items()}


def segments(machine: Machine, slot: int) -> dict[str, Segment]:
    """Placement of each segment of a slot."""
    found = {}
    for line in machine.read(f"slot{slot}/placement").splitlines():
        name, how, address, size = line.split()
        found[name] = Segment(how, int(address, 16), int(size))
    return found


def overflowing(found: dict[str, Segment]) -> list[str]:
    """Names of the segments that overflow."""
    return [name for name, segment in found.items()
            if segment.how == "overflow"]


def check_fast_reboot(machine: Machine, before: Boot, after: Boot, slot: int,
                      overflow: Sequence[str] = ()) -> None:
    """Did the machine go from `before` to `after` by a jump into `slot`?

    overflow -- segments that were not in the slot but copied at the jump
    """
    check.equal("boot_reason", after.boot_reason, "fast-reboot")
    check.equal("running", after.running, slot)
    check.equal("the kernel's code lies in the slot that runs",
                after.text in slot_of(machine, after, slot),
                "kernel" not in overflow)
    check.equal("generation", after.generation, before.generation + 1)
    check.equal("previous_release", after.previous_release, before.release)
    check.equal("armed", after.armed, None)
    check.equal("pool", after.pool, before.pool)
    check.equal("number of CPUs", after.cpus, before.cpus)
    check.equal("status of the slot that runs", status(machine, slot),
                "running")
    check_timeline(after, relocated=bool(overflow))


def check_kexec(before: Boot, after: Boot) -> None:
    """Did the machine go from `before` to `after` without the pool?"""
    check.equal("boot_reason", after.boot_reason, "kexec")
    check.equal("running", after.running, None)
    check.equal("pool", after.pool, before.pool)
    assert after.pool is not None
    check.true("the kernel's code is not in the pool",
               not after.pool[0] <= after.text <= after.pool[1],
               hex(after.text))
    check.equal("generation", after.generation, before.generation)
    check.equal("previous_release", after.previous_release, before.release)
    check.equal("armed", after.armed, None)
    check.equal("number of CPUs", after.cpus, before.cpus)


def check_timeline(boot: Boot, relocated: bool = False) -> None:
    """Is the timeline complete, in order, and true about relocation?"""
    check.equal("timeline", list(boot.timeline),
                [*PHASES, "relocated_bytes", "relocated_ranges"])
    stamps = [boot.timeline[phase] for phase in PHASES]
    check.equal("first phase of the timeline", stamps[0], 0)
    check.true("the phases are in order of time",
               all(a < b for a, b in zip(stamps, stamps[1:])), boot.timeline)
    counts = (boot.relocated_bytes, boot.relocated_ranges)
    check.true("bytes and ranges were relocated, or none",
               all(counts) if relocated else counts == (0, 0), counts)


def stage_root(machine: Machine, slot: int, kernel: str, image: str,
               flags: str) -> None:
    """Stage a payload with a root image."""
    folder = f"{FASTREBOOT}/slot{slot}"
    cmdline = machine.options.command_line(
        f"root={DEVICE} rootfstype=erofs {flags} ro init=/init")
    machine.command(f"write {folder}/control begin")
    machine.command(f"stream /payload/Image-{kernel} {folder}/kernel")
    machine.command(f"stream {image} {folder}/root")
    machine.command(f'write {folder}/cmdline "{cmdline}"')
    machine.command(f"write {folder}/control seal")


def stage_and_jump(machine: Machine, before: Boot, slot: int,
                   kernel: str, initrd: str = INITRD,
                   overflow: Sequence[str] = ()) -> Boot:
    """Stage a kernel, jump to it, check all there is to check."""
    machine.stage(slot, kernel, initrd=initrd)
    check.equal("status after staging", status(machine, slot), "sealed")
    return jump(machine, before, slot, kernel, overflow)


def jump(machine: Machine, before: Boot, slot: int, kernel: str,
         overflow: Sequence[str] = ()) -> Boot:
    """Arm a slot unless it is armed, jump, check all there is to check."""
    found = segments(machine, slot)
    check.equal("what overflows", overflowing(found), list(overflow))
    if status(machine, slot) != "armed":
        machine.arm(slot)
    after = machine.kexec()
    check_fast_reboot(machine, before, after, slot, overflow)
    check.true("the kernel that was staged runs",
               after.release.endswith(f"-{kernel}"), after.release)
    check_relocated(after, [found[name] for name in overflow])
    return after


def check_relocated(boot: Boot, expected: Sequence[Segment]) -> None:
    """Were these segments copied at the jump, and nothing else?

    Not what happened to wait in the very pages where it has to go.
    """
    most = sum(segment.pages for segment in expected)
    count = boot.relocated_bytes
    check.true(f"some of {most} bytes, in whole pages, are relocated",
               count is not None and min(most, 1) <= count <= most
               and count % PAGE == 0, count)


def file_load(machine: Machine, slot: int, kernel: str = "b",
              initrd: str | None = INITRD, flags: int = 0) -> None:
    """Load a kernel by kexec_file_load(2) and fail if not into a slot."""
    machine.file_load(kernel, initrd=initrd, flags=flags)
    check.equal("armed", machine.read("armed"), str(slot))
    check.equal("status of the slot that is armed", status(machine, slot),
                "armed")


def fill_slots(machine: Machine, slots: int = 2) -> None:
    """Leave no slot free: seal a kernel into those that are empty."""
    for slot in range(slots):
        if status(machine, slot) == "empty":
            machine.stage(slot, "a", initrd=None)


def pool_for(memory: int, slots: int = 2) -> str:
    """Ask, on a command line, for slots of no less than so many bytes."""
    size = SLOT_OFFSET + slots * round_up(memory, SLOT_ALIGNMENT)
    return f"fastreboot={size // MIB}M,slots={slots}"


def exact_memory(machine: Machine) -> None:
    """Have memory that is freed show up in MemFree, not on a CPU's list."""
    machine.command("write /proc/sys/vm/percpu_pagelist_high_fraction 10000")


def memory_free(machine: Machine) -> int:
    """MemFree of /proc/meminfo, in bytes; exact_memory() comes first."""
    for line in machine.command("read /proc/meminfo"):
        name, value, *_ = line.split()
        if name == "MemFree:":
            return int(value) * 1024
    raise ScenarioFailure("no MemFree in /proc/meminfo")


def switch_pool(machine: Machine, use: bool) -> None:
    """Whether kexec_file_load(2) uses the pool."""
    machine.command(f"write {FASTREBOOT}/kexec_file_load {int(use)}")
