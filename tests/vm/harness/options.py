# SPDX-License-Identifier: GPL-2.0-or-later
"""What a test machine is made of, as QEMU's command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

QEMU = "qemu-system-aarch64"

# EDK2, which boots a kernel through its EFI stub. Variables are lost at reset.
EDK2 = Path("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd")
# The same for a flash chip, and a chip for its variables: empty, and with Secure
# Boot by a key that the package has as well.
AAVMF = Path("/usr/share/AAVMF/AAVMF_CODE.fd")
AAVMF_VARIABLES = Path("/usr/share/AAVMF/AAVMF_VARS.fd")
AAVMF_SECURE = Path("/usr/share/AAVMF/AAVMF_CODE.snakeoil.fd")
AAVMF_SECURE_VARIABLES = Path("/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd")
U_BOOT = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")

# panic=-1 turns a panic into a reset at once, which the harness notices even
# if the message was lost.
COMMAND_LINE = ("earlycon=pl011,0x9000000 console=ttyAMA0 panic=-1 "
                "loglevel=7")


@dataclass(frozen=True)
class Options:
    """A machine.

    cpu -- as -cpu takes it
    cpus -- number of CPUs
    memory -- as -m takes it; RAM begins at 0x40000000
    gic -- 2 (at most 8 CPUs) or 3
    its -- has the GICv3 an interrupt translation service?
    virtualization -- do kernels start at EL2?
    kaslr -- False: kernels get "nokaslr"
    icount -- time advances by one nanosecond an instruction, and nothing
        random is handed to kernels
    firmware -- what boots the kernel, from a file; else QEMU does
    acpi -- does firmware describe the machine by ACPI? Else by the device tree
    nodes -- of memory, each with the same part of it
    dtb -- device tree to use in place of QEMU's own
    disk -- image of a read-only disk, /dev/vda
    hotplug -- as in memory, what can be added by Machine.plug_memory()
    code -- MiB that QEMU keeps of translated code, 0 for as much as it likes: a
        GiB. Of a machine that boots tens of times most of that is of kernels
        that are gone, and QEMU looks through it at each write to their memory:
        a kernel's start then takes minutes
    """

    cpu: str = "cortex-a72"
    cpus: int = 1
    memory: str = "1G"
    gic: int = 3
    its: bool = True
    virtualization: bool = False
    kaslr: bool = True
    icount: bool = False
    firmware: Path | None = None
    acpi: bool = True
    nodes: int = 1
    dtb: Path | None = None
    disk: Path | None = None
    hotplug: str = ""
    code: int = 0

    def machine(self) -> list[str]:
        """What defines the hardware, and so QEMU's device tree."""
        board = f"virt,gic-version={self.gic}"
        if self.gic >= 3:
            board += f",its={_on(self.its)}"
        board += f",virtualization={_on(self.virtualization)}"
        if self.icount:
            board += ",dtb-randomness=off"
        if self.firmware is not None:
            board += f",acpi={_on(self.acpi)}"
        memory = self.memory
        if self.hotplug:
            memory += ",maxmem=64G"
        return ["-machine", board, "-cpu", self.cpu, "-smp", str(self.cpus),
                "-m", memory, "-accel",
                f"tcg,tb-size={self.code}" if self.code else "tcg",
                "-display", "none", "-nodefaults", "-no-user-config"]

    def command_line(self, append: str) -> str:
        """The kernel's command line."""
        words = [COMMAND_LINE]
        if not self.kaslr:
            words.append("nokaslr")
        if append:
            words.append(append)
        return " ".join(words)

    def boot(self, kernel: Path, initrd: Path, append: str) -> list[str]:
        """What is booted, and how."""
        arguments = ["-kernel", str(kernel), "-initrd", str(initrd),
                     "-append", self.command_line(append)]
        if self.firmware is not None:
            arguments += ["-bios", str(self.firmware)]
        if self.nodes > 1:
            arguments += self._memory_nodes()
        if self.dtb is not None:
            arguments += ["-dtb", str(self.dtb)]
        if self.icount:
            arguments += ["-icount", "shift=0,sleep=off",
                          "-rtc", "base=2026-01-01,clock=vm"]
        if self.disk is not None:
            arguments += ["-drive", f"file={self.disk},format=raw,if=none,"
                                    "id=disk,readonly=on",
                          "-device", "virtio-blk-pci,drive=disk"]
        if self.hotplug:
            arguments += ["-object", "memory-backend-ram,id=hotplug,"
                                     f"size={self.hotplug}",
                          "-device", "virtio-mem-pci,id=hotplug-device,"
                                     "memdev=hotplug,requested-size=0"]
        return arguments

    def _memory_nodes(self) -> list[str]:
        size = int(self.memory.removesuffix("M")) // self.nodes
        arguments = []
        for node in range(self.nodes):
            arguments += [
                "-object", f"memory-backend-ram,id=node{node},size={size}M",
                "-numa", f"node,nodeid={node},memdev=node{node}"]
        return arguments


def _on(value: bool) -> str:
    return "on" if value else "off"


def devices(payload: Path) -> list[str]:
    """The devices that every machine has."""
    return ["-fsdev", f"local,id=payload,path={payload},"
                      "security_model=none,readonly=on",
            "-device", "virtio-9p-pci,fsdev=payload,mount_tag=payload",
            "-device", "virtio-rng-pci"]


def sockets(console: int, monitor: int) -> list[str]:
    """Serial console and QMP, on sockets that QEMU inherits."""
    return ["-chardev", f"socket,id=console,fd={console}",
            "-serial", "chardev:console",
            "-chardev", f"socket,id=monitor,fd={monitor}",
            "-mon", "chardev=monitor,mode=control"]
