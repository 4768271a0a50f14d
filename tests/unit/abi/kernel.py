# SPDX-License-Identifier: GPL-2.0-or-later
"""The names of the kernel, and of what lies in memory across the reboot."""

from __future__ import annotations

import re

from abi.sources import (Broken, Rows, array, defined, file_of, find,
                         kernel_file, series, strings, sysfs_text, table)


@table
def slot_status() -> Rows:
    """The library has a word more, for those of later kernels."""
    rows = strings("status_names")
    text = find(r"\(RO\) (.*?)\.", sysfs_text("slot<N>/status"))[0][0]
    listed = set(find(r'"(\w+)"', text))
    if rows != listed | {("unknown",)}:
        raise Broken(f"kernel and library differ: {rows ^ listed}")
    return rows


@table
def segments() -> Rows:
    return set(find(r'\[FR_SEGMENT_\w+\] = "(\w+)"'))


@table
def placement() -> Rows:
    return set(find(r'"([a-z]+)"\s+\(it', sysfs_text("slot<N>/placement")))


@table
def stale() -> Rows:
    return set(find(r'"([a-z]+)"\s\(', sysfs_text("slot<N>/stale")))


@table
def boot_reason() -> Rows:
    return set(find(r'"([a-z-]+)"', sysfs_text("boot_reason")))


@table
def sysfs() -> Rows:
    return {(name, access) for names, access in find(
        r"((?:^What:\t\t/sys/kernel/fastreboot/\S+$\n)+)"
        r"(?:^(?:Date|KernelVersion|Contact):.*?$\n)+"
        r"^Description:$\n^\t\t\((R.|WO)\)", sysfs_text())
        for (name,) in find(r"/sys/kernel/fastreboot/(\S+)", names)}


@table
def sysfs_control() -> Rows:
    return set(find(r"^\t\t(\w+):$", sysfs_text("slot<N>/control")
                    .split("Errors:", maxsplit=1)[0]))


@table
def timeline_names() -> Rows:
    """The phases, and what is no phase."""
    phases = re.findall(r'"(\w+)"', array("phase_names"))
    counts = find(r'strcmp\(line, "(relocated_\w+)"\)')
    documented = set(find(r'"([a-z_]+)"', sysfs_text("timeline")))
    rows = {(name,) for name in phases} | set(counts)
    if rows != documented:
        raise Broken(f"kernel and library differ: {rows ^ documented}")
    return rows


@table
def kernel_parameters() -> Rows:
    rows = {(f"fastreboot={value}",) for (value,) in find(
        r"^\tfastreboot=\t.*?Format: (.*?)$", series())}
    if find(r'early_param\("(\w+)"', series()) != [("fastreboot",)]:
        raise Broken("there are other parameters of the kernel")
    return rows | set(find(r'"(fastreboot\.\w+=)'))


@table
def devicetree() -> Rows:
    """Those that are ours: the binding defines them and does not only use."""
    text = file_of("fastreboot,pool.yaml").read_text()
    return {*find(r'"(fastreboot,[a-z-]+)"', series()),
            *find(r"^  ([a-z-]+):$\n    \$ref:", text)}


@table
def kernel_options() -> Rows:
    return {(f"CONFIG_{name}",)
            for (name,) in find(r"^config (FASTREBOOT\w*)$", series())}


@table
def kexec_flags() -> Rows:
    return {(f"KEXEC_FILE_{name}", value) for name, value in find(
        r"^#define KEXEC_FILE_(\w+)\t(0x\w+)$", series())}


@table
def formats() -> Rows:
    """Magic number and version of what lies in memory across the reboot."""
    magic = int(defined("OBJECT_MAGIC").removesuffix("ULL"), 16)
    header = kernel_file("include/uapi/linux/fastreboot.h")
    return {("ledger", defined("FASTREBOOT_LEDGER_MAGIC", header),
             defined("FASTREBOOT_LEDGER_MAJOR", header),
             defined("FASTREBOOT_LEDGER_MINOR", header)),
            ("object", magic.to_bytes(8, "little").decode(),
             defined("OBJECT_MAJOR"), defined("OBJECT_MINOR"))}
