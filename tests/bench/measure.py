# SPDX-License-Identifier: GPL-2.0-or-later
"""One measurement: a machine boots, loads a payload, and jumps to it.

Another one tells how much memory the load takes.

The guest does all of it by a script, without anything from outside. Its clock
is the counter, CNTVCT_EL0, which the jump does not stop: process 1 of the old
kernel tells at which tick it calls reboot(2), and the first instruction of
process 1 of the next kernel reads the counter again. Between the two is the
blackout, for every system in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import images
import oneshot
from images import MIB
from oneshot import TICK, Options, Output, ScenarioFailure

TIMEOUT = 1200.0
FASTREBOOT = "/sys/kernel/fastreboot"
VOLUME = "/dev/pmem0"
KEXEC = "/payload/kexec-tools/kexec"

# MiB that each machine has beside the state volume, and of the pool: two slots
# that the largest payload fits into.
MEMORY_MIB = 2048
POOL_MIB = 640
# Where a pool with a state volume is: behind what QEMU loads.
STATE_POOL_BASE = 0x50000000

# Phases of a blackout, by the point of the timeline that ends each, in order.
PHASES = ("devices_down", "cpus_down", "jump", "kernel_entry", "init")

# Of the next kernel: what appliances have, and Debian, too. Its serial console
# would be a part of the blackout otherwise.
QUIET = "quiet"

ROOT = ("root=/dev/fastreboot rootfstype=erofs rootflags=dax=always ro "
        "init=/init")

# In bytes: nothing is copied in pieces smaller than that.
PAGE = 4096


@dataclass(frozen=True, order=True)
class Point:
    """What is measured."""

    system: str
    cpus: int
    payload_mib: int
    state_mib: int = 0

    @property
    def name(self) -> str:
        """For files and messages."""
        return (f"{self.system}-{self.cpus}-cpus-{self.payload_mib}-mib-"
                f"state-{self.state_mib}")


@dataclass(frozen=True)
class Row(Point):  # pylint: disable=too-many-instance-attributes
    """What was found; README.md explains the fields."""

    blackout_ns: int = 0
    relocated_bytes: int = 0
    phases_ns: Mapping[str, int | None] = field(default_factory=dict)
    stage_ns: int = 0
    arm_ns: int | None = None
    peak_bytes: int = 0
    kept_bytes: int = 0
    reserved_bytes: int = 0
    memory_mib: int = 0
    state_ready_ns: int | None = None


@dataclass(frozen=True)
class System:
    """A way to reboot.

    kernel -- variant that runs before and after
    pool -- is there a pool?
    root -- is the payload a root image?
    tools -- does it take kexec-tools?
    """

    kernel: str
    pool: bool = False
    root: bool = False
    tools: bool = False


SYSTEMS = {
    "stock-kexec-file": System("stock"),
    "stock-kexec-load": System("stock", tools=True),
    "pool-initramfs": System("a", pool=True),
    "pool-root": System("a", pool=True, root=True),
}


class Lab:
    """What measurements share: kernels, the guest, a folder to work in."""

    def __init__(self, build: Path, out: Path) -> None:
        self.out = out
        self.work = out / "work"
        self.work.mkdir(parents=True, exist_ok=True)
        self.init = images.build_guest(self.work)
        self._kernels = build / "kernel"
        self._tools = build / "vm" / "payload" / "kexec-tools"

    def kernel(self, variant: str) -> Path:
        """Image of a variant."""
        return self._kernels / f"Image-{variant}"

    def payload(self, point: Point) -> bytes:
        """The root file system of the next kernel."""
        make = (images.root_image if SYSTEMS[point.system].root
                else images.initramfs)
        commands = ["power reboot off"]
        if SYSTEMS[point.system].pool:
            commands.insert(0, f"timeline read {FASTREBOOT}/timeline")
        else:
            commands.insert(0, "fdt stream /sys/firmware/fdt /dev/null")
        if point.state_mib:
            commands.insert(0, f"device timed appear {VOLUME}")
        return make(self.init, commands, point.payload_mib * MIB)

    def next_kernel(self, system: System) -> bytes:
        """The kernel to jump to; a stock one has no timeline of its own."""
        image = self.kernel(system.kernel).read_bytes()
        if system.pool:
            return image
        return images.with_entry(image)

    def initrd(self, point: Point, script: Sequence[str]) -> bytes:
        """What the old kernel is given, everything in it."""
        system = SYSTEMS[point.system]
        files = {"data/Image": self.next_kernel(system),
                 "data/payload": self.payload(point)}
        if system.tools:
            files |= images.kexec_tools(self._tools)
        return oneshot.archive(self.init, script, files)


def machine(point: Point) -> Options:
    """The same for all, but for CPUs and the memory of the state volume.

    No ITS: with it the stock kernel kills what it boots.
    """
    return Options(cpu="cortex-a72", cpus=point.cpus, its=False, kaslr=False,
                   icount=True,
                   memory=f"{MEMORY_MIB + point.state_mib}M")


def device(folder: Path) -> list[str]:
    """A device that has a driver, and that no program uses."""
    return ["-fsdev", f"local,id=idle,path={folder},security_model=none,"
                      "readonly=on",
            "-device", "virtio-9p-pci,fsdev=idle,mount_tag=idle"]


def pool_words(point: Point) -> str:
    """For the first kernel's command line."""
    if not SYSTEMS[point.system].pool:
        return ""
    words = f"fastreboot={POOL_MIB + point.state_mib}M"
    if point.state_mib:
        words += f"@{STATE_POOL_BASE:#x},state={point.state_mib}M"
    return words


def load_commands(point: Point, append: str) -> tuple[str, str]:
    """How a payload is loaded, and a word to be told of its segments."""
    system = SYSTEMS[point.system]
    words = [ROOT] * system.root + [append] * bool(append) + [QUIET]
    cmdline = machine(point).command_line(" ".join(words))
    if system.pool:
        segment = "root" if system.root else "initrd"
        return (f"stage 0 kernel=/data/Image {segment}=/data/payload "
                f'"cmdline={cmdline}"', "")
    if system.tools:
        return (f"run {KEXEC} -c -l /data/Image --initrd=/data/payload "
                f'"--command-line={cmdline}"', " -d")
    return f'kexec-file-load /data/Image /data/payload "{cmdline}"', ""


def await_volume(point: Point) -> list[str]:
    """A kernel makes the state volume's device while its init runs already.

    A reboot in the middle of that would wait for it.
    """
    return [f"volume appear {VOLUME}"] * bool(point.state_mib)


def jump_script(point: Point, append: str = "") -> list[str]:
    """What the old kernel's guest does.

    append -- for the next kernel's command line
    """
    load, _ = load_commands(point, append)
    commands = [*await_volume(point), f"load timed {load}"]
    if SYSTEMS[point.system].pool:
        commands.append("arm timed arm 0")
    return [*commands, "jump punctual-reboot kexec"]


def memory_script(point: Point) -> list[str]:
    """The same with a process that looks at the memory, without a jump.

    That is for a machine of its own: looking takes time, and a second load
    does not find the memory as the first one did.
    """
    load, word = load_commands(point, "")
    return [*await_volume(point), f"peak lowest {load}{word}",
            "power reboot off"]


def values(lines: list[str]) -> dict[str, int]:
    """All `name=number` of an answer."""
    return {name: int(number) for line in lines for word in line.split()
            for name, equals, number in [word.partition("=")]
            if equals and number.isdigit()}


def timeline(output: Output) -> dict[str, int]:
    """The next kernel's own account."""
    return {name: int(value) for name, value in
            map(str.split, output.answer("timeline", boot=1))}


def durations(stamps: Mapping[str, int | None],
              blackout: int) -> dict[str, int | None]:
    """How long each phase took, from when it ended.

    The last one ends with the blackout. A phase of which the end is not known
    is None, and counts for the next.
    """
    found: dict[str, int | None] = {}
    before = 0
    for phase in PHASES:
        stamp = blackout if phase == "init" else stamps[phase]
        found[phase] = None if stamp is None else stamp - before
        before = before if stamp is None else stamp
    return found


def pool_stamps(output: Output, blackout: int) -> dict[str, int | None]:
    """When phases ended, by the timeline, which this checks.

    It begins at reboot(2) and ends where the kernel is about to run init:
    all but that is what was measured from outside.
    """
    own = timeline(output)
    if not 0 <= blackout - own["init"] <= max(blackout // 50, 500_000):
        raise ScenarioFailure(f"the timeline says {own['init']} ns, the "
                              f"guest {blackout} ns")
    return {phase: own[phase] for phase in PHASES}


def stock_stamps(output: Output, moment: int) -> dict[str, int | None]:
    """When phases ended, by what the kernels printed, to some microseconds.

    The old kernel's time stamps are the counter's, from another zero: that of
    the line that tells the moment shows which. The entry is exact.
    """
    said, _ = output.find(r"^frb: jump out counter=")
    time = output.lines[said].time
    assert time is not None
    start = time + 2_000_000  # the guest has told 2 ms before
    stamps: dict[str, int | None] = dict.fromkeys(PHASES)
    for index in range(said, len(output.lines)):
        line = output.lines[index]
        if "Starting new kernel" in line.text and line.time:
            stamps["devices_down"] = line.time - start
        elif "killed (polled" in line.text and line.time:
            stamps["cpus_down"] = line.time - start
        elif line.text == "Bye!" and line.time:
            stamps["jump"] = line.time - start
            break
    if stamps["cpus_down"] is None:  # there were none
        stamps["cpus_down"] = stamps["devices_down"]
    _, entry = output.find(r"^frb: entry ([0-9a-f]{16})", said)
    stamps["kernel_entry"] = (int(entry[1], 16) - moment) * TICK
    return stamps


def pages(size: int) -> int:
    """Bytes of the pages that so many bytes take."""
    return -(-size // PAGE) * PAGE


def relocated(point: Point, output: Output, peak: Output, lab: Lab) -> int:
    """Bytes that were copied in the blackout."""
    system = SYSTEMS[point.system]
    if system.pool:
        return timeline(output)["relocated_bytes"]
    if system.tools:
        return sum(int(line.split("=")[1], 16)
                   for line in peak.answer("peak") if ".memsz" in line)
    tree = values(output.answer("fdt", boot=1))["bytes"]
    image = lab.kernel(system.kernel).read_bytes()
    return (pages(images.image_memory(image))
            + pages(point.payload_mib * MIB) + pages(tree))


def blackout_of(output: Output) -> int:
    """Nanoseconds from reboot(2) to the first instruction of init."""
    moment = values(output.answer("jump"))["counter"]
    return (int(output.boots()[1]["begin"]) - moment) * TICK


def read_row(point: Point, output: Output, peak: Output, lab: Lab) -> Row:
    """Make a row of what the two machines have printed."""
    boots = output.boots()
    if len(boots) != 2 or int(boots[1]["cpus"]) != point.cpus:
        raise ScenarioFailure(f"the machine has booted {len(boots)} times, "
                              "or has lost a CPU")
    moment = values(output.answer("jump"))["counter"]
    blackout = blackout_of(output)
    memory = values(peak.answer("peak"))
    system = SYSTEMS[point.system]
    stamps = (pool_stamps(output, blackout) if system.pool
              else stock_stamps(output, moment))
    return Row(
        point.system, point.cpus, point.payload_mib, point.state_mib,
        blackout_ns=blackout,
        relocated_bytes=relocated(point, output, peak, lab),
        phases_ns=durations(stamps, blackout),
        stage_ns=values(output.answer("load"))["ticks"] * TICK,
        arm_ns=(values(output.answer("arm"))["ticks"] * TICK
                if system.pool else None),
        peak_bytes=memory["before"] - memory["lowest"],
        kept_bytes=memory["before"] - memory["after"],
        reserved_bytes=POOL_MIB * MIB if system.pool else 0,
        memory_mib=MEMORY_MIB + point.state_mib,
        state_ready_ns=(values(output.answer("device", boot=1))["ticks"] * TICK
                        if point.state_mib else None))


def boot(point: Point, lab: Lab, name: str, script: Sequence[str],
         extra: Sequence[str] = ()) -> Output:
    """Have a machine do what a script says.

    name -- of its files
    extra -- arguments for QEMU
    """
    initrd = lab.work / f"{name}.cpio"
    idle = lab.work / "idle"
    idle.mkdir(exist_ok=True)
    initrd.write_bytes(lab.initrd(point, script))
    try:
        return oneshot.run(
            machine(point), lab.kernel(SYSTEMS[point.system].kernel), initrd,
            pool_words(point), lab.work / f"{name}.log", TIMEOUT,
            [*device(idle), *extra])
    finally:
        initrd.unlink()


def measure(point: Point, lab: Lab) -> Row:
    """Take one measurement."""
    output = boot(point, lab, point.name, jump_script(point))
    peak = boot(point, lab, f"{point.name}-memory", memory_script(point))
    return read_row(point, output, peak, lab)
