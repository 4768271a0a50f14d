# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios: how they are declared, and how they are found."""

from __future__ import annotations

import fnmatch
import importlib
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Body = Callable[..., object]

# What @scenario has collected while scenario files were imported.
_declared: list[Scenario] = []


@dataclass(frozen=True)
class Scenario:
    """One test.

    name -- <suite>.<file>.<function>[.<variant>], file without "test_"
    description -- the function's docstring
    timeout -- seconds of wall clock
    requires -- kernel variants without which it is skipped
    body -- the function
    arguments -- what the function gets besides the Vm
    long -- too long for each run: with ALL=1 only
    """

    name: str
    description: str
    timeout: float
    requires: tuple[str, ...]
    body: Body
    arguments: Mapping[str, Any]
    long: bool = False


def scenario(*, timeout: float, requires: Sequence[str] = ("a", "b"),
             variants: Mapping[str, Mapping[str, Any]] | None = None,
             long: bool | Collection[str] = False,
             suite: str = "vm") -> Callable[[Body], Body]:
    """Declare a function to be a scenario, or one scenario a variant.

    The function is called with a Vm and, by name, the arguments that
    `variants` has under the variant's name.

    long -- it takes too long for each run, or these of its variants do
    """
    def declare(body: Body) -> Body:
        topic = body.__module__.removeprefix("test_")
        base = f"{suite}.{topic}.{body.__name__}"
        for variant, arguments in (variants or {"": {}}).items():
            _declared.append(Scenario(
                name=f"{base}.{variant}" if variant else base,
                description=(body.__doc__ or "").strip(),
                timeout=timeout, requires=tuple(requires),
                long=long if isinstance(long, bool) else variant in long,
                body=body, arguments=arguments))
        return body
    return declare


def load_scenarios(folder: Path) -> list[Scenario]:
    """Import every test_*.py of a folder; return what they declare."""
    sys.path.insert(0, str(folder))
    for path in sorted(folder.glob("test_*.py")):
        importlib.import_module(path.stem)
    return list(_declared)


def matches(candidate: Scenario, pattern: str) -> bool:
    """Is `pattern` part of the name, or a glob for all of it?"""
    return (pattern in candidate.name
            or fnmatch.fnmatchcase(candidate.name, pattern))
