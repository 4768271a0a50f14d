# SPDX-License-Identifier: GPL-2.0-or-later
"""Payloads that have to be signed, and versions that only grow."""

from __future__ import annotations

import shutil
import subprocess

from .checks import check, equal
from .machine import Machine, jump
from .registry import test


def trusting(machine: Machine) -> None:
    """Have a signer, the only one that is trusted."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-noenc", "-days", "2", "-subj", "/CN=maker",
         "-keyout", str(machine.folder / "maker.key"),
         "-out", str(machine.folder / "maker.pem")],
        check=True, capture_output=True)
    machine.configure(
        f"[Stage]\nTrustedCertificates={machine.folder}/maker.pem\n")


def sign(machine: Machine, number: int, version: str,
         rule: str = "--cmdline-words=*") -> None:
    """Make the manifest of a kernel with the initrd."""
    subprocess.run(
        [str(machine.build / "fastreboot"), "manifest", "create",
         f"--kernel={machine.folder}/Image{number}",
         f"--initrd={machine.folder}/initrd", rule,
         f"--payload-version={version}", f"--key={machine.folder}/maker.key",
         f"--certificate={machine.folder}/maker.pem"],
        env=machine.environment, check=True, capture_output=True)


def older(machine: Machine) -> None:
    """Kernel 0 is refused, for what it is."""
    text = machine.stage(0, "--replace", status=4)
    check("version 1 is older than 2" in text, text)


@test
def manifest_binds_the_payload(machine: Machine) -> None:
    trusting(machine)
    machine.start(first=True)
    text = machine.stage(0, status=16)
    check("Image0.manifest" in text and "manifest create" in text, text)
    sign(machine, 0, "1.5", "--cmdline=quiet")
    machine.stage(0)
    slot = machine.status()["slots"][0]
    equal(slot["cmdline"], "quiet", "command line")
    equal(slot["source"]["version"], "1.5", "version")
    equal(slot["source"]["verified"], True, "verified")
    machine.run("unstage")
    machine.stage(0, "--cmdline=quiet init=/bin/sh", status=4)
    machine.run("stage", f"--kernel={machine.folder}/Image0", status=16)
    sign(machine, 1, "1.6")
    shutil.copy(machine.folder / "Image1", machine.folder / "Image0")
    machine.stage(0, status=16)
    equal(machine.slots(), ["empty", "empty"], "slots")


@test
def versions_have_a_floor(machine: Machine) -> None:
    trusting(machine)
    machine.start_systemd()
    machine.start(first=True)
    sign(machine, 0, "1")
    sign(machine, 1, "2")
    jump(machine, 0)
    equal(machine.status()["version_floor"], None, "floor, not confirmed")
    machine.run("confirm")
    jump(machine, 1)
    equal(machine.status()["version_floor"], "1", "floor")
    machine.run("confirm")
    older(machine)
    machine.stop()
    machine.start()
    older(machine)
    machine.run("rollback")
    machine.wait_log("systemd starts kexec.target")
    machine.stop()
    machine.start(jump=True)
    equal(machine.status()["source"]["version"], "1", "version")
    older(machine)
    machine.run("confirm")
    equal(machine.status()["version_floor"], "2", "floor")
    machine.stage(0, "--replace")
    machine.run("unstage")
    machine.stage(1)
