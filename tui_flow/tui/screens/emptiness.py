"""Why a view has nothing to show, where that is no news about the project."""

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tui_flow.contract.errors import READS_ONLY
from tui_flow.contract.flow_file_names import may_be_flow_file
from tui_flow.counting import counted
from tui_flow.tui.presentation import Line

if TYPE_CHECKING:
    from tui_flow.tui.app import Console

_MOST = 1000
"""So many files are looked at."""


def why_empty(console: "Console") -> tuple[str, list[Line]] | None:
    """Title and text; None where the history was read, and has nothing."""
    if error := console.trouble:
        where: list[Line] = [[(text, "")] for text in error.where.splitlines()]
        return "This needs your attention", [[(error.what, "bad")], *where, [(error.next, "strong")]]
    if not console.has_overview:
        return "Reading", [[("The history is being read.", "dim")]]
    read_only = console.bridge.read_only
    if read_only is None or console.overview.files:
        return None
    if read_only is READS_ONLY:
        return "Nothing was kept here yet", [
            [("No engine has read the flows of this project, and this console starts none:", "")],
            [("tui-flow engine start", "live"), (" does.", "")],
        ]
    return "Nothing was kept here", [
        [(read_only.what, "warn")],
        [("Nothing was kept here, and nothing can run: copy the project to a place", "")],
        [("where you may write, and open it there.", "")],
    ]


def reading_files(console: "Console") -> tuple[str, list[Line]] | None:
    """The same while there are flow files, and no engine has told of any."""
    folder = console.settings.flows_dir
    count = 0 if console.overview.files else _count_files(folder)
    if not count:
        return None
    told = f"{counted(count, 'file')} in {os.path.relpath(folder, console.settings.project)}/"
    if console.needs_restart:
        return "Nothing was read yet", [[(f"No engine has read the {told} yet.", "warn")]]
    return "Reading", [[(f"Reading the {told}: their flows show up here.", "")]]


def _count_files(folder: Path) -> int:
    there = (name for _, _, names in os.walk(folder) for name in names)
    return sum(1 for name in islice(there, _MOST) if may_be_flow_file(name))
