# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known about a kernel that has reached the guest's prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def _slot(text: str) -> int | None:
    return None if text == "none" else int(text)


def parse_range(text: str) -> tuple[int, int] | None:
    """First and last byte of `0x...-0x...`; None for `none`."""
    if text == "none":
        return None
    first, _, last = text.partition("-")
    return int(first, 16), int(last, 16)


@dataclass(frozen=True)
class Boot:
    """One boot.

    facts -- what the guest said when it was ready, as text
    timeline -- /sys/kernel/fastreboot/timeline, empty without fastreboot
    log -- what the console showed since the boot began
    """

    facts: Mapping[str, str]
    timeline: Mapping[str, int] = field(default_factory=dict)
    log: tuple[str, ...] = ()

    @property
    def release(self) -> str:
        """Release of the running kernel."""
        return self.facts["release"]

    @property
    def text(self) -> int:
        """Physical address of the running kernel's code."""
        return int(self.facts["text"], 16)

    @property
    def memtotal(self) -> int:
        """MemTotal of /proc/meminfo, in kB."""
        return int(self.facts["memtotal"])

    @property
    def cpus(self) -> int:
        """Number of CPUs online."""
        return int(self.facts["cpus"])

    @property
    def pool(self) -> tuple[int, int] | None:
        """First and last byte of the pool."""
        return parse_range(self.facts["pool"])

    @property
    def running(self) -> int | None:
        """Slot of the running kernel."""
        return _slot(self.facts["running"])

    @property
    def armed(self) -> int | None:
        """Slot that is armed."""
        return _slot(self.facts["armed"])

    @property
    def generation(self) -> int:
        """Fast reboots since the ledger was made."""
        return int(self.facts["generation"])

    @property
    def tries(self) -> int:
        """Fast reboots since the last confirmation."""
        return int(self.facts["tries"])

    @property
    def boot_reason(self) -> str:
        """How this kernel was started."""
        return self.facts["boot_reason"]

    @property
    def previous_release(self) -> str:
        """Release of the kernel before, or empty."""
        return self.facts["previous_release"]

    @property
    def relocated_bytes(self) -> int | None:
        """Bytes that were copied at the jump."""
        return self.timeline.get("relocated_bytes")

    @property
    def relocated_ranges(self) -> int | None:
        """Runs of pages that were copied at the jump."""
        return self.timeline.get("relocated_ranges")

    def messages(self, prefix: str = "fastreboot: ") -> list[str]:
        """The kernel's lines that begin with `prefix`."""
        return [line for line in self.log if line.startswith(prefix)]
