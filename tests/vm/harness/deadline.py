# SPDX-License-Identifier: GPL-2.0-or-later
"""A point in time after which waiting is a failure."""

from __future__ import annotations

import time

from .errors import ScenarioTimeout


class Deadline:
    """A point in time; the earlier of its own and its parent's counts."""

    def __init__(self, seconds: float, parent: Deadline | None = None) -> None:
        self._at = time.monotonic() + seconds
        if parent is not None:
            self._at = min(self._at, parent._at)

    def left(self) -> float:
        """Seconds to go; never negative."""
        return max(0.0, self._at - time.monotonic())

    def check(self, waiting_for: str) -> None:
        """Fail if the time is over."""
        if not self.left():
            raise ScenarioTimeout(f"time limit: waited for {waiting_for}")
