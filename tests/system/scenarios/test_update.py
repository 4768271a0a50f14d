# SPDX-License-Identifier: GPL-2.0-or-later
"""An update, as an operator does it."""

from __future__ import annotations

import json

from harness import check
from system import fastreboot
from system.fastreboot import Exit
from system.machine import SystemMachine
from system.world import System, scenario

PHASES = ["reboot", "devices_down", "cpus_down", "jump", "kernel_entry",
          "init"]


def check_timeline(machine: SystemMachine, orderly: bool) -> None:
    """Is every phase there, and what systemd took before and after?"""
    timeline = json.loads(fastreboot.run(machine, "timeline", "--json").text)
    check.equal("schema", timeline["schema"], "org.fastreboot.timeline/1")
    check.equal("phases", [phase["name"] for phase in timeline["phases"]],
                PHASES)
    check.equal("relocated", (timeline["relocated_bytes"],
                              timeline["relocated_ranges"]), (0, 0))
    check.equal("the blackout ends with init", timeline["blackout_ns"],
                timeline["phases"][-1]["at_ns"])
    userspace = timeline["userspace"]
    check.true("the time that systemd took to start is known",
               (userspace["start_ns"] or 0) > 0, userspace)
    if orderly:
        check.true("the time of the shutdown is known",
                   (userspace["shutdown_ns"] or 0) > 0, userspace)


def check_metrics(machine: SystemMachine) -> None:
    """Is the blackout there for a collector that is not root?"""
    timeline = json.loads(fastreboot.run(machine, "timeline", "--json").text)
    blackout = machine.sh(
        "runuser -u alice -- sed -n 's/^fastreboot_blackout_seconds //p' "
        "/var/lib/fastreboot/metrics.prom").text
    check.equal("blackout of the metrics, in nanoseconds",
                round(float(blackout) * 1e9), timeline["blackout_ns"])


@scenario(timeout=700)
def staging_is_no_reboot(system: System) -> None:
    """With a payload staged, `systemctl reboot` resets the machine."""
    machine = system.machine()
    first = machine.start()
    releases = fastreboot.releases(machine)
    fastreboot.stage_release(machine, releases["system-b"])
    check.equal("kexec_loaded", machine.sh("cat /sys/kernel/kexec_loaded"
                                           ).text, "0")
    after = machine.restart("systemctl reboot")
    check.equal("release", after.release, first.release)
    check.true("it was no fast reboot", machine.sh(
        f"cat {fastreboot.SYSFS}/boot_reason").text != "fast-reboot")


@scenario(timeout=900, variants={"orderly": {"options": []},
                                 "now": {"options": ["--now"]}})
def update(system: System, options: list[str]) -> None:
    """Stage an entry, commit; the new kernel runs and is confirmed."""
    machine = system.machine()
    before = machine.start()
    after = fastreboot.update(machine, "system-b", *options)
    check.true("another kernel", after.release != before.release)
    check.equal("state of systemd", after.state, "running")
    found = fastreboot.wait_confirmed(machine)
    check.equal("boot_reason", found["boot_reason"], "fast-reboot")
    check.equal("generation", found["generation"], 1)
    check.true("it runs from a slot", found["running"] is not None)
    check.equal("previous release", found["previous_release"], before.release)
    check.equal("update", found["last_update"]["status"], "confirmed")
    check.equal("tries", found["tries"], 0)
    check_timeline(machine, orderly=not options)
    check.true("the journal tells of the confirmation, and explains it",
               "Defined-By: fastreboot" in machine.sh(
                   "journalctl -b -x -t fastrebootd -g 'is confirmed'").text)
    check_metrics(machine)
    fastreboot.run(machine, "status")
    fastreboot.run(machine, "timeline")


@scenario(timeout=900)
def there_and_back(system: System) -> None:
    """Two updates, one after the other, each into the slot that is free."""
    machine = system.machine()
    machine.start()
    slots = []
    for variant in ("system-b", "system-a"):
        fastreboot.update(machine, variant)
        slots.append(fastreboot.wait_confirmed(machine)["running"])
    check.equal("slots", sorted(slots), [0, 1])
    check.equal("generation", fastreboot.status(machine)["generation"], 2)


@scenario(timeout=400)
def dry_run(system: System) -> None:
    """A dry run checks and changes nothing; without a payload it says so."""
    machine = system.machine()
    before = machine.start()
    fastreboot.run(machine, "commit", "--dry-run", expect=Exit.NOT_STAGED)
    fastreboot.run(machine, "commit", expect=Exit.NOT_STAGED)
    fastreboot.run(machine, "verify", expect=Exit.NOT_STAGED)
    fastreboot.run(machine, "unstage", expect=Exit.NOT_STAGED)
    release = fastreboot.releases(machine)["system-b"]
    fastreboot.run(machine, "stage", "--dry-run", "--entry", release)
    check.equal("slots that are sealed after a dry run", [], [
        slot for slot in fastreboot.status(machine)["slots"]
        if slot["status"] != "empty"])
    fastreboot.stage_release(machine, release)
    found = json.loads(fastreboot.run(machine, "commit", "--dry-run",
                                      "--json").text)
    names = [one["name"] for one in found["details"]["checks"]]
    check.true("each check has a line", {"slot-verified", "root-device",
                                         "tries"} <= set(names), names)
    check.equal("armed", fastreboot.status(machine)["armed"], None)
    after = machine.sh("uname -r").text
    check.equal("release", after, before.release)
    fastreboot.run(machine, "unstage")


@scenario(timeout=500)
def refused(system: System) -> None:
    """What a check or a hook refuses is not committed; unfreeze hooks run."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-b"]
    hooks = "/etc/fastreboot"
    fastreboot.stage(machine, "--entry", release, "--cmdline",
                     "root=UUID=00000000-0000-0000-0000-000000000000")
    fastreboot.run(machine, "commit", expect=Exit.REFUSED)
    fastreboot.run(machine, "unstage")
    fastreboot.stage_release(machine, release)
    machine.sh(f"printf '#!/bin/sh\necho the database is busy\nexit 1\n' "
               f">{hooks}/preflight.d/50-no; "
               f"chmod +x {hooks}/preflight.d/50-no")
    result = fastreboot.run(machine, "commit", expect=Exit.REFUSED)
    check.true("the hook is named", "50-no" in result.text, result.text)
    machine.sh(f"mv {hooks}/preflight.d/50-no {hooks}/quiesce.d/; "
               f"printf '#!/bin/sh\ntouch /run/fastreboot/unfrozen\n' "
               f">{hooks}/unfreeze.d/50-yes; "
               f"chmod +x {hooks}/unfreeze.d/50-yes")
    result = machine.sh("fastreboot commit", check=False)
    check.true("the commit fails", result.status != 0, result.text)
    machine.sh("test -e /run/fastreboot/unfrozen")
    check.equal("armed", fastreboot.status(machine)["armed"], None)


@scenario(timeout=900)
def max_blackout(system: System) -> None:
    """A commit is refused if the last blackout was longer than allowed."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-a"]
    fastreboot.update(machine, "system-b")
    fastreboot.wait_confirmed(machine)
    fastreboot.stage_release(machine, release)
    result = fastreboot.run(machine, "commit", "--max-blackout=1us",
                            expect=Exit.REFUSED)
    check.true("it says how long it took", "max-blackout" in result.text
               and "are allowed" in result.text, result.text)
    check.equal("armed", fastreboot.status(machine)["armed"], None)
    fastreboot.run(machine, "commit", "--max-blackout=1h", "--dry-run")
    fastreboot.configure(machine, "[Commit]\nMaxBlackoutSec=1us")
    fastreboot.run(machine, "commit", "--dry-run", expect=Exit.REFUSED)
    fastreboot.run(machine, "commit", "--max-blackout=1h", "--dry-run")


@scenario(timeout=500)
def monitor(system: System) -> None:
    """A monitor sees a job from its begin to its end, and what changes."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-b"]
    machine.sh("systemd-run -q --unit=monitor -p StandardOutput=file:/run/events "
               "fastreboot monitor --json; "
               "grep -q -m1 watching <(tail -n +1 -F /run/events 2>/dev/null)")
    fastreboot.stage_release(machine, release)
    fastreboot.run(machine, "confirm")
    machine.sh("grep -q -m1 job-removed <(tail -n +1 -F /run/events); "
               "systemctl stop monitor.service; pkill -x tail || :")
    events = [json.loads(line) for line in machine.sh("cat /run/events").lines]
    for event in events:
        check.equal("schema", event["schema"], "org.fastreboot.event/1")
    kinds = [event["event"] for event in events]
    check.equal("first event", kinds[0], "watching")
    check.true("each kind of event is there",
               {"job-new", "progress", "job-removed", "property"}
               <= set(kinds), kinds)
    check.true("in their order", kinds.index("job-new")
               < kinds.index("progress") < kinds.index("job-removed"), kinds)
    done = [event for event in events if event["event"] == "progress"
            and event["step"] == "staging"]
    check.true("the progress gets to its end",
               bool(done) and done[-1]["done"] == done[-1]["total"] > 0, done[-1:])
    removed = events[kinds.index("job-removed")]
    check.equal("the job", (removed["kind"], removed["result"]),
                ("stage", "done"))


@scenario(timeout=1200)
def delayed(system: System) -> None:
    """A program that delays a shutdown is given its time, by logind."""
    machine = system.machine()
    machine.start()
    machine.sh("systemd-run --unit=delays systemd-inhibit --mode=delay "
               "--what=shutdown --who=editor --why=unsaved sleep infinity; "
               "until systemd-inhibit --list | grep -q unsaved; do :; done")
    fastreboot.update(machine, "system-b")
    fastreboot.wait_confirmed(machine)
    check.true("the daemon goes by logind", bool(fastreboot.messages(
        machine, "logind reboots by kexec", "-b -1")))
    check.true("logind waited for the program", machine.sh(
        "journalctl -b -1 -u systemd-logind -o cat -q | "
        "grep -q 'Delay lock is active'", check=False).status == 0)
