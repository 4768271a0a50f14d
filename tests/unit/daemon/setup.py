# SPDX-License-Identifier: GPL-2.0-or-later
"""fastreboot setup: the files of boot loaders, and the way back."""

from __future__ import annotations

import os

from .checks import check, equal
from .machine import Machine
from .registry import test

GRUB = "/etc/default/grub.d/fastreboot.cfg"
CMDLINE = "/etc/kernel/cmdline"
EXTLINUX = "/boot/extlinux/extlinux.conf"
U_BOOT_MENU = "/etc/u-boot-menu/conf.d/fastreboot.conf"

IMAGE = f"/boot/vmlinuz-{os.uname().release}"

# Of a machine with a GiB: kernel below, firmware above.
IOMEM = """\
09000000-09000fff : pl011@9000000
40000000-7bffffff : System RAM
  40210000-41a7ffff : Kernel code
    40210000-40220000 : a part of it
  41b40000-41ddffff : Kernel data
  6f000000-7bffffff : reserved
7c000000-7c42ffff : reserved
7c430000-7fffffff : System RAM
  7e000000-7fffffff : reserved
"""


def text_of(machine: Machine, path: str) -> str | None:
    """The content of a file, or None."""
    file = machine.folder / f"root{path}"
    return file.read_text() if file.exists() else None


def installs_kernels(machine: Machine) -> None:
    """There is kernel-install, and an image for it."""
    machine.put(IMAGE)
    machine.program("/usr/bin/kernel-install")


@test
def grub_gets_a_snippet(machine: Machine) -> None:
    machine.put("/etc/default/grub", "GRUB_CMDLINE_LINUX=quiet\n")
    machine.program("/usr/sbin/update-grub")
    text = machine.run("setup", "--dry-run", "--size=256M")
    check("Nothing was changed" in text and "fastreboot=256M" in text, text)
    equal(text_of(machine, GRUB), None, "snippet of a dry run")
    equal(machine.ran(), [], "programs of a dry run")
    machine.put("/proc/iomem", IOMEM)
    machine.run("setup", "--size=256M", "--state-size=64M")
    lines = (text_of(machine, GRUB) or "").splitlines()
    equal(lines[-1], 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX '
          'fastreboot=256M@0x50600000,state=64M"', "snippet")
    equal(machine.ran(), ["/usr/sbin/update-grub"], "programs")
    text = machine.run("setup", "--undo")
    check("removed" in text, text)
    equal(text_of(machine, GRUB), None, "snippet after the undo")
    equal(machine.ran(), ["/usr/sbin/update-grub"], "programs of the undo")


@test
def kernel_install_gets_the_running_kernels_line(machine: Machine) -> None:
    release = os.uname().release
    machine.put("/proc/cmdline",
        "BOOT_IMAGE=/vmlinuz root=/dev/vda1 x=\"a b\" initrd=/i ro\n")
    machine.put("/usr/lib/systemd/boot/efi/systemd-bootaa64.efi")
    installs_kernels(machine)
    machine.run("setup", "--size=256M")
    equal(text_of(machine, CMDLINE),
          'root=/dev/vda1 x="a b" ro fastreboot=256M\n', "command line")
    equal(machine.ran(), ["/usr/bin/kernel-install", "add", release,
                         f"/boot/vmlinuz-{release}"], "programs")
    machine.run("setup", "--size=512M")
    equal(text_of(machine, CMDLINE),
          'root=/dev/vda1 x="a b" ro fastreboot=512M\n', "command line")
    machine.run("setup", "--undo")
    equal(text_of(machine, CMDLINE), 'root=/dev/vda1 x="a b" ro\n',
          "command line after the undo")


@test
def words_behind_two_hyphens_are_inits(machine: Machine) -> None:
    installs_kernels(machine)
    machine.put(CMDLINE, "quiet fastreboot=1M  ro -- fastreboot=2M\n")
    machine.run("setup", "--size=256M")
    equal(text_of(machine, CMDLINE),
          "quiet fastreboot=256M ro -- fastreboot=2M\n", "command line")
    machine.put(CMDLINE, "quiet -- x\n")
    machine.run("setup", "--size=256M")
    equal(text_of(machine, CMDLINE), "quiet fastreboot=256M -- x\n", "line")


@test
def extlinux_is_edited_by_lines(machine: Machine) -> None:
    before = ("default l0\n\nlabel l0\n\tlinux /vmlinuz\n"
              "\tappend root=/dev/mmcblk0p2 ro\n"
              "label rescue\n  APPEND single\n")
    machine.put(EXTLINUX, before)
    machine.run("setup", "--size=256M")
    equal(text_of(machine, EXTLINUX),
          before.replace(" ro\n", " ro fastreboot=256M\n")
          .replace("single\n", "single fastreboot=256M\n"), "extlinux.conf")
    machine.run("setup", "--undo")
    equal(text_of(machine, EXTLINUX), before, "extlinux.conf")


@test
def u_boot_menu_writes_extlinux(machine: Machine) -> None:
    machine.put(EXTLINUX, "append x\n")
    machine.program("/usr/sbin/u-boot-update")
    machine.put("/etc/u-boot-menu/x")
    machine.run("setup", "--size=256M")
    equal(text_of(machine, EXTLINUX), "append x\n", "extlinux.conf")
    check("U_BOOT_PARAMETERS" in (text_of(machine, U_BOOT_MENU) or ""), "none")
    equal(machine.ran(), ["/usr/sbin/u-boot-update"], "programs")


@test
def size_of_the_newest_payload(machine: Machine) -> None:
    installs_kernels(machine)
    boot = machine.folder / "root/boot"
    machine.put(CMDLINE, "quiet\n")
    machine.put("/proc/meminfo", "MemTotal:  4096000 kB\n")
    machine.configure(f"[Stage]\nBootRoots={boot}\n")
    machine.run("setup")
    equal(text_of(machine, CMDLINE), "quiet fastreboot=320M\n",
          "without an entry")
    machine.put("/boot/loader/entries/a.conf", "linux /Image\ninitrd /i\n")
    (boot / "Image").write_bytes((machine.folder / "Image0").read_bytes())
    (boot / "i").write_bytes(bytes(40 << 20))
    machine.run("setup")
    equal(text_of(machine, CMDLINE), "quiet fastreboot=128M\n", "with one")


@test
def setup_that_is_refused(machine: Machine) -> None:
    machine.put("/proc/meminfo", "MemTotal:  409600 kB\n")
    text = machine.run("setup", "--size=128M", status=15)
    check("add fastreboot=128M to the kernel's command line" in text, text)
    machine.put(CMDLINE, "quiet\n")
    for size, status, words in (("256M", 14, "more than a half"),
                                ("1M", 2, "too small"),
                                ("100", 2, "whole MiB"),
                                ("129M", 2, "no multiple of 2 MiB"),
                                ("many", 2, "whole MiB")):
        text = machine.run("setup", f"--size={size}", status=status)
        check(words in text, text)
    text = machine.run("setup", "--size=128M", "--state-size=33M", status=2)
    check("no multiple of 2 MiB" in text, text)
    equal(text_of(machine, CMDLINE), "quiet\n", "command line")
    machine.put("/etc/default/grub")
    machine.program("/usr/sbin/update-grub", status=3)
    text = machine.run("setup", "--size=128M", status=1)
    check("update-grub has failed with status 3" in text, text)


@test
def file_stays_what_it_is(machine: Machine) -> None:
    """Lines, links and permissions are an administrator's."""
    installs_kernels(machine)
    target = machine.put("/etc/kernel/mine", "quiet\nroot=/dev/vda1\n")
    target.chmod(0o600)
    (machine.folder / f"root{CMDLINE}").symlink_to("mine")
    machine.run("setup", "--size=256M")
    check((machine.folder / f"root{CMDLINE}").is_symlink(), "no link any more")
    equal(target.read_text(), "quiet root=/dev/vda1 fastreboot=256M\n", "line")
    equal(target.stat().st_mode & 0o777, 0o600, "permissions")


@test
def place_of_the_pool(machine: Machine) -> None:
    installs_kernels(machine)
    machine.put(CMDLINE, "quiet\n")
    high = ("140000000-1bfffffff : System RAM\n"
            "  140000000-14fffffff : Crash kernel\n")
    for memory, size, line in (
            # In the middle, 2 MiB at a time; above 4 GiB if that can be.
            (IOMEM, "256M", "256M@0x50600000"),
            (IOMEM, "702M", "702M@0x42800000"),
            (IOMEM + high, "256M", "256M@0x180000000"),
            (IOMEM + high, "1792M", "1792M@0x150000000"),
            (IOMEM + high.replace("1bfffffff", "ffffffffff"), "256M",
             "256M@0x190000000"),
            # A piece that reaches over 4 GiB.
            ("c0000000-13fffffff : System RAM\n", "1024M",
             "1024M@0x100000000"),
            ("c0000000-13fffffff : System RAM\n", "1026M",
             "1026M@0xdfe00000")):
        machine.put("/proc/iomem", memory)
        machine.run("setup", f"--size={size}")
        equal(text_of(machine, CMDLINE), f"quiet fastreboot={line}\n", memory)


@test
def no_place_for_the_pool(machine: Machine) -> None:
    machine.put(CMDLINE, "quiet\n")
    text = machine.run("setup", "--size=256M", "--state-size=64M", status=9)
    check("a state volume needs an address" in text, text)
    machine.put("/proc/iomem", IOMEM)
    text = machine.run("setup", "--size=768M", status=14)
    check("768 MiB are not free in one piece" in text, text)
    machine.put("/proc/iomem", "00000000-00000000 : System RAM\n")
    text = machine.run("setup", "--size=256M", status=7)
    check("only root sees which memory is free" in text, text)
    equal(text_of(machine, CMDLINE), "quiet\n", "command line")


@test
def image_that_is_not_found(machine: Machine) -> None:
    """Then its entry keeps the line that it has."""
    machine.put(CMDLINE, "quiet\n")
    text = machine.run("setup", "--size=256M", status=15)
    check("is in neither /boot nor" in text and "kernel-install add" in text,
          text)
    equal(text_of(machine, CMDLINE), "quiet fastreboot=256M\n", "line")
