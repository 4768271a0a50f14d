# SPDX-License-Identifier: GPL-2.0-or-later
"""What names are looked for in, and the register of those that find them.

Sources are found by what is in them, not by their paths, so that they may move.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]

Row = tuple[str, ...]
Rows = set[Row]
FINDERS: dict[str, Callable[[], Rows]] = {}


class Broken(Exception):
    """The sources are not as this test knows them."""


def table(function: Callable[[], Rows]) -> Callable[[], Rows]:
    """Register the finder of the table that has the function's name."""
    FINDERS[function.__name__] = function
    return function


@lru_cache
def sources() -> dict[Path, str]:
    """The C sources and headers of all programs."""
    return {path: path.read_text() for folder in ("daemon", "tools")
            for path in sorted((TOP / folder).rglob("*.[ch]"))
            if "vm" not in path.relative_to(TOP).parts}


@lru_cache
def code() -> str:
    """All of them, one behind the other, without comments."""
    text = "\n".join(sources().values())
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


@lru_cache
def patches() -> list[Path]:
    """The kernel series, in its order."""
    return sorted((TOP / "kernel-patches").rglob("*.patch"))


@lru_cache
def series() -> str:
    """The lines that the kernel series adds."""
    return "\n".join(line[1:] for path in patches()
                     for line in path.read_text().splitlines()
                     if line.startswith("+") and not line.startswith("+++"))


@lru_cache
def kernel_file(name: str) -> str:
    """A file that the kernel series makes, with all of it applied.

    Of several series that make it, as for two bases, it is the last one's.
    """
    touching = [path for path in patches()
                if f"\n+++ b/{name}\n" in path.read_text()]
    with tempfile.TemporaryDirectory() as folder:
        for path in touching:
            if f"\n--- /dev/null\n+++ b/{name}\n" in path.read_text():
                (Path(folder) / name).unlink(missing_ok=True)
            subprocess.run(["git", "apply", f"--include={name}", path],
                           cwd=folder, check=True, capture_output=True)
        if not (Path(folder) / name).exists():
            raise Broken(f"no patch makes {name}")
        return (Path(folder) / name).read_text()


def sysfs_text(name: str = "") -> str:
    """What the kernel documents about its files, or about one of them."""
    text = kernel_file("Documentation/ABI/testing/sysfs-kernel-fastreboot")
    if not name:
        return text
    return find(rf"^What:\t\t/sys/kernel/fastreboot/{name}$(.*?)(?:^What:|\Z)",
                text)[0][0]


def find(pattern: str, text: str | None = None) -> list[tuple[str, ...]]:
    """All matches of a pattern, in the C sources by default."""
    text = code() if text is None else text
    # A pattern that begins with a name is looked for quickly, one with \b is not.
    at_word = pattern.startswith(r"\b")
    found = [match.groups() or (match[0],) for match in
             re.finditer(pattern[2:] if at_word else pattern, text,
                         flags=re.DOTALL | re.MULTILINE)
             if not (at_word and is_in_word(text, match.start()))]
    if not found:
        raise Broken(f"nothing matches {pattern}")
    return found


def is_in_word(text: str, at: int) -> bool:
    """Does a word reach over a place in a text?"""
    return at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_")


def array(name: str) -> str:
    """What stands in the braces of an array that is initialized."""
    return find(rf"\b{name}\[\w*\] = {{(.*?)}};")[0][0]


def strings(name: str) -> Rows:
    """The strings of an array."""
    return set(find(r'"([^"]*)"', array(name)))


def file_of(pattern: str) -> Path:
    """The one file below units/ or dts/ that has this name."""
    found = [path for folder in ("units", "dts")
             for path in (TOP / folder).rglob(pattern)]
    if len(found) != 1:
        raise Broken(f"{len(found)} files are named {pattern}")
    return found[0]


def defined(name: str, text: str | None = None) -> str:
    """The value of a macro; of several definitions the last one."""
    return find(rf"^#define {name}[ \t]+(.*?)$", text)[-1][0].strip('"')


def body(function: str) -> str:
    """The body of the one function that has the name."""
    found = find(rf"^[a-z][\w *]*\b{function}\([^;]*?\)\n{{(.*?)^}}")
    if len(found) != 1:
        raise Broken(f"{len(found)} functions are named {function}")
    return found[0][0]


def function_at(text: str, offset: int) -> str:
    """The function, or the array, whose definition is there."""
    found = list(re.finditer(
        r"^(?:[a-z][\w *]*?\b(?P<function>\w+)\((?!.*;$)"
        r"|static const .*?(?P<array>\w+)\[\] = {$)",
        text[:offset], re.MULTILINE))
    if not found:
        raise Broken("code outside of functions")
    return str(found[-1]["function"] or found[-1]["array"])


def line_of(text: str, offset: int) -> str:
    """The line that is there, from its begin."""
    return text[text.rfind("\n", 0, offset) + 1:offset + 40]
