#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmark makes of its figures."""

from __future__ import annotations

import json
import struct
import sys
import unittest
from pathlib import Path
from typing import Any

import images
import measure
import profiling
import results
from measure import Point, Row
from oneshot import Line, ScenarioFailure, parse
from results import MS

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tap"))
import tap

ROW = Row("pool-root", 1, 8, blackout_ns=50 * MS, stage_ns=100 * MS,
          peak_bytes=4096, phases_ns=dict.fromkeys(measure.PHASES, 10 * MS))


def rows(*changes: dict[str, Any]) -> list[Row]:
    """Rows that differ from ROW."""
    return [results.row_from(results.row_to(ROW) | change)
            for change in changes]


class Goals(unittest.TestCase):
    """Are goals judged as they are meant?"""

    def met(self, *changes: dict[str, Any]) -> list[bool | None]:
        """Verdicts on all goals."""
        return [verdict.met for verdict in results.goals(rows(*changes))]

    def test_nothing(self) -> None:
        """What was not measured is neither met nor missed."""
        self.assertEqual(self.met({}), [None] * 4)

    def test_cpus(self) -> None:
        """1.10 is met, more is not; the largest counts."""
        more = {"cpus": 8, "blackout_ns": 55 * MS}
        self.assertTrue(self.met({}, more)[0])
        self.assertIs(self.met({}, more | {"blackout_ns": 55 * MS + 1})[0],
                      False)
        other = {"payload_mib": 32}
        self.assertIs(self.met({}, more, other, other | more
                               | {"blackout_ns": 90 * MS})[0], False)

    def test_initramfs_is_no_root_image(self) -> None:
        """The goals are about root images."""
        other = {"system": "pool-initramfs"}
        self.assertIsNone(self.met(other, other | {"cpus": 8})[0])

    def test_size(self) -> None:
        """A state volume is compared with the same one."""
        large = {"payload_mib": 300, "blackout_ns": 51 * MS}
        self.assertTrue(self.met({}, large)[1])
        self.assertIs(self.met({}, large | {"blackout_ns": 52 * MS})[1],
                      False)
        self.assertIsNone(self.met({"state_mib": 1024}, large)[1])

    def test_sixty(self) -> None:
        """Both halves have to be true."""
        ours = {"cpus": 8, "payload_mib": 100, "blackout_ns": 60 * MS}
        stock = ours | {"system": "stock-kexec-file",
                        "blackout_ns": 1001 * MS}
        self.assertTrue(self.met(ours, stock)[2])
        self.assertIs(self.met(ours | {"blackout_ns": 60 * MS + 1}, stock)[2],
                      False)
        quick = stock | {"blackout_ns": 1000 * MS}
        self.assertIs(self.met(ours, quick,
                               quick | {"system": "stock-kexec-load"})[2],
                      False)
        self.assertIsNone(self.met(ours)[2])
        # The other stock one may show it.
        self.assertIsNone(self.met(ours, quick)[2])

    def test_state(self) -> None:
        """The size of a state volume counts, that there is one does not."""
        small, large = {"state_mib": 16}, {"state_mib": 4096}
        self.assertTrue(self.met(small, large)[3])
        self.assertIs(self.met(small, large | {"blackout_ns": 52 * MS})[3],
                      False)
        self.assertIsNone(self.met({}, large)[3])


class Comparison(unittest.TestCase):
    """Is a run compared with the one before it?"""

    def test_same(self) -> None:
        """To the digit."""
        self.assertEqual(results.differences([ROW], [ROW]), (0, []))

    def test_a_little(self) -> None:
        """A percent differs, and is not told."""
        other = rows({"blackout_ns": ROW.blackout_ns * 101 // 100})
        self.assertEqual(results.differences(other, [ROW]), (1, []))

    def test_much(self) -> None:
        """More than a percent is, up or down, and from nothing."""
        for change in ({"blackout_ns": ROW.blackout_ns * 102 // 100},
                       {"stage_ns": ROW.stage_ns * 98 // 100},
                       {"relocated_bytes": 1}):
            count, lines = results.differences(rows(change), [ROW])
            self.assertEqual((count, len(lines)), (1, 1))
            self.assertIn(next(iter(change)), lines[0])

    def test_other_points(self) -> None:
        """What the last run lacks is not compared."""
        other = rows({"cpus": 2, "blackout_ns": 1})
        self.assertEqual(results.differences(other, [ROW]), (0, []))
        self.assertEqual(results.compared(other, [ROW]), 0)

    def test_json(self) -> None:
        """A row survives being written and read, with what others add."""
        entry = json.loads(json.dumps(results.row_to(ROW))) | {"new": 1}
        self.assertEqual(results.row_from(entry), ROW)


class Tables(unittest.TestCase):
    """Are tables whole?"""

    def test_columns(self) -> None:
        """Every line of a table has as many columns."""
        text = results.markdown(rows({}, {"state_mib": 1024}, {
            "system": "stock-kexec-file", "cpus": 8,
            "phases_ns": {"devices_down": None}}), {"clock": "x"})
        widths: set[int] = set()
        for line in [*text.splitlines(), ""]:
            if line.startswith("|"):
                widths.add(line.count("|"))
            else:
                self.assertLessEqual(len(widths), 1)
                widths.clear()
        self.assertIn(results.MODEL, text)
        self.assertIn("50.00", text)


class Measuring(unittest.TestCase):
    """Is the console read as it is meant?"""

    CONSOLE = (b"# qemu\n[    0.100000] frb: ready release=x cpus=1 begin=5\r\n"
               b"[    0.200000] frb: jump out counter=12500\r\n"
               b"[    0.203000] kexec_core: Starting new kernel\r\n"
               b"[    0.205000] psci: CPU1 killed (polled 0 ms)\r\n"
               b"[    0.206000] Bye!\r\n\n"
               b"frb: entry 0000000000100000\n"
               b"[    0.000000] Booting\r\n"
               b"[    0.300000] frb: ready release=y cpus=1 begin=2000000\r\n")

    def test_lines(self) -> None:
        """Time stamps are taken off."""
        output = parse(self.CONSOLE)
        self.assertEqual(output.lines[0], Line("# qemu"))
        self.assertEqual(output.lines[3], Line(
            "kexec_core: Starting new kernel", 203_000_000))
        self.assertEqual([boot["release"] for boot in output.boots()],
                         ["x", "y"])
        self.assertEqual(output.answer("jump"), ["counter=12500"])
        self.assertEqual(output.answer("jump", boot=1), [])

    def test_errors(self) -> None:
        """What a command could not do ends the measurement."""
        output = parse(b"frb: ready a=1\nfrb: load error ENOENT open x\n")
        with self.assertRaises(ScenarioFailure):
            output.answer("load")

    def test_stock_phases(self) -> None:
        """Phases are found, and add up to the blackout."""
        output = parse(self.CONSOLE)
        blackout = measure.blackout_of(output)
        found = measure.durations(measure.stock_stamps(output, 12500),
                                  blackout)
        self.assertEqual(found["devices_down"], 1 * MS)
        self.assertEqual(found["cpus_down"], 2 * MS)
        self.assertEqual(found["jump"], 1 * MS)
        self.assertEqual(sum(value or 0 for value in found.values()),
                         blackout)

    def test_unknown_phase(self) -> None:
        """It counts for the next."""
        stamps: dict[str, int | None] = {
            "devices_down": 1, "cpus_down": None, "jump": 5,
            "kernel_entry": 6}
        self.assertEqual(measure.durations(stamps, 10), {
            "devices_down": 1, "cpus_down": None, "jump": 4,
            "kernel_entry": 1, "init": 4})

    def test_points(self) -> None:
        """Names are the points'."""
        self.assertEqual(Point("pool-root", 8, 100).name,
                         "pool-root-8-cpus-100-mib-state-0")
        self.assertEqual(results.key(ROW), Point("pool-root", 1, 8))

    def test_branches(self) -> None:
        """Branches go where they should, forwards and backwards."""
        # pylint: disable=protected-access
        for start, target in ((4, 0x790000), (0x790100, 0x40), (8, 8)):
            image = bytes(start) + images._branch(start, target)
            self.assertEqual(images._branch_target(image, start), target)
        with self.assertRaises(ValueError):
            images._branch_target(struct.pack("<I", 0xd503201f), 0)

    def test_profile(self) -> None:
        """Functions of the same name, and names with blanks, add up."""
        profile = profiling.parse("total 60\nfunction f 1 2\nfunction f 3 4\n"
                                  "function [user space] 20 30\nstep f 60\n")
        self.assertEqual(profile.functions, {"f": 10, "[user space]": 50})
        self.assertEqual((profile.total, profile.steps), (60, {"f": 60}))


def main() -> int:
    """Run the tests that match; return the exit status."""
    tests = tap.from_unittest("bench", (Goals, Comparison, Tables, Measuring))
    return tap.run_tests(tests, tap.arguments_of(__doc__).parse_args())


if __name__ == "__main__":
    sys.exit(main())
