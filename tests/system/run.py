#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the system tests. README.md tells how to write one."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vm"))

# pylint: disable=wrong-import-position
from harness.build import TOP, Build  # noqa: E402
from harness.runner import succeeded, summary  # noqa: E402
from harness.scenario import Scenario, matches  # noqa: E402
from system.world import SystemRunner, load_scenarios  # noqa: E402


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true",
                        help="name the scenarios and end")
    parser.add_argument("--only", metavar="PATTERN", action="append",
                        help="part of a name, or a glob for all of it; may be "
                        "given more than once")
    parser.add_argument("--jobs", metavar="N", type=int, default=2,
                        help="scenarios at a time (default: %(default)s)")
    parser.add_argument("--build", metavar="DIR", type=Path,
                        default=TOP / "build", help="the build folder")
    parser.add_argument("--keep", action="store_true",
                        help="keep the files that scenarios make")
    return parser.parse_args()


def print_list(scenarios: list[Scenario]) -> None:
    """Name the scenarios, each with the first line of its description."""
    for scenario in scenarios:
        print(f"{scenario.name:<50} {scenario.description.splitlines()[0]}")


def main() -> int:
    """Do what the command line asks for; return the exit status."""
    arguments = parse_arguments()
    scenarios = [candidate for candidate in load_scenarios(HERE / "scenarios")
                 if any(matches(candidate, pattern)
                        for pattern in arguments.only or [""])]
    if arguments.list:
        print_list(scenarios)
        return 0
    build = Build(arguments.build)
    build.prepare()
    # Being told to end is like Ctrl-C: tidy up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runner = SystemRunner(build, arguments.jobs, arguments.keep)
    try:
        results = runner.run(scenarios)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(summary(results))
    return 0 if succeeded(results) else 1


if __name__ == "__main__":
    sys.exit(main())
