#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Start a virtual machine with a pool, and a shell on its console.

The machine is the tests' own, with a busybox in place of their init. busybox
comes from Debian's arm64 archive, by way of package lists in the build folder:
the system neither gets another architecture nor is root needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests" / "vm"))

# pylint: disable=wrong-import-position
from harness import devicetree  # noqa: E402
from harness import options as qemu  # noqa: E402
from harness.build import POOL_OVERLAY, Build  # noqa: E402
from harness.cpio import CpioWriter  # noqa: E402

SOURCES = TOP / "tools" / "vm"
DOWNLOADS = TOP / "build" / "downloads"
OUT = TOP / "build" / "vm" / "shell"


def apt(*words: str) -> None:
    """Run apt-get for arm64, with lists and cache of its own."""
    home = DOWNLOADS / "apt-arm64"
    for folder in ("lists/partial", "cache/archives/partial"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    settings = {"Dir::State::Lists": home / "lists",
                "Dir::State::Status": "/dev/null",
                "Dir::Cache": home / "cache",
                "APT::Architecture": "arm64",
                "APT::Architectures::": "arm64",
                "APT::Sandbox::User": "",
                "Acquire::Languages": "none",
                "Debug::NoLocking": "1"}
    arguments = [word for name, value in settings.items()
                 for word in ("-o", f"{name}={value}")]
    subprocess.run(["apt-get", "-qq", *arguments, *words], check=True,
                   cwd=home)


def busybox() -> bytes:
    """The program, downloaded if need be."""
    program = DOWNLOADS / "busybox-arm64"
    if not program.exists():
        print("Downloading busybox-static for arm64 from Debian", flush=True)
        apt("update")
        apt("download", "busybox-static")
        (package,) = (DOWNLOADS / "apt-arm64").glob("busybox-static_*.deb")
        program.write_bytes(from_package(package))
        package.unlink()
    return program.read_bytes()


def from_package(package: Path) -> bytes:
    """The busybox in a Debian package."""
    files = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)],
                           check=True, stdout=subprocess.PIPE).stdout
    for name in ("./bin/busybox", "./usr/bin/busybox"):
        found = subprocess.run(["tar", "-xO", name], input=files, check=False,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
        if found.returncode == 0:
            return found.stdout
    sys.exit(f"vm: no busybox in {package.name}")


def kexec_reboot() -> bytes:
    """The program that jumps."""
    target = OUT / "kexec-reboot"
    subprocess.run(["aarch64-linux-gnu-gcc", "-static", "-O2", "-Wall",
                    "-o", str(target), str(SOURCES / "kexec-reboot.c")],
                   check=True)
    return target.read_bytes()


def initramfs() -> Path:
    """The root file system."""
    archive = CpioWriter()
    for folder in ("bin", "dev"):
        archive.directory(folder)
    archive.character_device("dev/console", 5, 1)
    archive.file("init", (SOURCES / "init").read_bytes())
    archive.file("bin/busybox", busybox())
    archive.file("bin/kexec-reboot", kexec_reboot())
    # Also for those who stage it: the next kernel has a shell, too.
    result = TOP / "build" / "vm" / "payload" / "shell.cpio"
    result.write_bytes(archive.finish())
    return result


def main() -> None:
    """Become QEMU."""
    build = Build(TOP / "build")
    OUT.mkdir(parents=True, exist_ok=True)
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    build.prepare()
    machine = qemu.Options(cpus=2)
    tree = devicetree.with_overlay(machine, POOL_OVERLAY, OUT)
    arguments = [
        qemu.QEMU, *machine.machine(), *qemu.devices(build.payload),
        "-kernel", str(build.kernel("a")), "-initrd", str(initramfs()),
        "-dtb", str(tree), "-serial", "mon:stdio",
        "-append", "console=ttyAMA0 panic=-1 loglevel=5"]
    print("Starting QEMU; Ctrl-A X ends it", flush=True)
    os.execvp(arguments[0], arguments)


if __name__ == "__main__":
    main()
