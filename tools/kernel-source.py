#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the files that the kernel series adds as plain source.

    kernel-source.py [--list] [--series DIR] [OUT]

Their content is that after the last patch, to the byte, and neither a kernel
nor a network is needed: a file that the series itself creates is whole in its
patches. OUT, build/kernel-source by default, is brought up to date; what has not
changed keeps its time, so that make builds nothing anew.

Git wrote the patches, from commits that follow each other. So every hunk fits
exactly where it says, and one that does not is an error.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from kernel_stacks import files_of, PATCHES

TOP = Path(__file__).resolve().parents[1]

HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
HEADER = re.compile(rb"diff --git a/(\S+) b/(\S+)\n")
NO_NEWLINE = b"\\ No newline at end of file\n"

# Each file as its lines, with their ends.
Files = dict[str, list[bytes]]


class Bad(Exception):
    """A patch is not what this program expects."""


def series(folder: Path) -> list[Path]:
    """The patches in the order in which they apply."""
    files = files_of(folder)
    if not files:
        raise Bad(f"{folder}: no stack has a file 'series' that names patches")
    return files


class Reader:
    """The lines of a patch, one after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: list[bytes] = re.findall(rb"[^\n]*\n|[^\n]+",
                                              path.read_bytes())
        self._at = 0

    def peek(self) -> bytes:
        """The next line; empty at the end."""
        return self._lines[self._at] if self._at < len(self._lines) else b""

    def take(self) -> bytes:
        """The next line, which is gone then."""
        line = self.peek()
        self._at += 1
        return line

    def bad(self, why: str) -> Bad:
        """An error that tells where."""
        return Bad(f"{self.path}:{self._at}: {why}")


def take_hunk(reader: Reader) -> tuple[int, list[bytes], list[bytes]]:
    """A hunk: the index of its first line, what is there, what is to be."""
    match = HUNK.match(reader.take())
    if not match:
        raise reader.bad("no hunk")
    first = int(match[1])
    counts = [int(match[2] or 1), int(match[4] or 1)]
    sides: tuple[list[bytes], list[bytes]] = ([], [])
    while counts[0] > len(sides[0]) or counts[1] > len(sides[1]):
        line = reader.take()
        touched = {b" ": (0, 1), b"-": (0,), b"+": (1,)}.get(line[:1])
        if touched is None:
            raise reader.bad("a hunk is too short")
        text = line[1:]
        if reader.peek() == NO_NEWLINE:
            reader.take()
            text = text[:-1]
        for side in touched:
            sides[side].append(text)
    # One that takes nothing away has the number of the line that it follows.
    return first - 1 if counts[0] else first, *sides


def apply_hunks(reader: Reader, lines: list[bytes] | None) -> None:
    """Apply the hunks that follow, or only read them if LINES is None."""
    shift = 0
    while reader.peek().startswith(b"@@ "):
        first, before, after = take_hunk(reader)
        if lines is None:
            continue
        first += shift
        if lines[first:first + len(before)] != before:
            raise reader.bad("the hunk does not fit")
        lines[first:first + len(before)] = after
        shift += len(after) - len(before)


def take_header(reader: Reader) -> tuple[str, str, set[bytes]]:
    """The lines before a file's hunks: both names, and what they announce."""
    match = HEADER.fullmatch(reader.take())
    if not match:
        raise reader.bad("a file name with blanks or special characters")
    words: set[bytes] = set()
    while (line := reader.peek()) and not line.startswith((b"@@ ", b"diff ")):
        if line in (b"-- \n", b"GIT binary patch\n"):
            break
        words.add(b" ".join(line.split()[:2]))
        reader.take()
    return match[1].decode(), match[2].decode(), words


def apply_file(reader: Reader, files: Files) -> None:
    """Apply what a patch does to one file, if the series has created it."""
    old, new, words = take_header(reader)
    if reader.peek() == b"GIT binary patch\n":
        raise reader.bad(f"{new} is binary")
    if b"new file" in words:
        files[new] = []
    elif b"rename from" in words and old in files:
        files[new] = files.pop(old)
    elif b"copy from" in words and old in files:
        files[new] = list(files[old])
    elif words & {b"rename from", b"copy from"}:
        raise reader.bad(f"{new} comes from {old} of the kernel")
    apply_hunks(reader, files.get(new))
    if b"deleted file" in words:
        files.pop(old, None)


def final_files(patches: list[Path]) -> Files:
    """The files that the patches add, as they are after the last one."""
    files: Files = {}
    for path in patches:
        reader = Reader(path)
        while line := reader.peek():
            if line.startswith(b"diff --git "):
                apply_file(reader, files)
            else:
                reader.take()
    return files


def present(folder: Path) -> Iterator[Path]:
    """All files below a folder."""
    return (path for path in folder.rglob("*") if not path.is_dir())


def write(files: Files, out: Path) -> None:
    """Make a folder have these files, and no others."""
    out.mkdir(parents=True, exist_ok=True)
    for path in list(present(out)):
        if str(path.relative_to(out)) not in files:
            path.unlink()
    for name, lines in files.items():
        content = b"".join(lines)
        path = out / name
        if path.exists() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def main() -> int:
    """Do what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true",
                        help="only name the files")
    parser.add_argument("--series", type=Path,
                        default=PATCHES / "6.12",
                        help="the folder with the patches")
    parser.add_argument("out", type=Path, nargs="?",
                        default=TOP / "build/kernel-source")
    arguments = parser.parse_args()
    try:
        files = final_files(series(arguments.series))
    except (Bad, OSError) as error:
        print(f"kernel-source: {error}", file=sys.stderr)
        return 1
    if arguments.list:
        print("\n".join(sorted(files)))
    else:
        write(files, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
