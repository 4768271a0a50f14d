# SPDX-License-Identifier: GPL-2.0-or-later
"""fastreboot setup: the files of boot loaders, and the way back."""

from __future__ import annotations

import os
from pathlib import Path

from .checks import check, equal
from .machine import Machine
from .registry import test

GRUB = "etc/default/grub.d/fastreboot.cfg"
CMDLINE = "etc/kernel/cmdline"
EXTLINUX = "boot/extlinux/extlinux.conf"
U_BOOT_MENU = "etc/u-boot-menu/conf.d/fastreboot.conf"


def put(machine: Machine, path: str, text: str = "") -> Path:
    """Make a file of the machine's."""
    file = machine.folder / "root" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def program(machine: Machine, path: str, status: int = 0) -> None:
    """A program that takes note of a file: its arguments go to the file "ran"."""
    put(machine, path, f"#!/bin/sh\necho $0 \"$@\" >>{machine.folder}/ran\n"
        f"exit {status}\n").chmod(0o755)


def ran(machine: Machine) -> list[str]:
    """What has run since the last call."""
    file = machine.folder / "ran"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return [line.replace(f"{machine.folder}/root", "").strip()
            for line in lines]


def text_of(machine: Machine, path: str) -> str | None:
    """The content of a file, or None."""
    file = machine.folder / "root" / path
    return file.read_text() if file.exists() else None


@test
def grub_gets_a_snippet(machine: Machine) -> None:
    put(machine, "etc/default/grub", "GRUB_CMDLINE_LINUX=quiet\n")
    program(machine, "usr/sbin/update-grub")
    text = machine.run("setup", "--dry-run", "--size=256M")
    check("Nothing was changed" in text and "fastreboot=256M" in text, text)
    equal(text_of(machine, GRUB), None, "snippet of a dry run")
    equal(ran(machine), [], "programs of a dry run")
    machine.run("setup", "--size=256M", "--state-size=64M")
    lines = (text_of(machine, GRUB) or "").splitlines()
    equal(lines[-1], 'GRUB_CMDLINE_LINUX='
          '"$GRUB_CMDLINE_LINUX fastreboot=256M,state=64M"', "snippet")
    equal(ran(machine), ["/usr/sbin/update-grub"], "programs")
    text = machine.run("setup", "--undo")
    check("removed" in text, text)
    equal(text_of(machine, GRUB), None, "snippet after the undo")
    equal(ran(machine), ["/usr/sbin/update-grub"], "programs of the undo")


@test
def kernel_install_gets_the_running_kernels_line(machine: Machine) -> None:
    release = os.uname().release
    put(machine, "proc/cmdline",
        "BOOT_IMAGE=/vmlinuz root=/dev/vda1 x=\"a b\" initrd=/i ro\n")
    put(machine, "usr/lib/systemd/boot/efi/systemd-bootaa64.efi")
    put(machine, f"boot/vmlinuz-{release}")
    program(machine, "usr/bin/kernel-install")
    machine.run("setup", "--size=256M")
    equal(text_of(machine, CMDLINE),
          'root=/dev/vda1 x="a b" ro fastreboot=256M\n', "command line")
    equal(ran(machine), ["/usr/bin/kernel-install add "
                         f"{release} /boot/vmlinuz-{release}"], "programs")
    machine.run("setup", "--size=512M")
    equal(text_of(machine, CMDLINE),
          'root=/dev/vda1 x="a b" ro fastreboot=512M\n', "command line")
    machine.run("setup", "--undo")
    equal(text_of(machine, CMDLINE), 'root=/dev/vda1 x="a b" ro\n',
          "command line after the undo")


@test
def words_behind_two_hyphens_are_inits(machine: Machine) -> None:
    put(machine, CMDLINE, "quiet fastreboot=1M  ro -- fastreboot=2M\n")
    machine.run("setup", "--size=256M")
    equal(text_of(machine, CMDLINE),
          "quiet fastreboot=256M ro -- fastreboot=2M\n", "command line")
    put(machine, CMDLINE, "quiet -- x\n")
    machine.run("setup", "--size=256M")
    equal(text_of(machine, CMDLINE), "quiet fastreboot=256M -- x\n", "line")


@test
def extlinux_is_edited_by_lines(machine: Machine) -> None:
    before = ("default l0\n\nlabel l0\n\tlinux /vmlinuz\n"
              "\tappend root=/dev/mmcblk0p2 ro\n"
              "label rescue\n  APPEND single\n")
    put(machine, EXTLINUX, before)
    machine.run("setup", "--size=256M")
    equal(text_of(machine, EXTLINUX),
          before.replace(" ro\n", " ro fastreboot=256M\n")
          .replace("single\n", "single fastreboot=256M\n"), "extlinux.conf")
    machine.run("setup", "--undo")
    equal(text_of(machine, EXTLINUX), before, "extlinux.conf")


@test
def u_boot_menu_writes_extlinux(machine: Machine) -> None:
    put(machine, EXTLINUX, "append x\n")
    program(machine, "usr/sbin/u-boot-update")
    put(machine, "etc/u-boot-menu/x")
    machine.run("setup", "--size=256M")
    equal(text_of(machine, EXTLINUX), "append x\n", "extlinux.conf")
    check("U_BOOT_PARAMETERS" in (text_of(machine, U_BOOT_MENU) or ""), "none")
    equal(ran(machine), ["/usr/sbin/u-boot-update"], "programs")


@test
def size_of_the_newest_payload(machine: Machine) -> None:
    boot = machine.folder / "root/boot"
    put(machine, CMDLINE, "quiet\n")
    put(machine, "proc/meminfo", "MemTotal:  4096000 kB\n")
    machine.configure(f"[Stage]\nBootRoots={boot}\n")
    machine.run("setup")
    equal(text_of(machine, CMDLINE), "quiet fastreboot=320M\n",
          "without an entry")
    put(machine, "boot/loader/entries/a.conf", "linux /Image\ninitrd /i\n")
    (boot / "Image").write_bytes((machine.folder / "Image0").read_bytes())
    (boot / "i").write_bytes(bytes(40 << 20))
    machine.run("setup")
    equal(text_of(machine, CMDLINE), "quiet fastreboot=128M\n", "with one")


@test
def setup_that_is_refused(machine: Machine) -> None:
    put(machine, "proc/meminfo", "MemTotal:  409600 kB\n")
    text = machine.run("setup", "--size=128M", status=15)
    check("add fastreboot=128M to the kernel's command line" in text, text)
    put(machine, CMDLINE, "quiet\n")
    for size, status, words in (("256M", 14, "more than a half"),
                                ("1M", 2, "too small"),
                                ("100", 2, "whole MiB"),
                                ("many", 2, "whole MiB")):
        text = machine.run("setup", f"--size={size}", status=status)
        check(words in text, text)
    equal(text_of(machine, CMDLINE), "quiet\n", "command line")
    put(machine, "etc/default/grub")
    program(machine, "usr/sbin/update-grub", status=3)
    text = machine.run("setup", "--size=128M", status=1)
    check("update-grub has failed with status 3" in text, text)
