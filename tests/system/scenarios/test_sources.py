# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind of payload source, good and damaged."""

from __future__ import annotations

from collections.abc import Callable

from harness import check
from harness.cpio import CpioWriter
from system import fastreboot, payloads
from system.fastreboot import Exit
from system.machine import SystemMachine
from system.world import System, scenario

CMDLINE = "root=/dev/vda rw console=ttyAMA0 panic=-1 from=test"

Maker = Callable[[bytes], bytes]

KERNELS: dict[str, Maker] = {
    "image": lambda image: image,
    "gzip": lambda image: payloads.compressed(image, "gzip"),
    "zstd": lambda image: payloads.compressed(image, "zstd"),
    "xz": lambda image: payloads.compressed(image, "xz"),
    "zboot-gzip": lambda image: payloads.zboot(image, "gzip"),
    "zboot-zstd": lambda image: payloads.zboot(image, "zstd"),
    "zboot-xz": lambda image: payloads.zboot(image, "xz"),
}


def initrd() -> bytes:
    """An initrd without an init: the kernel goes on to its root disk."""
    archive = CpioWriter()
    archive.directory("fastreboot-test")
    return archive.finish()


def ready(system: System) -> SystemMachine:
    """A machine that sees the payload share."""
    machine = system.machine()
    machine.start()
    machine.mount_payload()
    return machine


def check_kernel(machine: SystemMachine, image: bytes, *words: str) -> None:
    """Stage; the kernel in the slot has to be this one, to the last byte."""
    slot = fastreboot.stage(machine, *words)
    check.equal("SHA-256 of the kernel",
                fastreboot.segment(slot, "kernel")["sha256"],
                fastreboot.sha256(image))
    fastreboot.run(machine, "unstage")


@scenario(timeout=900)
def kernels(system: System) -> None:
    """Kernels, compressed in each way, are in the slot as they were."""
    machine = ready(system)
    image = system.build.kernel("system-b").read_bytes()
    for kind, make in KERNELS.items():
        path = system.payload_file(kind, make(image))
        check_kernel(machine, image, "--kernel", path, "--cmdline", CMDLINE)


@scenario(timeout=900)
def damaged_kernels(system: System) -> None:
    """Damaged kernels are refused, and the slot is free again."""
    machine = ready(system)
    image = system.build.kernel("system-b").read_bytes()
    files = {"empty": b"", "short": image[:32], "text": b"hello\n" * 1000,
             "elf": b"\x7fELF" + bytes(4096),
             "x86": b"MZ" + bytes(0x200) + b"HdrS" + bytes(4096)}
    for kind, make in list(KERNELS.items())[1:]:
        whole = make(image)
        files[f"{kind}-cut"] = whole[:len(whole) // 2]
        middle = len(whole) // 2
        files[f"{kind}-flipped"] = (whole[:middle]
                                    + bytes(64) + whole[middle + 64:])
    for name, content in files.items():
        path = system.payload_file(name, content)
        result = fastreboot.run(machine, "stage", "--kernel", path,
                                expect=Exit.INVALID_PAYLOAD)
        check.true("the file is named", name in result.text, result.text)
        check_empty(machine)
    check_kernel(machine, image, "--kernel",
                 system.payload_file("good", image))


def check_empty(machine: SystemMachine) -> None:
    """Is every slot free?"""
    check.equal("status of the slots", {"empty"}, {
        slot["status"] for slot in fastreboot.status(machine)["slots"]})


@scenario(timeout=900)
def parts(system: System) -> None:
    """Several initrds, a command line and a device tree get to the kernel."""
    machine = ready(system)
    image = system.build.kernel("system-b")
    first, second = initrd(), initrd()[:-3]
    paths = [system.payload_file("first", first),
             system.payload_file("second", second),
             system.payload_file("kernel", image.read_bytes())]
    machine.sh("cp /sys/firmware/fdt /root/fdt")
    slot = fastreboot.stage(
        machine, "--kernel", paths[2], "--initrd", paths[0], "--initrd",
        paths[1], "--devicetree", "/root/fdt", "--cmdline", CMDLINE)
    joined = b"".join(part.ljust(-(-len(part) // 4) * 4, b"\0")
                      for part in (first, second))
    check.equal("SHA-256 of the initrd",
                fastreboot.segment(slot, "initrd")["sha256"],
                fastreboot.sha256(joined))
    check.equal("cmdline", slot["cmdline"], CMDLINE)
    machine.jump("fastreboot commit")
    check.true("the command line has arrived",
               "from=test" in machine.sh("cat /proc/cmdline").text)
    fastreboot.wait_confirmed(machine)


@scenario(timeout=900)
def uki(system: System) -> None:
    """A unified kernel image, with an initrd and a command line, boots."""
    machine = ready(system)
    image = system.build.kernel("system-b").read_bytes()
    path = system.payload_file("uki.efi",
                               payloads.uki(image, initrd(), CMDLINE))
    slot = fastreboot.stage(machine, "--uki", path)
    check.equal("SHA-256 of the kernel",
                fastreboot.segment(slot, "kernel")["sha256"],
                fastreboot.sha256(image))
    check.equal("SHA-256 of the initrd",
                fastreboot.segment(slot, "initrd")["sha256"],
                fastreboot.sha256(initrd()))
    machine.jump("fastreboot commit")
    check.true("the command line has arrived",
               "from=test" in machine.sh("cat /proc/cmdline").text)
    fastreboot.wait_confirmed(machine)


@scenario(timeout=600)
def damaged_uki(system: System) -> None:
    """Unified kernel images that are none are refused."""
    machine = ready(system)
    whole = payloads.uki(system.build.kernel("system-b").read_bytes())
    table = whole.index(b".osrel")
    files = {"empty": b"", "cut": whole[:len(whole) // 2],
             "no-kernel": whole.replace(b".linux", b".other", 1),
             "wild": whole[:table + 40 + 20] + b"\xff" * 8
                     + whole[table + 40 + 28:],
             "image": system.build.kernel("system-b").read_bytes()}
    for name, content in files.items():
        fastreboot.run(machine, "stage", "--uki",
                       system.payload_file(name, content),
                       expect=Exit.INVALID_PAYLOAD)
        check_empty(machine)


@scenario(timeout=600)
def entries(system: System) -> None:
    """Boot loader entries by id and by path; bad ones are refused."""
    machine = ready(system)
    release = fastreboot.releases(machine)["system-b"]
    image = system.build.kernel("system-b").read_bytes()
    folder = "/boot/loader/entries"
    for name in (release, f"{release}.conf", f"{folder}/{release}.conf"):
        check_kernel(machine, image, "--entry", name)
    machine.sh(f"cp {folder}/{release}.conf {folder}/counted+3.conf")
    check_kernel(machine, image, "--entry", "counted")
    fastreboot.run(machine, "stage", "--entry", "nowhere",
                   expect=Exit.NOT_FOUND)
    for name, text, status in (
            ("missing", "linux /nowhere", Exit.NOT_FOUND),
            ("empty", "title nothing", Exit.INVALID_PAYLOAD),
            ("outside", "linux /../etc/passwd", Exit.INVALID_PAYLOAD),
            ("foreign", f"linux /{release}/linux\narchitecture x64",
             Exit.INVALID_PAYLOAD)):
        machine.sh(f"printf '{text}\\n' >{folder}/{name}.conf")
        fastreboot.run(machine, "stage", "--entry", name, expect=status)
        check_empty(machine)


@scenario(timeout=600)
def too_large(system: System) -> None:
    """What is larger than the configuration allows is refused."""
    machine = ready(system)
    release = fastreboot.releases(machine)["system-b"]
    fastreboot.configure(machine, "[Stage]\nMaxKernelSize=1M")
    fastreboot.run(machine, "stage", "--entry", release,
                   expect=Exit.TOO_LARGE)
    check_empty(machine)
