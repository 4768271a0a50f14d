# SPDX-License-Identifier: GPL-2.0-or-later
"""What the machines boot: payloads of every size, kernels that tell more."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from oneshot import (FOLDERS, LIBRARIES, TOP, archive, script_text,
                     write_random)

MIB = 1 << 20
ENTRY = Path(__file__).parent / "entry.S"
GUEST = TOP / "tests" / "vm" / "guest"
CROSS = "aarch64-linux-gnu-"

# Image header: the second word is the branch to the kernel's entry, the
# first is one for the EFI loader's sake. Bytes 16 to 23: memory that it takes.
_BRANCH_AT = 4
_MEMORY_AT = 16
_BRANCH = 0x14000000
_BRANCH_MASK = 0xfc000000

# File systems get the same identity in every run.
_UUID = "00000000-0000-0000-0000-000000000001"


def build_guest(out: Path) -> Path:
    """Build the guest's init below a folder; return it."""
    subprocess.run(["make", "--silent", "-C", str(GUEST), f"OUT={out}"],
                   check=True)
    return out / "guest" / "init"


def entry_point(program: Path) -> int:
    """Address of the first instruction of an ELF file."""
    return int(struct.unpack_from("<Q", program.read_bytes(), 24)[0])


def image_memory(image: bytes) -> int:
    """Bytes that a kernel takes where it runs, what it clears included."""
    return int(struct.unpack_from("<Q", image, _MEMORY_AT)[0])


def _branch(start: int, target: int) -> bytes:
    """An instruction that goes from one offset to another."""
    words = (target - start) // 4 & ~_BRANCH_MASK & 0xffffffff
    return struct.pack("<I", _BRANCH | words)


def _branch_target(image: bytes, start: int) -> int:
    """Where the branch at an offset goes."""
    word = int(struct.unpack_from("<I", image, start)[0])
    if word & _BRANCH_MASK != _BRANCH:
        raise ValueError("the Image does not begin with a branch")
    offset = word & ~_BRANCH_MASK
    if offset & 1 << 25:
        offset -= 1 << 26
    return start + 4 * offset


def _entry_code() -> bytes:
    """The machine code of entry.S."""
    with tempfile.TemporaryDirectory() as name:
        objects, binary = Path(name) / "entry.o", Path(name) / "entry.bin"
        subprocess.run([f"{CROSS}gcc", "-c", "-o", str(objects), str(ENTRY)],
                       check=True)
        subprocess.run([f"{CROSS}objcopy", "-O", "binary", str(objects),
                        str(binary)], check=True)
        return binary.read_bytes()


def with_entry(image: bytes) -> bytes:
    """A kernel that tells when it was entered: see entry.S."""
    code = _entry_code()
    target = _branch_target(image, _BRANCH_AT)
    place = len(image) + -len(image) % 8
    end = place + len(code) - 4
    return (image[:_BRANCH_AT] + _branch(_BRANCH_AT, place)
            + image[_BRANCH_AT + 4:].ljust(place - _BRANCH_AT - 4, b"\0")
            + code[:-4] + _branch(end, target))


def initramfs(init: Path, script: Sequence[str], size: int) -> bytes:
    """An initramfs of so many bytes, of which the guest uses few."""
    bare = len(archive(init, script, {"filler": b""}))
    with tempfile.NamedTemporaryFile() as file:
        write_random(Path(file.name), size - bare - 512)
        return archive(init, script,
                       {"filler": Path(file.name).read_bytes()})


def root_image(init: Path, script: Sequence[str], size: int) -> bytes:
    """An erofs of about so many bytes, with the same content."""
    with tempfile.TemporaryDirectory() as name:
        folder, image = Path(name) / "root", Path(name) / "image"
        for mount_point in FOLDERS:
            (folder / mount_point).mkdir(parents=True)
        shutil.copy(init, folder / "init")
        (folder / "lib").symlink_to(LIBRARIES)
        (folder / "script").write_bytes(script_text(script))
        write_random(folder / "filler", size - init.stat().st_size - 16384)
        subprocess.run(["mkfs.erofs", "--quiet", "--all-root", "-T0",
                        f"-U{_UUID}", str(image), str(folder)], check=True,
                       stdout=subprocess.DEVNULL)
        return image.read_bytes()


def kexec_tools(folder: Path) -> dict[str, bytes]:
    """Debian's kexec and its libraries, as files for archive()."""
    return {str(Path("payload/kexec-tools") / path.relative_to(folder)):
            path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file()}
