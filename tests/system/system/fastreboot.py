# SPDX-License-Identifier: GPL-2.0-or-later
"""What scenarios know about fastreboot on a system."""

from __future__ import annotations

import enum
import hashlib
import json
import shlex
from typing import Any

from harness import check
from harness.errors import ScenarioFailure

from .machine import Result, SystemBoot, SystemMachine

SYSFS = "/sys/kernel/fastreboot"
DROP_IN = "/etc/fastreboot/fastreboot.conf.d/test.conf"


class Exit(enum.IntEnum):
    """Exit statuses of the command: fastreboot(1)."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_STAGED = 3
    REFUSED = 4
    VERIFICATION_FAILED = 5
    BUSY = 6
    NOT_PERMITTED = 7
    NO_POOL = 8
    UNSUPPORTED = 9
    INVALID_PAYLOAD = 10
    CANCELLED = 11
    NO_DAEMON = 12
    STALE = 13
    TOO_LARGE = 14
    NOT_FOUND = 15
    SIGNATURE = 16
    SOURCE_CHANGED = 17
    NO_MEMORY = 18
    OTHER_PAYLOAD = 19


def run(machine: SystemMachine, *words: str, expect: Exit = Exit.OK,
        user: str | None = None) -> Result:
    """Run the command; fail unless it ends with the status expected.

    user -- that runs it; root otherwise
    """
    script = shlex.join(["fastreboot", *words])
    if user is not None:
        script = f"runuser -u {user} -- {script}"
    result = machine.sh(script, check=False)
    if result.status != expect:
        raise ScenarioFailure(
            f"`{script}` ended with {_name(result.status)}, expected "
            f"{expect.name}: {result.text}")
    check.true(f"`{script}` says something when it fails",
               expect is Exit.OK or bool(result.text))
    return result


def status(machine: SystemMachine, expect: Exit = Exit.OK) -> dict[str, Any]:
    """What `fastreboot status --json` says.

    expect -- its exit status, which tells of a machine that has no pool
    """
    found: dict[str, Any] = json.loads(
        run(machine, "status", "--json", expect=expect).text)
    check.equal("schema of the status", found["schema"],
                "org.fastreboot.status/1")
    return found


def staged_slot(machine: SystemMachine) -> dict[str, Any]:
    """The one slot that is sealed."""
    sealed: list[dict[str, Any]] = [
        slot for slot in status(machine)["slots"]
        if slot["status"] == "sealed"]
    check.equal("number of sealed slots", len(sealed), 1)
    return sealed[0]


def stage(machine: SystemMachine, *words: str) -> dict[str, Any]:
    """Stage a payload; return its slot."""
    run(machine, "stage", *words)
    return staged_slot(machine)


def stage_release(machine: SystemMachine, release: str) -> dict[str, Any]:
    """Stage the entry of a release; return its slot."""
    slot = stage(machine, "--entry", release)
    check.equal("release of the staged payload", slot["release"], release)
    return slot


def releases(machine: SystemMachine) -> dict[str, str]:
    """Releases of the kernels on the disk, by variant."""
    found = machine.sh("cd /boot/loader/entries; ls *.conf").lines
    return {f"system-{name[-6]}": name.removesuffix(".conf")
            for name in found}


def update(machine: SystemMachine, variant: str, *options: str
           ) -> SystemBoot:
    """Stage a kernel, commit, and wait until it is up."""
    release = releases(machine)[variant]
    stage_release(machine, release)
    boot = machine.jump(shlex.join(["fastreboot", "commit", *options]))
    check.equal("release", boot.release, release)
    return boot


def wait_confirmed(machine: SystemMachine) -> dict[str, Any]:
    """Wait until the running kernel is confirmed; return the status."""
    # start: waits for the job that the boot has made, if it still runs
    machine.sh("systemctl start fastreboot-confirm.service")
    found = status(machine)
    check.equal("confirmed", found["confirmed"], True)
    return found


def configure(machine: SystemMachine, text: str) -> None:
    """Write a drop-in of the configuration, and have it read."""
    machine.sh(f"mkdir -p $(dirname {DROP_IN}); cat >{DROP_IN} <<'END'\n"
               f"{text}\nEND\nsystemctl restart fastrebootd.service")


def messages(machine: SystemMachine, pattern: str, options: str = "-b"
             ) -> list[str]:
    """The daemon's journal entries in which a pattern is found."""
    return list(machine.sh(
        f"journalctl {options} -t fastrebootd -o cat -q | "
        f"grep -E {shlex.quote(pattern)}", check=False).lines)


def segment(slot: dict[str, Any], name: str) -> dict[str, Any]:
    """A segment of a slot."""
    return next(part for part in slot["segments"] if part["name"] == name)


def sha256(content: bytes) -> str:
    """The digest, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _name(status_: int) -> str:
    try:
        return Exit(status_).name
    except ValueError:
        return str(status_)
