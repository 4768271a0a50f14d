# SPDX-License-Identifier: GPL-2.0-or-later
"""fastreboot check: what it says of machines, and its exit status."""

from __future__ import annotations

import json

from .checks import check, equal
from .machine import Machine, jump
from .registry import test


def healthy(machine: Machine) -> None:
    """Give a machine all that it should have."""
    for path in ("/sys/firmware/devicetree/base/psci/method",
                 "/sys/firmware/efi/runtime", "/run/systemd/system/x",
                 "/var/log/journal/x", "/dev/watchdog",
                 "/etc/systemd/system/multi-user.target.wants/"
                 "fastreboot-confirm.service",
                 "/etc/systemd/system/boot-complete.target.requires/"
                 "fastreboot-health.service"):
        machine.put(path)
    machine.put("/sys/class/watchdog/watchdog0/identity", "a dog\n")
    machine.put("/sys/class/watchdog/watchdog0/state", "inactive\n")
    boot = machine.folder / "root/boot"
    machine.put("/boot/loader/entries/a.conf",
        "linux /Image0\noptions quiet\n")
    (boot / "Image0").write_bytes((machine.folder / "Image0").read_bytes())
    machine.configure(f"[Stage]\nBootRoots={boot}\n")


def diagnosis(machine: Machine, status: int = 0) -> dict[str, dict[str, str]]:
    """The checks by their names."""
    found = json.loads(machine.run("check", "--json", status=status))
    equal(found["good"], status == 0, "is it good")
    return {line["name"]: line for line in found["checks"]}


@test
def healthy_machine(machine: Machine) -> None:
    healthy(machine)
    machine.start(first=True)
    found = diagnosis(machine)
    for name in ("place", "kernel", "pool", "firmware", "watchdog", "entries",
                 "configuration", "confirmation", "health-gate", "journal",
                 "daemon", "last-update"):
        equal(found[name]["status"], "ok", f"{name}: {found[name]['message']}")
    check("a dog" in found["watchdog"]["message"],
          found["watchdog"]["message"])
    equal(found["signatures"]["status"], "note", "signatures")
    equal(found["way-back"]["status"], "warning", "way back")
    equal(found["blackout"]["status"], "note", "blackout")
    text = machine.run("check")
    check("There is no problem.\n" in text, text)


@test
def machine_after_a_jump(machine: Machine) -> None:
    healthy(machine)
    machine.start(first=True)
    jump(machine, commit=("--ignore-inhibitors",))
    found = diagnosis(machine)
    equal(found["blackout"]["status"], "ok", "blackout")
    equal(found["way-back"]["status"], "ok", "way back")
    equal(found["last-update"]["status"], "warning", "last update")


@test
def machine_without_a_daemon(machine: Machine) -> None:
    healthy(machine)
    machine.start(first=True)
    machine.stop()
    found = diagnosis(machine, status=4)
    equal(found["daemon"]["status"], "problem", "daemon")
    equal(found["pool"]["status"], "ok", "pool")
    check("last-update" not in found, "the last update is told of")


@test
def machine_without_a_pool(machine: Machine) -> None:
    healthy(machine)
    machine.start(first=True)
    machine.set_sysfs("pool", "none")
    machine.set_sysfs("error", "out of luck")
    found = diagnosis(machine, status=4)
    equal(found["pool"]["status"], "problem", "pool")
    check("out of luck" in found["pool"]["message"],
          found["pool"]["message"])


@test
def machine_with_a_stock_kernel(machine: Machine) -> None:
    healthy(machine)
    (machine.folder / "sys").rmdir()
    found = diagnosis(machine, status=4)
    equal(found["kernel"]["status"], "problem", "kernel")
    equal(found["daemon"]["status"], "unknown", "daemon")
    equal(found["pool"]["status"], "unknown", "pool")


@test
def container_and_xen(machine: Machine) -> None:
    machine.put("/run/systemd/container", "lxc\n")
    found = diagnosis(machine, status=4)
    equal(list(found), ["place"], "checks")
    check("lxc" in found["place"]["message"],
          found["place"]["message"])
    (machine.folder / "root/run/systemd/container").unlink()
    machine.put("/sys/hypervisor/type", "xen\n")
    check("Xen" in diagnosis(machine, status=4)["place"]["message"], "no Xen")


@test
def machine_in_disorder(machine: Machine) -> None:
    healthy(machine)
    machine.put("/sys/devices/system/cpu/cpu1/online", "1\n")
    (machine.folder / "root/sys/firmware/devicetree/base/psci/method").unlink()
    (machine.folder / "root/sys/firmware/devicetree/base/psci").rmdir()
    (machine.folder / "root/dev/watchdog").unlink()
    (machine.folder / "root/etc/systemd/system/multi-user.target.wants/"
     "fastreboot-confirm.service").unlink()
    machine.configure("[Stage]\nMaxKernelSize=much\n")
    machine.start(first=True)
    found = diagnosis(machine, status=4)
    for name in ("firmware", "configuration", "confirmation"):
        equal(found[name]["status"], "problem", name)
        check(bool(found[name]["advice"]), f"{name} has no advice")
    equal(found["watchdog"]["status"], "warning", "watchdog")
