# SPDX-License-Identifier: GPL-2.0-or-later
"""Units that are stopped with the state volume, and started again."""

from __future__ import annotations

from .checks import check, equal
from .machine import Machine
from .registry import test
from .volume import (ADVICE, MAY_BE_WIPED, STATE_MOUNT, state_volume, STOPPED,
                     USERS, WIPE_UNIT)


def use_state_volume(machine: Machine, users: str = USERS) -> None:
    """Have units that need its mount, and a wipe that stops all but one."""
    folder = machine.folder / "systemd"
    (folder / "units").write_text(users)
    (folder / f"units.{WIPE_UNIT}").write_text("busy.service active\n")
    (folder / "job-result").write_text("done\n")
    (folder / f"job-result.{WIPE_UNIT}").write_text("failed\n")
    state_volume(machine)
    machine.stage(0, "--wipe-state")


def started_after_the_mount(machine: Machine) -> list[str]:
    """What systemd was asked to start when the volume was there again."""
    started = machine.started_units()
    equal(started[:2], [f"{WIPE_UNIT} replace", f"{STATE_MOUNT} replace"],
          "the first units")
    return started[2:]


@test
def starts_again_what_a_failed_wipe_stopped(machine: Machine) -> None:
    machine.hook("unfreeze", "10-a",
                 f"cp {machine.folder}/systemd/started {machine.folder}/hook")
    machine.start_systemd()
    machine.start(first=True)
    use_state_volume(machine)
    text = machine.run("commit", "--now", status=4)
    check(f"{WIPE_UNIT} has ended with" in text, text)
    equal(started_after_the_mount(machine),
          [f"{unit} replace" for unit in STOPPED], "units")
    for unit in STOPPED:
        check(f"{unit} was stopped with {STATE_MOUNT}, and is started again\n"
              in machine.log(), machine.log())
    check(MAY_BE_WIPED in machine.log(), machine.log())
    equal((machine.folder / "hook").read_text(),
          (machine.folder / "systemd/started").read_text(), "before the hooks")


@test
def starts_the_others_if_one_does_not_start(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    use_state_volume(machine)
    (machine.folder / "systemd/refuse.web.service").touch()
    (machine.folder / "systemd/job-result.db.service").write_text("timeout\n")
    machine.run("commit", "--now", status=4)
    equal(started_after_the_mount(machine),
          [f"{unit} replace" for unit in STOPPED[1:]], "units")
    log = machine.log()
    check("web.service was stopped with" in log and
          "can't start it: Unit web.service is masked." in log, log)
    check("db.service was stopped with" in log and
          "its start has ended with \"timeout\"" in log, log)
    for unit in STOPPED[:2]:
        check(f"{unit} was stopped with {STATE_MOUNT}, and is started again"
              not in log, log)
    for unit in STOPPED[2:]:
        check(f"{unit} was stopped with {STATE_MOUNT}, and is started again"
              in log, log)


@test
def starts_again_if_the_jump_fails(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True, FASTREBOOT_NO_JUMP="1")
    use_state_volume(machine)
    (machine.folder / f"systemd/job-result.{WIPE_UNIT}").unlink()
    machine.run("commit", "--now")
    machine.wait_log("the machine stays")
    equal(started_after_the_mount(machine),
          [f"{unit} replace" for unit in STOPPED], "units")
    check(MAY_BE_WIPED in machine.log(), machine.log())


@test
def more_units_than_are_remembered(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    names = [f"user-{i}.service" for i in range(300)]
    use_state_volume(machine, "".join(
        [f"{STATE_MOUNT} active"] + [f" RequiredBy={name}" for name in names] +
        [f"\n{name} active" for name in names]) + "\n")
    machine.run("commit", "--now", status=4)
    equal(started_after_the_mount(machine),
          [f"{name} replace" for name in names[:255]], "units")
    check("not all units that need the state volume are known: there are more "
          "than 255\n" in machine.log(), machine.log())
    check(ADVICE in machine.log(), machine.log())
