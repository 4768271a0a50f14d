# SPDX-License-Identifier: GPL-2.0-or-later
"""The new kernel: confirming it, or rolling back."""

from __future__ import annotations

import json
import os
import shutil
import signal

from .checks import check, equal
from .machine import arm64_image, jump, Machine
from .registry import slow_test, test

REBOOT = "reboot.target replace-irreversibly"
FAILED = "boot-complete.target failed, with bad.service; "


def first_kernel(machine: Machine) -> None:
    """Be a kernel that was jumped to, unconfirmed."""
    machine.start_systemd()
    machine.start(first=True)
    jump(machine, 0)


def second_kernel(machine: Machine) -> None:
    """Be the next one, unconfirmed; the first was confirmed."""
    first_kernel(machine)
    machine.run("confirm")
    jump(machine, 1)


def wait_reboot(machine: Machine) -> None:
    """Wait for an ordinary reboot."""
    machine.wait(lambda: REBOOT in machine.started_units(), "reboot.target")


@test
def confirms(machine: Machine) -> None:
    machine.start(first=True)
    equal(machine.status()["last_update"]["status"], "none", "update")
    jump(machine)
    status = machine.status()
    equal(status["confirmed"], False, "confirmed")
    equal(status["last_update"]["status"], "unconfirmed", "update")
    machine.run("confirm")
    equal(machine.sysfs("tries"), "0", "tries")
    equal(machine.status()["last_update"]["status"], "confirmed", "update")
    machine.run("confirm")
    machine.run("timeline")
    metrics = machine.folder / "root/var/lib/fastreboot/metrics.prom"
    check("fastreboot_blackout_seconds 0.054920000" in metrics.read_text(),
          "no blackout in the metrics")


@test
def rolls_back_by_hand(machine: Machine) -> None:
    machine.start_systemd()
    machine.start(first=True)
    machine.run("rollback", status=15)
    jump(machine, 0)
    machine.run("rollback", status=15)
    machine.run("confirm")
    jump(machine, 1)
    machine.run("rollback", "--reason=too slow")
    machine.wait_log("systemd starts kexec.target")
    check("kexec.target replace-irreversibly" in machine.started_units(),
          "kexec.target was not started")
    machine.stop()
    machine.start(jump=True)
    update = machine.status()["last_update"]
    equal(update["status"], "rolled-back", "update")
    check("too slow" in update["message"], update["message"])
    equal(machine.status()["source"]["kernel"], f"{machine.folder}/Image0",
          "kernel")
    machine.run("rollback", status=4)
    machine.run("confirm")
    equal(machine.status()["last_update"]["status"], "rolled-back", "update")


@test
def boot_complete_fails(machine: Machine) -> None:
    second_kernel(machine)
    machine.run("status")
    machine.fail_boot()
    machine.wait_log("systemd starts kexec.target")
    machine.stop()
    machine.start(jump=True)
    update = machine.status()["last_update"]
    equal(update["status"], "rolled-back", "update")
    check("bad.service" in update["message"], update["message"])
    # Of a rollback, nothing is rolled back: the firmware's kernel.
    machine.fail_boot()
    wait_reboot(machine)
    machine.stop()


@test
def confirmed_is_not_rolled_back(machine: Machine) -> None:
    first_kernel(machine)
    machine.run("confirm")
    machine.fail_boot()
    machine.run("status")
    machine.run("status")
    equal(machine.status()["job"], None, "job")
    equal(machine.started_units(), [], "units")


@test
def not_confirmed_in_time(machine: Machine) -> None:
    machine.configure("[Commit]\nWatchdogSec=0\n[Confirm]\nTimeoutSec=1s\n")
    machine.start_systemd()
    machine.start(first=True)
    machine.stage(0)
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    machine.stop()
    source = json.loads(machine.sysfs("slot0/source"))
    source = {name: value for name, value in source.items()
              if not name.endswith("_sha256")}
    source["kernel"] = f"{machine.folder}/Image1"
    machine.set_sysfs("source", json.dumps(source))
    machine.start(jump=True, FASTREBOOT_GRACE_USEC="0")
    machine.wait_log("not confirmed in time")
    machine.wait_log("systemd starts kexec.target")
    source = json.loads(machine.sysfs("slot1/source"))
    equal(source["rollback_reason"], "not confirmed in time", "reason")
    machine.run("confirm", status=6)


@test
def too_many_tries(machine: Machine) -> None:
    first_kernel(machine)
    machine.stop()
    machine.set_sysfs("previous_source", machine.sysfs("source"))
    machine.set_sysfs("tries", "4")
    machine.start()
    machine.wait_log("systemd starts kexec.target")
    check("4 fast reboots without a confirmation" in machine.log(),
          machine.log())


@test
def no_way_back(machine: Machine) -> None:
    first_kernel(machine)
    machine.stop()
    machine.set_sysfs("tries", "4")
    machine.start()
    wait_reboot(machine)


@test
def previous_payload_is_gone(machine: Machine) -> None:
    second_kernel(machine)
    (machine.folder / "Image0").unlink()
    machine.fail_boot()
    wait_reboot(machine)
    check("can't roll" in machine.log(), machine.log())


@test
def automatic_is_off(machine: Machine) -> None:
    machine.configure("[Commit]\nWatchdogSec=0\n[Rollback]\nAutomatic=no\n")
    first_kernel(machine)
    machine.fail_boot()
    machine.wait_log(FAILED + "Automatic= is off")
    equal(machine.started_units(), [], "units")
    machine.run("confirm")


@test
def previous_payload_was_replaced(machine: Machine) -> None:
    second_kernel(machine)
    # The update has written its image over the one before.
    (machine.folder / "Image0").write_bytes(arm64_image(1 << 18, 77))
    text = machine.run("rollback", status=19)
    check("was replaced" in text, text)
    equal(machine.started_units(), [], "units")
    machine.fail_boot()
    wait_reboot(machine)
    check("can't roll" in machine.log(), machine.log())


def arrive_with(machine: Machine, configuration: str) -> None:
    """Be the second kernel, unconfirmed, with another configuration."""
    second_kernel(machine)
    machine.stop()
    machine.configure(configuration)
    machine.start()
    machine.fail_boot()


@test
def key_of_a_newer_version(machine: Machine) -> None:
    arrive_with(machine, "[Commit]\nWatchdogSec=0\nBrandNew=1\n[New]\nA=b\n")
    machine.wait_log(FAILED + "it is rolled back")
    machine.wait_log("systemd starts kexec.target")
    check("no key BrandNew in [Commit]" in machine.log(), machine.log())
    check("no section [New]" in machine.log(), machine.log())
    equal(machine.started_units(), ["kexec.target replace-irreversibly"],
          "units")


@test
def broken_line_and_automatic_is_off(machine: Machine) -> None:
    arrive_with(machine, "[Commit]\nWatchdogSec=0\nMaxTries=often\n"
                "[Rollback]\nAutomatic=no\n")
    machine.wait_log(FAILED + "Automatic= is off")
    check("MaxTries=often" in machine.log(), machine.log())
    equal(machine.started_units(), [], "units")
    # By hand it is rolled back all the same.
    machine.run("rollback")
    machine.wait_log("systemd starts kexec.target")


def firmware_boot(machine: Machine, boot_id: str) -> None:
    """Be the firmware's kernel, after memory was cleared."""
    if machine.daemon:
        machine.stop()
    shutil.rmtree(machine.folder / "sys")
    (machine.folder / "sys").mkdir()
    machine.start(first=True, FASTREBOOT_BOOT_ID=boot_id)


def tries(machine: Machine) -> tuple[int, str]:
    """The tries that count, and where they are from."""
    status = machine.status()
    return status["tries"], status["tries_from"]


@test
def memory_was_cleared(machine: Machine) -> None:
    # A payload that never comes up, on firmware that clears the memory.
    firmware_boot(machine, "boot-0")
    for count in range(3):
        equal(tries(machine), (count, "disk" if count else "ledger"), "tries")
        machine.stage()
        machine.run("commit", "--now")
        machine.wait((machine.folder / "sys/left").exists, "jump")
        machine.kill()
        firmware_boot(machine, f"boot-{count + 1}")
    equal(tries(machine), (3, "disk"), "tries")
    update = machine.status()["last_update"]
    equal(update["status"], "failed", "update")
    check("6.12.0" in update["message"], update["message"])
    check("by the disk" in machine.run("status"), machine.run("status"))
    machine.stage()
    text = machine.run("commit", "--now", status=4)
    check("MaxTries=" in text, text)
    machine.run("confirm")
    equal(tries(machine), (0, "ledger"), "tries")
    equal(machine.status()["last_update"]["status"], "none", "update")
    machine.run("commit", "--now", "--dry-run")


@test
def commit_that_was_taken_back_does_not_count(machine: Machine) -> None:
    machine.start_systemd()
    firmware_boot(machine, "boot-0")
    machine.stage()
    (machine.folder / "systemd/refuse").touch()
    machine.run("commit")
    machine.wait_log("the machine stays")
    equal(machine.status()["last_job"]["kind"], "undo", "last job")
    firmware_boot(machine, "boot-1")
    equal(tries(machine), (0, "ledger"), "tries")


@test
def killed_before_it_has_left(machine: Machine) -> None:
    firmware_boot(machine, "boot-0")
    machine.stage()
    machine.run("commit", "--now")
    machine.wait((machine.folder / "sys/left").exists, "jump")
    machine.kill()
    # The same boot: it is undone, and was no try.
    machine.start(FASTREBOOT_BOOT_ID="boot-0")
    machine.wait_log("slot 0 was armed, but")
    equal(tries(machine), (0, "ledger"), "tries")
    machine.stop()
    firmware_boot(machine, "boot-1")
    equal(tries(machine), (0, "ledger"), "tries")


@test
def disk_is_older_than_the_ledger(machine: Machine) -> None:
    machine.start(first=True)
    jump(machine, 0)
    file = machine.folder / "root/var/lib/fastreboot/update.json"
    equal(json.loads(file.read_text())["tries"], 1, "tries on disk")
    machine.stop()
    file.write_text("{}")
    machine.start()
    check("only the ledger counts" in machine.log(), machine.log())
    equal(tries(machine), (1, "ledger"), "tries")
    equal(json.loads(file.read_text())["tries"], 1, "tries on disk")
    machine.run("confirm")
    equal(json.loads(file.read_text())["tries"], 0, "tries on disk")


@test
def deadline_is_shown(machine: Machine) -> None:
    machine.start(first=True)
    equal(machine.status()["last_update"]["deadline_at"], None, "deadline")
    # The time counts since the kernel's start, which here is the host's.
    machine.configure("[Commit]\nWatchdogSec=0\n[Confirm]\nTimeoutSec=365d\n")
    jump(machine, 0)
    update = machine.status()["last_update"]
    clock = update["deadline_at"][11:19]
    equal(update["message"], f"{os.uname().release} is rolled back at {clock} "
          "unless it is confirmed", "message")
    check("is rolled back at " in machine.run("status"), "not in the status")
    machine.run("confirm")
    equal(machine.status()["last_update"]["deadline_at"], None, "deadline")
    machine.configure("[Commit]\nWatchdogSec=0\n[Rollback]\nAutomatic=no\n")
    jump(machine, 1)
    equal(machine.status()["last_update"]["deadline_at"], None, "deadline")


@test
def commit_takes_a_confirmed_kernel(machine: Machine) -> None:
    machine.start(first=True)
    jump(machine, 0)
    machine.stage(1)
    text = machine.run("commit", "--now", status=4)
    check("is not confirmed" in text and "--unconfirmed" in text, text)
    equal(machine.status()["commit"]["possible"], False, "commit possible")
    machine.run("commit", "--now", "--dry-run", "--unconfirmed")
    machine.run("confirm")
    equal(machine.status()["commit"]["possible"], True, "commit possible")
    machine.run("commit", "--now", "--dry-run")


def from_unconfirmed(machine: Machine) -> None:
    """C was confirmed, X was not, and Y was committed from X."""
    second_kernel(machine)
    jump(machine, 2, commit=("--unconfirmed",))
    status = machine.status()
    equal(status["previous_source"]["kernel"], f"{machine.folder}/Image1",
          "the kernel before")


@test
def rolls_back_to_the_confirmed_one(machine: Machine) -> None:
    from_unconfirmed(machine)
    machine.fail_boot()
    machine.wait_log("systemd starts kexec.target")
    machine.stop()
    machine.start(jump=True)
    status = machine.status()
    equal(status["last_update"]["status"], "rolled-back", "update")
    equal(status["source"]["kernel"], f"{machine.folder}/Image0", "kernel")


@test
def rolls_back_to_the_confirmed_one_by_hand(machine: Machine) -> None:
    from_unconfirmed(machine)
    machine.run("confirm")
    machine.run("rollback")
    machine.wait_log("systemd starts kexec.target")
    machine.stop()
    machine.start(jump=True)
    equal(machine.status()["source"]["kernel"], f"{machine.folder}/Image0",
          "kernel")


@test
def way_back_is_not_given_up(machine: Machine) -> None:
    machine.start(first=True)
    jump(machine, 0)
    machine.run("confirm")
    jump(machine, 1)
    machine.stage(2)
    # Only the disk would know it.
    folder = machine.folder / "root/var/lib/fastreboot"
    shutil.rmtree(folder)
    folder.write_text("no folder")
    text = machine.run("commit", "--now", "--unconfirmed", status=4)
    check("the way back would be lost" in text, text)
    equal(machine.sysfs("armed"), "none", "armed slot")
    machine.run("confirm")
    machine.run("commit", "--now")


@test
def confirmed_while_a_job_runs(machine: Machine) -> None:
    machine.start(first=True)
    jump(machine, 0)
    machine.set_sysfs("slow", "20000")
    client = machine.popen("stage", f"--kernel={machine.folder}/Image1")
    machine.wait(lambda: "staging" in machine.slots(), "staging")
    machine.run("confirm")
    client.send_signal(signal.SIGINT)
    client.wait(60)
    file = machine.folder / "root/var/lib/fastreboot/update.json"
    machine.wait(lambda: '"tries":0' in file.read_text(),
                 "confirmation on disk")


@test
def tries_are_used_up(machine: Machine) -> None:
    machine.configure("[Commit]\nWatchdogSec=0\nMaxTries=1\n")
    machine.start(first=True)
    jump(machine, 0)
    machine.stage(1)
    text = machine.run("commit", "--now", status=4)
    check("MaxTries" in text, text)
    machine.run("confirm")
    machine.run("commit", "--now", "--dry-run")


@test
def source_of_the_firmwares_kernel(machine: Machine) -> None:
    release = os.uname().release
    (machine.folder / f"root/boot/vmlinuz-{release}").write_bytes(
        arm64_image(1 << 18, 5))
    machine.start(first=True)
    source = machine.status()["source"]
    equal(source["kernel"], f"{machine.folder}/root/boot/vmlinuz-{release}",
          "kernel")
    jump(machine, 0)
    equal(machine.status()["previous_source"], source, "previous source")


@slow_test
def disk_does_not_answer_a_confirmation(machine: Machine) -> None:
    """The ledger is what confirms; the watchdog must not wait for a disk."""
    machine.start(first=True)
    jump(machine, 0)
    machine.set_sysfs("stall-store", "1")
    machine.run("confirm")
    check("the disk does not answer" in machine.log(), machine.log())
    equal(machine.status()["confirmed"], True, "confirmed")
    (machine.folder / "sys/stall-store").unlink()
    machine.stage(1)
    machine.run("commit", "--now", "--dry-run")
