# SPDX-License-Identifier: GPL-2.0-or-later
"""Device trees: QEMU's own, with overlays."""

from __future__ import annotations

import subprocess
from pathlib import Path

from . import options as qemu
from .errors import ScenarioFailure
from .options import Options

_RESERVED_MEMORY = """\
/dts-v1/;
/plugin/;

&{{/}} {{
	#address-cells = <2>;
	#size-cells = <2>;

	reserved-memory {{
		#address-cells = <2>;
		#size-cells = <2>;
		{ranges}

{node}
	}};
}};
"""


def reserved_memory(node: str, ranges: str = "ranges;") -> str:
    """The source of an overlay with a node under /reserved-memory.

    ranges -- without it the kernel reserves nothing that is there
    """
    return _RESERVED_MEMORY.format(node=node, ranges=ranges)


def with_overlay(options: Options, overlay: Path, folder: Path) -> Path:
    """The device tree of a machine with an overlay, given as source.

    folder -- for the result and what is made on the way
    """
    tree = folder / "virt.dtb"
    blob = folder / "overlay.dtbo"
    result = folder / "result.dtb"
    _dump(options, tree)
    # Overlay checks are off: dtc cannot know the tree that it will extend.
    _run("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", str(blob),
         str(overlay))
    _run("fdtoverlay", "-i", str(tree), "-o", str(result), str(blob))
    return result


def with_firmware(tree: Path, reservation: tuple[int, int], name: str,
                  folder: Path) -> Path:
    """A tree with what firmware adds to one.

    reservation -- first byte and bytes, for a /memreserve/
    name -- of a property of /chosen, which says "here"
    """
    source, result = folder / "firmware.dts", folder / "firmware.dtb"
    _run("dtc", "-q", "-I", "dtb", "-O", "dts", "-o", str(source), str(tree))
    start, size = reservation
    source.write_text(source.read_text("utf-8").replace(
        "/dts-v1/;", f"/dts-v1/;\n/memreserve/ {start:#x} {size:#x};", 1)
        + f'/ {{ chosen {{ {name} = "here"; }}; }};\n', "utf-8")
    _run("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(result),
         str(source))
    return result


def plain(options: Options, folder: Path) -> Path:
    """QEMU's device tree for a machine, as it is."""
    tree = folder / "plain.dtb"
    _dump(options, tree)
    return tree


def _dump(options: Options, path: Path) -> None:
    """Write QEMU's device tree for a machine."""
    arguments = options.machine()
    board = arguments.index("-machine") + 1
    arguments[board] += f",dumpdtb={path}"
    _run(qemu.QEMU, *arguments)


def _run(*command: str) -> None:
    result = subprocess.run(command, check=False, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True)
    if result.returncode:
        raise ScenarioFailure(f"{' '.join(command)}: {result.stderr.strip()}")
