# SPDX-License-Identifier: GPL-2.0-or-later
"""Test programs in Python: they name their tests and print TAP."""

from __future__ import annotations

import argparse
import fnmatch
import os
import time
import traceback
import unittest
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

# A test returns why it failed, or nothing; to be skipped, it raises Skipped.
Test = Callable[[], "str | None"]


class Skipped(Exception):
    """A test can't run here; the text says why."""


def matches(name: str, pattern: str) -> bool:
    """Part of a name, or a glob for all of it."""
    return pattern in name or fnmatch.fnmatchcase(name, pattern)


def from_unittest(prefix: str,
                  cases: Iterable[type[unittest.TestCase]]) -> dict[str, Test]:
    """The tests of these cases: <prefix>.<case>.<test>."""
    def run(case: type[unittest.TestCase], name: str) -> str | None:
        result = unittest.TestResult()
        case(name).run(result)
        for _, why in result.skipped:
            raise Skipped(why)
        return "\n".join(text for _, text in
                         [*result.failures, *result.errors]) or None

    return {f"{prefix}.{case.__name__.lower()}.{name}":
            partial(run, case, name)
            for case in cases
            for name in unittest.defaultTestLoader.getTestCaseNames(case)}


def arguments_of(description: str | None) -> argparse.ArgumentParser:
    """The options that each test program has."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true",
                        help="name the tests and end")
    parser.add_argument("--only", default=os.environ.get("ONLY", ""),
                        help="part of a name, or a glob for all of it")
    return parser


def outcome(name: str, test: Test) -> tuple[bool, str, str | None]:
    """Run a test: did it pass, its line without the number, and why not."""
    began = time.monotonic()
    try:
        why = test()
    except Skipped as reason:
        return True, f"{name} # SKIP {reason}", None
    except Exception:
        why = traceback.format_exc()
    return not why, f"{name} ({time.monotonic() - began:.1f} s)", why


def run_tests(tests: Mapping[str, Test], options: argparse.Namespace,
              jobs: int = 1) -> int:
    """Run the tests that match, a few at a time; return the exit status."""
    chosen = {name: test for name, test in tests.items()
              if matches(name, options.only)}
    if options.list:
        print("\n".join(chosen))
        return 0
    print(f"1..{len(chosen)}", flush=True)
    good = True
    with ThreadPoolExecutor(jobs) as pool:
        results = pool.map(outcome, chosen.keys(), chosen.values())
        for number, (passed, text, why) in enumerate(results, 1):
            good = good and passed
            print(f"{'ok' if passed else 'not ok'} {number} - {text}")
            for line in (why or "").splitlines():
                print(f"#    {line}")
            print(end="", flush=True)
    return 0 if good else 1
