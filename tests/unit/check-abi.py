#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden test of docs/abi*.md: names that others rely on, in both directions.

These pages have tables, each behind a line "<!-- abi: NAME -->". Of a row count
the cells that are in backquotes as a whole; other cells explain. For each table
a function in abi/ finds the same rows in what the programs are made from. A row
that only one side has is a failure: a change of a name is one of the table, too,
and there it can be seen to be an ABI.

    check-abi.py [--list | --dump NAME]

prints TAP, for prove(1). --dump prints the rows that the sources have, as a table.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable

from abi import interface, kernel, programs
from abi.sources import FINDERS, TOP, Broken, Row

# Each of them registers its finders.
MODULES = (interface, programs, kernel)


def read_tables() -> dict[str, list[Row]]:
    """The tables of all pages."""
    tables: dict[str, list[Row]] = {}
    rows: list[Row] | None = None
    pages = sorted((TOP / "docs").glob("abi*.md"))
    lines = [line for page in pages for line in page.read_text().splitlines()]
    for line in lines:
        if match := re.fullmatch(r"<!-- abi: (\w+) -->", line):
            rows = tables.setdefault(match[1], [])
        elif line.startswith("#"):
            rows = None
        elif line.startswith("| `") and rows is not None:
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            rows.append(tuple(cell[1:-1] for cell in cells
                              if re.fullmatch(r"`[^`]+`", cell)))
    return tables


def compare(name: str, documented: list[Row]) -> Iterable[str]:
    """What is wrong with a table, a line each."""
    try:
        found = FINDERS[name]()
    except (Broken, subprocess.CalledProcessError) as error:
        yield str(error)
        return
    for row in sorted(set(documented) - found):
        yield f"the page alone has: {'  '.join(row)}"
    for row in sorted(found - set(documented)):
        yield f"the page lacks: {'  '.join(row)}"
    for row in sorted({row for row in documented if documented.count(row) > 1}):
        yield f"the page has twice: {'  '.join(row)}"


def dump(name: str) -> None:
    """Print what the sources have."""
    for row in sorted(FINDERS[name]()):
        print("".join(f"| `{cell}` " for cell in row) + "|")


def check() -> int:
    """Compare all tables; print TAP."""
    tables = read_tables()
    names = list(FINDERS)
    failed = 0
    print(f"1..{len(names) + 1}")
    for number, name in enumerate(names, 1):
        wrong = list(compare(name, tables.pop(name, [])))
        print(f"{'not ok' if wrong else 'ok'} {number} - abi.{name}")
        failed += bool(wrong)
        for line in wrong:
            print(f"# {line}")
    print(f"{'not ok' if tables else 'ok'} {len(names) + 1} - abi.no_other")
    for name in tables:
        print(f"# there is a table that is not checked: {name}")
    return 1 if failed or tables else 0


def main() -> int:
    parser = argparse.ArgumentParser()
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--list", action="store_true")
    group.add_argument("--dump", metavar="NAME", choices=FINDERS)
    wanted = parser.parse_args()
    if wanted.list:
        print("\n".join(f"abi.{name}" for name in (*FINDERS, "no_other")))
        return 0
    if wanted.dump:
        dump(wanted.dump)
        return 0
    return check()


if __name__ == "__main__":
    sys.exit(main())
