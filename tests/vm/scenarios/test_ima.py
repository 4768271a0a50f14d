# SPDX-License-Identifier: GPL-2.0-or-later
"""IMA's policy is obeyed, or staging is refused: never evaded."""

from __future__ import annotations

from harness import check
from harness.fastreboot import pool_boot, snapshot, status
from harness.machine import FASTREBOOT
from harness.scenario import scenario
from harness.vm import Vm

BEGIN = f"write {FASTREBOOT}/slot0/control begin"
IMA = "/sys/kernel/security/ima"
KERNELS = ["system-a", "system-b"]
PAYLOAD = "/payload/Image-system-b"
REFUSED = ("IMA's policy measures or appraises what kexec starts; "
           "kexec_file_load(2) obeys it, and takes a slot")

RULES = {"kernel": "measure func=KEXEC_KERNEL_CHECK",
         "initramfs": "measure func=KEXEC_INITRAMFS_CHECK",
         "cmdline": "measure func=KEXEC_CMDLINE"}


@scenario(timeout=300, requires=KERNELS, variants={
    name: {"rule": rule} for name, rule in RULES.items()})
def not_evaded(vm: Vm, rule: str) -> None:
    """With a rule about kexec nothing is staged that is no file."""
    machine = vm.machine()
    pool_boot(machine, kernel="system-a")
    machine.stage(1, PAYLOAD)
    machine.command(f'write {IMA}/policy "{rule}\\n"')
    before = snapshot(machine)
    check.equal("message", machine.expect_error("EACCES", BEGIN),
                [f"fastreboot: slot0: begin refused: {REFUSED}"])
    check.equal("message", machine.expect_error(
        "EACCES", f"write {FASTREBOOT}/armed 1"),
        [f"fastreboot: slot1: arm refused: {REFUSED}"])
    check.equal("nothing has changed", snapshot(machine), before)


@scenario(timeout=300, requires=KERNELS)
def obeyed(vm: Vm) -> None:
    """kexec_file_load(2) measures, into a slot; other rules are no matter."""
    machine = vm.machine()
    boot = pool_boot(machine, kernel="system-a")
    machine.command(f'write {IMA}/policy "measure func=MODULE_CHECK\\n"')
    machine.command(BEGIN)
    machine.command(f"write {FASTREBOOT}/slot0/control abort")
    for rule in RULES.values():
        machine.command(f'write {IMA}/policy "{rule}\\n"')
    machine.file_load(PAYLOAD)
    check.equal("status", status(machine, 0), "armed")
    log = machine.read(f"{IMA}/ascii_runtime_measurements")
    for what in ("Image-system-b", "initrd.cpio", "kexec-cmdline"):
        check.true(f"{what} is measured", what in log, log)
    after = machine.kexec()
    check.equal("boot_reason", after.boot_reason, "fast-reboot")
    check.equal("running", after.running, 0)
    check.equal("generation", after.generation, boot.generation + 1)
    # IMA's list is no segment of the slot's.
    check.equal("bytes relocated", after.relocated_bytes, 4096)
    carried = machine.read(f"{IMA}/ascii_runtime_measurements")
    check.true("the list is handed over", "kexec-cmdline" in carried, carried)
