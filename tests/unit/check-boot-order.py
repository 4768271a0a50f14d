#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Can a boot start our units beside those that a machine may have?

systemd plans a boot without doing it, and says where its order has a cycle: one of
the units is left out then, and without a confirmation a good kernel is rolled back.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/tap"))
import tap

SYSTEMD = Path("/usr/lib/systemd/system")
NO_FAILURES = "systemd-boot-check-no-failures.service"
GATE = """\
[Unit]
After={after}
Before=boot-complete.target
{more}
[Service]
Type=oneshot
ExecStart=/bin/true
"""


class Boot(unittest.TestCase):
    """A folder of units in front of systemd's own, and a plan of the boot."""

    def setUp(self) -> None:
        if not shutil.which("systemd-analyze"):
            self.skipTest("needs systemd-analyze (Debian: systemd)")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.units = Path(folder.name)
        for name in ("fastrebootd.service", "fastreboot-confirm.service"):
            text = (TOP / "units" / f"{name}.in").read_text()
            self.put(name, re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true",
                                  text, flags=re.MULTILINE))
            self.link("multi-user.target.wants", name)
        name = "fastreboot-health.service"
        text = (TOP / "units" / f"{name}.in").read_text()
        self.put(name, re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", text,
                              flags=re.MULTILINE))
        self.link("boot-complete.target.requires", name)
        self.put("fastrebootd.socket",
                 (TOP / "units/fastrebootd.socket").read_text())

    def put(self, name: str, text: str) -> None:
        """Write a unit."""
        (self.units / name).write_text(text)

    def link(self, folder: str, name: str) -> None:
        """Enable a unit."""
        (self.units / folder).mkdir(exist_ok=True)
        (self.units / folder / name).symlink_to(f"../{name}")

    def gate(self, after: str, more: str = "") -> None:
        """Enable a unit that a good kernel has to pass."""
        self.put("gate.service", GATE.format(after=after, more=more))
        self.link("boot-complete.target.requires", "gate.service")

    def plan(self) -> str:
        """What systemd says of a boot."""
        path = f"{self.units}:{SYSTEMD}"
        return subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "multi-user.target"],
            env=os.environ | {"SYSTEMD_UNIT_PATH": path}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False).stdout

    def check(self) -> None:
        """Is there an order?"""
        said = self.plan()
        self.assertNotIn("ordering cycle", said)
        self.assertNotIn("deleted to break", said)

    def test_no_gate(self) -> None:
        self.check()

    def test_gate_before_the_target(self) -> None:
        self.gate("basic.target")
        self.check()

    def test_gate_after_the_target(self) -> None:
        self.gate("multi-user.target")
        self.check()

    def test_gate_after_the_daemon(self) -> None:
        self.gate("multi-user.target fastrebootd.service",
                  "Wants=fastrebootd.service\n")
        self.check()

    def test_gate_of_systemd(self) -> None:
        if not (SYSTEMD / NO_FAILURES).exists():
            self.skipTest(f"this systemd has no {NO_FAILURES}")
        (self.units / "boot-complete.target.requires").mkdir(exist_ok=True)
        (self.units / "boot-complete.target.requires" / NO_FAILURES
         ).symlink_to(SYSTEMD / NO_FAILURES)
        self.check()

    def test_a_cycle_is_seen(self) -> None:
        """What the other tests rely on."""
        unit = self.units / "fastreboot-confirm.service"
        unit.write_text(unit.read_text().replace(
            "DefaultDependencies=no", "DefaultDependencies=yes"))
        self.gate("multi-user.target")
        self.assertIn("ordering cycle", self.plan())


if __name__ == "__main__":
    sys.exit(tap.run_tests(tap.from_unittest("boot-order", (Boot,)),
                           tap.arguments_of(__doc__).parse_args()))
