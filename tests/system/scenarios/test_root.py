# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian from a root image: an erofs in a slot, with a writable overlay."""

from __future__ import annotations

import hashlib

from harness import check
from harness.errors import ScenarioSkipped
from system import fastreboot
from system.fastreboot import Exit
from system.machine import SystemMachine
from system.world import System, scenario

# Two slots, each for a kernel and Debian.
MEMORY = "2G"
POOL = "fastreboot=384M"
OVERLAY = "init=/usr/lib/fastreboot/root-overlay"
QUIET = "loglevel=6 systemd.show_status=0"


def root_image(system: System) -> tuple[str, str]:
    """Debian as an erofs: its path in the guest, and its hash."""
    path = system.build.root / "system" / "root.erofs"
    if not path.exists():
        raise ScenarioSkipped("no root.erofs: tools/system-image.sh makes it")
    content = path.read_bytes()
    return (system.payload_file("root.erofs", content),
            hashlib.sha256(content).hexdigest())


def kernel(system: System, variant: str) -> str:
    """A kernel in the payload share."""
    return system.payload_file(variant,
                               system.build.kernel(variant).read_bytes())


def root_mount(machine: SystemMachine) -> list[str]:
    """The line of /proc/mounts about the root."""
    lines = [line.split() for line in machine.sh("cat /proc/mounts").lines]
    return [words for words in lines if words[1] == "/"][-1]


def start(system: System) -> SystemMachine:
    """A machine with a large pool."""
    machine = system.machine(memory=MEMORY)
    machine.start(append=POOL)
    machine.mount_payload()
    return machine


def go_back(system: System, machine: SystemMachine) -> None:
    """From the image to the disk."""
    machine.mount_payload()
    fastreboot.run(machine, "stage", "--kernel", kernel(system, "system-a"),
                   "--cmdline", machine.options.command_line(
                       f"root=/dev/vda rw {QUIET}"))
    boot = machine.jump("fastreboot commit")
    check.equal("state of systemd", boot.state, "running")
    check.equal("file system of the root", root_mount(machine)[2], "ext4")
    machine.sh("test ! -e /dev/fastreboot")
    fastreboot.wait_confirmed(machine)


@scenario(timeout=1500, variants={
    "dax": {"options": "rootflags=dax"},
    "disk": {"options": "fastreboot.overlay=/dev/vda:var/overlay/test"}})
def there_and_back(system: System, options: str) -> None:
    """Debian runs from the image, is confirmed, and goes back to its disk."""
    machine = start(system)
    image, digest = root_image(system)
    slot = fastreboot.stage(
        machine, "--kernel", kernel(system, "system-b"), "--root-image", image,
        "--cmdline", machine.options.command_line(
            f"{OVERLAY} {options} {QUIET}"))
    check.equal("segments", [part["name"] for part in slot["segments"]],
                ["kernel", "root", "dtb"])
    check.equal("hash of the image", fastreboot.segment(slot, "root")["sha256"],
                digest)
    check.true("the image is the root", slot["cmdline"].endswith(
        "root=/dev/fastreboot ro rootfstype=erofs"), slot["cmdline"])
    boot = machine.jump("fastreboot commit")
    check.equal("state of systemd", boot.state, "running")
    check.equal("file system of the root", root_mount(machine)[2], "overlay")
    check.equal("hash of the device", machine.sh(
        "sha256sum /dev/fastreboot").text.split()[0], digest)
    machine.sh("echo written >/etc/test; grep -q written /etc/test; "
               "! echo x 2>/dev/null >/dev/fastreboot")
    found = fastreboot.wait_confirmed(machine)
    check.equal("source", found["source"]["root_image"], image)
    go_back(system, machine)


@scenario(timeout=900)
def refused(system: System) -> None:
    """A root image goes with a kernel, without an initrd, and where it fits."""
    machine = system.machine()
    machine.start()
    machine.mount_payload()
    image = system.payload_file("small.erofs", (
        system.build.root_disk.read_bytes()
        if system.build.root_disk.exists() else b""))
    path = kernel(system, "system-b")
    machine.sh("truncate -s 200M /root/large; head -c 4096 /dev/zero "
               ">/root/initrd")
    for words, status in (
            (["--uki", path, "--root-image", image], Exit.USAGE),
            (["--kernel", path, "--initrd", "/root/initrd", "--root-image",
              image], Exit.USAGE),
            (["--kernel", path, "--root-image", "/root/large"],
             Exit.TOO_LARGE),
            (["--kernel", path, "--root-image", "/nowhere"], Exit.NOT_FOUND)):
        fastreboot.run(machine, "stage", *words, expect=status)
        check.equal("status of the slots", {"empty"}, {
            slot["status"] for slot in fastreboot.status(machine)["slots"]})
    fastreboot.run(machine, "stage", "--kernel", path, "--cmdline",
                   "root=/dev/fastreboot ro")
    result = fastreboot.run(machine, "commit", "--dry-run",
                            expect=Exit.REFUSED)
    check.true("it says what is missing", "--root-image" in result.text,
               result.text)
