# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operator asks for besides staging and rebooting."""

from __future__ import annotations

import json
from typing import Any

from harness import check
from system import fastreboot
from system.fastreboot import Exit
from system.machine import SystemMachine
from system.world import System, scenario


def history(machine: SystemMachine) -> list[dict[str, Any]]:
    """The updates that the journal knows of, the newest first."""
    text = fastreboot.run(machine, "history", "--json").text
    updates: list[dict[str, Any]] = json.loads(text)["updates"]
    return updates


@scenario(timeout=1200)
def history_of_updates(system: System) -> None:
    """Two updates and a rollback, as the journal tells of them."""
    machine = system.machine()
    first = machine.start().release
    check.equal("updates at first", history(machine), [])
    fastreboot.update(machine, "system-b")
    found = fastreboot.wait_confirmed(machine)
    [update] = history(machine)
    check.equal("update", (update["kind"], update["from"], update["to"],
                           update["status"], update["blackout_ns"]),
                ("update", first, found["release"], "confirmed",
                 found["timeline"]["blackout_ns"]))
    fastreboot.update(machine, "system-a")
    fastreboot.wait_confirmed(machine)
    machine.jump("fastreboot rollback --reason='it smells'")
    fastreboot.wait_confirmed(machine)
    back, *before = history(machine)
    check.equal("rollback", (back["kind"], back["from"], back["to"],
                             back["status"], back["reason"]),
                ("rollback", first, found["release"], "confirmed",
                 "it smells"))
    check.equal("updates before", [(one["to"], one["status"])
                                   for one in before],
                [(first, "confirmed"), (found["release"], "confirmed")])
    text = fastreboot.run(machine, "history", "1").text
    check.true("a line for people", "rollback" in text and "it smells" in text
               and "update" not in text, text)
    result = fastreboot.run(machine, "history", user="alice",
                            expect=Exit.NOT_PERMITTED)
    check.true("others are told who may", "systemd-journal" in result.text)


@scenario(timeout=900)
def commit_that_is_scheduled(system: System) -> None:
    """A delay is systemd's; it can be cancelled, and comes."""
    machine = system.machine()
    old = machine.start().release
    new = fastreboot.releases(machine)["system-b"]
    fastreboot.run(machine, "commit", "--delay=1h", expect=Exit.NOT_STAGED)
    fastreboot.stage_release(machine, new)
    fastreboot.run(machine, "commit", "--delay=1h", "--message=lunch")
    check.true("the status has the time",
               fastreboot.status(machine)["scheduled_at"])
    text = fastreboot.run(machine, "status").text
    check.true("and says how to cancel it", "'fastreboot cancel'" in text, text)
    fastreboot.run(machine, "cancel")
    check.equal("time after that", fastreboot.status(machine)["scheduled_at"],
                None)
    fastreboot.run(machine, "cancel", expect=Exit.NOT_FOUND)
    boot = machine.jump("fastreboot commit --delay=5s --now")
    check.true("the other kernel", boot.release not in (old,), boot.release)
    fastreboot.wait_confirmed(machine)


@scenario(timeout=900)
def disarmed_on_the_way_down(system: System) -> None:
    """A commit that is disarmed while services stop is a reboot by firmware."""
    machine = system.machine()
    first = machine.start()
    machine.sh("cat >/etc/systemd/system/slow.service <<'END'\n"
               "[Unit]\nAfter=fastrebootd.service dbus.service\n"
               "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
               "ExecStart=/bin/true\n"
               "ExecStop=/usr/bin/fastreboot disarm\nEND\n"
               "systemctl daemon-reload; systemctl start slow.service")
    fastreboot.stage_release(machine, fastreboot.releases(machine)["system-b"])
    after = machine.restart("fastreboot commit")
    check.equal("release", after.release, first.release)
    found = fastreboot.status(machine)
    check.true("no fast reboot", found["boot_reason"] != "fast-reboot")
    check.equal("tries", found["tries"], 0)


@scenario(timeout=600)
def doctor_and_list(system: System) -> None:
    """What they say of a machine that is in order."""
    machine = system.machine()
    machine.start()
    listed = json.loads(fastreboot.run(machine, "list", "--json").text)
    check.equal("entries", sorted(entry["name"] for entry in listed["entries"]),
                sorted(fastreboot.releases(machine).values()))
    check.true("all can be staged",
               all(entry["possible"] for entry in listed["entries"]), listed)
    found = json.loads(fastreboot.run(machine, "check", "--json").text)
    check.equal("problems", [line for line in found["checks"]
                             if line["status"] == "problem"], [])
    machine.sh("systemctl disable fastreboot-confirm.service")
    text = fastreboot.run(machine, "check", expect=Exit.REFUSED).text
    check.true("the unit that is missing is named",
               "systemctl enable fastreboot-confirm.service" in text, text)


@scenario(timeout=900)
def boot_loaders_counter(system: System) -> None:
    """What ends a boot loader's count runs after a boot by firmware, and not after a jump."""
    machine = system.machine()
    machine.start()
    machine.sh("cat >/etc/systemd/system/systemd-bless-boot.service <<'END'\n"
               "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
               "ExecStart=/bin/touch /run/counted\n"
               "[Install]\nWantedBy=multi-user.target\nEND\n"
               "systemctl daemon-reload\n"
               "systemctl enable --now systemd-bless-boot.service")
    machine.sh("test -e /run/counted")
    fastreboot.update(machine, "system-b")
    found = machine.sh("systemctl show -P Result systemd-bless-boot.service; "
                       "ls /run/counted", check=False)
    check.equal("result after a jump", found.lines[0], "exec-condition")
    check.true("it has not run", found.status != 0)
    check.equal("state of systemd",
                machine.sh("systemctl is-system-running --wait").text,
                "running")
    fastreboot.wait_confirmed(machine)
    machine.restart("systemctl reboot")
    machine.sh("test -e /run/counted")
