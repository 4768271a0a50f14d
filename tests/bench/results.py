# SPDX-License-Identifier: GPL-2.0-or-later
"""What results mean: goals, the comparison with the last run, tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from measure import PHASES, SYSTEMS, Point, Row

SCHEMA = 1
MODEL = ("An instruction takes a nanosecond. No caches, no memory bandwidth, "
         "no firmware, no real devices.")

# What a second run is compared by, and from which difference on it tells.
COMPARED = ("blackout_ns", "stage_ns", "relocated_bytes", "peak_bytes")
TOLERANCE = 0.01

CPUS_GOAL = 1.10
SIZE_GOAL = 1.02
STATE_GOAL = 1.02
BLACKOUT_GOAL_NS = 60_000_000
STOCK_SHOWS_NS = 1_000_000_000

MS = 1_000_000

Rows = Sequence[Row]


@dataclass(frozen=True)
class Verdict:
    """What became of a goal.

    met -- None: what it takes was not measured
    """

    goal: str
    found: str
    met: bool | None

    def __str__(self) -> str:
        word = {None: "not measured", True: "met", False: "MISSED"}[self.met]
        return f"{self.goal}: {self.found or '-'}: {word}"


def key(row: Point) -> Point:
    """The point that a row is about."""
    return Point(row.system, row.cpus, row.payload_mib, row.state_mib)


def by_point(rows: Iterable[Row]) -> dict[Point, Row]:
    """Rows by what they are about."""
    return {key(row): row for row in rows}


def row_from(entry: Mapping[str, Any]) -> Row:
    """Read a row of results.json; fields of later versions are left out."""
    known = {item.name for item in fields(Row)}
    return Row(**{name: value for name, value in entry.items()
                  if name in known})


def row_to(row: Row) -> dict[str, Any]:
    """The same for writing."""
    return asdict(row)


def _ratios(rows: Rows, low: Mapping[str, Any], high: Mapping[str, int],
            systems: Sequence[str]) -> list[tuple[float, Row]]:
    """Blackout of each row with `high` over that of its row with `low`."""
    found = by_point(rows)
    ratios = []
    for row in rows:
        if row.system not in systems or any(
                getattr(row, name) != value for name, value in high.items()):
            continue
        base = found.get(replace(key(row), **low))
        if base is not None:
            ratios.append((row.blackout_ns / base.blackout_ns, row))
    return ratios


def _worst(goal: str, ratios: list[tuple[float, Row]],
           limit: float) -> Verdict:
    if not ratios:
        return Verdict(goal, "", None)
    ratio, row = max(ratios, key=lambda pair: pair[0])
    return Verdict(goal, f"{ratio:.3f} at most ({row.name})", ratio <= limit)


def _sixty(rows: Rows) -> Verdict:
    goal = ("8 CPUs, a root image of 100 MiB: at most 60 ms, where a stock "
            "kernel shows over a second")
    found = by_point(rows)
    ours = found.get(Point("pool-root", 8, 100))
    systems = [name for name, about in SYSTEMS.items() if not about.pool]
    stock = [row for system in systems
             if (row := found.get(Point(system, 8, 100)))]
    shows = any(row.blackout_ns > STOCK_SHOWS_NS for row in stock)
    if ours is None or not (shows or len(stock) == len(systems)):
        return Verdict(goal, "", None)
    shown = ", ".join(f"{row.system} {row.blackout_ns / MS:,.0f} ms"
                      for row in stock)
    return Verdict(goal, f"{ours.blackout_ns / MS:.1f} ms; {shown}",
                   shows and ours.blackout_ns <= BLACKOUT_GOAL_NS)


def goals(rows: Rows) -> list[Verdict]:
    """What the series is to reach."""
    return [
        _worst(f"8 CPUs take at most {CPUS_GOAL:.2f} of 1 CPU, root image",
               _ratios(rows, {"cpus": 1}, {"cpus": 8, "state_mib": 0},
                       ["pool-root"]), CPUS_GOAL),
        _worst(f"a root image of 300 MiB takes at most {SIZE_GOAL:.2f} of "
               "one of 8 MiB", _ratios(
                   rows, {"payload_mib": 8}, {"payload_mib": 300},
                   ["pool-root"]), SIZE_GOAL),
        _sixty(rows),
        _worst(f"a state volume of 4 GiB takes at most {STATE_GOAL:.2f} of one "
               "of 16 MiB", _ratios(rows, {"state_mib": 16},
                                    {"state_mib": 4096}, ["pool-root"]),
               STATE_GOAL),
    ]


def differences(rows: Rows, before: Rows) -> tuple[int, list[str]]:
    """Compare with an earlier run.

    Returns how many values were compared and differ at all, and a line for
    each that differs by more than the tolerance.
    """
    old = by_point(before)
    differing, lines = 0, []
    for row in rows:
        if key(row) not in old:
            continue
        for name in COMPARED:
            was, now = getattr(old[key(row)], name), getattr(row, name)
            differing += was != now
            if abs(now - was) > TOLERANCE * abs(was):
                lines.append(f"{row.name}: {name}: {was:,} was it, "
                             f"{now:,} is it")
    return differing, lines


def compared(rows: Rows, before: Rows) -> int:
    """How many rows both runs have."""
    return len(by_point(rows).keys() & by_point(before).keys())


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; all but the first column are figures."""
    return ["| " + " | ".join(head) + " |",
            "|---|" + "---:|" * (len(head) - 1),
            *("| " + " | ".join(line) + " |" for line in lines), ""]


def _ms(value: int | None) -> str:
    return "-" if value is None else f"{value / MS:,.2f}"


def _mib(value: int) -> str:
    return f"{value / (1 << 20):,.1f}"


def _grid(rows: Rows, value: Callable[[Row], str]) -> list[str]:
    """CPUs and payload across systems; state volumes of the common sizes."""
    rows = [row for row in rows if row.state_mib in (0, 1024)]
    found = by_point(rows)
    columns = sorted({(list(SYSTEMS).index(row.system), row.state_mib)
                      for row in rows})
    head = ["CPUs, payload"]
    for index, state in columns:
        head.append(list(SYSTEMS)[index]
                    + (f", state {state} MiB" if state else ""))
    lines = []
    for cpus, size in sorted({(row.cpus, row.payload_mib) for row in rows}):
        line = [f"{cpus} CPU{'s' * (cpus > 1)}, {size} MiB"]
        for index, state in columns:
            row = found.get(Point(list(SYSTEMS)[index], cpus, size, state))
            line.append("-" if row is None else value(row))
        lines.append(line)
    return _table(head, lines)


def _state(rows: Rows) -> list[str]:
    """What the size of a state volume costs, with the smallest payload."""
    chosen = [row for row in rows if row.system == "pool-root"
              and row.cpus == min(row.cpus for row in rows)
              and row.payload_mib == min(row.payload_mib for row in rows)]
    return _table(["state volume", "blackout", "from init to its device"], (
        [f"{row.state_mib} MiB" if row.state_mib else "none",
         _ms(row.blackout_ns), _ms(row.state_ready_ns)]
        for row in sorted(chosen, key=lambda row: row.state_mib)))


def _phases(rows: Rows) -> list[str]:
    chosen = [row for row in rows if not row.state_mib]
    return _table(
        ["system, CPUs, payload", *PHASES, "blackout"],
        ([f"{row.system}, {row.cpus}, {row.payload_mib} MiB",
          *(_ms(row.phases_ns.get(phase)) for phase in PHASES),
          _ms(row.blackout_ns)] for row in sorted(
              chosen, key=lambda row: (list(SYSTEMS).index(row.system),
                                       row.payload_mib, row.cpus))))


def markdown(rows: Rows, conditions: Mapping[str, Any]) -> str:
    """All tables."""
    lines = ["# What a reboot takes", "", f"Model: {MODEL}", ""]
    lines += [f"- {name.replace('_', ' ')}: {value}"
              for name, value in conditions.items()]
    lines += ["", "## Goals", ""]
    lines += [f"- {verdict}" for verdict in goals(rows)]
    for title, value in (
            ("Blackout, ms: reboot(2) to the first instruction of init",
             lambda row: _ms(row.blackout_ns)),
            ("Copied in the blackout, MiB",
             lambda row: _mib(row.relocated_bytes)),
            ("Staging, ms: load, or stage and seal",
             lambda row: _ms(row.stage_ns)),
            ("Arming, ms", lambda row: _ms(row.arm_ns)),
            ("Memory that staging takes at most, MiB, beside what is "
             "reserved", lambda row: _mib(row.peak_bytes)),
            ("Memory that is reserved all the time, MiB, without the state "
             "volume", lambda row: _mib(row.reserved_bytes))):
        lines += ["", f"## {title}", "", *_grid(rows, value)]
    lines += ["", "## What a state volume takes, ms", "", *_state(rows)]
    lines += ["", "## Phases, ms, without a state volume", "",
              *_phases(rows)]
    return "\n".join(lines)
