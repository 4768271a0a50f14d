# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs scenarios, a few at a time, and tells how they went."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .build import Build
from .errors import ScenarioFailure, ScenarioSkipped
from .scenario import Scenario
from .vm import Vm

# Lines of a console that are shown when a scenario has failed.
TAIL = 60


@dataclass
class Result:
    """How a scenario went.

    outcome -- "ok", "FAIL" or "skip"
    reason -- of a FAIL or skip
    details -- lines that help to understand a FAIL
    """

    outcome: str
    reason: str = ""
    details: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Runner:
    """Runs scenarios and prints a line for each as it ends."""

    def __init__(self, build: Build, jobs: int, keep: bool,
                 long: bool) -> None:
        self._build = build
        self._jobs = jobs
        self._keep = keep
        self._long = long
        self._print_lock = threading.Lock()
        self._live: set[Vm] = set()
        self._stopped = False

    def run(self, scenarios: Sequence[Scenario]) -> list[Result]:
        """Run all of them; return when the last has ended."""
        with ThreadPoolExecutor(self._jobs) as pool:
            # The longest first: none shall be left over at the end.
            futures = [pool.submit(self._run_and_print, scenario)
                       for scenario in sorted(scenarios, reverse=True,
                                              key=lambda one: one.timeout)]
            try:
                return [future.result() for future in futures]
            except KeyboardInterrupt:
                self._stop()
                pool.shutdown(cancel_futures=True)
                raise

    def _stop(self) -> None:
        """End what is running: each scenario sees its QEMU end."""
        self._stopped = True
        for vm in list(self._live):
            vm.kill()

    def _run_and_print(self, scenario: Scenario) -> Result:
        start = time.monotonic()
        if scenario.long and not self._long:
            result = Result("skip", "takes long: ALL=1 make check")
        else:
            result = self._run_one(scenario)
        result.seconds = time.monotonic() - start
        if not self._stopped:
            with self._print_lock:
                _print_result(scenario, result)
        return result

    def _run_one(self, scenario: Scenario) -> Result:
        missing = [variant for variant in scenario.requires
                   if not self._build.kernel(variant).exists()]
        if missing:
            return Result("skip", f"no kernel {', '.join(missing)}")
        path = self._build.logs / f"{scenario.name}.log"
        with (open(path, "wb") as log,
              Vm(self._build, scenario, log, self._keep) as vm):
            self._live.add(vm)
            try:
                return self._run_body(scenario, vm)
            finally:
                self._live.discard(vm)

    @staticmethod
    def _run_body(scenario: Scenario, vm: Vm) -> Result:
        try:
            scenario.body(vm, **scenario.arguments)
            result = Result("ok")
        except ScenarioSkipped as skip:
            result = Result("skip", str(skip))
        except ScenarioFailure as failure:
            result = Result("FAIL", str(failure), _where(failure, scenario))
        except Exception as error:  # a bug in scenario or harness
            result = Result("FAIL", repr(error),
                            traceback.format_exc().splitlines())
        if result.outcome == "FAIL":
            result.details += _describe_machines(vm)
        result.notes = vm.notes
        return result


def _where(failure: ScenarioFailure, scenario: Scenario) -> list[str]:
    """The scenario's lines that led to a failure."""
    own = scenario.body.__code__.co_filename
    return [f"at {frame.filename.rpartition('/')[2]}:{frame.lineno}: "
            f"{frame.line}"
            for frame in traceback.extract_tb(failure.__traceback__)
            if frame.filename == own]


def _describe_machines(vm: Vm) -> list[str]:
    lines = []
    for machine in vm.machines:
        machine.drain()
        lines.append(machine.command_line)
        lines += [f"| {line}" for line in machine.console.tail(TAIL)]
    return lines


def _print_result(scenario: Scenario, result: Result) -> None:
    print(f"{result.outcome:<4} {result.seconds:6.1f} s  {scenario.name}"
          + (f": {result.reason}" if result.reason else ""))
    for line in result.notes:
        print(f"     note: {line}")
    for line in result.details:
        print(f"     {line}")
    # Progress must be seen through a pipe, too.
    print(end="", flush=True)


def summary(results: Sequence[Result]) -> str:
    """The last line: how many passed, failed and were skipped."""
    outcomes = [result.outcome for result in results]
    line = f"{outcomes.count('ok')} passed, {outcomes.count('FAIL')} failed"
    if skipped := outcomes.count("skip"):
        line += f", {skipped} skipped"
    return line


def succeeded(results: Sequence[Result]) -> bool:
    """Were there scenarios, and did none fail?

    Those that were skipped don't make a run fail: what they need may not be
    there on purpose, and the counts tell.
    """
    return bool(results) and all(result.outcome != "FAIL"
                                 for result in results)
