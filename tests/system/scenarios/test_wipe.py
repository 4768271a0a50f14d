# SPDX-License-Identifier: GPL-2.0-or-later
"""A payload that must not see what is in the state volume."""

from __future__ import annotations

from harness import check
from system import fastreboot
from system.machine import POOL, SystemMachine
from system.world import System, scenario

STATE_POOL = f"{POOL}@0x60000000,state=32M"
MARKER = "a-secret-that-was-preserved"
DEVICE = "/dev/fastreboot-state"
# Behind what a small file system has at its begin.
OFFSET = 24 << 20


def leave_marker(machine: SystemMachine) -> None:
    """Write something into the volume, not by its file system."""
    machine.sh(f"printf '{MARKER}' | dd of={DEVICE} bs=1 seek={OFFSET} "
               "conv=notrunc,fsync status=none")
    check.true("the marker is there", has_marker(machine))


def has_marker(machine: SystemMachine) -> bool:
    """Is it still there, anywhere in the volume?"""
    return machine.sh(f"grep -q -a '{MARKER}' {DEVICE}",
                      check=False).status == 0


def start(system: System) -> SystemMachine:
    """A machine with a marker in its state volume."""
    machine = system.machine()
    machine.start(append=STATE_POOL)
    leave_marker(machine)
    return machine


@scenario(timeout=900, variants={"orderly": {"options": []},
                                 "now": {"options": ["--now"]}})
def wiped(system: System, options: list[str]) -> None:
    """With --wipe-state nothing is left of it; without it stays."""
    machine = start(system)
    fastreboot.update(machine, "system-b", *options)
    check.true("the state is preserved", has_marker(machine))
    fastreboot.wait_confirmed(machine)
    release = fastreboot.releases(machine)["system-a"]
    slot = fastreboot.stage(machine, "--wipe-state", "--entry", release)
    check.equal("recorded", slot["source"]["wipe_state"], True)
    result = fastreboot.run(machine, "commit", "--dry-run", *options)
    check.true("the dry run says it", "will be overwritten" in result.text,
               result.text)
    check.true("a dry run wipes nothing", has_marker(machine))
    boot = machine.jump(" ".join(["fastreboot", "commit", *options]))
    check.equal("release", boot.release, release)
    check.true("nothing is left", not has_marker(machine))
    fastreboot.wait_confirmed(machine)


@scenario(timeout=900)
def in_use(system: System) -> None:
    """A volume that is in use is not jumped out of: not wiped, no jump."""
    machine = start(system)
    release = fastreboot.releases(machine)["system-b"]
    fastreboot.stage(machine, "--wipe-state", "--entry", release)
    # Mounted where no unit knows of it, and used.
    machine.sh(f"systemctl stop var-lib-fastreboot-state.mount; mkdir -p /mnt; "
               f"mount {DEVICE} /mnt && systemd-run -q --unit=holder "
               "--working-directory=/mnt sleep infinity")
    result = machine.sh("fastreboot commit --now", check=False)
    check.true("the commit fails", result.status != 0, result.text)
    check.true("nothing is wiped", has_marker(machine))
    check.equal("armed", fastreboot.status(machine)["armed"], None)
    machine.sh("systemctl stop holder.service; umount /mnt")


# Each runs when the wipe begins, needs the volume in another way, and is
# stopped with it; all but the last start again.
USERS = {
    "web": "[Unit]\nRequiresMountsFor=/var/lib/fastreboot/state/web\n"
           "[Service]\nExecStart=sleep infinity\n",
    "worker@1": "[Unit]\nPartOf=web.service\n"
                "[Service]\nExecStart=sleep infinity\n",
    "db": "[Unit]\nBindsTo=var-lib-fastreboot-state.mount\n"
          "After=var-lib-fastreboot-state.mount web.service\n"
          "[Service]\nExecStart=sleep infinity\n",
    "once": "[Unit]\nRequiresMountsFor=/var/lib/fastreboot/state\n"
            "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
            "ExecStart=mkdir /run/once\n",
}
IDLE = ("[Unit]\nRequiresMountsFor=/var/lib/fastreboot/state\n"
        "[Service]\nExecStart=sleep infinity\n")


def write_unit(machine: SystemMachine, name: str, text: str) -> None:
    """Give the guest a unit, or a part of one, until it is rebooted."""
    path = f"/run/systemd/system/{name}"
    machine.sh(f"mkdir -p $(dirname {path}); printf '%s' '{text}' >{path}")


def is_active(machine: SystemMachine, unit: str) -> bool:
    """Does it run?"""
    return machine.sh(f"systemctl -q is-active {unit}",
                      check=False).status == 0


@scenario(timeout=900)
def users_come_back(system: System) -> None:
    """What a wipe has stopped is started again if it fails."""
    machine = start(system)
    write_unit(machine, "fastreboot-wipe-state.service.d/fail.conf",
               "[Service]\nExecStart=\nExecStart=false\n")
    write_unit(machine, "idle.service", IDLE)
    for name, text in USERS.items():
        write_unit(machine, f"{name}.service", text)
    machine.sh("systemctl daemon-reload; systemctl start " + " ".join(USERS))
    release = fastreboot.releases(machine)["system-b"]
    fastreboot.stage(machine, "--wipe-state", "--entry", release)
    result = machine.sh("fastreboot commit --now", check=False)
    check.true("the commit fails", result.status != 0, result.text)
    log = machine.sh("journalctl -b -o cat -u fastrebootd").text
    check.true("the volume is mounted",
               is_active(machine, "var-lib-fastreboot-state.mount"), log)
    for name in USERS:
        again = name != "once"
        check.equal(f"{name} runs", is_active(machine, name), again)
        check.equal(f"{name} in the journal", f"{name}.service was stopped "
                    "with var-lib-fastreboot-state.mount, and is started again"
                    in log, again)
    check.true("what does not start is named", "once.service was stopped with "
               "var-lib-fastreboot-state.mount, and its start has ended with "
               '"failed"' in log, log)
    check.true("idle stays so", not is_active(machine, "idle"), log)
    check.true("no advice", "list-dependencies" not in log, log)
