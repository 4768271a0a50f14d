#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel series: from its folders to a tree, and back.

kernel-patches/<base>/<stack>/ holds patches for one base, a kernel release, in
the order of the file "series". The stacks apply one on top of the other, in the
order of STACKS.

Shared files. The oldest base has complete patches, as git format-patch writes
them. A patch of another base has its own message, but of the changes only those
to files that the base has, too. What it changes in files that the series itself
adds comes from the oldest base's patch of the same subject. So these files
exist once, and a fix to one of them is made once. From this follows:

  - subjects are unique, and one that changes shared files is in every base;
  - a patch that only another base has is complete, and changes no shared file;
  - an export from another base's tree writes its changes to shared files to
    the oldest base's patches.

Stacks in a tree. The commits of a tree are in one line. Which stack a commit
belongs to is told by the last line of its message, "Stack: <name>", which apply
adds and export removes again: it survives whatever a rebase does. A commit
without it, a new one, belongs where the series has a patch of its subject, or
else to the stack of the commit before it.
"""

from __future__ import annotations

import argparse
import email.header
import email.parser
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_stacks import files_of, PATCHES, read, STACKS

# A diff has one path: a renamed file is one that goes and one that comes.
# The same commits give the same files on every machine.
FORMAT = ("-c", "core.quotePath=true", "format-patch", "-q", "-N",
          "--zero-commit", "--no-signature", "--no-base", "--no-cover-letter",
          "--no-thread", "--no-attach", "--no-notes", "--no-ext-diff",
          "--no-color", "--abbrev=12", "--diff-algorithm=myers",
          "--no-renames", "--unified=3", "--src-prefix=a/",
          "--dst-prefix=b/")
STAT = ("--stat=72", "--summary")
TRAILER = re.compile(r"^Stack: (\S+)\n", re.MULTILINE)


class SeriesError(Exception):
    """The series or the tree is not as it has to be."""


@dataclass(frozen=True)
class Diff:
    """What a patch does to one file.

    path -- of the file, as git quotes it
    text -- from its "diff --git" line on
    """

    path: str
    text: str

    @property
    def is_new(self) -> bool:
        """Does the patch add the file?"""
        return "\nnew file mode " in self.text.split("\n@@", 1)[0]

    @property
    def is_gone(self) -> bool:
        """Does the patch remove the file?"""
        return "\ndeleted file mode " in self.text.split("\n@@", 1)[0]

    @property
    def mode(self) -> int:
        """Permissions of a file that the patch adds."""
        return 0o755 if "\nnew file mode 100755" in self.text else 0o644

    def count(self, sign: str) -> int:
        """Lines that are added or removed."""
        lines = self.text.split("\n@@", 1)[-1].splitlines()
        return sum(line.startswith(sign) for line in lines)


@dataclass(frozen=True)
class Patch:
    """A patch, as git format-patch writes it.

    stack -- that it belongs to
    name -- of the file, without its number
    message -- headers and commit message, to the "---" line
    stat -- from there to the first diff
    diffs -- in git's order
    """

    stack: str
    name: str
    message: str
    stat: str
    diffs: tuple[Diff, ...]

    @property
    def subject(self) -> str:
        """The first line of the commit message."""
        head = email.parser.HeaderParser().parsestr(self.message)["Subject"]
        text = str(email.header.make_header(
            email.header.decode_header(re.sub(r"\n\s", " ", head))))
        return re.sub(r"^\[PATCH[^]]*\] ", "", text)

    @property
    def text(self) -> str:
        """The file."""
        return self.message + self.stat + "".join(
            diff.text for diff in self.diffs)

    def in_stack(self, stack: str) -> Patch:
        """The same, with a trailer that names the stack."""
        return replace(self, stack=stack,
                       message=f"{self.message}Stack: {stack}\n")


def parse(text: str, stack: str, name: str) -> Patch:
    """A patch from its file."""
    head, *diffs = re.split(r"^(?=diff --git )", text, flags=re.MULTILINE)
    message, separator, stat = head.partition("\n---\n")
    if not separator:
        raise SeriesError(f"{stack}/{name} is not a patch")
    return Patch(stack, name, message + "\n", "---\n" + stat,
                 tuple(Diff(path_of(diff), diff) for diff in diffs))


def path_of(diff: str) -> str:
    """The path in "diff --git a/PATH b/PATH"."""
    names = diff.split("\n", 1)[0].removeprefix("diff --git ")
    return names[:len(names) // 2].replace("a/", "", 1)


def write(path: Path, text: str) -> None:
    """Write a file so that it is old or new, and never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(text.encode("utf-8", "surrogateescape"))
    fresh.replace(path)


def git(folder: Path, *words: str, feed: str = "",
        settings: bool = False) -> str:
    """Run git, without the user's settings: they change what it writes."""
    environment = dict(os.environ)
    if not settings:
        environment |= {"GIT_CONFIG_GLOBAL": "/dev/null",
                        "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = subprocess.run(
        ["git", "-C", str(folder), *words], check=False, env=environment,
        input=feed.encode("utf-8", "surrogateescape"), stdout=subprocess.PIPE)
    output = done.stdout.decode("utf-8", "surrogateescape")
    if done.returncode:
        raise SeriesError(f"{output}git {words[0]} failed in {folder}")
    return output


def stat_of(diffs: Iterable[Diff]) -> str:
    """The diffstat of a patch, without the tree that it is for.

    Git makes it, from files that differ in as many lines.
    """
    diffs = list(diffs)
    if not diffs:
        return "---\n"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        git(folder, "init", "-q")
        for diff in diffs:
            if not diff.is_new:
                write(folder / diff.path, "-\n" * diff.count("-"))
        git(folder, "add", "-Af")
        tree = git(folder, "write-tree").strip()
        for diff in diffs:
            write(folder / diff.path, "+\n" * diff.count("+"))
            (folder / diff.path).chmod(diff.mode)
            if diff.is_gone:
                (folder / diff.path).unlink()
        git(folder, "add", "-Af")
        text = git(folder, "-c", "core.quotePath=true", "diff", "--cached",
                   "--no-renames", *STAT, tree)
    return f"---\n{text}\n"


#
# The folders
#


def version(base: str) -> tuple[int, ...]:
    """A base's name, to compare."""
    return tuple(int(number) for number in base.split("."))


def bases() -> list[str]:
    """All bases, the oldest first."""
    return sorted((path.parent.name for path in PATCHES.glob("*/BASE")),
                  key=version)


def kept(base: str) -> list[Patch]:
    """The patches as they are in the folders."""
    patches = [parse(read(path), path.parent.name, path.name[5:])
               for path in files_of(PATCHES / base)]
    check_subjects(patches)
    return patches


def check_subjects(patches: Iterable[Patch]) -> None:
    """No two of one subject."""
    seen: set[str] = set()
    for patch in patches:
        if patch.subject in seen:
            raise SeriesError(f"two patches have the subject {patch.subject}")
        seen.add(patch.subject)


def added_by(patches: Iterable[Patch]) -> set[str]:
    """The files that a series adds."""
    return {diff.path for patch in patches for diff in patch.diffs
            if diff.is_new}


@dataclass(frozen=True)
class Shared:
    """What the bases share: changes to the files that the series adds.

    paths -- of these files
    patches -- the oldest base's, by subject
    """

    paths: frozenset[str]
    patches: dict[str, Patch]

    @classmethod
    def of(cls, patches: list[Patch]) -> Shared:
        """From the complete patches of the oldest base."""
        return cls(frozenset(added_by(patches)),
                   {patch.subject: patch for patch in patches})

    def part(self, patch: Patch | None) -> tuple[Diff, ...]:
        """What a patch changes in shared files."""
        return tuple(diff for diff in (patch.diffs if patch else ())
                     if diff.path in self.paths)

    def rest(self, patch: Patch) -> tuple[Diff, ...]:
        """What else it changes."""
        return tuple(diff for diff in patch.diffs
                     if diff.path not in self.paths)

    def missing(self, patches: Iterable[Patch]) -> None:
        """Shared changes must not be missing in another base."""
        there = {patch.subject for patch in patches}
        for subject, patch in self.patches.items():
            if self.part(patch) and subject not in there:
                raise SeriesError(f"the series lacks the patch \"{subject}\", "
                                  "which changes shared files")


def ordered(diffs: Iterable[Diff]) -> tuple[Diff, ...]:
    """Diffs as git orders them."""
    return tuple(sorted(diffs, key=lambda diff: diff.path.encode(
        "utf-8", "surrogateescape")))


def complete(base: str) -> list[Patch]:
    """The patches of a base, with what they share with the oldest."""
    patches = kept(base)
    if base == bases()[0]:
        return patches
    shared = Shared.of(kept(bases()[0]))
    shared.missing(patches)
    whole = []
    for patch in patches:
        if shared.part(patch):
            raise SeriesError(f"{patch.stack}: \"{patch.subject}\" of {base} "
                              "has changes to shared files of its own")
        diffs = shared.part(shared.patches.get(patch.subject))
        whole.append(replace(patch, stat="---\n\n",
                             diffs=ordered((*patch.diffs, *diffs))))
    return whole


#
# A tree
#


def of_tree(base: str, tree: Path, since: str = "base") -> list[Patch]:
    """The commits of a tree as complete patches."""
    with tempfile.TemporaryDirectory() as folder:
        git(tree, *FORMAT, *STAT, "-o", folder, f"{since}..fastreboot")
        patches = [parse(read(path), "", path.name[5:])
                   for path in sorted(Path(folder).iterdir())]
    known = {patch.subject: patch.stack for patch in kept(base)}
    return list(into_stacks(patches, known))


def into_stacks(patches: Iterable[Patch],
                known: dict[str, str]) -> Iterator[Patch]:
    """Find each patch's stack; take the trailers away."""
    before = STACKS[0]
    for patch in patches:
        named = TRAILER.findall(patch.message)
        stack = (named or [known.get(patch.subject, before)])[-1]
        if stack not in STACKS:
            raise SeriesError(f"\"{patch.subject}\": there is no stack "
                              f"{stack}, only {', '.join(STACKS)}")
        if STACKS.index(stack) < STACKS.index(before):
            raise SeriesError(f"\"{patch.subject}\" of the stack {stack} comes "
                              f"after patches of {before}")
        before = stack
        yield replace(patch, stack=stack,
                      message=TRAILER.sub("", patch.message))


def numbered(patches: Iterable[Patch]) -> Iterator[tuple[str, Patch]]:
    """Patches with their file names; each stack counts from 1."""
    counts = dict.fromkeys(STACKS, 0)
    for patch in patches:
        counts[patch.stack] += 1
        yield f"{counts[patch.stack]:04}-{patch.name}", patch


def write_folders(folder: Path, patches: list[Patch]) -> None:
    """Write a folder a stack.

    The new files first, then what is no longer among them: at no time is a
    patch missing.
    """
    names: dict[str, list[str]] = {stack: [] for stack in STACKS}
    for name, patch in numbered(patches):
        write(folder / patch.stack / name, patch.text)
        names[patch.stack].append(name)
    for stack, present in names.items():
        if present or (folder / stack).exists():
            write(folder / stack / "series",
                  "".join(f"{name}\n" for name in present))
        for path in (folder / stack).glob("[0-9][0-9][0-9][0-9]-*.patch"):
            if path.name not in present:
                path.unlink()


def split(base: str, patches: list[Patch]) -> None:
    """Put complete patches into the folders of a base."""
    check_subjects(patches)
    if base == bases()[0]:
        write_folders(PATCHES / base, patches)
        return
    oldest = kept(bases()[0])
    shared = Shared.of(oldest)
    # A new file of a patch that the oldest base has too is shared from now on.
    shared = replace(shared, paths=shared.paths | added_by(
        patch for patch in patches if patch.subject in shared.patches))
    shared.missing(patches)
    own = []
    changed: dict[str, Patch] = {}
    for patch in patches:
        there = shared.patches.get(patch.subject)
        part = shared.part(patch)
        if part and there is None:
            raise SeriesError(f"\"{patch.subject}\" changes shared files, but "
                              f"{bases()[0]} has no patch of this subject: "
                              "make it there first")
        if there and part != shared.part(there):
            diffs = ordered((*shared.rest(there), *part))
            changed[patch.subject] = replace(there, diffs=diffs,
                                             stat=stat_of(diffs))
        if part:
            rest = shared.rest(patch)
            patch = replace(patch, diffs=rest, stat=stat_of(rest))
        own.append(patch)
    write_folders(PATCHES / base, own)
    if changed:
        write_folders(PATCHES / bases()[0],
                      [changed.get(patch.subject, patch) for patch in oldest])


def ids(patches: list[Patch]) -> str:
    """A line a patch: its stack, what it changes, and its subject.

    Where it changes it (line numbers, commit ids) does not count.
    """
    feed = "".join(f"From {number:040}\n{''.join(d.text for d in patch.diffs)}"
                   for number, patch in enumerate(patches, 1))
    pairs = [line.split() for line in
             git(PATCHES, "patch-id", "--stable", feed=feed).splitlines()]
    found = {number: patch_id for patch_id, number in pairs}
    return "".join(f"{patch.stack} {found[f'{number:040}']} {patch.subject}\n"
                   for number, patch in enumerate(patches, 1))


#
# Commands
#


def command_list(arguments: argparse.Namespace) -> None:
    """The patches' files, in order."""
    for path in files_of(PATCHES / arguments.base, chosen(arguments)):
        print(path)


def command_hash(arguments: argparse.Namespace) -> None:
    """One hash over all that the series says."""
    text = "".join(patch.in_stack(patch.stack).text
                   for patch in complete(arguments.base))
    print(hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest())


def command_ids(arguments: argparse.Namespace) -> None:
    """What the patches of the series, or of a tree, change."""
    if arguments.tree:
        print(ids(of_tree(arguments.base, arguments.tree)), end="")
    else:
        print(ids(complete(arguments.base)), end="")


def command_join(arguments: argparse.Namespace) -> None:
    """Write complete patches, a folder a stack."""
    write_folders(arguments.folder, complete(arguments.base))


def command_format(arguments: argparse.Namespace) -> None:
    """Write a tree's commits as complete patches, a folder a stack.

    Prints a line a patch: commit, stack and name.
    """
    patches = of_tree(arguments.base, arguments.tree)
    write_folders(arguments.folder, patches)
    commits = git(arguments.tree, "rev-list", "--reverse", "base..fastreboot")
    for commit, (name, patch) in zip(commits.split(), numbered(patches),
                                     strict=True):
        print(commit, patch.stack, name.removesuffix(".patch"))


def command_split(arguments: argparse.Namespace) -> None:
    """Put complete patches, a folder a stack, into kernel-patches."""
    folder: Path = arguments.folder
    patches = [parse(read(path), stack, path.name[5:]) for stack in STACKS
               for path in sorted((folder / stack).glob("*.patch"))]
    split(arguments.base, patches)


def command_export(arguments: argparse.Namespace) -> None:
    """Write a tree's commits back to kernel-patches."""
    split(arguments.base, of_tree(arguments.base, arguments.tree))


def command_apply(arguments: argparse.Namespace) -> None:
    """Apply the series to the branch that is checked out."""
    with tempfile.TemporaryDirectory() as name:
        files = []
        for number, patch in enumerate(complete(arguments.base)):
            path = Path(name) / f"{number:04}-{patch.name}"
            write(path, patch.in_stack(patch.stack).text)
            files.append(str(path))
        if files:
            git(arguments.tree, "-c", "commit.gpgSign=false", "am", "-q",
                "--committer-date-is-author-date", "--whitespace=nowarn",
                *files)


def chosen(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The stacks that were asked for."""
    return (arguments.stack,) if arguments.stack else STACKS


def rows(text: str) -> dict[str, list[list[str]]]:
    """The tables of kernel-patches/README.md: cells by heading."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# `").rstrip("`")
        elif re.match(r"\| \d{4} \|", line):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found.setdefault(heading, []).append(cells)
    return found


def command_status(arguments: argparse.Namespace) -> None:
    """Has README.md a row for each patch, and none beside?"""
    del arguments
    tables = rows(read(PATCHES / "README.md"))
    wrong = []
    for stack in STACKS:
        wanted = [[name[:4], patch.subject]
                  for name, patch in numbered(kept(bases()[0]))
                  if patch.stack == stack]
        table = tables.get(stack, [])
        wrong += [f"{stack}: no row | {' | '.join(row)} |" for row in wanted
                  if row not in [cells[:2] for cells in table]]
        wrong += [f"{stack}: no patch for | {' | '.join(cells)} |"
                  for cells in table if cells[:2] not in wanted]
        wrong += [f"{stack}: not all cells filled in for {cells[0]}"
                  for cells in table if len(cells) != 4 or not all(cells)]
    if wrong:
        raise SeriesError("kernel-patches/README.md:\n" + "\n".join(wrong))


def command_mail(arguments: argparse.Namespace) -> None:
    """Write a stack as mails, with its cover letter, to a folder."""
    base, stack, tree = arguments.base, arguments.stack, arguments.tree
    stacks = [patch.stack for patch in of_tree(base, tree)]
    commits = git(tree, "rev-list", "--reverse", "base..fastreboot").split()
    mine = [commit for commit, its in zip(commits, stacks, strict=True)
            if its == stack]
    if not mine:
        raise SeriesError(f"the tree has no commits of the stack {stack}")
    letter = read(PATCHES / base / stack / "0000-cover-letter.txt")
    subject, _, blurb = letter.partition("\n\n")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for path in arguments.folder.glob("*.patch"):
        path.unlink()
    git(tree, "format-patch", "-q", "-o", str(arguments.folder), "-n",
        "--cover-letter", f"{mine[0]}^..{mine[-1]}", settings=True)
    for path in arguments.folder.glob("*.patch"):
        text = TRAILER.sub("", read(path))
        if path.name.startswith("0000-"):
            text = text.replace("*** SUBJECT HERE ***",
                                subject.removeprefix("Subject: "))
            text = text.replace("*** BLURB HERE ***", blurb.strip("\n"))
        write(path, text)


COMMANDS = {"list": command_list, "hash": command_hash, "ids": command_ids,
            "join": command_join, "format": command_format,
            "split": command_split, "export": command_export,
            "apply": command_apply, "status": command_status,
            "mail": command_mail}
ARGUMENTS = {"format": ("tree", "folder"), "join": ("folder",),
             "split": ("folder",), "export": ("tree",), "apply": ("tree",),
             "mail": ("tree", "folder")}


def arguments_of() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--base", default="",
                        help="the kernel release; the default is the oldest")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run in COMMANDS.items():
        command = commands.add_parser(name, help=str(run.__doc__))
        for argument in ARGUMENTS.get(name, ()):
            command.add_argument(argument, type=Path)
        if name in ("list", "mail"):
            command.add_argument("--stack", choices=STACKS,
                                 required=name == "mail")
        if name == "ids":
            command.add_argument("tree", type=Path, nargs="?")
    return parser.parse_args()


def main() -> int:
    """Do what the command line asks for; return the exit status."""
    arguments = arguments_of()
    try:
        arguments.base = arguments.base or bases()[0]
        if arguments.base not in bases():
            raise SeriesError(f"kernel-patches has no base {arguments.base}, "
                              f"only {', '.join(bases())}")
        COMMANDS[arguments.command](arguments)
    except (SeriesError, OSError) as error:
        print(f"kernel-series: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
