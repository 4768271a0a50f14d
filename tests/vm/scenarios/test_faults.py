# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel "debug" fails on request: each request survives each failure.

An operation is repeated. The first time the first call in it that may fail
does (an allocation, a copy from or to user space), then the second, and so on
until there is none left to fail. Each time it works or says why not, the slot
can be used again, and in the end nothing is lost: kmemleak knows of no memory
without a pointer to it, and no page is left to the one that had to give it
back.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from harness import check
from harness.errors import CommandError, ScenarioFailure
from harness.fastreboot import (MIB, NO_POOL, PAGE, exact_memory,
                                memory_free, pool_boot, status)
from harness.machine import FASTREBOOT, Machine
from harness.scenario import scenario
from harness.vm import Vm

REQUIRES = ["debug"]
DEBUGFS = "/sys/kernel/debug"

# Two slots of 8 MiB, the least: little to clear and to hash.
POOL = "fastreboot=18M page_owner=on"
KERNEL_MEMORY = 0x10000
SMALL_INITRD = 0x10000
LARGE_INITRD = 9 * MIB

CONTROL = f"write {FASTREBOOT}/slot0/control"
STAGE = "stage 0 kernel=/kernel cmdline=x initrd="
LOAD = "kexec-file-load /kernel {} x flags={}"

# More calls than any operation makes.
MANY = 50_000

# What a lack of memory may be called, or of user space's.
ERRORS = {"ENOMEM", "EFAULT"}
# More when kmalloc() and vmalloc() both fail, all of the stock kernel's making: it
# does not tell a lack of memory for the device tree from a tree that is damaged,
# and then tries the kernel in other places until there is none left.
EVERY_ERRORS = ERRORS | {"EINVAL", "EADDRNOTAVAIL"}

# Pages that were allocated by the code under test, and those of them that the
# kernel keeps for the next time: slabs, page tables of vmalloc, stack traces.
OWNERS = "kexec kimage fastreboot trans_pgd"
KEPT = re.compile(r"slab|vmap|pte_alloc|pmd_alloc|pud_alloc|p4d_alloc"
                  r"|stack_depot|folio|pcpu")

# Bytes that MemFree may differ by, for what the kernel keeps.
MEMORY_NOISE = 2 * MIB


@dataclass(frozen=True)
class Operation:
    """What is done while something fails.

    command -- the guest's
    done, failed -- status of slot 0 afterwards
    before -- commands that lead there, from two empty slots
    again -- works at once after a failure, if the slot is as it was before
    sparse -- it has many calls of the same kind: later ones not each in turn
    infallible -- there is no call in it that may fail
    """

    command: str
    done: str
    failed: Sequence[str]
    before: Sequence[str] = ()
    again: str = ""
    sparse: bool = False
    infallible: bool = False


def written(initrd: str) -> list[str]:
    """Commands that write a payload, up to the seal."""
    return [f"{CONTROL} begin",
            f"stream /kernel {FASTREBOOT}/slot0/kernel",
            f"stream {initrd} {FASTREBOOT}/slot0/initrd",
            f"write {FASTREBOOT}/slot0/cmdline x"]


FULL = [f"stage {slot} kernel=/kernel cmdline=x" for slot in range(2)]

OPERATIONS = {
    "begin": Operation(f"{CONTROL} begin", "staging", ["empty", "staging"]),
    "write": Operation(f"stream /large {FASTREBOOT}/slot0/initrd", "staging",
                       ["staging"], written("/small")[:2], sparse=True),
    "stage": Operation(f"{STAGE}/small", "sealed",
                       ["empty", "staging", "bad"]),
    "seal": Operation(f"{CONTROL} seal", "sealed", ["staging", "bad"],
                      written("/small"), "staging"),
    "seal-overflow": Operation(f"{CONTROL} seal", "sealed",
                               ["staging", "bad"], written("/large"),
                               "staging"),
    "abort": Operation(f"{CONTROL} abort", "empty", ["empty", "staging"],
                       written("/large")),
    "verify": Operation(f"{CONTROL} verify", "sealed", ["sealed"],
                        [f"{STAGE}/small"]),
    "verify-overflow": Operation(f"{CONTROL} verify", "sealed", ["sealed"],
                                 [f"{STAGE}/large"]),
    "arm": Operation("arm 0", "armed", ["sealed"], [f"{STAGE}/small"],
                     "sealed"),
    "arm-overflow": Operation("arm 0", "armed", ["sealed"],
                              [f"{STAGE}/large"], "sealed"),
    "disarm": Operation("arm none", "sealed", ["armed", "sealed"],
                        [f"{STAGE}/large", "arm 0"], "armed"),
    "clear": Operation(f"{CONTROL} clear", "empty", ["sealed", "empty"],
                       [f"{STAGE}/large"], "sealed"),
    "load": Operation(LOAD.format("/small", 0), "armed", ["empty"],
                      again="empty"),
    "load-overflow": Operation(LOAD.format("/large", 0), "armed", ["empty"],
                               again="empty", sparse=True),
    "load-all-overflow": Operation(LOAD.format("/small", 0), "sealed",
                                   ["sealed"], FULL, "sealed"),
    "load-no-pool": Operation(LOAD.format("/large", NO_POOL), "empty",
                              ["empty"], again="empty", sparse=True),
    "load-replace": Operation(LOAD.format("/large", 0), "armed",
                              ["armed", "empty"],
                              [FULL[1], LOAD.format("/small", 0)],
                              sparse=True),
    "unload": Operation("kexec-unload", "empty", [],
                        [LOAD.format("/large", 0)], infallible=True),
    "unload-no-pool": Operation("kexec-unload", "empty", [],
                                [LOAD.format("/large", NO_POOL)],
                                infallible=True),
}


def tiny_kernel() -> bytes:
    """An Image with nothing in it but its header."""
    header = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, KERNEL_MEMORY, 0xa,
                         0, 0, 0, b"ARM\x64", 0)
    return header.ljust(KERNEL_MEMORY, b"\0")


def faults_boot(vm: Vm) -> Machine:
    """A machine whose kernel is ready to fail, with files to load."""
    machine = vm.machine(cpus=2)
    pool_boot(machine, POOL, "debug")
    files = {"kernel": tiny_kernel(), "small": bytes(SMALL_INITRD),
             "large": bytes(LARGE_INITRD)}
    for name, content in files.items():
        machine.command(f"fetch {vm.payload_file(name, content)} /{name}")
    # Calls that may sleep and single pages may fail, too; no stack traces.
    for what in ("failslab", "fail_page_alloc"):
        machine.command(f"write {DEBUGFS}/{what}/ignore-gfp-wait N")
    machine.command(f"write {DEBUGFS}/fail_page_alloc/ignore-gfp-highmem N")
    machine.command(f"write {DEBUGFS}/fail_page_alloc/min-order 0")
    for what in ("failslab", "fail_page_alloc", "fail_usercopy",
                 "fail_function"):
        machine.command(f"write {DEBUGFS}/{what}/verbose 0")
    exact_memory(machine)
    return machine


def clean_up(machine: Machine) -> None:
    """Whatever has happened: two empty slots, nothing loaded."""
    machine.command("kexec-unload")
    machine.arm(None)
    for slot in range(2):
        machine.command(f"write {FASTREBOOT}/slot{slot}/control clear")
        check.equal(f"status of slot {slot} when cleared",
                    status(machine, slot), "empty")
    check.equal("kexec_loaded", machine.read("/sys/kernel/kexec_loaded"), "0")


def prepare(machine: Machine, operation: Operation) -> None:
    """Do what comes before an operation."""
    for command in operation.before:
        machine.command(command)


def fail_nth(machine: Machine, number: int,
             operation: Operation) -> tuple[bool, str]:
    """Do it with the nth call failing; was there one, and what came of it?"""
    *_, line = machine.command(f"fail-nth {number} {operation.command}")
    _, fault, result = line.split(" ", 2)
    return fault == "1", result.split(" ", 1)[0]


def check_failure(machine: Machine, operation: Operation, error: str,
                  errors: Collection[str] = frozenset(ERRORS)) -> None:
    """Has a failure left the slot as it should?"""
    now = status(machine, 0)
    check.true(f"{error} is an error that tells of a lack of memory",
               error in errors, error)
    check.true(f"status after {error} is one of {list(operation.failed)}",
               now in operation.failed, now)
    if now == operation.again:
        machine.command(operation.command)
        check.equal("status after another try", status(machine, 0),
                    operation.done)


def numbers(sparse: bool) -> Iterator[int]:
    """Which calls to fail, up to more than any operation has."""
    number = 1
    while number < MANY:
        yield number
        number += max(1, number // 8) if sparse else 1


def sweep(machine: Machine, operation: Operation) -> dict[str, int]:
    """Fail in each call once; count what came of it."""
    results: dict[str, int] = {}
    for number in numbers(operation.sparse):
        prepare(machine, operation)
        fault, result = fail_nth(machine, number, operation)
        if result == "ok":
            check.equal("status", status(machine, 0), operation.done)
        elif not fault:
            raise ScenarioFailure(f"{result} without a failure in it")
        else:
            try:
                check_failure(machine, operation, result)
            except ScenarioFailure as failure:
                raise ScenarioFailure(
                    f"failure {number}: {failure}") from failure
        clean_up(machine)
        if not fault:
            return results
        results[result] = results.get(result, 0) + 1
    raise ScenarioFailure(f"after {MANY} failures there are still more")


def page_owners(machine: Machine) -> dict[str, int]:
    """Pages in use that the code under test has allocated, by call stack."""
    found: dict[str, int] = {}
    for line in machine.command(f"page-owners {OWNERS}"):
        pages, stack = line.split(" ", 1)
        if not KEPT.search(stack):
            found[stack] = found.get(stack, 0) + int(pages)
    return found


def once(machine: Machine, operations: Sequence[Operation]) -> None:
    """Do all without failures, for what the kernel keeps from then on."""
    for operation in operations:
        prepare(machine, operation)
        machine.command(operation.command)
        check.equal("status", status(machine, 0), operation.done)
        clean_up(machine)


class Losses:
    """What has been lost since this was made."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        machine.command(f"write {DEBUGFS}/kmemleak clear")
        self._owners = page_owners(machine)
        self._free = memory_free(machine)

    def check(self) -> None:
        """Fail if there is something."""
        owners = page_owners(self._machine)
        lost = [f"{pages - self._owners.get(stack, 0)} pages: {stack}"
                for stack, pages in owners.items()
                if pages > self._owners.get(stack, 0)]
        check.count("pages that were not given back", lost, 0)
        check.count("leaks", self._machine.command("leaks"), 0)
        missing = self._free - memory_free(self._machine)
        check.true("the memory is free again", missing <= MEMORY_NOISE,
                   missing)


@scenario(timeout=1800, requires=REQUIRES, variants={
    name: {"operation": operation}
    for name, operation in OPERATIONS.items()})
def nth(vm: Vm, operation: Operation) -> None:
    """An operation with a failure in each place where there may be one."""
    machine = faults_boot(vm)
    once(machine, [operation])
    losses = Losses(machine)
    results = sweep(machine, operation)
    check.equal("the operation has something that may fail", bool(results),
                not operation.infallible)
    losses.check()
    vm.note(f"{sum(results.values())} failures: {results}")


def fail_every(machine: Machine, interval: int, operation: Operation) -> None:
    """Do it with every so many-th call of a function failing."""
    prepare(machine, operation)
    machine.command(f"write {DEBUGFS}/fail_function/interval {interval}")
    try:
        machine.command(f"make-it-fail {operation.command}")
        check.equal("status", status(machine, 0), operation.done)
    except CommandError as error:
        check_failure(machine, operation, error.errno_name, EVERY_ERRORS)
    clean_up(machine)


@scenario(timeout=1800, requires=REQUIRES, variants={
    "slab": {"function": "should_failslab", "value": "0xfffffffffffffff4"},
    "pages": {"function": "should_fail_alloc_page", "value": "1"}})
def function(vm: Vm, function: str, value: str) -> None:
    """All operations while every 2nd, 3rd, ... allocation fails."""
    machine = faults_boot(vm)
    folder = f"{DEBUGFS}/fail_function"
    machine.command(f"write {folder}/inject {function}")
    machine.command(f"write {folder}/{function}/retval {value}")
    for name, setting in (("task-filter", "Y"), ("probability", "100"),
                          ("times", "-1")):
        machine.command(f"write {folder}/{name} {setting}")
    once(machine, list(OPERATIONS.values()))
    losses = Losses(machine)
    for interval in (2, 3, 5, 7, 11, 17, 29, 61):
        for operation in OPERATIONS.values():
            fail_every(machine, interval, operation)
    losses.check()


@scenario(timeout=600, requires=REQUIRES)
def nothing_happens_unasked(vm: Vm) -> None:
    """Without a request nothing fails; what is in use is found, then gone."""
    machine = faults_boot(vm)
    operation = OPERATIONS["load-no-pool"]
    once(machine, [operation])
    losses = Losses(machine)
    machine.command(operation.command)
    check.true("the pages of a load are found",
               sum(page_owners(machine).values()) >= LARGE_INITRD // PAGE)
    clean_up(machine)
    losses.check()
