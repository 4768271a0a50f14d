# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec_file_load(2) into the pool, by the system call itself."""

from __future__ import annotations

import hashlib

from harness import check, ledger
from harness.boot import Boot
from harness.fastreboot import (NO_POOL, POOL, SLOT_OFFSET, check_fast_reboot,
                                check_kexec, exact_memory, file_load,
                                fill_slots, jump, memory_free, placement,
                                pool_boot, segments, slot_of, stage_and_jump,
                                status, switch_pool)
from harness.machine import FASTREBOOT, INITRD, Machine
from harness.scenario import scenario
from harness.symbols import Symbols
from harness.vm import Vm

LOADED = "/sys/kernel/kexec_loaded"
CRASH_LOADED = "/sys/kernel/kexec_crash_loaded"
LOAD_DISABLED = "/proc/sys/kernel/kexec_load_disabled"

# Flags of kexec_file_load(2).
ON_CRASH = 2
NO_SUCH_FLAG = 0x20000000

# What a reboot that leaves memory as it is must not change, beside a crash.
CRASH_POOL = "fastreboot=66M@0x50000000"
RESERVE = "crashkernel=256M@0x60000000"

# Loads that fail or are taken back, again and again, leave this much behind.
MEMORY_NOISE = 2 << 20


def states(machine: Machine) -> list[str]:
    """Status of both slots."""
    return [status(machine, slot) for slot in range(2)]


def check_states(machine: Machine, *expected: str) -> None:
    """Have the slots this status, and is an armed one loaded?"""
    check.equal("status of the slots", states(machine), list(expected))
    armed = str(expected.index("armed")) if "armed" in expected else "none"
    check.equal("armed", machine.read("armed"), armed)


def check_loaded(machine: Machine, expected: bool) -> None:
    """Is a kernel loaded, as systemctl sees it?"""
    check.equal("kexec_loaded", machine.read(LOADED), str(int(expected)))


def check_cleared(machine: Machine, boot: Boot, slot: int) -> None:
    """Is nothing left in a slot of what was loaded?"""
    place = slot_of(machine, boot, slot)
    check.true("the slot is cleared", not any(
        machine.read_memory(place.start, place.size)))


def kernel_of(machine: Machine, slot: int) -> str:
    """The variant of the kernel in a slot."""
    return machine.read(f"slot{slot}/release").rpartition("-")[2]


@scenario(timeout=200)
def loads(vm: Vm) -> None:
    """A kernel goes straight into a slot, which tells as much as if staged."""
    machine = vm.machine()
    boot = pool_boot(machine)
    file_load(machine, 0)
    check_loaded(machine, True)
    check_states(machine, "armed", "empty")
    found = placement(machine, 0)
    check.equal("segments", list(found), ["kernel", "initrd", "dtb"])
    slot = slot_of(machine, boot, 0)
    image = vm.image("b").content
    check.true("the Image lies at the start of the slot",
               machine.read_memory(slot.start, len(image)) == image)
    hashes = dict(line.split() for line in
                  machine.read("slot0/sha256").splitlines())
    check.equal("hash of the kernel", hashes["kernel"],
                hashlib.sha256(image).hexdigest())
    check.equal("hash of the initrd", hashes["initrd"], hashlib.sha256(
        vm.build.initramfs.read_bytes()).hexdigest())
    check.equal("kernel", kernel_of(machine, 0), "b")
    check.equal("command line", machine.read("slot0/cmdline"),
                machine.options.command_line(""))
    machine.command(f"write {FASTREBOOT}/slot0/control verify")
    jump(machine, boot, 0, "b")
    check.equal("command line", machine.read("/proc/cmdline"),
                machine.options.command_line(""))


@scenario(timeout=200)
def without_initrd(vm: Vm) -> None:
    """A kernel alone."""
    machine = vm.machine()
    pool_boot(machine)
    file_load(machine, 0, initrd=None)
    check.equal("segments", list(placement(machine, 0)), ["kernel", "dtb"])


@scenario(timeout=200)
def both_ways(vm: Vm) -> None:
    """Loaded, staged, loaded: each jump finds the other slot free."""
    machine = vm.machine(cpus=2)
    boot = pool_boot(machine)
    file_load(machine, 0, "b")
    boot = jump(machine, boot, 0, "b")
    boot = stage_and_jump(machine, boot, 1, "a")
    file_load(machine, 0, "b")
    jump(machine, boot, 0, "b")


@scenario(timeout=200, variants={
    "unload": {"command": "kexec-unload"}, "disarm": {"command": "arm none"}})
def taken_back(vm: Vm, command: str) -> None:
    """Unloading or disarming leaves an empty slot and nothing in it."""
    machine = vm.machine()
    boot = pool_boot(machine)
    file_load(machine, 0)
    machine.command(command)
    check_loaded(machine, False)
    check_states(machine, "empty", "empty")
    check_cleared(machine, boot, 0)
    machine.expect_error("EINVAL", "reboot kexec")
    file_load(machine, 0)
    jump(machine, boot, 0, "b")


@scenario(timeout=200)
def replaced(vm: Vm) -> None:
    """Another kernel goes into the free slot, and frees the first one's."""
    machine = vm.machine()
    boot = pool_boot(machine)
    file_load(machine, 0, "a")
    file_load(machine, 1, "b")
    check_states(machine, "empty", "armed")
    check_cleared(machine, boot, 0)
    jump(machine, boot, 1, "b")


@scenario(timeout=200)
def takes_over(vm: Vm) -> None:
    """Without a free slot another kernel takes over the loaded one's."""
    machine = vm.machine()
    boot = pool_boot(machine)
    machine.stage(0, "a")
    file_load(machine, 1, "a")
    file_load(machine, 1, "b")
    check_states(machine, "sealed", "armed")
    check.equal("kernel", kernel_of(machine, 1), "b")
    jump(machine, boot, 1, "b")


@scenario(timeout=200, variants={"free-slot": {"sealed": False},
                                 "no-free-slot": {"sealed": True}})
def bad_file(vm: Vm, sealed: bool) -> None:
    """A file that is no kernel leaves what was loaded, and its slot."""
    machine = vm.machine()
    boot = pool_boot(machine)
    if sealed:
        machine.stage(0, "a")
    slot = int(sealed)
    file_load(machine, slot, "b")
    before = states(machine)
    bad = vm.payload_file("bad", vm.image("a").without_magic())
    machine.expect_error("EINVAL", f"kexec-file-load {bad} {INITRD} x")
    check_loaded(machine, True)
    check.equal("status of the slots", states(machine), before)
    machine.command(f"write {FASTREBOOT}/slot{slot}/control verify")
    jump(machine, boot, slot, "b")


@scenario(timeout=200)
def pool_off(vm: Vm) -> None:
    """Flag and switch keep a load off the pool; the switch goes back on."""
    machine = vm.machine()
    boot = pool_boot(machine)
    check.equal("the switch", machine.read("kexec_file_load"), "1")
    machine.file_load("a", flags=NO_POOL)
    check_loaded(machine, True)
    check_states(machine, "empty", "empty")
    switch_pool(machine, False)
    check.equal("the switch", machine.read("kexec_file_load"), "0")
    machine.file_load("a")
    check_states(machine, "empty", "empty")
    switch_pool(machine, True)
    file_load(machine, 0, "a")
    machine.file_load("b", flags=NO_POOL)
    check_states(machine, "empty", "empty")
    check_kexec(boot, machine.kexec())


@scenario(timeout=200)
def switch_refuses(vm: Vm) -> None:
    """The switch takes 0 and 1, from callers that may load a kernel."""
    machine = vm.machine()
    pool_boot(machine)
    write = f"write {FASTREBOOT}/kexec_file_load"
    machine.expect_error("EINVAL", f"{write} maybe")
    machine.expect_error("EPERM", f"without-capability {write} 0")
    check.equal("the switch", machine.read("kexec_file_load"), "1")


@scenario(timeout=200)
def sealed_stays(vm: Vm) -> None:
    """A load disarms a staged slot; arming that empties the loaded one."""
    machine = vm.machine()
    boot = pool_boot(machine)
    machine.stage(0, "b")
    machine.arm(0)
    file_load(machine, 1, "a")
    check_states(machine, "sealed", "armed")
    machine.arm(0)
    check_states(machine, "armed", "empty")
    check_cleared(machine, boot, 1)
    check_loaded(machine, True)
    jump(machine, boot, 0, "b")


@scenario(timeout=200)
def no_slot_left(vm: Vm) -> None:
    """Sealed slots are never taken: the load goes elsewhere."""
    machine = vm.machine()
    boot = pool_boot(machine)
    fill_slots(machine)
    before = [machine.read(f"slot{slot}/sha256") for slot in range(2)]
    machine.file_load("b")
    check_loaded(machine, True)
    check_states(machine, "sealed", "sealed")
    for slot in range(2):
        machine.command(f"write {FASTREBOOT}/slot{slot}/control verify")
    check.equal("hashes of the slots", [
        machine.read(f"slot{slot}/sha256") for slot in range(2)], before)
    check_kexec(boot, machine.kexec())


@scenario(timeout=200)
def while_staging(vm: Vm) -> None:
    """A slot that is being staged is not free."""
    machine = vm.machine()
    boot = pool_boot(machine)
    control = f"write {FASTREBOOT}/slot0/control"
    machine.command(f"{control} begin")
    machine.command(f"stream /payload/Image-a {FASTREBOOT}/slot0/kernel")
    file_load(machine, 1, "b")
    check_states(machine, "staging", "armed")
    machine.command(f"{control} seal")
    check_states(machine, "sealed", "armed")
    jump(machine, boot, 1, "b")


@scenario(timeout=200)
def loaded_is_not_staged(vm: Vm) -> None:
    """A slot with a loaded kernel is not for staging, nor to be cleared."""
    machine = vm.machine()
    boot = pool_boot(machine)
    file_load(machine, 0, "b")
    control = f"write {FASTREBOOT}/slot0/control"
    for word in ("begin", "clear"):
        machine.expect_error("EBUSY", f"{control} {word}")
    for word in ("abort", "seal"):
        machine.expect_error("EBADFD", f"{control} {word}")
    machine.expect_error("EINVAL", "arm 0")
    check_states(machine, "armed", "empty")
    jump(machine, boot, 0, "b")


@scenario(timeout=200)
def changed(vm: Vm) -> None:
    """A loaded kernel that changed is found, does not boot, is replaced."""
    machine = vm.machine()
    boot = pool_boot(machine)
    file_load(machine, 0, "b")
    machine.flip(placement(machine, 0)["kernel"][0] + 0x123456)
    machine.expect_error("EBADMSG",
                         f"write {FASTREBOOT}/slot0/control verify")
    check_loaded(machine, False)
    check_states(machine, "bad", "empty")
    file_load(machine, 1, "b")
    jump(machine, boot, 1, "b")


def refusals(vm: Vm) -> dict[str, str]:
    """Loads that are refused: by command, the errno of a stock kernel."""
    image = vm.image("b")
    bad = vm.payload_file("bad", image.without_magic())
    short = vm.payload_file("short", image.content[:63])
    empty = vm.payload_file("empty", b"")
    load = "kexec-file-load"
    return {
        f"{load} {bad} {INITRD} x": "EINVAL",
        f"{load} {short} {INITRD} x": "EINVAL",
        f"{load} {empty} {INITRD} x": "EINVAL",
        f"{load} /payload/Image-b {empty} x": "EINVAL",
        f"{load} /payload/Image-b /payload x": "EINVAL",
        f"{load} /payload/Image-b {INITRD} x nul=0": "EINVAL",
        f"{load} /payload/Image-b {INITRD} x flags={NO_SUCH_FLAG}": "EINVAL",
        f"without-capability {load} /payload/Image-b {INITRD} x": "EPERM",
    }


@scenario(timeout=300)
def refused(vm: Vm) -> None:
    """Each load that is refused leaves the slots free, and the memory."""
    machine = vm.machine()
    boot = pool_boot(machine)
    exact_memory(machine)
    free: list[int] = []
    for _ in range(3):
        for command, errno_name in refusals(vm).items():
            machine.expect_error(errno_name, command)
            check_loaded(machine, False)
            check_states(machine, "empty", "empty")
        free.append(memory_free(machine))
    check.true("memory does not shrink", free[-1] >= free[0] - MEMORY_NOISE,
               free)
    check_cleared(machine, boot, 0)
    machine.file_load("b")
    machine.command(f"write {LOAD_DISABLED} 1")
    machine.expect_error(
        "EPERM", f"kexec-file-load /payload/Image-a {INITRD} x")
    machine.expect_error("EPERM", "kexec-unload")
    jump(machine, boot, 0, "b")


@scenario(timeout=200)
def truncated(vm: Vm) -> None:
    """A kernel of which half is missing is refused as when staged."""
    machine = vm.machine()
    boot = pool_boot(machine)
    content = vm.image("b").content
    half = vm.payload_file("half", content[:len(content) // 2])
    machine.expect_error("ENODATA", f"kexec-file-load {half} {INITRD} x")
    check_loaded(machine, False)
    check_states(machine, "empty", "empty")
    check_cleared(machine, boot, 0)


@scenario(timeout=300)
def no_leak(vm: Vm) -> None:
    """Loads that are taken back, replaced and overflown leave nothing."""
    machine = vm.machine()
    boot = pool_boot(machine)
    exact_memory(machine)
    large = vm.random_file(64 << 20)
    free = []
    for _ in range(3):
        file_load(machine, 0, initrd=large)
        check.equal("the initrd", segments(machine, 0)["initrd"].how,
                    "overflow")
        file_load(machine, 1, "a")
        machine.file_load("a", flags=NO_POOL)
        machine.command("kexec-unload")
        free.append(memory_free(machine))
    check.true("memory does not shrink", free[-1] >= free[0] - MEMORY_NOISE,
               free)
    file_load(machine, 0)
    jump(machine, boot, 0, "b")


@scenario(timeout=200)
def other_call(vm: Vm) -> None:
    """kexec_load(2) works beside it, and takes a loaded kernel's place."""
    machine = vm.machine()
    pool_boot(machine)
    file_load(machine, 0)
    machine.command("kexec-load-at 0x50000000 65536")
    check_loaded(machine, True)
    check_states(machine, "empty", "empty")
    file_load(machine, 0)
    check_states(machine, "armed", "empty")


@scenario(timeout=300)
def two_at_once(vm: Vm) -> None:
    """Of two that load at once, one may be refused; one kernel is loaded."""
    machine = vm.machine(cpus=2)
    boot = pool_boot(machine)
    command = (f"kexec-file-load /payload/Image-b {INITRD} "
               f'"{machine.options.command_line("")}"')
    outcomes = {line.split()[-1]
                for line in machine.command(f"parallel 2 {command}")
                if line.startswith("child ")}
    check.true("one at least was done", "ok" in outcomes, outcomes)
    check.true("the others found it busy", outcomes <= {"ok", "EBUSY"},
               outcomes)
    check.equal("status of the slots", sorted(states(machine)),
                ["armed", "empty"])
    jump(machine, boot, int(machine.read("armed")), "b")


def crash(machine: Machine) -> Boot:
    """Have the kernel panic, and wait for the crash kernel's prompt."""
    machine.allow("sysrq triggered crash")
    return machine.kexec("write /proc/sysrq-trigger c")


def pool_content(machine: Machine, boot: Boot) -> bytes:
    """The ledger and the slots. The kernel goes on writing to its log."""
    assert boot.pool is not None
    first, last = boot.pool
    slots = first + SLOT_OFFSET
    return (machine.read_memory(first, ledger.SIZE)
            + machine.read_memory(slots, last + 1 - slots))


@scenario(timeout=300, variants={
    "beside-a-staged-slot": {"armed": False, "loaded": False},
    "beside-an-armed-slot": {"armed": True, "loaded": False},
    "beside-a-loaded-kernel": {"armed": False, "loaded": True}})
def crash_kernel(vm: Vm, armed: bool, loaded: bool) -> None:
    """A crash kernel boots on a panic, and the pool is as it was."""
    machine = vm.machine(cpus=2)
    boot = pool_boot(machine, append=f"{CRASH_POOL} {RESERVE}")
    if loaded:
        file_load(machine, 0, "b")
    else:
        machine.stage(0, "b")
    if armed:
        machine.arm(0)
    before = states(machine), pool_content(machine, boot)
    machine.file_load("a", flags=ON_CRASH)
    check.equal("kexec_crash_loaded", machine.read(CRASH_LOADED), "1")
    check.true("loading it leaves slots and pool alone",
               (states(machine), pool_content(machine, boot)) == before)
    after = crash(machine)
    check.true("the crash kernel runs where it was told to",
               0x60000000 <= after.text < 0x70000000, hex(after.text))
    check.true("it sees the memory of the one that died",
               len(machine.command("hex /proc/vmcore length=64")) == 1)
    check.true("the pool is as it was",
               pool_content(machine, boot) == before[1])


# kernel/kexec_internal.h: the lock while an image is loaded or started.
LOCKED_DEFAULT = 2


@scenario(timeout=300)
def crash_kernel_during_another_kexec(vm: Vm) -> None:
    """A panic does not wait for a load, or for a reboot that has begun."""
    machine = vm.machine(cpus=2)
    boot = pool_boot(machine, append=f"{CRASH_POOL} {RESERVE}")
    machine.file_load("a", flags=ON_CRASH)
    lock = Symbols(vm.build).physical(boot, "__kexec_lock")
    machine.write_memory(lock, LOCKED_DEFAULT.to_bytes(4, "little"))
    machine.expect_error("EBUSY", "kexec-unload flags=0")
    after = crash(machine)
    check.true("the crash kernel runs where it was told to",
               0x60000000 <= after.text < 0x70000000, hex(after.text))


@scenario(timeout=300)
def crash_kernel_alone(vm: Vm) -> None:
    """Loading and unloading a crash kernel leaves a slot's to be jumped to."""
    machine = vm.machine()
    boot = pool_boot(machine, append=f"{POOL} crashkernel=256M")
    file_load(machine, 0, "b")
    machine.file_load("a", flags=ON_CRASH)
    machine.command(f"kexec-unload flags={ON_CRASH}")
    check.equal("kexec_crash_loaded", machine.read(CRASH_LOADED), "0")
    check_states(machine, "armed", "empty")
    after = machine.kexec()
    check_fast_reboot(machine, boot, after, 0)
