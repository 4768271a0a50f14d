# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input: each with its errno, one log line, and nothing changed."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness import check
from harness.errors import CommandError
from harness.fastreboot import (pool_boot, slot_of, snapshot, stage_and_jump,
                                status)
from harness.image import FLAG_BIG_ENDIAN, PAGE_SIZE_16K, PAGE_SIZE_MASK
from harness.machine import FASTREBOOT, Machine
from harness.scenario import scenario
from harness.vm import Vm

SLOT = f"{FASTREBOOT}/slot0"
KERNEL = "/payload/Image-b"
INITRD = "/payload/initrd.cpio"
LOCKDOWN = "/sys/kernel/security/lockdown"
LOAD_DISABLED = "/proc/sys/kernel/kexec_load_disabled"

# Slots of 16 MiB, on machines with little memory: zeros that are too much are
# soon written.
SMALL_POOL = "fastreboot=34M"

DTB_LIMIT = 2 << 20

Text = Callable[[Vm], str]


def control(word: str) -> str:
    """The command that writes a word to slot 0's control."""
    return f"write {SLOT}/control {word}"


def stream(segment: str, source: str, options: str = "") -> str:
    """The command that streams a file into a segment of slot 0."""
    return f"stream {source} {SLOT}/{segment} {options}"


BEGIN = control("begin")
SEAL = control("seal")
KERNEL_DONE = stream("kernel", KERNEL)
INITRD_DONE = stream("initrd", INITRD)
STAGE = f"stage 0 kernel={KERNEL} initrd={INITRD}"
ARM = f"write {FASTREBOOT}/armed 0"


@dataclass(frozen=True)
class Case:
    """One kind of bad input.

    errno -- what the last command must answer
    command -- the last command, or what makes it from a Vm
    before -- commands that lead to it
    becomes -- status that slot 0 may have instead of the one it had
    """

    errno: str
    command: str | Text
    before: tuple[str, ...] = ()
    becomes: str = ""


def make(build: Callable[[Vm], bytes],
         command: Callable[[str], str]) -> Text:
    """A command about a payload file that is made for it."""
    return lambda vm: command(vm.payload_file("damaged", build(vm)))


def damaged_kernel(build: Callable[[Vm], bytes]) -> Text:
    """Stream a damaged Image as kernel."""
    return make(build, lambda path: stream("kernel", path))


def device_tree(size: int) -> bytes:
    """A device tree header for `size` bytes, and zeros."""
    header = struct.pack(">10I", 0xd00dfeed, size, 56, 72, 40, 17, 16, 0, 0,
                         16)
    return header.ljust(size, b"\0")


def with_page_size(vm: Vm, page_size: int) -> bytes:
    """Image b, marked for another page size."""
    image = vm.image("b")
    return image.with_flags(image.flags & ~PAGE_SIZE_MASK | page_size)


def truncated(vm: Vm) -> bytes:
    """The first half of Image b."""
    content = vm.image("b").content
    return content[:len(content) // 2]


# By name; all start with an empty slot 0.
CASES = {
    "kernel-without-magic": Case(
        "ENOEXEC", damaged_kernel(lambda vm: vm.image("b").without_magic()),
        (BEGIN,)),
    "kernel-of-zeros": Case(
        "ENOEXEC", f"zeros {SLOT}/kernel length=65536", (BEGIN,)),
    "kernel-big-endian": Case(
        "EOPNOTSUPP", damaged_kernel(lambda vm: vm.image("b").with_flags(
            vm.image("b").flags | FLAG_BIG_ENDIAN)), (BEGIN,)),
    # Cortex-A72 has pages of 4 and 64 KiB.
    "kernel-page-size": Case(
        "EOPNOTSUPP",
        damaged_kernel(lambda vm: with_page_size(vm, PAGE_SIZE_16K)),
        (BEGIN,)),
    "kernel-image-size": Case(
        "EFBIG",
        damaged_kernel(lambda vm: vm.image("b").with_image_size(1 << 30)),
        (BEGIN,)),
    "kernel-image-size-wraps": Case(
        "EFBIG",
        damaged_kernel(lambda vm: vm.image("b").with_image_size(2**64 - 1)),
        (BEGIN,)),
    # Overflow of more than half of the memory: machines here have 256 MiB.
    "kernel-too-large": Case(
        "EFBIG", f"zeros {SLOT}/kernel offset=65536 length=128M",
        (BEGIN, stream("kernel", KERNEL, "length=65536"))),
    "initrd-too-large": Case(
        "EFBIG", f"zeros {SLOT}/initrd length=128M", (BEGIN, KERNEL_DONE)),
    "kernel-truncated": Case(
        "ENODATA", SEAL, (BEGIN, stream("kernel", KERNEL, "length=1M")),
        becomes="bad"),
    "kernel-of-100-bytes": Case(
        "ENODATA", SEAL, (BEGIN, stream("kernel", KERNEL, "length=100")),
        becomes="bad"),
    "seal-without-kernel": Case("ENOENT", SEAL, (BEGIN,)),
    "gap-at-the-start": Case(
        "EINVAL", stream("kernel", KERNEL, "offset=4096"), (BEGIN,)),
    "gap": Case(
        "EINVAL", stream("kernel", KERNEL, "src-offset=131072 offset=131072"),
        (BEGIN, stream("kernel", KERNEL, "length=65536"))),
    "overlap": Case(
        "EEXIST", stream("kernel", KERNEL, "length=4096"),
        (BEGIN, stream("kernel", KERNEL, "length=65536"))),
    "overlap-in-the-middle": Case(
        "EEXIST", stream("kernel", KERNEL, "src-offset=32768 offset=32768"),
        (BEGIN, stream("kernel", KERNEL, "length=65536"))),
    "kernel-after-initrd": Case(
        "EINVAL", stream("kernel", KERNEL, "src-offset=65536 offset=65536"),
        (BEGIN, stream("kernel", KERNEL, "length=65536"), INITRD_DONE)),
    "initrd-without-kernel": Case("EINVAL", INITRD_DONE, (BEGIN,)),
    "dtb-without-kernel": Case(
        "EINVAL", make(lambda _: device_tree(4096),
                       lambda path: stream("dtb", path)), (BEGIN,)),
    "dtb-garbage": Case(
        "EINVAL", make(lambda _: b"not a device tree" * 100,
                       lambda path: f"stage 0 kernel={KERNEL} dtb={path}"),
        becomes="staging"),
    "dtb-too-large": Case(
        "EFBIG", make(lambda _: device_tree(DTB_LIMIT + 4096),
                      lambda path: f"stage 0 kernel={KERNEL} dtb={path}"),
        becomes="staging"),
    "cmdline-too-long": Case(
        "E2BIG", f"write-repeat {SLOT}/cmdline x 2048", (BEGIN,)),
    "kernel-before-begin": Case("EBADFD", KERNEL_DONE),
    "initrd-before-begin": Case("EBADFD", INITRD_DONE),
    "cmdline-before-begin": Case("EBADFD", f"write {SLOT}/cmdline quiet"),
    "seal-before-begin": Case("EBADFD", SEAL),
    "kernel-after-seal": Case(
        "EBADFD", stream("kernel", KERNEL, "length=4096"), (STAGE,)),
    "cmdline-after-seal": Case(
        "EBADFD", f"write {SLOT}/cmdline quiet", (STAGE,)),
    "begin-twice": Case("EBUSY", BEGIN, (BEGIN,)),
    "begin-sealed": Case("EEXIST", BEGIN, (STAGE,)),
    "begin-armed": Case("EBUSY", BEGIN, (STAGE, ARM)),
    "clear-armed": Case("EBUSY", control("clear"), (STAGE, ARM)),
    "arm-empty": Case("EINVAL", ARM),
    "arm-staging": Case("EINVAL", ARM, (BEGIN, KERNEL_DONE)),
    "arm-no-such-slot": Case("EINVAL", f"write {FASTREBOOT}/armed 2",
                             (STAGE,)),
    "arm-nonsense": Case("EINVAL", f"write {FASTREBOOT}/armed nine",
                         (STAGE,)),
    "control-nonsense": Case("EINVAL", control("dance")),
    "begin-without-capability": Case(
        "EPERM", f"without-capability {BEGIN}"),
    "seal-without-capability": Case(
        "EPERM", f"without-capability {SEAL}", (BEGIN, KERNEL_DONE)),
    "kernel-without-capability": Case(
        "EPERM", f"without-capability {KERNEL_DONE}", (BEGIN,)),
    "arm-without-capability": Case(
        "EPERM", f"without-capability {ARM}", (STAGE,)),
    "begin-kexec-disabled": Case(
        "EPERM", BEGIN, (f"write {LOAD_DISABLED} 1",)),
    "arm-kexec-disabled": Case(
        "EPERM", ARM, (STAGE, f"write {LOAD_DISABLED} 1")),
    "begin-lockdown": Case(
        "EPERM", BEGIN, (f"write {LOCKDOWN} integrity",)),
    "arm-lockdown": Case(
        "EPERM", ARM, (STAGE, f"write {LOCKDOWN} integrity")),
    "disarm-kexec-disabled": Case(
        "EPERM", "arm none", (STAGE, ARM, f"write {LOAD_DISABLED} 1")),
}


def refuse(machine: Machine, case: Case, command: str) -> None:
    """Run a case's last command; check errno, message, and what is left."""
    before = snapshot(machine)
    lines = machine.expect_error(case.errno, command)
    check.count("messages", lines, 1)
    after = snapshot(machine)
    if case.becomes and after["slot0/status"] == case.becomes:
        before["slot0/status"] = case.becomes
    check.equal("state after the refusal", after, before)


@scenario(timeout=200, variants={name: {"case": case}
                                 for name, case in CASES.items()})
def refused(vm: Vm, case: Case) -> None:
    """Bad input is refused, and the machine is none the worse for it."""
    machine = vm.machine(memory="256M")
    pool_boot(machine, append=SMALL_POOL)
    for preparation in case.before:
        machine.command(preparation)
    command = case.command
    refuse(machine, case, command if isinstance(command, str) else command(vm))


@scenario(timeout=200, variants={"begin": {"word": "begin"},
                                 "abort": {"word": "abort"},
                                 "clear": {"word": "clear"}})
def running_slot(vm: Vm, word: str) -> None:
    """Nothing can be staged into the slot that runs, and it is not cleared."""
    machine = vm.machine()
    stage_and_jump(machine, pool_boot(machine), 0, "b")
    refuse(machine, Case("EBUSY", ""), control(word))


@scenario(timeout=200)
def abort_and_clear(vm: Vm) -> None:
    """What was begun can be aborted, what was sealed can be cleared."""
    machine = vm.machine()
    boot = pool_boot(machine)
    machine.command(BEGIN)
    machine.command(KERNEL_DONE)
    machine.command(control("abort"))
    check.equal("status after abort", status(machine, 0), "empty")
    machine.stage(0, "a")
    machine.command(control("clear"))
    check.equal("status after clear", status(machine, 0), "empty")
    stage_and_jump(machine, boot, 0, "b")


@scenario(timeout=200)
def refused_then_staged(vm: Vm) -> None:
    """After a refusal, abort and stage again: the slot is as good as new."""
    machine = vm.machine()
    boot = pool_boot(machine)
    machine.command(BEGIN)
    machine.expect_error("ENOEXEC", f"zeros {SLOT}/kernel length=65536")
    machine.command(control("abort"))
    stage_and_jump(machine, boot, 0, "b")


def hashes(machine: Machine) -> dict[str, str]:
    """What slot 0's sha256 says of each segment."""
    return dict(line.split() for line in
                machine.read("slot0/sha256").splitlines())


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@scenario(timeout=200, variants={"chunks-of-1-MiB": {"chunk": 1 << 20},
                                 "chunks-of-4-KiB": {"chunk": 4096},
                                 "odd-chunks": {"chunk": 12345}})
def arrives(vm: Vm, chunk: int) -> None:
    """What lies in the slot is what was written, however it was cut."""
    machine = vm.machine()
    boot = pool_boot(machine)
    machine.command(BEGIN)
    machine.command(stream("kernel", KERNEL, f"chunk={chunk}"))
    machine.command(stream("initrd", INITRD, f"chunk={chunk}"))
    machine.command(SEAL)
    found = hashes(machine)
    check.equal("hash of the kernel", found["kernel"],
                sha256(vm.build.kernel("b")))
    check.equal("hash of the initrd", found["initrd"],
                sha256(vm.build.initramfs))
    check.true("release of the kernel",
               machine.read("slot0/release").endswith("-b"))
    image = vm.image("b").content
    check.true("the Image lies at the start of the slot",
               machine.read_memory(slot_of(machine, boot, 0).start,
                                   len(image)) == image)


def outcomes(lines: list[str]) -> list[str]:
    """Sorted outcomes of "parallel": "ok" or the name of an errno."""
    return sorted(line.split()[-1] for line in lines
                  if line.startswith("child "))


@scenario(timeout=200)
def two_begin(vm: Vm) -> None:
    """Of two that begin at once, one does."""
    machine = vm.machine(cpus=2)
    pool_boot(machine)
    check.equal("outcomes",
                outcomes(machine.command(f"parallel 2 {BEGIN}")),
                ["EBUSY", "ok"])


@scenario(timeout=200)
def two_stage(vm: Vm) -> None:
    """Of two that stage at once, one does, and what it staged is sound."""
    machine = vm.machine(cpus=2)
    boot = pool_boot(machine)
    check.equal("outcomes", outcomes(machine.command(f"parallel 2 {STAGE}")),
                ["EBUSY", "ok"])
    check.equal("hash of the kernel", hashes(machine)["kernel"],
                sha256(vm.build.kernel("b")))
    check.equal("running", machine.fast_reboot(0).generation,
                boot.generation + 1)


@scenario(timeout=200)
def two_write(vm: Vm) -> None:
    """Two that write the same slot at once cannot spoil what is sealed.

    The second at an offset is refused; whether one of them gets through
    to the end is chance. If the slot can be sealed, the content is right.
    """
    machine = vm.machine(cpus=2)
    pool_boot(machine)
    machine.command(BEGIN)
    seen = outcomes(machine.command(f"parallel 2 {KERNEL_DONE}"))
    check.true("at least one writer is refused",
               set(seen) & {"EEXIST", "EINVAL"} != set(), seen)
    try:
        machine.command(SEAL)
    except CommandError as error:
        check.equal("why it was not sealed", error.errno_name, "ENODATA")
        vm.note(f"{seen}: no writer got through")
        return
    check.equal("hash of the kernel", hashes(machine)["kernel"],
                sha256(vm.build.kernel("b")))
    vm.note(f"{seen}: sealed")
