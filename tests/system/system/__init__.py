# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian with systemd in the machines of tests/vm: see ../README.md."""
