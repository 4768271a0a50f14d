# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario gets, how it is declared, and how it is run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import harness.scenario
from harness.build import Build
from harness.errors import ScenarioSkipped
from harness.options import Options
from harness.runner import Result, Runner
from harness.scenario import Body, Scenario
from harness.vm import Vm

from .machine import Disks, SystemMachine

# Bytes of the disk that firmware boots from.
BOOT_SIZE = 512 << 20
KERNELS = ("system-a", "system-b")


class System(Vm):
    """The world of one scenario: the harness's, with Debian."""

    def machine(self, *, watchdog: bool = False,  # type: ignore[override]
                disks: Disks | None = None, **options: Any) -> SystemMachine:
        """Make a machine; the arguments are the fields of Options.

        watchdog -- has it one? It resets the machine.
        disks -- of its own; else what it writes is gone with it
        """
        machine = SystemMachine(self.build, Options(code=128, **options),
                                self._deadline, self._log,
                                self._folder("machine"), watchdog, disks)
        self.machines.append(machine)
        return machine

    def disks(self, variables: Path, boot_first: bool = False) -> Disks:
        """Disks that stay when a machine is switched off.

        variables -- what EDK2 remembers at first
        boot_first -- the machine has U-Boot
        """
        if not self.build.firmware_disk.exists():
            raise ScenarioSkipped("no firmware.ext4: tools/system-image.sh")
        folder = self._folder("disks")
        disks = Disks(folder / "root", folder / "boot", folder / "variables",
                      boot_first)
        subprocess.run(["cp", "--sparse=always", "--reflink=auto",
                        self.build.firmware_disk, disks.root], check=True)
        with open(disks.boot, "wb") as file:
            file.truncate(BOOT_SIZE)
        shutil.copyfile(variables, disks.variables)
        return disks

    def folder(self, name: str) -> Path:
        """A folder of the host that ends with the scenario."""
        return self._folder(name)


def scenario(*, timeout: float, package: bool = True, long: bool = False,
             variants: Mapping[str, Mapping[str, Any]] | None = None
             ) -> Callable[[Body], Body]:
    """Declare a function to be a scenario, or one scenario a variant.

    package -- it needs the package to be on the disk
    long -- it takes too long for each run
    """
    requires = (*KERNELS, *(["package"] if package else []))
    return harness.scenario.scenario(timeout=timeout, requires=requires,
                                     variants=variants, long=long,
                                     suite="system")


class SystemRunner(Runner):
    """Runs scenarios with Debian in their machines."""

    def _run_one(self, scenario: Scenario) -> Result:
        missing = _missing(self._build, scenario)
        if missing:
            return Result("skip", f"no {missing}")
        path = self._build.logs / f"{scenario.name}.log"
        with (open(path, "wb") as log,
              System(self._build, scenario, log, self._keep) as system):
            self._live.add(system)
            try:
                return self._run_body(scenario, system)
            finally:
                self._live.discard(system)


def _missing(build: Build, scenario: Scenario) -> str:
    """What a scenario needs and is not there, or nothing."""
    for variant in KERNELS:
        if not build.kernel(variant).exists():
            return f"kernel {variant}"
    if not build.system_disk.exists():
        return "disk: tools/system-image.sh"
    if ("package" in scenario.requires
            and not any((build.root / "deb").glob("fastreboot_*_arm64.deb"))):
        return "package: make deb"
    return ""
