# SPDX-License-Identifier: GPL-2.0-or-later
"""The line that says where a payload comes from, handed over by the jump."""

from __future__ import annotations

import hashlib

from harness import check
from harness.boot import Boot
from harness.fastreboot import file_load, pool_boot, stage_and_jump
from harness.machine import FASTREBOOT, INITRD, Machine
from harness.scenario import scenario
from harness.vm import Vm

LONGEST = 4000


def put(machine: Machine, path: str, text: str) -> None:
    """Write a line to a file of fast reboot."""
    machine.command(f'write {FASTREBOOT}/{path} "{text}"')


def stage_from(machine: Machine, slot: int, kernel: str, source: str) -> None:
    """Stage a payload that has a source."""
    put(machine, f"slot{slot}/control", "begin")
    machine.command(f"stream /payload/Image-{kernel} "
                    f"{FASTREBOOT}/slot{slot}/kernel")
    machine.command(f"stream {INITRD} {FASTREBOOT}/slot{slot}/initrd")
    put(machine, f"slot{slot}/source", source)
    put(machine, f"slot{slot}/control", "seal")


def check_line(machine: Machine, path: str, line: str) -> None:
    """Has a file of fast reboot this line? It may be too long to print."""
    digest, = machine.command(f"sha256 {FASTREBOOT}/{path}")
    check.equal(f"hash of {path}", digest,
                hashlib.sha256(f"{line}\n".encode()).hexdigest())


def check_sources(machine: Machine, source: str, previous: str) -> None:
    """Does the running kernel know where it and the one before came from?"""
    check_line(machine, "source", source)
    check_line(machine, "previous_source", previous)


@scenario(timeout=300)
def handed_over(vm: Vm) -> None:
    """From kernel to kernel; none stays none, and nothing adds up."""
    machine = vm.machine()
    boot = pool_boot(machine)
    check_sources(machine, "", "")
    put(machine, "source", "entry a, by firmware")
    sizes = []
    source = machine.read("source")
    for count in range(4):
        previous = source
        source = f"entry {count} {'x' * LONGEST}"[:LONGEST]
        slot = count % 2
        stage_from(machine, slot, "ba"[slot], source)
        check_line(machine, f"slot{slot}/source", source)
        sizes.append(machine.read(f"slot{slot}/placement").split()[-1])
        boot = machine.fast_reboot(slot)
        check_sources(machine, source, previous)
    check.equal("sizes of the later device trees", len(set(sizes[1:])), 1)
    boot = stage_and_jump(machine, boot, 0, "b")
    check_sources(machine, "", source)
    stage_and_jump(machine, boot, 1, "a")
    check_sources(machine, "", "")


@scenario(timeout=200)
def by_kexec(vm: Vm) -> None:
    """What kexec_file_load(2) puts into a slot has no source of its own."""
    machine = vm.machine()
    boot = pool_boot(machine)
    put(machine, "source", "entry a")
    file_load(machine, 0)
    after: Boot = machine.kexec()
    check.equal("slot", after.running, 0)
    check_sources(machine, "", "entry a")
    check.equal("the first kernel ran outside", boot.running, None)


@scenario(timeout=200)
def refused(vm: Vm) -> None:
    """Bad sources change nothing."""
    machine = vm.machine()
    pool_boot(machine)
    put(machine, "source", "as it was")
    slot = f"{FASTREBOOT}/slot0"
    vm.payload_file("two", b"one line\nand another")
    machine.expect_error("EBADFD", f"write {slot}/source x")
    put(machine, "slot0/control", "begin")
    for path in (f"{FASTREBOOT}/source", f"{slot}/source"):
        machine.expect_error("E2BIG",
                             f"write {path} {'x' * (LONGEST + 1)}")
        machine.expect_error("EINVAL", f'write {path} "two\\nlines"')
    machine.expect_error(
        "EPERM", f"without-capability write {FASTREBOOT}/source x")
    check_line(machine, "source", "as it was")
    check_line(machine, "slot0/source", "")
