#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold every #include of daemon/ and tools/fastreboot/ against the layers.

The layers are declared in CONTRIBUTING.md, under "Layers": a line for each
folder, and behind "may use" the other folders whose files it may include. A name
without a slash is a folder of daemon/fastrebootd. A folder that has folders with
lines of their own has only its own files; any other has all that is below it.

    check-layers.py [--list | TREE]

prints TAP, for prove(1), or the names of the tests. The last tests make small trees that break one rule
each, and expect to be told of it.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
DECLARATION = "CONTRIBUTING.md"
# What is held, and where an #include is looked for after its own folder: the -I
# of daemon/Makefile.
HELD = ("daemon", "tools/fastreboot")
ROOTS = ("daemon/lib", "daemon/state", "daemon/fastrebootd")
# The folders of this one are layers, and an #include has to name them.
DAEMON = "daemon/fastrebootd"
# Where struct daemon is at home. A folder that may not use this one has no
# name for it either: so the job's thread never touches it.
POLICY = f"{DAEMON}/policy"

NOTHING = f"{DAEMON}/nothing"
LINE = re.compile(r"^ {4}(\S+) +may use (\S.*)$")
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b[ \t]*(.*)$", re.MULTILINE)
NAME = re.compile(r'^["<]([^">]+)[">]')
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)

Layers = dict[str, list[str]]
Edges = dict[str, set[str]]


@dataclass(frozen=True)
class Include:
    """An #include that names a file of the tree.

    source -- file that has it
    name -- as it is written
    target -- file that it names, or None if there is no such file
    """

    source: str
    name: str
    target: str | None


class Tree:
    """What the checks look at, each file read once."""

    def __init__(self, top: Path) -> None:
        self._top = top

    @functools.cached_property
    def layers(self) -> Layers:
        """The declared folders, and for each the folders it may use."""
        layers: Layers = {}
        inside = False
        for line in (self._top / DECLARATION).read_text("utf-8").splitlines():
            if line.startswith("#"):
                inside = line == "## Layers"
            elif inside and (match := LINE.match(line)):
                name, *used = (
                    word if "/" in word else f"{DAEMON}/{word}"
                    for word in (match[1], *match[2].split()))
                layers[name] = [] if used == [NOTHING] else used
        return layers

    @functools.cached_property
    def code(self) -> dict[str, str]:
        """The files of C that are held, without their comments."""
        return {str(path.relative_to(self._top)):
                COMMENT.sub("", path.read_text("utf-8"))
                for folder in HELD
                for path in sorted((self._top / folder).rglob("*.[ch]"))}

    @functools.cached_property
    def includes(self) -> list[Include]:
        """The #includes, but those of the system's headers."""
        found = []
        for source, text in self.code.items():
            for match in INCLUDE.finditer(text):
                name = NAME.match(match[1])
                if not name:
                    found.append(Include(source, match[1], None))
                    continue
                target = self._resolve(source, name[1])
                if target or match[1].startswith('"'):
                    found.append(Include(source, name[1], target))
        return found

    def has_files(self, folder: str) -> bool:
        """Is there a file of C in a folder, not below it?"""
        return any((self._top / folder).glob("*.[ch]"))

    def _resolve(self, source: str, name: str) -> str | None:
        """Find the file that an #include names, as the compiler does."""
        for folder in (os.path.dirname(source), *ROOTS):
            path = os.path.normpath(f"{folder}/{name}")
            if path in self.code or (not path.startswith("..")
                                     and (self._top / path).is_file()):
                return path
        return None


def layer_of(layers: Layers, path: str) -> str | None:
    """Return the layer of a file."""
    folder = str(Path(path).parent)
    above = [layer for layer in layers
             if folder == layer or folder.startswith(f"{layer}/")]
    layer = max(above, key=len, default=None)
    if layer and layer != folder and \
            any(other.startswith(f"{layer}/") for other in layers):
        return None
    return layer


def find_circle(edges: Edges) -> list[str] | None:
    """Return the nodes of a circle, the first also as the last."""
    done: set[str] = set()
    path: list[str] = []

    def walk(node: str) -> list[str] | None:
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for target in sorted(edges.get(node, ())):
            if circle := walk(target):
                return circle
        done.add(path.pop())
        return None

    for node in sorted(edges):
        if circle := walk(node):
            return circle
    return None


def check_declared(tree: Tree) -> list[str]:
    """Each folder has a layer, each layer a folder, and they have an order."""
    layers = tree.layers
    wrong = [f"{DECLARATION} has {layer}, which has no files"
             for layer in layers if not tree.has_files(layer)]
    wrong += [f"{DECLARATION}: {layer} may use {used}, which is not declared"
              for layer, uses in layers.items()
              for used in uses if used not in layers]
    wrong += [f"{name} is in no layer of {DECLARATION}"
              for name in tree.code if not layer_of(layers, name)]
    if circle := find_circle({name: set(uses)
                              for name, uses in layers.items()}):
        wrong.append(f"{DECLARATION}: a circle, " + " -> ".join(circle))
    return wrong


def check_found(tree: Tree) -> list[str]:
    """Each #include is understood."""
    return [f"{include.source}: there is no {include.name}"
            for include in tree.includes if not include.target]


def check_order(tree: Tree) -> list[str]:
    """Each #include is one that the layers allow."""
    layers = tree.layers
    wrong = []
    for include in tree.includes:
        if not include.target:
            continue
        layer = layer_of(layers, include.source)
        used = layer_of(layers, include.target)
        if used != layer and used not in layers.get(layer or "", ()):
            wrong.append(f"{include.source} includes {include.target}: "
                         f"{layer} may not use {used}")
    return wrong


def check_folders_named(tree: Tree) -> list[str]:
    """Includes of the daemon's files say the folder."""
    return [f'{include.source}: "{include.name}" does not say the folder'
            for include in tree.includes
            if include.target and include.target.startswith(f"{DAEMON}/")
            and include.name != include.target.removeprefix(f"{DAEMON}/")]


def check_struct_daemon(tree: Tree) -> list[str]:
    """What may not use the policy does not name struct daemon."""
    layers = tree.layers
    wrong = []
    for name, text in tree.code.items():
        layer = layer_of(layers, name)
        if layer and layer != POLICY and POLICY not in layers[layer] and \
                re.search(r"\bstruct\s+daemon\b", text):
            wrong.append(f"{name} names struct daemon: {layer} may not")
    return wrong


def check_circle(tree: Tree) -> list[str]:
    """No two modules, X.c with X.h, need each other."""
    edges: Edges = {}
    for include in tree.includes:
        if include.target:
            source, target = include.source[:-2], include.target[:-2]
            edges.setdefault(source, set()).update({target} - {source})
    circle = find_circle(edges)
    return [" -> ".join(circle)] if circle else []


Check = Callable[[Tree], list[str]]
CHECKS: dict[str, Check] = {
    "declared": check_declared,
    "includes_found": check_found,
    "order": check_order,
    "folders_named": check_folders_named,
    "struct_daemon_is_the_policys": check_struct_daemon,
    "no_circle": check_circle,
}

# A tree in which all is well; and for each test what is put into it, the check
# that has to find that, and a part of what it says.
GOOD = {
    DECLARATION: "## Layers\n\n"
                 "    daemon/lib                  may use nothing\n"
                 "    jobs                        may use daemon/lib\n"
                 "    policy                      may use daemon/lib jobs\n"
                 "    daemon/fastrebootd          may use policy\n"
                 "    tools/fastreboot            may use daemon/lib\n",
    "daemon/lib/io.h": "#include <errno.h>\n",
    "daemon/lib/io.c": '#include "io.h"\n',
    "daemon/lib/payload/pass.c": '#include "io.h"\n',
    "daemon/fastrebootd/main.c": '#include "policy/daemon.h"\n',
    "daemon/fastrebootd/jobs/job.h": "/* never struct daemon */\n",
    "daemon/fastrebootd/jobs/job.c": '#include "jobs/job.h"\n'
                                     '#include "io.h"\n',
    "daemon/fastrebootd/policy/daemon.h": '#include "jobs/job.h"\n'
                                          "struct daemon;\n",
    "tools/fastreboot/main.c": '#include "io.h"\n',
}
JOB = "daemon/fastrebootd/jobs/job.h"
BROKEN: dict[str, tuple[dict[str, str], str, str]] = {
    "include_turned_round": (
        {JOB: '#include "policy/daemon.h"\n'}, "order",
        "daemon/fastrebootd/jobs may not use daemon/fastrebootd/policy"),
    "way_round_by_dots": (
        {JOB: '#  include "../policy/daemon.h"\n'}, "order", "may not use"),
    "way_round_by_brackets": (
        {JOB: "#include <policy/daemon.h>\n"}, "order", "may not use"),
    "cli_looks_inside": (
        {"tools/fastreboot/main.c": '#include "jobs/job.h"\n'}, "order",
        "tools/fastreboot may not use"),
    "lib_knows_the_daemon": (
        {"daemon/lib/payload/pass.c": '#include "jobs/job.h"\n'}, "order",
        "daemon/lib may not use"),
    "circle_within_a_layer": (
        {"daemon/lib/io.c": '#include "io.h"\n#include "fd.h"\n',
         "daemon/lib/fd.h": "", "daemon/lib/fd.c": '#include "io.h"\n'},
        "no_circle",
        "daemon/lib/io -> daemon/lib/fd -> daemon/lib/io"),
    "folder_without_a_layer": (
        {"daemon/fastrebootd/new/x.c": ""}, "declared", "new/x.c is in no"),
    "layer_without_a_folder": (
        {DECLARATION: GOOD[DECLARATION] + "    daemon/x  may use nothing\n"},
        "declared", "daemon/x, which has no files"),
    "layers_in_a_circle": (
        {DECLARATION: GOOD[DECLARATION].replace(
            "nothing", "tools/fastreboot")}, "declared", "a circle"),
    "nothing_declared": (
        {DECLARATION: "## Style\n"}, "declared", "is in no layer"),
    "file_that_is_not_there": (
        {JOB: '#include "gone.h"\n'}, "includes_found", "no gone.h"),
    "name_from_a_macro": (
        {JOB: "#include HEADER\n"}, "includes_found", "HEADER"),
    "folder_not_named": (
        {"daemon/fastrebootd/jobs/job.c": '#include "job.h"\n'},
        "folders_named", '"job.h"'),
    "job_names_struct_daemon": (
        {JOB: "struct daemon;\n"}, "struct_daemon_is_the_policys", JOB),
}


def make_tree(top: Path, contents: dict[str, str]) -> Tree:
    """Write files of a small tree."""
    for name, text in contents.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Tree(top)


def self_test(change: dict[str, str], check: str, text: str) -> list[str]:
    """Break the small tree; return what was not told of it."""
    with tempfile.TemporaryDirectory() as folder:
        good = make_tree(Path(folder), GOOD)
        wrong = [f"told of a good tree: {message}"
                 for function in CHECKS.values()
                 for message in function(good)]
        found = CHECKS[check](make_tree(Path(folder), change))
        if not any(text in message for message in found):
            wrong.append(f"expected '{text}' of {check}, got {found}")
        return wrong


def main() -> int:
    """Run all tests."""
    if sys.argv[1:] == ["--list"]:
        print("\n".join([*(f"layers.{name}" for name in CHECKS),
                         *(f"layers.tells_of_{name}" for name in BROKEN)]))
        return 0
    tree = Tree(Path(sys.argv[1]) if len(sys.argv) > 1 else TOP)
    results = [(f"layers.{name}", check(tree))
               for name, check in CHECKS.items()]
    results += [(f"layers.tells_of_{name}", self_test(*broken))
                for name, broken in BROKEN.items()]
    print(f"1..{len(results)}")
    for number, (name, wrong) in enumerate(results, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for message in wrong:
            print(f"# {message}")
    return 1 if any(wrong for _, wrong in results) else 0


if __name__ == "__main__":
    sys.exit(main())
