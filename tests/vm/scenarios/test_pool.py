# SPDX-License-Identifier: GPL-2.0-or-later
"""Where pools come from, and that a machine boots without the one it wants."""

from __future__ import annotations

from harness import check
from harness.boot import Boot, parse_range
from harness.fastreboot import (SLOT_OFFSET, pool_boot, slot_of,
                                stage_and_jump, status)
from harness.machine import FASTREBOOT, Machine
from harness.scenario import scenario
from harness.vm import Vm

MIB = 1 << 20

# A pool node and what can be wrong with it; a machine has 1 GiB from
# 0x40000000, and QEMU uses the first 256 MiB of that.
GOOD_NODE = """
pool@60000000 {
	compatible = "fastreboot,pool";
	reg = <0 0x60000000 0 0x8000000>;
};
"""

FLOATING_NODE = """
pool {
	compatible = "fastreboot,pool";
	size = <0 0x8000000>;
	alignment = <0 0x200000>;
	slots = <3>;
};
"""

FLOATING_STATE = FLOATING_NODE.replace("};", "state-size = <0 0x1000000>; };")


def node(address: str = "0x60000000", size: str = "0x8000000",
         more: str = "") -> str:
    """A pool node."""
    return (f"pool@{address.removeprefix('0x')} {{"
            'compatible = "fastreboot,pool";'
            f"reg = <0 {address} 0 {size}>; {more} }};")


# By name, command lines that ask for a pool that cannot be had.
BAD_COMMAND_LINES = {
    "overlaps-the-kernel": "fastreboot=128M@0x40000000",
    "overlaps-the-initrd": "fastreboot=128M@0x48000000",
    "larger-than-memory": "fastreboot=8G",
    "beyond-memory": "fastreboot=128M@0x80000000",
    "partly-beyond-memory": "fastreboot=128M@0x7c000000",
    "below-memory": "fastreboot=128M@0x10000000",
    "over-the-end-of-addresses": "fastreboot=128M@0xfffffffffc000000",
    "misaligned-address": "fastreboot=128M@0x60100000",
    "misaligned-size": "fastreboot=127M@0x60000000",
    "misaligned-state": "fastreboot=128M@0x60000000,state=1M",
    "too-small": "fastreboot=2M",
    "state-takes-all": "fastreboot=128M@0x60000000,state=128M",
    "state-without-address": "fastreboot=128M,state=32M",
    "no-value": "fastreboot",
    "empty-value": "fastreboot=",
    "no-number": "fastreboot=lots",
    "no-address": "fastreboot=128M@",
    "junk-behind": "fastreboot=128M!",
    "unknown-option": "fastreboot=128M,slotz=2",
    "one-slot": "fastreboot=128M,slots=1",
    "99-slots": "fastreboot=128M,slots=99",
    "slots-without-number": "fastreboot=128M,slots=",
}

# By name, nodes under /reserved-memory.
BAD_NODES = {
    "no-map": node(more="no-map;"),
    "reusable": node(more="reusable;"),
    "misaligned-address": node(address="0x60100000"),
    "misaligned-size": node(size="0x7f00000"),
    "one-slot": node(more="slots = <1>;"),
    "99-slots": node(more="slots = <99>;"),
    "beyond-memory": node(address="0x90000000"),
    "partly-beyond-memory": node(address="0x7c000000"),
    "overlaps-a-node": node() + """
        other@61000000 { reg = <0 0x61000000 0 0x100000>; };""",
    "state-without-address": FLOATING_STATE,
    "two-pools": node() + node(address="0x70000000"),
    "ledger-over-the-kernel": node(address="0x40200000"),
    "ledger-over-the-initrd": node(address="0x48000000"),
}


def check_no_pool(machine: Machine, boot: Boot) -> None:
    """Does the machine work without a pool, and say why in one line?"""
    check.equal("pool", boot.pool, None)
    check.equal("running", boot.running, None)
    check.true("error says why", machine.read("error") != "")
    check.count("messages", boot.messages(), 1)
    check.true("the message is about the pool",
               boot.messages()[0].startswith("fastreboot: no pool: "),
               boot.messages())
    check.equal("message", boot.messages()[0].removeprefix(
        "fastreboot: no pool: "), machine.read("error"))
    machine.expect_error("ENOENT", f"read {FASTREBOOT}/slot0/status")
    machine.expect_error("EINVAL", "reboot kexec")


@scenario(timeout=120, requires=["a"], variants={
    name: {"append": append} for name, append in BAD_COMMAND_LINES.items()})
def bad_command_line(vm: Vm, append: str) -> None:
    """The machine boots without a pool that cannot be had."""
    machine = vm.machine()
    check_no_pool(machine, machine.boot(append=append))


@scenario(timeout=120, requires=["a"], variants={
    name: {"nodes": nodes} for name, nodes in BAD_NODES.items()})
def bad_node(vm: Vm, nodes: str) -> None:
    """The machine boots without a pool from a node that is wrong."""
    machine = vm.machine(dtb=vm.reserved_memory(nodes))
    check_no_pool(machine, machine.boot())


@scenario(timeout=200, requires=["a"], variants={
    "bad-slots": {"nodes": node(more="slots = <99>;")},
    "state-without-address": {"nodes": FLOATING_STATE}})
def given_back(vm: Vm, nodes: str) -> None:
    """Memory of a pool that can't be had is memory like any other."""
    without = vm.machine().boot()
    with_bad = vm.machine(dtb=vm.reserved_memory(nodes)).boot()
    check.equal("pool", with_bad.pool, None)
    check.true("what a pool of 128 MiB would have kept is there",
               without.memtotal - with_bad.memtotal < 1024,
               (without.memtotal, with_bad.memtotal))


@scenario(timeout=200)
def above_four_gigabytes(vm: Vm) -> None:
    """Where there is memory above 4 GiB the pool is at its beginning."""
    machine = vm.machine(memory="6G")
    boot = pool_boot(machine)
    assert boot.pool is not None
    check.equal("address of the pool", hex(boot.pool[0]), hex(4096 * MIB))
    stage_and_jump(machine, boot, 0, "b")


@scenario(timeout=200, requires=["a"])
def addresses_are_roots(vm: Vm) -> None:
    """What tells where the kernel is can be read by root alone."""
    machine = vm.machine()
    boot = pool_boot(machine)
    for name in ("pool", "running", "slot0/size", "slot0/placement",
                 "state_volume"):
        mode, = machine.command(f"mode {FASTREBOOT}/{name}")
        check.equal(f"mode of {name}", mode, "0400")
    assert boot.pool is not None
    check.equal("messages with an address of the pool",
                [line for line in boot.messages()
                 if f"{boot.pool[0]:x}" in line], [])


@scenario(timeout=120, requires=["a"])
def not_reserved(vm: Vm) -> None:
    """A node that the kernel does not reserve memory for is no pool."""
    machine = vm.machine(dtb=vm.reserved_memory(node(), ranges=""))
    machine.allow("unsupported node format")
    check_no_pool(machine, machine.boot())


@scenario(timeout=120, requires=["a"])
def nobody_asks(vm: Vm) -> None:
    """Without a request there is no pool, no error and no message."""
    machine = vm.machine()
    boot = machine.boot()
    check.equal("pool", boot.pool, None)
    check.equal("error", machine.read("error"), "")
    check.count("messages", boot.messages(), 0)
    check.equal("boot_reason", boot.boot_reason, "cold")


@scenario(timeout=200)
def disabled_node(vm: Vm) -> None:
    """A node with status "disabled" asks for nothing."""
    machine = vm.machine(
        dtb=vm.reserved_memory(node(more='status = "disabled";')))
    check.equal("pool", machine.boot().pool, None)
    check.equal("error", machine.read("error"), "")


@scenario(timeout=200)
def fixed_address(vm: Vm) -> None:
    """A pool where the command line wants it."""
    machine = vm.machine()
    boot = pool_boot(machine, append="fastreboot=128M@0x60000000")
    check.equal("pool", boot.pool, (0x60000000, 0x67ffffff))
    check.equal("error", machine.read("error"), "")
    stage_and_jump(machine, boot, 0, "b")


@scenario(timeout=300)
def boot_loader_used_a_slot(vm: Vm) -> None:
    """A node's slot that the boot loader put the kernel into is not for use.

    QEMU loads the kernel 2 MiB into RAM: to the start of slot 0, if the pool
    begins with RAM.
    """
    machine = vm.machine(dtb=vm.reserved_memory(node(address="0x40000000")))
    boot = pool_boot(machine, append="")
    check.true("the kernel's code lies in slot 0",
               boot.text in slot_of(machine, boot, 0), hex(boot.text))
    check.equal("boot_reason", boot.boot_reason, "cold")
    check.equal("status of slot 0", status(machine, 0), "running")
    machine.expect_error("EBUSY", f"write {FASTREBOOT}/slot0/control begin")
    boot = stage_and_jump(machine, boot, 1, "b")
    stage_and_jump(machine, boot, 0, "a")


@scenario(timeout=200)
def node_wins(vm: Vm) -> None:
    """With a node, the command line's request is ignored."""
    machine = vm.machine(dtb=vm.reserved_memory(GOOD_NODE))
    boot = pool_boot(machine, append="fastreboot=64M@0x50000000")
    check.equal("pool", boot.pool, (0x60000000, 0x67ffffff))
    stage_and_jump(machine, boot, 0, "b")


@scenario(timeout=300)
def floating_node(vm: Vm) -> None:
    """A node with size and alignment, and slots."""
    machine = vm.machine(dtb=vm.reserved_memory(FLOATING_NODE))
    boot = pool_boot(machine, append="")
    check_layout(machine, boot, slots=3, state=0)
    boot = stage_and_jump(machine, boot, 0, "b")
    stage_and_jump(machine, boot, 2, "a")


@scenario(timeout=200, variants={
    "2-slots": {"append": "fastreboot=128M", "slots": 2, "state": 0},
    "8-slots": {"append": "fastreboot=256M,slots=8", "slots": 8, "state": 0},
    "state": {"append": "fastreboot=128M@0x60000000,state=32M", "slots": 2,
              "state": 32 * MIB}})
def layout(vm: Vm, append: str, slots: int, state: int) -> None:
    """A pool is divided as asked for, and can be used to its end."""
    machine = vm.machine()
    boot = pool_boot(machine, append=append)
    check_layout(machine, boot, slots, state)
    stage_and_jump(machine, boot, slots - 1, "b")


def check_layout(machine: Machine, boot: Boot, slots: int,
                 state: int) -> None:
    """Do ledger, slots and state volume fill the pool?"""
    assert boot.pool is not None
    base, last = boot.pool
    check.equal("remainder of the pool's address by 2 MiB", base % (2 * MIB),
                0)
    end = slot_of(machine, boot, slots - 1)
    free = last + 1 - state - (end.start + end.size)
    check.true("the slots leave less than 2 MiB each",
               0 <= free < slots * 2 * MIB, free)
    check.true("slots begin behind the ledger",
               slot_of(machine, boot, 0).start == base + SLOT_OFFSET)
    machine.expect_error("ENOENT", f"read {FASTREBOOT}/slot{slots}/status")
    volume = parse_range(machine.read("state_volume"))
    check.equal("state volume", volume,
                (last + 1 - state, last) if state else None)
