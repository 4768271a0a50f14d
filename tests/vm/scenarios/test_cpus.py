# SPDX-License-Identifier: GPL-2.0-or-later
"""All CPUs go down together, whatever they are doing."""

from __future__ import annotations

import re
from typing import Any

from harness import check
from harness.boot import Boot
from harness.fastreboot import (check_fast_reboot, pool_boot, snapshot,
                                stage_and_jump)
from harness.machine import Machine
from harness.scenario import scenario
from harness.symbols import Symbols
from harness.vm import Vm

CPUS = 8

# struct psci_operations: bytes before the pointer to affinity_info().
AFFINITY_INFO = 40
# Functions that do nothing else than to return 0, AFFINITY_INFO's "on", and 1,
# its "off".
SAYS_ON = "noop_fsync"
SAYS_OFF = "always_delete_dentry"

def check_cpus(machine: Machine, cpus: int) -> None:
    """Are all CPUs there?"""
    online, = machine.command("read /sys/devices/system/cpu/online")
    check.equal("CPUs online", online, f"0-{cpus - 1}")


def jumps(vm: Vm, count: int, **options: Any) -> None:
    """Many jumps on a machine that is busy."""
    machine = vm.machine(cpus=CPUS, **options)
    boot = pool_boot(machine)
    for number in range(count):
        machine.command("load 1")
        slot = number % 2
        boot = stage_and_jump(machine, boot, slot, "ba"[slot])
        check_cpus(machine, CPUS)


@scenario(timeout=400, long=["el2-nvhe", "gicv2"], variants={
    "el1": {"cpu": "cortex-a72"},
    "el2-nvhe": {"cpu": "cortex-a72", "virtualization": True},
    "el2-vhe": {"cpu": "neoverse-n1", "virtualization": True},
    "gicv2": {"cpu": "cortex-a72", "gic": 2}})
def busy(vm: Vm, **options: Any) -> None:
    """Under load, none of 8 CPUs is lost."""
    jumps(vm, 2, **options)


@scenario(timeout=3000, long=True)
def two_hundred(vm: Vm) -> None:
    """200 in a row."""
    jumps(vm, 200, cpu="cortex-a72")


def device_interrupts(machine: Machine) -> list[str]:
    """Numbers of the interrupts of PCI devices."""
    return [match[1] for line in machine.read("/proc/interrupts").splitlines()
            if (match := re.match(r" *(\d+):.*MSI", line))]


@scenario(timeout=300)
def interrupts_elsewhere(vm: Vm) -> None:
    """Interrupts that are bound to the CPUs that go are no news."""
    machine = vm.machine(cpus=4)
    boot = pool_boot(machine)
    numbers = device_interrupts(machine)
    check.true("there are interrupts to bind", len(numbers) >= 3, numbers)
    for at, number in enumerate(numbers):
        machine.command(f"write /proc/irq/{number}/smp_affinity_list "
                        f"{1 + at % 3}")
    after = stage_and_jump(machine, boot, 0, "b")
    check_cpus(machine, 4)
    said = after.log[:next(at for at, line in enumerate(after.log)
                           if "Booting Linux" in line)]
    check.equal("what is said of interrupts",
                [line for line in said if re.search("irq", line, re.I)], [])


def have_firmware_say(vm: Vm, machine: Machine, boot: Boot, what: str) -> None:
    """Replace the answer to the question whether a CPU is on."""
    symbols = Symbols(vm.build)
    machine.write_memory(
        symbols.physical(boot, "psci_ops") + AFFINITY_INFO,
        symbols.virtual(what).to_bytes(8, "little"))


@scenario(timeout=300)
def firmware_says_off(vm: Vm) -> None:
    """Where a CPU that runs is said to be off, they go one by one."""
    machine = vm.machine(cpus=4, kaslr=False)
    boot = pool_boot(machine)
    machine.stage(0, "b")
    have_firmware_say(vm, machine, boot, SAYS_OFF)
    start = len(machine.console.lines)
    machine.arm(0)
    check.equal("warning", machine.messages_since(start), [
        "fastreboot: CPU0 is on, and firmware says that it is not: the jump "
        "will turn CPUs off one by one"])
    after = machine.kexec()
    check_fast_reboot(machine, boot, after, 0)
    check.true("CPU hotplug took them down",
               any("psci: CPU3 killed" in line for line in after.log))


@scenario(timeout=300)
def firmware_says_on(vm: Vm) -> None:
    """A CPU that is never said to be off does not keep the machine."""
    machine = vm.machine(cpus=4, kaslr=False)
    boot = pool_boot(machine)
    machine.stage(0, "b")
    machine.arm(0)
    have_firmware_say(vm, machine, boot, SAYS_ON)
    after = machine.kexec()
    check_fast_reboot(machine, boot, after, 0)
    check.equal("warnings", [line for line in after.log
                             if "may not be off" in line],
                [f"fastreboot: CPU{cpu} may not be off: firmware does not say "
                 "so after 100 ms" for cpu in (1, 2, 3)])


SPIN_TABLE = """\
/dts-v1/;
/plugin/;

&{/cpus/cpu@0} {
	enable-method = "spin-table";
	cpu-release-addr = <0 0x50000000>;
};

&{/cpus/cpu@1} {
	enable-method = "spin-table";
	cpu-release-addr = <0 0x50000000>;
};
"""


@scenario(timeout=300)
def spin_table(vm: Vm) -> None:
    """CPUs that no kexec can turn off are no surprise at the end."""
    tree = vm.device_tree(vm.overlay(SPIN_TABLE), cpus=2)
    machine = vm.machine(cpus=2, dtb=tree)
    pool_boot(machine)
    before = snapshot(machine)
    said = machine.expect_error("EOPNOTSUPP", "write "
                                "/sys/kernel/fastreboot/slot0/control begin")
    check.equal("message", said, [
        "fastreboot: slot0: begin refused: no kexec can turn the other CPUs "
        "off (spin-table, protected KVM, or a CPU that failed to start)"])
    check.equal("nothing has changed", snapshot(machine), before)
