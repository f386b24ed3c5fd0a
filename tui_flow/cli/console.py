"""`tui-flow` without a command: the console."""

from tui_flow.cli.options import settings


def open_console(*, ascii: bool, mouse: bool, theme: str | None, read_only: bool) -> int:
    """Opens the console on the project, until somebody leaves it. Gives the exit code. Raises ProjectError."""
    found = settings()
    from tui_flow.tui.app import run

    return run(found, ascii=ascii or None, mouse=mouse, theme=theme or found.theme, read_only=read_only)
