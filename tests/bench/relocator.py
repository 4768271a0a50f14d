#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Count the instructions that relocating a payload takes.

README.md tells what is measured and how. The table is for people,
build/bench/relocator.json is for programs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "vm"))

# pylint: disable=wrong-import-position
from harness import ledger, options  # noqa: E402
from harness.build import Build  # noqa: E402
from harness.check import equal, true  # noqa: E402
from harness.errors import ScenarioFailure  # noqa: E402
from harness.fastreboot import MIB, NO_POOL, pool_boot  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.scenario import Scenario  # noqa: E402
from harness.vm import Vm  # noqa: E402

OUT = TOP / "build" / "bench"
CLOCK = Path(__file__).parent / "clock.S"
TIMEOUT = 900.0

# The counter runs at 62.5 MHz, and an instruction takes a nanosecond.
INSTRUCTIONS_PER_TICK = 16

# Bytes of the initrds: all else is the same in a jump with the one and a jump
# with the other.
SMALL, LARGE = 32 * MIB, 160 * MIB
BYTES = LARGE - SMALL

# No ITS: with it the stock kernel kills what it boots, and nothing random.
MACHINE: dict[str, Any] = {
    "cpu": "cortex-a72", "memory": "2G", "its": False, "kaslr": False,
    "icount": True}

MODEL = "instructions only: no caches, no memory bandwidth, no real devices"

# What fastreboot is to take at most, of what another system takes.
GOALS = {"stock": 0.6, "bare-copy": 1.15}


@dataclass(frozen=True)
class Row:
    """A measurement: instructions for so many bytes."""

    system: str
    bytes: int
    instructions: int

    @property
    def per_mib(self) -> float:
        """Instructions for a MiB."""
        return self.instructions * MIB / self.bytes


@dataclass(frozen=True)
class Jump:
    """A relocated jump.

    instructions -- from some point before the relocation to the entry
    ranges -- runs of pages; the stock kernel knows none
    """

    bytes: int
    instructions: int
    ranges: int = 0


def difference(system: str, small: Jump, large: Jump) -> Row:
    """What the larger jump takes more."""
    return Row(system, large.bytes - small.bytes,
               large.instructions - small.instructions)


def make_clock(folder: Path) -> bytes:
    """The payload that tells when it was entered."""
    objects, binary = folder / "clock.o", folder / "clock.bin"
    for command in (["gcc", "-c", "-o", objects, CLOCK],
                    ["objcopy", "-O", "binary", objects, binary]):
        subprocess.run([f"aarch64-linux-gnu-{command[0]}",
                        *map(str, command[1:])], check=True)
    return binary.read_bytes()


class Bench:
    """The measurements. Each jump is that of a fresh machine."""

    def __init__(self, vm: Vm) -> None:
        self._vm = vm
        self._clock = vm.payload_file("clock", make_clock(OUT))
        cpio = vm.build.initramfs.read_bytes()
        self._initrds = {size: vm.payload_file(f"{size}", cpio.ljust(
            size, b"\0")) for size in (SMALL, LARGE)}

    def stock(self) -> Row:
        """The stock kernel, which copies whatever it has loaded."""
        return difference("stock", *(
            Jump(size, self._until_entry(self._machine("stock"), size))
            for size in self._initrds))

    def fastreboot(self) -> Row:
        """The patched kernel; a page that lies in its place is not copied."""
        return difference("fastreboot", *(
            self._to_clock(size) for size in self._initrds))

    def timeline(self) -> tuple[Row, tuple[Jump, Jump]]:
        """fastreboot's own account of jumps to a kernel."""
        jumps = self._to_kernel(SMALL), self._to_kernel(LARGE)
        return difference("timeline", *jumps), jumps

    def bare_copy(self) -> Row:
        """The bare loop."""
        machine = self._machine("stock")
        found = dict(line.split("=") for line in
                     machine.command(f"copy {BYTES}"))
        self._off(machine)
        ticks = int(found["least"]) * (BYTES // MIB)
        return Row("bare-copy", BYTES, ticks * INSTRUCTIONS_PER_TICK)

    def _machine(self, kernel: str, append: str = "") -> Machine:
        machine = self._vm.machine(**MACHINE)
        machine.boot(kernel, append)
        return machine

    def _until_entry(self, machine: Machine, size: int, flags: int = 0,
                     off: bool = True) -> int:
        """Instructions from just before reboot(2) to the payload's entry."""
        machine.file_load(self._clock, initrd=self._initrds[size], flags=flags)
        machine.begin_kexec("counted-reboot kexec")
        begin = machine.wait_line(r"^frb: \d+ out counter=(\d+)")
        entry = machine.wait_line(r"^frb: entry ([0-9a-f]{16})$")
        if off:
            self._off(machine)
        return (int(entry[1], 16) - int(begin[1])) * INSTRUCTIONS_PER_TICK

    def _to_clock(self, size: int) -> Jump:
        """A jump of the patched kernel; the ledger tells what was copied."""
        machine = self._vm.machine(**MACHINE)
        pool = pool_boot(machine).pool
        assert pool is not None
        instructions = self._until_entry(machine, size, NO_POOL, off=False)
        area = machine.read_memory(pool[0], ledger.SIZE)
        self._off(machine)
        record = ledger.records(area)[ledger.newest(area)]
        return Jump(record.relocated[0], instructions, record.relocated[1])

    def _to_kernel(self, size: int) -> Jump:
        machine = self._vm.machine(**MACHINE)
        pool_boot(machine)
        machine.file_load("a", initrd=self._initrds[size], flags=NO_POOL)
        boot = machine.kexec()
        self._off(machine)
        equal("boot_reason", boot.boot_reason, "kexec")
        true("the timeline has bytes and ranges",
             bool(boot.relocated_bytes and boot.relocated_ranges),
             boot.timeline)
        return Jump(boot.relocated_bytes or 0,
                    boot.timeline["kernel_entry"] - boot.timeline["jump"],
                    boot.relocated_ranges or 0)

    def _off(self, machine: Machine) -> None:
        """One machine at a time: they are large."""
        machine.close()
        self._vm.machines.remove(machine)


def conditions() -> dict[str, str]:
    """What the figures were measured with."""
    version = subprocess.run([options.QEMU, "--version"], check=True,
                             capture_output=True, text=True).stdout
    return {"qemu": version.splitlines()[0], "cpu": str(MACHINE["cpu"]),
            "machine": "virt, 1 CPU, EL1, 4 KiB pages",
            "clock": "-icount shift=0,sleep=off", "model": MODEL}


def ratios(rows: list[Row]) -> dict[str, float]:
    """What fastreboot takes, of what each other system takes."""
    taken = {row.system: row.per_mib for row in rows}
    return {system: taken["fastreboot"] / taken[system] for system in GOALS}


def show(rows: list[Row], timeline: Row, jumps: tuple[Jump, Jump]) -> None:
    """Print it."""
    print(f"\n  {'system':<12}{'bytes':>14}{'instructions':>16}"
          f"{'per MiB':>12}")
    for row in [*rows, timeline]:
        print(f"  {row.system:<12}{row.bytes:>14,}{row.instructions:>16,}"
              f"{row.per_mib:>12,.0f}")
    print("\n  timeline: fastreboot's own, kernel_entry - jump, in "
          f"{jumps[0].ranges} and {jumps[1].ranges} ranges\n")
    for system, ratio in ratios(rows).items():
        verdict = "met" if ratio <= GOALS[system] else "MISSED"
        print(f"  fastreboot / {system:<10}{ratio:>7.3f}   goal: at most "
              f"{GOALS[system]}, {verdict}")
    print()
    for name, text in conditions().items():
        print(f"  {name}: {text}")


def write(rows: list[Row], timeline: Row, jumps: tuple[Jump, Jump]) -> None:
    """The same for programs."""
    report = {"schema": 1, "conditions": conditions(),
              "rows": [asdict(row) for row in rows], "ratios": ratios(rows),
              "timeline": asdict(timeline) | {
                  "jumps": [asdict(jump) for jump in jumps]}}
    (OUT / "relocator.json").write_text(
        json.dumps(report, indent=2) + "\n", encoding="ascii")


def run(vm: Vm) -> tuple[list[Row], Row, tuple[Jump, Jump]]:
    """All measurements."""
    bench = Bench(vm)
    rows = []
    for measure in (bench.stock, bench.fastreboot, bench.bare_copy):
        rows.append(measure())
        print(f"  {rows[-1].system}: measured", flush=True)
    return rows, *bench.timeline()


def main() -> int:
    """Run the benchmark; return the exit status."""
    build = Build(TOP / "build")
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "relocator.json").unlink(missing_ok=True)
    build.prepare()
    story = Scenario("relocator", "the benchmark", TIMEOUT, ("stock", "a"),
                     run, {})
    print("Instructions that relocating a payload takes")
    with (open(OUT / "relocator.log", "wb") as log,
          Vm(build, story, log) as vm):
        try:
            found = run(vm)
        except ScenarioFailure as failure:
            print(f"bench: {failure}; see build/bench/relocator.log",
                  file=sys.stderr)
            return 1
    show(*found)
    write(*found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
