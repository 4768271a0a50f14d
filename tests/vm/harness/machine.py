# SPDX-License-Identifier: GPL-2.0-or-later
"""A test machine: QEMU, its console and monitor, and the guest in it.

Nothing here runs in the background. Whoever waits for something takes in
whatever console and monitor have to say meanwhile; a disaster on the console,
a reset that the scenario did not ask for, or the end of QEMU fails the
scenario from in there, whatever it was waiting for.
"""

from __future__ import annotations

import re
import select
import shlex
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from . import options as qemu
from .boot import Boot
from .build import Build
from .console import Console
from .deadline import Deadline
from .errors import CommandError, ScenarioFailure
from .gdb import Debugger
from .options import Options
from .qmp import Monitor

FASTREBOOT = "/sys/kernel/fastreboot"
INITRD = "/payload/initrd.cpio"

Value = TypeVar("Value")

# QMP events that end a kernel from outside.
_ENDINGS = ("RESET", "SHUTDOWN")


class Machine:
    """One machine. Vm.machine() makes it and closes it."""

    def __init__(self, build: Build, options: Options, deadline: Deadline,
                 log: BinaryIO, workspace: Path) -> None:
        self.options = options
        self.command_line = "(not started)"
        self._build = build
        self._deadline = deadline
        self._log = log
        self._workspace = workspace
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0
        self._boot_start = 0
        self._command_id = 0
        self._expected: list[str] = []
        self._debugger_path: Path | None = None
        console, self._console_end = socket.socketpair()
        monitor, self._monitor_end = socket.socketpair()
        self.console = Console(console, log)
        self.monitor = Monitor(monitor)

    # Life

    def boot(self, kernel: str = "a", append: str = "") -> Boot:
        """Switch the machine on and wait for the guest's prompt.

        kernel -- variant
        append -- for the kernel's command line
        """
        self.power_on(kernel, append)
        return self.wait_boot()

    def power_on(self, kernel: str = "a", append: str = "") -> None:
        """Switch the machine on."""
        ends = (self._console_end.fileno(), self._monitor_end.fileno())
        arguments = [
            qemu.QEMU, *self.options.machine(),
            *self.options.boot(self._build.kernel(kernel),
                               self._build.initramfs, append),
            *qemu.devices(self._build.payload), *qemu.sockets(*ends)]
        self.command_line = shlex.join(arguments)
        self._log.write(f"# {self.command_line}\n".encode())
        self._log.flush()
        self._process = subprocess.Popen(
            _die_with_parent() + arguments, pass_fds=ends,
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        # From here on QEMU alone holds them, so that its end is noticed.
        self._console_end.close()
        self._monitor_end.close()
        self.qmp("qmp_capabilities")

    def kill(self) -> None:
        """Switch off, whatever state the machine is in."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Switch off and tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.console.close()
        self.monitor.close()
        self._console_end.close()
        self._monitor_end.close()

    # Waiting

    def wait(self, condition: Callable[[], Value | None], waiting_for: str,
             timeout: float | None = None,
             interval: float = float("inf")) -> Value:
        """Wait until `condition()` is not None, and return it.

        It is asked whenever console or monitor had something to say. What
        they do not tell, the state of memory or CPUs, needs an `interval`,
        in seconds, at which to ask as well.
        """
        deadline = self._limit(timeout)
        while (value := condition()) is None:
            deadline.check(waiting_for)
            self._take_in(min(deadline.left(), interval))
        return value

    def wait_line(self, pattern: str,
                  timeout: float | None = None) -> re.Match[str]:
        """Wait for the next console line in which `pattern` is found."""
        compiled = re.compile(pattern)

        def look() -> re.Match[str] | None:
            while (line := self._next_line()) is not None:
                if match := compiled.search(line):
                    return match
            return None

        return self.wait(look, f"a console line like {pattern!r}", timeout)

    def wait_event(self, name: str, timeout: float | None = None) -> None:
        """Wait for a QMP event. Call expect_event() before its cause."""
        def look() -> bool | None:
            if name not in self.monitor.events:
                return None
            self.monitor.events.remove(name)
            return True

        self.wait(look, f"the event {name}", timeout)

    def drain(self) -> None:
        """Take in what comes within a second, after a failure.

        Not beyond a reset: the next boot would hide what led to it.
        """
        deadline = Deadline(1)
        while (deadline.left() and self._running()
               and "RESET" not in self.monitor.events):
            try:
                self._take_in(deadline.left())
            except ScenarioFailure:
                pass  # the first one is reported already

    def expect_event(self, name: str) -> None:
        """The next such event, a RESET or SHUTDOWN, is no failure."""
        self._expected.append(name)

    def allow(self, pattern: str) -> None:
        """Console lines in which `pattern` is found are no disaster."""
        self.console.allow(pattern)

    # The guest

    def command(self, text: str, timeout: float | None = None) -> list[str]:
        """Have the guest run a command; return what it found.

        Raises CommandError if the guest could not do it.
        """
        return self._answer(text, self._send(text), timeout)

    def expect_error(self, errno_name: str, text: str,
                     timeout: float | None = None) -> list[str]:
        """Have the guest run a command that must fail.

        Returns the lines that the kernel's fastreboot printed meanwhile.
        """
        start = len(self.console.lines)
        try:
            self.command(text, timeout)
        except CommandError as error:
            if error.errno_name != errno_name:
                raise ScenarioFailure(
                    f"{error}; expected {errno_name}") from error
            return self.messages_since(start)
        raise ScenarioFailure(f"`{text}` worked; expected {errno_name}")

    def messages_since(self, start: int,
                       prefix: str = "fastreboot: ") -> list[str]:
        """Kernel messages since the console had `start` lines."""
        return [line for line in self.console.lines[start:]
                if line.startswith(prefix)]

    def read(self, path: str) -> str:
        """The content of a file, below /sys/kernel/fastreboot if relative."""
        if not path.startswith("/"):
            path = f"{FASTREBOOT}/{path}"
        return "\n".join(self.command(f"read {path}"))

    def has(self, path: str) -> bool:
        """Is there such a file in the guest?"""
        try:
            self.command(f"mode {path}")
        except CommandError:
            return False
        return True

    def stage(self, slot: int, kernel: str = "b", cmdline: str | None = None,
              initrd: str | None = INITRD, dtb: str | None = None) -> None:
        """Stage and seal a payload.

        kernel -- variant, or path in the guest
        initrd, dtb -- path in the guest
        """
        words = [f"stage {slot} kernel={_kernel(kernel)}"]
        if initrd is not None:
            words.append(f"initrd={initrd}")
        if dtb is not None:
            words.append(f"dtb={dtb}")
        if cmdline is not None:
            words.append(f'"cmdline={cmdline}"')
        self.command(" ".join(words))

    def arm(self, slot: int | None) -> None:
        """Arm a slot, or none."""
        self.command(f"arm {'none' if slot is None else slot}")

    def file_load(self, kernel: str = "b", cmdline: str | None = None,
                  initrd: str | None = INITRD, flags: int = 0) -> None:
        """Load a kernel by kexec_file_load(2); arguments as for stage().

        Without a command line it gets the one that the machine began with,
        but for what the scenario had appended.
        """
        if cmdline is None:
            cmdline = self.options.command_line("")
        self.command(f"kexec-file-load {_kernel(kernel)} {initrd or '-'} "
                     f'"{cmdline}" flags={flags}')

    def run(self, *words: str) -> tuple[int, list[str]]:
        """Have the guest run a program; return exit status and output."""
        *lines, status = self.command(run_command(*words))
        return int(status.removeprefix("status ")), lines

    def kexec(self, command: str = "reboot kexec") -> Boot:
        """Jump to whatever is armed or loaded; wait for its prompt.

        command -- for the guest, that makes it jump
        """
        self.begin_kexec(command)
        return self.wait_boot()

    def begin_kexec(self, command: str = "reboot kexec") -> None:
        """Jump to whatever is armed or loaded."""
        self._boot_start = len(self.console.lines)
        self._send(command)

    def fast_reboot(self, slot: int) -> Boot:
        """Arm a slot and jump to it."""
        self.arm(slot)
        return self.kexec()

    def restart(self) -> Boot:
        """Have the guest reset the machine; its memory survives."""
        self.expect_event("RESET")
        self._boot_start = len(self.console.lines)
        self._send("reboot restart")
        self.wait_event("RESET")
        return self.wait_boot()

    def wait_boot(self, timeout: float | None = None) -> Boot:
        """Wait for the guest's prompt."""
        ready = self.wait_line(r"^frb: ready (.*)", timeout)
        self.wait_line(r"^frb: prompt$", timeout)
        log = tuple(self.console.lines[self._boot_start:self._read])
        facts = dict(word.split("=", 1) for word in ready[1].split())
        return Boot(facts, self._timeline(facts), log)

    # The hardware

    def qmp(self, command: str, **arguments: Any) -> Any:
        """Run a QMP command and return what it returns."""
        number = self.monitor.send(command, arguments)
        reply = self.wait(lambda: self.monitor.reply(number),
                          f"the answer to {command}")
        if "error" in reply:
            raise ScenarioFailure(f"QMP: {command}: {reply['error']['desc']}")
        return reply["return"]

    def monitor_command(self, line: str) -> str:
        """Run a command of QEMU's monitor for people; return its output."""
        output = self.qmp("human-monitor-command", **{"command-line": line})
        assert isinstance(output, str)
        return output

    def reset(self) -> Boot:
        """Push the reset button; the memory survives."""
        self.expect_event("RESET")
        self._boot_start = len(self.console.lines)
        self.qmp("system_reset")
        self.wait_event("RESET")
        return self.wait_boot()

    def plug_memory(self, size: int) -> None:
        """Have the machine's pluggable memory be so many bytes."""
        self.qmp("qom-set", path="/machine/peripheral/hotplug-device",
                 property="requested-size", value=size)

    def read_memory(self, address: int, size: int) -> bytes:
        """Read physical memory."""
        path = self._workspace / "memory"
        self.qmp("pmemsave", val=address, size=size, filename=str(path))
        return path.read_bytes()

    def program_counter(self) -> int:
        """Where the first CPU is: a virtual address while its MMU is on."""
        registers = self.monitor_command("info registers")
        match = re.search(r"PC=([0-9a-f]+)", registers)
        if match is None:
            raise ScenarioFailure("QEMU does not tell the program counter")
        return int(match[1], 16)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write physical memory behind the kernel's back."""
        with Debugger(self._debugger_socket(), self._limit(30)) as debugger:
            debugger.write(address, data)

    def flip(self, address: int) -> None:
        """Invert the lowest bit of a byte behind the kernel's back."""
        byte = self.read_memory(address, 1)[0]
        self.write_memory(address, bytes([byte ^ 1]))

    # Parts

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _limit(self, timeout: float | None) -> Deadline:
        if timeout is None:
            return self._deadline
        return Deadline(timeout, self._deadline)

    def _take_in(self, seconds: float) -> None:
        """Wait until console or monitor have something, and take it in."""
        ready, _, _ = select.select([self.console, self.monitor], [], [],
                                    seconds)
        for source in ready:
            if not source.receive():
                self._fail_for_the_end()
        self._look_at_events()

    def _next_line(self) -> str | None:
        """The next line that wait_line() has not seen."""
        if self._read == len(self.console.lines):
            return None
        self._read += 1
        return self.console.lines[self._read - 1]

    def _look_at_events(self) -> None:
        for name in _ENDINGS:
            if self.monitor.events.count(name) > self._expected.count(name):
                raise ScenarioFailure(
                    f"the machine had a {name}, which was not expected")

    def _fail_for_the_end(self) -> None:
        assert self._process is not None
        status = self._process.wait()
        raise ScenarioFailure(f"QEMU has ended with status {status}")

    def _send(self, text: str) -> int:
        self._command_id += 1
        # What is on the console already is no answer to this.
        self._read = len(self.console.lines)
        self.console.send(f"{self._command_id} {text}\n")
        return self._command_id

    def _answer(self, text: str, number: int,
                timeout: float | None) -> list[str]:
        pattern = rf"^frb: {number} (out|ok|error) ?(.*)"
        found: list[str] = []
        while True:
            match = self.wait_line(pattern, timeout)
            if match[1] == "ok":
                return found
            if match[1] == "error":
                raise CommandError(text, *match[2].split(" ", 1))
            found.append(match[2])

    def _timeline(self, facts: dict[str, str]) -> dict[str, int]:
        if "pool" not in facts:
            return {}
        lines = self.command(f"read {FASTREBOOT}/timeline")
        return {name: int(value) for name, value in map(str.split, lines)}

    def _debugger_socket(self) -> Path:
        """Have QEMU listen for a debugger, once."""
        if self._debugger_path is None:
            path = self._workspace / "gdb"
            self.monitor_command(f"gdbserver unix:{path},server=on,wait=off")
            self._debugger_path = path
        return self._debugger_path


def run_command(*words: str) -> str:
    """The guest's command that runs a program."""
    return " ".join(["run", *(f'"{word}"' for word in words)])


def _kernel(name: str) -> str:
    """Path in the guest of a kernel, given by variant or path."""
    return name if "/" in name else f"/payload/Image-{name}"


def _die_with_parent() -> list[str]:
    """Words before a command that end it when the harness is killed."""
    if shutil.which("setpriv") is None:
        return []
    return ["setpriv", "--pdeathsig", "KILL", "--"]
