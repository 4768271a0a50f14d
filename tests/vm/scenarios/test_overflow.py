# SPDX-License-Identifier: GPL-2.0-or-later
"""Overflow of payloads that are staged by sysfs: what does not fit is copied.

Slots are small here: the kernel fits, and 2 MiB more, unless its header asks
for more than it needs.
"""

from __future__ import annotations

from typing import Any

from harness import check
from harness.boot import Boot
from harness.destinations import (Range, check_apart, lpi_tables, pool_of,
                                  reserved_entries)
from harness.errors import CommandError, ScenarioFailure
from harness.fastreboot import (MIB, NO_POOL, SLOT_ALIGNMENT, Segment,
                                check_fast_reboot, exact_memory, jump,
                                memory_free, overflowing, pool_boot, pool_for,
                                round_up, segments, slot_of, status)
from harness.machine import FASTREBOOT, INITRD, Machine
from harness.scenario import scenario
from harness.vm import Vm

CONTROL = f"{FASTREBOOT}/slot0/control"
VERIFY = f"write {CONTROL} verify"

# Beside its kernel a slot has room for the harness's initrd and a device tree.
REST = 2 * MIB
# Bytes of an initrd that overflows from any slot that small_pool() gives.
LARGE = 5 * MIB

# What the page allocator has on its lists for each CPU comes and goes.
MEMORY_NOISE = 1 * MIB


def small_pool(vm: Vm) -> str:
    """Ask for slots that a kernel and a small initrd fit in."""
    return pool_for(max(vm.image(kernel).image_size for kernel in "ab") + REST)


def large_initrd(vm: Vm, size: int = LARGE) -> str:
    """The harness's initramfs with zeros behind it; a path in the guest."""
    return vm.payload_file("large.cpio", vm.build.initramfs.read_bytes()
                           .ljust(size, b"\0"))


def hungry_kernel(vm: Vm, machine: Machine) -> str:
    """Kernel b, whose header asks for a page more than a slot has."""
    size = int(machine.read("slot0/size"))
    return vm.payload_file("hungry",
                           vm.image("b").with_image_size(size + 4096))


def small_machine(vm: Vm, append: str = "",
                  **options: Any) -> tuple[Machine, Boot]:
    """A machine with small slots."""
    machine = vm.machine(**options)
    boot = pool_boot(machine, append=f"{small_pool(vm)} {append}")
    exact_memory(machine)
    return machine, boot


def mixed_machine(vm: Vm) -> tuple[Machine, Boot]:
    """A machine with a payload in slot 0 of which the initrd overflows."""
    machine, boot = small_machine(vm)
    machine.stage(0, "b", initrd=large_initrd(vm))
    return machine, boot


def ranges_of(found: dict[str, Segment]) -> list[Range]:
    """Where the segments that overflow go."""
    return [Range(found[name].address, found[name].size)
            for name in overflowing(found)]


def check_places(machine: Machine, boot: Boot, slot: int) -> None:
    """Do direct segments lie in the slot, and overflow nowhere it must not?"""
    place = slot_of(machine, boot, slot)
    found = segments(machine, slot)
    for name, segment in found.items():
        if segment.how == "direct":
            check.true(f"the {name} lies in the slot",
                       segment.address in place
                       and segment.address + segment.size - 1 in place,
                       segment)
    check_apart(ranges_of(found), pool_of(boot), "the pool")
    check_apart(ranges_of(found), lpi_tables(machine), "the LPI table")


@scenario(timeout=200)
def initrd(vm: Vm) -> None:
    """An initrd that does not fit is copied at the jump; the rest is not."""
    machine, boot = mixed_machine(vm)
    check.equal("size of the initrd", segments(machine, 0)["initrd"].size,
                LARGE)
    check_places(machine, boot, 0)
    boot = jump(machine, boot, 0, "b", ["initrd"])
    check.true("it is copied in few ranges", (boot.relocated_ranges or 0)
               <= LARGE // 4096 // 16, boot.relocated_ranges)


@scenario(timeout=200)
def kernel(vm: Vm) -> None:
    """A kernel that wants more than a slot is copied; the rest is not.

    The next kernel knows the slot as its own all the same: its device tree is
    in there.
    """
    machine, boot = small_machine(vm)
    machine.stage(0, hungry_kernel(vm, machine))
    found = segments(machine, 0)
    check.equal("what overflows", overflowing(found), ["kernel"])
    check_places(machine, boot, 0)
    check.equal("remainder of the kernel's address by 2 MiB",
                found["kernel"].address % SLOT_ALIGNMENT, 0)
    after = machine.fast_reboot(0)
    check_fast_reboot(machine, boot, after, 0, ["kernel"])
    check.equal("address of the kernel's code", after.text & ~0xffff,
                found["kernel"].address)
    asked = int(machine.read("slot0/size")) + 4096
    check.true("the kernel and no more is relocated",
               0 < (after.relocated_bytes or 0) <= asked,
               after.relocated_bytes)
    machine.expect_error("EBUSY", f"write {CONTROL} begin")
    machine.stage(1, "a")
    jump(machine, after, 1, "a")


@scenario(timeout=200)
def kernel_and_initrd(vm: Vm) -> None:
    """Neither kernel nor initrd fits: the device tree alone is direct."""
    machine, boot = small_machine(vm)
    machine.stage(0, hungry_kernel(vm, machine),
                  initrd=large_initrd(vm, 16 * MIB))
    check_places(machine, boot, 0)
    check.equal("what overflows", overflowing(segments(machine, 0)),
                ["kernel", "initrd"])
    after = machine.fast_reboot(0)
    check_fast_reboot(machine, boot, after, 0, ["kernel", "initrd"])


@scenario(timeout=200)
def one_byte_less(vm: Vm) -> None:
    """The kernel leaves room for a device tree and nothing else."""
    machine, boot = small_machine(vm)
    size = int(machine.read("slot0/size"))
    full = vm.payload_file("full",
                           vm.image("b").with_image_size(size - 0x10000))
    machine.stage(0, full, initrd=None)
    check.equal("what overflows without an initrd",
                overflowing(segments(machine, 0)), [])
    machine.command(f"write {CONTROL} clear")
    machine.stage(0, full)
    check_places(machine, boot, 0)
    jump(machine, boot, 0, "b", ["initrd"])


@scenario(timeout=300)
def next_slots(vm: Vm) -> None:
    """Overflow, from slot to slot, with a kernel that was overflow itself."""
    machine, boot = small_machine(vm, cpus=2)
    large = large_initrd(vm)
    for count in range(4):
        machine.stage(count % 2, "ba"[count % 2], initrd=large)
        boot = jump(machine, boot, count % 2, "ba"[count % 2], ["initrd"])
    machine.stage(0, hungry_kernel(vm, machine), initrd=INITRD)
    after = machine.fast_reboot(0)
    check_fast_reboot(machine, boot, after, 0, ["kernel"])
    machine.stage(1, "a", initrd=large)
    jump(machine, after, 1, "a", ["initrd"])


@scenario(timeout=200)
def armed_again(vm: Vm) -> None:
    """Overflow can be disarmed, armed and verified as often as one likes."""
    machine, boot = mixed_machine(vm)
    before = machine.read("slot0/placement")
    for _ in range(3):
        machine.arm(0)
        machine.command(VERIFY)
        machine.arm(None)
        machine.command(VERIFY)
        check.equal("status", status(machine, 0), "sealed")
    machine.arm(0)
    machine.command("kexec-unload")
    machine.file_load("a", flags=NO_POOL)
    check.equal("placement", machine.read("slot0/placement"), before)
    jump(machine, boot, 0, "b", ["initrd"])


@scenario(timeout=200)
def two_at_once(vm: Vm) -> None:
    """Two slots with overflow, each armed in its turn."""
    machine, boot = mixed_machine(vm)
    machine.stage(1, "a", initrd=large_initrd(vm))
    for slot in (0, 1, 0, 1):
        machine.arm(slot)
        machine.command(VERIFY)
    jump(machine, boot, 1, "a", ["initrd"])


# By name, what ends a payload of which 16 MiB overflow.
ENDS = {
    "clear": ["seal", "clear"],
    "abort": ["abort"],
    "armed-and-clear": ["seal", "arm", "clear"],
    "begin-again": ["seal", "clear", "begin", "abort"],
}


@scenario(timeout=300, variants={name: {"words": words}
                                 for name, words in ENDS.items()})
def no_leak(vm: Vm, words: list[str]) -> None:
    """The memory of overflow comes back, whatever ends the payload."""
    machine, boot = small_machine(vm)
    large = vm.random_file(16 * MIB)
    free = []
    for _ in range(3):
        machine.command(f"write {CONTROL} begin")
        machine.command(f"stream /payload/Image-b {FASTREBOOT}/slot0/kernel")
        machine.command(f"stream {large} {FASTREBOOT}/slot0/initrd")
        used = memory_free(machine)
        for word in words:
            if word == "arm":
                machine.arm(0)
                machine.arm(None)
            else:
                machine.command(f"write {CONTROL} {word}")
        free.append(memory_free(machine))
        check.true("overflow takes memory", used <= free[-1] - 15 * MIB,
                   (used, free[-1]))
    check.true("memory does not shrink", free[-1] >= free[0] - MEMORY_NOISE,
               free)
    machine.stage(0, "b")
    jump(machine, boot, 0, "b")


def check_bad(machine: Machine, command: str) -> None:
    """Does a command find a change, and is the slot bad then?"""
    check.count("messages", machine.expect_error("EBADMSG", command), 1)
    check.equal("status", status(machine, 0), "bad")
    check.equal("armed", machine.read("armed"), "none")


@scenario(timeout=200, variants={
    "kernel": {"segment": "kernel", "armed": False},
    "dtb": {"segment": "dtb", "armed": False},
    "kernel-armed": {"segment": "kernel", "armed": True}})
def direct_part_changed(vm: Vm, segment: str, armed: bool) -> None:
    """A flipped bit of what is direct is found beside overflow too."""
    machine, boot = mixed_machine(vm)
    if armed:
        machine.arm(0)
    machine.flip(segments(machine, 0)[segment].address + 0x100)
    check_bad(machine, VERIFY)
    machine.expect_error("EINVAL", "arm 0")
    machine.command(f"write {CONTROL} clear")
    machine.stage(0, "b", initrd=large_initrd(vm))
    jump(machine, boot, 0, "b", ["initrd"])


def find_memory(machine: Machine, pattern: bytes) -> list[int]:
    """Addresses in the machine's first 512 MiB where a pattern stands."""
    memory = machine.read_memory(0x40000000, 512 * MIB)
    found, at = [], memory.find(pattern)
    while at >= 0:
        found.append(0x40000000 + at)
        at = memory.find(pattern, at + 1)
    return found


@scenario(timeout=200, variants={"verify": {"command": VERIFY},
                                 "arm": {"command": "arm 0"}})
def overflow_changed(vm: Vm, command: str) -> None:
    """A flipped bit of what waits in ordinary memory is found."""
    machine, _ = small_machine(vm, memory="512M")
    marker = bytes(range(256)) + b"find me"
    content = vm.build.initramfs.read_bytes().ljust(LARGE - len(marker),
                                                    b"\0") + marker
    machine.stage(0, "b", initrd=vm.payload_file("marked", content))
    places = find_memory(machine, marker)
    check.true("the initrd's end is in memory", bool(places))
    for place in places:
        machine.flip(place)
    check_bad(machine, command)


def zeros(segment: str, length: str, offset: int = 0) -> str:
    """The command that streams zeros into a segment of slot 0."""
    return (f"zeros {FASTREBOOT}/slot0/{segment} length={length} "
            f"offset={offset}")


@scenario(timeout=300, variants={"initrd": {"segment": "initrd"},
                                 "kernel": {"segment": "kernel"}})
def more_than_half(vm: Vm, segment: str) -> None:
    """More overflow than half of the memory is refused, without harm."""
    machine, boot = small_machine(vm, memory="512M")
    before = memory_free(machine)
    offset = 65536 if segment == "kernel" else 0
    machine.command(f"write {CONTROL} begin")
    machine.command(f"stream /payload/Image-b {FASTREBOOT}/slot0/kernel"
                    + (f" length={offset}" if offset else ""))
    lines = machine.expect_error("EFBIG", zeros(segment, "400M", offset))
    check.count("messages", lines, 1)
    check.equal("status", status(machine, 0), "staging")
    machine.command(f"write {CONTROL} abort")
    after = memory_free(machine)
    check.true("memory comes back", after >= before - MEMORY_NOISE,
               (before, after))
    machine.stage(0, "b")
    jump(machine, boot, 0, "b")


@scenario(timeout=300)
def no_memory(vm: Vm) -> None:
    """Without memory for overflow: ENOMEM, a message, and no harm."""
    machine, boot = small_machine(vm, memory="512M")
    before = memory_free(machine)
    # Together they leave nothing; whichever comes first may run out of it.
    size = round_up(before * 45 // 100, MIB)
    try:
        for slot in range(2):
            machine.command(f"write {FASTREBOOT}/slot{slot}/control begin")
            machine.command("stream /payload/Image-b "
                            f"{FASTREBOOT}/slot{slot}/kernel")
            machine.command(
                f"zeros {FASTREBOOT}/slot{slot}/initrd length={size}")
            machine.command(f"write {FASTREBOOT}/slot{slot}/control seal")
    except CommandError as error:
        check.equal("why it ended", error.errno_name, "ENOMEM")
    else:
        raise ScenarioFailure("there was memory")
    for slot in range(2):
        if status(machine, slot) != "empty":
            word = "abort" if status(machine, slot) == "staging" else "clear"
            machine.command(f"write {FASTREBOOT}/slot{slot}/control {word}")
    after = memory_free(machine)
    check.true("memory comes back", after >= before - MEMORY_NOISE,
               (before, after))
    machine.stage(0, "b", initrd=large_initrd(vm))
    jump(machine, boot, 0, "b", ["initrd"])


def movable_zone(machine: Machine) -> Range:
    """The memory of ZONE_MOVABLE, from /proc/zoneinfo."""
    inside = False
    spanned = start = 0
    for line in machine.command("read /proc/zoneinfo"):
        words = line.split()
        if words and words[0] == "Node":
            inside = words[-1] == "Movable"
        elif inside and words[:1] == ["spanned"]:
            spanned = int(words[1]) * 4096
        elif inside and words[:1] == ["start_pfn:"]:
            start = int(words[1]) * 4096
    check.true("there is a ZONE_MOVABLE", spanned > 0)
    return Range(start, spanned)


def check_destination(vm: Vm, machine: Machine, boot: Boot,
                      avoid: Range, what: str) -> None:
    """Do kernel and initrd keep away from a range, and does all boot?"""
    machine.stage(0, hungry_kernel(vm, machine),
                  initrd=large_initrd(vm, 64 * MIB))
    found = segments(machine, 0)
    check.equal("what overflows", overflowing(found), ["kernel", "initrd"])
    check_places(machine, boot, 0)
    check_apart(ranges_of(found), [avoid], what)
    after = machine.fast_reboot(0)
    check_fast_reboot(machine, boot, after, 0, ["kernel", "initrd"])
    check_apart(ranges_of(found), reserved_without_initrd(machine, found),
                "a reserved range")


def reserved_without_initrd(machine: Machine,
                            found: dict[str, Segment]) -> list[Range]:
    """Ranges that the running kernel was told to reserve."""
    return [entry for entry in reserved_entries(machine)
            if entry.start != found["initrd"].address]


@scenario(timeout=300)
def not_movable(vm: Vm) -> None:
    """Overflow does not go to ZONE_MOVABLE, where it would be pinned."""
    machine, boot = small_machine(vm, "kernelcore=512M")
    check_destination(vm, machine, boot, movable_zone(machine),
                      "ZONE_MOVABLE")


# In the middle of where an initrd would go, at the end of memory.
NOMAP = Range(0x7e000000, 0x400000)
NOMAP_NODE = (f"firmware@{NOMAP.start:x} {{ no-map; "
              f"reg = <0 {NOMAP.start:#x} 0 {NOMAP.size:#x}>; }};")


@scenario(timeout=300)
def not_nomap(vm: Vm) -> None:
    """Overflow does not go to no-map memory, and nothing touches that."""
    machine, boot = small_machine(vm, dtb=vm.reserved_memory(NOMAP_NODE))
    pattern = b"firmware" * 128
    places = (NOMAP.start, NOMAP.start + NOMAP.size - len(pattern))
    for place in places:
        machine.write_memory(place, pattern)
    check_destination(vm, machine, boot, NOMAP, "no-map memory")
    for place in places:
        check.true("no-map memory is untouched",
                   machine.read_memory(place, len(pattern)) == pattern)


@scenario(timeout=300)
def relocated_bytes(vm: Vm) -> None:
    """Whole pages are counted, whatever is in the last one.

    Of a machine that was just switched on, few wait where they have to go.
    """
    machine, boot = small_machine(vm)
    large = large_initrd(vm, LARGE + 1)
    machine.stage(0, "b", initrd=large)
    after = jump(machine, boot, 0, "b", ["initrd"])
    count = after.relocated_bytes or 0
    check.true("nearly all of it, in whole pages, is relocated",
               LARGE - MIB < count <= LARGE + 4096 and count % 4096 == 0,
               count)
