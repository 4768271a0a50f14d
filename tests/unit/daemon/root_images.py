# SPDX-License-Identifier: GPL-2.0-or-later
"""Root images: payloads with one instead of an initrd."""

from __future__ import annotations

import errno
import json
import random
import struct

from .checks import check, equal
from .machine import jump, Machine
from .registry import test


def root_image(machine: Machine) -> str:
    """What begins as an erofs of 25 blocks."""
    image = bytearray(random.Random(3).randbytes(25 * 4096))
    struct.pack_into("<I", image, 1024, 0xE0F5E1E2)
    image[1024 + 12] = 12
    struct.pack_into("<I", image, 1024 + 36, 25)
    path = machine.folder / "root.erofs"
    path.write_bytes(image)
    return str(path)


@test
def stages_a_root_image(machine: Machine) -> None:
    image = root_image(machine)
    words = ["stage", f"--kernel={machine.folder}/Image0",
             f"--root-image={image}", "--cmdline=quiet -- single"]
    machine.start(first=True)
    machine.run(*words, f"--initrd={machine.folder}/initrd", status=2)
    machine.run(*words)
    slot = machine.status()["slots"][0]
    equal([part["name"] for part in slot["segments"]], ["kernel", "root"],
          "segments")
    equal(slot["segments"][1]["sha256"], slot["source"]["root_sha256"], "hash")
    equal(slot["source"]["root_image"], image, "source")
    equal(slot["source"]["cmdline"], "quiet -- single", "given command line")
    equal(slot["cmdline"],
          "quiet root=/dev/fastreboot ro rootfstype=erofs -- single",
          "command line")
    text = machine.run("commit", "--now", "--dry-run")
    check("/dev/fastreboot is the root image" in text, text)
    machine.run("unstage")
    machine.stage(0, "--cmdline=root=/dev/fastreboot")
    text = machine.run("commit", "--now", "--dry-run", status=4)
    check("--root-image" in text, text)


@test
def root_image_and_the_running_command_line(machine: Machine) -> None:
    image = root_image(machine)
    machine.start(first=True)
    machine.run("stage", f"--kernel={machine.folder}/Image0",
                f"--root-image={image}")
    slot = machine.status()["slots"][0]
    equal(slot["cmdline"], slot["source"]["inherited_cmdline"], "command line")
    words = slot["cmdline"].split()
    equal([word for word in words if word.startswith("root=")],
          ["root=/dev/fastreboot"], "root devices")


@test
def kernel_takes_no_root_image(machine: Machine) -> None:
    image = root_image(machine)
    words = ["stage", f"--kernel={machine.folder}/Image0",
             f"--root-image={image}"]
    machine.start(first=True)
    for number, status, part in ((errno.ENOENT, 9, "CONFIG_FASTREBOOT_ROOT"),
                                 (errno.EFBIG, 14, "does not fit")):
        machine.set_sysfs("fail", f"root {number}")
        text = machine.run(*words, status=status)
        check(part in text, text)
        equal(machine.slots()[0], "empty", "slot 0")


@test
def rolls_back_to_a_root_image(machine: Machine) -> None:
    image = root_image(machine)
    machine.start_systemd()
    machine.start(first=True)
    jump(machine, 0, f"--root-image={image}", "--wipe-state", "--cmdline=a",
         initrd=False)
    machine.run("confirm")
    jump(machine, 1)
    machine.run("rollback")
    machine.wait_log("systemd starts kexec.target")
    source = json.loads(machine.sysfs("slot0/source"))
    equal(source["root_image"], image, "root image")
    equal(source["wipe_state"], True, "wipe_state")
    equal(machine.sysfs("slot0/cmdline"),
          "a root=/dev/fastreboot ro rootfstype=erofs", "command line")
