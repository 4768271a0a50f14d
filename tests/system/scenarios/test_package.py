# SPDX-License-Identifier: GPL-2.0-or-later
"""The package, as it is after its installation."""

from __future__ import annotations

from harness import check
from system import fastreboot
from system.world import System, scenario

UNITS = ("fastrebootd.service", "fastrebootd.socket",
         "fastreboot-confirm.service", "fastreboot-scrub.service",
         "fastreboot-scrub.timer", "fastreboot-wipe-state.service",
         "fastreboot-state.service")

@scenario(timeout=400)
def works(system: System) -> None:
    """After boot the daemon runs, unit files are sound, nothing has failed."""
    machine = system.machine()
    boot = machine.start()
    failed = machine.sh("systemctl --failed --plain --no-legend").text
    check.equal("failed units", failed, "")
    check.equal("state of systemd", boot.state, "running")
    machine.sh("systemctl is-active fastrebootd.service fastrebootd.socket")
    found = machine.sh("systemd-analyze verify --man=no "
                       + " ".join(UNITS)).text
    check.equal("what systemd-analyze says of the units", found, "")
    fastreboot.status(machine)


@scenario(timeout=400)
def hardened(system: System) -> None:
    """systemd-analyze security gives the daemon 2.0 or better."""
    machine = system.machine()
    machine.start()
    result = machine.sh("systemd-analyze security --no-pager "
                        "fastrebootd.service | tail -n 1").text
    level = float(result.split(":", 1)[1].split()[0])
    system.note(result.strip("→ "))
    check.true("the exposure level is 2.0 at most", level <= 2.0, level)


@scenario(timeout=400)
def starts_on_demand(system: System) -> None:
    """The daemon is started by the bus, and by its private socket."""
    machine = system.machine()
    machine.start()
    for options in ("", "--private"):
        machine.sh("systemctl stop fastrebootd.service")
        machine.sh(f"fastreboot status {options}")
        machine.sh("systemctl is-active fastrebootd.service")


@scenario(timeout=500)
def upgrade_and_removal(system: System) -> None:
    """Installed again, removed, purged: nothing of it is left."""
    machine = system.machine()
    machine.start()
    deb = max((system.build.root / "deb").glob("fastreboot_*_arm64.deb"))
    path = system.payload_file(deb.name, deb.read_bytes())
    machine.mount_payload()
    before = machine.sh("systemctl show -P MainPID fastrebootd.service").text
    machine.sh(f"dpkg --install {path}")
    after = machine.sh("systemctl show -P MainPID fastrebootd.service").text
    check.true("an upgrade restarts the daemon", after not in ("0", before),
               (before, after))
    machine.sh("dpkg --purge fastreboot")
    check.equal("processes", machine.sh("pgrep fastrebootd",
                                        check=False).text, "")
    left = machine.sh(
        "find / -xdev -name '*fastreboot*' ! -path '/sys/*' ! -path '/proc/*' "
        "! -path '/boot/*' ! -path '*/fastreboot-test*' "
        "! -path '/var/log/*' ! -path '/dev/*' "
        # The disk has the library for the programs of other tests.
        "! -name libfastreboot-state.so.0", check=False)
    check.count("files that are left", list(left.lines), 0)


@scenario(timeout=400)
def scrub(system: System) -> None:
    """The scrub verifies what is staged, and fails if it has changed."""
    machine = system.machine()
    machine.start()
    machine.sh("systemctl is-active fastreboot-scrub.timer")
    machine.sh("systemctl start fastreboot-scrub.service")
    release = fastreboot.releases(machine)["system-b"]
    slot = fastreboot.stage_release(machine, release)
    machine.sh("systemctl start fastreboot-scrub.service")
    check.true("it is known when it was verified",
               bool(fastreboot.staged_slot(machine)["verified_at"]))
    machine.flip(fastreboot.segment(slot, "kernel")["address"] + 0x10000)
    result = machine.sh("systemctl start fastreboot-scrub.service",
                        check=False)
    check.true("the scrub fails", result.status != 0)
    bad = fastreboot.status(machine)["slots"][slot["slot"]]
    check.equal("status of the slot", bad["status"], "bad")
