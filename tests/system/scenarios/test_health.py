# SPDX-License-Identifier: GPL-2.0-or-later
"""The default health gate, with the real systemd."""

from __future__ import annotations

from harness import check
from system import fastreboot
from system.machine import SystemMachine
from system.world import System, scenario
from test_rollback import check_rolled_back, fall_back, on_staged_a

NO_FAILURES = "systemd-boot-check-no-failures.service"

# Runs with kernel a, and not with b; or fails there.
APPLICATION = """\
cat >/etc/systemd/system/application.service <<'END'
[Unit]
Description=The application
{condition}
[Service]
ExecStart=/bin/sh -c '{command}'
[Install]
WantedBy=multi-user.target
END
systemctl enable --now application.service
"""
SLEEPS = "exec sleep infinity"


def said(machine: SystemMachine, pattern: str) -> bool:
    """Does the journal, of all boots, have it from the gate?"""
    return machine.sh("journalctl -b all -t fastreboot-health -o cat -q | "
                      f"grep -q '{pattern}'", check=False).status == 0


def verdict(machine: SystemMachine) -> dict[str, object]:
    """What the gate says."""
    found = fastreboot.status(machine)["last_update"]["health"]
    assert isinstance(found, dict), found
    return found


@scenario(timeout=1200, variants={
    "alone": {"script": "true"},
    "beside-systemds": {"script": f"systemctl enable {NO_FAILURES}"}})
def good(system: System, script: str) -> None:
    """A good update passes, and is confirmed, also with systemd's own gate."""
    machine = on_staged_a(system)
    machine.sh(script)
    machine.sh(APPLICATION.format(condition="", command=SLEEPS))
    fastreboot.update(machine, "system-b")
    fastreboot.wait_confirmed(machine)
    check.equal("verdict", verdict(machine)["verdict"], "passed")
    check.equal("problems", verdict(machine)["problems"], [])
    check.true("the journal tells it",
               said(machine, "^the system is as well as before the update"))
    found = machine.sh("systemctl is-system-running --wait", check=False)
    check.equal("state of systemd", found.text, "running")


@scenario(timeout=1200, variants={
    "missing": {
        "condition": "ConditionKernelVersion=!*-b", "command": SLEEPS,
        "problem": "application.service does not run, and ran before"},
    "fails": {
        "condition": "", "problem": "application.service has failed",
        "command": "case $(uname -r) in *-b) exit 1; esac; " + SLEEPS}})
def bad(system: System, condition: str, command: str, problem: str) -> None:
    """A unit that ran does not with the new kernel: rolled back."""
    machine = on_staged_a(system)
    fastreboot.configure(machine, "[Health]\nTimeoutSec=5s")
    machine.sh(APPLICATION.format(condition=condition, command=command))
    boot = fall_back(machine)
    check_rolled_back(machine, boot, "fastreboot-health.service")
    check.true("the journal of the bad kernel tells why",
               said(machine, f"^health: {problem}"))
    check.equal("verdict", verdict(machine)["verdict"], "passed")


@scenario(timeout=1200)
def switched_off(system: System) -> None:
    """Without the gate such a kernel is confirmed."""
    machine = on_staged_a(system)
    fastreboot.configure(machine, "[Health]\nGate=no")
    machine.sh(APPLICATION.format(condition="ConditionKernelVersion=!*-b",
                                  command=SLEEPS))
    fastreboot.update(machine, "system-b")
    fastreboot.wait_confirmed(machine)
    check.equal("health", fastreboot.status(machine)["last_update"]["health"],
                None)
