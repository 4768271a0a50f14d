#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What linters say of the code: a test for each linter, and part of the code.

    lint.py [--list] [--only PATTERN]

A linter that was content is not run again before one of its files, its version or
this folder changes; build/lint has a stamp for each. What git ignores is not
looked at.

More checks of this kind are programs that print TAP: the tests of tests/unit take
each check-* of this folder with them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
STYLE = TOP / "tests/style"
OUT = TOP / "build/lint"

sys.path.insert(0, str(TOP / "tests/tap"))
import tap

# One version for all: each formats a little differently from the last.
CLANG_FORMAT = "clang-format-19"
PYTHON = ("tests/vm", "tests/system", "tests/bench", "tests/unit", "tests/tap",
          "tests/style", "tools")
# Folders that hold what is imported from other folders.
MODULES = ("tests/tap", "tests/vm", "tests/bench", "tests/system", "tests/unit",
           "tools")
# Whose words others have chosen, or are bytes.
NO_PROSE = ("COPYING", "tests/fuzz/corpus/", "tests/unit/golden/", ".clang-format",
            "tests/style/codespell-ignore")
# A program that systemd-analyze wants to see, but that is not installed here.
STUB = "#!/bin/sh\n"

Files = list[str]


def all_files() -> Files:
    """What git knows, and new files that it does not ignore."""
    done = subprocess.run(["git", "ls-files", "-zco", "--exclude-standard"],
                          cwd=TOP, check=True, stdout=subprocess.PIPE)
    names = sorted(set(filter(None, done.stdout.decode().split("\0"))))
    return [name for name in names if (TOP / name).is_file()]


def head(name: str) -> str:
    """The beginning of a file."""
    with open(TOP / name, "rb") as file:
        return file.read(400).decode(errors="replace")


def is_shell(name: str) -> bool:
    """Is it a shell script, or a part of one?"""
    text = head(name)
    return bool(re.match(r"#!/bin/(ba)?sh\b", text) or
                re.search(r"^# shellcheck shell=", text, re.M))


def is_python(name: str) -> bool:
    """Is it a Python program or module?"""
    return name.endswith(".py") or bool(
        re.match(r"#!.*\bpython3\b", head(name)))


def complaint(*command: str | Path, folder: Path = TOP,
              **environment: str) -> str | None:
    """Run a linter: what it says, or that it has failed without a word."""
    done = subprocess.run(command, cwd=folder, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, errors="replace",
                          env=os.environ | {"LC_ALL": "C.UTF-8"} | environment)
    if done.returncode:
        return done.stdout or f"{command[0]}: status {done.returncode}"
    return None


def said(text: str | None, *command: str | Path) -> str | None:
    """As complaint(), for linters whose status tells nothing."""
    return text or subprocess.run(
        command, cwd=TOP, check=False, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, errors="replace").stdout or None


#
# The linters
#


def clang_format(files: Files) -> str | None:
    """Is C laid out as .clang-format says?"""
    return complaint(CLANG_FORMAT, "--dry-run", "--Werror", *files)


def shellcheck(files: Files) -> str | None:
    """Is there a known mistake in a shell script?"""
    return complaint("shellcheck", "-x", *files)


def mypy(files: Files) -> str | None:
    """Do Python's types hold?"""
    return complaint("mypy", "--no-error-summary",
                     "--scripts-are-modules",
                     "--config-file", STYLE / "mypy.ini",
                     "--cache-dir", OUT / "mypy" / hashlib.sha256(
                         files[0].encode()).hexdigest()[:8], *files,
                     MYPYPATH=":".join(MODULES))


def pylint(files: Files) -> str | None:
    """Is there something odd in Python?"""
    return complaint("pylint", "--rcfile", STYLE / "pylintrc", "--score=n",
                     "--persistent=n", *files,
                     PYTHONPATH=":".join(MODULES))


def codespell(files: Files) -> str | None:
    """Are there known misspellings?"""
    return complaint("codespell", "-I", STYLE / "codespell-ignore", *files)


def mandoc(files: Files) -> str | None:
    """Are the man pages well formed?"""
    return complaint("mandoc", "-T", "lint", "-W", "warning", *files)


def dtc(files: Files) -> str | None:
    """Does the device tree compiler warn?"""
    for name in files:
        if name.endswith(".dtso"):
            text = (TOP / name).read_text()
        else:
            text = ("/dts-v1/;\n/ {\n#address-cells = <2>;\n"
                    f'#size-cells = <2>;\n}};\n/include/ "{TOP / name}"\n')
        source = OUT / "source.dts"
        source.write_text(text)
        if warnings := said(None, "dtc", "-@", "-O", "dtb", "-o", "/dev/null",
                            "-i", TOP / "dts",
                            "-Wno-avoid_unnecessary_addr_size", source):
            return f"{name}: {warnings}"
    return None


def systemd(_: Files) -> str | None:
    """Does systemd understand the units as they are installed?"""
    root = OUT / "root"
    shutil.rmtree(root, ignore_errors=True)
    if failure := complaint("make", "-s", "-f", "units/install.mk",
                            "install-units", f"DESTDIR={root}",
                            MAKEFLAGS=""):
        return failure
    folder = root / "usr/lib/systemd/system"
    # A drop-in is looked at as a part of its unit.
    units = sorted({path.name.removesuffix(".d") for path in folder.iterdir()})
    named = re.findall(r"^Exec\w+=[-@:+!|]*(/\S+)", "\n".join(
        path.read_text() for path in folder.rglob("*") if path.is_file()), re.M)
    for program in [*named, "/bin/true"]:
        path = root / program.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STUB)
        path.chmod(0o755)
    # What the units refer to is systemd's own, of this machine.
    shutil.copytree("/usr/lib/systemd/system", folder, symlinks=True,
                    dirs_exist_ok=True)
    for unit in units:
        if not (folder / unit).exists():
            (folder / unit).write_text("[Service]\nExecStart=/bin/true\n")
    return said(None, "systemd-analyze", "verify", "--man=no",
                "--recursive-errors=no", f"--root={root}",
                *units)


#
# What they are run on
#


def tasks(files: Files) -> dict[str, tuple[Callable[[Files], str | None], Files]]:
    """Each test: the linter and its files."""
    found: dict[str, tuple[Callable[[Files], str | None], Files]] = {
        "clang-format": (clang_format,
                         [name for name in files if name.endswith((".c", ".h"))]),
        "shellcheck": (shellcheck, list(filter(is_shell, files))),
        "codespell": (codespell, [name for name in files
                                  if not name.startswith(NO_PROSE)]),
        "mandoc": (mandoc, [name for name in files
                            if name.startswith("tools/man/")]),
        "systemd": (systemd, [name for name in files
                              if name.startswith("units/")]),
        "dtc": (dtc, [name for name in files
                      if name.endswith((".dtsi", ".dtso"))]),
    }
    scripts = [name for name in files if is_python(name)]
    for folder in PYTHON:
        part = [name for name in scripts if name.startswith(folder + "/")]
        name = folder.rpartition("/")[2]
        found[f"mypy.{name}"] = (mypy, part)
        found[f"pylint.{name}"] = (pylint, part)
    return found


@cache
def version(linter: Callable[[Files], str | None]) -> str:
    """A linter's version: a newer one knows more."""
    command = {"clang_format": CLANG_FORMAT, "systemd": "systemd-analyze",
               "mandoc": "dpkg-query -W mandoc"}.get(linter.__name__,
                                                     linter.__name__)
    words = command.split()
    return subprocess.run(words if len(words) > 1 else [*words, "--version"],
                          check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def key(linter: Callable[[Files], str | None], files: Iterable[str]) -> str:
    """A hash of all that a linter's opinion depends on."""
    digest = hashlib.sha256(version(linter).encode())
    for path in sorted({*files, ".clang-format", "units/install.mk",
                        *(str(path.relative_to(TOP))
                          for path in STYLE.iterdir() if path.is_file())}):
        digest.update(f"{path}\0".encode() + (TOP / path).read_bytes())
    return digest.hexdigest()


def once(name: str, linter: Callable[[Files], str | None], files: Files,
         depends: Files) -> str | None:
    """Run a linter unless it was content with the same files before."""
    if not files:
        return "no file for it"
    stamp = OUT / name
    current = key(linter, depends)
    if stamp.exists() and stamp.read_text() == current:
        return None
    why = linter(files)
    if why is None:
        stamp.write_text(current)
    return why


def main() -> int:
    """Run the linters."""
    options = tap.arguments_of(__doc__).parse_args()
    files = all_files()
    OUT.mkdir(parents=True, exist_ok=True)
    scripts = [name for name in files if is_python(name)]
    tests = {f"lint.{name}": partial(
                 once, name, linter, part,
                 scripts if linter in (mypy, pylint) else part)
             for name, (linter, part) in tasks(files).items()}
    return tap.run_tests(tests, options, jobs=os.cpu_count() or 1)


if __name__ == "__main__":
    sys.exit(main())
