# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of a suite of scenarios."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from .build import TOP, Build
from .runner import Runner, succeeded, summary
from .scenario import Scenario, load_scenarios, matches


def parse_arguments(description: str) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--list", action="store_true",
                        help="name the scenarios and end")
    parser.add_argument("--only", metavar="PATTERN", action="append",
                        help="part of a name, or a glob for all of it; may be "
                        "given more than once")
    parser.add_argument("--all", action="store_true",
                        default=os.environ.get("ALL") == "1",
                        help="scenarios that take long, too; so does ALL=1 "
                        "in the environment")
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


def main(description: str, folder: Path,
         make_runner: type[Runner] = Runner) -> int:
    """Do what the command line asks for; return the exit status.

    folder -- where the scenarios are
    """
    arguments = parse_arguments(description)
    scenarios = [candidate for candidate in load_scenarios(folder)
                 if any(matches(candidate, pattern)
                        for pattern in arguments.only or [""])]
    if arguments.list:
        print_list(scenarios)
        return 0
    build = Build(arguments.build)
    build.prepare()
    # Being told to end is like Ctrl-C: tidy up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runner = make_runner(build, arguments.jobs, arguments.keep,
                         arguments.all)
    try:
        results = runner.run(scenarios)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(summary(results))
    return 0 if succeeded(results) else 1
