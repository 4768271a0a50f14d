# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things are in the build folder, and what the harness builds itself.

    kernel/Image-<variant>    made by `make kernel`
    vm/guest/init             the guest's init, made here from guest/*.c
    vm/initramfs.cpio         the initramfs with it
    vm/root.erofs             the same as a root disk, if there is mkfs.erofs
    vm/payload/               what guests see at /payload, by 9p
    vm/payload/kexec-tools/   made by tools/kexec-tools.sh
    vm/logs/                  one console log a scenario
"""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

from .cpio import CpioWriter

SOURCES = Path(__file__).resolve().parents[1]
TOP = SOURCES.parents[1]
POOL_OVERLAY = TOP / "dts" / "qemu-virt-fastreboot.dtso"

# Bytes. A multiple of 4, so that the parts are as if made in one go.
RANDOM_PART = 1 << 24

# Mount points of guest/mounts.c.
FOLDERS = ("dev", "proc", "sys", "payload")
# Where programs of other origin look for their libraries.
LIBRARIES = "/payload/kexec-tools/lib"


class Build:
    """A build folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.vm = self.root / "vm"
        self.payload = self.vm / "payload"
        self.logs = self.vm / "logs"
        self.initramfs = self.vm / "initramfs.cpio"
        self.root_disk = self.vm / "root.erofs"
        self.system_disk = self.root / "system" / "disk.ext4"
        self.firmware_disk = self.root / "system" / "firmware.ext4"

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
            subprocess.run(["make", "--silent", "-C", str(SOURCES / "guest"),
                            f"OUT={self.vm}"], check=True)
            self._make_initramfs()
            self._make_root_disk()
            self._fill_payload()

    def random_file(self, size: int) -> Path:
        """A file in the payload share, for ever with the same content."""
        path = self.payload / f"random-{size}"
        if not path.exists():
            fresh = Path(tempfile.mkstemp(dir=self.payload)[1])
            write_random(fresh, size)
            fresh.chmod(0o644)
            fresh.replace(path)
        return path

    def _make_initramfs(self) -> None:
        init = (self.vm / "guest" / "init").read_bytes()
        archive = CpioWriter()
        for folder in FOLDERS:
            archive.directory(folder)
        archive.character_device("dev/console", 5, 1)
        archive.file("init", init)
        archive.link("lib", LIBRARIES)
        content = archive.finish()
        if not (self.initramfs.exists()
                and self.initramfs.read_bytes() == content):
            self.initramfs.write_bytes(content)

    def _make_root_disk(self) -> None:
        init = self.vm / "guest" / "init"
        if shutil.which("mkfs.erofs") is None or (
                self.root_disk.exists() and self.root_disk.stat().st_mtime_ns
                > init.stat().st_mtime_ns):
            return
        with tempfile.TemporaryDirectory() as folder:
            for name in FOLDERS:
                (Path(folder) / name).mkdir()
            shutil.copy(init, Path(folder) / "init")
            (Path(folder) / "lib").symlink_to(LIBRARIES)
            subprocess.run(["mkfs.erofs", "--quiet", "--all-root", "-T0",
                            str(self.root_disk), folder], check=True)

    def _fill_payload(self) -> None:
        _place(self.initramfs, self.payload / "initrd.cpio")
        for variant in self.kernel_variants():
            image = self.kernel(variant)
            _place(image, self.payload / image.name)


def write_random(path: Path, size: int) -> None:
    """Fill a file, in parts: Python's randbytes() has a limit."""
    source = random.Random(size)
    with open(path, "wb") as file:
        for at in range(0, size, RANDOM_PART):
            file.write(source.randbytes(min(RANDOM_PART, size - at)))


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
