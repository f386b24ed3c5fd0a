"""Text by the cells that it takes on the screen. Apart from the rest, since Rich's table of widths costs a command its start."""

from rich.cells import cell_len, set_cell_size


def short(text: str, width: int, ellipsis: str) -> str:
    """The text, cut to so many cells where it is longer."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)) + ellipsis
