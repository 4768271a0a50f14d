# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kexec, unmodified: tools/kexec-tools.sh has fetched it."""

from __future__ import annotations

from typing import Any

from harness import check
from harness.boot import Boot
from harness.errors import ScenarioSkipped
from harness.fastreboot import (POOL, check_fast_reboot, check_kexec,
                                placement, pool_boot, status)
from harness.machine import INITRD, Machine, run_command
from harness.scenario import scenario
from harness.vm import Vm

KEXEC = "/payload/kexec-tools/kexec"
LOADED = "/sys/kernel/kexec_loaded"
CRASH_LOADED = "/sys/kernel/kexec_crash_loaded"
IMAGE_A = "/payload/Image-a"
IMAGE_B = "/payload/Image-b"
RESERVE = "crashkernel=256M"
FIXED_POOL = "fastreboot=128M@0x60000000"


def tools_machine(vm: Vm, append: str = POOL,
                  **options: Any) -> tuple[Machine, Boot]:
    """A machine with a pool, and kexec."""
    if not (vm.build.payload / "kexec-tools" / "kexec").exists():
        raise ScenarioSkipped("no kexec; tools/kexec-tools.sh fetches it")
    machine = vm.machine(**options)
    return machine, pool_boot(machine, append=append)


def kexec(machine: Machine, *words: str) -> list[str]:
    """Run kexec and fail if it does; return its output."""
    exit_status, output = machine.run(KEXEC, *words)
    check.equal(f"exit status of kexec {' '.join(words)}: {output}",
                exit_status, 0)
    return output


def load_words(machine: Machine, image: str, *words: str,
               append: str = "") -> list[str]:
    """The words with which people load a kernel."""
    return [*words, image, f"--initrd={INITRD}",
            f"--command-line={machine.options.command_line(append)}"]


def load(machine: Machine, image: str, *words: str, append: str = "") -> None:
    """Load a kernel."""
    kexec(machine, *load_words(machine, image, *words, append=append))


def check_slots(machine: Machine, first: str, second: str) -> None:
    """Have both slots this status?"""
    check.equal("status of the slots", [status(machine, slot)
                                        for slot in range(2)],
                [first, second])


def check_loaded(machine: Machine, loaded: bool) -> None:
    """Is a kernel loaded, as the kernel and as kexec see it?

    The exit status of `kexec --status` is inverted, as it has always been, and
    without -l it is about crash kernels.
    """
    check.equal("kexec_loaded", machine.read(LOADED), str(int(loaded)))
    check.equal("exit status of kexec --status -l",
                machine.run(KEXEC, "--status", "-l")[0], int(loaded))


@scenario(timeout=200)
def load_and_exec(vm: Vm) -> None:
    """`kexec -s -l` loads into a slot, `kexec -e` jumps there."""
    machine, boot = tools_machine(vm)
    check_loaded(machine, False)
    load(machine, IMAGE_B, "-s", "-l")
    check_loaded(machine, True)
    check_slots(machine, "armed", "empty")
    placement(machine, 0)
    after = machine.kexec(run_command(KEXEC, "-e"))
    check_fast_reboot(machine, boot, after, 0)
    check.true("the kernel that was loaded runs",
               after.release.endswith("-b"), after.release)
    check.equal("command line", machine.read("/proc/cmdline"),
                machine.options.command_line(""))


@scenario(timeout=200)
def again_and_again(vm: Vm) -> None:
    """Three reboots with nothing but kexec, each into the other slot."""
    machine, boot = tools_machine(vm)
    for count in range(3):
        load(machine, (IMAGE_B, IMAGE_A)[count % 2], "-s", "-l")
        after = machine.kexec(run_command(KEXEC, "-e"))
        check_fast_reboot(machine, boot, after, count % 2)
        boot = after


@scenario(timeout=200)
def unload(vm: Vm) -> None:
    """`kexec -s -u` frees the slot."""
    machine, _ = tools_machine(vm)
    load(machine, IMAGE_B, "-s", "-l")
    kexec(machine, "-s", "-u")
    check_loaded(machine, False)
    check_slots(machine, "empty", "empty")
    machine.expect_error("EINVAL", "reboot kexec")
    load(machine, IMAGE_B, "-s", "-l")
    check_slots(machine, "armed", "empty")


@scenario(timeout=200)
def unload_by_the_other_call(vm: Vm) -> None:
    """`kexec -c -u`, by kexec_load(2), frees the slot as well."""
    machine, _ = tools_machine(vm)
    load(machine, IMAGE_B, "-s", "-l")
    kexec(machine, "-c", "-u")
    check_loaded(machine, False)
    check_slots(machine, "empty", "empty")


@scenario(timeout=200)
def reload(vm: Vm) -> None:
    """Another kernel takes the place of the one that was loaded."""
    machine, boot = tools_machine(vm)
    load(machine, IMAGE_A, "-s", "-l")
    load(machine, IMAGE_B, "-s", "-l")
    check_loaded(machine, True)
    slot = int(machine.read("armed"))
    check.equal("status of the other slot", status(machine, 1 - slot),
                "empty")
    after = machine.kexec(run_command(KEXEC, "-e"))
    check_fast_reboot(machine, boot, after, slot)
    check.true("the kernel that was loaded last runs",
               after.release.endswith("-b"), after.release)


@scenario(timeout=200)
def bad_file(vm: Vm) -> None:
    """A file that is no kernel is refused, and what was loaded stays."""
    machine, boot = tools_machine(vm)
    bad = vm.payload_file("bad", vm.image("b").without_magic())
    for loaded in (False, True):
        exit_status, output = machine.run(
            KEXEC, *load_words(machine, bad, "-s", "-l"))
        check.true("kexec fails", exit_status not in (0, 127), output)
        check_loaded(machine, loaded)
        check_slots(machine, "armed" if loaded else "empty", "empty")
        if not loaded:
            load(machine, IMAGE_B, "-s", "-l")
    after = machine.kexec(run_command(KEXEC, "-e"))
    check_fast_reboot(machine, boot, after, 0)


@scenario(timeout=200)
def other_call(vm: Vm) -> None:
    """`kexec -c -l`, by kexec_load(2), loads and jumps as ever.

    kexec makes the device tree itself then, from that of the running kernel:
    the pool and an ITS's tables have no place in it.
    """
    machine, boot = tools_machine(vm, FIXED_POOL, its=False)
    load(machine, IMAGE_B, "-c", "-l", append=FIXED_POOL)
    check_loaded(machine, True)
    check_slots(machine, "empty", "empty")
    after = machine.kexec(run_command(KEXEC, "-e"))
    check_kexec(boot, after)


@scenario(timeout=300)
def crash_kernel(vm: Vm) -> None:
    """`kexec -s -p` loads a crash kernel beside a kernel in a slot."""
    machine, boot = tools_machine(vm, f"{POOL} {RESERVE}")
    load(machine, IMAGE_B, "-s", "-l")
    load(machine, IMAGE_A, "-s", "-p")
    check_loaded(machine, True)
    check.equal("kexec_crash_loaded", machine.read(CRASH_LOADED), "1")
    check_slots(machine, "armed", "empty")
    kexec(machine, "-s", "-p", "-u")
    check.equal("kexec_crash_loaded", machine.read(CRASH_LOADED), "0")
    check_slots(machine, "armed", "empty")
    after = machine.kexec(run_command(KEXEC, "-e"))
    check_fast_reboot(machine, boot, after, 0)


@scenario(timeout=200, requires=["stock"])
def stock(vm: Vm) -> None:
    """The same words on a stock kernel: what these tests expect is sound."""
    if not (vm.build.payload / "kexec-tools" / "kexec").exists():
        raise ScenarioSkipped("no kexec; tools/kexec-tools.sh fetches it")
    machine = vm.machine(its=False)
    machine.boot(kernel="stock")
    image = "/payload/Image-stock"
    check_loaded(machine, False)
    for call in ("-s", "-c"):
        load(machine, image, call, "-l")
        check_loaded(machine, True)
        kexec(machine, call, "-u")
        check_loaded(machine, False)
        load(machine, image, call, "-l")
        machine.kexec(run_command(KEXEC, "-e"))
