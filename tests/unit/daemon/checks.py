# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests fail with."""

from __future__ import annotations


class Failure(Exception):
    """A test has failed."""


def check(condition: bool, text: str) -> None:
    """Fail unless the condition holds."""
    if not condition:
        raise Failure(text)


def equal(found: object, expected: object, what: str) -> None:
    """Fail unless both are the same."""
    check(found == expected, f"{what}: {found!r}, expected {expected!r}")
