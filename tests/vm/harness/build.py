# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things are in the build folder, and what the harness builds itself.

    kernel/Image-<variant>    made by `make kernel`
    vm/guest/init             the guest's init, made here from guest/*.c
    vm/initramfs.cpio         the initramfs with it
    vm/payload/               what guests see at /payload, by 9p
    vm/logs/                  one console log a scenario
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from .cpio import CpioWriter

SOURCES = Path(__file__).resolve().parents[1]
TOP = SOURCES.parents[1]
POOL_OVERLAY = TOP / "dts" / "qemu-virt-fastreboot.dtso"

# Mount points of guest/mounts.c.
FOLDERS = ("dev", "proc", "sys", "payload")


class Build:
    """A build folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.vm = self.root / "vm"
        self.payload = self.vm / "payload"
        self.logs = self.vm / "logs"
        self.initramfs = self.vm / "initramfs.cpio"

    def kernel(self, variant: str) -> Path:
        """The Image of a kernel variant, whether or not it exists."""
        return self.root / "kernel" / f"Image-{variant}"

    def kernel_variants(self) -> list[str]:
        """The kernel variants that exist."""
        return sorted(path.name.removeprefix("Image-")
                      for path in (self.root / "kernel").glob("Image-*")
                      if not path.suffix)

    def prepare(self) -> None:
        """Make everything that scenarios need besides kernels.

        Two runs may share a build folder: the lock keeps them from making
        the same file at the same time.
        """
        for folder in (self.payload, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        with open(self.vm / ".lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._make_initramfs()
            self._fill_payload()

    def _make_initramfs(self) -> None:
        subprocess.run(["make", "--silent", "-C", str(SOURCES / "guest"),
                        f"OUT={self.vm}"], check=True)
        init = (self.vm / "guest" / "init").read_bytes()
        archive = CpioWriter()
        for folder in FOLDERS:
            archive.directory(folder)
        archive.character_device("dev/console", 5, 1)
        archive.file("init", init)
        content = archive.finish()
        if not (self.initramfs.exists()
                and self.initramfs.read_bytes() == content):
            self.initramfs.write_bytes(content)

    def _fill_payload(self) -> None:
        _place(self.initramfs, self.payload / "initrd.cpio")
        for variant in self.kernel_variants():
            image = self.kernel(variant)
            _place(image, self.payload / image.name)


def _place(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, or a copy of it."""
    if target.exists() and source.samefile(target):
        return
    fresh = target.with_name(f".{target.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source, fresh)
    except OSError:
        shutil.copyfile(source, fresh)
    fresh.replace(target)
