#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of fastrebootd on the host.

The daemon of a test's build (make -C daemon KIND=asan) works on the files of
fake-kernel.c instead of the kernel's, talks to fake-systemd instead of systemd,
and never reboots: it writes the file "left". The fastreboot command is the
client.

The tests are in daemon/.

    run-daemon.py [--build DIR] [--list] [--only PATTERN]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from daemon import registry

TOP = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the tests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path,
                        default=TOP / "build/daemon/asan")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default=os.environ.get("ONLY", ""))
    options = parser.parse_args()
    passed = failed = 0
    for function in registry.TESTS:
        name = f"unit.fastrebootd.{function.__name__}"
        if options.only and not registry.matches(name, options.only):
            continue
        if options.list:
            print(name)
            continue
        began = time.monotonic()
        problem = registry.run_one(options.build, function)
        passed += problem is None
        failed += problem is not None
        print(f"{'not ok' if problem else 'ok'} - {name} "
              f"({time.monotonic() - began:.1f} s)", flush=True)
        for line in (problem or "").splitlines():
            print(f"    {line}")
    if not options.list:
        print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
