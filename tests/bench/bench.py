#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure reboots side by side: stock kernels, and this series.

README.md tells what is measured and how. Writes results.json, results.md and
pictures to build/bench. What was measured is kept until the run is complete:
one that was interrupted goes on where it was. Then it is compared with the
run before it.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TextIO

import results
from measure import (MEMORY_MIB, POOL_MIB, QUIET, SYSTEMS, Lab, Point, Row,
                     machine, measure)
from oneshot import TOP, ScenarioFailure, qemu

OUT = TOP / "build" / "bench"
CPUS = (1, 2, 4, 8)
PAYLOADS_MIB = (8, 32, 100, 300)
STATES_MIB = (0, 1024)
# To see what the size of a state volume costs; not with all that is above.
STATE_COST_MIB = (16, 4096)
QUICK_CPUS = (1, 8)
QUICK_PAYLOADS_MIB = (8, 100)


def grid(cpus: Sequence[int], payloads: Sequence[int]) -> list[Point]:
    """All points; what takes longest first, so that none is left alone."""
    points = [Point(system, count, size, state)
              for system, about in SYSTEMS.items() for count in cpus
              for size in payloads
              for state in (STATES_MIB if about.pool else (0,))]
    points += [Point("pool-root", min(cpus), min(payloads), state)
               for state in STATE_COST_MIB]
    return sorted(points, key=lambda point: (
        -point.payload_mib, not SYSTEMS[point.system].tools, point))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true",
                        help="1 and 8 CPUs, 8 and 100 MiB only")
    parser.add_argument("--only", metavar="PART", action="append",
                        help="points with that in their name, for example "
                        "pool-root-8-cpus; may be given more than once. "
                        "results.json then has these only")
    parser.add_argument("--list", action="store_true",
                        help="name the points and end")
    parser.add_argument("--jobs", type=int, default=2, metavar="N",
                        help="machines at a time (default: %(default)s)")
    parser.add_argument("--strict", action="store_true",
                        help="fail if a result differs by more than 1 %% from "
                        "the last run's, or misses a goal")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR",
                        help="where the results go (default: build/bench)")
    return parser.parse_args()


def conditions(lab: Lab) -> dict[str, Any]:
    """What the figures were measured with."""
    version = subprocess.run([qemu.QEMU, "--version"], check=True,
                             capture_output=True, text=True).stdout
    hashes = {f"kernel_{name}": hashlib.sha256(
        lab.kernel(name).read_bytes()).hexdigest()[:16]
        for name in sorted({about.kernel for about in SYSTEMS.values()})}
    return {
        "qemu": version.splitlines()[0],
        "machine": "virt, cortex-a72, EL1, 4 KiB pages, GICv3 without ITS, "
                   "nokaslr",
        "clock": "-icount shift=0,sleep=off",
        "memory": f"{MEMORY_MIB} MiB, and the state volume",
        "pool": f"{POOL_MIB} MiB, and the state volume",
        "command_line": machine(Point("", 1, 0)).command_line(QUIET),
        **hashes,
    }


def fingerprint(found: dict[str, Any], lab: Lab) -> str:
    """Differs if results may: what is measured, with what, by what."""
    digest = hashlib.sha256(json.dumps(found).encode())
    digest.update(lab.init.read_bytes())
    for path in sorted(Path(__file__).parent.glob("*.[pSi]*")):
        if path.name not in ("plots.py", "profiling.py", "results.py"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Progress:
    """What was measured so far, on disk as well."""

    def __init__(self, path: Path, mark: str) -> None:
        self.rows: dict[Point, Row] = {}
        self._path = path
        self._mark = mark
        self._lock = threading.Lock()
        if path.exists():
            kept = json.loads(path.read_text(encoding="ascii"))
            if kept["fingerprint"] == mark:
                self.rows = results.by_point(map(results.row_from,
                                                 kept["rows"]))

    def add(self, row: Row) -> None:
        """One more."""
        with self._lock:
            self.rows[results.key(row)] = row
            write_json(self._path, {
                "fingerprint": self._mark,
                "rows": [results.row_to(one) for one in self.rows.values()]})

    def end(self) -> None:
        """All is done."""
        self._path.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write a file in one go."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content, indent=2) + "\n", encoding="ascii")
    fresh.replace(path)


def take(point: Point, lab: Lab, progress: Progress) -> None:
    """Measure a point and tell."""
    start = time.monotonic()
    row = measure(point, lab)
    progress.add(row)
    print(f"  {point.name:<48}{row.blackout_ns / results.MS:>12,.2f} ms"
          f"{time.monotonic() - start:>9.0f} s", flush=True)


def take_all(points: list[Point], lab: Lab, progress: Progress,
             jobs: int) -> list[str]:
    """Measure what is missing; return what has failed."""
    missing = [point for point in points if point not in progress.rows]
    if len(missing) < len(points):
        print(f"  {len(points) - len(missing)} points were measured before "
              "this run was interrupted")
    broken = []
    with ThreadPoolExecutor(jobs) as pool:
        futures: list[tuple[Point, Future[None]]] = [
            (point, pool.submit(take, point, lab, progress))
            for point in missing]
        try:
            for point, future in futures:
                try:
                    future.result()
                except ScenarioFailure as failure:
                    broken.append(f"{point.name}: {failure}")
                    print(f"  {broken[-1]}", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return broken


def read_last(path: Path) -> dict[str, Any] | None:
    """The run before."""
    if not path.exists():
        return None
    last = json.loads(path.read_text(encoding="ascii"))
    return last if last.get("schema") == results.SCHEMA else None


def tell_differences(rows: list[Row], last: dict[str, Any] | None,
                     found: dict[str, Any]) -> list[str]:
    """Compare with the last run and say what came of it."""
    if last is None:
        print("\n  The first run: nothing to compare with.")
        return []
    before = [results.row_from(entry) for entry in last["rows"]]
    count = results.compared(rows, before)
    differing, lines = results.differences(rows, before)
    changed = [name for name, value in found.items()
               if last["conditions"].get(name) != value]
    if changed:
        print(f"\n  Not the same as in the last run: {', '.join(changed)}")
    if not count:
        print("\n  The last run has measured something else.")
    elif not differing:
        print(f"\n  It repeats the last run to the digit: {count} rows.")
    elif not lines:
        print(f"\n  {differing} values of {count} rows differ from the last "
              "run's, none by more than 1 %.")
    else:
        print(f"\n  {len(lines)} VALUES DIFFER FROM THE LAST RUN'S BY MORE "
              "THAN 1 %:")
        print("\n".join(f"    {line}" for line in lines))
    return lines


def write_results(out: Path, rows: list[Row], found: dict[str, Any]) -> None:
    """results.json, results.md, pictures."""
    import plots  # pylint: disable=import-outside-toplevel
    write_json(out / "results.json", {
        "schema": results.SCHEMA, "model": results.MODEL, "conditions": found,
        "goals": [verdict.__dict__ for verdict in results.goals(rows)],
        "rows": [results.row_to(row) for row in rows]})
    (out / "results.md").write_text(results.markdown(rows, found),
                                    encoding="ascii")
    plots.draw(rows, out, f"{found['qemu'].split(' (')[0]}, "
               f"{found['clock']}; {found['machine']}; "
               f"{MEMORY_MIB // 1024} GiB")


def bench(arguments: argparse.Namespace, points: list[Point]) -> int:
    """Do it; return the exit status."""
    lab = Lab(TOP / "build", arguments.out)
    found = conditions(lab)
    last = read_last(arguments.out / "results.json")
    progress = Progress(arguments.out / "partial.json",
                        fingerprint(found, lab))
    print(f"Blackouts: {len(points)} points, {arguments.jobs} at a time")
    broken = take_all(points, lab, progress, arguments.jobs)
    if broken:
        print(f"bench: {len(broken)} points have failed; the others are kept "
              "for the next run", file=sys.stderr)
        return 1
    rows = [progress.rows[point] for point in sorted(points)]
    lines = tell_differences(rows, last, found)
    write_results(arguments.out, rows, found)
    progress.end()
    verdicts = results.goals(rows)
    print()
    for verdict in verdicts:
        print(f"  {verdict}")
    print(f"\n  {results.MODEL}\n  {arguments.out / 'results.md'}")
    missed = any(verdict.met is False for verdict in verdicts)
    return 1 if arguments.strict and (lines or missed) else 0


def take_folder(folder: Path) -> TextIO:
    """Have a folder for this run alone until what is returned is closed."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = open(folder / ".lock", "w",  # pylint: disable=consider-using-with
                encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"bench: another one writes to {folder}; wait for it, or "
                 "name a folder with --out")
    return lock


def main() -> int:
    """Do what the command line asks for; return the exit status."""
    arguments = parse_arguments()
    points = (grid(QUICK_CPUS, QUICK_PAYLOADS_MIB) if arguments.quick
              else grid(CPUS, PAYLOADS_MIB))
    points = [point for point in points
              if any(part in point.name for part in arguments.only or [""])]
    if arguments.list or not points:
        print("\n".join(point.name for point in points)
              or "no point has that in its name")
        return 0 if points else 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with take_folder(arguments.out):
            return bench(arguments, points)
    except KeyboardInterrupt:
        print("interrupted; the next run goes on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
