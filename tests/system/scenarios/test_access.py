# SPDX-License-Identifier: GPL-2.0-or-later
"""Permissions, and what there is to be had on the machine at all."""

from __future__ import annotations

from harness import check
from system import fastreboot
from system.fastreboot import Exit
from system.world import System, scenario

# Verbs that change something, with words that make them valid.
CHANGES = (("stage", "--entry", "any"), ("commit",), ("commit", "--now"),
           ("confirm",), ("rollback",), ("unstage",))


@scenario(timeout=400)
def unprivileged(system: System) -> None:
    """A user reads the status; the rest is refused, and changes nothing."""
    machine = system.machine()
    machine.start()
    fastreboot.stage_release(machine,
                             fastreboot.releases(machine)["system-b"])
    before = fastreboot.status(machine)
    for options in ((), ("--json",)):
        fastreboot.run(machine, "status", *options, user="alice")
    fastreboot.run(machine, "timeline", user="alice", expect=Exit.NOT_FOUND)
    for words in CHANGES:
        fastreboot.run(machine, *words, user="alice",
                       expect=Exit.NOT_PERMITTED)
    fastreboot.run(machine, "status", "--private", user="alice",
                   expect=Exit.NOT_PERMITTED)
    after = fastreboot.status(machine)
    check.equal("slots", after["slots"], before["slots"])
    check.equal("armed", after["armed"], None)


@scenario(timeout=400)
def allowed_by_polkit(system: System) -> None:
    """A rule of polkit lets a user stage, and no more than that."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-b"]
    machine.sh("cat >/etc/polkit-1/rules.d/50-alice.rules <<'END'\n"
               "polkit.addRule(function(action, subject) {\n"
               '\tif (action.id == "org.fastreboot1.stage" && '
               'subject.user == "alice")\n'
               "\t\treturn polkit.Result.YES;\n"
               "});\nEND\nsystemctl restart polkit.service")
    fastreboot.run(machine, "stage", "--entry", release, user="alice")
    fastreboot.run(machine, "commit", user="alice",
                   expect=Exit.NOT_PERMITTED)
    fastreboot.run(machine, "unstage", user="alice",
                   expect=Exit.NOT_PERMITTED)


@scenario(timeout=400)
def unconfirmed_takes_more(system: System) -> None:
    """To commit from an unconfirmed kernel has an action of its own."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-b"]
    fastreboot.run(machine, "stage", "--entry", release)
    machine.sh("cat >/etc/polkit-1/rules.d/50-alice.rules <<'END'\n"
               "polkit.addRule(function(action, subject) {\n"
               '\tif (action.id == "org.fastreboot1.commit" && '
               'subject.user == "alice")\n'
               "\t\treturn polkit.Result.YES;\n"
               "});\nEND\nsystemctl restart polkit.service")
    fastreboot.run(machine, "commit", "--dry-run", user="alice")
    fastreboot.run(machine, "commit", "--dry-run", "--unconfirmed",
                   user="alice", expect=Exit.NOT_PERMITTED)


@scenario(timeout=400)
def no_pool(system: System) -> None:
    """Without a pool every verb says that there is none."""
    machine = system.machine()
    boot = machine.start(append="")
    check.equal("state of systemd", boot.state, "running")
    found = fastreboot.status(machine, Exit.NO_POOL)
    check.equal("pool", found["pool"], None)
    for words in (("stage", "--entry", "any"), ("verify",), ("commit",),
                  ("rollback",), ("unstage",)):
        fastreboot.run(machine, *words, expect=Exit.NO_POOL)
    machine.sh("systemctl is-active fastrebootd.service")


@scenario(timeout=400)
def unusable_pool(system: System) -> None:
    """The pool that was asked for can't be had: the status says why."""
    machine = system.machine()
    machine.allow(r"WARNING: ")
    machine.start(append="fastreboot=64M@0x1000")
    found = fastreboot.status(machine, Exit.NO_POOL)
    reason = machine.sh(f"cat {fastreboot.SYSFS}/error").text
    check.true("the kernel has a reason", bool(reason))
    check.true("the status tells it", reason in found["pool_error"],
               found["pool_error"])
    result = fastreboot.run(machine, "stage", "--entry", "any",
                            expect=Exit.NO_POOL)
    check.true("the command tells it", reason in result.text, result.text)


@scenario(timeout=400)
def no_kernel_support(system: System) -> None:
    """A kernel without fast reboot: every verb says so."""
    machine = system.machine()
    machine.start()
    machine.sh("systemctl stop fastrebootd.service; "
               "mount -t tmpfs tmpfs /sys/kernel; "
               "systemctl start fastrebootd.service")
    found = fastreboot.status(machine, Exit.UNSUPPORTED)
    check.equal("supported", found["supported"], False)
    for words in (("stage", "--entry", "any"), ("commit",), ("unstage",)):
        fastreboot.run(machine, *words, expect=Exit.UNSUPPORTED)
    machine.sh("systemctl is-active fastrebootd.service")


@scenario(timeout=400)
def no_bus(system: System) -> None:
    """Without a system bus root has the private socket."""
    machine = system.machine()
    machine.start()
    machine.sh("systemctl stop fastrebootd.service dbus.socket dbus.service")
    release = machine.sh("cd /boot/loader/entries; ls | grep -e '-b.conf$'"
                         ).text.removesuffix(".conf")
    fastreboot.stage_release(machine, release)
    fastreboot.run(machine, "verify")
    fastreboot.run(machine, "unstage")


@scenario(timeout=400)
def no_daemon(system: System) -> None:
    """The daemon can't be started: the command says so."""
    machine = system.machine()
    machine.start()
    machine.sh("systemctl mask --now fastrebootd.service fastrebootd.socket")
    fastreboot.run(machine, "status", expect=Exit.NO_DAEMON)
