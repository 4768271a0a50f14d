# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario gets: machines, payload files, notes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from . import devicetree
from .build import POOL_OVERLAY, Build
from .deadline import Deadline
from .errors import ScenarioSkipped
from .image import Image
from .machine import Machine
from .options import Options
from .scenario import Scenario


class Vm:
    """The world of one scenario. Use as a context manager.

    build -- the build folder
    machines -- those that were made so far
    notes -- what the scenario wants told beside its result
    """

    def __init__(self, build: Build, scenario: Scenario, log: BinaryIO,
                 keep: bool = False) -> None:
        self.build = build
        self.machines: list[Machine] = []
        self.notes: list[str] = []
        self._scenario = scenario
        self._log = log
        self._keep = keep
        self._deadline = Deadline(scenario.timeout)
        # Not below the build folder: sockets need short paths.
        self._workspace = Path(tempfile.mkdtemp(prefix="frb-"))
        self._files = build.payload / "scenarios" / scenario.name

    def __enter__(self) -> Vm:
        return self

    def __exit__(self, *_: object) -> None:
        for machine in self.machines:
            machine.close()
        if not self._keep:
            shutil.rmtree(self._workspace)
            shutil.rmtree(self._files, ignore_errors=True)

    def kill(self) -> None:
        """End the machines at once; whoever waits for one notices."""
        for machine in self.machines:
            machine.kill()

    def machine(self, **options: Any) -> Machine:
        """Make a machine; the arguments are the fields of Options."""
        machine = Machine(self.build, Options(**options), self._deadline,
                          self._log, self._folder("machine"))
        self.machines.append(machine)
        return machine

    def note(self, text: str) -> None:
        """Have a line printed with the scenario's result."""
        self.notes.append(text)

    def payload_file(self, name: str, content: bytes) -> str:
        """Put a file into the payload share; return its path in the guest."""
        self._files.mkdir(parents=True, exist_ok=True)
        path = self._files / name
        path.write_bytes(content)
        return f"/payload/{path.relative_to(self.build.payload)}"

    def root_image(self) -> str:
        """A file system with the guest's init; return its path in the guest."""
        if not self.build.root_disk.exists():
            raise ScenarioSkipped("no root disk; mkfs.erofs makes it")
        return self.payload_file("root.erofs",
                                 self.build.root_disk.read_bytes())

    def random_file(self, size: int) -> str:
        """A file of random bytes, made once; return its path in the guest."""
        return f"/payload/{self.build.random_file(size).name}"

    def content(self, path: str) -> bytes:
        """What is in a file of the payload share, by its guest path."""
        return (self.build.payload
                / Path(path).relative_to("/payload")).read_bytes()

    def image(self, variant: str) -> Image:
        """The Image of a kernel variant, to look at and to damage."""
        return Image(self.build.kernel(variant).read_bytes())

    def device_tree(self, overlay: Path = POOL_OVERLAY,
                    **options: Any) -> Path:
        """QEMU's device tree for a machine, with an overlay applied."""
        folder = self._folder("dtb")
        return devicetree.with_overlay(Options(**options), overlay, folder)

    def plain_tree(self, **options: Any) -> Path:
        """QEMU's device tree for a machine."""
        return devicetree.plain(Options(**options), self._folder("dtb"))

    def firmware_tree(self, reservation: tuple[int, int], name: str) -> Path:
        """QEMU's device tree with what firmware adds, see devicetree."""
        return devicetree.with_firmware(self.plain_tree(), reservation, name,
                                        self._folder("dtb"))

    def overlay(self, source: str) -> Path:
        """A device tree overlay for device_tree(), from its source."""
        path = self._folder("overlay") / "overlay.dtso"
        path.write_text(source, encoding="ascii")
        return path

    def reserved_memory(self, node: str, ranges: str = "ranges;",
                        **options: Any) -> Path:
        """QEMU's device tree with a node, in dts, under /reserved-memory."""
        folder = self._folder("dtb")
        overlay = folder / "reserved-memory.dtso"
        overlay.write_text(devicetree.reserved_memory(node, ranges),
                           encoding="ascii")
        return devicetree.with_overlay(Options(**options), overlay, folder)

    def scratch(self, name: str) -> Path:
        """The path of a file on the host, which ends with the scenario."""
        return self._folder("scratch") / name

    def _folder(self, prefix: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{prefix}-",
                                     dir=self._workspace))
