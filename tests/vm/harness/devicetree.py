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
