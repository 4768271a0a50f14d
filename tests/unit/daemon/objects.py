# SPDX-License-Identifier: GPL-2.0-or-later
"""Preserved objects, and what an image declares to understand."""

from __future__ import annotations

import shutil
import subprocess

from .checks import check, equal
from .machine import DEADLINE, Machine
from .registry import test
from .volume import VOLUME


def save_object(machine: Machine, name: str, *words: str) -> None:
    """Make and publish an object of the state volume."""
    root = machine.folder / "root/var/lib/fastreboot/state"
    root.mkdir(exist_ok=True)
    subprocess.run([str(machine.build / "fastreboot"), "state", "save",
                    f"--root={root}", name, *words], input=b"data",
                   env=machine.environment, timeout=DEADLINE, check=True,
                   stdout=subprocess.DEVNULL)


@test
def objects_that_are_not_understood(machine: Machine) -> None:
    schemas = machine.folder / "Image0.schemas"
    machine.start(first=True)
    machine.set_sysfs("state_volume", VOLUME)
    save_object(machine, "sessions", "--schema=sessions", "--schema-version=3")
    save_object(machine, "anything")

    def commit(declared: str | None, status: int) -> str:
        if declared is not None:
            schemas.write_text(declared)
        machine.stage()
        said = machine.run("commit", "--dry-run", "--now", status=status)
        if status:
            machine.run("commit", "--now", status=status)
        equal(machine.sysfs("armed"), "none", "armed slot")
        slot = machine.status()["slots"][0]
        machine.run("unstage")
        return f"{said}{slot['source'].get('schemas', 'nothing declared')}"

    check("nothing declared" in commit(None, 0), "nothing is declared")
    said = commit("# of the image\nroutes 1\nsessions 1-2\n", 4)
    check("does not understand sessions (sessions 3)" in said, said)
    check(said.endswith("routes 1\nsessions 1-2"), said)
    said = commit("sessions 1-3\n", 0)
    check("2 preserved objects, all understood" in said, said)
    shutil.rmtree(machine.folder / "root/var/lib/fastreboot/state")
    said = commit("sessions 1-3\n", 4)
    check("is a state volume mounted there?" in said, said)
    machine.set_sysfs("state_volume", "none")
    said = commit("sessions 1-3\n", 0)
    check("there is no state volume" in said, said)
    schemas.write_text("sessions 3-\n")
    check("Image0.schemas:1:" in machine.stage(0, status=10),
          "the mistake's place")
    schemas.write_text("".join(f"schema-of-{i:03} 1\n" for i in range(256)))
    check("declare fewer schemas" in machine.stage(0, status=14), "the limit")
    check("declare fewer schemas" in machine.stage(0, "--dry-run", status=14),
          "the limit of a dry run")
    equal(machine.slots(), ["empty", "empty"], "slots")


@test
def declaration_that_was_checked_counts(machine: Machine) -> None:
    schemas = machine.folder / "Image0.schemas"
    schemas.write_text("routes 1\n")
    machine.start(first=True)
    machine.set_sysfs("slow", "400000")
    client = machine.popen("stage", f"--kernel={machine.folder}/Image0")
    machine.wait(lambda: machine.sysfs("slot0/status") == "staging", "staging")
    schemas.write_text("a mistake\n")
    equal(machine.sysfs("slot0/status"), "staging", "slot 0, still")
    machine.set_sysfs("slow", "0")
    equal(client.wait(DEADLINE), 0, "status of the stage")
    equal(machine.status()["slots"][0]["source"]["schemas"], "routes 1",
          "what is recorded")
