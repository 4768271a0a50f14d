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

import os
import sys
from functools import partial
from pathlib import Path

from daemon import registry

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/tap"))
import tap


def main() -> int:
    """Run the tests. They mostly wait for processes, so there are many at a time."""
    parser = tap.arguments_of(__doc__)
    parser.add_argument("--build", type=Path,
                        default=TOP / "build/daemon/asan")
    options = parser.parse_args()
    tests = {f"unit.fastrebootd.{function.__name__}":
             partial(registry.run_one, options.build, function)
             for function in registry.TESTS}
    return tap.run_tests(tests, options, jobs=6 * (os.cpu_count() or 1))


if __name__ == "__main__":
    sys.exit(main())
