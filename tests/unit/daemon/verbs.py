# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operator asks for besides staging and rebooting."""

from __future__ import annotations

import json
import os

from .checks import check, equal
from .commit import commit_that_syncs
from .machine import DEADLINE, Machine, jump
from .registry import test


@test
def another_clients_job_is_cancelled(machine: Machine) -> None:
    client = commit_that_syncs(machine)
    text = machine.run("cancel")
    check("The job is cancelled" in text, text)
    equal(client.wait(DEADLINE), 11, "status of the cancelled commit")
    equal(machine.sysfs("armed"), "none", "armed slot")
    text = machine.run("cancel", status=15)
    check("no job is running" in text, text)


@test
def disarmed_while_the_system_goes_down(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    machine.run("commit")
    machine.wait(lambda: bool(machine.started_units()), "kexec.target")
    equal(machine.sysfs("armed"), "0", "armed slot")
    text = machine.run("disarm")
    check("firmware boots the machine" in text, text)
    equal(machine.sysfs("armed"), "none", "armed slot")
    mirror = json.loads((machine.folder / "root/var/lib/fastreboot/update.json")
                        .read_text())
    equal(mirror["tries"], 0, "tries on disk")
    machine.run("disarm", status=3)


@test
def disarmed_what_a_kexec_tool_has_armed(machine: Machine) -> None:
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start(first=True)
    machine.stage()
    text = machine.run("disarm", status=3)
    check("no slot is armed" in text, text)
    machine.set_sysfs("armed", "0")
    machine.set_sysfs("slot0/status", "armed")
    text = machine.run("disarm")
    check("slot 0 is disarmed" in text, text)
    equal(machine.sysfs("armed"), "none", "armed slot")
    equal((machine.folder / "hooks").read_text(), "unfreeze\n", "hooks")


@test
def entries_are_listed(machine: Machine) -> None:
    boot = machine.folder / "root/boot"
    (boot / "loader/entries").mkdir(parents=True)
    for name in ("Image0", "initrd"):
        (boot / name).write_bytes((machine.folder / name).read_bytes())
    for name, kernel in (("good", "/Image0"), ("gone", "/no-such-kernel")):
        (boot / f"loader/entries/{name}+3.conf").write_text(
            f"title The {name} one\nlinux {kernel}\ninitrd /initrd\n"
            "options quiet\n")
    machine.configure(f"[Commit]\nWatchdogSec=0\n[Stage]\nBootRoots={boot}\n")
    text = machine.run("list")
    check("good" in text and "The good one\n" in text, text)
    check("gone" in text and "can't be staged: " in text, text)
    (boot / os.fsdecode(b"loader/entries/\xff.conf")).write_text("linux /x\n")
    names = [entry["name"]
             for entry in json.loads(machine.run("list", "--json"))["entries"]]
    equal(names, ["?", "good", "gone"], "names of entries")
    (boot / os.fsdecode(b"loader/entries/\xff.conf")).unlink()
    machine.start(first=True)
    machine.run("stage", "good")
    text = machine.run("list")
    check("The good one, staged in slot 0\n" in text, text)
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    machine.stop()
    machine.start(jump=True)
    entries = json.loads(machine.run("list", "--json"))["entries"]
    equal([(entry["name"], entry["possible"], entry["running"])
           for entry in entries],
          [("good", True, True), ("gone", False, False)], "entries")


@test
def start_is_told_once(machine: Machine) -> None:
    machine.start(first=True)
    machine.stop()
    machine.start()
    equal(machine.log().count("was started: "), 1, "starts that were told")
    (machine.folder / "run/started").unlink()
    jump(machine)
    machine.wait_log("was started: fast-reboot, with a blackout of ")


@test
def commit_is_scheduled(machine: Machine) -> None:
    for name in ("systemd-run", "systemctl", "wall"):
        machine.program(f"/usr/bin/{name}")
    (machine.folder / "root/run/systemd/system").mkdir(parents=True)
    machine.start(first=True)
    machine.run("commit", "--delay=5min", status=3)
    machine.stage()
    text = machine.run("commit", "--delay=5min", "--now", "--message=tea time")
    check("slot-verified" in text and "The commit is scheduled\n" in text, text)
    equal(machine.sysfs("armed"), "none", "armed slot")
    words = "\n".join(machine.ran())
    for line in ("--on-active=300000000us\n", "--unit=fastreboot-commit\n",
                 "commit\n--now\n--message\ntea time\n", "/usr/bin/wall\nThe system "
                 "reboots at "):
        check(line in words, words)
    machine.run("commit", "--delay=1h", "--now", "--message=$HOME costs 5%")
    check("$$HOME costs 5%" in machine.ran(), "a variable's value would be told")
    machine.program("/usr/bin/systemd-run", 1)
    text = machine.run("commit", "--delay=1s", "--now", status=1)
    check("systemd-run has refused" in text, text)
    result = json.loads(machine.run("commit", "--delay=1s", "--now", "--json",
                                    status=1))
    equal(result["result"], "Failed", "the only result")


@test
def message_of_a_commit(machine: Machine) -> None:
    machine.program("/usr/bin/wall")
    machine.start(first=True)
    machine.stage()
    machine.run("commit", "--now", "--dry-run", "--message=no")
    equal(machine.ran(), [], "warnings of a dry run")
    machine.run("commit", "--now", "--message=see you")
    equal(machine.ran(), ["/usr/bin/wall", "The system reboots now.", "see you"], "wall")
    text = machine.run("commit", "--delay=1s", status=6)
    check("under way" in text, text)
