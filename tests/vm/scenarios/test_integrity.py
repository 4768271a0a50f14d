# SPDX-License-Identifier: GPL-2.0-or-later
"""What the next kernel finds is what was staged, byte for byte.

The next kernel keeps its initrd (retain_initrd) and its init hashes it. An
initrd here is random bytes, so init itself comes from a disk. A marker in the
device tree is hashed as well, and the harness compares the kernel's own memory
with the Image.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

from harness import check
from harness.boot import Boot
from harness.errors import CommandError, ScenarioSkipped
from harness.fastreboot import (MIB, NO_POOL, SLOT_OFFSET, check_fast_reboot,
                                check_kexec, overflowing, pool_boot, segments)
from harness.machine import FASTREBOOT, Machine
from harness.scenario import scenario
from harness.vm import Vm

INITRD = "/sys/firmware/initrd"
MARKER = "/sys/firmware/devicetree/base/reserved-memory/marker@50000000/marker"
SMALL = (1, 4095, 4096, 4097)
PAGE = 4096

# Of the kernel's pages some are changed while it boots: relocations,
# alternatives, static keys. The others, at least so many of a hundred, are as
# in the Image.
UNCHANGED = 60

MARKER_NODE = """
marker@50000000 {{
	reg = <0 0x50000000 0 0x1000>;
	marker = [{digits}];
}};
"""


def marker() -> bytes:
    """What the device tree has beside what the machine needs."""
    return random.Random("marker").randbytes(10_000)


def disk_machine(vm: Vm, append: str, memory: str = "1G",
                 ) -> tuple[Machine, Boot]:
    """A machine with a root disk, and the marker in its device tree."""
    if not vm.build.root_disk.exists():
        raise ScenarioSkipped("no root disk; mkfs.erofs makes it")
    tree = vm.reserved_memory(MARKER_NODE.format(digits=marker().hex()),
                              memory=memory)
    machine = vm.machine(dtb=tree, memory=memory, disk=vm.build.root_disk,
                         kaslr=False)
    return machine, pool_boot(machine, append=append)


def disk_command_line(machine: Machine) -> str:
    """For a kernel that does not find its init in its initrd."""
    return machine.options.command_line(
        "retain_initrd root=/dev/vda rootfstype=erofs ro init=/init")


def hash_in_guest(machine: Machine, path: str) -> str:
    """What init says the SHA-256 of a file is."""
    return machine.command(f"sha256 {path}")[0]


def check_initrd(vm: Vm, machine: Machine, path: str | None) -> None:
    """Is the running kernel's initrd the one that was staged?"""
    if path is None:
        machine.expect_error("ENOENT", f"sha256 {INITRD}")
        return
    check.equal("hash of the initrd", hash_in_guest(machine, INITRD),
                hashlib.sha256(vm.content(path)).hexdigest())


def check_marker(machine: Machine) -> None:
    """Is the marker in the device tree what it was at the start?"""
    check.equal("hash of the marker", hash_in_guest(machine, MARKER),
                hashlib.sha256(marker()).hexdigest())


def check_kernel(vm: Vm, machine: Machine, boot: Boot, variant: str) -> None:
    """Is the running kernel in memory as in its Image, where it can be?"""
    image = vm.image(variant).content
    start = boot.text & ~0xffff
    memory = machine.read_memory(start, len(image))
    pages = range(0, len(image), PAGE)
    same = sum(memory[at:at + PAGE] == image[at:at + PAGE] for at in pages)
    check.true("the kernel in memory is the Image",
               same * 100 >= UNCHANGED * len(pages), (same, len(pages)))


# From this boot to the next with an initrd, or none.
Jump = Callable[[Vm, Machine, Boot, "str | None"], Boot]


def free_slot(before: Boot) -> int:
    """The slot that does not run."""
    return 0 if before.running is None else 1 - before.running


def staged(machine: Machine, before: Boot, initrd: str | None,
           kernel: str = "b", overflow: bool = False) -> Boot:
    """Stage by sysfs, check what overflows, and jump."""
    slot = free_slot(before)
    machine.stage(slot, kernel, initrd=initrd,
                  cmdline=disk_command_line(machine))
    check.equal("what overflows", overflowing(segments(machine, slot)),
                ["initrd"] if overflow and initrd else [])
    after = machine.fast_reboot(slot)
    check_fast_reboot(machine, before, after, slot,
                      ["initrd"] if overflow and initrd else [])
    return after


def jump_direct(_: Vm, machine: Machine, before: Boot,
                initrd: str | None) -> Boot:
    """All in a slot."""
    return staged(machine, before, initrd)


def jump_mixed(vm: Vm, machine: Machine, before: Boot,
               initrd: str | None) -> Boot:
    """The kernel's header leaves no room for an initrd in the slot."""
    size = int(machine.read("slot0/size"))
    kernel = vm.payload_file("full",
                             vm.image("b").with_image_size(size - 0x10000))
    return staged(machine, before, initrd, kernel, overflow=True)


def jump_loaded(_: Vm, machine: Machine, before: Boot,
                initrd: str | None) -> Boot:
    """All in a slot, by kexec_file_load(2)."""
    slot = free_slot(before)
    machine.file_load("b", disk_command_line(machine), initrd)
    check.equal("what overflows", overflowing(segments(machine, slot)), [])
    after = machine.kexec()
    check_fast_reboot(machine, before, after, slot)
    return after


def jump_pool_off(_: Vm, machine: Machine, before: Boot,
                  initrd: str | None) -> Boot:
    """All outside of the pool."""
    machine.file_load("b", disk_command_line(machine), initrd, flags=NO_POOL)
    after = machine.kexec()
    check_kexec(before, after)
    return after


KINDS: dict[str, Jump] = {"direct": jump_direct, "mixed": jump_mixed,
                          "loaded": jump_loaded, "pool-off": jump_pool_off}


@scenario(timeout=400, variants={kind: {"kind": kind} for kind in KINDS})
def small(vm: Vm, kind: str) -> None:
    """Initrds of no byte, one byte, and around the size of a page."""
    machine, boot = disk_machine(vm, "fastreboot=66M")
    for size in (None, *SMALL):
        initrd = vm.random_file(size) if size else None
        boot = KINDS[kind](vm, machine, boot, initrd)
        check_initrd(vm, machine, initrd)
        check_marker(machine)
        check_kernel(vm, machine, boot, "b")


# What is large goes into slots of this size, or not.
LARGE_POOL = f"fastreboot={(SLOT_OFFSET + 2 * 320 * MIB) // MIB}M"

LARGE = {
    "64-mib-direct": ("direct", 64 * MIB, LARGE_POOL),
    "64-mib-mixed": ("mixed", 64 * MIB, "fastreboot=66M"),
    "300-mib-direct": ("direct", 300 * MIB, LARGE_POOL),
    "300-mib-mixed": ("mixed", 300 * MIB, "fastreboot=66M"),
    "300-mib-pool-off": ("pool-off", 300 * MIB, "fastreboot=66M"),
}


@scenario(timeout=900, long=[name for name, (_, size, _) in LARGE.items()
                             if size > 64 * MIB],
          variants={name: {"kind": kind, "size": size, "append": append}
                    for name, (kind, size, append) in LARGE.items()})
def large(vm: Vm, kind: str, size: int, append: str) -> None:
    """Large initrds."""
    machine, boot = disk_machine(vm, append, memory="2G")
    initrd = vm.random_file(size)
    boot = KINDS[kind](vm, machine, boot, initrd)
    check_initrd(vm, machine, initrd)
    check_marker(machine)
    check_kernel(vm, machine, boot, "b")


@scenario(timeout=200)
def notices(vm: Vm) -> None:
    """These tests would notice a single bit, in kernel or initrd."""
    machine, boot = disk_machine(vm, "fastreboot=66M")
    initrd = vm.random_file(4097)
    other = vm.payload_file("other", vm.content(initrd)[:-1] + b"?")
    boot = jump_direct(vm, machine, boot, other)
    check.true("the hash of another initrd is another",
               hash_in_guest(machine, INITRD)
               != hashlib.sha256(vm.content(initrd)).hexdigest())


@scenario(timeout=200)
def empty_file(vm: Vm) -> None:
    """An initrd of 0 bytes is none; kexec_file_load(2) refuses it as ever."""
    machine, boot = disk_machine(vm, "fastreboot=66M")
    empty = vm.payload_file("empty", b"")
    try:
        machine.file_load("b", disk_command_line(machine), empty)
    except CommandError as error:
        check.equal("errno", error.errno_name, "EINVAL")
    check.equal("status", machine.read("slot0/status"), "empty")
    machine.command(f"write {FASTREBOOT}/slot0/control begin")
    machine.command(f"stream /payload/Image-b {FASTREBOOT}/slot0/kernel")
    machine.command(f"stream {empty} {FASTREBOOT}/slot0/initrd")
    machine.command(f"write {FASTREBOOT}/slot0/cmdline "
                    f'"{disk_command_line(machine)}"')
    machine.command(f"write {FASTREBOOT}/slot0/control seal")
    check.equal("segments", list(segments(machine, 0)), ["kernel", "dtb"])
    after = machine.fast_reboot(0)
    check_fast_reboot(machine, boot, after, 0)
    check_initrd(vm, machine, None)
