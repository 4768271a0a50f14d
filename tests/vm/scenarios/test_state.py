# SPDX-License-Identifier: GPL-2.0-or-later
"""The state volume is persistent memory, and a reboot leaves it alone."""

from __future__ import annotations

import hashlib
import random

from harness import check
from harness.boot import Boot, parse_range
from harness.fastreboot import (MIB, check_fast_reboot, pool_boot,
                                stage_and_jump)
from harness.machine import Machine
from harness.scenario import scenario
from harness.vm import Vm

DEVICE = "/dev/pmem0"
BUS = "/sys/bus/nd/devices/ndbus0"
STATE = 32 * MIB


def await_device(machine: Machine) -> int:
    """Wait for the volume's device, which comes after init; its bytes."""
    machine.command(f"appear {DEVICE}")
    check.equal("provider", machine.read(f"{BUS}/provider"), "fastreboot")
    return int(machine.read("/sys/class/block/pmem0/size")) * 512


def volume_of(machine: Machine) -> tuple[int, int]:
    """Address and bytes of the volume."""
    found = parse_range(machine.read("state_volume"))
    assert found is not None
    return found[0], found[1] + 1 - found[0]


def system_ram(machine: Machine) -> list[tuple[int, int]]:
    """First and last address of what the kernel takes for memory."""
    found = []
    for line in machine.command("read /proc/iomem"):
        extent, _, name = line.strip().partition(" : ")
        if name == "System RAM":
            first, last = (int(number, 16) for number in extent.split("-"))
            found.append((first, last))
    return found


def check_volume(machine: Machine, volume: tuple[int, int]) -> None:
    """The volume is where it was, a device, and no memory."""
    check.equal("volume", volume_of(machine), volume)
    check.equal("bytes of the device", await_device(machine), volume[1])
    first, last = volume[0], volume[0] + volume[1] - 1
    ram = system_ram(machine)
    check.true("there is memory in /proc/iomem", bool(ram), ram)
    check.true("the volume is not among the memory", all(
        last < start or end < first for start, end in ram), ram)


def content_of(vm: Vm, size: int) -> tuple[str, str]:
    """A file of the host with bytes to keep; its path in the guest, and hash."""
    data = random.Random(size).randbytes(size)
    return vm.payload_file("state", data), hashlib.sha256(data).hexdigest()


def hash_of_volume(machine: Machine, size: int) -> str:
    """Hash of what is in the volume now."""
    digest, = machine.command(f"sha256 {DEVICE} length={size}")
    return digest


@scenario(timeout=300, variants={
    "el1": {"options": {}},
    "el2-8-cpus": {"options": {"cpus": 8, "virtualization": True,
                               "cpu": "max"}}})
def kept(vm: Vm, options: dict[str, object]) -> None:
    """From kernel to kernel and back, whatever their command lines say."""
    machine = vm.machine(**options)
    boot = pool_boot(machine, f"fastreboot={192 * MIB}@0x60000000,state={STATE}")
    volume = volume_of(machine)
    check.equal("bytes of the volume", volume[1], STATE)
    check_volume(machine, volume)
    path, digest = content_of(vm, STATE)
    machine.command(f"stream {path} {DEVICE}")
    for slot, kernel in ((0, "b"), (1, "a"), (0, "b")):
        boot = stage_and_jump(machine, boot, slot, kernel)
        check_volume(machine, volume)
        check.equal("hash", hash_of_volume(machine, STATE), digest)


@scenario(timeout=300)
def kept_over_a_reset(vm: Vm) -> None:
    """A reset that leaves the memory alone leaves the volume alone."""
    machine = vm.machine()
    append = f"fastreboot={192 * MIB}@0x60000000,state={STATE}"
    boot = pool_boot(machine, append)
    await_device(machine)
    path, digest = content_of(vm, 8 * MIB)
    machine.command(f"stream {path} {DEVICE}")
    stage_and_jump(machine, boot, 0, "b")
    machine.reset()
    check.equal("boot reason", machine.read("boot_reason"), "reset")
    await_device(machine)
    check.equal("hash", hash_of_volume(machine, 8 * MIB), digest)


@scenario(timeout=300)
def overflow_stays_out(vm: Vm) -> None:
    """What does not fit its slot is not put into the volume."""
    machine = vm.machine(memory="1G")
    boot = pool_boot(machine, f"fastreboot={66 * MIB}@0x60000000,state={STATE}")
    volume = volume_of(machine)
    await_device(machine)
    path, digest = content_of(vm, STATE)
    machine.command(f"stream {path} {DEVICE}")
    big = vm.payload_file("big", vm.build.initramfs.read_bytes().ljust(
        96 * MIB, b"\0"))
    machine.stage(0, "b", initrd=big)
    after = machine.fast_reboot(0)
    check_fast_reboot(machine, boot, after, 0, overflow=["initrd"])
    check.true("something was relocated",
               after.timeline["relocated_bytes"] >= 90 * MIB, after.timeline)
    check_volume(machine, volume)
    check.equal("hash", hash_of_volume(machine, STATE), digest)


@scenario(timeout=300, variants={
    "jump": {"how": "jump"}, "panic": {"how": "panic"}})
def log(vm: Vm, how: str) -> None:
    """The last lines of the kernel before are in pstore."""
    machine = vm.machine()
    boot = pool_boot(machine, "fastreboot=128M@0x60000000")
    machine.command('write /dev/kmsg "<1>a line to be found again"')
    if how == "jump":
        stage_and_jump(machine, boot, 0, "b")
    else:
        machine.allow(r"Kernel panic|sysrq|Internal error|Oops|Call trace")
        machine.expect_event("RESET")
        restart_by_panic(machine)
    console = machine.command("read /sys/fs/pstore/console-ramoops-0")
    check.true("the line is in the console's log", any(
        "a line to be found again" in line for line in console), console[-5:])
    if how == "panic":
        record = machine.command("read /sys/fs/pstore/dmesg-ramoops-0")
        check.true("the panic is in a record", any(
            "sysrq triggered crash" in line for line in record), record[:5])


def restart_by_panic(machine: Machine) -> Boot:
    """Let the kernel panic; it restarts the machine."""
    machine.begin_kexec("write /proc/sysrq-trigger c")
    return machine.wait_boot()
