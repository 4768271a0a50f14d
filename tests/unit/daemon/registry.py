# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests that there are, and running one."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from .checks import check, Failure
from .machine import Machine

Test = Callable[[Machine], None]
TESTS: list[Test] = []


def test(function: Test) -> Test:
    """Register a test."""
    TESTS.append(function)
    return function


def slow_test(function: Test) -> Test:
    """Register a test that waits for seconds: it begins before the others."""
    TESTS.insert(0, function)
    return function


def run_one(build: Path, function: Test) -> str | None:
    """Run a test. Returns why it failed."""
    with tempfile.TemporaryDirectory(prefix="fastreboot-") as folder:
        machine = Machine(build, Path(folder))
        try:
            function(machine)
            if machine.daemon:
                machine.stop()
            check("Sanitizer" not in machine.log() and
                  "runtime error" not in machine.log(), machine.log())
        except (Failure, subprocess.TimeoutExpired, OSError,
                json.JSONDecodeError) as error:
            log = Path(folder) / "log"
            return f"{error}\n{log.read_text() if log.exists() else ''}"
        finally:
            machine.close()
    return None
