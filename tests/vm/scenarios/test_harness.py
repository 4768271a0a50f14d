# SPDX-License-Identifier: GPL-2.0-or-later
"""The harness itself, with the stock kernel."""

import hashlib

from harness import check
from harness.errors import CommandError, ScenarioFailure
from harness.machine import Machine
from harness.scenario import scenario
from harness.vm import Vm

REQUIRES = ["stock"]


def stock_machine(vm: Vm) -> Machine:
    """A machine at the prompt."""
    machine = vm.machine()
    machine.boot(kernel="stock")
    return machine


@scenario(timeout=120, requires=REQUIRES)
def commands(vm: Vm) -> None:
    """The guest runs commands and reports what came of them."""
    machine = stock_machine(vm)
    listing = machine.command("list")
    check.true("the guest lists its commands",
               any(line.startswith("kexec-load-at ") for line in listing))
    machine.command('write /proc/sys/kernel/hostname "two words\\n"')
    check.equal("the host name", machine.read("/proc/sys/kernel/hostname"),
                "two words")
    machine.expect_error("ENOENT", "read /no/such/file")
    machine.expect_error("ENOSYS", "dance")
    machine.expect_error("EINVAL", 'read "/unfinished')
    # Peripheral id of the PL011.
    check.equal("bytes of a device",
                machine.command("peek 0x9000fe0 1") +
                machine.command("peek 0x9000fe4 1"), ["11", "10"])
    check.equal("bytes streamed", machine.command(
        "stream /payload/Image-stock /dev/null src-offset=64 chunk=4096"),
        [f"bytes={len(vm.image('stock').content) - 64}"])


@scenario(timeout=120, requires=REQUIRES)
def content(vm: Vm) -> None:
    """The guest shows and hashes what is in a file."""
    machine = stock_machine(vm)
    image = vm.image("stock").content
    check.equal("hash of a file",
                machine.command("sha256 /payload/Image-stock"),
                [hashlib.sha256(image).hexdigest()])
    for size in (0, 1, 55, 56, 63, 64, 65, 128):
        check.equal(f"hash of {size} bytes", machine.command(
            f"sha256 /payload/Image-stock offset=3 length={size}"),
            [hashlib.sha256(image[3:3 + size]).hexdigest()])
    check.equal("bytes of a file", "".join(machine.command(
        "hex /payload/Image-stock offset=5 length=300")), image[5:305].hex())
    machine.expect_error("ENOENT", "sha256 /no/such/file")
    machine.command("await /sys/kernel/kexec_loaded 0")


@scenario(timeout=120, requires=REQUIRES)
def programs(vm: Vm) -> None:
    """The guest runs a program and tells what came of it."""
    machine = stock_machine(vm)
    status, output = machine.run("/no/such/program", "an argument")
    check.equal("status", status, 127)
    check.equal("output", output, ["/no/such/program: ENOENT"])


@scenario(timeout=120, requires=REQUIRES)
def child_processes(vm: Vm) -> None:
    """Commands run in parallel, and without CAP_SYS_BOOT."""
    machine = stock_machine(vm)
    check.equal("children", machine.command("parallel 2 read /no/such/file"),
                [f"child {i} error ENOENT" for i in range(2)])
    machine.command("spin 2")
    machine.expect_error("EPERM", "without-capability reboot restart")
    machine.command("without-capability list")


@scenario(timeout=120, requires=REQUIRES)
def memory(vm: Vm) -> None:
    """The harness reads and writes the guest's memory."""
    machine = stock_machine(vm)
    data = bytes(range(256)) * 10
    machine.write_memory(0x60000000, data)
    check.true("what was written is read",
               machine.read_memory(0x60000000, len(data)) == data)
    machine.flip(0x60000001)
    check.equal("a flipped byte", machine.read_memory(0x60000001, 1), b"\0")
    machine.command("list")


@scenario(timeout=120, requires=REQUIRES)
def resets(vm: Vm) -> None:
    """A reset by the guest and one from outside are followed."""
    machine = stock_machine(vm)
    check.equal("CPUs after a restart", machine.restart().cpus, 1)
    check.equal("CPUs after a reset", machine.reset().cpus, 1)


@scenario(timeout=120, requires=REQUIRES)
def unexpected_reset(vm: Vm) -> None:
    """A reset that a scenario did not ask for fails it."""
    machine = stock_machine(vm)
    try:
        machine.command("reboot restart")
    except ScenarioFailure as failure:
        check.true("the failure names the reset", "RESET" in str(failure))
        return
    raise ScenarioFailure("the reset went unnoticed")


@scenario(timeout=120, requires=REQUIRES)
def power_off(vm: Vm) -> None:
    """The end of QEMU fails a scenario."""
    machine = stock_machine(vm)
    machine.expect_event("SHUTDOWN")
    try:
        machine.command("reboot off")
    except ScenarioFailure as failure:
        check.true("the failure names QEMU", "QEMU" in str(failure),
                   str(failure))
        return
    raise ScenarioFailure("the end of QEMU went unnoticed")


@scenario(timeout=120, requires=REQUIRES)
def disaster(vm: Vm) -> None:
    """A panic fails a scenario at once, whatever it was waiting for."""
    machine = stock_machine(vm)
    try:
        machine.command("write /proc/sysrq-trigger c")
    except CommandError:
        raise
    except ScenarioFailure as failure:
        check.true("the failure shows the kernel's message",
                   "the kernel says" in str(failure), str(failure))
        return
    raise ScenarioFailure("the panic went unnoticed")


@scenario(timeout=120, requires=REQUIRES)
def time_limit(vm: Vm) -> None:
    """Waiting for what does not come ends."""
    machine = stock_machine(vm)
    try:
        machine.wait_line("this line never comes", timeout=0.5)
    except ScenarioFailure as failure:
        check.true("the failure says what it waited for",
                   "never comes" in str(failure))
        return
    raise ScenarioFailure("a line that is not there was found")


@scenario(timeout=120, requires=REQUIRES)
def device_tree(vm: Vm) -> None:
    """A machine boots with QEMU's device tree and a node of the scenario's."""
    tree = vm.reserved_memory(
        "thing@60000000 { reg = <0 0x60000000 0 0x1000>; };")
    machine = vm.machine(dtb=tree)
    machine.boot(kernel="stock")
    machine.read("/sys/firmware/devicetree/base/reserved-memory/"
                 "thing@60000000/name")


@scenario(timeout=120, requires=REQUIRES)
def instruction_count(vm: Vm) -> None:
    """With icount, the same machine boots in as good as the same instructions.

    The console's time stamps show it: they come from the counter. They differ
    by microseconds, since virtio-rng gives the kernel other random numbers.
    """
    stamps = []
    for _ in range(2):
        machine = vm.machine(icount=True, kaslr=False)
        machine.boot(kernel="stock")
        line = next(line for line in machine.console.tail(10000)
                    if "Run /init" in line)
        stamps.append(float(line.strip("[ ").split("]")[0]))
    check.true("the second boot takes as long as the first",
               abs(stamps[1] - stamps[0]) < 0.001 * stamps[0], stamps)
