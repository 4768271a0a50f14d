#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of fastrebootd on the host.

The daemon of a test's build (make -C daemon KIND=asan) works on the files of
fake-kernel.c instead of the kernel's, talks to fake-systemd instead of systemd,
and never reboots: it writes the file "left". The fastreboot command is the
client.

    run-daemon.py [--build DIR] [--list] [--only PATTERN]
"""

from __future__ import annotations

import argparse
import errno
import fnmatch
import json
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
DEADLINE = 60.0
Test = Callable[["Machine"], None]
TESTS: list[Test] = []


def test(function: Test) -> Test:
    """Register a test."""
    TESTS.append(function)
    return function


class Failure(Exception):
    """A test has failed."""


def check(condition: bool, text: str) -> None:
    """Fail unless the condition holds."""
    if not condition:
        raise Failure(text)


def equal(found: object, expected: object, what: str) -> None:
    """Fail unless both are the same."""
    check(found == expected, f"{what}: {found!r}, expected {expected!r}")


def arm64_image(size: int, seed: int) -> bytes:
    """A kernel as far as its header goes."""
    header = bytearray(64)
    struct.pack_into("<II", header, 0, 0x91005A4D, 0x14000000)
    struct.pack_into("<QQQ", header, 8, 0, size, 0xA)
    header[0x38:0x3C] = b"ARM\x64"
    return bytes(header) + random.Random(seed).randbytes(size - 64)


class Machine:
    """A machine: a pool, a systemd, and from time to time a daemon."""

    def __init__(self, build: Path, folder: Path) -> None:
        self.build = build
        self.folder = folder
        self.daemon: subprocess.Popen[bytes] | None = None
        self.systemd: subprocess.Popen[bytes] | None = None
        for name in ("sys", "run", "systemd", "root/boot",
                     "root/etc/fastreboot", "root/var/lib/fastreboot"):
            (folder / name).mkdir(parents=True)
        self.environment = dict(
            os.environ,
            FASTREBOOT_SYSFS=str(folder / "sys"),
            FASTREBOOT_RUNTIME=str(folder / "run"),
            FASTREBOOT_ROOT=str(folder / "root"),
            FASTREBOOT_SOCKET=str(folder / "run/private"),
            FASTREBOOT_SYSTEMD=f"unix:path={folder}/systemd/socket",
            DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={folder}/no-bus",
            LC_ALL="C", TZ="UTC")
        for name in ("NOTIFY_SOCKET", "JOURNAL_STREAM", "WATCHDOG_USEC",
                     "LISTEN_FDS"):
            self.environment.pop(name, None)
        for number, size in enumerate((1 << 20, 3 << 19)):
            (folder / f"Image{number}").write_bytes(arm64_image(size, number))
        (folder / "initrd").write_bytes(random.Random(9).randbytes(70001))
        self.configure("[Commit]\nWatchdogSec=0\n")

    def configure(self, text: str) -> None:
        """Write the configuration."""
        path = self.folder / "root/etc/fastreboot/fastreboot.conf"
        path.write_text(text)

    def hook(self, kind: str, name: str, text: str) -> None:
        """Install a hook."""
        folder = self.folder / f"root/etc/fastreboot/{kind}.d"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)

    def sysfs(self, name: str) -> str:
        """A file of the kernel's."""
        return (self.folder / "sys" / name).read_text().strip()

    def set_sysfs(self, name: str, text: str) -> None:
        """Change a file of the kernel's."""
        (self.folder / "sys" / name).write_text(text + "\n")

    def start_systemd(self) -> None:
        """Start the stand-in for systemd."""
        path = self.folder / "systemd/socket"
        self.systemd = subprocess.Popen(
            [str(self.build / "fake-systemd"), str(path),
             str(self.folder / "systemd")])
        self.wait(path.exists, "fake-systemd's socket")

    def start(self, first: bool = False, jump: bool = False,
              **environment: str) -> None:
        """Start the daemon, and wait until it says that it is ready."""
        extra = dict(environment)
        if first:
            extra["FAKE_KERNEL_SLOTS"] = "2"
        if jump:
            extra["FAKE_KERNEL_JUMP"] = "1"
        notify = Notify(self.folder / "notify")
        extra["NOTIFY_SOCKET"] = str(self.folder / "notify")
        with open(self.folder / "log", "ab") as log:
            self.daemon = subprocess.Popen(
                [str(self.build / "fastrebootd")], stdout=log, stderr=log,
                env=self.environment | extra)
        notify.wait_ready(self)

    def stop(self) -> None:
        """Stop the daemon as systemd does."""
        assert self.daemon
        self.daemon.terminate()
        equal(self.daemon.wait(DEADLINE), 0, "the daemon's exit status")
        self.daemon = None

    def kill(self) -> None:
        """Kill the daemon."""
        assert self.daemon
        self.daemon.kill()
        self.daemon.wait(DEADLINE)
        self.daemon = None

    def close(self) -> None:
        """End everything."""
        for process in (self.daemon, self.systemd):
            if process:
                process.kill()
                process.wait()

    def command(self, *words: str) -> list[str]:
        """A command line for the client."""
        return [str(self.build / "fastreboot"), "--private", *words]

    def run(self, *words: str, status: int = 0) -> str:
        """Run the client, and compare its exit status."""
        done = subprocess.run(self.command(*words), env=self.environment,
                              capture_output=True, timeout=DEADLINE,
                              check=False, text=True)
        equal(done.returncode, status,
              f"status of {' '.join(words)} ({done.stdout}{done.stderr})")
        return done.stdout + done.stderr

    def popen(self, *words: str) -> subprocess.Popen[str]:
        """Start the client."""
        return subprocess.Popen(self.command(*words), env=self.environment,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)

    def status(self, status: int = 0) -> dict[str, Any]:
        """The daemon's status."""
        result = json.loads(self.run("status", "--json", status=status))
        assert isinstance(result, dict)
        return result

    def slots(self) -> list[str]:
        """The state of each slot as the daemon tells it."""
        return [slot["status"] for slot in self.status()["slots"]]

    def stage(self, number: int = 0, *words: str, status: int = 0) -> str:
        """Stage a payload."""
        return self.run("stage", f"--kernel={self.folder}/Image{number}",
                        f"--initrd={self.folder}/initrd", *words,
                        status=status)

    def log(self) -> str:
        """What the daemon has said."""
        return (self.folder / "log").read_text()

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that gives no event of its own."""
        end = time.monotonic() + DEADLINE
        while not condition():
            check(time.monotonic() < end, f"no {what}")
            select.select([], [], [], 0.01)

    def wait_log(self, text: str) -> None:
        """Wait for the daemon to say something."""
        self.wait(lambda: text in self.log(), f'"{text}" in the log')

    def started_units(self) -> list[str]:
        """What systemd was asked to start."""
        path = self.folder / "systemd/started"
        return path.read_text().splitlines() if path.exists() else []


class Notify:
    """The socket that a daemon tells systemd by that it is ready."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))

    def wait_ready(self, machine: Machine) -> None:
        """Wait for READY=1, or the daemon's end."""
        self.socket.settimeout(0.1)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            assert machine.daemon
            check(machine.daemon.poll() is None,
                  f"the daemon ended: {machine.log()}")
            try:
                if b"READY=1" in self.socket.recv(4096):
                    return
            except TimeoutError:
                continue
        raise Failure("the daemon does not get ready")


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


def root_image(machine: Machine) -> str:
    """What begins as an erofs of 25 blocks."""
    image = bytearray(random.Random(3).randbytes(25 * 4096))
    struct.pack_into("<I", image, 1024, 0xE0F5E1E2)
    image[1024 + 12] = 12
    struct.pack_into("<I", image, 1024 + 36, 25)
    path = machine.folder / "root.erofs"
    path.write_bytes(image)
    return str(path)


@test
def stages_a_root_image(machine: Machine) -> None:
    image = root_image(machine)
    words = ["stage", f"--kernel={machine.folder}/Image0",
             f"--root-image={image}", "--cmdline=quiet -- single"]
    machine.start(first=True)
    machine.run(*words, f"--initrd={machine.folder}/initrd", status=2)
    machine.run(*words)
    slot = machine.status()["slots"][0]
    equal([part["name"] for part in slot["segments"]], ["kernel", "root"],
          "segments")
    equal(slot["segments"][1]["sha256"], slot["source"]["root_sha256"], "hash")
    equal(slot["source"]["root_image"], image, "source")
    equal(slot["source"]["cmdline"], "quiet -- single", "given command line")
    equal(slot["cmdline"],
          "quiet root=/dev/fastreboot ro rootfstype=erofs -- single",
          "command line")
    text = machine.run("commit", "--now", "--dry-run")
    check("/dev/fastreboot is the root image" in text, text)
    machine.run("unstage")
    machine.stage(0, "--cmdline=root=/dev/fastreboot")
    text = machine.run("commit", "--now", "--dry-run", status=4)
    check("--root-image" in text, text)


@test
def root_image_and_the_running_command_line(machine: Machine) -> None:
    image = root_image(machine)
    machine.start(first=True)
    machine.run("stage", f"--kernel={machine.folder}/Image0",
                f"--root-image={image}")
    slot = machine.status()["slots"][0]
    equal(slot["cmdline"], slot["source"]["inherited_cmdline"], "command line")
    words = slot["cmdline"].split()
    equal([word for word in words if word.startswith("root=")],
          ["root=/dev/fastreboot"], "root devices")


@test
def kernel_takes_no_root_image(machine: Machine) -> None:
    image = root_image(machine)
    words = ["stage", f"--kernel={machine.folder}/Image0",
             f"--root-image={image}"]
    machine.start(first=True)
    for number, status, part in ((errno.ENOENT, 9, "CONFIG_FASTREBOOT_ROOT"),
                                 (errno.EFBIG, 14, "does not fit")):
        machine.set_sysfs("fail", f"root {number}")
        text = machine.run(*words, status=status)
        check(part in text, text)
        equal(machine.slots()[0], "empty", "slot 0")


@test
def rolls_back_to_a_root_image(machine: Machine) -> None:
    image = root_image(machine)
    machine.start_systemd()
    machine.start(first=True)
    jump(machine, 0, f"--root-image={image}", "--wipe-state", "--cmdline=a",
         initrd=False)
    machine.run("confirm")
    jump(machine, 1)
    machine.run("rollback")
    machine.wait_log("systemd starts kexec.target")
    source = json.loads(machine.sysfs("slot0/source"))
    equal(source["root_image"], image, "root image")
    equal(source["wipe_state"], True, "wipe_state")
    equal(machine.sysfs("slot0/cmdline"),
          "a root=/dev/fastreboot ro rootfstype=erofs", "command line")


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
    for word, number, expected, state in FAILURES:
        machine.set_sysfs("fail", f"{word} {number}")
        machine.stage(status=expected)
        equal(machine.slots()[0], state, f"slot 0 after {word} {number}")
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


@test
def killed_while_staging(machine: Machine) -> None:
    machine.start(first=True)
    chance = random.Random(1)
    for _ in range(25):
        machine.set_sysfs("slow", "300")
        client = machine.popen("stage", "--replace",
                               f"--kernel={machine.folder}/Image1",
                               f"--initrd={machine.folder}/initrd")
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


@test
def commits_now(machine: Machine) -> None:
    machine.hook("quiesce", "10-a", f"echo quiesce $FASTREBOOT_SLOT >>{machine.folder}/hooks")
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start(first=True)
    machine.run("commit", "--now", status=3)
    machine.stage()
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    equal(machine.sysfs("left"), "kexec", "the jump")
    equal(machine.sysfs("armed"), "0", "armed slot")
    equal((machine.folder / "hooks").read_text(), "quiesce 0\n", "hooks")
    machine.run("stage", f"--kernel={machine.folder}/Image1", status=6)
    machine.stop()
    equal(machine.sysfs("armed"), "0", "armed slot")


@test
def commits_by_systemd(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    machine.run("commit", "--dry-run")
    equal(machine.sysfs("armed"), "none", "armed slot after a dry run")
    machine.run("commit")
    machine.wait_log("systemd starts kexec.target")
    equal(machine.started_units(), ["kexec.target replace-irreversibly"],
          "units")
    equal(machine.sysfs("armed"), "0", "armed slot")


@test
def systemd_refuses(machine: Machine) -> None:
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    (machine.folder / "systemd/masked").touch()
    machine.run("commit", status=4)
    (machine.folder / "systemd/masked").unlink()
    (machine.folder / "systemd/refuse").touch()
    machine.run("commit")
    machine.wait_log("the machine stays")
    equal(machine.sysfs("armed"), "none", "armed slot")
    equal((machine.folder / "hooks").read_text(), "unfreeze\n", "hooks")
    equal(machine.status()["last_job"]["kind"], "undo", "last job")
    machine.run("verify")


@test
def kernel_refuses_to_jump(machine: Machine) -> None:
    machine.start(first=True, FASTREBOOT_NO_JUMP="1")
    machine.stage()
    machine.run("commit", "--now")
    machine.wait_log("the machine stays")
    equal(machine.slots()[0], "sealed", "slot 0")


@test
def failing_hooks(machine: Machine) -> None:
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start(first=True)
    machine.stage()
    machine.hook("preflight", "50-no", "echo the backup runs; exit 3")
    text = machine.run("commit", "--now", status=4)
    check("the backup runs" in text, text)
    check(not (machine.folder / "hooks").exists(), "unfreeze hooks have run")
    machine.hook("preflight", "50-no", "exit 0")
    machine.hook("quiesce", "50-no", "echo can not stop; exit 1")
    text = machine.run("commit", "--now", status=4)
    check("can not stop" in text, text)
    equal((machine.folder / "hooks").read_text(), "unfreeze\n", "hooks")
    equal(machine.slots()[0], "sealed", "slot 0")
    check(not (machine.folder / "sys/left").exists(), "it has jumped")


@test
def hook_takes_too_long(machine: Machine) -> None:
    machine.configure("[Commit]\nWatchdogSec=0\nHookTimeoutSec=1s\n")
    machine.hook("preflight", "50-slow", "sleep 1000 & wait")
    machine.start(first=True)
    machine.stage()
    text = machine.run("commit", "--now", status=4)
    check("took too long" in text, text)


@test
def masked_hook(machine: Machine) -> None:
    machine.hook("preflight", "50-no", "exit 1")
    vendor = machine.folder / "root/usr/lib/fastreboot/preflight.d"
    vendor.mkdir(parents=True)
    hook = machine.folder / "root/etc/fastreboot/preflight.d/50-no"
    hook.rename(vendor / "50-no")
    machine.start(first=True)
    machine.stage()
    machine.run("commit", "--now", "--dry-run", status=4)
    hook.symlink_to("/dev/null")
    machine.run("commit", "--now", "--dry-run")


@test
def killed_between_arm_and_jump(machine: Machine) -> None:
    machine.hook("quiesce", "50-wait",
                 f"echo $$ >{machine.folder}/pid; "
                 f"mv {machine.folder}/pid {machine.folder}/quiesced; sleep 1000")
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start(first=True)
    machine.stage()
    client = machine.popen("commit", "--now")
    machine.wait((machine.folder / "quiesced").exists, "quiesce hook")
    equal(machine.sysfs("armed"), "0", "armed slot")
    machine.kill()
    client.wait(DEADLINE)
    # systemd would end what a daemon that was killed leaves behind.
    os.killpg(int((machine.folder / "quiesced").read_text()), signal.SIGKILL)
    machine.start()
    machine.wait_log("the commit was interrupted")
    equal(machine.sysfs("armed"), "none", "armed slot")
    equal(machine.slots()[0], "sealed", "slot 0")
    equal((machine.folder / "hooks").read_text(), "unfreeze\n", "hooks")


@test
def restarted_while_leaving(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    machine.run("commit")
    machine.wait_log("systemd starts kexec.target")
    machine.kill()
    (machine.folder / "systemd/state").write_text("stopping\n")
    machine.start()
    equal(machine.sysfs("armed"), "0", "armed slot")
    machine.run("unstage", status=6)


@test
def armed_by_kexec_tools(machine: Machine) -> None:
    machine.start(first=True)
    machine.stage()
    machine.stop()
    machine.set_sysfs("armed", "0")
    machine.set_sysfs("slot0/status", "armed")
    machine.set_sysfs("slot0/source", "")
    machine.start()
    equal(machine.sysfs("armed"), "0", "armed slot")


def jump(machine: Machine, number: int = 0, *words: str,
         initrd: bool = True) -> None:
    """Stage, commit, and be the next kernel's daemon."""
    initrds = [f"--initrd={machine.folder}/initrd"] if initrd else []
    machine.run("stage", f"--kernel={machine.folder}/Image{number}",
                "--replace", *initrds, *words)
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    machine.stop()
    (machine.folder / "sys/left").unlink()
    machine.start(jump=True)


@test
def confirms(machine: Machine) -> None:
    machine.start(first=True)
    equal(machine.status()["last_update"]["outcome"], "none", "outcome")
    jump(machine)
    status = machine.status()
    equal(status["confirmed"], False, "confirmed")
    equal(status["last_update"]["outcome"], "unconfirmed", "outcome")
    machine.run("confirm")
    equal(machine.sysfs("tries"), "0", "tries")
    equal(machine.status()["last_update"]["outcome"], "confirmed", "outcome")
    machine.run("confirm")
    machine.run("timeline")
    metrics = machine.folder / "root/var/lib/fastreboot/metrics.prom"
    check("fastreboot_blackout_seconds 0.054920000" in metrics.read_text(),
          "no blackout in the metrics")


@test
def rolls_back_by_hand(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    machine.run("rollback", status=15)
    jump(machine, 0)
    machine.run("rollback", status=15)
    machine.run("confirm")
    jump(machine, 1)
    machine.run("rollback", "--reason=too slow")
    machine.wait_log("systemd starts kexec.target")
    check("kexec.target replace-irreversibly" in machine.started_units(),
          "kexec.target was not started")
    machine.stop()
    machine.start(jump=True)
    update = machine.status()["last_update"]
    equal(update["outcome"], "rolled-back", "outcome")
    check("too slow" in update["message"], update["message"])
    equal(machine.status()["source"]["kernel"], f"{machine.folder}/Image0",
          "kernel")
    machine.run("rollback", status=4)
    machine.run("confirm")
    equal(machine.status()["last_update"]["outcome"], "rolled-back", "outcome")


@test
def boot_complete_fails(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    jump(machine, 0)
    machine.run("confirm")
    jump(machine, 1)
    machine.run("status")
    assert machine.systemd
    machine.systemd.send_signal(signal.SIGUSR1)
    machine.wait_log("systemd starts kexec.target")
    machine.stop()
    machine.start(jump=True)
    update = machine.status()["last_update"]
    equal(update["outcome"], "rolled-back", "outcome")
    check("bad.service" in update["message"], update["message"])
    # Of a rollback, nothing is rolled back: the firmware's kernel.
    machine.systemd.send_signal(signal.SIGUSR1)
    machine.wait(lambda: "reboot.target replace-irreversibly" in
                 machine.started_units(), "reboot.target")
    machine.stop()


@test
def confirmed_is_not_rolled_back(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    jump(machine, 0)
    machine.run("confirm")
    assert machine.systemd
    machine.systemd.send_signal(signal.SIGUSR1)
    machine.run("status")
    machine.run("status")
    equal(machine.status()["job"], None, "job")
    equal(machine.started_units(), [], "units")


@test
def not_confirmed_in_time(machine: Machine) -> None:
    machine.configure("[Commit]\nWatchdogSec=0\n[Confirm]\nTimeoutSec=1s\n")
    machine.start_systemd()
    machine.start(first=True)
    machine.stage(0)
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    machine.stop()
    source = json.loads(machine.sysfs("slot0/source"))
    source["kernel"] = f"{machine.folder}/Image1"
    machine.set_sysfs("source", json.dumps(source))
    machine.start(jump=True)
    machine.wait_log("not confirmed in time")
    machine.wait_log("systemd starts kexec.target")
    source = json.loads(machine.sysfs("slot1/source"))
    equal(source["rollback_reason"], "not confirmed in time", "reason")
    machine.run("confirm", status=6)


@test
def too_many_tries(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    jump(machine, 0)
    machine.stop()
    machine.set_sysfs("previous_source", machine.sysfs("source"))
    machine.set_sysfs("tries", "4")
    machine.start()
    machine.wait_log("systemd starts kexec.target")
    check("4 fast reboots without a confirmation" in machine.log(),
          machine.log())


@test
def no_way_back(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    jump(machine, 0)
    machine.stop()
    machine.set_sysfs("tries", "4")
    machine.start()
    machine.wait(lambda: "reboot.target replace-irreversibly" in
                 machine.started_units(), "reboot.target")


@test
def previous_payload_is_gone(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    jump(machine, 0)
    machine.run("confirm")
    jump(machine, 1)
    (machine.folder / "Image0").unlink()
    assert machine.systemd
    machine.systemd.send_signal(signal.SIGUSR1)
    machine.wait(lambda: "reboot.target replace-irreversibly" in
                 machine.started_units(), "reboot.target")
    check("can't roll" in machine.log(), machine.log())


@test
def automatic_is_off(machine: Machine) -> None:
    machine.configure("[Commit]\nWatchdogSec=0\n[Rollback]\nAutomatic=no\n")
    machine.start_systemd()
    machine.start(first=True)
    jump(machine, 0)
    assert machine.systemd
    machine.systemd.send_signal(signal.SIGUSR1)
    machine.wait_log("Automatic= is off")
    equal(machine.started_units(), [], "units")
    machine.run("confirm")


@test
def tries_are_used_up(machine: Machine) -> None:
    machine.configure("[Commit]\nWatchdogSec=0\nTriesMax=1\n")
    machine.start(first=True)
    jump(machine, 0)
    machine.stage(1)
    text = machine.run("commit", "--now", status=4)
    check("TriesMax" in text, text)
    machine.run("confirm")
    machine.run("commit", "--now", "--dry-run")


@test
def source_of_the_firmwares_kernel(machine: Machine) -> None:
    release = os.uname().release
    (machine.folder / f"root/boot/vmlinuz-{release}").write_bytes(
        arm64_image(1 << 20, 5))
    machine.start(first=True)
    source = machine.status()["source"]
    equal(source["kernel"], f"{machine.folder}/root/boot/vmlinuz-{release}",
          "kernel")
    jump(machine, 0)
    equal(machine.status()["previous_source"], source, "previous source")


@test
def no_pool(machine: Machine) -> None:
    machine.start(first=True)
    machine.stop()
    machine.set_sysfs("pool", "none")
    machine.set_sysfs("error", "it overlaps with the kernel")
    machine.start()
    equal(machine.status(8)["pool"], None, "pool")
    for words in (["stage", f"--kernel={machine.folder}/Image0"], ["verify"],
                  ["commit"], ["confirm"], ["rollback"], ["unstage"],
                  ["timeline"]):
        text = machine.run(*words, status=8)
        check("it overlaps with the kernel" in text, text)


@test
def no_support(machine: Machine) -> None:
    (machine.folder / "sys").rmdir()
    machine.start()
    equal(machine.status(9)["supported"], False, "supported")
    machine.run("stage", f"--kernel={machine.folder}/Image0", status=9)
    machine.run("timeline", status=9)


@test
def broken_configuration(machine: Machine) -> None:
    machine.configure("[Stage]\nKernelSizeMax=much\n")
    machine.start(first=True)
    text = machine.run("stage", f"--kernel={machine.folder}/Image0", status=1)
    check("fastreboot.conf" in text, text)
    machine.configure("[Commit]\nWatchdogSec=0\n")
    machine.stage()


VOLUME = "0x6f000000-0x6f7fffff"
STATE_MOUNT = "var-lib-fastreboot-state.mount"
WIPE_UNIT = "fastreboot-wipe-state.service"
WIPE_PROGRAM = "root/usr/libexec/fastreboot-wipe-state"
SHUTDOWN_HOOK = "root/usr/lib/systemd/system-shutdown/fastreboot-wipe-state"
MAY_BE_WIPED = "the state volume was to be wiped, and may have been\n"
ADVICE = "start what was stopped with it, see 'systemctl list-dependencies"


def state_volume(machine: Machine) -> Path:
    """Give the machine a state volume; return the file that is its device."""
    block = machine.folder / ("root/sys/bus/nd/devices/ndbus0/region0/"
                              "namespace0.0/block/pmem0")
    block.mkdir(parents=True)
    (block.parents[3] / "provider").write_text("fastreboot\n")
    machine.set_sysfs("state_volume", VOLUME)
    device = machine.folder / "root/dev/pmem0"
    device.parent.mkdir()
    device.write_bytes(b"secret" * 1000000)
    with open(device, "ab") as file:
        file.truncate(8 << 20)
    return device


def install(machine: Machine, name: str, script: str = "") -> Path:
    """Install the wiping program, or what stands in for it."""
    path = machine.folder / name
    path.parent.mkdir(parents=True)
    path.write_text(script or (
        f"#!/bin/sh\nexport FASTREBOOT_ROOT={machine.folder}/root "
        f"FASTREBOOT_SYSFS={machine.folder}/sys\n"
        f"exec {machine.build}/fastreboot-wipe-state \"$@\"\n"))
    path.chmod(0o755)
    return path


def is_wiped(device: Path) -> bool:
    """Has it nothing but zeros?"""
    return not any(device.read_bytes())


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


# What needs the state volume. One that runs needs what does not run, two need
# each other, and not all that is named here runs, or is stopped.
USERS = f"""\
{STATE_MOUNT} active RequiredBy=web.service BoundBy=db.service \
RequiredBy=idle.service RequiredBy=app.target WantedBy=wants.service \
RequiredBy=busy.service
web.service active ConsistsOf=worker@1.service RequiredBy=app.target
worker@1.service active RequiredBy=web.service
db.service reloading RequisiteOf=report.timer PropagatesStopTo=cache.service
report.timer active
cache.service active
app.target inactive ConsistsOf=deep.service
deep.service active
wants.service active
idle.service failed
busy.service active
"""
# Each behind one that it needs.
STOPPED = ["web.service", "db.service", "worker@1.service", "deep.service",
           "report.timer", "cache.service"]


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
    # It waits for who writes to the pipe, as for a device that is stuck.
    with subprocess.Popen([str(hook), "kexec"]) as wiper:
        machine.wait(lambda: machine.sysfs("armed") == "none", "disarming")
        wiper.kill()
    equal(machine.sysfs("armed"), "none", "armed slot")


@test
def last_log(machine: Machine) -> None:
    machine.start(first=True)
    text = machine.run("status", "--last-log", status=15)
    check("ramoops" in text, text)
    folder = machine.folder / "root/sys/fs/pstore"
    folder.mkdir(parents=True)
    (folder / "console-ramoops-0").write_bytes(
        b"[    0.000000] first\n[    1.000000] bad \xff byte\n")
    status = json.loads(machine.run("status", "--last-log", "--json"))
    equal(status["last_log"], ["[    0.000000] first",
                               "[    1.000000] bad \\xff byte"], "lines")
    equal(status["last_log_from"], f"{folder}/console-ramoops-0", "file")
    equal(status["last_log_cut"], False, "cut")
    text = machine.run("status", "--last-log")
    check("Last log of the kernel before, from " in text and
          "[    0.000000] first\n" in text, text)
    check("last_log" not in machine.status(), "nobody has asked for it")


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


@test
def only_one_daemon(machine: Machine) -> None:
    machine.start(first=True)
    other = subprocess.run([str(machine.build / "fastrebootd")],
                           env=machine.environment, capture_output=True,
                           timeout=DEADLINE, check=False, text=True)
    equal(other.returncode, 6, "status of the second daemon")
    check("another fastrebootd" in other.stderr, other.stderr)
    machine.run("status")


def run_one(build: Path, function: Test) -> str | None:
    """Run a test. Returns why it failed."""
    with tempfile.TemporaryDirectory(prefix="fastreboot-") as folder:
        machine = Machine(build, Path(folder))
        try:
            function(machine)
            if machine.daemon:
                machine.stop()
            check("Sanitizer" not in machine.log() and
                  "runtime error" not in machine.log(), machine.log())
        except (Failure, subprocess.TimeoutExpired, OSError,
                json.JSONDecodeError) as error:
            log = Path(folder) / "log"
            return f"{error}\n{log.read_text() if log.exists() else ''}"
        finally:
            machine.close()
    return None


def matches(name: str, pattern: str) -> bool:
    """Does a test's name match? Without wildcards: does it contain it?"""
    if not any(c in pattern for c in "*?"):
        pattern = f"*{pattern}*"
    return fnmatch.fnmatch(name, pattern)


def main() -> int:
    """Run the tests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path,
                        default=TOP / "build/daemon/asan")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default=os.environ.get("ONLY", ""))
    options = parser.parse_args()
    passed = failed = 0
    for function in TESTS:
        name = f"unit.fastrebootd.{function.__name__}"
        if options.only and not matches(name, options.only):
            continue
        if options.list:
            print(name)
            continue
        began = time.monotonic()
        problem = run_one(options.build, function)
        passed += problem is None
        failed += problem is not None
        print(f"{'not ok' if problem else 'ok'} - {name} "
              f"({time.monotonic() - began:.1f} s)", flush=True)
        for line in (problem or "").splitlines():
            print(f"    {line}")
    if not options.list:
        print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
