# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever goes wrong in an update, and whenever: the machine comes back.

An update is done again and again in one machine, orderly and with --now, each time
with a fault, or two of them, at one stage. What is to go wrong stands in a script
of the guest's, which is run there when that stage is reached:

    staged          the payload is sealed, before the commit
    armed           in the first quiesce hook
    quiesced        in the last one
    leaving         while services are stopped; not with --now
    arrived         in the new kernel, before sysinit.target
    unconfirmed     in the new kernel, when all is up, before the health gate

Afterwards the machine has to run the old or the new kernel, confirmed, and say why;
the next update has to work. 231 combinations in eleven scenarios.
"""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

from harness import check
from harness.deadline import Deadline
from harness.errors import ScenarioFailure
from system import fastreboot
from system.machine import SystemMachine
from system.world import System, scenario

FAULTS = {
    "daemon": "systemctl kill -s KILL fastrebootd.service",
    "broker": "systemctl kill -s KILL dbus.service",
    "disk": "dd if=/dev/zero of=/var/fill bs=1M 2>/dev/null; sync",
    "1970": "date -s @86400",
    "future": "date -s '+10 years'",
    # The last one of two: nothing comes after it.
    "reset": "echo b >/proc/sysrq-trigger; read <> <(:)",
}
FOLDER = "/var/lib/fastreboot/campaign"
COMBINATIONS = [*itertools.combinations(FAULTS, 1),
                *itertools.combinations(FAULTS, 2)]

# Runs the script of a stage, once, outside of what has called it. The folder is
# one that hooks, which have the daemon's sandbox, may write to.
CAMPAIGN = r"""
mkdir -p /var/lib/fastreboot/campaign /etc/fastreboot/quiesce.d
cat >/usr/local/sbin/campaign <<'END'
#!/bin/bash
script=/var/lib/fastreboot/campaign/$1
[ -e "$script" ] || exit 0
cp /proc/sys/kernel/random/boot_id "$script.boot"
mv "$script" "$script.begun"
sync
systemd-run -q --no-block bash -c "bash $script.begun; touch $script.ended" ||
        { bash "$script.begun"; touch "$script.ended"; }
for ((i = 0; i < 100; i++)); do
        [ ! -e "$script.ended" ] || exit 0
        read -t 0.1 <> <(:)
done
exit 0
END
chmod +x /usr/local/sbin/campaign
for hook in "10 armed" "90 quiesced"; do
        set -- $hook
        printf '#!/bin/sh\nexec /usr/local/sbin/campaign %s\n' $2 \
                >/etc/fastreboot/quiesce.d/$1-campaign
        chmod +x /etc/fastreboot/quiesce.d/$1-campaign
done
cat >/etc/systemd/system/campaign-leaving.service <<'END'
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/usr/local/sbin/campaign leaving
[Install]
WantedBy=multi-user.target
END
cat >/etc/systemd/system/campaign-arrived.service <<'END'
[Unit]
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/campaign arrived
[Install]
WantedBy=sysinit.target
END
cat >/etc/systemd/system/campaign-unconfirmed.service <<'END'
[Unit]
DefaultDependencies=no
After=multi-user.target
Before=fastreboot-health.service boot-complete.target
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/campaign unconfirmed
[Install]
WantedBy=boot-complete.target
END
systemctl daemon-reload
systemctl enable --now campaign-leaving.service
systemctl enable campaign-arrived.service campaign-unconfirmed.service
"""

CONFIGURATION = """\
[Confirm]
TimeoutSec=100s
[Health]
TimeoutSec=10s
SettleSec=1s
"""

# What an administrator does about the fault itself.
HEAL = ("rm -f /var/fill {folder}/*; date -s @{now}; "
        "systemctl reset-failed; systemctl start dbus.service fastrebootd.service")


def healed(machine: SystemMachine) -> None:
    """Take the cause away, but not what came of it."""
    machine.sh(HEAL.format(folder=FOLDER, now=int(time.time())), check=False,
               timeout=60)


def went_wrong(machine: SystemMachine, stage: str) -> None:
    """Wait until all that was to go wrong has: filling a disk takes its time.

    What is asked may be cut off by it. A reset is through when there is another boot.
    """
    script = f"{FOLDER}/{stage}"
    deadline = Deadline(600)
    while deadline.left():
        number = machine.begin(
            f"read -t 1 <> <(:); test -e {script}.begun && "
            f"{{ test -e {script}.ended || "
            f"! grep -qxFf {script}.boot /proc/sys/kernel/random/boot_id; }}")
        try:
            if not machine.finish(number, timeout=20).status:
                return
        except ScenarioFailure as failure:
            if "the end of a script" not in str(failure):
                raise
    raise ScenarioFailure(f"what was to go wrong at {stage} did not")


def look(machine: SystemMachine) -> dict[str, Any] | None:
    """The status, if the machine is up to telling it."""
    number = machine.begin("fastreboot status --json")
    try:
        result = machine.finish(number, timeout=20)
        return json.loads(result.text) if not result.status else None
    except ScenarioFailure as failure:
        if "the end of a script" not in str(failure):
            raise
    except ValueError:
        pass
    return None


def settled(machine: SystemMachine) -> dict[str, Any]:
    """Wait until a kernel runs that is confirmed, and nothing is under way."""
    deadline = Deadline(600)
    found = None
    while deadline.left():
        found = look(machine)
        if (found and found["confirmed"] and not found["job"]
                and found["armed"] is None):
            return found
        pause = machine.begin("read -t 1 <> <(:)")
        try:
            machine.finish(pause, timeout=5)
        except ScenarioFailure as failure:
            if "the end of a script" not in str(failure):
                raise
    raise ScenarioFailure(f"the machine is lost: {found}")


def update(machine: SystemMachine, stage: str, faults: tuple[str, ...],
           command: str) -> None:
    """An update with faults at one stage; afterwards all is well."""
    machine.take_boots()
    for _ in range(4):
        machine.expect_event("RESET")
    old = fastreboot.status(machine)["release"]
    new = next(release for release in fastreboot.releases(machine).values()
               if release != old)
    fastreboot.stage_release(machine, new)
    script = "\n".join(FAULTS[name] for name in faults)
    machine.sh(f"rm -f {FOLDER}/*; cat >{FOLDER}/{stage} <<'END'\n"
               f"{script}\nEND\nsync")
    if stage == "staged":
        command = f"/usr/local/sbin/campaign staged; {command}"
    machine.begin(command)
    went_wrong(machine, stage)
    settled(machine)
    machine.sh(f"test -e {FOLDER}/{stage}.begun")
    healed(machine)
    found = settled(machine)
    check.true("the old kernel runs, or the new one",
               found["release"] in (old, new), found["release"])
    why = [found["last_update"]["message"], found["boot_reason"],
           (found["last_job"] or {}).get("message")]
    check.true("it says why", any(why), found)


def clear(machine: SystemMachine) -> None:
    """Nothing is left but the running kernel, whatever became of the update."""
    machine.take_boots()
    machine.sh("fastreboot unstage", check=False)


@scenario(timeout=7200, long=True, variants={
    f"{stage}.{way}": {"stage": stage, "command": command}
    for way, command in (("orderly", "fastreboot commit"),
                         ("now", "fastreboot commit --now"))
    for stage in ("staged", "armed", "quiesced", "leaving", "arrived",
                  "unconfirmed")
    if (stage, way) != ("leaving", "now")})
def campaign(system: System, stage: str, command: str) -> None:
    """Each fault, and each two of them, at one stage of an update."""
    machine = system.machine()
    machine.start()
    fastreboot.configure(machine, CONFIGURATION)
    machine.sh(CAMPAIGN)
    outcomes: dict[str, int] = {}
    for faults in COMBINATIONS:
        name = "+".join(faults)
        before = fastreboot.status(machine)["release"]
        try:
            update(machine, stage, faults, command)
            clear(machine)
            after = fastreboot.status(machine)["release"]
            # The next update works.
            fastreboot.update(machine, "system-a" if after.endswith("-b")
                              else "system-b")
            fastreboot.wait_confirmed(machine)
        except ScenarioFailure as failure:
            raise ScenarioFailure(f"{name}: {failure}") from failure
        outcome = "new kernel" if after != before else "old kernel"
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    system.note(f"{len(COMBINATIONS)} combinations: {outcomes}")
