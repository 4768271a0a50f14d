#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The series' tool, tools/kernel-series.py, on trees of a few lines.

There are two bases. Both have core.c, with other content around the line that
the series changes; new.c is a file that the series adds.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
TOOL = TOOLS / "kernel-series.py"
OLD, NEW = "6.12", "6.18"
IDENTITY = {f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", "A Name"), ("EMAIL", "a@localhost"),
                               ("DATE", "2026-01-01T00:00:00Z"))}
ENVIRONMENT = os.environ | IDENTITY | {"GIT_CONFIG_GLOBAL": "/dev/null",
                                       "GIT_CONFIG_SYSTEM": "/dev/null"}
CORE = {OLD: ["one", "hook", "two"],
        NEW: ["much", "more", "before", "the", "hook", "two"]}
ROW = "| {number} | {subject} | what for | not sent |\n"


def run(*words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command; return what it said."""
    done = subprocess.run([str(word) for word in words], env=ENVIRONMENT,
                          check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if check and done.returncode:
        raise AssertionError(f"{words}: {done.stdout}")
    return done


class SeriesTest(unittest.TestCase):
    """A folder with the tool, empty kernel-patches, and trees."""

    def setUp(self) -> None:
        # pylint: disable=consider-using-with
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.top = Path(temporary.name)
        self.patches = self.top / "kernel-patches"
        (self.top / "tools").mkdir()
        for path in (TOOL, TOOLS / "kernel_stacks.py"):
            shutil.copy(path, self.top / "tools")
        for base in (OLD, NEW):
            (self.patches / base).mkdir(parents=True)
            (self.patches / base / "BASE").touch()

    def tool(self, base: str, *words: object) -> str:
        """Run the tool; return its output."""
        return run(sys.executable, self.top / "tools" / TOOL.name, "--base",
                   base, *words).stdout

    def refused(self, base: str, *words: object) -> str:
        """Run the tool, which must fail; return why it does."""
        done = run(sys.executable, self.top / "tools" / TOOL.name, "--base",
                   base, *words, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertTrue(done.stdout.startswith("kernel-series: "), done.stdout)
        return done.stdout

    def tree(self, base: str) -> Path:
        """A new tree, with the base and nothing else."""
        tree = Path(tempfile.mkdtemp(prefix=f"{base}-", dir=self.top))
        run("git", "-C", tree, "init", "-q", "-b", "fastreboot")
        self.commit(tree, "Base", {"core.c": CORE[base]})
        run("git", "-C", tree, "tag", "base")
        return tree

    def commit(self, tree: Path, subject: str, files: dict[str, list[str]],
               stack: str = "") -> None:
        """Commit files, with a trailer if a stack is given."""
        for name, lines in files.items():
            (tree / name).parent.mkdir(exist_ok=True)
            (tree / name).write_text("".join(f"{line}\n" for line in lines),
                                     encoding="ascii")
        trailer = f"\nStack: {stack}" if stack else ""
        run("git", "-C", tree, "add", "-A")
        run("git", "-C", tree, "commit", "-q", "-m",
            f"{subject}\n\nWhy.\n\nSigned-off-by: A Name{trailer}")

    def worked_on(self, base: str, new: tuple[str, ...] = ("a", "b"),
                  last: tuple[str, ...] = ("a", "b", "c")) -> Path:
        """A tree with a series: a fix, then two patches about new.c."""
        tree = self.tree(base)
        core = CORE[base]
        self.commit(tree, "core: Mend it",
                    {"core.c": [*core[:-1], "mended"]}, "fixes")
        self.commit(tree, "fast: Add it",
                    {"core.c": [*core[:-2], "hooked", "mended"],
                     "fast/new.c": list(new)}, "fastreboot")
        self.commit(tree, "fast: Extend it", {"fast/new.c": list(last)})
        return tree

    def content(self, tree: Path) -> str:
        """What is in a tree, as git's id of it."""
        return run("git", "-C", tree, "rev-parse", "HEAD^{tree}").stdout

    def applied(self, base: str) -> Path:
        """A new tree with the series applied."""
        tree = self.tree(base)
        self.tool(base, "apply", tree)
        return tree

    def files(self, base: str) -> dict[str, str]:
        """All files of a base's series."""
        top = self.patches / base
        return {str(path.relative_to(top)): path.read_text(encoding="utf-8")
                for path in sorted(top.rglob("*")) if path.is_file()}

    def patch(self, base: str, name: str) -> str:
        """A patch, by stack and file."""
        return self.files(base)[f"{name}.patch"]


class Stacks(SeriesTest):
    """One base: stacks, there and back."""

    def test_folders(self) -> None:
        """A folder a stack, each numbered from 1, without trailers."""
        self.tool(OLD, "export", self.worked_on(OLD))
        files = self.files(OLD)
        self.assertEqual(list(files), [
            "BASE", "fastreboot/0001-fast-Add-it.patch",
            "fastreboot/0002-fast-Extend-it.patch", "fastreboot/series",
            "fixes/0001-core-Mend-it.patch", "fixes/series"])
        self.assertEqual(files["fastreboot/series"],
                         "0001-fast-Add-it.patch\n0002-fast-Extend-it.patch\n")
        self.assertNotIn("Stack:", "".join(files.values()))

    def test_round_trip(self) -> None:
        """What is applied is what was exported, and exports to the same."""
        worked_on = self.worked_on(OLD)
        self.tool(OLD, "export", worked_on)
        before = self.files(OLD)
        tree = self.applied(OLD)
        self.assertEqual(self.content(tree), self.content(worked_on))
        self.tool(OLD, "export", tree)
        self.assertEqual(self.files(OLD), before)

    def test_git_am(self) -> None:
        """The files of the first base are all that git am needs."""
        worked_on = self.worked_on(OLD)
        self.tool(OLD, "export", worked_on)
        tree = self.tree(OLD)
        for stack in ("fixes", "fastreboot"):
            run("git", "-C", tree, "am", "-q",
                *sorted((self.patches / OLD / stack).glob("0*.patch")))
        self.assertEqual(self.content(tree), self.content(worked_on))

    def test_without_trailer(self) -> None:
        """A patch that is known stays, a new one follows the one before."""
        self.tool(OLD, "export", self.worked_on(OLD))
        tree = self.applied(OLD)
        run("git", "-C", tree, "commit", "-q", "--amend", "-m",
            "fast: Extend it\n\nWithout a trailer.")
        self.commit(tree, "fast: Say more", {"fast/more.c": ["x"]})
        self.tool(OLD, "export", tree)
        self.assertEqual(self.files(OLD)["fastreboot/series"].splitlines(),
                         ["0001-fast-Add-it.patch",
                          "0002-fast-Extend-it.patch",
                          "0003-fast-Say-more.patch"])

    def test_removed(self) -> None:
        """A patch that is gone leaves no file behind; other files stay."""
        tree = self.worked_on(OLD)
        self.tool(OLD, "export", tree)
        letter = self.patches / OLD / "fixes" / "0000-cover-letter.txt"
        letter.write_text("Subject: x\n", encoding="ascii")
        run("git", "-C", tree, "reset", "-q", "--hard", "HEAD^")
        self.tool(OLD, "export", tree)
        self.assertNotIn("fastreboot/0002-fast-Extend-it.patch",
                         self.files(OLD))
        self.assertTrue(letter.exists())

    def test_bad_order(self) -> None:
        """A fix after fast reboot, an unknown stack, a subject twice."""
        for stack, subject, words in (
                ("fixes", "core: Late", "comes after patches of fastreboot"),
                ("others", "core: Lost", "there is no stack others"),
                ("", "fast: Add it", "two patches have the subject")):
            tree = self.worked_on(OLD)
            self.commit(tree, subject, {"late.c": ["x"]}, stack)
            self.assertIn(words, self.refused(OLD, "export", tree))
        self.assertEqual(list(self.files(OLD)), ["BASE"])

    def test_ids(self) -> None:
        """They tell of content, of the stack, and of the subject."""
        tree = self.worked_on(OLD)
        self.tool(OLD, "export", tree)
        self.assertEqual(self.tool(OLD, "ids", tree), self.tool(OLD, "ids"))
        for message in ("fast: Extend\n", "fast: Extend it\n\nStack: others"):
            run("git", "-C", tree, "commit", "-q", "--amend", "-m", message)
            done = run(sys.executable, self.top / "tools" / TOOL.name, "ids",
                       tree, check=False)
            self.assertNotEqual(done.stdout, self.tool(OLD, "ids"))

    def test_conflict(self) -> None:
        """A series that does not apply is told, with git's words."""
        self.tool(OLD, "export", self.worked_on(OLD))
        tree = self.tree(OLD)
        self.commit(tree, "In the way", {"core.c": ["other"]})
        done = run(sys.executable, self.top / "tools" / TOOL.name, "apply",
                   tree, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: patch failed: core.c", done.stdout)


class SecondBase(SeriesTest):
    """Two bases that share the new files."""

    def setUp(self) -> None:
        super().setUp()
        self.tool(OLD, "export", self.worked_on(OLD))

    def test_own_hunks(self) -> None:
        """The other base keeps what it does not share, and the message."""
        before = self.files(OLD)
        self.tool(NEW, "export", self.worked_on(NEW))
        first = self.patch(NEW, "fastreboot/0001-fast-Add-it")
        self.assertIn("+hooked\n", first)
        self.assertNotIn("new.c", first)
        second = self.patch(NEW, "fastreboot/0002-fast-Extend-it")
        self.assertIn("Signed-off-by", second)
        self.assertNotIn("diff --git", second)
        self.assertEqual(self.files(OLD), before)

    def test_round_trip(self) -> None:
        """Applied, it is complete."""
        worked_on = self.worked_on(NEW)
        self.tool(NEW, "export", worked_on)
        before = self.files(NEW)
        tree = self.applied(NEW)
        self.assertEqual(self.content(tree), self.content(worked_on))
        self.assertEqual(self.tool(NEW, "ids", tree), self.tool(NEW, "ids"))
        self.tool(NEW, "export", tree)
        self.assertEqual(self.files(NEW), before)

    def test_fix_in_first(self) -> None:
        """A fix of a shared file in the first base is in the other, too."""
        self.tool(NEW, "export", self.worked_on(NEW))
        fixed = ("A", "b"), ("A", "b", "c")
        before = self.tool(NEW, "hash")
        self.tool(OLD, "export", self.worked_on(OLD, *fixed))
        self.assertNotEqual(self.tool(NEW, "hash"), before)
        self.assertEqual(self.content(self.applied(NEW)),
                         self.content(self.worked_on(NEW, *fixed)))

    def test_fix_in_second(self) -> None:
        """One in the other base is written to the first's patches.

        There it is as the first base would have written it.
        """
        self.tool(NEW, "export", self.worked_on(NEW))
        own = self.files(NEW)
        fixed = ("A", "b", "b2"), ("A", "b", "b2", "c")
        self.tool(NEW, "export", self.worked_on(NEW, *fixed))
        self.assertEqual(self.files(NEW), own)
        written = self.files(OLD)
        self.tool(OLD, "export", self.worked_on(OLD, *fixed))
        self.assertEqual(self.files(OLD), written)
        self.assertEqual(self.content(self.applied(OLD)),
                         self.content(self.worked_on(OLD, *fixed)))

    def test_new_file_in_second(self) -> None:
        """A new file of a patch that both have is shared from then on."""
        tree = self.worked_on(NEW)
        (tree / "fast" / "more.c").write_text("x\n", encoding="ascii")
        run("git", "-C", tree, "add", "-A")
        run("git", "-C", tree, "commit", "-q", "--amend", "--no-edit")
        self.tool(NEW, "export", tree)
        self.assertIn("more.c",
                      self.patch(OLD, "fastreboot/0002-fast-Extend-it"))
        self.assertNotIn("more.c",
                         self.patch(NEW, "fastreboot/0002-fast-Extend-it"))
        self.assertEqual(self.content(self.applied(NEW)), self.content(tree))

    def test_only_in_second(self) -> None:
        """A patch that only the other base has is complete."""
        tree = self.worked_on(NEW)
        self.commit(tree, "core: Only here", {"only.c": ["x"]})
        self.tool(NEW, "export", tree)
        self.assertIn("+x\n",
                      self.patch(NEW, "fastreboot/0003-core-Only-here"))
        self.assertEqual(self.content(self.applied(NEW)), self.content(tree))

    def test_shared_change_without_patch(self) -> None:
        """It must not change a shared file."""
        tree = self.worked_on(NEW)
        self.commit(tree, "fast: Only here", {"fast/new.c": ["x"]})
        self.assertIn("make it there first", self.refused(NEW, "export", tree))
        self.assertEqual(list(self.files(NEW)), ["BASE"])

    def test_missing_patch(self) -> None:
        """Every patch with shared changes has to be there, others not."""
        tree = self.tree(NEW)
        self.commit(tree, "fast: Add it", {"core.c": CORE[NEW] + ["hooked"],
                                           "fast/new.c": ["a", "b"]},
                    "fastreboot")
        self.assertIn('lacks the patch "fast: Extend it"',
                      self.refused(NEW, "export", tree))
        self.commit(tree, "fast: Extend it", {"fast/new.c": ["a", "b", "c"]})
        self.tool(NEW, "export", tree)
        self.assertNotIn("fixes/series", self.files(NEW))
        self.assertEqual(self.content(self.applied(NEW)), self.content(tree))


class Rows(SeriesTest):
    """Status rows, and mails."""

    def setUp(self) -> None:
        super().setUp()
        self.worked = self.worked_on(OLD)
        self.tool(OLD, "export", self.worked)

    def readme(self, *rows: str) -> None:
        """Write kernel-patches/README.md."""
        (self.patches / "README.md").write_text("".join(rows),
                                                encoding="ascii")

    def test_complete(self) -> None:
        """A row each, under its stack, is what it takes."""
        fix = ROW.format(number="0001", subject="core: Mend it")
        add = ROW.format(number="0001", subject="fast: Add it")
        extend = ROW.format(number="0002", subject="fast: Extend it")
        whole = ("### fixes\n", fix, "### fastreboot\n", add, extend)
        self.readme(*whole)
        self.tool(OLD, "status")
        for change, words in (
                ({fix: ""}, "fixes: no row | 0001 | core: Mend it |"),
                ({extend: extend.replace("0002", "0003")},
                 "fastreboot: no patch for | 0003 | fast: Extend it |"),
                ({add: add.replace("it", "them")},
                 "fastreboot: no row | 0001 | fast: Add it |"),
                ({add: add.replace("not sent", "")},
                 "fastreboot: not all cells filled in for 0001"),
                ({fix: add, add: fix}, "fixes: no patch for")):
            self.readme(*(change.get(line, line) for line in whole))
            self.assertIn(words, self.refused(OLD, "status"))

    def test_mail(self) -> None:
        """The cover letter is filled in, and no mail has a trailer."""
        (self.patches / OLD / "fastreboot" / "0000-cover-letter.txt"
         ).write_text("Subject: Fast reboot\n\nWhy it is.\n", encoding="ascii")
        folder = self.top / "mail"
        self.tool(OLD, "mail", "--stack", "fastreboot", self.worked, folder)
        mails = {path.name: path.read_text(encoding="utf-8")
                 for path in sorted(folder.iterdir())}
        self.assertEqual(list(mails), ["0000-cover-letter.patch",
                                       "0001-fast-Add-it.patch",
                                       "0002-fast-Extend-it.patch"])
        cover = mails["0000-cover-letter.patch"]
        for words in ("Subject: [PATCH 0/2] Fast reboot\n", "\nWhy it is.\n",
                      "fast: Extend it", "2 files changed"):
            self.assertIn(words, cover)
        self.assertNotIn("***", cover)
        self.assertNotIn("Stack:", "".join(mails.values()))


def main() -> int:
    """Run the tests that match; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true",
                        help="name the tests and end")
    parser.add_argument("--only", default="", help="part of a name")
    arguments = parser.parse_args()
    tests = {f"series.{case.__name__.lower()}.{name.removeprefix('test_')}":
             case(name)
             for case in (Stacks, SecondBase, Rows)
             for name in unittest.defaultTestLoader.getTestCaseNames(case)}
    chosen = {name: test for name, test in tests.items()
              if arguments.only in name
              or fnmatch.fnmatchcase(name, arguments.only)}
    if arguments.list:
        print("\n".join(chosen))
        return 0
    with open(os.devnull, "w", encoding="ascii") as nowhere:
        result = unittest.TextTestRunner(stream=nowhere).run(
            unittest.TestSuite(chosen.values()))
    for test, text in [*result.failures, *result.errors]:
        print(f"{test.id()}: {text}")
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
