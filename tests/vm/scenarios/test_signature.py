# SPDX-License-Identifier: GPL-2.0-or-later
"""Signatures are asked for under lockdown, as kexec_file_load(2) does.

Kernel "signed" trusts a key that was made with it; kernel "acpi" trusts none.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import check
from harness.errors import ScenarioSkipped
from harness.fastreboot import check_fast_reboot, pool_boot, status
from harness.machine import FASTREBOOT, Machine
from harness.scenario import scenario
from harness.vm import Vm

REQUIRES = ["signed"]
LOCKED = "fastreboot=256M lockdown=integrity"
INITRD = "/payload/initrd.cpio"


def signed_machine(vm: Vm) -> Machine:
    """A machine that runs kernel "signed", locked down."""
    machine = vm.machine()
    pool_boot(machine, append=LOCKED, kernel="signed")
    return machine


def trusted_key(vm: Vm) -> Path:
    """The key that the kernel trusts; its certificate is beside it."""
    return vm.build.root / "kernel/signed/certs/fastreboot-test.key"


def other_key(folder: Path) -> Path:
    """A key that the kernel does not trust."""
    key = folder / "other.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc",
         "-subj", "/CN=another key", "-keyout", str(key),
         "-out", str(key.with_suffix(".pem"))], check=True,
        capture_output=True)
    return key


def signed(image: Path, key: Path, folder: Path) -> bytes:
    """A kernel Image with a signature."""
    if shutil.which("sbsign") is None:
        raise ScenarioSkipped("no sbsign")
    result = folder / "signed"
    subprocess.run(["sbsign", "--key", str(key), "--cert",
                    str(key.with_suffix(".pem")), "--output", str(result),
                    str(image)], check=True, capture_output=True)
    return result.read_bytes()


def check_refused(machine: Machine, path: str) -> None:
    """Is a kernel refused when it is sealed, and its slot bad?"""
    lines = machine.expect_error("EKEYREJECTED",
                                 f"stage 0 kernel={path} initrd={INITRD}")
    check.count("messages", lines, 1)
    check.equal("status", status(machine, 0), "bad")
    machine.expect_error("EINVAL", "arm 0")
    machine.command(f"write {FASTREBOOT}/slot0/control clear")
    check.equal("status after clear", status(machine, 0), "empty")


@scenario(timeout=300, requires=REQUIRES)
def accepted(vm: Vm) -> None:
    """A kernel that is signed with the trusted key boots."""
    machine = vm.machine()
    boot = pool_boot(machine, append=LOCKED, kernel="signed")
    with tempfile.TemporaryDirectory() as folder:
        path = vm.payload_file("signed", signed(
            vm.build.kernel("signed"), trusted_key(vm), Path(folder)))
    machine.command(f"stage 0 kernel={path} initrd={INITRD}")
    check_fast_reboot(machine, boot, machine.fast_reboot(0), 0)


@scenario(timeout=300, requires=REQUIRES)
def unsigned(vm: Vm) -> None:
    """A kernel without a signature is refused."""
    check_refused(signed_machine(vm), "/payload/Image-signed")


@scenario(timeout=300, requires=REQUIRES)
def other_signer(vm: Vm) -> None:
    """A kernel that is signed with another key is refused."""
    machine = signed_machine(vm)
    with tempfile.TemporaryDirectory() as folder:
        path = vm.payload_file("signed", signed(
            vm.build.kernel("signed"), other_key(Path(folder)),
            Path(folder)))
    check_refused(machine, path)


@scenario(timeout=300, requires=REQUIRES)
def changed(vm: Vm) -> None:
    """A kernel that was changed after it was signed is refused."""
    machine = signed_machine(vm)
    with tempfile.TemporaryDirectory() as folder:
        content = bytearray(signed(vm.build.kernel("signed"),
                                   trusted_key(vm), Path(folder)))
    content[len(content) // 2] ^= 1
    check_refused(machine, vm.payload_file("changed", bytes(content)))


@scenario(timeout=300, requires=["acpi"])
def asked_for_under_lockdown(vm: Vm) -> None:
    """An unsigned kernel boots, but not from a kernel that is locked down."""
    machine = vm.machine()
    before = pool_boot(machine, append="fastreboot=256M", kernel="acpi")
    machine.stage(0, "acpi")
    boot = machine.fast_reboot(0)
    check_fast_reboot(machine, before, boot, 0)
    machine.stage(1, "acpi")
    machine.command("write /sys/kernel/security/lockdown integrity")
    lines = machine.expect_error("EPERM", "arm 1")
    check.equal("message", lines, [
        "fastreboot: slot1: arm refused: the kernel is locked down, and what "
        "is sealed is not signed"])
    machine.command(f"write {FASTREBOOT}/slot1/control clear")
    lines = machine.expect_error(
        "EKEYREJECTED", f"stage 1 kernel=/payload/Image-acpi initrd={INITRD}")
    check.count("messages", lines, 1)
