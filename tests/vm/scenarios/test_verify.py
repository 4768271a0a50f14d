# SPDX-License-Identifier: GPL-2.0-or-later
"""A payload that changed after it was sealed does not boot."""

from __future__ import annotations

from typing import Any

from harness import check
from harness.fastreboot import placement, pool_boot, status
from harness.machine import FASTREBOOT, Machine
from harness.scenario import scenario
from harness.vm import Vm

VERIFY = f"write {FASTREBOOT}/slot0/control verify"

# Where in each segment a bit is flipped: offset, from the end if negative.
PLACES: dict[str, dict[str, Any]] = {
    "kernel-first": {"segment": "kernel", "offset": 0},
    "kernel-middle": {"segment": "kernel", "offset": 0x123456},
    "kernel-last": {"segment": "kernel", "offset": -1},
    "initrd-first": {"segment": "initrd", "offset": 0},
    "initrd-last": {"segment": "initrd", "offset": -1},
    "dtb": {"segment": "dtb", "offset": 0x100},
}


def sealed(vm: Vm) -> Machine:
    """A machine with kernel b sealed in slot 0."""
    machine = vm.machine()
    pool_boot(machine)
    machine.stage(0, "b")
    return machine


def flip(machine: Machine, segment: str, offset: int) -> None:
    """Flip a bit of a segment in slot 0, behind the kernel's back."""
    address, size = placement(machine, 0)[segment]
    machine.flip(address + offset % size)


def check_refused(machine: Machine, command: str) -> None:
    """Does a command find the change, and is the slot bad and disarmed?"""
    lines = machine.expect_error("EBADMSG", command)
    check.count("messages", lines, 1)
    check.equal("status", status(machine, 0), "bad")
    check.equal("armed", machine.read("armed"), "none")


def check_goes_on(machine: Machine) -> None:
    """Does the machine work on, and is there nothing to jump to?"""
    check.equal("kexec_loaded", machine.read("/sys/kernel/kexec_loaded"), "0")
    machine.expect_error("EINVAL", "reboot kexec")
    machine.command(f"write {FASTREBOOT}/slot0/control clear")
    check.equal("status after clear", status(machine, 0), "empty")
    machine.stage(0, "b")
    machine.fast_reboot(0)


@scenario(timeout=200)
def sound(vm: Vm) -> None:
    """A payload that did not change verifies, sealed and armed."""
    machine = sealed(vm)
    machine.command(VERIFY)
    check.equal("status", status(machine, 0), "sealed")
    machine.arm(0)
    machine.command(VERIFY)
    check.equal("status", status(machine, 0), "armed")


@scenario(timeout=200, variants=PLACES)
def verify_finds(vm: Vm, segment: str, offset: int) -> None:
    """Verify finds a flipped bit, wherever it is."""
    machine = sealed(vm)
    flip(machine, segment, offset)
    check_refused(machine, VERIFY)


@scenario(timeout=200)
def verify_disarms(vm: Vm) -> None:
    """An armed slot that fails verification does not boot."""
    machine = sealed(vm)
    machine.arm(0)
    flip(machine, "kernel", 0x123456)
    check_refused(machine, VERIFY)
    check_goes_on(machine)


@scenario(timeout=200)
def arm_finds(vm: Vm) -> None:
    """A slot that changed since it was sealed cannot be armed."""
    machine = sealed(vm)
    flip(machine, "initrd", 0)
    check_refused(machine, "arm 0")
    check_goes_on(machine)


@scenario(timeout=200)
def bad_stays_bad(vm: Vm) -> None:
    """A bad slot cannot be armed even when its content is right again."""
    machine = sealed(vm)
    address, _ = placement(machine, 0)["kernel"]
    machine.flip(address)
    check_refused(machine, VERIFY)
    machine.flip(address)
    machine.expect_error("EINVAL", "arm 0")
    check.equal("status", status(machine, 0), "bad")
