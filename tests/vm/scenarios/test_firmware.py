# SPDX-License-Identifier: GPL-2.0-or-later
"""A payload's own device tree, and what firmware has said of the machine."""

from __future__ import annotations

from pathlib import Path

from harness import check
from harness.fastreboot import check_fast_reboot, pool_boot, status
from harness.machine import Machine
from harness.scenario import scenario
from harness.vm import Vm

# Memory of the secure world's.
SECURE = """
secure@70000000 {
	reg = <0 0x70000000 0 0x100000>;
	no-map;
};
"""
OTHER_HALF = SECURE.replace("0x100000>", "0x80000>")

# What the boot loader reserves, and what the EFI stub says. The kernel does not
# read this property; those that it does would have it look for EFI's tables.
RESERVATION = (0x72000000, 0x10000)
PROPERTY = "linux,uefi-stub-kern-ver"


def in_guest(vm: Vm, tree: Path) -> str:
    """Path of a device tree in the guest."""
    return vm.payload_file(tree.name, tree.read_bytes())


def refused(machine: Machine, tree: str) -> list[str]:
    """What is said of a payload with a tree that must be refused."""
    said = machine.expect_error(
        "EINVAL", f"stage 0 kernel=/payload/Image-b dtb={tree}")
    check.equal("status", status(machine, 0), "staging")
    return said


@scenario(timeout=200, variants={"none": {"nodes": None},
                                 "half": {"nodes": OTHER_HALF}})
def secure_memory(vm: Vm, nodes: str | None) -> None:
    """A tree that does not keep off secure memory is refused by name."""
    machine = vm.machine(dtb=vm.reserved_memory(SECURE))
    pool_boot(machine)
    tree = vm.reserved_memory(nodes) if nodes else vm.plain_tree()
    check.equal("message", refused(machine, in_guest(vm, tree)), [
        'fastreboot: slot0: seal refused: dtb: it lacks the no-map region '
        '"secure@70000000" of this machine; start from /sys/firmware/fdt'])


@scenario(timeout=200, variants={"more": {"memory": "2G"},
                                 "less": {"memory": "512M"}})
def other_memory(vm: Vm, memory: str) -> None:
    """A tree of a machine with other memory is refused."""
    machine = vm.machine()
    pool_boot(machine)
    tree = vm.plain_tree(memory=memory)
    check.equal("message", refused(machine, in_guest(vm, tree)), [
        'fastreboot: slot0: seal refused: dtb: its memory is not this '
        'machine\'s, see "memory@40000000"; start from /sys/firmware/fdt'])


@scenario(timeout=200)
def carried_over(vm: Vm) -> None:
    """Reservations and EFI's properties reach the next kernel, and its next."""
    machine = vm.machine(dtb=vm.firmware_tree(RESERVATION, PROPERTY))
    boot = pool_boot(machine)
    tree = in_guest(vm, vm.plain_tree())
    for slot, kernel in ((0, "b"), (1, "a")):
        machine.stage(slot, kernel, dtb=tree)
        before, boot = boot, machine.fast_reboot(slot)
        check_fast_reboot(machine, before, boot, slot)
        value = machine.read(f"/proc/device-tree/chosen/{PROPERTY}")
        check.equal("EFI's property", value.rstrip("\0"), "here")
        start, size = RESERVATION
        line = f"{start:x}-{start + size - 1:x} : reserved"
        check.true("what was reserved is reserved",
                   any(line in found for found in
                       machine.read("/proc/iomem").splitlines()),
                   machine.read("/proc/iomem"))
