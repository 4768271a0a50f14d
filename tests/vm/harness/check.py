# SPDX-License-Identifier: GPL-2.0-or-later
"""Assertions that say what they have seen."""

from __future__ import annotations

from typing import Any

from .errors import ScenarioFailure


def equal(what: str, actual: Any, expected: Any) -> None:
    """Fail unless `actual` is `expected`."""
    if actual != expected:
        raise ScenarioFailure(f"{what} is {actual!r}, expected {expected!r}")


def true(what: str, condition: bool, seen: Any = None) -> None:
    """Fail unless `condition` holds; `what` states it, `seen` explains."""
    if not condition:
        tail = "" if seen is None else f" (seen: {seen!r})"
        raise ScenarioFailure(f"expected: {what}{tail}")


def count(what: str, items: list[str], expected: int) -> None:
    """Fail unless there are `expected` items; show them."""
    if len(items) != expected:
        listing = "".join(f"\n    {item}" for item in items)
        raise ScenarioFailure(
            f"{what}: {len(items)}, expected {expected}{listing}")
