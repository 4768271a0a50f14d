# SPDX-License-Identifier: GPL-2.0-or-later
"""The pool and kexec's own system calls: two doors to one jump."""

from __future__ import annotations

from harness import check
from harness.errors import ScenarioFailure, ScenarioSkipped
from harness.fastreboot import (NO_POOL, SLOT_OFFSET, check_kexec, pool_boot,
                                slot_of, stage_and_jump, status)
from harness.machine import Machine
from harness.scenario import scenario
from harness.vm import Vm

LOADED = "/sys/kernel/kexec_loaded"


def check_loaded(machine: Machine, expected: str) -> None:
    """Is a kexec image loaded, as systemctl sees it?"""
    check.equal("kexec_loaded", machine.read(LOADED), expected)


def armed_machine(vm: Vm) -> Machine:
    """A machine with kernel b armed in slot 0."""
    machine = vm.machine()
    pool_boot(machine)
    machine.stage(0, "b")
    machine.arm(0)
    return machine


@scenario(timeout=200)
def arming_loads(vm: Vm) -> None:
    """Staging does not make a reboot a kexec; arming does."""
    machine = vm.machine()
    pool_boot(machine)
    check_loaded(machine, "0")
    machine.stage(0, "b")
    check_loaded(machine, "0")
    machine.arm(0)
    check_loaded(machine, "1")
    check.equal("armed", machine.read("armed"), "0")
    check.equal("status", status(machine, 0), "armed")
    machine.arm(None)
    check_loaded(machine, "0")
    check.equal("armed", machine.read("armed"), "none")
    check.equal("status", status(machine, 0), "sealed")


@scenario(timeout=200)
def nothing_armed(vm: Vm) -> None:
    """Without an armed slot there is nothing to jump to."""
    machine = vm.machine()
    pool_boot(machine)
    machine.stage(0, "b")
    machine.expect_error("EINVAL", "reboot kexec")
    check.equal("status", status(machine, 0), "sealed")


@scenario(timeout=200)
def arm_another(vm: Vm) -> None:
    """Arming another slot disarms the first."""
    machine = vm.machine()
    pool_boot(machine)
    machine.stage(0, "b")
    machine.stage(1, "a")
    machine.arm(0)
    machine.arm(1)
    check.equal("armed", machine.read("armed"), "1")
    check.equal("status of slot 0", status(machine, 0), "sealed")
    check.equal("status of slot 1", status(machine, 1), "armed")
    check.equal("running", machine.kexec().running, 1)


@scenario(timeout=200)
def unload_disarms(vm: Vm) -> None:
    """Unloading the kexec image disarms the slot, and it stays sealed."""
    machine = armed_machine(vm)
    machine.command("kexec-unload")
    check_loaded(machine, "0")
    check.equal("armed", machine.read("armed"), "none")
    check.equal("status", status(machine, 0), "sealed")
    check.equal("running", machine.fast_reboot(0).running, 0)


@scenario(timeout=200)
def file_load_disarms(vm: Vm) -> None:
    """kexec_file_load(2) outside of the pool disarms a slot."""
    machine = armed_machine(vm)
    machine.file_load("b", flags=NO_POOL)
    check_loaded(machine, "1")
    check.equal("armed", machine.read("armed"), "none")
    check.equal("status", status(machine, 0), "sealed")


@scenario(timeout=200)
def arm_replaces_load(vm: Vm) -> None:
    """Arming takes the place of what kexec_file_load(2) has loaded."""
    machine = vm.machine()
    pool_boot(machine)
    machine.file_load("a", flags=NO_POOL)
    machine.stage(0, "b")
    check.equal("running", machine.fast_reboot(0).running, 0)


@scenario(timeout=200, variants={"ledger": {"offset": 0},
                                 "slot": {"offset": SLOT_OFFSET}})
def load_into_pool(vm: Vm, offset: int) -> None:
    """kexec_load(2) is refused memory in the pool."""
    machine = vm.machine()
    boot = pool_boot(machine)
    check.true("there is a pool", boot.pool is not None)
    assert boot.pool is not None
    try:
        machine.expect_error("EADDRNOTAVAIL", "kexec-load-at "
                             f"{boot.pool[0] + offset:#x} 65536")
    except ScenarioFailure as failure:
        if "ENOSYS" in str(failure):
            raise ScenarioSkipped("a kernel without KEXEC") from failure
        raise
    check_loaded(machine, "0")


@scenario(timeout=200)
def file_load_avoids_pool(vm: Vm) -> None:
    """kexec_file_load(2), when told to, leaves pool and payloads alone."""
    machine = vm.machine()
    boot = pool_boot(machine)
    slot = slot_of(machine, boot, 0)
    machine.stage(0, "b")
    staged = machine.read_memory(slot.start, slot.size)
    machine.file_load("b", flags=NO_POOL)
    before, boot = boot, machine.kexec()
    check_kexec(before, boot)
    check.true("the slot is untouched",
               machine.read_memory(slot.start, slot.size) == staged)
    check.equal("status of slot 0", status(machine, 0), "empty")
    stage_and_jump(machine, boot, 0, "b")


@scenario(timeout=200)
def stale_payload(vm: Vm) -> None:
    """A CPU that came online after the seal: the payload does not know it."""
    machine = vm.machine(cpus=2)
    pool_boot(machine, append="fastreboot=256M maxcpus=1")
    machine.stage(0, "b")
    check.equal("stale", machine.read("slot0/stale"), "no")
    machine.command("write /sys/devices/system/cpu/cpu1/online 1")
    machine.command("await /sys/kernel/fastreboot/slot0/stale cpu")
    messages = machine.expect_error("ESTALE", "arm 0")
    check.count("messages", messages, 1)
    check.equal("status", status(machine, 0), "sealed")
    machine.command("write /sys/kernel/fastreboot/slot0/control clear")
    machine.stage(0, "b")
    check.equal("running", machine.fast_reboot(0).running, 0)
