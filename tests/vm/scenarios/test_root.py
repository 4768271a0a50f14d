# SPDX-License-Identifier: GPL-2.0-or-later
"""A root image is mounted where it was staged, and init runs from it."""

from __future__ import annotations

import hashlib

from harness import check
from harness.boot import Boot
from harness.fastreboot import (DEVICE, check_fast_reboot, pool_boot, segments,
                                stage_and_jump, stage_root, status)
from harness.machine import FASTREBOOT, INITRD, Machine
from harness.scenario import scenario
from harness.vm import Vm

SLOT = f"{FASTREBOOT}/slot0"


def jump(machine: Machine, before: Boot, slot: int) -> Boot:
    """Jump, and see that the root is what the slot has."""
    after = machine.fast_reboot(slot)
    check_fast_reboot(machine, before, after, slot)
    return after


@scenario(timeout=300, variants={
    "dax": {"flags": "rootflags=dax=always"},
    "page-cache": {"flags": "rootflags=dax=never"}})
def mounted(vm: Vm, flags: str) -> None:
    """From image to image, and back to an initrd; every byte is there."""
    machine = vm.machine()
    boot = pool_boot(machine)
    image = vm.root_image()
    digest = hashlib.sha256(vm.content(image)).hexdigest()
    for slot, kernel in ((0, "b"), (1, "a")):
        stage_root(machine, slot, kernel, image, flags)
        found = segments(machine, slot)
        check.equal("segments", list(found), ["kernel", "root", "dtb"])
        check.equal("bytes", found["root"].size, len(vm.content(image)))
        boot = jump(machine, boot, slot)
        check.equal("segments", list(segments(machine, slot)),
                    ["kernel", "root", "dtb"])
        mounts = machine.command("read /proc/mounts")
        check.true("the root is the image", any(
            line.startswith(("/dev/root / erofs ro", f"{DEVICE} / erofs ro"))
            for line in mounts), mounts)
        hashed, = machine.command(
            f"sha256 {DEVICE} length={len(vm.content(image))}")
        check.equal("hash of the device", hashed, digest)
        machine.expect_error("EPERM", f"write {DEVICE} x")
    boot = stage_and_jump(machine, boot, 0, "b")
    machine.expect_error("ENOENT", f"sha256 {DEVICE}")


@scenario(timeout=200)
def refused(vm: Vm) -> None:
    """An image that does not fit, or a payload with both, is refused."""
    machine = vm.machine()
    boot = pool_boot(machine, "fastreboot=34M")
    image = vm.root_image()
    size = int(machine.read("slot0/size"))
    machine.expect_error("EBADFD", f"stream {image} {SLOT}/root")
    machine.command(f"write {SLOT}/control begin")
    machine.expect_error("EINVAL", f"stream {image} {SLOT}/root")
    machine.command(f"stream /payload/Image-b {SLOT}/kernel")
    machine.expect_error("EFBIG", f"zeros {SLOT}/root length={size}")
    machine.expect_error("EINVAL", f"stream {INITRD} {SLOT}/initrd")
    machine.command(f"write {SLOT}/control abort")
    machine.command(f"write {SLOT}/control begin")
    machine.command(f"stream /payload/Image-b {SLOT}/kernel")
    machine.command(f"stream {INITRD} {SLOT}/initrd")
    machine.expect_error("EINVAL", f"stream {image} {SLOT}/root")
    machine.command(f"write {SLOT}/control abort")
    check.equal("status", status(machine, 0), "empty")
    stage_and_jump(machine, boot, 0, "b")
