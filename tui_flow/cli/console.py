"""The console, as the command line opens it."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tui_flow.cli.options import settings
from tui_flow.contract.errors import ReadOnly
from tui_flow.settings import Settings

if TYPE_CHECKING:
    from tui_flow.tui.presentation.address import Address

LOOKS = "tui_flow.looks"
"""The key in `Context.meta` of the options that stand before any command."""


_THIS = ("-P", "-c", "from tui_flow.cli.main import main; main()")
"""What the interpreter is given to be this program, without a look into the folder that it is in."""


class Looks(NamedTuple):
    """How the console is to be, by the options before the command."""

    ascii: bool
    mouse: bool
    theme: str | None
    read_only: bool


def _why_read_only(found: Settings, *, asked: bool) -> ReadOnly | None:
    """None for a console that may change things."""
    from tui_flow.store.looking import why_only_to_look_at
    from tui_flow.tui.bridge import READS_ONLY

    if why := why_only_to_look_at(found.state_dir):
        return ReadOnly(why, where=str(found.state_dir))
    return READS_ONLY if asked else None


def open_console(begin: "Address | None" = None) -> int:
    """Opens the console on the project, until somebody leaves it. Gives the exit code. Raises ProjectError."""
    found = settings()
    looks: Any = click.get_current_context().meta[LOOKS]
    from tui_flow.client import projects
    from tui_flow.tui.launch import run

    projects.note_opened(projects.path_of_projects(), found.project)
    return run(
        found,
        ascii=looks.ascii or None,
        mouse=looks.mouse,
        theme=looks.theme or found.theme,
        read_only=_why_read_only(found, asked=looks.read_only),
        begin=begin,
        go_to=partial(_open_other, looks=looks),
    )


def _open_other(project: Path, looks: Looks) -> int:
    """The console of another project, by a process that begins anew in place of this one."""
    flags = (("--ascii", looks.ascii), ("--no-mouse", not looks.mouse), ("--read-only", looks.read_only))
    options = [flag for flag, is_set in flags if is_set]
    theme = ["--theme", looks.theme] if looks.theme else []
    sys.stdout.flush()
    os.chdir(project)
    os.execv(sys.executable, [sys.executable, *_THIS, *options, *theme, "--project", str(project)])  # noqa: S606
