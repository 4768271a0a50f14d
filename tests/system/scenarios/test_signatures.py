# SPDX-License-Identifier: GPL-2.0-or-later
"""Signed manifests, and sources that change."""

from __future__ import annotations

from harness import check
from system import fastreboot
from system.fastreboot import SYSFS, Exit
from system.machine import SystemMachine
from system.payloads import Signer
from system.world import System, scenario

CERTIFICATES = "/etc/fastreboot/certificates"
PAYLOAD = ("--kernel", "/root/Image", "--initrd", "/root/initrd")


def signers(system: System) -> tuple[Signer, Signer]:
    """One that the machine will trust, and one that it won't."""
    folder = system.folder("keys")
    return Signer(folder, "trusted"), Signer(folder, "stranger")


def manifest(system: System, signer: Signer, name: str,
             **files: bytes) -> tuple[str, str]:
    """A manifest and its signature, as files of the payload's share."""
    hashes = "".join(f"{key}={fastreboot.sha256(content)}\n"
                     for key, content in files.items())
    text = f"format=1\nversion=1\n{hashes}cmdline_words=*\n".encode()
    return (system.payload_file(f"{name}.manifest", text),
            system.payload_file(f"{name}.manifest.p7s", signer.sign(text)))


def trusting(system: System, signer: Signer) -> SystemMachine:
    """A machine that takes only what the signer has signed.

    Kernel b is /root/Image, with an initrd, /root/initrd, and a manifest that
    names both.
    """
    machine = system.machine()
    machine.start()
    machine.mount_payload()
    image = system.build.kernel("system-b").read_bytes()
    initrd = bytes(1000)
    paths = [*manifest(system, signer, "Image", kernel=image, initrd=initrd),
             system.payload_file("Image", image),
             system.payload_file("initrd", initrd)]
    machine.sh(f"cp {' '.join(paths)} /root")
    path = system.payload_file("trusted.pem",
                               signer.certificate.read_bytes())
    machine.sh(f"mkdir -p {CERTIFICATES}; cp {path} {CERTIFICATES}")
    fastreboot.configure(
        machine, f"[Stage]\nTrustedCertificates={CERTIFICATES}")
    return machine


def refused(machine: SystemMachine, status: Exit, *words: str) -> None:
    """Staging the kernel fails, and nothing is left in a slot."""
    fastreboot.run(machine, "stage", *PAYLOAD, *words, expect=status)
    for slot in fastreboot.status(machine)["slots"]:
        check.equal("status of a slot", slot["status"], "empty")


@scenario(timeout=600)
def checked(system: System) -> None:
    """Right, missing, wrong and foreign manifests, and files of others."""
    trusted, stranger = signers(system)
    machine = trusting(system, trusted)
    fastreboot.stage(machine, *PAYLOAD)
    fastreboot.run(machine, "unstage")
    machine.sh("mv /root/Image.manifest.p7s /root/elsewhere")
    refused(machine, Exit.SIGNATURE)
    fastreboot.stage(machine, *PAYLOAD, "--signature", "/root/elsewhere")
    fastreboot.run(machine, "unstage")
    image = system.build.kernel("system-b").read_bytes()
    _, foreign = manifest(system, stranger, "foreign", kernel=image,
                          initrd=bytes(1000))
    refused(machine, Exit.SIGNATURE, "--signature", foreign)
    machine.sh("head -c 100 /root/elsewhere >/root/Image.manifest.p7s")
    refused(machine, Exit.SIGNATURE)
    machine.sh("mv /root/elsewhere /root/Image.manifest.p7s")
    fastreboot.run(machine, "stage", "--kernel", "/root/Image",
                   expect=Exit.SIGNATURE)
    machine.sh("fastreboot manifest verify /root/Image.manifest "
               "--kernel=/root/Image --initrd=/root/initrd")
    machine.sh("printf x | dd of=/root/Image bs=1 seek=4000000 "
               "conv=notrunc status=none")
    refused(machine, Exit.SIGNATURE)


@scenario(timeout=600, variants={
    "replaced": {"change": "cp --remove-destination /root/older /root/Image"},
    "overwritten": {"change": "cat /root/older >/root/Image"}})
def source_changes(system: System, change: str) -> None:
    """The kernel is another one by the time that it is read: an error.

    The other one has a good signature as well.
    """
    trusted, _ = signers(system)
    machine = trusting(system, trusted)
    older = system.build.kernel("system-a").read_bytes()
    older_path = system.payload_file("older", older)
    signed = manifest(system, trusted, "older", kernel=older,
                      initrd=bytes(1000))
    machine.sh(f"cp {older_path} /root/older; sync")
    # The daemon has checked the signature when the slot is staging; then it
    # is held until the file is another one.
    result = machine.sh(
        f"fastreboot stage {' '.join(PAYLOAD)} & stage=$!\n"
        f"until grep -q staging {SYSFS}/slot*/status; do :; done\n"
        "systemctl kill -s STOP fastrebootd.service\n"
        f"grep -c staging {SYSFS}/slot*/status >/root/held\n"
        f"{change}; cp {signed[0]} /root/Image.manifest\n"
        f"cp {signed[1]} /root/Image.manifest.p7s\n"
        "systemctl kill -s CONT fastrebootd.service\n"
        "wait $stage", check=False)
    slots = fastreboot.status(machine)["slots"]
    if change.startswith("cp "):
        # The daemon reads on from the file that it has checked.
        expected = fastreboot.sha256(
            system.build.kernel("system-b").read_bytes())
        sealed = [fastreboot.segment(slot, "kernel")["sha256"]
                  for slot in slots if slot["status"] == "sealed"]
        check.true("the kernel that was checked, or none, is in the slot",
                   sealed in ([], [expected]), sealed)
        return
    check.equal("status of the command", result.status, Exit.SOURCE_CHANGED)
    check.equal("slots", {"empty"}, {slot["status"] for slot in slots})
