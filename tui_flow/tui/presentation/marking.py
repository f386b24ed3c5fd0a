"""What is said of several rows at once: which are marked, and what became of them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from tui_flow.counting import counted
from tui_flow.tui.presentation import Line

NAMED = 3
"""So many rows are named; of more it says how many there are."""


class Left(NamedTuple):
    """A row for which something cannot be done, and why."""

    name: str
    why: str


def names(all: Sequence[str], most: int = NAMED) -> str:
    """ "etl_daily, billing_sync and 3 more"."""
    more = len(all) - most
    return ", ".join(all) if more <= 0 else f"{', '.join(all[:most])} and {more} more"


def marked_line(marked: Sequence[str], keys: Sequence[str], width: int, hidden: int = 0) -> Line:
    """What stands above the footer while rows are marked: as many of their names as there is room for; `hidden` are not
    in the list, and no key acts on them."""
    count = f" {len(marked)} marked" + (f", {hidden} of them hidden" if hidden else "")
    shown = len(marked) - hidden
    acts = (
        f"{', '.join(keys)} act on {'it' if shown == 1 else 'those shown' if hidden else 'them'}; "
        if shown
        else ""
    )
    hint = f"  ({acts}Esc clears)"
    for most in range(len(marked), 0, -1):
        said = f"{count}: {names(marked, most)}"
        if cell_len(said + hint) <= width:
            return [(said, "strong"), (hint, "dim")]
    return [(count, "strong"), (hint, "dim")]


def outcome(
    done: Sequence[str], verb: str, left: Iterable[Left] = (), *, noun: str = "", undoes: bool = False
) -> str:
    """ "3 flows paused; u undoes; cleanup_tmp: no schedule": what was done for how many rows, and why not for the
    others. `noun` is what the rows are, where they are all of one kind."""
    whys: dict[str, list[str]] = {}
    for name, why in left:
        whys.setdefault(why, []).append(name)
    many = counted(len(done), noun) if noun else f"{len(done)}"
    first = f"{many if done else f'no {noun}' if noun else 'none'} {verb}"
    others = (f"{names(those)}: {why}" for why, those in whys.items())
    return "; ".join((first, *(("u undoes",) if undoes and done else ()), *others))
