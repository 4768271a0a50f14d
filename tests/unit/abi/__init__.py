# SPDX-License-Identifier: GPL-2.0-or-later
"""The names that are ABI, as the sources have them; see ../check-abi.py."""
