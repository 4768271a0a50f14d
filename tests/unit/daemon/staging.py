# SPDX-License-Identifier: GPL-2.0-or-later
"""Staging and verifying payloads."""

from __future__ import annotations

import errno
import random
import select
import signal
from pathlib import Path

from .checks import check, equal
from .machine import DEADLINE, Machine, rounds
from .registry import slow_test, test


@test
def stages_and_verifies(machine: Machine) -> None:
    machine.start(first=True)
    machine.stage(0, "--cmdline=root=/dev/vda quiet")
    status = machine.status()
    slot = status["slots"][0]
    equal(slot["status"], "sealed", "slot 0")
    equal(slot["cmdline"], "root=/dev/vda quiet", "command line")
    equal(slot["segments"][0]["sha256"], slot["source"]["kernel_sha256"],
          "hash of the kernel")
    check(slot["staged_at"] is not None, "no time of staging")
    equal(status["commit"]["possible"], True, "commit possible")
    machine.run("verify")
    machine.run("unstage")
    equal(machine.slots(), ["empty", "empty"], "slots")
    machine.run("unstage", status=3)
    machine.run("verify", status=3)
    machine.stop()


@test
def says_what_a_value_may_be(machine: Machine) -> None:
    machine.start(first=True)
    text = machine.stage(0, f"--cmdline={'x' * 4097}", status=2)
    check('"cmdline"' in text and "4096" in text, text)
    text = machine.run("stage", "--entry=", status=2)
    check('"entry"' in text and "empty" in text, text)
    text = machine.stage(0, f"--cmdline={'x' * 2048}", status=14)
    check("2048" in text and "2047" in text, text)
    equal(machine.slots(), ["empty", "empty"], "slots")
    machine.stop()


@test
def inherits_the_command_line(machine: Machine) -> None:
    machine.start(first=True)
    machine.stage()
    source = machine.status()["slots"][0]["source"]
    running = Path("/proc/cmdline").read_text().strip()
    equal(source["inherited_cmdline"], running, "inherited command line")
    equal(machine.sysfs("slot0/cmdline"), running, "command line")


@test
def replaces_only_when_told(machine: Machine) -> None:
    machine.start(first=True)
    machine.stage(0)
    machine.stage(1)
    machine.stage(0, status=6)
    machine.stage(0, "--replace")
    equal(machine.slots(), ["sealed", "sealed"], "slots")


@test
def dry_run_changes_nothing(machine: Machine) -> None:
    machine.start(first=True)
    machine.stage(0, "--dry-run")
    equal(machine.slots(), ["empty", "empty"], "slots")


@test
def refuses_what_is_no_kernel(machine: Machine) -> None:
    machine.start(first=True)
    machine.run("stage", f"--kernel={machine.folder}/initrd", status=10)
    machine.run("stage", "--kernel=/nonexistent", status=15)
    equal(machine.slots(), ["empty", "empty"], "slots")


@test
def empty_command_line(machine: Machine) -> None:
    machine.start(first=True)
    machine.stage(0, "--cmdline=")
    slot = machine.status()["slots"][0]
    equal(slot["cmdline"], "", "command line")
    equal(slot["source"]["cmdline"], "", "command line of the source")
    check("inherited_cmdline" not in slot["source"], "it was inherited")


FAILURES = [
    ("begin", errno.EPERM, 7, "empty"),
    ("kernel", errno.ENOEXEC, 10, "empty"),
    ("initrd", errno.EFBIG, 14, "empty"),
    ("cmdline", errno.E2BIG, 14, "empty"),
    ("source", errno.E2BIG, 14, "empty"),
    ("seal", errno.ENODATA, 10, "empty"),
    ("seal", errno.ENOMEM, 18, "empty"),
    ("seal", errno.EKEYREJECTED, 16, "bad"),
]


@test
def kernel_refuses(machine: Machine) -> None:
    machine.start(first=True)
    for word, number, expected, slot in FAILURES:
        machine.set_sysfs("fail", f"{word} {number}")
        machine.stage(status=expected)
        equal(machine.slots()[0], slot, f"slot 0 after {word} {number}")
        result = machine.status()["last_job"]
        equal(result["kind"], "stage", "last job")
    machine.set_sysfs("fail", "")
    machine.stage()


@test
def old_kernel_without_source(machine: Machine) -> None:
    machine.start(first=True)
    machine.set_sysfs("fail", f"source {errno.ENOENT}")
    machine.stage()
    equal(machine.slots()[0], "sealed", "slot 0")


@test
def seal_of_other_content(machine: Machine) -> None:
    machine.start(first=True)
    machine.set_sysfs("corrupt", "1")
    machine.stage(status=5)
    equal(machine.slots(), ["empty", "empty"], "slots")


def deep_file(folder: Path, length: int) -> Path:
    """A name of that many characters for a file; its folders are there."""
    while length - len(str(folder)) > 260:
        folder = folder / ("d" * 200)
    folder = folder / ("d" * (length - len(str(folder)) - 7))
    folder.mkdir(parents=True)
    return folder / "Image"


@test
def seal_of_other_content_with_a_long_name(machine: Machine) -> None:
    """There is no room for a title, and the hashes are not what makes it."""
    machine.start(first=True)
    kernel = deep_file(machine.folder, 3740)
    kernel.write_bytes((machine.folder / "Image0").read_bytes())
    words = ("stage", f"--kernel={kernel}", "--cmdline=x")
    machine.set_sysfs("corrupt", "1")
    machine.run(*words, status=5)
    equal(machine.slots(), ["empty", "empty"], "slots")
    machine.set_sysfs("corrupt", "")
    machine.run(*words)
    source = machine.status()["slots"][0]["source"]
    check("kernel_sha256" in source, f"no hash: {list(source)}")
    machine.stop()
    machine.start()
    equal(machine.slots()[0], "sealed", "slot 0")


@test
def no_room_for_a_hash(machine: Machine) -> None:
    machine.start(first=True)
    kernel = deep_file(machine.folder, 3940)
    kernel.write_bytes((machine.folder / "Image0").read_bytes())
    text = machine.run("stage", f"--kernel={kernel}", "--cmdline=x", status=14)
    check("hashes" in text, text)
    equal(machine.slots(), ["empty", "empty"], "slots")


@test
def verify_finds_bad(machine: Machine) -> None:
    machine.start(first=True)
    machine.stage()
    machine.set_sysfs("fail", f"verify {errno.EBADMSG}")
    machine.run("verify", status=5)
    equal(machine.slots()[0], "bad", "slot 0")
    machine.set_sysfs("fail", "")
    machine.run("unstage", "0")
    equal(machine.slots()[0], "empty", "slot 0")


@test
def cancels(machine: Machine) -> None:
    machine.start(first=True)
    machine.set_sysfs("slow", "20000")
    client = machine.popen("stage", f"--kernel={machine.folder}/Image0")
    machine.wait(lambda: "staging" in machine.slots(), "staging")
    machine.run("stage", f"--kernel={machine.folder}/Image1", status=6)
    client.send_signal(signal.SIGINT)
    equal(client.wait(DEADLINE), 11, "status of the cancelled stage")
    equal(machine.slots(), ["empty", "empty"], "slots")
    equal(machine.status()["last_job"]["result"], "Cancelled", "last job")


@test
def stops_while_staging(machine: Machine) -> None:
    machine.start(first=True)
    machine.set_sysfs("slow", "20000")
    client = machine.popen("stage", f"--kernel={machine.folder}/Image0")
    machine.wait(lambda: machine.sysfs("slot0/status") == "staging", "staging")
    machine.stop()
    client.wait(DEADLINE)
    equal(machine.sysfs("slot0/status"), "empty", "slot 0")


def is_staging(machine: Machine) -> bool:
    """Is a slot written to?"""
    return "staging" in (machine.sysfs("slot0/status"),
                         machine.sysfs("slot1/status"))


@slow_test
def killed_while_staging(machine: Machine) -> None:
    machine.start(first=True)
    chance = random.Random(1)
    for number in range(rounds(25, 5)):
        machine.set_sysfs("slow", "4000")
        client = machine.popen("stage", "--replace",
                               f"--kernel={machine.folder}/Image1",
                               f"--initrd={machine.folder}/initrd")
        # Anywhere, and, however busy the host is, in the midst of it too.
        if number % 2:
            machine.wait(lambda: is_staging(machine), "slot that is staging")
        select.select([], [], [], chance.uniform(0, 0.5))
        machine.kill()
        client.wait(DEADLINE)
        machine.set_sysfs("slow", "0")
        machine.start()
        for slot in machine.status()["slots"]:
            check(slot["status"] in ("empty", "sealed"),
                  f"slot is {slot['status']}")
            if slot["status"] == "sealed":
                equal(slot["segments"][0]["sha256"],
                      slot["source"]["kernel_sha256"], "hash")
        machine.run("verify", status=0 if "sealed" in machine.slots() else 3)
        machine.stage(0, "--replace")
        machine.run("unstage")
    check("was interrupted" in machine.log(), "nothing was interrupted")
