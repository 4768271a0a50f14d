# SPDX-License-Identifier: GPL-2.0-or-later
"""The ledger survives what it must survive, and is refused when strange.

A reset leaves memory as it is: in QEMU always, on real boards often.
"""

from __future__ import annotations

from harness import check, ledger
from harness.boot import Boot
from harness.errors import ScenarioFailure
from harness.fastreboot import (NO_POOL, check_kexec, pool_boot, slot_of,
                                stage_and_jump, status)
from harness.image import Image
from harness.machine import FASTREBOOT, Machine
from harness.scenario import scenario
from harness.vm import Vm

# The arm64 instruction that branches to itself.
BRANCH_TO_SELF = bytes.fromhex("00000014")


def base_of(boot: Boot) -> int:
    """Where the ledger is."""
    if boot.pool is None:
        raise ScenarioFailure("there is no pool")
    return boot.pool[0]


def read_ledger(machine: Machine, boot: Boot) -> bytes:
    """Both copies of the ledger."""
    return machine.read_memory(base_of(boot), ledger.SIZE)


def rebooted(vm: Vm) -> tuple[Machine, Boot]:
    """A machine after a fast reboot into slot 0."""
    machine = vm.machine()
    return machine, stage_and_jump(machine, pool_boot(machine), 0, "b")


def corrupt(machine: Machine, boot: Boot, copy: int) -> None:
    """Flip a bit of a copy of the ledger."""
    machine.flip(base_of(boot) + copy * ledger.COPY_SIZE + 1000)


@scenario(timeout=200)
def contract(vm: Vm) -> None:
    """What lies in the pool is what the header file describes."""
    machine, boot = rebooted(vm)
    area = read_ledger(machine, boot)
    pair = ledger.records(area)
    for copy, record in enumerate(pair):
        check.true(f"copy {copy} counts", record.counts(copy))
        check.equal("version", (record.major, record.minor), (1, 1))
    check.equal("distance of the copies' sequence numbers",
                abs(pair[0].sequence - pair[1].sequence), 1)
    record = pair[ledger.newest(area)]
    check.equal("generation", record.generation, boot.generation)
    check.equal("running", record.running, 0)
    check.equal("tries", record.tries, boot.tries)
    check.equal("armed", record.armed, 0xffffffff)
    check.equal("boot reason", record.boot_reason, 1)


@scenario(timeout=200, variants={"restart": {"button": False},
                                 "reset-button": {"button": True}})
def reset(vm: Vm, button: bool) -> None:
    """After a reset the ledger is found, but no payload is trusted."""
    machine, boot = rebooted(vm)
    machine.stage(1, "a")
    machine.arm(1)
    again = machine.reset() if button else machine.restart()
    check.equal("boot_reason", again.boot_reason, "reset")
    check.equal("running", again.running, None)
    check.equal("armed", again.armed, None)
    check.equal("generation", again.generation, boot.generation)
    check.equal("previous_release", again.previous_release, boot.release)
    check.equal("status of slot 0", status(machine, 0), "empty")
    check.equal("status of slot 1", status(machine, 1), "empty")
    stage_and_jump(machine, again, 1, "b")


@scenario(timeout=200)
def reset_while_staging(vm: Vm) -> None:
    """What was being staged when the machine was reset is gone."""
    machine = vm.machine()
    boot = pool_boot(machine)
    machine.command(f"write {FASTREBOOT}/slot0/control begin")
    machine.command(f"stream /payload/Image-b {FASTREBOOT}/slot0/kernel")
    check.equal("boot_reason", machine.reset().boot_reason, "reset")
    check.equal("status", status(machine, 0), "empty")
    machine.expect_error("EINVAL", "arm 0")
    stage_and_jump(machine, boot, 0, "b")


@scenario(timeout=200)
def newest_copy_corrupt(vm: Vm) -> None:
    """Without the newest record, the one before it counts."""
    machine, boot = rebooted(vm)
    machine.command(f"write {FASTREBOOT}/tries 0")
    area = read_ledger(machine, boot)
    copy = ledger.newest(area)
    older = ledger.records(area)[1 - copy]
    check.true("the records differ", older.tries == 1, older.tries)
    corrupt(machine, boot, copy)
    again = machine.restart()
    check.equal("boot_reason", again.boot_reason, "reset")
    check.equal("tries", again.tries, older.tries)
    check.equal("generation", again.generation, older.generation)


@scenario(timeout=200)
def both_copies_corrupt(vm: Vm) -> None:
    """Without any record, a new ledger is made."""
    machine, boot = rebooted(vm)
    corrupt(machine, boot, 0)
    corrupt(machine, boot, 1)
    again = machine.restart()
    check.equal("boot_reason", again.boot_reason, "cold")
    check.equal("generation", again.generation, 0)
    stage_and_jump(machine, again, 0, "b")


@scenario(timeout=200, variants={"newest": {"which": "newest"},
                                 "older": {"which": "older"}})
def unknown_version(vm: Vm, which: str) -> None:
    """An unknown major version is refused and left untouched.

    It belongs to a kernel that knows more, wherever it stands.
    """
    machine, boot = rebooted(vm)
    area = read_ledger(machine, boot)
    copy = ledger.newest(area)
    if which == "older":
        copy = 1 - copy
    machine.write_memory(base_of(boot) + copy * ledger.COPY_SIZE,
                         ledger.records(area)[copy].with_major(2))
    area = read_ledger(machine, boot)

    again = machine.restart()
    check.equal("pool", again.pool, None)
    check.true("the error names the version", "version" in
               machine.read("error"), machine.read("error"))
    check.count("messages about it", again.messages("fastreboot: no pool"), 1)
    check.true("the ledger is untouched", read_ledger(machine, boot) == area)
    machine.expect_error("ENOENT", f"read {FASTREBOOT}/slot0/status")


def hanging(image: Image) -> bytes:
    """An Image that hangs in its second instruction.

    The first is part of the PE header's magic number, the second is where the
    kernel really starts.
    """
    return image.content[:4] + BRANCH_TO_SELF + image.content[8:]


@scenario(timeout=200)
def failed(vm: Vm) -> None:
    """A payload that hangs, and the reset after it: the boot has failed."""
    machine = vm.machine()
    boot = pool_boot(machine)
    path = vm.payload_file("hanging", hanging(vm.image("b")))
    machine.command(f"stage 0 kernel={path} initrd=/payload/initrd.cpio")
    slot = slot_of(machine, boot, 0)
    machine.arm(0)
    machine.begin_kexec()
    machine.wait(lambda: machine.program_counter() in slot or None,
                 "the jump into the slot", interval=0.1)
    again = machine.reset()
    check.equal("boot_reason", again.boot_reason, "failed")
    check.equal("running", again.running, None)
    check.equal("armed", again.armed, None)
    stage_and_jump(machine, again, 1, "b")


@scenario(timeout=200)
def stock_kexec(vm: Vm) -> None:
    """A kexec that does not use a slot is told from a fast reboot."""
    machine = vm.machine()
    boot = pool_boot(machine)
    machine.file_load("b", flags=NO_POOL)
    check_kexec(boot, machine.kexec())
