"""Text by the cells that it takes on the screen. Apart from the rest, since Rich's table of widths costs a command its start."""

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

from tui_flow.tui.presentation import Line


def short(text: str, width: int, ellipsis: str) -> str:
    """The text, cut to so many cells where it is longer."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)) + ellipsis


def line_len(line: Line) -> int:
    return sum(cell_len(text) for text, _ in line)


def with_more(line: Line, more: Iterable[Line], room: int) -> Line:
    """The line, and behind it those of the others that there is room for, each whole."""
    for one in more:
        if line_len(line) + line_len(one) <= room:
            line = [*line, *one]
    return line
