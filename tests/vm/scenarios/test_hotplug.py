# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that comes or goes makes a payload stale: its map is an old one."""

from __future__ import annotations

from typing import Any

from harness import check, destinations
from harness.boot import Boot
from harness.destinations import Range, check_apart
from harness.fastreboot import (MIB, NO_POOL, SLOT_ALIGNMENT, check_kexec,
                                file_load, jump, overflowing, pool_boot,
                                pool_for, segments, stage_and_jump, status)
from harness.machine import FASTREBOOT, Machine
from harness.scenario import scenario
from harness.vm import Vm

STALE = f"{FASTREBOOT}/slot0/stale"
CLEAR = f"write {FASTREBOOT}/slot0/control clear"

# A memory block: with 4 KiB pages a section.
BLOCK = 128 * MIB
MODULE = "512M"

# What is added is used at once, and can be taken away again.
ONLINE = "memhp_default_state=online_movable"


def plug_machine(vm: Vm, append: str = "fastreboot=128M",
                 **options: Any) -> tuple[Machine, Boot]:
    """A machine whose memory can grow."""
    machine = vm.machine(hotplug=MODULE, **options)
    return machine, pool_boot(machine, append=f"{append} {ONLINE}")


def module(machine: Machine) -> Range:
    """Where memory is that was added, or can be."""
    (device,) = machine.qmp("query-memory-devices")
    return Range(device["data"]["memaddr"], device["data"]["max-size"])


def plug(machine: Machine, size: int = BLOCK) -> None:
    """Change the memory, and wait until slot 0 is stale for it."""
    machine.plug_memory(size)
    machine.command(f"await {STALE} memory")


def check_stale(machine: Machine, command: str) -> None:
    """Is slot 0 refused for memory?"""
    check.equal("stale", machine.read("slot0/stale"), "memory")
    lines = machine.expect_error("ESTALE", command)
    check.count("messages", lines, 1)
    check.true("the message tells why", "memory" in lines[0], lines)


@scenario(timeout=200)
def staged(vm: Vm) -> None:
    """A payload that was staged before memory came cannot be armed."""
    machine, boot = plug_machine(vm)
    machine.stage(0, "b")
    check.equal("stale", machine.read("slot0/stale"), "no")
    plug(machine)
    check_stale(machine, "arm 0")
    check.equal("status", status(machine, 0), "sealed")
    machine.command(CLEAR)
    stage_and_jump(machine, boot, 0, "b")


@scenario(timeout=200)
def armed(vm: Vm) -> None:
    """A reboot into a payload that became stale is refused."""
    machine, boot = plug_machine(vm, cpus=2)
    machine.stage(0, "b")
    machine.arm(0)
    plug(machine)
    check_stale(machine, "reboot kexec")
    machine.arm(None)
    machine.command(CLEAR)
    boot = stage_and_jump(machine, boot, 0, "b")
    stage_and_jump(machine, boot, 1, "a")


@scenario(timeout=200)
def loaded(vm: Vm) -> None:
    """What kexec_file_load(2) put into a slot becomes stale as well."""
    machine, boot = plug_machine(vm)
    file_load(machine, 0)
    plug(machine)
    check_stale(machine, "reboot kexec")
    machine.command("kexec-unload")
    check.equal("status", status(machine, 0), "empty")
    file_load(machine, 0)
    check.equal("stale", machine.read("slot0/stale"), "no")
    jump(machine, boot, 0, "b")


@scenario(timeout=200)
def loaded_again(vm: Vm) -> None:
    """Another load takes the place of one that became stale."""
    machine, boot = plug_machine(vm)
    file_load(machine, 0, "a")
    plug(machine)
    file_load(machine, 1, "b")
    check.equal("stale", machine.read("slot1/stale"), "no")
    jump(machine, boot, 1, "b")


@scenario(timeout=200)
def taken_away(vm: Vm) -> None:
    """Memory that goes makes a payload stale, like memory that comes."""
    machine, boot = plug_machine(vm)
    machine.stage(0, "b")
    plug(machine)
    machine.command(CLEAR)
    machine.stage(0, "b")
    check.equal("stale", machine.read("slot0/stale"), "no")
    plug(machine, 0)
    check_stale(machine, "arm 0")
    machine.command(CLEAR)
    stage_and_jump(machine, boot, 0, "b")


@scenario(timeout=200)
def block_by_hand(vm: Vm) -> None:
    """A block that is taken offline and brought back by hand: both count."""
    machine, boot = plug_machine(vm)
    machine.stage(0, "b")
    plug(machine)
    number = module(machine).start // BLOCK
    state = f"/sys/devices/system/memory/memory{number}/state"
    for word in ("offline", "online_movable"):
        machine.command(CLEAR)
        machine.stage(0, "b")
        check.equal("stale", machine.read("slot0/stale"), "no")
        machine.command(f"write {state} {word}")
        check_stale(machine, "arm 0")
    machine.command(CLEAR)
    stage_and_jump(machine, boot, 0, "b")


@scenario(timeout=200)
def boot_memory(vm: Vm) -> None:
    """Memory that was there at boot stays, on arm64: nothing gets stale."""
    machine, boot = plug_machine(vm, "fastreboot=128M kernelcore=512M")
    machine.stage(0, "b")
    # In ZONE_MOVABLE: nothing else would keep it.
    block = f"/sys/devices/system/memory/memory{0x60000000 // BLOCK}"
    machine.expect_error("EPERM", f"write {block}/state offline")
    check.equal("stale", machine.read("slot0/stale"), "no")
    machine.arm(0)
    jump(machine, boot, 0, "b")


@scenario(timeout=300, variants={
    "movable": {"state": "online_movable"}, "kernel": {"state": "online"}})
def destination(vm: Vm, state: str) -> None:
    """Overflow avoids added memory: the next kernel is not told of it."""
    machine = vm.machine(hotplug=MODULE)
    memory = max(vm.image(kernel).image_size for kernel in "ab")
    boot = pool_boot(machine, append=f"{pool_for(memory + SLOT_ALIGNMENT)} "
                                     f"memhp_default_state={state}")
    machine.stage(0, "b")
    plug(machine, 512 * MIB)
    machine.command(CLEAR)
    large = vm.random_file(64 * MIB)
    machine.stage(0, "b", initrd=large)
    found = segments(machine, 0)
    check.equal("what overflows", overflowing(found), ["initrd"])
    check_apart([Range(found["initrd"].address, found["initrd"].size)],
                [module(machine)], "memory that was added")
    loads = destinations.load(machine, "b", NO_POOL)
    check_apart(loads.segments, [module(machine)], "memory that was added")
    check_kexec(boot, machine.kexec())
