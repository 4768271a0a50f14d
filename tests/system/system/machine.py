# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine with Debian in it: the harness's Machine, with a shell."""

from __future__ import annotations

import json
import select
import shlex
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from harness import machine as vm_machine
from harness import options as qemu
from harness.build import Build
from harness.deadline import Deadline
from harness.errors import ScenarioFailure
from harness.options import Options

from .shell import Shell

POOL = "fastreboot=192M"
APPEND = "rw loglevel=6 systemd.show_status=0"


@dataclass(frozen=True)
class Disks:
    """Disks of a machine's own, and what its firmware remembers.

    What is written to them stays for the next machine that has them.

    root -- a copy of firmware.ext4
    boot -- where firmware looks for a boot loader: empty at first
    variables -- of EDK2
    boot_first -- is the latter the first one? U-Boot looks at one disk only
    """

    root: Path
    boot: Path
    variables: Path
    boot_first: bool = False

    @property
    def root_device(self) -> str:
        """What the kernel calls the one with the system."""
        return "/dev/vdb" if self.boot_first else "/dev/vda"

    @property
    def boot_device(self) -> str:
        """What the kernel calls the other one."""
        return "/dev/vda" if self.boot_first else "/dev/vdb"


@dataclass(frozen=True)
class Result:
    """How a command of the guest went."""

    status: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The output, standard error included."""
        return "\n".join(self.lines)


@dataclass(frozen=True)
class SystemBoot:
    """One boot, up to the end of systemd's start.

    identifier -- the kernel's boot id
    state -- of systemd: "running", or "degraded" if a unit has failed
    """

    release: str
    identifier: str
    state: str


class SystemMachine(vm_machine.Machine):
    """One machine. System.machine() makes it and closes it."""

    def __init__(self, build: Build, options: Options, deadline: Deadline,
                 log: BinaryIO, workspace: Path, watchdog: bool = False,
                 disks: Disks | None = None) -> None:
        super().__init__(build, options, deadline, log, workspace)
        self._watchdog = watchdog
        self._disks = disks
        self._boots = 0
        link, self._shell_end = socket.socketpair()
        self.shell = Shell(link, log)

    # Life

    def start(self, kernel: str = "system-a", append: str = POOL
              ) -> SystemBoot:
        """Switch the machine on, wait until systemd has started all.

        kernel -- variant
        append -- for the kernel's command line
        """
        self.power_on(kernel, append)
        return self.wait_system()

    def power_on(self, kernel: str = "system-a", append: str = POOL) -> None:
        """Switch the machine on."""
        self._run("-kernel", str(self._build.kernel(kernel)), "-append",
                  self.options.command_line(
                      f"root={self._root_device()} {APPEND} {append}"))

    def start_by_firmware(self) -> SystemBoot:
        """Have firmware boot from the machine's disks; wait for systemd."""
        assert self._disks is not None and self.options.firmware is not None
        code = self.options.firmware
        if code == qemu.U_BOOT:
            self._run("-bios", str(code))
        else:
            self._run("-drive", f"if=pflash,format=raw,file={code},readonly=on",
                      "-drive", "if=pflash,format=raw,"
                                f"file={self._disks.variables}")
        return self.wait_system()

    def _run(self, *boot: str) -> None:
        ends = (self._console_end.fileno(), self._monitor_end.fileno())
        shell = self._shell_end.fileno()
        arguments = [
            qemu.QEMU, *self.options.machine(), *boot, *self._devices(shell),
            *qemu.devices(self._build.payload), *qemu.sockets(*ends)]
        self.command_line = shlex.join(arguments)
        self._log.write(f"# {self.command_line}\n".encode())
        self._log.flush()
        self._process = subprocess.Popen(
            vm_machine._die_with_parent() + arguments,  # pylint: disable=protected-access
            pass_fds=(*ends, shell), stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=self._log)
        for end in (self._console_end, self._monitor_end, self._shell_end):
            end.close()
        self.qmp("qmp_capabilities")

    def close(self) -> None:
        """Switch off and tidy up."""
        super().close()
        self.shell.close()
        self._shell_end.close()

    # Waiting

    def wait_shell(self, timeout: float | None = None) -> dict[str, str]:
        """Wait for the shell of the next boot; return what it says."""
        ready = self.wait(
            lambda: (self.shell.readies[self._boots]
                     if len(self.shell.readies) > self._boots else None),
            "the guest's shell", timeout)
        self._boots += 1
        return ready

    def wait_system(self, timeout: float | None = None) -> SystemBoot:
        """Wait until systemd of the next boot has started all it starts."""
        ready = self.wait_shell(timeout)
        state = self.sh("systemctl is-system-running --wait", check=False)
        return SystemBoot(ready["release"], ready["boot"], state.text)

    def take_boots(self) -> None:
        """Boots up to now, however many, need no wait_shell()."""
        self._boots = len(self.shell.readies)

    # The guest

    def sh(self, script: str, check: bool = True,
           timeout: float | None = None) -> Result:
        """Have the guest's bash run a script, as root.

        check -- fail unless its status is 0
        """
        number = self.shell.send(script)
        answer = self.shell.answer(number)
        status = self.wait(lambda: answer.status, f"the end of `{script}`",
                           timeout)
        result = Result(status, tuple(answer.lines))
        if check and status:
            raise ScenarioFailure(
                f"`{script}` ended with status {status}: {result.text}")
        return result

    def json(self, script: str) -> Any:
        """Have the guest run a script that prints JSON; return that."""
        text = self.sh(script).text
        try:
            return json.loads(text)
        except ValueError as error:
            raise ScenarioFailure(
                f"`{script}` printed no JSON: {text}") from error

    def begin(self, script: str) -> int:
        """Have the guest run a script; finish() waits for its end."""
        return self.shell.send(script)

    def finish(self, number: int, timeout: float | None = None) -> Result:
        """Wait for the end of a script that begin() has started."""
        answer = self.shell.answer(number)
        status = self.wait(lambda: answer.status, "the end of a script",
                           timeout)
        return Result(status, tuple(answer.lines))

    def jump(self, script: str) -> SystemBoot:
        """Have a script bring up another kernel without a reset."""
        self.shell.send(script)
        return self.wait_system()

    def restart(self, script: str = "systemctl reboot"  # type: ignore
                ) -> SystemBoot:
        """Have a script reset the machine."""
        self.expect_event("RESET")
        self.shell.send(script)
        self.wait_event("RESET")
        return self.wait_system()

    def mount_payload(self) -> None:
        """Have the guest see the payload share at /payload."""
        self.sh("mountpoint -q /payload || mount -t 9p -o "
                "trans=virtio,version=9p2000.L,ro payload /payload")

    # Parts

    def _root_device(self) -> str:
        return self._disks.root_device if self._disks else "/dev/vda"

    def _drives(self) -> list[str]:
        if self._disks is None:
            drives = {"disk": f"file={self._build.system_disk},snapshot=on"}
        else:
            drives = {"disk": f"file={self._disks.root}",
                      "boot": f"file={self._disks.boot}"}
            if self._disks.boot_first:
                drives = dict(reversed(drives.items()))
        arguments = []
        for name, file in drives.items():
            arguments += [
                "-drive", f"{file},format=raw,if=none,id={name},cache=unsafe",
                "-device", f"virtio-blk-pci,drive={name}"]
        return arguments

    def _devices(self, shell: int) -> list[str]:
        arguments = [
            *self._drives(),
            "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=shell,fd={shell}",
            "-device", "virtserialport,chardev=shell,name=fastreboot"]
        if self._watchdog:
            arguments += ["-device", "i6300esb", "-watchdog-action", "reset"]
        return arguments

    def _take_in(self, seconds: float) -> None:
        """Wait until anything of the machine has something; take it in."""
        ready, _, _ = select.select(
            [self.console, self.monitor, self.shell], [], [], seconds)
        for source in ready:
            if not source.receive():
                self._fail_for_the_end()
        self._look_at_events()
