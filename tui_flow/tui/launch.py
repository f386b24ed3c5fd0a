"""The console's start and end, in a terminal. Nothing of Textual is loaded before the terminal is found to do."""

import gc
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tui_flow.contract.errors import EXIT_OK, EXIT_USAGE, ReadOnly
from tui_flow.held_off import held_off, stood_in
from tui_flow.settings import Settings
from tui_flow.tui import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tui_flow.tui.presentation.address import Address


def run(
    settings: Settings,
    *,
    ascii: bool | None = None,
    mouse: bool = True,
    theme: str = "auto",
    read_only: ReadOnly | None = None,
    begin: "Address | None" = None,
    connect: Callable[..., Awaitable[Any]] | None = None,
    go_to: "Callable[[Path], int] | None" = None,
) -> int:
    """Shows the console until somebody leaves it. The exit code: 0, or 2 where the terminal will not do.

    `ascii` None and `theme` "auto" find out what the terminal can show; `begin` is where it opens; `connect` is for
    tests: how the engine is reached; `go_to` shows another project, whose exit code it gives, once this one is left for it.
    """
    trouble = terminal.why_unusable()
    if trouble:
        sys.stderr.write(
            f"{trouble}\nthe commands work everywhere: tui-flow flows, tui-flow run FLOW, tui-flow runs\n"
        )
        return EXIT_USAGE
    gc.disable()  # until the first frame: modules are no garbage, and looking for some takes a tenth of the start
    # asyncio's ssl, for connections that no console makes, and Textual's palette and toasts, in whose place there are
    # others here: a seventh of the start
    with held_off("ssl"), stood_in("textual.command", "textual.widgets._toast"):
        from textual import constants

        from tui_flow.client.projects import path_of_projects
        from tui_flow.tui import copying, keymap
        from tui_flow.tui.app import Console
        from tui_flow.tui.presentation.glyphs import wants_ascii

    terminal.leave_on_hang_up()
    setattr(constants, "ESCAPE_DELAY", terminal.escape_seconds(constants.ESCAPE_DELAY))  # noqa: B010
    console = Console(
        settings,
        ascii=wants_ascii() if ascii is None else ascii,
        theme=terminal.theme_name(theme),
        read_only=read_only,
        begin=begin,
        connect=connect,
        keys=keymap.path_of_keys(),
        yank=copying.yank_path(),
        projects=path_of_projects(),
    )
    try:
        code = console.run(mouse=mouse)
    finally:
        gc.enable()  # it may have been left before it did so itself
    if console.elsewhere is not None and go_to is not None:
        return go_to(console.elsewhere)
    if going := str(console.overview.going):
        sys.stdout.write(f"{going}; reattach: tui-flow\n")
    return code or console.return_code or EXIT_OK
