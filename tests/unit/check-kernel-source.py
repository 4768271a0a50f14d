#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does tools/kernel-source.py write what git would?

Git makes a series of some commits, and its files are compared with the tree that
it was made from. tools/check-patches.sh does so with the kernel.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/tap"))
import tap

GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
       "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b",
       "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
LONG = [f"line {number}\n" for number in range(100)]


class Series(unittest.TestCase):
    """A repository, the series that it gives, and what becomes of that."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree, self.patches, self.out = (
            Path(folder.name) / name for name in ("tree", "patches", "out"))
        self.tree.mkdir()
        self.git("init", "-q")
        self.commit({"base.c": "".join(LONG), "other.c": "other\n"})
        self.git("tag", "base")

    def git(self, *words: str) -> str:
        """Run git in the repository."""
        return subprocess.run(["git", "-C", self.tree, *words], check=True,
                              env=os.environ | GIT, text=True,
                              stdout=subprocess.PIPE).stdout

    def commit(self, files: dict[str, str | None]) -> None:
        """Write some files, remove those that are None, and commit all."""
        for name, text in files.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text, newline="")
        self.git("add", "-A")
        self.git("commit", "-qm", "area: Change\n\n--- a\n+++ b\n@@ text")

    def export(self, folder: Path, what: str = "base..") -> None:
        """Write a stack of the series."""
        names = self.git("format-patch", "-q", "--find-renames",
                         "--no-signature", "-o", str(folder), what)
        self.assertEqual(names, "")
        (folder / "series").write_text("# a list\n" + "".join(
            f"{path.name}\n" for path in sorted(folder.glob("*.patch"))))

    def run_tool(self) -> subprocess.CompletedProcess[str]:
        """Run the program that is tested."""
        return subprocess.run(
            [TOP / "tools/kernel-source.py", "--series", self.patches,
             self.out], check=False, capture_output=True, text=True)

    def expect_same(self) -> None:
        """The output is what the commits have added."""
        done = self.run_tool()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        added = self.git("diff", "--no-renames", "--diff-filter=A",
                         "--name-only", "base").split()
        self.assertEqual(sorted(added), sorted(
            str(path.relative_to(self.out))
            for path in self.out.rglob("*") if path.is_file()))
        for name in added:
            self.assertEqual((self.out / name).read_bytes(),
                             (self.tree / name).read_bytes(), name)

    def grow(self) -> None:
        """Commits that do all that can be done to a file."""
        self.commit({"a/new.c": "".join(LONG), "a/gone.c": "x\n",
                     "base.c": "".join(LONG[10:]), "a/empty": ""})
        self.commit({"a/new.c": "".join(["first\n", *LONG[5:40], "middle\n",
                                         *LONG[41:], "last"]),
                     "other.c": "another\n"})
        self.commit({"a/new.c": "".join(["first\n", *LONG[5:]]),
                     "a/gone.c": None, "b,c/d.yaml": "odd\rname\r\n"})
        self.commit({"a/new.c": None, "e/new.c": "".join(LONG[6:]),
                     "a/empty": "not any more"})

    def test_all_there_is(self) -> None:
        """Files are created, changed, renamed, removed."""
        self.grow()
        self.export(self.patches / "fastreboot")
        self.expect_same()

    def test_stacks(self) -> None:
        """The series may be in three folders."""
        self.grow()
        self.export(self.patches / "fixes", "base..HEAD~2")
        self.export(self.patches / "boot-time", "HEAD~2..HEAD~1")
        self.export(self.patches / "fastreboot", "HEAD~1..HEAD")
        self.expect_same()

    def test_up_to_date(self) -> None:
        """What has not changed keeps its time, what is no more goes."""
        self.grow()
        self.export(self.patches / "fastreboot")
        self.run_tool()
        kept, changed = self.out / "e/new.c", self.out / "a/empty"
        os.utime(kept, (1, 1))
        changed.write_text("changed")
        (self.out / "more").write_text("x")
        self.expect_same()
        self.assertEqual(kept.stat().st_mtime, 1)

    def refuses(self, before: str, after: str) -> None:
        """A patch in which something was replaced is refused."""
        self.grow()
        self.export(self.patches / "fastreboot")
        path = next(self.patches.glob("*/0002-*"))
        self.assertIn(before, path.read_text())
        path.write_text(path.read_text().replace(before, after))
        done = self.run_tool()
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(path), done.stderr)

    def test_context_differs(self) -> None:
        """A hunk that would have to be guessed."""
        self.refuses(" line 42\n", " line 24\n")

    def test_place_differs(self) -> None:
        """A hunk that fits elsewhere."""
        self.refuses("@@ -1,8 +1,4 @@", "@@ -2,8 +2,4 @@")

    def test_cut_off(self) -> None:
        """A hunk that is too short."""
        self.refuses(" line 42\n", "")

    def test_no_series(self) -> None:
        """A folder without one."""
        self.assertEqual(self.run_tool().returncode, 1)


if __name__ == "__main__":
    sys.exit(tap.run_tests(tap.from_unittest("kernel-source", (Series,)),
                           tap.arguments_of(__doc__).parse_args()))
