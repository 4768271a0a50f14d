# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of the GIC's redistributors, and CPUs that are off or never on.

QEMU tells each read of a redistributor; the one of a CPU that is off may have no
power on a real machine, and must not be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from harness import check
from harness.destinations import (check_tables_reserved, lpi_tables,
                                  reserved_entries)
from harness.fastreboot import POOL, check_fast_reboot, pool_boot
from harness.machine import Machine
from harness.scenario import scenario
from harness.vm import Vm

ONLINE = "/sys/devices/system/cpu/cpu1/online"

_READ = re.compile(r"GICv3 redistributor 0x([0-9a-f]+) read")


def redistributors_read(machine: Machine, log: Path,
                        action: Callable[[], object]) -> set[int]:
    """Whose redistributors are read meanwhile?"""
    log.write_text("")
    machine.monitor_command(f"logfile {log}")
    machine.monitor_command("trace-event gicv3_redist_read on")
    action()
    machine.monitor_command("trace-event gicv3_redist_read off")
    machine.monitor_command("logfile /dev/null")
    return {int(match[1], 16) for match in _READ.finditer(log.read_text())}


@scenario(timeout=200)
def of_a_cpu_that_is_off(vm: Vm) -> None:
    """Its table is handed over without a look at its redistributor."""
    machine = vm.machine(cpus=2, its=True)
    boot = pool_boot(machine)
    log = vm.scratch("redistributors")
    machine.command(f"write {ONLINE} 0")
    read = redistributors_read(machine, log, lambda: machine.stage(0, "b"))
    check.true("the one of CPU 1 is left alone", 1 not in read, read)
    read = redistributors_read(
        machine, log, lambda: machine.command(f"write {ONLINE} 1"))
    check.true("QEMU tells when it is read", 1 in read, read)
    machine.command(f"write {ONLINE} 0")
    check_fast_reboot(machine, boot, machine.fast_reboot(0), 0)
    check_tables_reserved(machine)


@scenario(timeout=200)
def of_cpus_that_never_came(vm: Vm) -> None:
    """There is none, and nothing is reserved for it."""
    machine = vm.machine(cpus=8, its=True)
    boot = pool_boot(machine, append=f"{POOL} maxcpus=2")
    machine.stage(0, "b")
    check_fast_reboot(machine, boot, machine.fast_reboot(0), 0)
    tables = lpi_tables(machine)
    entries = reserved_entries(machine)
    check.equal("tables: the property table, and one for each CPU",
                len(tables), 3)
    check.equal("those that are reserved", sum(
        any(table.within(entry) for table in tables) for entry in entries), 3)
