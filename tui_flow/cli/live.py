"""A run in a terminal: log lines scroll up, and below them the tree of its task runs is drawn again and again."""

import shutil
import sys
import termios
from typing import Any

from tui_flow.cli.log_lines import record_lines
from tui_flow.cli.tree_lines import tree_lines
from tui_flow.cli.watch import Step

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_CUT_LINES, _WRAP_LINES = "\x1b[?7l", "\x1b[?7h"
"""Whether the terminal cuts a line at its edge, so that a line of the tree is always one row, or wraps it."""
_MOST_ROWS = 200


class LiveView:
    """Draws each step over the one before, in one write. `close` gives the terminal back as it was."""

    def __init__(self, *, log: bool) -> None:
        self._log = log
        self._drawn = 0
        self._terminal_before = _stop_echo()
        self._write(_HIDE_CURSOR)

    def show(self, step: Step) -> None:
        rows = shutil.get_terminal_size().lines - 2
        lines = tree_lines(step.run, step.forest, limit=_MOST_ROWS if step.is_last else max(3, rows))
        said = (
            [line for record in step.records for line in record_lines(record, step.who)] if self._log else []
        )
        above, tree = ("".join(f"{line}\n" for line in part) for part in (said, lines))
        self._write(self._erased() + above + _CUT_LINES + tree + _WRAP_LINES)
        self._drawn = len(lines)

    def close(self) -> None:
        self._write(_WRAP_LINES + _SHOW_CURSOR)
        if self._terminal_before is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._terminal_before)

    def _erased(self) -> str:
        return f"\x1b[{self._drawn}A\r\x1b[J" if self._drawn else ""

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _stop_echo() -> list[Any] | None:
    """Keeps typed keys out of the drawing; gives the terminal's modes as they were, None where there is none."""
    if not sys.stdin.isatty():
        return None
    before = termios.tcgetattr(0)
    after = list(before)
    after[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSADRAIN, after)
    return before
