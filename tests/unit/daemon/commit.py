# SPDX-License-Identifier: GPL-2.0-or-later
"""Committing: now and by systemd, with hooks, and what undoes it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

from .checks import check, equal
from .machine import DeafClient, DEADLINE, Machine
from .registry import slow_test, test


@test
def commits_now(machine: Machine) -> None:
    machine.hook("quiesce", "10-a", f"echo quiesce $FASTREBOOT_SLOT >>{machine.folder}/hooks")
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start(first=True)
    machine.run("commit", "--now", status=3)
    machine.stage()
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    equal(machine.sysfs("left"), "kexec", "the jump")
    equal(machine.sysfs("armed"), "0", "armed slot")
    equal((machine.folder / "hooks").read_text(), "quiesce 0\n", "hooks")
    machine.run("stage", f"--kernel={machine.folder}/Image1", status=6)
    machine.stop()
    equal(machine.sysfs("armed"), "0", "armed slot")


@test
def commits_by_systemd(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    machine.run("commit", "--dry-run")
    equal(machine.sysfs("armed"), "none", "armed slot after a dry run")
    machine.run("commit")
    machine.wait_log("systemd starts kexec.target")
    equal(machine.started_units(), ["kexec.target replace-irreversibly"],
          "units")
    equal(machine.sysfs("armed"), "0", "armed slot")


def watchdog(machine: Machine) -> Path:
    """A file that stands for the device, which is never stopped."""
    path = machine.folder / "root/dev/watchdog"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    machine.configure("[Commit]\nWatchdogSec=60s\n")
    return path


def has_open(machine: Machine, path: Path) -> bool:
    """Does the daemon have the file open? It opens and closes others meanwhile."""
    assert machine.daemon
    folder = Path(f"/proc/{machine.daemon.pid}/fd")
    found = False
    for fd in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            found |= os.readlink(fd) == str(path)
    return found


def commit_that_syncs(machine: Machine) -> subprocess.Popen[str]:
    """A commit that waits for disks that don't answer."""
    machine.start(first=True)
    machine.stage()
    machine.set_sysfs("stall-sync", "1")
    client = machine.popen("commit", "--now")
    machine.wait(lambda: (machine.status()["job"] or {}).get("step") ==
                 "syncing", "sync")
    return client


def watchdog_check(machine: Machine, *words: str) -> str:
    """What the check "watchdog" says."""
    found = json.loads(machine.run("commit", "--dry-run", "--json", *words))
    return str({check["name"]: check["message"]
                for check in found["details"]["checks"]}["watchdog"])


def set_properties(machine: Machine) -> list[str]:
    """What was set of systemd's properties."""
    path = machine.folder / "systemd/set"
    return path.read_text().splitlines() if path.exists() else []


@test
def systemd_feeds_the_watchdog(machine: Machine) -> None:
    """A shutdown may take longer than the watchdog waits."""
    device = watchdog(machine)
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    check("no program has it" in watchdog_check(machine), "a holder")
    machine.run("commit")
    machine.wait_log("systemd starts kexec.target")
    equal(set_properties(machine), ["KExecWatchdogUSec 60000000",
                                    "RuntimeWatchdogUSec 60000000"],
          "properties")
    check(not has_open(machine, device), "the daemon holds the watchdog")


@test
def systemd_has_the_watchdog(machine: Machine) -> None:
    """What the administrator has set stays."""
    watchdog(machine)
    (machine.folder / "systemd/runtime-watchdog").write_text("30000000\n")
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    check("systemd has it" in watchdog_check(machine), "not systemd")
    machine.run("commit")
    machine.wait_log("systemd starts kexec.target")
    equal(set_properties(machine), ["KExecWatchdogUSec 60000000"],
          "properties")


@test
def watchdog_is_given_back(machine: Machine) -> None:
    watchdog(machine)
    machine.start_systemd()
    (machine.folder / "systemd/refuse").touch()
    machine.start(first=True)
    machine.stage()
    machine.run("commit")
    machine.wait_log("the machine stays")
    equal(set_properties(machine)[2:], [f"KExecWatchdogUSec {2 ** 64 - 1}",
                                        f"RuntimeWatchdogUSec {2 ** 64 - 1}"],
          "properties")


@test
def watchdog_counts_at_once_with_now(machine: Machine) -> None:
    device = watchdog(machine)
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    equal(set_properties(machine), [], "properties")
    check(has_open(machine, device), "the daemon does not hold the watchdog")


@test
def program_inhibits_a_shutdown(machine: Machine) -> None:
    """As systemctl reboot does, for all ways there are."""
    inhibitors = machine.folder / "systemd/inhibitors"
    inhibitors.write_text("sleep player block\nshutdown editor delay\n"
                          "idle:shutdown:sleep apt block\n")
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    ways: list[list[str]] = [[], ["--now"]]
    for words in ways:
        text = machine.run("commit", *words, status=4)
        check("apt (process 7) inhibits a shutdown: busy" in text, text)
    equal(machine.sysfs("armed"), "none", "armed slot")
    inhibitors.write_text("sleep player block\nshutdown editor delay\n")
    machine.run("commit", "--dry-run")
    inhibitors.write_text("shutdown apt block-weak\n")
    machine.run("commit", status=4)
    machine.run("commit", "--ignore-inhibitors")
    machine.wait_log("systemd starts kexec.target")


@test
def systemd_refuses(machine: Machine) -> None:
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    (machine.folder / "systemd/masked").touch()
    machine.run("commit", status=4)
    (machine.folder / "systemd/masked").unlink()
    (machine.folder / "systemd/refuse").touch()
    machine.run("commit")
    machine.wait_log("the machine stays")
    equal(machine.sysfs("armed"), "none", "armed slot")
    equal((machine.folder / "hooks").read_text(), "unfreeze\n", "hooks")
    equal(machine.status()["last_job"]["kind"], "undo", "last job")
    machine.run("verify")


@test
def systemd_does_not_answer(machine: Machine) -> None:
    machine.start_systemd()
    (machine.folder / "systemd/stall").touch()
    machine.start(first=True, SYSTEMD_BUS_TIMEOUT="1s")
    machine.stage()
    machine.run("commit")
    machine.wait_log("the machine stays: systemd refuses to start kexec.target")
    equal(machine.sysfs("armed"), "none", "armed slot")


@test
def kernel_refuses_to_jump(machine: Machine) -> None:
    machine.start(first=True, FASTREBOOT_NO_JUMP="1")
    machine.stage()
    machine.run("commit", "--now")
    machine.wait_log("the machine stays")
    equal(machine.slots()[0], "sealed", "slot 0")


@test
def failing_hooks(machine: Machine) -> None:
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start(first=True)
    machine.stage()
    machine.hook("preflight", "50-no", "echo the backup runs; exit 3")
    text = machine.run("commit", "--now", status=4)
    check("the backup runs" in text, text)
    check(not (machine.folder / "hooks").exists(), "unfreeze hooks have run")
    machine.hook("preflight", "50-no", "exit 0")
    machine.hook("quiesce", "50-no", "echo can not stop; exit 1")
    text = machine.run("commit", "--now", status=4)
    check("can not stop" in text, text)
    equal((machine.folder / "hooks").read_text(), "unfreeze\n", "hooks")
    equal(machine.slots()[0], "sealed", "slot 0")
    check(not (machine.folder / "sys/left").exists(), "it has jumped")


@test
def hook_takes_too_long(machine: Machine) -> None:
    machine.configure("[Commit]\nWatchdogSec=0\nHookTimeoutSec=1s\n")
    machine.hook("preflight", "50-slow", "sleep 1000 & wait")
    machine.start(first=True)
    machine.stage()
    text = machine.run("commit", "--now", status=4)
    check("took too long" in text, text)


@test
def hook_is_ended_with_all_that_it_started(machine: Machine) -> None:
    """Each of the sleeping ones holds the pipe open, wherever it went."""
    pipe = machine.folder / "alive"
    os.mkfifo(pipe)
    machine.configure("[Commit]\nWatchdogSec=0\nHookTimeoutSec=1s\n")
    machine.hook("preflight", "50-slow",
                 f"exec 9>{pipe}; setsid -f sleep 1000; setsid sleep 1000 & "
                 "(setsid sh -c 'sleep 1000 & sleep 1000' &) ; trap '' TERM; wait")
    machine.start(first=True)
    machine.stage()
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    text = machine.run("commit", "--now", status=4)
    check("took too long" in text, text)
    equal(os.read(reader, 1), b"", "what is left of the hook")
    os.close(reader)


@test
def hook_has_the_default_signals(machine: Machine) -> None:
    machine.hook("preflight", "50-pipe",
                 f"grep -E 'Sig(Blk|Ign)' /proc/self/status >{machine.folder}/signals")
    machine.start(first=True)
    machine.stage()
    machine.run("commit", "--now", "--dry-run")
    lines = (machine.folder / "signals").read_text().split()
    # 32 and 33 are the C library's own, and come from whatever runs this test.
    equal([int(mask, 16) & ~(3 << 31) for mask in lines[1::2]], [0, 0],
          "signals that are blocked, and ignored")


@test
def hook_leaves_a_daemon(machine: Machine) -> None:
    """A hook that succeeds may start what goes on."""
    pipe = machine.folder / "alive"
    os.mkfifo(pipe)
    machine.hook("preflight", "50-start",
                 f"exec 9<>{pipe}; setsid -f sh -c 'echo $$ >&9; exec sleep 1000'")
    machine.start(first=True)
    machine.stage()
    reader = os.open(pipe, os.O_RDWR)
    machine.run("commit", "--now", "--dry-run")
    os.kill(int(os.read(reader, 64)), signal.SIGKILL)
    os.close(reader)


@slow_test
def disks_do_not_answer(machine: Machine) -> None:
    """Before anything has happened, and again when it is to be undone."""
    machine.configure("[Commit]\nWatchdogSec=0\nSyncTimeoutSec=1s\n")
    machine.hook("quiesce", "10-a", f"touch {machine.folder}/sys/stall-sync")
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start(first=True)
    machine.stage()
    machine.set_sysfs("stall-sync", "1")
    text = machine.run("commit", "--now", status=4)
    check("SyncTimeoutSec=" in text, text)
    check(not (machine.folder / "hooks").exists(), "unfreeze hooks have run")
    (machine.folder / "sys/stall-sync").unlink()
    text = machine.run("commit", "--now", status=4)
    check("SyncTimeoutSec=" in text, text)
    equal((machine.folder / "hooks").read_text(), "unfreeze\n", "hooks")
    equal(machine.sysfs("armed"), "none", "armed slot")
    check(not (machine.folder / "sys/left").exists(), "it has jumped")


@slow_test
def disk_does_not_take_the_mirror(machine: Machine) -> None:
    """What is written before arming has an end, too."""
    machine.start_systemd()
    (machine.folder / "systemd/refuse").touch()
    machine.start(first=True)
    machine.stage()
    machine.set_sysfs("stall-store", "1")
    machine.run("commit")
    machine.wait_log("the machine stays")
    check("the disk does not answer" in machine.log(), machine.log())
    equal(machine.sysfs("armed"), "none", "armed slot")


@test
def cancelled_while_disks_write(machine: Machine) -> None:
    client = commit_that_syncs(machine)
    client.send_signal(signal.SIGINT)
    equal(client.wait(DEADLINE), 11, "status of the cancelled commit")
    equal(machine.sysfs("armed"), "none", "armed slot")


@test
def logind_gives_programs_time(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    (machine.folder / "systemd/logind").touch()
    machine.stage()
    machine.run("commit")
    machine.wait_log("logind reboots by kexec")
    equal((machine.folder / "systemd/rebooted").read_text(), "2\n", "flags")
    equal(machine.started_units(), [], "started units")
    equal(machine.sysfs("armed"), "0", "armed")


@test
def logind_gives_up(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    for name in ("logind", "give-up"):
        (machine.folder / "systemd" / name).touch()
    machine.stage()
    machine.run("commit")
    machine.wait_log("the machine stays: logind has given the reboot up")
    equal(machine.sysfs("armed"), "none", "armed")


@slow_test
def client_does_not_read(machine: Machine) -> None:
    machine.start(first=True)
    machine.stage()
    folder = machine.folder / "root/sys/fs/pstore"
    folder.mkdir(parents=True)
    (folder / "console-ramoops-0").write_bytes(b"[    0.000000] x\n" * 8192)
    client = DeafClient(machine.folder / "run/private")
    # More than any socket takes is waiting when all of its calls were served.
    for _ in range(3):
        machine.run("status")
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    check("1 clients have not read" in machine.log(), machine.log())
    machine.stop()
    client.socket.close()


@test
def journal_does_not_read(machine: Machine) -> None:
    path = machine.folder / "journal"
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind(str(path))
    machine.start(first=True, FASTREBOOT_JOURNAL_SOCKET=str(path))
    machine.stage()
    journal.settimeout(DEADLINE)
    while b"is staged in slot 0" not in journal.recv(65536):
        continue
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as flood:
        flood.setblocking(False)
        try:
            while True:
                flood.sendto(b"A=b\n", str(path))
        except BlockingIOError:
            pass
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    journal.close()


@test
def masked_hook(machine: Machine) -> None:
    machine.hook("preflight", "50-no", "exit 1")
    vendor = machine.folder / "root/usr/lib/fastreboot/preflight.d"
    vendor.mkdir(parents=True)
    hook = machine.folder / "root/etc/fastreboot/preflight.d/50-no"
    hook.rename(vendor / "50-no")
    machine.start(first=True)
    machine.stage()
    machine.run("commit", "--now", "--dry-run", status=4)
    hook.symlink_to("/dev/null")
    machine.run("commit", "--now", "--dry-run")


@test
def killed_between_arm_and_jump(machine: Machine) -> None:
    machine.hook("quiesce", "50-wait",
                 f"echo $$ >{machine.folder}/pid; "
                 f"mv {machine.folder}/pid {machine.folder}/quiesced; sleep 1000")
    machine.hook("unfreeze", "10-a", f"echo unfreeze >>{machine.folder}/hooks")
    machine.start(first=True)
    machine.stage()
    client = machine.popen("commit", "--now")
    machine.wait((machine.folder / "quiesced").exists, "quiesce hook")
    equal(machine.sysfs("armed"), "0", "armed slot")
    machine.kill()
    client.wait(DEADLINE)
    # systemd would end what a daemon that was killed leaves behind.
    os.killpg(int((machine.folder / "quiesced").read_text()), signal.SIGKILL)
    machine.start()
    machine.wait_log("the commit was interrupted")
    equal(machine.sysfs("armed"), "none", "armed slot")
    equal(machine.slots()[0], "sealed", "slot 0")
    equal((machine.folder / "hooks").read_text(), "unfreeze\n", "hooks")


@test
def restarted_while_leaving(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    machine.stage()
    machine.run("commit")
    machine.wait_log("systemd starts kexec.target")
    machine.kill()
    (machine.folder / "systemd/state").write_text("stopping\n")
    machine.start()
    equal(machine.sysfs("armed"), "0", "armed slot")
    machine.run("unstage", status=6)


@test
def armed_by_kexec_tools(machine: Machine) -> None:
    machine.start(first=True)
    machine.stage()
    machine.stop()
    machine.set_sysfs("armed", "0")
    machine.set_sysfs("slot0/status", "armed")
    machine.set_sysfs("slot0/source", "")
    machine.start()
    equal(machine.sysfs("armed"), "0", "armed slot")
