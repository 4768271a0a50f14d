# SPDX-License-Identifier: GPL-2.0-or-later
"""New kernels that turn out to be bad."""

from __future__ import annotations

from typing import Any

from harness import check
from system import fastreboot, payloads
from system.machine import POOL, SystemBoot, SystemMachine
from system.world import System, scenario

# Healthy, but with kernel b.
HEALTH = """\
cat >/etc/systemd/system/health.service <<'END'
[Unit]
Description=Health of the application
Before=boot-complete.target
{early}
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'case $(uname -r) in *-b) echo no answer; exit 1; esac'
[Install]
RequiredBy=boot-complete.target
END
systemctl enable health.service
"""

# Kernel b is not confirmed, good or not.
NO_CONFIRMATION = """\
folder=/etc/systemd/system/fastreboot-confirm.service.d
mkdir -p $folder
printf '[Unit]\\nConditionKernelVersion=!*-b\\n' >$folder/not-b.conf
systemctl daemon-reload
"""


def on_staged_a(system: System, **options: Any) -> SystemMachine:
    """A machine that runs kernel a from a slot, confirmed."""
    machine = system.machine(**options)
    machine.start()
    fastreboot.update(machine, "system-a")
    fastreboot.wait_confirmed(machine)
    return machine


def fall_back(machine: SystemMachine, command: str = "fastreboot commit"
              ) -> SystemBoot:
    """Commit to kernel b; wait for the kernel after it."""
    fastreboot.stage_release(machine,
                             fastreboot.releases(machine)["system-b"])
    machine.begin(command)
    first = machine.wait_shell()
    check.true("kernel b starts", first["release"].endswith("-b"), first)
    return machine.wait_system()


def check_rolled_back(machine: SystemMachine, boot: SystemBoot,
                      reason: str) -> None:
    """Does a run again, and say why?"""
    check.true("kernel a runs again", boot.release.endswith("-a"),
               boot.release)
    found = fastreboot.status(machine)
    check.equal("boot_reason", found["boot_reason"], "fast-reboot")
    check.equal("update", found["last_update"]["status"], "rolled-back")
    check.true(f"the reason is told: {reason}",
               reason in found["last_update"]["message"],
               found["last_update"])
    check.true("the journal tells it",
               bool(fastreboot.messages(machine, reason, "-b all")))
    # Nothing is left of it: the next update is one like any other.
    fastreboot.wait_confirmed(machine)
    fastreboot.run(machine, "status")


@scenario(timeout=1200, variants={
    "late": {"early": "After=multi-user.target"},
    "early": {"early": "DefaultDependencies=no"}})
def unhealthy(system: System, early: str) -> None:
    """The health unit of the new kernel fails: rolled back, with its name."""
    machine = on_staged_a(system)
    machine.sh(HEALTH.format(early=early))
    boot = fall_back(machine)
    check_rolled_back(machine, boot, "health.service")


@scenario(timeout=1200)
def never_confirmed(system: System) -> None:
    """The new kernel is not confirmed: rolled back when the time is over."""
    machine = on_staged_a(system)
    # Kernel a has to be confirmed in that time, too, on a busy host as well.
    fastreboot.configure(machine, "[Confirm]\nTimeoutSec=60s")
    machine.sh(NO_CONFIRMATION)
    boot = fall_back(machine)
    check_rolled_back(machine, boot, "time")


@scenario(timeout=1200)
def by_hand(system: System) -> None:
    """An operator rolls back, and says why."""
    machine = on_staged_a(system)
    fastreboot.update(machine, "system-b")
    fastreboot.wait_confirmed(machine)
    boot = machine.jump("fastreboot rollback --reason='too slow'")
    check_rolled_back(machine, boot, "too slow")


@scenario(timeout=1200)
def file_was_replaced(system: System) -> None:
    """The update has written its kernel over the one before: no rollback."""
    machine = on_staged_a(system)
    fastreboot.update(machine, "system-b")
    fastreboot.wait_confirmed(machine)
    releases = fastreboot.releases(machine)
    machine.sh(f"cp /boot/{releases['system-b']}/linux "
               f"/boot/{releases['system-a']}/linux")
    fastreboot.run(machine, "rollback", expect=fastreboot.Exit.OTHER_PAYLOAD)
    check.equal("armed", fastreboot.status(machine)["armed"], None)


@scenario(timeout=1200)
def after_a_cold_boot(system: System) -> None:
    """What ran before was never staged: firmware boots the machine."""
    machine = system.machine()
    machine.start()
    machine.sh(HEALTH.format(early=""))
    machine.expect_event("RESET")
    boot = fall_back(machine)
    check.true("kernel a runs again", boot.release.endswith("-a"),
               boot.release)
    found = fastreboot.status(machine)
    check.true("it was no fast reboot",
               found["boot_reason"] != "fast-reboot", found["boot_reason"])
    check.true("the journal tells why", bool(fastreboot.messages(
        machine, "health.service", "-b all")))


@scenario(timeout=1200, variants={"now": {"command": "commit --now"},
                                  "orderly": {"command": "commit"}})
def hangs(system: System, command: str) -> None:
    """The new kernel does nothing at all: the watchdog resets the machine."""
    machine = system.machine(watchdog=True)
    # Else the kernel stops this watchdog before it jumps.
    machine.start(append=f"{POOL} watchdog.stop_on_reboot=0")
    path = system.payload_file("hanging", payloads.hanging())
    machine.mount_payload()
    fastreboot.configure(machine, "[Commit]\nWatchdogSec=10s")
    fastreboot.stage(machine, "--kernel", path, "--cmdline",
                     "root=/dev/vda")
    boot = machine.restart(f"fastreboot {command}")
    check.true("kernel a runs again", boot.release.endswith("-a"),
               boot.release)
