# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that are switched on, do what a script says, and switch off.

The host does not speak with them meanwhile, and none of their devices does
anything by itself: with -icount a second run is the same as the first, to the
instruction.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "vm"))

# pylint: disable=wrong-import-position
from harness import options as qemu  # noqa: E402
from harness.build import FOLDERS, LIBRARIES, write_random  # noqa: E402
from harness.cpio import CpioWriter  # noqa: E402
from harness.errors import ScenarioFailure  # noqa: E402
from harness.options import Options  # noqa: E402

__all__ = ["FOLDERS", "LIBRARIES", "TICK", "TOP", "Options", "Output",
           "ScenarioFailure", "archive", "parse", "qemu", "run",
           "script_text", "write_random"]

# Nanoseconds of a tick of the counter: it runs at 62.5 MHz.
TICK = 16

# Bytes of console output that are looked at.
OUTPUT_MAX = 1 << 26

# The kernel's time stamp.
_STAMP = re.compile(r"^\[ *(\d+)\.(\d{6})\] ")
_DISASTERS = re.compile(r"Kernel panic|Oops|Unable to handle|Internal error:"
                        r"|BUG:|WARNING: |Kernel stack overflow|Bad mode in")


@dataclass(frozen=True)
class Line:
    """A line of the console.

    time -- the kernel's time stamp in nanoseconds, if it has one
    """

    text: str
    time: int | None = None


@dataclass(frozen=True)
class Output:
    """What a machine has printed."""

    lines: tuple[Line, ...]

    def find(self, pattern: str, start: int = 0) -> tuple[int, re.Match[str]]:
        """The next line with `pattern` in it, and its index."""
        compiled = re.compile(pattern)
        for index in range(start, len(self.lines)):
            if match := compiled.search(self.lines[index].text):
                return index, match
        raise ScenarioFailure(f"no line like {pattern!r} on the console")

    def boots(self) -> list[dict[str, str]]:
        """The facts of every "ready" line."""
        return [dict(word.split("=", 1) for word in line.text.split()[2:])
                for line in self.lines if line.text.startswith("frb: ready ")]

    def answer(self, command: str, boot: int = 0) -> list[str]:
        """What the command with this name, `<id> ...`, has found.

        boot -- the commands of which kernel, from 0
        """
        found = []
        for line in self._of_boot(boot):
            word, _, rest = line.text.partition(f"frb: {command} ")
            if word or not rest:
                continue
            kind, _, text = rest.partition(" ")
            if kind == "error":
                raise ScenarioFailure(f"{command}: {text}")
            if kind == "out":
                found.append(text)
        return found

    def _of_boot(self, boot: int) -> Iterable[Line]:
        count = -1
        for line in self.lines:
            count += line.text.startswith("frb: ready ")
            if count == boot:
                yield line


def parse(data: bytes) -> Output:
    """Take the console's output apart."""
    lines = []
    for raw in data[:OUTPUT_MAX].decode(errors="replace").splitlines():
        match = _STAMP.match(raw)
        if match is None:
            lines.append(Line(raw))
        else:
            time = (int(match[1]) * 1_000_000 + int(match[2])) * 1000
            lines.append(Line(raw[match.end():], time))
    return Output(tuple(lines))


def archive(init: Path, script: Sequence[str],
            files: dict[str, bytes] | None = None) -> bytes:
    """An initramfs of the guest's init, a script, and files by their path."""
    cpio = CpioWriter()
    for folder in FOLDERS:
        cpio.directory(folder)
    cpio.character_device("dev/console", 5, 1)
    cpio.file("init", init.read_bytes())
    cpio.link("lib", LIBRARIES)
    cpio.file("script", script_text(script))
    known = set(FOLDERS)
    for path, content in (files or {}).items():
        for parent in reversed(Path(path).parents[:-1]):
            if str(parent) not in known:
                known.add(str(parent))
                cpio.directory(str(parent))
        cpio.file(path, content)
    return cpio.finish()


def script_text(commands: Sequence[str]) -> bytes:
    """/script: each command is answered under its first word."""
    return "".join(f"{line}\n" for line in commands).encode()


# pylint: disable-next=too-many-arguments
def run(options: Options, kernel: Path, initrd: Path, append: str, log: Path,
        timeout: float, extra: Sequence[str] = ()) -> Output:
    """Switch a machine on, and wait until it has switched itself off.

    append -- for the first kernel's command line
    log -- gets what it prints
    timeout -- in seconds
    extra -- arguments for QEMU
    """
    command = [qemu.QEMU, *options.machine(),
               *options.boot(kernel, initrd, append), "-no-reboot",
               "-monitor", "none", "-serial", "stdio", *extra]
    with open(log, "wb") as console:
        console.write(f"# {shlex.join(command)}\n".encode())
        console.flush()
        try:
            done = subprocess.run(
                command, check=False, timeout=timeout, stdout=console,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as error:
            raise ScenarioFailure(
                f"not done after {timeout:.0f} s; see {log}") from error
    output = parse(log.read_bytes())
    for line in output.lines:
        if _DISASTERS.search(line.text):
            raise ScenarioFailure(f"the kernel says: {line.text}; see {log}")
    if done.returncode:
        raise ScenarioFailure(
            f"QEMU has ended with status {done.returncode}; see {log}")
    return output
