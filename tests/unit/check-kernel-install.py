#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the scripts do that kernel-install and Debian's kernel packages call.

They are those of units/, installed into a folder, with a fastreboot command that
writes down what it is called with.

    check-kernel-install.py [--list] [--only PATTERN]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/tap"))
import tap

VERSION = "6.12.0"


class Plugin(unittest.TestCase):
    """The plugin of kernel-install, and the hooks."""

    def setUp(self) -> None:
        self.temporary = tempfile.TemporaryDirectory(prefix="fastreboot-")
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        self.boot = self.folder / "boot"
        subprocess.run(
            ["make", "-s", "-f", TOP / "units/install.mk", f"prefix={self.folder}/usr",
             f"sysconfdir={self.folder}/etc", "install-kernel-hooks"], check=True)
        self.write("etc/fastreboot/kernel-install.conf", "stage=yes\nreplace=no\n")
        self.program("bin/fastreboot", f'echo "$*" >>{self.folder}/calls')
        self.slot(0, "running", VERSION)
        self.slot(1, "empty", "")

    def write(self, name: str, text: str = "x") -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def program(self, name: str, line: str) -> None:
        """Write a program."""
        self.write(name, f"#!/bin/sh\n{line}\n").chmod(0o755)

    def slot(self, number: int, status: str, release: str,
             segment: str = "initrd") -> None:
        """Make the kernel show a slot."""
        for name, text in (("status", status), ("release", release),
                           ("sha256", f"kernel 12\n{segment} 34")):
            self.write(f"sys/slot{number}/{name}", f"{text}\n")

    def run_script(self, name: str, *words: str, layout: str = "bls") -> list[str]:
        """Run a script. Returns what fastreboot was called with."""
        calls = self.folder / "calls"
        calls.unlink(missing_ok=True)
        subprocess.run(
            [self.folder / name, *words], check=True, cwd=self.folder,
            env={"PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                 "FASTREBOOT_ETC": f"{self.folder}/etc/fastreboot",
                 "FASTREBOOT_SYSFS": f"{self.folder}/sys",
                 "FASTREBOOT_COMMAND": f"{self.folder}/bin/fastreboot",
                 "KERNEL_INSTALL_LAYOUT": layout,
                 "KERNEL_INSTALL_BOOT_ROOT": str(self.boot),
                 "KERNEL_INSTALL_ENTRY_TOKEN": "tok"})
        return calls.read_text().splitlines() if calls.exists() else []

    def add(self, layout: str = "bls") -> list[str]:
        """Have a kernel installed."""
        return self.run_script("usr/lib/kernel/install.d/95-fastreboot.install",
                               "add", VERSION, "entry-folder",
                               str(self.write("image")), layout=layout)

    def test_counters(self) -> None:
        """Another kernel's version may begin with that of this one."""
        names = self.boot / "loader/entries"
        staged = "stage --no-progress --entry"
        self.write("boot/loader/entries/tok-6.12.0.conf")
        for other in ("+deb13", "+3x", "+", "+1-2-3", "+-1", "+1-"):
            self.write(f"boot/loader/entries/tok-6.12.0{other}.conf")
        self.assertEqual(self.add(), [f"{staged} {names}/tok-6.12.0.conf"])
        (names / "tok-6.12.0.conf").unlink()
        self.assertEqual(self.add(), [
            f"stage --no-progress --kernel {self.folder}/image"])
        for counter in ("+3", "+2-1", "+10-20"):
            path = self.write(f"boot/loader/entries/tok-6.12.0{counter}.conf")
            self.assertEqual(self.add(), [f"{staged} {path}"])
            path.unlink()

    def test_layout(self) -> None:
        """With UKIs, an entry is one that was left."""
        self.write("boot/loader/entries/tok-6.12.0.conf")
        self.write("boot/EFI/Linux/tok-6.12.0+deb13.efi")
        uki = self.write("boot/EFI/Linux/tok-6.12.0+3.efi")
        self.assertEqual(self.add("uki"), [f"stage --no-progress --uki {uki}"])
        self.assertEqual(self.add(), [
            "stage --no-progress --entry "
            f"{self.boot}/loader/entries/tok-6.12.0.conf"])

    def test_once(self) -> None:
        """Where kernel-install is called, Debian's hook leaves it to the plugin."""
        hook = "etc/kernel/postinst.d/zz-fastreboot"
        words = (VERSION, str(self.write("image")))
        staged = [f"stage --no-progress --kernel {self.folder}/image"]
        self.assertEqual(self.run_script(hook, *words), staged)
        self.program("etc/kernel/postinst.d/zz-systemd-boot", ":")
        self.program("bin/bootctl", "exit 1")
        self.assertEqual(self.run_script(hook, *words), staged)
        self.program("bin/bootctl", "exit 0")
        self.assertEqual(self.run_script(hook, *words), [])
        (self.folder / "etc/kernel/postinst.d/zz-systemd-boot").chmod(0o644)
        self.assertEqual(self.run_script(hook, *words), staged)

    def test_remove(self) -> None:
        """A kernel that is removed is unstaged, one with its own root is not."""
        scripts = (("usr/lib/kernel/install.d/95-fastreboot.install", "remove"),
                   ("etc/kernel/postrm.d/zz-fastreboot",))
        for name, *words in scripts:
            self.slot(1, "sealed", VERSION)
            self.assertEqual(self.run_script(name, *words, VERSION),
                             ["unstage 1"])
            self.assertEqual(self.run_script(name, *words, "6.12"), [])
            self.slot(1, "sealed", VERSION, "root")
            self.assertEqual(self.run_script(name, *words, VERSION), [])
            self.slot(1, "empty", "")
            self.assertEqual(self.run_script(name, *words, VERSION), [])


def main() -> int:
    """Run the tests."""
    options = tap.arguments_of(__doc__).parse_args()
    return tap.run_tests(tap.from_unittest("unit.kernel-install", [Plugin]), options)


if __name__ == "__main__":
    sys.exit(main())
