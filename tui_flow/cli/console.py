"""`tui-flow` without a command: the console."""

import sys

import click

from tui_flow.cli.options import settings


def open_console() -> None:
    """Opens the console on the project. Raises ProjectError, and UsageError where there is no terminal."""
    found = settings()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("the console needs a terminal; without one, use the commands: tui-flow --help")
    from tui_flow.tui.app import run

    run(found)
