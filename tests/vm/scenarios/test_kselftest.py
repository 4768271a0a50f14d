# SPDX-License-Identifier: GPL-2.0-or-later
"""The series' own selftest: tools/testing/selftests/fastreboot."""

from __future__ import annotations

import re
from pathlib import Path

from harness import check
from harness.errors import ScenarioSkipped
from harness.fastreboot import pool_boot, status
from harness.machine import Machine
from harness.scenario import scenario
from harness.vm import Vm

PROGRAM = "kselftest/fastreboot_test"
IMAGE_B = "/payload/Image-b"
KSFT_SKIP = 4
TOTALS = re.compile(r"# Totals: pass:(\d+) fail:(\d+) xfail:\d+ xpass:\d+ "
                    r"skip:(\d+) error:(\d+)")


def selftest(vm: Vm, machine: Machine, *words: str) -> tuple[int, list[str]]:
    """Run it; return exit status and output."""
    program = Path("/payload") / PROGRAM
    if not (vm.build.payload / PROGRAM).exists():
        raise ScenarioSkipped("no selftest; tools/kselftest.sh builds it")
    return machine.run(str(program), *words)


def totals(output: list[str]) -> tuple[int, ...]:
    """Tests that passed, failed, were skipped, and broke down."""
    found = [match for line in output if (match := TOTALS.match(line))]
    check.equal(f"lines with totals in {output[-20:]}", len(found), 1)
    return tuple(int(number) for number in found[0].groups())


@scenario(timeout=600)
def everything(vm: Vm) -> None:
    """All tests pass, none is skipped, and the slots are empty after them."""
    machine = vm.machine()
    pool_boot(machine)
    exit_status, output = selftest(vm, machine, IMAGE_B)
    failed = [line for line in output if not line.startswith("ok ")]
    check.equal(f"exit status: {failed}", exit_status, 0)
    passed, *others = totals(output)
    check.true("there are tests", passed > 0, output)
    check.equal("failed, skipped, errors", others, [0, 0, 0])
    check.equal("status of the slots",
                [status(machine, slot) for slot in range(2)],
                ["empty", "empty"])


@scenario(timeout=200)
def without_image(vm: Vm) -> None:
    """Without a kernel it skips what takes one, and passes."""
    machine = vm.machine()
    pool_boot(machine)
    exit_status, output = selftest(vm, machine)
    check.equal(f"exit status: {output[-20:]}", exit_status, 0)
    passed, failed, skipped, errors = totals(output)
    check.true("some pass", passed > 0, output)
    check.true("some are skipped", skipped > 0, output)
    check.equal("failed, errors", [failed, errors], [0, 0])


@scenario(timeout=200)
def without_pool(vm: Vm) -> None:
    """Without a pool it is skipped as a whole."""
    machine = vm.machine()
    machine.boot("a", "")
    check.equal("exit status", selftest(vm, machine)[0], KSFT_SKIP)
