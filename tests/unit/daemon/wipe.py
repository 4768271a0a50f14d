# SPDX-License-Identifier: GPL-2.0-or-later
"""Wiping the state volume before the jump."""

from __future__ import annotations

import os
import subprocess

from .checks import check, equal
from .machine import DEADLINE, Machine
from .registry import test
from .volume import (ADVICE, install, is_wiped, MAY_BE_WIPED, SHUTDOWN_HOOK,
                     STATE_MOUNT, state_volume, USERS, VOLUME, WIPE_PROGRAM,
                     WIPE_UNIT)


@test
def wipes_without_systemd(machine: Machine) -> None:
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start(first=True)
    device = state_volume(machine)
    machine.stage(0, "--wipe-state")
    equal(machine.status()["slots"][0]["source"]["wipe_state"], True,
          "wipe_state")
    check("the state volume is wiped" in machine.run("status"), "the status")
    text = machine.run("commit", "--now", "--dry-run", status=4)
    check("without --wipe-state" in text, text)
    install(machine, WIPE_PROGRAM)
    text = machine.run("commit", "--now", "--dry-run")
    check(f"{VOLUME}, will be overwritten" in text, text)
    check(not is_wiped(device), "a dry run wipes")
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    check(is_wiped(device), "it was not wiped")
    check(not (machine.folder / "hooks").exists(), "unfreeze hooks have run")


@test
def no_jump_if_the_wipe_fails(machine: Machine) -> None:
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start(first=True)
    device = state_volume(machine)
    os.truncate(device, 4096)
    install(machine, WIPE_PROGRAM)
    machine.stage(0, "--wipe-state")
    text = machine.run("commit", "--now", status=4)
    check("4096 of them only" in text, text)
    equal(machine.slots()[0], "sealed", "slot 0")
    equal((machine.folder / "hooks").read_text(), "unfreeze\n", "hooks")
    check(not (machine.folder / "sys/left").exists(), "it has jumped")
    machine.stage(1)
    machine.run("commit", "--now", "1")


@test
def wipes_by_a_unit(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    state_volume(machine)
    machine.stage(0, "--wipe-state")
    (machine.folder / "systemd/units").write_text(USERS)
    (machine.folder / f"systemd/units.{WIPE_UNIT}").touch()
    result = machine.folder / "systemd/job-result"
    result.write_text("failed\n")
    text = machine.run("commit", "--now", status=4)
    check(f"{WIPE_UNIT} has ended with" in text, text)
    equal(machine.started_units(), [
        f"{WIPE_UNIT} replace", f"{STATE_MOUNT} replace"], "units")
    check(ADVICE in machine.log(), machine.log())
    equal(machine.slots()[0], "sealed", "slot 0")
    result.write_text("done\n")
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    equal(machine.started_units()[2:], [f"{WIPE_UNIT} replace"], "units")


@test
def mounts_again_if_the_jump_fails(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True, FASTREBOOT_NO_JUMP="1")
    state_volume(machine)
    (machine.folder / "systemd/job-result").write_text("done\n")
    machine.stage(0, "--wipe-state")
    machine.run("commit", "--now")
    machine.wait_log("the machine stays")
    equal(machine.started_units(), [
        f"{WIPE_UNIT} replace", f"{STATE_MOUNT} replace"], "units")
    check(MAY_BE_WIPED in machine.log(), machine.log())


@test
def mounts_again_if_it_was_killed(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    state_volume(machine)
    machine.stage(0, "--wipe-state")
    (machine.folder / "systemd/units").write_text(USERS)
    client = machine.popen("commit", "--now")
    machine.wait(lambda: bool(machine.started_units()), "wipe")
    machine.kill()
    client.wait(DEADLINE)
    assert client.stdout
    client.stdout.close()
    (machine.folder / "systemd/job-result").write_text("done\n")
    machine.start()
    machine.wait_log("slot 0 was armed, but the commit was interrupted")
    equal(machine.started_units(), [
        f"{WIPE_UNIT} replace", f"{STATE_MOUNT} replace"], "units")
    check(ADVICE in machine.log(), machine.log())


@test
def wipes_at_the_end_of_a_shutdown(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    device = state_volume(machine)
    machine.stage(0, "--wipe-state")
    text = machine.run("commit", "--dry-run", status=4)
    check("system-shutdown" in text, text)
    hook = install(machine, SHUTDOWN_HOOK)
    subprocess.run([str(hook), "kexec"], check=True)
    check(not is_wiped(device), "it wipes for what is not armed")
    machine.run("commit")
    machine.wait_log("systemd starts kexec.target")
    check(not is_wiped(device), "it is wiped too early")
    subprocess.run([str(hook), "reboot"], check=True)
    check(not is_wiped(device), "it wipes for a reboot by firmware")
    subprocess.run([str(hook), "kexec"], check=True)
    check(is_wiped(device), "it was not wiped")
    equal(machine.sysfs("armed"), "0", "armed slot")
    os.truncate(device, 4096)
    failed = subprocess.run([str(hook), "kexec"], check=False,
                            capture_output=True, text=True)
    check(failed.returncode == 1 and "firmware boots" in failed.stderr,
          failed.stderr)
    equal(machine.sysfs("armed"), "none", "armed slot")


@test
def nothing_is_armed_while_it_is_wiped(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    device = state_volume(machine)
    install(machine, SHUTDOWN_HOOK)
    hook = machine.folder / SHUTDOWN_HOOK
    machine.stage(0, "--wipe-state")
    machine.run("commit")
    machine.wait_log("systemd starts kexec.target")
    device.unlink()
    os.mkfifo(device)
    # It waits for a writer of the pipe, as for a device that is stuck.
    with subprocess.Popen([str(hook), "kexec"]) as wiper:
        machine.wait(lambda: machine.sysfs("armed") == "none", "disarming")
        wiper.kill()
    equal(machine.sysfs("armed"), "none", "armed slot")
