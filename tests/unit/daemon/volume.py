# SPDX-License-Identifier: GPL-2.0-or-later
"""The state volume of a machine, and what wipes it."""

from __future__ import annotations

from pathlib import Path

from .machine import Machine

VOLUME = "0x6f000000-0x6f7fffff"
STATE_MOUNT = "var-lib-fastreboot-state.mount"
WIPE_UNIT = "fastreboot-wipe-state.service"
WIPE_PROGRAM = "root/usr/libexec/fastreboot-wipe-state"
SHUTDOWN_HOOK = "root/usr/lib/systemd/system-shutdown/fastreboot-wipe-state"
MAY_BE_WIPED = "the state volume was to be wiped, and may have been\n"
ADVICE = "start what was stopped with it, see 'systemctl list-dependencies"
# What needs the state volume. One that runs needs what does not run, two need
# each other, and not all that is named here runs, or is stopped.
USERS = f"""\
{STATE_MOUNT} active RequiredBy=web.service BoundBy=db.service \
RequiredBy=idle.service RequiredBy=app.target WantedBy=wants.service \
RequiredBy=busy.service
web.service active ConsistsOf=worker@1.service RequiredBy=app.target
worker@1.service active RequiredBy=web.service
db.service reloading RequisiteOf=report.timer PropagatesStopTo=cache.service
report.timer active
cache.service active
app.target inactive ConsistsOf=deep.service
deep.service active
wants.service active
idle.service failed
busy.service active
"""
# Each behind one that it needs.
STOPPED = ["web.service", "db.service", "worker@1.service", "deep.service",
           "report.timer", "cache.service"]


def state_volume(machine: Machine) -> Path:
    """Give the machine a state volume; return the file that is its device."""
    block = machine.folder / ("root/sys/bus/nd/devices/ndbus0/region0/"
                              "namespace0.0/block/pmem0")
    block.mkdir(parents=True)
    (block.parents[3] / "provider").write_text("fastreboot\n")
    machine.set_sysfs("state_volume", VOLUME)
    device = machine.folder / "root/dev/pmem0"
    device.parent.mkdir()
    device.write_bytes(b"secret" * 1000000)
    with open(device, "ab") as file:
        file.truncate(8 << 20)
    return device


def install(machine: Machine, name: str, script: str = "") -> Path:
    """Install the wiping program, or what stands in for it."""
    path = machine.folder / name
    path.parent.mkdir(parents=True)
    path.write_text(script or (
        f"#!/bin/sh\nexport FASTREBOOT_ROOT={machine.folder}/root "
        f"FASTREBOOT_SYSFS={machine.folder}/sys\n"
        f"exec {machine.build}/fastreboot-wipe-state \"$@\"\n"))
    path.chmod(0o755)
    return path


def is_wiped(device: Path) -> bool:
    """Has it nothing but zeros?"""
    return not any(device.read_bytes())
