#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the system tests. README.md tells how to write one."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vm"))

# pylint: disable=wrong-import-position
from harness.program import main  # noqa: E402
from system.world import SystemRunner  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(str(__doc__), HERE / "scenarios", SystemRunner))
