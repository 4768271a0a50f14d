# SPDX-License-Identifier: GPL-2.0-or-later
"""State of applications that is there after the reboot."""

from __future__ import annotations

import hashlib
import random
import re
from pathlib import Path
from typing import Any

from harness import check
from harness.boot import parse_range
from harness.errors import ScenarioFailure
from system import fastreboot
from system.fastreboot import Exit
from system.machine import SystemBoot, SystemMachine
from system.world import System, scenario

POOL = "fastreboot=320M@0x60000000,state=128M"
ROOT = "/var/lib/fastreboot/state"
DEVICE = "/dev/fastreboot-state"
MOUNT = "var-lib-fastreboot-state.mount"
SERVICE = "fastreboot-state.service"
EXAMPLES = Path(__file__).resolve().parents[3] / "units" / "examples"
KEYS = 100_000
REBOOTS = 30
KILLS = 40
RESETS = 12


def start(system: System, **options: Any) -> SystemMachine:
    """A machine with a state volume that is mounted."""
    machine = system.machine(memory="2G", **options)
    boot = machine.start(append=POOL)
    check.equal("state of systemd", boot.state, "running")
    check_mounted(machine)
    return machine


def check_mounted(machine: SystemMachine) -> None:
    """Is the volume mounted, with DAX, before any application?"""
    options = machine.sh(f"findmnt -n -o SOURCE,FSTYPE,OPTIONS {ROOT}").text
    check.true("ext4 with DAX", " ext4 " in options
               and "dax=always" in options, options)
    check.true("before local-fs.target", "local-fs.target" in machine.sh(
        f"systemctl show -P Before {MOUNT}").text)


def state(machine: SystemMachine, *words: str, expect: Exit = Exit.OK,
          user: str | None = None) -> str:
    """Run `fastreboot state`; return what it prints."""
    return fastreboot.run(machine, "state", *words, expect=expect,
                          user=user).text


def objects(machine: SystemMachine) -> dict[str, dict[str, Any]]:
    """All objects, by name."""
    found = machine.json("fastreboot state list --json")
    check.equal("schema", found["schema"], "org.fastreboot.state-list/1")
    return {one["name"]: one for one in found["objects"]}


def free_blocks(machine: SystemMachine) -> int:
    """Room on the volume, in blocks."""
    return int(machine.sh(f"sync; stat -f -c %f {ROOT}").text)


def reset(machine: SystemMachine) -> SystemBoot:
    """Push the reset button; the memory survives."""
    machine.expect_event("RESET")
    machine.qmp("system_reset")
    machine.wait_event("RESET")
    return machine.wait_system()


def other(machine: SystemMachine, now: str) -> str:
    """The release that does not run."""
    found = set(fastreboot.releases(machine).values())
    return (found - {now}).pop()


def jump(machine: SystemMachine, *options: str) -> SystemBoot:
    """Fast reboot into the other kernel."""
    release = other(machine, machine.sh("uname -r").text)
    fastreboot.stage_release(machine, release)
    boot = machine.jump(" ".join(["fastreboot", "commit", *options]))
    check.equal("release", boot.release, release)
    check.equal("state of systemd", boot.state, "running")
    check_mounted(machine)
    fastreboot.wait_confirmed(machine)
    return boot


@scenario(timeout=500)
def no_volume(system: System) -> None:
    """Without a state volume nothing fails, and nothing waits."""
    machine = system.machine()
    boot = machine.start()
    check.equal("state of systemd", boot.state, "running")
    check.equal("the mount", machine.sh(
        f"systemctl show -P ActiveState {MOUNT}").text, "inactive")
    machine.sh("mkdir -p /run/systemd/system; "
               "printf '[Unit]\\nRequiresMountsFor=%s\\n[Service]\\n"
               f"ExecStart=/bin/true\\n' {ROOT} "
               ">/run/systemd/system/needs.service; systemctl daemon-reload")
    result = machine.sh("time -p systemctl start needs.service", check=False)
    check.true("what requires it fails", result.status != 0, result.text)
    took = re.search(r"^real (\d+)", result.text, re.MULTILINE)
    check.true("at once", took is not None and int(took[1]) < 15, result.text)
    state(machine, "list", expect=Exit.NOT_FOUND)
    state(machine, "make", expect=Exit.NOT_FOUND)


@scenario(timeout=900)
def first_use(system: System) -> None:
    """Made on first use, before applications; the same in the next kernel."""
    machine = start(system)
    check.true("the journal says so", "was made, and is empty" in machine.sh(
        f"journalctl -b -u {SERVICE} -o cat").text)
    machine.sh(f"echo kept >{ROOT}/file")
    for _ in range(2):
        jump(machine)
        check.true("it is there, and in order", "in order" in machine.sh(
            f"journalctl -b -u {SERVICE} -o cat").text)
        check.equal("a file", machine.sh(f"cat {ROOT}/file").text, "kept")
    took = machine.sh(
        f"systemctl show -P ActiveEnterTimestampMonotonic {MOUNT}; "
        "systemctl show -P UserspaceTimestampMonotonic").lines
    system.note(f"mounted {(int(took[0]) - int(took[1])) / 1e3:.0f} ms after "
                "the start of init")


def all_kinds(machine: SystemMachine) -> None:
    """Objects of every kind, by several owners."""
    machine.sh("head -c 3000000 /dev/urandom >/root/saved")
    state(machine, "save", "saved", "/root/saved", "--schema=blob",
          "--mode=0640", "--owner=root:alice")
    state(machine, "create", "double", "--size=2M", "--schema=writer",
          "--owner=alice")
    state(machine, "create", "in-place", "--size=3M", "--schema=writer",
          "--in-place", "--mode=0660", "--owner=alice:root")
    for name in ("double", "in-place"):
        result = machine.sh(f"runuser -u alice -- state-writer {name} 3")
        check.equal(f"{name} is mapped from the volume itself",
                    result.lines[0], "direct 1")


@scenario(timeout=6000)
def thirty_reboots(system: System) -> None:
    """30 fast reboots, N to N+1 and back: the same, and no room is lost."""
    machine = start(system)
    all_kinds(machine)
    before = objects(machine)
    room = free_blocks(machine)
    for i in range(REBOOTS):
        # Services are stopped, and it is unmounted, every third time.
        jump(machine, *([] if i % 3 == 0 else ["--now"]))
        check.equal(f"objects after reboot {i + 1}", objects(machine), before)
        state(machine, "verify")
        for name in ("double", "in-place"):
            check.equal(name, machine.sh(f"state-writer --check {name}").text,
                        "published 3 good")
    check.equal("room", free_blocks(machine), room)
    state(machine, "restore", "saved", "/root/restored")
    machine.sh("cmp /root/saved /root/restored")


# Both at once, each with its name before its lines.
WRITERS = " & ".join(f"state-writer {name} | sed -u 's/^/{name} /'"
                     for name in ("double", "cache"))


def wait_lines(machine: SystemMachine, lines: list[str], count: int) -> None:
    """Wait until a script has printed more than that."""
    machine.wait(lambda: len(lines) > count or None, f"{count} lines")


def make_writer(machine: SystemMachine) -> None:
    """The objects that state-writer publishes."""
    state(machine, "create", "double", "--size=1M", "--schema=writer")
    state(machine, "create", "cache", "--size=1M", "--schema=writer",
          "--in-place")


def check_writer(machine: SystemMachine, name: str, seen: int) -> int:
    """Is what is found one publication, and not one that was lost?

    seen -- the generation that the writer has told of
    """
    status, generation, verdict = machine.sh(
        f"state-writer --check {name}").text.split()
    check.equal(f"the data of {name}", verdict, "good")
    if name == "double" or status == "published":
        check.equal("status", status, "published" if seen else status)
        check.true(f"generation {generation} is {seen} or later",
                   int(generation) >= seen)
    listed = objects(machine)[name]["status"]
    if status == "published":
        state(machine, "verify", name)
        check.equal("listed as", listed, "published")
    else:
        check.equal("listed as", listed,
                    "writing" if int(generation) else "new")
    return int(generation)


def told(lines: list[str], name: str = "") -> int:
    """The last generation that a writer has told of.

    name -- of several, what stands before its lines
    """
    found = [int(line.split()[-1]) for line in lines
             if re.fullmatch(rf"{name} *published \d+", line)]
    return found[-1] if found else 0


@scenario(timeout=3000)
def killed(system: System) -> None:
    """The application is killed at 40 random moments."""
    machine = start(system)
    make_writer(machine)
    source = random.Random(5)
    seen = {"double": 0, "cache": 0}
    for i in range(KILLS):
        name = ("double", "cache")[i % 2]
        moment = source.uniform(0.05, 1.5)
        result = machine.sh(
            f"state-writer {name} & writer=$!; "
            f"read -t {moment:.3f} <> <(:); kill -KILL $writer; wait $writer",
            check=False)
        seen[name] = check_writer(machine, name, max(
            told(list(result.lines)), seen[name]))
    system.note(f"generations: {seen}")


@scenario(timeout=6000)
def reset_while_writing(system: System) -> None:
    """The machine is reset at random moments, while objects are published."""
    machine = start(system)
    make_writer(machine)
    source = random.Random(6)
    for i in range(RESETS):
        lines = machine.shell.answer(machine.begin(WRITERS)).lines
        wait_lines(machine, lines, source.randrange(3, 30))
        reset(machine)
        check.equal("boot reason", machine.sh(
            f"cat {fastreboot.SYSFS}/boot_reason").text, "reset")
        check_mounted(machine)
        for name in ("double", "cache"):
            check_writer(machine, name, told(lines, name))
        system.note(f"reset {i + 1}: {objects(machine)['cache']['status']}")


@scenario(timeout=1200)
def panic(system: System) -> None:
    """After a panic what was published is there, what was not is marked."""
    machine = start(system)
    all_kinds(machine)
    before = objects(machine)
    state(machine, "create", "cache", "--size=1M", "--schema=writer",
          "--in-place")
    machine.allow(r"Kernel panic|sysrq|Internal error|Oops|Call trace")
    machine.expect_event("RESET")
    machine.begin("state-writer cache | while read -r _ number; do "
                  "[ $number != 5 ] || echo c >/proc/sysrq-trigger; done")
    machine.wait_event("RESET")
    machine.wait_system()
    check_mounted(machine)
    after = objects(machine)
    cache = after.pop("cache")
    check.equal("what was published", after, before)
    check.true("what was not is marked", cache["status"] in
               ("writing", "published"), cache)
    check_writer(machine, "cache", 4)
    state(machine, "verify")


@scenario(timeout=900)
def permissions(system: System) -> None:
    """One application can't read another's object, nor make or remove any."""
    machine = start(system)
    machine.sh("useradd bob")
    state(machine, "create", "hers", "--size=64K", "--schema=writer",
          "--owner=alice")
    machine.sh("runuser -u alice -- state-writer hers 2")
    for _ in range(2):
        state(machine, "verify", "hers", user="alice")
        state(machine, "verify", "hers", user="bob",
              expect=Exit.NOT_PERMITTED)
        state(machine, "restore", "hers", user="bob",
              expect=Exit.NOT_PERMITTED)
        result = machine.sh("runuser -u bob -- state-writer hers 1",
                            check=False)
        check.true("he can't write", result.status != 0, result.text)
        for words in (["remove", "hers"], ["create", "his", "--size=4K"],
                      ["save", "his", "/etc/hostname"]):
            state(machine, *words, user="bob", expect=Exit.NOT_PERMITTED)
        state(machine, "remove", "hers", user="alice",
              expect=Exit.NOT_PERMITTED)
        machine.sh("runuser -u alice -- state-writer --check hers")
        jump(machine, "--now")


@scenario(timeout=700)
def removal_wipes(system: System) -> None:
    """What was removed or replaced is not in the volume any more."""
    machine = start(system)
    marker = hashlib.sha256(b"marker").hexdigest()
    half = len(marker) // 2

    volume = parse_range(machine.sh(
        "cat /sys/kernel/fastreboot/state_volume").text)
    assert volume is not None
    first, last = volume

    def count() -> int:
        """How often it is in the machine's memory, where the volume is."""
        machine.sh("sync")
        return machine.read_memory(first, last + 1 - first).count(
            marker.encode())

    machine.sh(f"a={marker[:half]}; for i in $(seq 100); do "
               f"echo \"${{a}}{marker[half:]}\"; done >/run/secret")
    state(machine, "save", "secret", "/run/secret")
    check.true("the marker is in the volume", count() >= 100, count())
    state(machine, "save", "secret", "/etc/hostname")
    check.equal("the marker after it was replaced", count(), 0)
    state(machine, "save", "secret", "/run/secret")
    state(machine, "remove", "secret")
    check.equal("the marker after it was removed", count(), 0)


@scenario(timeout=900)
def not_ours(system: System) -> None:
    """A volume with something else on it is left alone, and it is said."""
    machine = start(system)
    machine.sh(f"systemctl stop {MOUNT} {SERVICE}; "
               f"mkfs.ext4 -q -F -L theirs {DEVICE}; mkdir -p /mnt; "
               f"mount {DEVICE} /mnt; echo theirs >/mnt/file; umount /mnt")
    # Else a kernel with a unit less than the one before is rolled back.
    fastreboot.configure(machine, "[Rollback]\nAutomatic=no")
    release = other(machine, machine.sh("uname -r").text)
    fastreboot.stage_release(machine, release)
    boot = machine.jump("fastreboot commit")
    check.equal("state of systemd", boot.state, "degraded")
    journal = machine.sh(f"journalctl -b -u {SERVICE} -o cat").text
    check.true("it says what is there, and what to do",
               "label theirs" in journal and "--force" in journal, journal)
    state(machine, "make", expect=Exit.REFUSED)
    machine.sh(f"mount {DEVICE} /mnt; grep -q theirs /mnt/file; umount /mnt")
    # Unmounting made udev look, and start the mount once more.
    machine.sh(f"udevadm settle; systemctl stop {MOUNT} {SERVICE}; "
               f"systemctl reset-failed {MOUNT} {SERVICE}")
    state(machine, "make", "--force")
    machine.sh(f"systemctl restart {MOUNT}")
    check_mounted(machine)


@scenario(timeout=900)
def not_understood(system: System) -> None:
    """A payload that declares less than is preserved is refused, by name."""
    machine = start(system)
    release = other(machine, machine.sh("uname -r").text)
    state(machine, "save", "routes", "/etc/hostname", "--schema=routes",
          "--schema-version=3")
    machine.sh(f"echo 'routes 1-2' >/boot/{release}/linux.schemas")
    fastreboot.stage_release(machine, release)
    result = fastreboot.run(machine, "commit", expect=Exit.REFUSED)
    check.true("it is named", "routes (routes 3)" in result.text, result.text)
    fastreboot.run(machine, "unstage")
    machine.sh(f"echo 'routes 1-3' >/boot/{release}/linux.schemas")
    fastreboot.stage_release(machine, release)
    boot = machine.jump("fastreboot commit")
    check.equal("release", boot.release, release)
    state(machine, "verify", "routes")


FILL = f"""\
exec 3<>/dev/tcp/127.0.0.1/11211
awk 'BEGIN {{
    for (i = 0; i < {KEYS}; i++) {{
        v = sprintf("value-%d-%d", i, i * 7919)
        printf "set key-%d 0 0 %d noreply\\r\\n%s\\r\\n", i, length(v), v
    }}
    printf "version\\r\\n"
}}' >&3 &
read -r answer <&3
wait
echo "$answer"
"""

# Prints how many keys have their values, and how many were ever stored by this
# process.
READ = f"""\
exec 3<>/dev/tcp/127.0.0.1/11211
awk 'BEGIN {{
    for (i = 0; i < {KEYS}; i++)
        printf "get key-%d\\r\\n", i
    printf "stats\\r\\nquit\\r\\n"
}}' >&3 &
awk '{{
    sub(/\\r$/, "")
    if ($1 == "VALUE") {{ key = $2; sub(/key-/, "", key); next }}
    if ($0 == "value-" key "-" key * 7919) good++
    if ($2 == "cmd_set") set = $3
}} END {{ print good + 0, set }}' <&3
"""


@scenario(timeout=2400, variants={"orderly": {"options": []},
                                  "now": {"options": ["--now"]}})
def memcached(system: System, options: list[str]) -> None:
    """memcached with 100,000 keys: every one is there, and none reloaded."""
    machine = start(system)
    drop_in = system.payload_file(
        "memcached.conf", (EXAMPLES / "memcached.conf").read_bytes())
    machine.mount_payload()
    machine.sh(
        "cd /etc/systemd/system; mkdir memcached.service.d; "
        f"cp {drop_in} memcached.service.d/fastreboot.conf; "
        "systemctl daemon-reload; "
        "systemctl enable --now memcached.service; "
        "until (echo >/dev/tcp/127.0.0.1/11211) 2>/dev/null; do :; done; "
        "umount /payload")
    machine.sh(FILL, timeout=600)
    check.equal("keys, and those that were set",
                machine.sh(READ, timeout=600).text, f"{KEYS} {KEYS}")
    if options:
        machine.sh(
            "printf '#!/bin/sh\\nsystemctl stop memcached.service\\n' "
            ">/etc/fastreboot/quiesce.d/50-memcached; "
            "chmod +x /etc/fastreboot/quiesce.d/50-memcached")
    jump(machine, *options)
    machine.sh("systemctl is-active memcached.service; "
               "until (echo >/dev/tcp/127.0.0.1/11211) 2>/dev/null; "
               "do :; done")
    check.equal("keys, and those that were set since",
                machine.sh(READ, timeout=600).text, f"{KEYS} 0")


DATABASE = f"{ROOT}/database"
# With "full" the last transaction may be rolled back after a reset: SQLite does
# not wait then for the removal of its journal to be on the disk.
WRITE = f"""\
awk 'BEGIN {{
    print "pragma synchronous=extra;"
    for (i = 1;; i++)
        print "insert into t values(" i "); select " i ";"
}}' | stdbuf -oL sqlite3 {DATABASE} &
"""


@scenario(timeout=1500, variants={"jump": {"way": "jump"},
                                  "reset": {"way": "reset"}})
def sqlite(system: System, way: str) -> None:
    """SQLite under continuous writes: every acknowledged one is there."""
    machine = start(system)
    machine.sh(f"sqlite3 {DATABASE} 'create table t(n integer primary key)'")
    release = other(machine, machine.sh("uname -r").text)
    fastreboot.stage_release(machine, release)
    script = WRITE + ("wait" if way == "reset" else
                      "read -t 5 <> <(:); fastreboot commit --now; wait")
    lines = machine.shell.answer(machine.begin(script)).lines
    wait_lines(machine, lines, 50)
    if way == "reset":
        reset(machine)
    else:
        machine.wait_system()
    acknowledged = [int(line) for line in lines if line.isdigit()]
    if not acknowledged:
        raise ScenarioFailure("no write was acknowledged")
    check_mounted(machine)
    check.equal("integrity", machine.sh(
        f"sqlite3 {DATABASE} 'pragma integrity_check'").text, "ok")
    count, last = map(int, machine.sh(
        f"sqlite3 {DATABASE} 'select count(*), max(n) from t'"
        ).text.split("|"))
    check.equal("none is missing", count, last)
    check.true(f"{last} is {acknowledged[-1]} or later",
               last >= acknowledged[-1])
    system.note(f"{acknowledged[-1]} acknowledged, {last} found")
