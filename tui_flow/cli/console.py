"""The console, as the command line opens it."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tui_flow.cli.options import settings
from tui_flow.contract.errors import READS_ONLY, ReadOnly
from tui_flow.settings import THEMES, Settings

if TYPE_CHECKING:
    from tui_flow.tui.presentation.address import Address

_LOOKS = "tui_flow.looks"
"""The key in `Context.meta` of those options below that were given."""
_THIS = ("-P", "-c", "from tui_flow.cli.main import main; main()")
"""What the interpreter is given to be this program, without a look into the folder that it is in."""


class Looks(NamedTuple):
    """How the console is to be, by the options."""

    ascii: bool = False
    no_mouse: bool = False
    theme: str | None = None
    read_only: bool = False


def _remember(ctx: click.Context, option: click.Parameter, value: Any) -> None:
    if value and option.name:
        ctx.meta.setdefault(_LOOKS, {})[option.name] = value


def looks_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of what opens the console; before and after a command's name they mean the same."""
    for option in (
        click.option("--read-only", is_flag=True, expose_value=False, callback=_remember,
                     help="A console that starts and changes nothing."),
        click.option("--theme", type=click.Choice(THEMES), expose_value=False, callback=_remember,
                     help="The console's colours, instead of the setting's."),
        click.option("--no-mouse", is_flag=True, expose_value=False, callback=_remember,
                     help="The console without the mouse."),
        click.option("--ascii", is_flag=True, expose_value=False, callback=_remember,
                     help="The console in ASCII, whatever the terminal says it can show."),
    ):  # fmt: skip
        function = option(function)
    return function


def _why_read_only(found: Settings, *, asked: bool) -> ReadOnly | None:
    """None for a console that may change things."""
    from tui_flow.store.looking import why_only_to_look_at

    if why := why_only_to_look_at(found.state_dir):
        return ReadOnly(why, where=str(found.state_dir))
    return READS_ONLY if asked else None


def open_console(begin: "Address | None" = None) -> int:
    """Opens the console on the project, until somebody leaves it. Gives the exit code. Raises ProjectError."""
    found = settings()
    looks = Looks(**click.get_current_context().meta.get(_LOOKS, {}))
    from tui_flow.client import projects
    from tui_flow.tui.launch import run

    projects.note_opened(projects.path_of_projects(), found.project)
    return run(
        found,
        ascii=looks.ascii or None,
        mouse=not looks.no_mouse,
        theme=looks.theme or found.theme,
        read_only=_why_read_only(found, asked=looks.read_only),
        begin=begin,
        go_to=partial(_open_other, looks=looks),
    )


def _open_other(project: Path, looks: Looks) -> int:
    """The console of another project, by a process that begins anew in place of this one."""
    flags = (("--ascii", looks.ascii), ("--no-mouse", looks.no_mouse), ("--read-only", looks.read_only))
    options = [flag for flag, is_set in flags if is_set]
    theme = ["--theme", looks.theme] if looks.theme else []
    sys.stdout.flush()
    os.chdir(project)
    os.execv(sys.executable, [sys.executable, *_THIS, *options, *theme, "--project", str(project)])  # noqa: S606
