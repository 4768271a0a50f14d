#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run every test suite and sum up their counts.

Each suite is a command that ends with a line `N passed, N failed[, N skipped]`.
All suites run, whatever happens to the others, and the last line has the sums.
A suite that breaks down before it has counted counts as one failure, as does
each kernel that does not build.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
BUILD = TOP / "build"

COUNTS = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")

TREE = ("tools/kernel-tree.sh",)
KERNELS = [("tools/kernel.sh", variant)
           for variant in ("a", "b", "stock", "signed", "acpi")]
UNIT = ("make", "-s", "--no-print-directory", f"-j{os.cpu_count()}",
        "-C", "tests/unit")
LINT = "tests/style/lint.py"
VM = (sys.executable, "tests/vm/run.py")
SERIES = (sys.executable, "tests/unit/run-series.py")
KEXEC_TOOLS = ("tools/kexec-tools.sh",)
KSELFTEST = ("tools/kselftest.sh",)
SYSTEM = (sys.executable, "tests/system/run.py")


@dataclass
class Suite:
    """A test suite.

    listing -- command that names the tests, one a line, the name first
    command -- command that runs those that match `ONLY`
    needs -- commands without which it can't run
    wants -- commands without which some tests can't
    """

    name: str
    listing: tuple[str, ...]
    command: tuple[str, ...]
    needs: list[tuple[str, ...]] = field(default_factory=list)
    wants: list[tuple[str, ...]] = field(default_factory=list)


def suites(only: str) -> list[Suite]:
    """All suites: the quick ones first, then what their kernels allow."""
    return [
        Suite("unit", (*UNIT, "list"), (*UNIT, "check", f"ONLY={only}")),
        Suite("lint", (LINT, "--list"), ("tests/tap/run", LINT)),
        Suite("tools", ("tools/check-tools.sh", "--list"),
              ("tools/check-tools.sh",)),
        Suite("series", (*SERIES, "--list"), (*SERIES, "--only", only)),
        Suite("dts", ("tools/check-dts.sh", "--list"),
              ("tools/check-dts.sh",)),
        Suite("vm", (*VM, "--list"), (*VM, "--only", only),
              [TREE], [*KERNELS, KEXEC_TOOLS, KSELFTEST]),
        Suite("system", (*SYSTEM, "--list"), (*SYSTEM, "--only", only)),
        Suite("patches", ("tools/check-patches.sh", "--list"),
              ("tools/check-patches.sh",), [TREE]),
    ]


@dataclass
class Totals:
    """Sums over suites."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, passed: int, failed: int, skipped: int = 0) -> None:
        """Count a suite's tests."""
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def __str__(self) -> str:
        line = f"{self.passed} passed, {self.failed} failed"
        return line + (f", {self.skipped} skipped" if self.skipped else "")


class Checker:
    """Runs suites and what they need, each of these once."""

    def __init__(self, only: str) -> None:
        self.totals = Totals()
        self._only = only
        self._prepared: dict[tuple[str, ...], bool] = {}
        self._broken: list[str] = []

    def run(self, suite: Suite) -> None:
        """Run one suite."""
        heading(suite.name)
        if not all([self._prepare(command) for command in suite.needs]):
            print(f"{suite.name}: not run")
            return
        # After what is needed, which they need, too.
        for command in suite.wants:
            self._prepare(command)
        start = time.monotonic()
        counts, status = self._follow(suite)
        if counts is None:
            self._fail(f"{suite.name}: no result (status {status})")
            return
        self.totals.add(*counts)
        if status and not counts[1] and any(counts):
            self._fail(f"{suite.name}: status {status}")
        seconds = int(time.monotonic() - start)
        print(f"{suite.name}: {counts[0]} of {sum(counts)} passed, "
              f"{seconds // 60}:{seconds % 60:02}")

    def conclude(self) -> int:
        """Print the last lines; return the exit status."""
        heading("all")
        for line in self._broken:
            print(line)
        print(self.totals, flush=True)
        return 1 if self.totals.failed or not self.totals.passed else 0

    def _prepare(self, command: tuple[str, ...]) -> bool:
        if command not in self._prepared:
            done = subprocess.run(command, cwd=TOP, check=False)
            self._prepared[command] = done.returncode == 0
            if done.returncode:
                self._fail(f"{' '.join(command)}: failed")
        return self._prepared[command]

    def _fail(self, why: str) -> None:
        print(why, flush=True)
        self._broken.append(why)
        self.totals.add(0, 1)

    def _follow(self, suite: Suite) -> tuple[tuple[int, ...] | None, int]:
        """Pass a suite's output on, but for its counts; return these."""
        counts = None
        with subprocess.Popen(suite.command, cwd=TOP, text=True,
                              errors="replace", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL,
                              env=os.environ | {"ONLY": self._only}) as run:
            assert run.stdout is not None
            for line in run.stdout:
                if match := COUNTS.fullmatch(line.strip()):
                    counts = tuple(int(n or 0) for n in match.groups())
                else:
                    print(line, end="", flush=True)
        return counts, run.returncode


def heading(text: str) -> None:
    """Set what follows apart."""
    print(f"\n== {text}", flush=True)


def names_of(suite: Suite, only: str) -> list[str]:
    """The names of a suite's tests that match."""
    done = subprocess.run(suite.listing, cwd=TOP, check=False, text=True,
                          stdout=subprocess.PIPE,
                          env=os.environ | {"ONLY": ""})
    if done.returncode:
        sys.exit(f"check: {' '.join(suite.listing)}: failed")
    names = [line.split()[0] for line in done.stdout.splitlines() if line]
    return [name for name in names
            if only in name or fnmatch.fnmatchcase(name, only)]


def main() -> int:
    """Do what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true",
                        help="name the tests and end")
    parser.add_argument("--only", default="",
                        help="part of a name, or a glob for all of it")
    arguments = parser.parse_args()

    names = {suite.name: names_of(suite, arguments.only)
             for suite in suites(arguments.only)}
    if arguments.list:
        print("\n".join(sum(names.values(), [])))
        return 0
    checker = Checker(arguments.only)
    for suite in suites(arguments.only):
        if names[suite.name]:
            checker.run(suite)
    if not any(names.values()):
        print(f"No test matches {arguments.only!r}; make check-list names all")
    return checker.conclude()


if __name__ == "__main__":
    sys.exit(main())
