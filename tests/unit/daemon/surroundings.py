# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon finds: no pool, a configuration, a log, another daemon."""

from __future__ import annotations

import json
import signal
import subprocess

from .checks import check, equal
from .machine import DEADLINE, Machine
from .registry import test


@test
def no_pool(machine: Machine) -> None:
    machine.start(first=True)
    machine.stop()
    machine.set_sysfs("pool", "none")
    machine.set_sysfs("error", "it overlaps with the kernel")
    machine.start()
    equal(machine.status(8)["pool"], None, "pool")
    for words in (["stage", f"--kernel={machine.folder}/Image0"], ["verify"],
                  ["commit"], ["confirm"], ["rollback"], ["unstage"],
                  ["timeline"]):
        text = machine.run(*words, status=8)
        check("it overlaps with the kernel" in text, text)


@test
def no_support(machine: Machine) -> None:
    (machine.folder / "sys").rmdir()
    machine.start()
    equal(machine.status(9)["supported"], False, "supported")
    machine.run("stage", f"--kernel={machine.folder}/Image0", status=9)
    machine.run("timeline", status=9)


@test
def broken_configuration(machine: Machine) -> None:
    machine.configure("[Stage]\nMaxKernelSize=much\n")
    machine.start(first=True)
    text = machine.run("stage", f"--kernel={machine.folder}/Image0", status=1)
    check("fastreboot.conf" in text, text)
    machine.configure("[Commit]\nWatchdogSec=0\n")
    machine.stage()


@test
def hangup(machine: Machine) -> None:
    """A job that runs goes on; what is no job has the new configuration."""
    machine.start(first=True)
    machine.set_sysfs("slow", "20000")
    client = machine.popen("stage", f"--kernel={machine.folder}/Image0")
    machine.wait(lambda: "staging" in machine.slots(), "staging")
    assert machine.daemon
    metrics = machine.folder / "root/metrics/x.prom"
    metrics.parent.mkdir()
    machine.configure("[Commit]\nWatchdogSec=0\n[Metrics]\nFile=/metrics/x.prom\n")
    machine.daemon.send_signal(signal.SIGHUP)
    machine.wait_log("the configuration was read again")
    machine.set_sysfs("slow", "0")
    equal(client.wait(DEADLINE), 0, "status of the stage")
    machine.wait(metrics.exists, "metrics")
    machine.configure("[Commit]\nWatchdogSec=soon\n")
    machine.daemon.send_signal(signal.SIGHUP)
    machine.wait_log("the configuration stays as it was")


@test
def hangup_while_committing(machine: Machine) -> None:
    machine.hook("quiesce", "50-wait",
                 f"mkfifo {machine.folder}/go && read line <{machine.folder}/go")
    machine.start(first=True)
    machine.stage()
    client = machine.popen("commit", "--now")
    fifo = machine.folder / "go"
    machine.wait(fifo.exists, "quiesce hook")
    assert machine.daemon
    machine.daemon.send_signal(signal.SIGHUP)
    machine.wait_log("the configuration was read again")
    fifo.write_text("go\n")
    equal(client.wait(DEADLINE), 0, "status of the commit")
    machine.wait((machine.folder / "sys/left").exists, "jump")


@test
def last_log(machine: Machine) -> None:
    machine.start(first=True)
    text = machine.run("status", "--last-log", status=15)
    check("ramoops" in text, text)
    folder = machine.folder / "root/sys/fs/pstore"
    folder.mkdir(parents=True)
    (folder / "console-ramoops-0").write_bytes(
        b"[    0.000000] first\n[    1.000000] bad \xff byte\n")
    status = json.loads(machine.run("status", "--last-log", "--json"))
    equal(status["last_log"]["lines"], ["[    0.000000] first",
                               "[    1.000000] bad \\xff byte"], "lines")
    equal(status["last_log"]["from"], f"{folder}/console-ramoops-0", "file")
    equal(status["last_log"]["cut"], False, "cut")
    text = machine.run("status", "--last-log")
    check("Last log of the kernel before, from " in text and
          "[    0.000000] first\n" in text, text)
    check("last_log" not in machine.status(), "it was not asked for")


@test
def only_one_daemon(machine: Machine) -> None:
    machine.start(first=True)
    other = subprocess.run([str(machine.build / "fastrebootd")],
                           env=machine.environment, capture_output=True,
                           timeout=DEADLINE, check=False, text=True)
    equal(other.returncode, 6, "status of the second daemon")
    check("another fastrebootd" in other.stderr, other.stderr)
    machine.run("status")
