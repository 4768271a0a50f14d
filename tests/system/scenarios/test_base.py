# SPDX-License-Identifier: GPL-2.0-or-later
"""The test system itself."""

from __future__ import annotations

from harness import check
from system.world import System, scenario


@scenario(timeout=300, package=False)
def boots(system: System) -> None:
    """Debian boots, no unit fails, and the kernel has a pool."""
    machine = system.machine()
    boot = machine.start()
    failed = machine.sh("systemctl --failed --plain --no-legend").text
    check.equal("failed units", failed, "")
    check.equal("state of systemd", boot.state, "running")
    check.true("the kernel is system-a", boot.release.endswith("-a"),
               boot.release)
    check.true("there is a pool",
               machine.sh("cat /sys/kernel/fastreboot/pool").text != "none")


@scenario(timeout=500, package=False)
def reboots(system: System) -> None:
    """`systemctl reboot` resets the machine; the disk keeps what it has."""
    machine = system.machine()
    before = machine.start()
    machine.sh("echo kept >/root/kept")
    after = machine.restart()
    check.true("another boot", before.identifier != after.identifier)
    check.equal("a file from before", machine.sh("cat /root/kept").text,
                "kept")
