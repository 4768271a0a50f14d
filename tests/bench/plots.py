# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of results, which have to tell without the text around them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, NullLocator
from measure import PHASES, SYSTEMS, Point, Row
from results import MODEL, MS, by_point

matplotlib.use("Agg")

# Colours that are told apart in grey as well, and by readers that see few
# colours.
STYLES: dict[str, dict[str, Any]] = {
    "stock-kexec-load": {"color": "#7a1f1f", "marker": "v",
                         "linestyle": ":"},
    "stock-kexec-file": {"color": "#d1661a", "marker": "s",
                         "linestyle": "--"},
    "pool-initramfs": {"color": "#5aa5d6", "marker": "o",
                       "linestyle": "-."},
    "pool-root": {"color": "#0b3c6f", "marker": "D", "linestyle": "-"},
}
NAMES = {
    "stock-kexec-load": "stock, kexec_load(2) and purgatory",
    "stock-kexec-file": "stock, kexec_file_load(2)",
    "pool-initramfs": "pool, initramfs",
    "pool-root": "pool, root image",
}
PHASE_STYLES = {
    "devices_down": ("#1b1b3a", "", "devices are shut down"),
    "cpus_down": ("#b5452c", "////", "other CPUs are stopped"),
    "jump": ("#f2c14e", "", "last steps of the old kernel"),
    "kernel_entry": ("#6b8e9f", "....",
                     "the jump: copying, purgatory's check"),
    "init": ("#cfd8dc", "", "the next kernel, up to its init"),
}
SIZE = (8.0, 5.2)
DPI = 150


def _new(title: str) -> tuple[Any, Any]:
    figure, axes = pyplot.subplots(figsize=SIZE, layout="constrained")
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", pad=44)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path, conditions: str) -> None:
    figure.supxlabel(f"{MODEL}\n{conditions}", fontsize=7, color="#444444",
                     x=0.01, ha="left")
    for suffix in (".png", ".svg"):
        figure.savefig(path.with_suffix(suffix), dpi=DPI,
                       metadata={"Date": None} if suffix == ".svg" else None)
    pyplot.close(figure)


def _milliseconds(value: float, _: int = 0) -> str:
    if value >= 1000:
        return f"{value / 1000:g} s"
    return f"{value:g} ms"


def _log_axis(axes: Any, values: list[float]) -> None:
    """From a round number below to one above, 1, 2 and 5 of each decade."""
    ticks = [step * 10.0 ** decade for decade in range(-3, 7)
             for step in (1, 2, 5)]
    low = max(tick for tick in ticks if tick < min(values) * 0.8)
    high = min(tick for tick in ticks if tick > max(values) * 1.25)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_yticks([tick for tick in ticks if low <= tick <= high])
    axes.yaxis.set_major_formatter(FuncFormatter(_milliseconds))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)


def _lines(axes: Any, rows: Sequence[Row], across: str) -> None:
    """A line a system, with its figures at both ends."""
    values = []
    for system, style in STYLES.items():
        chosen = sorted((row for row in rows if row.system == system),
                        key=lambda row: int(getattr(row, across)))
        if not chosen:
            continue
        places = [getattr(row, across) for row in chosen]
        taken = [row.blackout_ns / MS for row in chosen]
        values += taken
        axes.plot(places, taken, label=NAMES[system], markersize=6,
                  linewidth=1.8, **style)
        below = system == "pool-root"
        for index in sorted({0, len(places) - 1}):
            axes.annotate(
                f"{taken[index]:,.1f} ms" if taken[index] < 100
                else f"{taken[index]:,.0f} ms", (places[index], taken[index]),
                textcoords="offset points", xytext=(0, -13 if below else 7),
                ha="center", fontsize=8, color=style["color"],
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    _log_axis(axes, values)
    ticks = sorted({getattr(row, across) for row in rows})
    axes.set_xticks(ticks, [f"{tick}" for tick in ticks])
    axes.set_ylabel("blackout: reboot(2) to init, logarithmic")
    axes.legend(fontsize=8.5, frameon=False, ncols=2, loc="lower left",
                bbox_to_anchor=(-0.02, 1.0))


def _chosen(rows: Sequence[Row], **wanted: int) -> list[Row]:
    return [row for row in rows
            if all(getattr(row, name) == value
                   for name, value in wanted.items())]


def _largest(rows: Sequence[Row], name: str, preferred: int) -> int:
    """The preferred value if it was measured, else the largest that was."""
    found: set[int] = {getattr(row, name) for row in rows}
    return preferred if preferred in found else max(found)


def against_cpus(rows: Sequence[Row], out: Path, conditions: str) -> None:
    """Blackout against CPUs."""
    size = _largest(rows, "payload_mib", 100)
    figure, axes = _new(f"Blackout by number of CPUs, payload of {size} MiB")
    _lines(axes, _chosen(rows, payload_mib=size, state_mib=0), "cpus")
    axes.set_xlabel("CPUs")
    _save(figure, out / "blackout-cpus", conditions)


def against_payload(rows: Sequence[Row], out: Path, conditions: str) -> None:
    """Blackout against payload."""
    cpus = _largest(rows, "cpus", 8)
    figure, axes = _new(f"Blackout by size of the payload's root file "
                        f"system, {cpus} CPUs")
    _lines(axes, _chosen(rows, cpus=cpus, state_mib=0), "payload_mib")
    axes.set_xlabel("payload, MiB")
    _save(figure, out / "blackout-payload", conditions)


def _bar(axes: Any, place: float, row: Row, scale: float) -> None:
    """One bar of phases, and its sum."""
    left = 0.0
    for phase in PHASES:
        width = (row.phases_ns.get(phase) or 0) / MS
        color, hatch, _ = PHASE_STYLES[phase]
        axes.barh(place, width, left=left, height=0.62, color=color,
                  hatch=hatch, edgecolor="white", linewidth=0.4)
        left += width
    axes.annotate(f"{left:,.1f} ms" if left < 100 else f"{left:,.0f} ms",
                  (left, place), textcoords="offset points", xytext=(4, 0),
                  va="center", fontsize=8)
    axes.set_xlim(0, scale)


def _bars(axes: Any, bars: Sequence[Row]) -> None:
    """Bars from top to bottom."""
    scale = max((row.blackout_ns for row in bars), default=1) / MS * 1.12
    for place, row in enumerate(bars):
        _bar(axes, place, row, scale)
    axes.set_yticks(range(len(bars)), [
        f"{NAMES[row.system]}\n{row.cpus} CPU{'s' * (row.cpus > 1)}"
        for row in bars], fontsize=8)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(FuncFormatter(
        lambda value, _: f"{value:,.0f} ms"))
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def phases(rows: Sequence[Row], out: Path, conditions: str) -> None:
    """Stacked bars of the phases: all systems, and those of the pool alone.

    What is left with the pool is too short to see beside stock.
    """
    size = _largest(rows, "payload_mib", 100)
    found = by_point(_chosen(rows, payload_mib=size, state_mib=0))
    cpus = {row.cpus for row in found.values()}
    bars = [row for system in SYSTEMS for count in (min(cpus), max(cpus))
            if (row := found.get(Point(system, count, size)))]
    figure, (upper, lower) = pyplot.subplots(
        2, 1, figsize=(8.0, 7.6), layout="constrained",
        height_ratios=(2, 1.1))
    figure.suptitle(f"Where the blackout goes, payload of {size} MiB", x=0.01,
                    ha="left", fontsize=11, fontweight="bold")
    _bars(upper, bars)
    _bars(lower, [row for row in bars if SYSTEMS[row.system].pool])
    lower.set_title("those with a pool again, at another scale", loc="left",
                    fontsize=9)
    upper.legend(handles=[
        pyplot.Rectangle((0, 0), 1, 1, facecolor=color, hatch=hatch,
                         edgecolor="white", label=text)
        for color, hatch, text in PHASE_STYLES.values()],
        fontsize=8, frameon=False, ncols=2, loc="lower left",
        bbox_to_anchor=(-0.25, 1.0))
    _save(figure, out / "phases", conditions)


def draw(rows: Sequence[Row], out: Path, conditions: str) -> None:
    """All pictures."""
    matplotlib.rcParams["svg.hashsalt"] = "fastreboot"
    matplotlib.rcParams["svg.fonttype"] = "none"
    against_cpus(rows, out, conditions)
    against_payload(rows, out, conditions)
    phases(rows, out, conditions)
