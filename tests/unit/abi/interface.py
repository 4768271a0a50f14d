# SPDX-License-Identifier: GPL-2.0-or-later
"""The names of the interface: D-Bus, polkit and JSON."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from abi.sources import (Broken, Rows, array, body, defined, file_of, find,
                         function_at, line_of, sources, strings, table)

# The JSON object that each function writes members of.
JSON_FUNCTIONS = {
    "describe_status": "status",
    "add_kernel": "status",
    "print_status": "status",
    "add_schedule": "status",
    "describe_pool": "status.pool",
    "describe_slot": "status.slots[]",
    "describe_segment": "segments[]",
    "describe_commit": "status.commit",
    "describe_update": "status.last_update",
    "describe_verdict": "health",
    "verdict_store": "health",
    "baseline_store": "baseline",
    "describe_job": "status.job",
    "describe_last_job": "status.last_job",
    "describe_last_log": "last-log",
    "fr_timeline_to_json": "timeline",
    "phases_to_json": "timeline.phases[]",
    "fr_payload_source": "source",
    "members": "source",
    "add_notes": "source",
    "add_reason": "source",
    "guess_source": "source",
    "mirror_to_json": "update",
    "set_details": "stage",
    "new_details": "commit",
    "add_check": "commit.checks[]",
    "make_result": "result",
    "make_object": "check",
    "make_check": "check.checks[]",
    "setup_plan_json": "setup",
    "change_json": "setup.files[]",
    "list_make": "list",
    "look_at": "list.entries[]",
    "add_verdict": "list.entries[]",
    "add_place": "list.entries[]",
    "updates_make": "history",
    "end_update": "history.updates[]",
    "add_when": "history.updates[]",
    "add_start": "history.updates[]",
    "event_new": "event",
    "on_new": "event",
    "on_removed": "event",
    "on_progress": "event",
    "put_property": "event",
    "add_details": "event",
    "to_json": "manifest",
    "list_json": "state-list",
    "describe": "state-list.objects[]",
    "add_record": "state-list.objects[]",
    "add_time": "state-list.objects[]",
    "add_hash": "state-list.objects[]",
    "add_boot_id": "state-list.objects[]",
    "report_verification": "state-verify",
    "add_result": "state-verify.objects[]",
}

TYPES = {"s": "s", "S": "s", "a": "as", "b": "b", "t": "t", "i": "i"}


@table
def dbus_names() -> Rows:
    folder = find(r'^#define \w*JOB\w* BUS_OBJECT "([^"]*)"')[0][0]
    return {("service", defined("BUS_NAME")),
            ("object", defined("BUS_OBJECT")),
            ("object", f"{defined('BUS_OBJECT')}{folder}/<number>"),
            ("interface", defined("BUS_MANAGER")),
            ("interface", defined("BUS_JOB"))}


def vtables() -> list[tuple[str, str]]:
    """Interface and content of each vtable."""
    return [(name.capitalize(), " ".join(content.split()))
            for name, content in
            find(r"sd_bus_vtable (\w+)_vtable\[\] = {(.*?)SD_BUS_VTABLE_END")]


def arguments(text: str) -> str:
    """'"i", slot, "s", reason' as 'i slot, s reason'."""
    pairs = re.findall(r'"([^"]*)", (\w+)', text)
    return ", ".join(f"{kind} {name}" for kind, name in pairs) or "-"


@table
def dbus_methods() -> Rows:
    return {(interface, name, arguments(given), arguments(result))
            for interface, content in vtables()
            for name, given, result in find(
                r'SD_BUS_METHOD_WITH_ARGS\( ?"(\w+)", '
                r"SD_BUS_(NO_ARGS|ARGS\(.*?\)), "
                r"SD_BUS_(NO_RESULT|RESULT\(.*?\)),", content)}


@table
def dbus_signals() -> Rows:
    return {(interface, name, arguments(given))
            for interface, content in vtables()
            for name, given in find(
                r'SD_BUS_SIGNAL_WITH_ARGS\( ?"(\w+)", '
                r"SD_BUS_(ARGS\(.*?\)),", content)}


@table
def dbus_properties() -> Rows:
    return {(interface, name, kind)
            for interface, content in vtables()
            for name, kind in find(
                r'SD_BUS_PROPERTY\( ?"(\w+)", "(\w+)"', content)}


@table
def dbus_options() -> Rows:
    rows: Rows = set()
    for text in sources().values():
        for match in re.finditer(r"\bstruct option (\w+)\[\] = {(.*?)};",
                                 text, re.DOTALL):
            method = function_at(text, match.start())
            argument = match[1].removesuffix("_options")
            for name, kind in re.findall(r"{ \"([^\"]+)\", '(\w)'", match[2]):
                rows.add((method.removeprefix("read_").capitalize(),
                          argument, name, TYPES[kind]))
    return rows


@table
def failures() -> Rows:
    constants = find(r"^enum fr_failure {(.*?)^};")[0][0]
    numbers = {constant: number for constant, number in
               find(r"^\tFR_([A-Z_]+) = (\d+),", constants)}
    names = {constant: name for constant, name in
             find(r'\[FR_([A-Z_]+)\] = "(\w+)"', array("failure_names"))}
    if numbers.keys() != names.keys():
        raise Broken("not each failure has a name")
    return {(number, "done" if number == "0" else names[constant])
            for constant, number in numbers.items()}


@table
def jobs() -> Rows:
    return set(find(r'\.name = "(\w+)",\s*\.action = "([\w.]+)"'))


@table
def job_steps() -> Rows:
    return set(find(r'\bjob_step\([^"]*?"(\w+)"'))


@table
def polkit_actions() -> Rows:
    root = ElementTree.parse(file_of("*.policy")).getroot()
    offered: Rows = {(action.attrib["id"],) for action in root.iter("action")}
    asked = set(find(r'"(org\.fastreboot1\.[a-z-]+)"'))
    if offered != asked:
        raise Broken(f"polkit's file and the daemon differ: {offered ^ asked}")
    return offered


@table
def json_schemas() -> Rows:
    return set(find(r'"(org\.fastreboot\.[a-z-]+/\d+)"'))


@table
def json_members() -> Rows:
    rows: Rows = set()
    unknown = set()
    call = re.compile(r"\b(?:json_object_object_add|(?:cli_json_)?add(?:_[a-z_]+)?)\("
                      r'\s*[\w>.-]+,\s*"([a-z][a-z0-9_]*)"'
                      r"|\bMEMBER\(([a-z_]+)\)")
    for path, text in sources().items():
        if "json_object" not in text and "add_text" not in text:
            continue
        for match in call.finditer(text):
            name = match[1] or match[2]
            if line_of(text, match.start()).startswith("#define"):
                continue
            function = function_at(text, match.start())
            rows.add((JSON_FUNCTIONS.get(function, function), name))
            if function not in JSON_FUNCTIONS:
                unknown.add(f"{function} in {path.name}")
    if unknown:
        raise Broken(f"JSON_FUNCTIONS lacks {', '.join(sorted(unknown))}")
    return rows


@table
def json_events() -> Rows:
    return set(find(r'\b(?:event_new|put_daemon)\([^"()]*"([a-z-]+)"'))


@table
def checks() -> Rows:
    return set(find(r'{ "([a-z-]+)", check_\w+, \w+ }'))


@table
def update_status() -> Rows:
    return strings("update_status_names")


@table
def doctor_checks() -> Rows:
    return set(find(r'\bcheck_say\(\s*doctor, "([a-z-]+)"'))


@table
def doctor_status() -> Rows:
    return set(find(r'\[CHECK_[A-Z]+\] = "([a-z]+)"'))


@table
def history_status() -> Rows:
    return set(find(r'update(?:->|\.)status = "([a-z-]+)"')) | \
        set(find(r'\.status = "(leaving)"'))


@table
def object_status() -> Rows:
    """That of the table, and of what has a record."""
    return set(find(r'return "(\w+)";', body("state_status_name"))) | \
        set(find(r'[?:]\s*"(\w+)"', body("state_status_name")))


@table
def object_kind() -> Rows:
    return set(find(r'FR_STATE_DOUBLE \? "([a-z-]+)"')) | \
        set(find(r'FR_STATE_DOUBLE \? "[a-z-]+" : "([a-z-]+)"'))


@table
def object_result() -> Rows:
    """How verifying one has ended."""
    return set(find(r'[?:]\s*"([a-z-]+)"', body("verify_one")))
