# SPDX-License-Identifier: GPL-2.0-or-later
"""The VM test harness: see ../README.md."""
