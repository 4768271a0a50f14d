#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does ../tap/run count right?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import tap

HERE = Path(__file__).resolve().parent

# What each program does, and what is counted then.
PROGRAMS = {
    "passes": ("echo 1..2; echo ok 1; echo ok 2", "2 passed, 0 failed"),
    "fails": ("echo 1..2; echo ok 1; echo not ok 2; exit 1",
              "1 passed, 1 failed"),
    "skips": ("echo 1..2; echo ok 1; echo 'ok 2 # SKIP why'",
              "1 passed, 0 failed, 1 skipped"),
    "skips_as_cmocka_does": ("echo 1..2; echo ok 1; echo 'not ok 2 # SKIP'",
                             "1 passed, 0 failed, 1 skipped"),
    "skips_all": ("echo '1..0 # SKIP why'", "0 passed, 0 failed, 1 skipped"),
    "dies_early": ("echo 1..5; echo ok 1; kill -SEGV $$",
                   "1 passed, 4 failed"),
    "dies_late": ("echo 1..2; echo ok 1; echo ok 2; kill -KILL $$",
                  "2 passed, 1 failed"),
    "is_not_content": ("echo 1..1; echo ok 1; exit 99", "1 passed, 1 failed"),
    "ends_early": ("echo 1..3; echo ok 1", "1 passed, 2 failed"),
    "says_nothing": ("exit 0", "0 passed, 1 failed"),
    "no_plan": ("echo ok 1", "1 passed, 1 failed"),
    "more_than_planned": ("echo 1..1; echo ok 1; echo ok 2",
                          "1 passed, 1 failed"),
}


def counted(*programs: Path, **environment: str) -> tuple[str, int, str]:
    """Run programs: the last line, the status and all of the output."""
    clean = {key: value for key, value in os.environ.items()
             if not key.startswith(("TAP_", "HARNESS_"))}
    done = subprocess.run([HERE / "run", *programs], env=clean | environment,
                          capture_output=True, check=False, text=True)
    return done.stdout.splitlines()[-1], done.returncode, done.stdout


def write(path: Path, text: str) -> Path:
    """Write a program."""
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)
    return path


def count(name: str) -> str | None:
    """One program alone."""
    text, expected = PROGRAMS[name]
    with tempfile.TemporaryDirectory() as folder:
        line, status, output = counted(write(Path(folder) / name, text))
    good = line == expected and bool(status) == (" 0 failed" not in expected)
    return None if good else f"status {status}, expected {expected}\n{output}"


def count_sums() -> str | None:
    """All of them, and one that is not there."""
    with tempfile.TemporaryDirectory() as folder:
        line, status, output = counted(
            *(write(Path(folder) / name, text)
              for name, (text, _) in PROGRAMS.items()),
            Path(folder) / "missing")
    good = line == "12 passed, 13 failed, 3 skipped" and status
    return None if good else f"status {status}\n{output}"


def count_kept() -> str | None:
    """What has passed is not run again before it changes, what has failed is."""
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        program = Path(folder) / "program"
        body = f"echo x >>{runs}; echo 1..1; echo"
        found = []
        for text, key in ((" not ok 1", "a"), (" not ok 1", "a"),
                          (" ok 1", "a"), (" ok 1", "a"), (" ok 1", "b"),
                          (" ok 1 # SKIP", "b"), (" ok 1 # SKIP", "b")):
            write(program, f"{body} '{text.strip()}'")
            line, _, _ = counted(program, TAP_KEEP=folder, TAP_KEY=key)
            found.append(f"{line}: {len(runs.read_text().split())}")
    expected = ["0 passed, 1 failed: 1", "0 passed, 1 failed: 2",
                "1 passed, 0 failed: 3", "1 passed, 0 failed: 3",
                "1 passed, 0 failed: 4", "0 passed, 0 failed, 1 skipped: 5",
                "0 passed, 0 failed, 1 skipped: 6"]
    return None if found == expected else f"{found}"


def main() -> int:
    """Run the tests."""
    tests: dict[str, tap.Test] = {
        f"tap.{name}": partial(count, name) for name in PROGRAMS}
    tests["tap.sums"] = count_sums
    tests["tap.kept"] = count_kept
    return tap.run_tests(tests, tap.arguments_of(__doc__).parse_args())


if __name__ == "__main__":
    sys.exit(main())
