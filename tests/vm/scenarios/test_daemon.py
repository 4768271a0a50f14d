# SPDX-License-Identifier: GPL-2.0-or-later
"""fastrebootd in an initramfs: no systemd, no D-Bus, only its private socket."""

from __future__ import annotations

import copy
import json
import posixpath
import tarfile
from pathlib import Path
from typing import Any

from harness import check
from harness.boot import Boot
from harness.build import FOLDERS
from harness.cpio import CpioWriter
from harness.errors import ScenarioSkipped
from harness.fastreboot import check_fast_reboot, pool_boot
from harness.machine import Machine, run_command
from harness.scenario import scenario
from harness.vm import Vm

# What the programs are linked with, and what that is linked with.
LIBRARIES = ("ld-linux-aarch64.so.1", "libblkid.so.1", "libc.so.6",
             "libcap.so.2", "libcrypto.so.3", "libgcrypt.so.20",
             "libgpg-error.so.0", "libjson-c.so.5", "liblz4.so.1",
             "liblzma.so.5", "libsystemd.so.0", "libz.so.1", "libzstd.so.1")
LIBRARY_FOLDER = "./usr/lib/aarch64-linux-gnu"
SHELL = "./usr/bin/dash"
COMMAND = "/bin/fastreboot"
KERNEL_B = "/payload/Image-system-b"
# The small kernels of the other scenarios lack file locks, for one.
KERNELS = ("system-a", "system-b")
# No systemd waits for the daemon's word that it is ready.
START = """\
/bin/fastrebootd </dev/null >/dev/console 2>&1 &
while ! [ -S /run/fastreboot/private ]; do kill -0 $! || exit; done
"""
UNSUPPORTED = 9


def read_member(archive: tarfile.TarFile, name: str) -> bytes:
    """A file of an archive, links followed."""
    member = archive.getmember(name)
    while member.issym():
        folder = posixpath.dirname(member.name)
        member = archive.getmember("./" + posixpath.normpath(
            posixpath.join(folder, member.linkname)))
    file = archive.extractfile(member)
    assert file is not None
    return file.read()


def programs(build: Path) -> dict[str, bytes]:
    """The daemon and the command for arm64, by their names."""
    folder = build / "daemon" / "arm64"
    names = ("fastrebootd", "fastreboot")
    if not all((folder / name).exists() for name in names):
        raise ScenarioSkipped("no daemon: make -C daemon CROSS=arm64")
    return {name: (folder / name).read_bytes() for name in names}


def make_initramfs(vm: Vm) -> bytes:
    """The guest's init, the daemon and what it needs."""
    base = vm.build.root / "system" / "disk.tar"
    if not base.exists():
        raise ScenarioSkipped("no disk.tar: tools/system-image.sh makes it")
    archive = CpioWriter()
    for folder in (*FOLDERS, "bin", "lib", "run"):
        archive.directory(folder)
    archive.character_device("dev/console", 5, 1)
    archive.file("init", (vm.build.vm / "guest" / "init").read_bytes())
    for name, content in programs(vm.build.root).items():
        archive.file(f"bin/{name}", content)
    archive.file("bin/start", START.encode())
    with tarfile.open(base) as debian:
        archive.file("bin/dash", read_member(debian, SHELL))
        for name in LIBRARIES:
            archive.file(f"lib/{name}",
                         read_member(debian, f"{LIBRARY_FOLDER}/{name}"))
    return archive.finish()


def start(vm: Vm) -> tuple[Machine, Boot, str]:
    """A machine with the daemon; the path of its initramfs in the guest."""
    initrd = vm.payload_file("initrd.cpio", make_initramfs(vm))
    vm.build = copy.copy(vm.build)
    vm.build.initramfs = (vm.build.payload
                          / Path(initrd).relative_to("/payload"))
    machine = vm.machine()
    boot = pool_boot(machine, kernel=KERNELS[0])
    start_daemon(machine)
    return machine, boot, initrd


def start_daemon(machine: Machine) -> None:
    """Start it, and wait until it takes requests."""
    check.equal("starting the daemon", machine.run("/bin/dash", "/bin/start"),
                (0, []))


def fastreboot(machine: Machine, *words: str, status: int = 0) -> str:
    """Run the command; return its output."""
    found, lines = machine.run(COMMAND, *words)
    check.equal(f"exit status of {words}: {lines[-20:]}", found, status)
    # The guest divides lines that are too long.
    return "".join(lines)


def get_status(machine: Machine) -> dict[str, Any]:
    """What the daemon says."""
    found = json.loads(fastreboot(machine, "status", "--json"))
    assert isinstance(found, dict)
    return found


@scenario(timeout=300, requires=KERNELS)
def initramfs(vm: Vm) -> None:
    """Status, stage, commit --now and confirm, with nothing but the daemon."""
    machine, boot, initrd = start(vm)
    check.equal("boot reason", get_status(machine)["boot_reason"], "cold")
    fastreboot(machine, "stage", f"--kernel={KERNEL_B}",
               f"--initrd={initrd}",
               f"--cmdline={machine.options.command_line('')}")
    slot = get_status(machine)["slots"][0]
    check.equal("slot 0", slot["status"], "sealed")
    text = fastreboot(machine, "commit", status=UNSUPPORTED)
    check.true("it says what to do", "--now" in text, text)
    fastreboot(machine, "commit", "--now", "--dry-run")
    after = machine.kexec(run_command(COMMAND, "commit", "--now"))
    check_fast_reboot(machine, boot, after, 0)
    start_daemon(machine)
    found = get_status(machine)
    check.equal("boot reason", found["boot_reason"], "fast-reboot")
    check.equal("confirmed", found["confirmed"], False)
    check.equal("source", found["source"]["kernel"], KERNEL_B)
    fastreboot(machine, "confirm")
    check.equal("confirmed", get_status(machine)["confirmed"], True)
    log = fastreboot(machine, "status", "--last-log")
    check.true("the log ends with the last words of the kernel before",
               log.endswith("Bye!"), log[-500:])


@scenario(timeout=300, requires=KERNELS)
def root_image(vm: Vm) -> None:
    """A root image that the daemon has staged is the root."""
    if not vm.build.root_disk.exists():
        raise ScenarioSkipped("no root disk; mkfs.erofs makes it")
    image = vm.payload_file("root.erofs", vm.build.root_disk.read_bytes())
    machine, boot, _ = start(vm)
    fastreboot(machine, "stage", f"--kernel={KERNEL_B}",
               f"--root-image={image}",
               f"--cmdline={machine.options.command_line('init=/init')}")
    slot = get_status(machine)["slots"][0]
    check.equal("segments", [part["name"] for part in slot["segments"]],
                ["kernel", "root", "dtb"])
    after = machine.kexec(run_command(COMMAND, "commit", "--now"))
    check_fast_reboot(machine, boot, after, 0)
    mounts = machine.command("read /proc/mounts")
    check.true("the root is the image", any(
        line.split()[1:3] == ["/", "erofs"] for line in mounts), mounts)
