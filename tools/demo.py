#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Show fast reboots: from kernel a to kernel b and back, in QEMU.

Kernel a boots cold and gets kernel b staged into the pool; a commit later b
runs where it was written. Then b does the same for a, in the other slot. Every
step is verified; the status is 0 only if all was as it should be. The tables
are for people, build/demo/report.json is for programs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests" / "vm"))

# pylint: disable=wrong-import-position
from harness.boot import Boot  # noqa: E402
from harness.build import Build  # noqa: E402
from harness.check import equal, true  # noqa: E402
from harness.errors import ScenarioFailure  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.scenario import Scenario  # noqa: E402
from harness.vm import Vm  # noqa: E402

OUT = TOP / "build" / "demo"
ALIGNMENT = 2 << 20  # of slots; as much is the ledger's
TIMEOUT = 300.0
# Lines of the console that are shown when something went wrong.
TAIL = 30

# Points of the timeline, in order, and what happens up to each.
PHASES = {
    "devices_down": "devices are shut down",
    "cpus_down": "other CPUs are stopped",
    "jump": "last steps of the old kernel",
    "kernel_entry": "the jump",
    "init": "the next kernel starts, up to its init",
}


@dataclass(frozen=True)
class Segment:
    """A part of a payload, and where it is."""

    name: str
    how: str
    address: int
    size: int


@dataclass(frozen=True)
class Staged:
    """A payload in a slot."""

    slot: int
    release: str
    segments: tuple[Segment, ...]

    def kernel(self) -> Segment:
        """Where the kernel is."""
        return next(part for part in self.segments if part.name == "kernel")


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Say what is going on, and how long it took."""
    print(f"  {text} ...", end=" ", flush=True)
    start = time.monotonic()
    yield
    print(f"{time.monotonic() - start:.1f} s", flush=True)


def stage(machine: Machine, slot: int, kernel: str) -> Staged:
    """Stage a kernel with its initrd; tell where it went."""
    with progress(f"staging kernel {kernel} and its initrd into slot {slot}"):
        machine.stage(slot, kernel)
    equal(f"status of slot {slot}", machine.read(f"slot{slot}/status"),
          "sealed")
    segments = []
    for line in machine.read(f"slot{slot}/placement").splitlines():
        name, how, address, size = line.split()
        segments.append(Segment(name, how, int(address, 16), int(size)))
    return Staged(slot, machine.read(f"slot{slot}/release"), tuple(segments))


def show_status(machine: Machine) -> None:
    """Print what sysfs says."""
    for name in ("boot_reason", "running", "armed", "generation"):
        print(f"      {name:<15}{machine.read(name)}")
    for slot in range(2):
        status = machine.read(f"slot{slot}/status")
        release = machine.read(f"slot{slot}/release")
        print(f"      slot{slot}/status   {status}  {release}".rstrip())


def commit(machine: Machine, staged: Staged) -> Boot:
    """Arm a slot and reboot into it."""
    with progress(f"commit: reboot into slot {staged.slot}"):
        return machine.fast_reboot(staged.slot)


def verify_cold(boot: Boot) -> None:
    """The first boot has a pool and runs outside of it."""
    true("there is a pool", boot.pool is not None, boot.messages())
    equal("boot_reason", boot.boot_reason, "cold")
    equal("running", boot.running, None)


def verify_fast(before: Boot, after: Boot, staged: Staged,
                slot_size: int) -> None:
    """The kernel that was staged runs where it was written."""
    pool, kernel, slot = before.pool, staged.kernel(), staged.slot
    assert pool is not None
    start = pool[0] + ALIGNMENT + slot * slot_size
    equal("boot_reason", after.boot_reason, "fast-reboot")
    equal("running", after.running, slot)
    equal("pool", after.pool, pool)
    equal("generation", after.generation, before.generation + 1)
    equal("previous_release", after.previous_release, before.release)
    equal("release", after.release, staged.release)
    true("the release is another one", after.release != before.release,
         after.release)
    for part in staged.segments:
        equal(f"placement of {part.name}", part.how, "direct")
        true(f"{part.name} is in slot {slot}", start <= part.address
             and part.address + part.size <= start + slot_size, part)
    true("the kernel's text is where the kernel was staged",
         kernel.address <= after.text < kernel.address + kernel.size,
         hex(after.text))
    equal("relocated_bytes", after.relocated_bytes, 0)
    for point in PHASES:
        true(f"the timeline has {point}", point in after.timeline,
             after.timeline)


def run(machine: Machine) -> tuple[list[Boot], list[Staged]]:
    """The whole story."""
    with progress("cold boot of kernel a"):
        boots = [machine.boot("a")]
    verify_cold(boots[0])
    all_staged = []
    for slot, kernel in ((0, "b"), (1, "a")):
        slot_size = int(machine.read(f"slot{slot}/size"), 0)
        staged = stage(machine, slot, kernel)
        show_status(machine)
        boots.append(commit(machine, staged))
        verify_fast(boots[-2], boots[-1], staged, slot_size)
        all_staged.append(staged)
    return boots, all_staged


def print_staged(boot: Boot, all_staged: list[Staged]) -> None:
    """What was staged where."""
    assert boot.pool is not None
    first, last = boot.pool
    print(f"\nThe pool: {first:#x}-{last:#x}, {(last + 1 - first) >> 20} MiB, "
          f"{len(all_staged)} slots")
    print("\n  staged     slot  address             bytes  release")
    for staged in all_staged:
        for part in staged.segments:
            release = staged.release if part.name == "kernel" else ""
            print(f"  {part.name:<9} {staged.slot:>5}  {part.address:#x}"
                  f"  {part.size:>13,}  {release}".rstrip())


def print_boots(boots: list[Boot]) -> None:
    """What ran before and after."""
    print("\n  boot  how          release                  runs in     "
          "text at      relocated")
    for number, boot in enumerate(boots, 1):
        place = "-" if boot.running is None else f"slot {boot.running}"
        copied = boot.relocated_bytes or 0
        print(f"  {number:<5} {boot.boot_reason:<12} {boot.release:<24} "
              f"{place:<11} {boot.text:<#12x} {copied:>3} bytes")


def print_blackout(boots: list[Boot]) -> None:
    """Where the time went."""
    reboots = boots[1:]
    print(f"\n  {'blackout, in milliseconds':<40}"
          + "".join(f"{f'boot {number}':>10}"
                    for number in range(2, len(boots) + 1)))
    starts = [boot.timeline.get("reboot", 0) for boot in reboots]
    last = starts
    for point, text in PHASES.items():
        now = [boot.timeline[point] for boot in reboots]
        print_times(text, [end - start for start, end in zip(last, now)])
        last = now
    print_times("from reboot(2) to the next kernel's init",
                [end - start for start, end in zip(starts, last)])
    print("\n  One run each, in QEMU with -icount: an instruction takes 1 ns. "
          "This models\n  instructions only: no caches, no memory bandwidth, "
          "no firmware, no real devices.")


def print_times(text: str, times: list[int]) -> None:
    """One line of the blackout."""
    print(f"  {text:<40}" + "".join(f"{ns / 1e6:>10.3f}" for ns in times))


def report(boots: list[Boot]) -> dict[str, object]:
    """The same for programs."""
    assert boots[0].pool is not None
    first, last = boots[0].pool
    return {
        "schema": 1,
        "base_version": boots[0].release.partition("-")[0],
        "pool": {"base": first, "size": last + 1 - first},
        "boots": [{
            "release": boot.release,
            "running": boot.running,
            "boot_reason": boot.boot_reason,
            "relocated_bytes": boot.relocated_bytes or 0,
            "timeline": {name: ns for name, ns in boot.timeline.items()
                         if name != "relocated_bytes"},
        } for boot in boots],
    }


def tell_of_failure(failure: ScenarioFailure, vm: Vm) -> None:
    """What went wrong, and what the console had to say."""
    print(f"\nThe demo has failed: {failure}", file=sys.stderr)
    for machine in vm.machines:
        print("The end of the console, whole in build/demo/console.log:",
              file=sys.stderr)
        for line in machine.console.tail(TAIL):
            print(f"  | {line}", file=sys.stderr)


def main() -> int:
    """Run the demo; return the exit status."""
    build = Build(TOP / "build")
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "report.json").unlink(missing_ok=True)
    build.prepare()
    story = Scenario("demo", "the demo", TIMEOUT, ("a", "b"), run, {})
    with (open(OUT / "console.log", "wb") as log,
          Vm(build, story, log) as vm):
        print("fastreboot: two fast reboots in QEMU (aarch64, GICv3 with ITS)")
        try:
            machine = vm.machine(icount=True, dtb=vm.device_tree(icount=True))
            boots, all_staged = run(machine)
        except ScenarioFailure as failure:
            tell_of_failure(failure, vm)
            return 1
    print_staged(boots[0], all_staged)
    print_boots(boots)
    print_blackout(boots)
    (OUT / "report.json").write_text(
        json.dumps(report(boots), indent=2) + "\n", encoding="ascii")
    print("\nAll of it was verified: build/demo/report.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
