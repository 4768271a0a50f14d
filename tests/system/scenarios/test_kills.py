# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon is killed, at any moment; the next one knows the truth."""

from __future__ import annotations

import random

from harness import check
from system import fastreboot
from system.fastreboot import SYSFS
from system.machine import SystemMachine
from system.world import System, scenario

KILL = "systemctl kill -s KILL fastrebootd.service"
# Waits for the daemon that systemd starts then; a test kills more often than
# systemd's limit has it.
START = ("systemctl reset-failed fastrebootd.service; "
         "systemctl start fastrebootd.service")
MOMENTS = 50
# A moment is at most so long after the start.
SECONDS = 3.0


def check_truth(machine: SystemMachine) -> None:
    """Does the status agree with the kernel, and is nothing half done?"""
    found = fastreboot.status(machine)
    for slot in found["slots"]:
        check.equal("status of a slot", slot["status"], machine.sh(
            f"cat {SYSFS}/slot{slot['slot']}/status").text)
        check.true("no slot is staging, armed or bad",
                   slot["status"] in ("empty", "sealed", "running"),
                   slot["status"])
    check.equal("armed", found["armed"], None)
    check.equal("job", found["job"], None)


@scenario(timeout=3000)
def while_staging(system: System) -> None:
    """Killed at 50 random moments of staging and sealing."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-b"]
    took = float(machine.sh(
        f"s=$(date +%s%N); fastreboot stage --entry {release}; "
        "e=$(date +%s%N); echo $(((e - s) / 1000))").lines[-1]) / 1e6
    fastreboot.run(machine, "unstage")
    source = random.Random(4)
    outcomes: dict[str, int] = {}
    for _ in range(MOMENTS):
        moment = source.uniform(0, 1.2 * took)
        machine.sh(f"fastreboot stage --entry {release} & stage=$!; "
                   f"read -t {moment:.3f} <> <(:); {KILL}; wait $stage; "
                   f"{START}", check=False)
        check_truth(machine)
        sealed = [slot for slot in fastreboot.status(machine)["slots"]
                  if slot["status"] == "sealed"]
        outcome = "sealed" if sealed else "cleaned up"
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if sealed:
            fastreboot.run(machine, "unstage")
    system.note(f"staging takes {took:.2f} s; {outcomes}")
    fastreboot.stage_release(machine, release)
    fastreboot.run(machine, "verify")


@scenario(timeout=1500)
def while_committing(system: System) -> None:
    """Killed between arm and commit: it is disarmed again, and said."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-b"]
    fastreboot.stage_release(machine, release)
    # The reboot itself must not come before the daemon is killed.
    machine.sh("mkdir -p /run/systemd/system/systemd-kexec.service.d; "
               "systemctl mask --runtime kexec.target systemd-kexec.service")
    armed = 0
    for _ in range(20):
        result = machine.sh(
            "fastreboot commit & commit=$!\n"
            f"until ! grep -q none {SYSFS}/armed || "
            "! kill -0 $commit 2>/dev/null; do :; done\n"
            f"{KILL}; cat {SYSFS}/armed; wait $commit; {START}",
            check=False)
        armed += result.lines[0] not in ("none", "")
        check_truth(machine)
        fastreboot.run(machine, "verify")
    system.note(f"killed while armed: {armed} of 20 times")
    machine.sh("systemctl unmask --runtime kexec.target "
               "systemd-kexec.service")
    boot = machine.jump("fastreboot commit")
    check.equal("release", boot.release, release)


@scenario(timeout=600)
def cancelled(system: System) -> None:
    """Ctrl-C while staging cancels the job, and leaves nothing."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-b"]
    result = machine.sh(
        f"fastreboot stage --entry {release} & stage=$!\n"
        f"until grep -q staging {SYSFS}/slot*/status; do :; done\n"
        "kill -INT $stage; wait $stage", check=False)
    check.equal("status of the command", result.status,
                fastreboot.Exit.CANCELLED)
    check_truth(machine)
    fastreboot.stage_release(machine, release)


@scenario(timeout=600)
def one_job_at_a_time(system: System) -> None:
    """A second request while a job runs is refused as busy."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-b"]
    result = machine.sh(
        f"fastreboot stage --entry {release} & stage=$!\n"
        f"until grep -q staging {SYSFS}/slot*/status; do :; done\n"
        f"fastreboot stage --entry {release}; status=$?\n"
        "wait $stage || exit 100; exit $status", check=False)
    check.equal("status of the second", result.status, fastreboot.Exit.BUSY)
