# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the symbols of a running kernel are."""

from __future__ import annotations

from pathlib import Path

from .boot import Boot
from .build import Build
from .errors import ScenarioFailure


class Symbols:
    """Symbols of the kernels "a" and "b", which have the same code."""

    def __init__(self, build: Build) -> None:
        self._path = build.root / "kernel/fastreboot/System.map"
        self._addresses = _read(self._path)

    def virtual(self, name: str) -> int:
        """Virtual address, of a kernel that runs where it was linked."""
        if name not in self._addresses:
            raise ScenarioFailure(f"{self._path}: no symbol {name}")
        return self._addresses[name]

    def physical(self, boot: Boot, name: str) -> int:
        """Physical address, in the kernel of this boot."""
        return boot.text + self.virtual(name) - self.virtual("_text")


def _read(path: Path) -> dict[str, int]:
    rows = [line.split() for line in path.read_text("ascii").splitlines()]
    return {name: int(address, 16) for address, _, name in rows}
