# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that is newly installed is staged by itself, if that is wanted."""

from __future__ import annotations

from harness import check
from system import fastreboot
from system.machine import SystemMachine
from system.world import System, scenario


def want(machine: SystemMachine) -> None:
    """Ask for it."""
    machine.sh("echo stage=yes >/etc/fastreboot/kernel-install.conf")


def statuses(machine: SystemMachine) -> list[str]:
    """Of all slots, but for those that are empty."""
    return [slot["status"] for slot in fastreboot.status(machine)["slots"]
            if slot["status"] != "empty"]


@scenario(timeout=500)
def plugin(system: System) -> None:
    """kernel-install writes an entry, and that is what is staged."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-b"]
    # The layout of the Boot Loader Specification
    machine.sh("mkdir -p /boot/$(cat /etc/machine-id); "
               "echo 'root=/dev/vda rw from=install' >/etc/kernel/cmdline")
    install = f"kernel-install add {release} /boot/{release}/linux"
    machine.sh(install)
    check.equal("slots in use without the setting", statuses(machine), [])
    want(machine)
    machine.sh(install)
    slot = fastreboot.staged_slot(machine)
    check.equal("release", slot["release"], release)
    check.true("the entry's options", "from=install" in slot["cmdline"],
               slot["cmdline"])
    # Once more: the one that is staged makes room.
    machine.sh(f"{install}; {install}")
    machine.sh(f"kernel-install remove {release}")
    check.equal("slots in use when it is removed", statuses(machine), [])


@scenario(timeout=500)
def debian_hook(system: System) -> None:
    """The hook of Debian's kernel packages stages kernel and initrd."""
    machine = system.machine()
    machine.start()
    release = fastreboot.releases(machine)["system-b"]
    want(machine)
    machine.sh(f"cp /boot/{release}/linux /boot/vmlinuz-{release}; "
               f"head -c 4096 /dev/zero >/boot/initrd.img-{release}; "
               f"run-parts --arg={release} --arg=/boot/vmlinuz-{release} "
               "/etc/kernel/postinst.d")
    slot = fastreboot.staged_slot(machine)
    check.equal("release", slot["release"], release)
    fastreboot.segment(slot, "initrd")


@scenario(timeout=500)
def failure_is_no_failure(system: System) -> None:
    """What can't be staged is installed all the same."""
    machine = system.machine()
    machine.start()
    want(machine)
    machine.sh("head -c 4096 /dev/zero >/boot/vmlinuz-bad; "
               "run-parts --arg=bad --arg=/boot/vmlinuz-bad "
               "/etc/kernel/postinst.d")
    check.equal("slots in use", statuses(machine), [])
