# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine that a test runs on: folders and stand-ins."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from .checks import check, equal, Failure

DEADLINE = 60.0


def rounds(number: int, least: int) -> int:
    """How often to repeat what is repeated for its random variants.

    UNIT_DIVISOR makes it less in the quick loop, as unit_rounds() of ../unit.c.
    """
    return max(number // int(os.environ.get("UNIT_DIVISOR", "1")), least)


@cache
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
        for number, size in enumerate((1 << 18, 3 << 17, 1 << 17)):
            (folder / f"Image{number}").write_bytes(arm64_image(size, number))
        (folder / "log").touch()
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

    def put(self, path: str, text: str = "") -> Path:
        """Make a file of the system's."""
        file = self.folder / f"root{path}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def program(self, path: str, status: int = 0) -> None:
        """Install a program that adds a line to the file "ran" for each of its words."""
        self.put(path, "#!/bin/sh\nprintf '%s\\n' \"${0#*/root}\" \"$@\" >>"
                 f"{self.folder}/ran\nexit {status}\n").chmod(0o755)

    def ran(self) -> list[str]:
        """The words of all programs that have run since the last call."""
        file = self.folder / "ran"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

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

    def fail_boot(self) -> None:
        """Have systemd tell the daemon that boot-complete.target has failed."""
        assert self.systemd
        self.wait((self.folder / "systemd/subscribed").exists,
                  "daemon that listens to systemd")
        self.systemd.send_signal(signal.SIGUSR1)

    def start(self, first: bool = False, jump: bool = False,
              shell: str = 'exec "$0"', **environment: str) -> None:
        """Start the daemon by a line of shell, and wait until it is ready."""
        extra = dict(environment)
        if first:
            extra["FAKE_KERNEL_SLOTS"] = "2"
        if jump:
            extra["FAKE_KERNEL_JUMP"] = "1"
        (self.folder / "systemd/subscribed").unlink(missing_ok=True)
        notify = Notify(self.folder / "notify")
        extra["NOTIFY_SOCKET"] = str(self.folder / "notify")
        with open(self.folder / "log", "ab") as log:
            self.daemon = subprocess.Popen(
                ["sh", "-c", shell, str(self.build / "fastrebootd")],
                stdout=log, stderr=log, env=self.environment | extra)
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
        """The status of each slot as the daemon tells it."""
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


class DeafClient:
    """A client that calls LastLog() many times and never reads an answer."""

    CALLS = 300

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(str(path))
        self.socket.settimeout(DEADLINE)
        user = str(os.getuid()).encode().hex()
        self.socket.sendall(f"\0AUTH EXTERNAL {user}\r\n".encode())
        check(self.socket.recv(256).startswith(b"OK"), "not let in")
        self.socket.sendall(b"BEGIN\r\n")
        for serial in range(1, self.CALLS + 1):
            self.socket.sendall(self.call(serial))

    @staticmethod
    def call(serial: int) -> bytes:
        """LastLog() on the wire."""
        fields = b""
        for code, kind, text in ((1, b"o", b"/org/fastreboot1"),
                                 (2, b"s", b"org.fastreboot1.Manager"),
                                 (3, b"s", b"LastLog")):
            fields += bytes(-len(fields) % 8)
            fields += struct.pack("<BB2sI", code, 1, kind + b"\0", len(text))
            fields += text + b"\0"
        head = struct.pack("<4BIII", ord("l"), 1, 0, 1, 0, serial, len(fields))
        return head + fields + bytes(-len(fields) % 8)


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


def jump(machine: Machine, number: int = 0, *words: str,
         initrd: bool = True, commit: tuple[str, ...] = ()) -> None:
    """Stage, commit, and be the next kernel's daemon."""
    initrds = [f"--initrd={machine.folder}/initrd"] if initrd else []
    machine.run("stage", f"--kernel={machine.folder}/Image{number}",
                "--replace", *initrds, *words)
    machine.run("commit", "--now", *commit)
    machine.wait((machine.folder / "sys/left").exists, "jump")
    machine.stop()
    (machine.folder / "sys/left").unlink()
    machine.start(jump=True)
