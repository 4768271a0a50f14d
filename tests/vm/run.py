#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the VM tests. README.md tells how to write one."""

import sys

from harness.build import SOURCES
from harness.program import main

if __name__ == "__main__":
    sys.exit(main(str(__doc__), SOURCES / "scenarios"))
