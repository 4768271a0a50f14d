# SPDX-License-Identifier: GPL-2.0-or-later
"""Payload sources of every kind, made from an Image; and signatures."""

from __future__ import annotations

import gzip
import lzma
import shutil
import struct
import subprocess
from pathlib import Path

from harness.errors import ScenarioSkipped

ARM64 = 0xaa64
# Where sections of a PE file begin: multiples of this.
FILE_ALIGNMENT = 512
_PE_OFFSET = 64
# systemd's, of the package for the machine's architecture.
STUB = Path("/usr/lib/systemd/boot/efi/linuxaa64.efi.stub")
# What EDK2 with Secure Boot trusts in tests; the password is in the package's page.
SNAKEOIL_KEY = Path("/usr/share/qemu-efi-aarch64/PkKek-1-snakeoil.key")
SNAKEOIL_CERTIFICATE = SNAKEOIL_KEY.with_suffix(".pem")
# Where the parts of a UKI are in memory, behind the stub.
_UKI_BASE = 0x2000000
_UKI_ALIGNMENT = 0x10000
_OPTIONAL_SIZE = 240
_SECTION_HEADER = 40


def compressed(image: bytes, kind: str) -> bytes:
    """An Image, compressed: gzip, zstd or xz."""
    if kind == "gzip":
        return gzip.compress(image, 1)
    if kind == "xz":
        return lzma.compress(image, preset=0)
    try:
        return subprocess.run(["zstd", "-1", "-c"], input=image, check=True,
                              capture_output=True).stdout
    except FileNotFoundError as error:
        raise ScenarioSkipped("no zstd") from error


def zboot(image: bytes, kind: str) -> bytes:
    """An EFI zboot kernel, as CONFIG_EFI_ZBOOT makes: header and payload."""
    data = compressed(image, kind)
    offset = 4096
    header = struct.pack("<2sH4sIIII32sII", b"MZ", 0, b"zimg", offset,
                         len(data), 0, 0, kind.encode(), 0, _PE_OFFSET)
    return (header + _pe_header([])).ljust(offset, b"\0") + data


def hanging() -> bytes:
    """A kernel that does nothing, for ever: a branch to itself."""
    size = 1 << 16
    header = struct.pack("<IIQQQQQQ4sI", 0x14000000, 0, 0, size, 0xa, 0, 0, 0,
                         b"ARM\x64", 0)
    return header.ljust(size, b"\0")


def uki(image: bytes, initrd: bytes | None = None,
        cmdline: str | None = None) -> bytes:
    """A unified kernel image: a PE file with the parts as its sections."""
    sections = [(b".osrel", b"ID=debian\nPRETTY_NAME=\"Test UKI\"\n")]
    if cmdline is not None:
        sections.append((b".cmdline", cmdline.encode()))
    if initrd is not None:
        sections.append((b".initrd", initrd))
    sections.append((b".linux", image))
    return _pe_file(sections)


def bootable_uki(image: bytes, cmdline: str, folder: Path) -> bytes:
    """A unified kernel image that firmware starts: systemd's stub with parts.

    folder -- for files on the way
    """
    if not STUB.exists():
        raise ScenarioSkipped("no EFI stub; systemd-boot-efi has it")
    parts = {".osrel": b"ID=debian\nPRETTY_NAME=\"Test UKI\"\n",
             ".cmdline": cmdline.encode(), ".linux": image}
    words, at = [], _UKI_BASE
    for name, content in parts.items():
        path = folder / name.removeprefix(".")
        path.write_bytes(content)
        words += ["--add-section", f"{name}={path}",
                  "--change-section-vma", f"{name}={at:#x}"]
        at += -(-len(content) // _UKI_ALIGNMENT) * _UKI_ALIGNMENT
    subprocess.run(["aarch64-linux-gnu-objcopy", *words, STUB,
                    folder / "uki.efi"], check=True)
    return (folder / "uki.efi").read_bytes()


def secure_boot_signed(image: bytes, folder: Path) -> bytes:
    """A PE file with the signature that EDK2's test key makes.

    folder -- for files on the way
    """
    if shutil.which("sbsign") is None:
        raise ScenarioSkipped("no sbsign; sbsigntool has it")
    key, plain = folder / "key.pem", folder / "plain"
    plain.write_bytes(image)
    subprocess.run(["openssl", "pkey", "-in", SNAKEOIL_KEY, "-passin",
                    "pass:snakeoil", "-out", key], check=True)
    subprocess.run(["sbsign", "--key", key, "--cert", SNAKEOIL_CERTIFICATE,
                    "--output", folder / "signed", plain], check=True,
                   capture_output=True)
    return (folder / "signed").read_bytes()


def _pe_header(sections: list[tuple[bytes, int, int]]) -> bytes:
    """PE signature, COFF and optional header, section table.

    sections -- name, offset in the file, size
    """
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", ARM64, len(sections), 0, 0, 0,
                       _OPTIONAL_SIZE, 0x206)
    optional = struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20b, 0, 0,
                           0, 0, 0, 0, 0, 0, 4096, FILE_ALIGNMENT,
                           0, 0, 0, 0, 0, 0, 0, 0, 4096, 0, 10, 0,
                           0, 0, 0, 0, 0, 16).ljust(_OPTIONAL_SIZE, b"\0")
    table = b"".join(
        struct.pack("<8sIIIIIIHHI", name, size, 0x10000 + offset,
                    -(-size // FILE_ALIGNMENT) * FILE_ALIGNMENT, offset,
                    0, 0, 0, 0, 0x40000040)
        for name, offset, size in sections)
    return coff + optional + table


def _pe_file(contents: list[tuple[bytes, bytes]]) -> bytes:
    at = _PE_OFFSET + 24 + _OPTIONAL_SIZE + _SECTION_HEADER * len(contents)
    table, body = [], b""
    begin = -(-at // FILE_ALIGNMENT) * FILE_ALIGNMENT
    for name, content in contents:
        table.append((name, begin + len(body), len(content)))
        body += content
        body = body.ljust(-(-len(body) // FILE_ALIGNMENT) * FILE_ALIGNMENT,
                          b"\0")
    dos = struct.pack("<2s58xI", b"MZ", _PE_OFFSET)
    return (dos + _pe_header(table)).ljust(begin, b"\0") + body


class Signer:
    """A key and its self-signed certificate, made when they are needed."""

    def __init__(self, folder: Path, name: str) -> None:
        self.certificate = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        if not self.certificate.exists():
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc",
                 "-days", "36500", "-subj", f"/CN={name}",
                 "-keyout", str(self._key), "-out", str(self.certificate)],
                check=True, capture_output=True)

    def sign(self, content: bytes) -> bytes:
        """A detached CMS signature of the content."""
        return subprocess.run(
            ["openssl", "cms", "-sign", "-binary", "-outform", "DER",
             "-md", "sha256", "-signer", str(self.certificate),
             "-inkey", str(self._key)],
            input=content, check=True, capture_output=True).stdout
