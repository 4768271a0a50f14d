#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Find out what a blackout consists of, instruction by instruction.

The same machines as bench.py's, with plugin.c in QEMU, which counts from
reboot(2) to init by function and by step. Writes PROFILE.md beside this file:
the largest contributors on a stock kernel and with this series.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import images
import oneshot
from measure import (MEMORY_MIB, SYSTEMS, TIMEOUT, Lab, Point, blackout_of,
                     boot, jump_script, machine)
from oneshot import TOP, Output, ScenarioFailure, qemu
from results import MODEL

HERE = Path(__file__).parent
OUT = TOP / "build" / "bench"
SOURCE = HERE / "plugin.c"
PAGE = HERE / "PROFILE.md"

SYSTEM_NAMES = ("stock-kexec-file", "pool-root")
CPUS = (1, 8)
PAYLOAD_MIB = 100
TOP_COUNT = 10

# Functions that do little but call one step after the other.
CALLERS = ("__do_sys_reboot", "kernel_kexec", "__primary_switched",
           "start_kernel", "rest_init", "kernel_init", "kernel_init_freeable",
           "do_one_initcall")
# An initramfs is unpacked beside other steps otherwise, and counts for them.
APPEND = "initramfs_async=0"
BEGIN = "__arm64_sys_reboot"
# Kernels run at multiples of that.
ALIGNMENT = 2 << 20

# No instruction is executed in this step.
WAITING = "[all CPUs wait]"

# What people can't know by the name of a step.
ABOUT = {
    "machine_shutdown": "old kernel: the other CPUs are stopped",
    "machine_kexec": "old kernel, and all up to the next one's C code",
    "migrate_to_reboot_cpu": "old kernel",
    "setup_arch": "page tables, device tree, struct pages",
    "mm_core_init": "free memory to the page allocator",
    "populate_rootfs": "the initramfs is unpacked",
    "cpu_startup_entry": "idle tasks, threads that run meanwhile",
    "smp_init": "the other CPUs come up",
    "kernel_execve": "init is loaded",
    "prepare_namespace": "the root is mounted",
    WAITING: "old kernel: for CPUs that go down one by one",
}


@dataclass
class Profile:
    """Instructions of a blackout.

    blackout -- of the same machine without a plugin, in nanoseconds
    functions, steps -- instructions by name
    """

    blackout: int = 0
    total: int = 0
    functions: dict[str, int] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)

    @property
    def idle(self) -> int:
        """Nanoseconds in which all CPUs waited."""
        return self.blackout - self.total


@dataclass(frozen=True)
class Symbols:
    """Where the functions of a kernel are; addresses are hexadecimal."""

    text: int
    places: dict[str, int]
    path: Path


def read_symbols(lab: Lab, variant: str) -> Symbols:
    """Have the kernel tell its own symbols."""
    initrd = lab.work / f"symbols-{variant}.cpio"
    initrd.write_bytes(oneshot.archive(
        lab.init, ["symbols lines /proc/kallsyms", "power reboot off"]))
    output = oneshot.run(machine(Point("", 1, 0)), lab.kernel(variant), initrd,
                         "", lab.work / f"symbols-{variant}.log", TIMEOUT)
    initrd.unlink()
    return write_symbols(output.answer("symbols"),
                         lab.work / f"symbols-{variant}.txt")


def write_symbols(lines: Sequence[str], path: Path) -> Symbols:
    """Choose a name for each address; write them for the plugin."""
    names: dict[int, str] = {}
    places: dict[str, int] = {}
    for line in lines:
        address, kind, name = int(line.split()[0], 16), *line.split()[1:3]
        # Not the offsets of per-CPU variables, and not kallsyms' marks.
        if address < 1 << 63 or name.startswith("$"):
            continue
        places.setdefault(name, address)
        if address not in names or (kind in "Tt" and name in CALLERS):
            names[address] = name
    path.write_text("".join(
        f"{address:x} {'+' * (name in CALLERS)}{name}\n"
        for address, name in sorted(names.items())), encoding="ascii")
    text = places["_stext"] & -ALIGNMENT
    return Symbols(text, places, path)


def build_plugin(folder: Path) -> Path:
    """Build the plugin for the QEMU that is there."""
    version = subprocess.run([qemu.QEMU, "--version"], check=True,
                             capture_output=True, text=True).stdout
    match = re.search(r"version (\d+)", version)
    if match is None:
        raise ScenarioFailure(f"which version is {version!r}?")
    plugin = folder / "plugin.so"
    subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
         "-fvisibility=hidden",
         f"-DPLUGIN_VERSION={1 if int(match[1]) < 9 else 2}",
         "-o", str(plugin), str(SOURCE)], check=True)
    return plugin


def plugin_words(plugin: Path, symbols: Symbols, bases: Sequence[int],
                 init: Path, out: Path) -> list[str]:
    """Arguments for QEMU."""
    words = [str(plugin), f"symbols={symbols.path}", f"out={out}",
             f"text={symbols.text:x}", f"begin={symbols.places[BEGIN]:x}",
             f"end={images.entry_point(init):x}",
             *(f"base={base:x}" for base in bases)]
    return ["-plugin", ",".join(words)]


def parse(text: str) -> Profile:
    """Read what the plugin has written; functions may have the same name."""
    profile = Profile()
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "total":
            profile.total = int(rest)
            continue
        match = re.fullmatch(r"(.*?)((?: \d+)+)", rest)
        assert match is not None
        found = profile.functions if kind == "function" else profile.steps
        found[match[1]] = (found.get(match[1], 0)
                           + sum(map(int, match[2].split())))
    return profile


def bases_of(output: Output) -> list[int]:
    """Where the two kernels were in memory."""
    return [int(facts["text"], 16) & -ALIGNMENT for facts in output.boots()]


def take(point: Point, lab: Lab, plugin: Path, symbols: Symbols) -> Profile:
    """Profile a point: once to see where things are, once to count."""
    name, script = f"profile-{point.name}", jump_script(point, APPEND)
    before = boot(point, lab, name, script)
    out = lab.work / f"{name}.txt"
    out.unlink(missing_ok=True)
    output = boot(point, lab, name, script,
                  plugin_words(plugin, symbols, bases_of(before), lab.init,
                               out))
    if blackout_of(output) != blackout_of(before):
        raise ScenarioFailure(f"{point.name}: the second run differs: "
                              f"{blackout_of(before)} ns, "
                              f"{blackout_of(output)} ns")
    profile = parse(out.read_text(encoding="ascii"))
    profile.blackout = blackout_of(output)
    if profile.idle > 0:
        profile.steps[WAITING] = profile.idle
    return profile


Profiles = dict[tuple[str, int], Profile]


def _row(profiles: Profiles, name: str,
         counts: Callable[[Profile], dict[str, int]], first: str) -> str:
    """A line of a table: a name and its milliseconds in every profile."""
    cells = [f"{counts(profiles[key]).get(name, 0) / 1e6:,.2f}"
             for key in profiles]
    about = ABOUT.get(name, "")
    return (f"| {first} | `{name}`{': ' * bool(about)}{about} | "
            + " | ".join(cells) + " |")


def _table(profiles: Profiles, system: str,
           counts: Callable[[Profile], dict[str, int]]) -> list[str]:
    """The largest contributors of a system with most CPUs."""
    largest = counts(profiles[system, CPUS[-1]])
    names = sorted(largest, key=lambda name: -largest[name])[:TOP_COUNT]
    head = ["", "what", *(f"{name}, {cpus} CPU{'s' * (cpus > 1)}"
                          for name, cpus in profiles)]
    return ["| " + " | ".join(head) + " |",
            "|---|---|" + "---:|" * len(profiles),
            *(_row(profiles, name, counts, str(number))
              for number, name in enumerate(names, 1)), ""]


def _sums(profiles: Profiles) -> list[str]:
    lines = ["| | " + " | ".join(f"{name}, {cpus} CPU{'s' * (cpus > 1)}"
                                 for name, cpus in profiles) + " |",
             "|---|" + "---:|" * len(profiles)]
    for text, name in (
            ("blackout", "blackout"), ("instructions of all CPUs", "total"),
            ("all CPUs wait", "idle")):
        values = [getattr(profile, name) for profile in profiles.values()]
        lines.append(f"| {text} | " + " | ".join(
            f"{value / 1e6:,.2f}" for value in values) + " |")
    return [*lines, ""]


def markdown(profiles: Profiles) -> str:
    """The page."""
    lines = [
        "# What a blackout consists of", "",
        "<!-- make bench-profile writes this page. -->", "",
        f"From reboot(2) to init's first instruction, in ms. {MODEL} With "
        "more than one CPU the model runs them one after the other: "
        "instructions of all CPUs add up. The payload is a root file system "
        f"of {PAYLOAD_MIB} MiB, the machine has {MEMORY_MIB} MiB. "
        f"The next kernel has `{APPEND}`. README.md has the rest.", "", *_sums(profiles)]
    for title, counts in (
            ("By step: what the kernel was about, whoever worked on it",
             lambda profile: profile.steps),
            ("By function", lambda profile: profile.functions)):
        lines += [f"## {title}", ""]
        for system, text in zip(SYSTEM_NAMES, ("before", "after")):
            lines += [f"The ten largest {text}, {system} with {CPUS[-1]} "
                      "CPUs:", "", *_table(profiles, system, counts)]
    return "\n".join(lines).rstrip() + "\n"


def differences(profiles: Profiles) -> str:
    """What more CPUs cost with this series, for its developers."""
    few, many = (profiles[SYSTEM_NAMES[-1], cpus] for cpus in CPUS)
    lines = []
    for title, one, other in (("step", few.steps, many.steps),
                              ("function", few.functions, many.functions)):
        lines.append(f"{title:<40}{f'{CPUS[0]} CPU':>14}"
                     f"{f'{CPUS[-1]} CPUs':>14}{'difference':>14}")
        more = {name: other.get(name, 0) - one.get(name, 0)
                for name in one.keys() | other.keys()}
        for name in sorted(sorted(more), key=more.__getitem__,
                           reverse=True)[:40]:
            lines.append(f"{name:<40}{one.get(name, 0):>14,}"
                         f"{other.get(name, 0):>14,}{more[name]:>14,}")
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Do it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, default=PAGE,
                        help="what to write (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR",
                        help="for everything else (default: build/bench)")
    arguments = parser.parse_args()
    lab = Lab(TOP / "build", arguments.out)
    profiles: Profiles = {}
    try:
        plugin = build_plugin(lab.work)
        for system in SYSTEM_NAMES:
            symbols = read_symbols(lab, SYSTEMS[system].kernel)
            for cpus in CPUS:
                profiles[system, cpus] = take(
                    Point(system, cpus, PAYLOAD_MIB), lab, plugin, symbols)
                print(f"  {system}, {cpus} CPUs: "
                      f"{profiles[system, cpus].total:,} instructions",
                      flush=True)
    except ScenarioFailure as failure:
        print(f"profile: {failure}", file=sys.stderr)
        return 1
    arguments.page.write_text(markdown(profiles), encoding="ascii")
    (arguments.out / "profile-cpus.txt").write_text(differences(profiles),
                                                    encoding="ascii")
    print(f"  {arguments.page}\n  {arguments.out / 'profile-cpus.txt'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
