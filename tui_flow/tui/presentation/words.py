"""Small texts that many screens have: a number with its word, and a name cut to the room that there is."""

from rich.cells import cell_len, set_cell_size


def counted(count: int, word: str) -> str:
    """ "1 run", "1,136 runs"."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def short(text: str, width: int, ellipsis: str) -> str:
    """The text, cut to so many cells where it is longer."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)) + ellipsis
