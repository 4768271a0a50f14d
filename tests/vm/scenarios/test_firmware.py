# SPDX-License-Identifier: GPL-2.0-or-later
"""What firmware has said of the machine: EDK2, and a payload's device tree."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from harness import check
from harness.boot import Boot
from harness.destinations import check_tables_reserved
from harness.errors import ScenarioSkipped
from harness.fastreboot import (NO_POOL, check_fast_reboot, pool_boot,
                                stage_and_jump, stage_root, status)
from harness.machine import Machine
from harness.options import EDK2
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


# Without an address it is at the end of the memory, and EDK2 writes there.
PLACE = "fastreboot=128M@0x60000000"
# Machines that EDK2 starts, by name: what Vm.machine() gets, and the pool.
MACHINES: dict[str, dict[str, Any]] = {
    "acpi": {"pool": PLACE, "cpus": 2},
    "acpi-el2": {"pool": PLACE, "cpus": 2,
                 "virtualization": True, "cpu": "neoverse-n1"},
    "acpi-nodes": {"pool": PLACE, "cpus": 2, "memory": "1024M", "nodes": 2},
    # Most of the memory: the EFI stub would put a kernel there.
    "acpi-state": {"pool": "fastreboot=704M@0x46000000,state=32M", "cpus": 2},
    "device-tree": {"pool": PLACE, "cpus": 2, "acpi": False},
}

# Runtime services answer, and tables that firmware left are intact.
CLOCK = "/sys/class/rtc/rtc0"


def edk2_machine(vm: Vm, **options: Any) -> Machine:
    """A machine that EDK2 starts."""
    if not EDK2.exists():
        raise ScenarioSkipped("no EDK2; qemu-efi-aarch64 has it")
    return vm.machine(firmware=EDK2, **options)


def firmware_facts(machine: Machine) -> dict[str, Any]:
    """What a kernel can say of its firmware, and must after each jump."""
    systab = machine.read("/sys/firmware/efi/systab").splitlines()
    return {"systab": systab,
            "ESRT": machine.has("/sys/firmware/efi/esrt"),
            "ACPI": machine.has("/sys/firmware/acpi/tables/DSDT"),
            "nodes": machine.read("/sys/devices/system/node/online"),
            "clock": machine.read(f"{CLOCK}/name").split()[0]}


def check_firmware(machine: Machine, boot: Boot, expected: dict[str, Any]
                   ) -> None:
    """Is firmware there as it was after the cold boot?"""
    check.equal("firmware", firmware_facts(machine), expected)
    # GetTime() runs in the firmware's own code and data.
    check.true("runtime services answer",
               int(machine.read(f"{CLOCK}/since_epoch")) > 1_600_000_000)
    bad = [line for line in boot.log if "efi:" in line.lower()
           and re.search("fail|error|bug|unable", line, re.IGNORECASE)]
    check.equal("complaints about EFI", bad, [])
    if boot.running is not None:
        check_tables_reserved(machine)


@scenario(timeout=600, requires=("acpi",), variants=MACHINES)
def edk2(vm: Vm, pool: str, **options: Any) -> None:
    """EDK2, seven jumps, a reset and another jump: the same pool."""
    machine = edk2_machine(vm, **options)
    boot = pool_boot(machine, pool, kernel="acpi")
    expected = firmware_facts(machine)
    check.equal("ACPI", expected["ACPI"], options.get("acpi", True))
    first = boot
    for count in range(7):
        boot = stage_and_jump(machine, boot, count % 2, "acpi")
        check_firmware(machine, boot, expected)
    boot = machine.restart()
    check.equal("boot_reason", boot.boot_reason, "reset")
    check.equal("pool", boot.pool, first.pool)
    check_firmware(machine, boot, expected)
    boot = stage_and_jump(machine, boot, 0, "acpi")
    check_firmware(machine, boot, expected)


@scenario(timeout=600, requires=("acpi",))
def edk2_twenty(vm: Vm) -> None:
    """Twenty jumps with ACPI: nothing of the firmware's is lost on the way."""
    machine = edk2_machine(vm, cpus=2)
    boot = pool_boot(machine, kernel="acpi")
    expected = firmware_facts(machine)
    first = boot
    for count in range(20):
        boot = stage_and_jump(machine, boot, count % 2, "acpi")
        if not count:
            first = boot
    check_firmware(machine, boot, expected)
    check.true("memory does not shrink from boot to boot",
               abs(first.memtotal - boot.memtotal) <= 16,
               (first.memtotal, boot.memtotal))


@scenario(timeout=300, requires=("acpi",))
def edk2_initrd_of_before(vm: Vm) -> None:
    """A payload without an initrd does not get the EFI stub's."""
    image = vm.root_image()
    machine = edk2_machine(vm)
    before = pool_boot(machine, kernel="acpi")
    stage_root(machine, 0, "acpi", image, "rootflags=dax=always")
    boot = machine.fast_reboot(0)
    check_fast_reboot(machine, before, boot, 0)
    check.equal("lines about an initrd",
                [line for line in boot.log
                 if re.search("initrd|initramfs", line, re.IGNORECASE)
                 # This one tells of the table.
                 and not line.startswith("efi: ")], [])


@scenario(timeout=300, requires=("acpi",))
def edk2_acpi_by_kexec(vm: Vm) -> None:
    """kexec_file_load(2) with and without the pool hands it on, too."""
    machine = edk2_machine(vm, cpus=2)
    boot = pool_boot(machine, kernel="acpi")
    expected = firmware_facts(machine)
    for flags in (NO_POOL, 0):
        machine.file_load("acpi", flags=flags)
        before, boot = boot, machine.kexec()
        check.equal("pool", boot.pool, before.pool)
        check_firmware(machine, boot, expected)
    check.equal("boot_reason", boot.boot_reason, "fast-reboot")
