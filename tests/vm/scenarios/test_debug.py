# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel "debug" tests and watches itself: locks, sleeping, lists.

What it finds it prints, and the harness fails the scenario for it.
"""

from __future__ import annotations

import re

from harness import check
from harness.fastreboot import pool_boot, snapshot, stage_and_jump, status
from harness.machine import FASTREBOOT
from harness.scenario import scenario
from harness.vm import Vm

POOL = "fastreboot=384M"
CONTROL = f"{FASTREBOOT}/slot0/control"
STAGE = "stage 0 kernel=/payload/Image-debug initrd=/payload/initrd.cpio"
REQUIRES = ["debug"]


@scenario(timeout=600, requires=REQUIRES)
def reboots(vm: Vm) -> None:
    """Two fast reboots, staged and armed under the kernel's own eyes."""
    machine = vm.machine(cpus=8)
    boot = pool_boot(machine, POOL, kernel="debug")
    boot = stage_and_jump(machine, boot, 0, "debug")
    stage_and_jump(machine, boot, 1, "debug")


@scenario(timeout=600, requires=REQUIRES)
def every_request(vm: Vm) -> None:
    """Each request once, granted and refused, and some at the same time."""
    machine = vm.machine(cpus=2)
    pool_boot(machine, POOL, kernel="debug")
    machine.command(f"write {CONTROL} begin")
    machine.expect_error("ENOENT", f"write {CONTROL} seal")
    machine.command(f"write {CONTROL} abort")
    machine.command(f"parallel 4 {STAGE}")
    machine.command(f"write {CONTROL} verify")
    for name in ("release", "sha256", "placement", "cmdline"):
        machine.read(f"slot0/{name}")
    machine.command(f"parallel 4 write {FASTREBOOT}/armed 0")
    machine.expect_error("EBUSY", f"write {CONTROL} clear")
    machine.command(f"parallel 4 write {CONTROL} verify")
    machine.command("kexec-unload")
    check.equal("status", status(machine, 0), "sealed")
    machine.arm(0)
    machine.command("kexec-file-load /payload/Image-debug "
                    "/payload/initrd.cpio x")
    machine.arm(0)
    machine.command("parallel 4 kexec-unload")
    machine.command(f"write {CONTROL} clear")
    machine.command(f"write {FASTREBOOT}/tries 0")
    check.equal("armed", snapshot(machine)["armed"], "none")


@scenario(timeout=600, requires=REQUIRES)
def kunit(vm: Vm) -> None:
    """The kernel's own tests of fastreboot pass."""
    boot = vm.machine().boot(kernel="debug", append="fastreboot=256M")
    totals = [match for line in boot.log
              if (match := re.match(r"# Totals: pass:(\d+) fail:(\d+)", line))]
    check.true("tests ran", sum(int(match[1]) for match in totals) > 0)
    check.equal("tests that failed", sum(int(match[2]) for match in totals), 0)
    check.count("failures", [line for line in boot.log
                             if line.lstrip().startswith("not ok ")], 0)
