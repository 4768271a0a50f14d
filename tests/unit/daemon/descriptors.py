# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that are started with descriptors 0 to 2 closed."""

from __future__ import annotations

import os
import subprocess

from .checks import check, equal
from .machine import DEADLINE, Machine
from .registry import test


def shell(machine: Machine, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell with the programs in $PATH."""
    path = f"{machine.build}:{os.environ['PATH']}"
    return subprocess.run(["sh", "-c", line], check=False, text=True,
                          env=machine.environment | {"PATH": path},
                          cwd=machine.folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=DEADLINE)


@test
def state_of_closed_descriptors(machine: Machine) -> None:
    done = shell(machine, "fastreboot state --root . save one <Image0")
    equal(done.returncode, 0, done.stdout)
    done = shell(machine, "fastreboot state --root . save one <&-")
    check(done.returncode == 1 and "Bad file descriptor" in done.stdout,
          done.stdout)
    done = shell(machine, "fastreboot state --root . restore one >&-")
    check(done.returncode == 1 and "Bad file descriptor" in done.stdout,
          done.stdout)
    done = shell(machine, "fastreboot state --root . restore one | cmp - Image0")
    equal(done.returncode, 0, done.stdout)


@test
def daemon_of_closed_descriptors(machine: Machine) -> None:
    machine.start(first=True, shell='exec "$0" <&- >&- 2>&-')
    assert machine.daemon
    equal([os.readlink(f"/proc/{machine.daemon.pid}/fd/{fd}")
           for fd in range(3)], ["/dev/null"] * 3, "descriptors")
