# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the patches of a base are, and their order.

A folder for each base, kernel-patches/<base>, has one for each stack, with the
patches and the file "series", which names them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

PATCHES = Path(__file__).resolve().parents[1] / "kernel-patches"
# In the order in which they apply, each on those before it.
STACKS = ("fixes", "boot-time", "fastreboot")


def read(path: Path) -> str:
    """Patches may have bytes that are no text."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def names_of(base: Path, stack: str) -> list[str]:
    """The patches that the file "series" of a stack names."""
    path = base / stack / "series"
    if not path.exists():
        return []
    lines = [line.split("#")[0].strip() for line in read(path).splitlines()]
    return [line for line in lines if line]


def files_of(base: Path, stacks: Iterable[str] = STACKS) -> list[Path]:
    """The files of the patches, in order."""
    return [base / stack / name
            for stack in stacks for name in names_of(base, stack)]
