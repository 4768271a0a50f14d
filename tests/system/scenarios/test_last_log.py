# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel before has said last."""

from __future__ import annotations

import json

from harness import check
from harness.errors import ScenarioSkipped
from system import fastreboot
from system.fastreboot import Exit
from system.world import System, scenario

MARKER = "the last words of the kernel before"


@scenario(timeout=900)
def last_log(system: System) -> None:
    """The log of the old kernel is there in the new one, for root."""
    machine = system.machine()
    machine.start()
    if machine.sh("grep -qw pstore /proc/filesystems", check=False).status:
        raise ScenarioSkipped("the kernel has no pstore")
    machine.sh(f"echo '<3>{MARKER}' >/dev/kmsg")
    fastreboot.update(machine, "system-b")
    found = json.loads(fastreboot.run(machine, "status", "--last-log",
                                      "--json").text)
    check.true("the marker is there",
               any(MARKER in line for line in found["last_log"]["lines"]),
               found["last_log"]["lines"][-5:])
    check.true("it says where it was",
               "ramoops" in found["last_log"]["from"],
               found["last_log"]["from"])
    result = fastreboot.run(machine, "status", "--last-log")
    check.true("for people, too", MARKER in result.text)
    fastreboot.run(machine, "status", "--last-log", expect=Exit.NOT_PERMITTED,
                   user="alice")
    fastreboot.wait_confirmed(machine)
