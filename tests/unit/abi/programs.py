# SPDX-License-Identifier: GPL-2.0-or-later
"""The names of the programs: options, settings, files, journal, library."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from abi.sources import (TOP, Broken, Rows, array, defined, file_of, find,
                         sources, table)

# What only a build for tests reads: no ABI.
TEST_VARIABLES = {"FASTREBOOT_SYSFS", "FASTREBOOT_ROOT", "FASTREBOOT_RUNTIME",
                  "FASTREBOOT_SYSTEMD", "FASTREBOOT_JOURNAL",
                  "FASTREBOOT_NO_JUMP", "FASTREBOOT_BOOT_ID",
                  "FASTREBOOT_GRACE_USEC", "FASTREBOOT_JOURNAL_SOCKET",
                  "FASTREBOOT_COMPATIBLE"}


@table
def configuration() -> Rows:
    section = ""
    rows: Rows = set()
    for line in file_of("fastreboot.conf").read_text().splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif match := re.fullmatch(r"#(\w+)=(.*)", line):
            rows.add((section, match[1], match[2] or "-"))
    known = set(find(r'{ "(\w+)", "(\w+)", \w*parse_\w+', array("settings")))
    if known != {row[:2] for row in rows}:
        raise Broken("fastreboot.conf and the daemon differ")
    return rows


@table
def sections() -> Rows:
    text = file_of("fastreboot.conf").read_text()
    return set(find(r"^\[(\w+)\]$", text))


@table
def kernel_install() -> Rows:
    text = file_of("kernel-install.conf").read_text()
    return set(find(r"^(\w+)=(\w+)$", text))


@table
def verbs() -> Rows:
    return {(command, verb)
            for command, name in COMMANDS.items()
            for (verb,) in find(r'{ "([a-z]+)", "', array(f"{name}_verbs"))}


@table
def options() -> Rows:
    rows: Rows = set()
    for command, name in COMMANDS.items():
        for option, argument in find(r'{ "([a-z-]+)", ("\w+"|NULL),',
                                     array(f"{name}_options")):
            value = "" if argument == "NULL" else f"={argument[1:-1]}"
            rows.add((command, f"--{option}{value}"))
    return rows


COMMANDS = {"fastreboot": "cli", "fastreboot state": "state",
            "fastreboot manifest": "manifest"}


@table
def environment() -> Rows:
    names = set(find(r'\bgetenv\("(FASTREBOOT_\w+)"\)'))
    return names - {(name,) for name in TEST_VARIABLES}


@table
def hook_environment() -> Rows:
    files = [text for text in sources().values() if "hooks_run(" in text]
    return set(find(r'"(FASTREBOOT_[A-Z_]+)=', "\n".join(files)))


@table
def hook_folders() -> Rows:
    return {(f"{kind}.d",)
            for (kind,) in find(r'\bhooks_run\([^"]*?"(\w+)"')}


@table
def paths() -> Rows:
    """Of our own that the programs name; some are only where things begin."""
    return set(find(r'"(/(?!org/)[a-z][^"%\s]*/fastreboot[^"%\s]*)"'))


@table
def installed() -> Rows:
    """What `make install` puts where, but for manuals and documentation."""
    programs = ("fastreboot", "fastrebootd", "fastreboot-wipe-state",
                "fastreboot-health", "root-overlay", "libfastreboot-state.so.0",
                "libfastreboot-state.a")
    with tempfile.TemporaryDirectory() as folder:
        for program in programs:
            (Path(folder) / program).touch()
        target = Path(folder) / "target"
        subprocess.run(["make", "-s", "-f", TOP / "units/install.mk",
                        f"DESTDIR={target}", f"PROGRAMS={folder}"],
                       check=True, stdout=subprocess.DEVNULL)
        return {(f"/{path.relative_to(target)}",)
                for path in target.rglob("*")
                if (not path.is_dir() or not any(path.iterdir()))
                and not {"man", "doc"} & set(path.parts)}


@table
def suffixes() -> Rows:
    return {(defined("FR_SCHEMAS_SUFFIX"),),
            (defined("FR_MANIFEST_SUFFIX"),),
            (defined("FR_SIGNATURE_SUFFIX"),),
            *find(r'strcmp\(key, "(x-fastreboot-[a-z-]+)"\)')}


@table
def manifest_keys() -> Rows:
    text = array("keys")
    return {("format",), *find(r'^\tKEY\((\w+), \w+\),$', text),
            *find(r'^\tLIST_KEY\("(\w+)",', text)}


@table
def messages() -> Rows:
    rows = set(find(r'\[FR_EVENT_([A-Z_]+)\] = "([0-9a-f]{32})"'))
    catalog = file_of("fastreboot.catalog").read_text()
    explained = {identity for (identity,) in find(r"^-- (\w{32})$", catalog)}
    if explained != {identity for _, identity in rows}:
        raise Broken("not each message has its entry in the catalog")
    return rows


@table
def journal_fields() -> Rows:
    return set(find(r'entry_add\(&entry, "(FASTREBOOT_[A-Z_]+)='))


@table
def metrics() -> Rows:
    return set(find(r'"(fastreboot_[a-z_]+)"'))


@table
def metric_labels() -> Rows:
    return {*find(r'put_label\(file, "(\w+)"'),
            *find(r'"fastreboot_\w+{(\w+)=')}


def library(pattern: str) -> str:
    """The one file of the library with a name like this."""
    found = list((TOP / "daemon").rglob(pattern))
    if len(found) != 1:
        raise Broken(f"{len(found)} files are named {pattern}")
    return found[0].read_text()


@table
def library_symbols() -> Rows:
    text = library("libfastreboot-state.map")
    node = find(r"^(\w+) {", text)
    if len(node) != 1:
        raise Broken("the library has more than one version")
    return {(node[0][0], name)
            for (name,) in find(r"^\t(fr_state_\w+);$", text)}


@table
def library_constants() -> Rows:
    text = library("fastreboot-state.h")
    return {*find(r"^#define (FR_STATE_[A-Z_]+) (.+?)$", text),
            *find(r"^\t(FR_STATE_[A-Z_]+) = (\d+),", text)}
