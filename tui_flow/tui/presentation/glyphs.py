"""How a state looks: a shape first, a colour second, and a short word where there is room for one."""

import os
from collections.abc import Mapping
from typing import NamedTuple

ROLES = {
    "ok": "green",
    "bad": "red",
    "live": "cyan",
    "warn": "yellow",
    "gone": "magenta",
    "dim": "bright_black",
    "strong": "",
    "key": "",
}
"""What a piece of text can mean, each with the colour of the sixteen that comes nearest ("" is the terminal's own)."""


class Look(NamedTuple):
    """How one state is shown."""

    glyph: str
    ascii: str
    word: str
    role: str


_LOOKS = {
    "scheduled": Look("·", ":", "scheduled", "dim"),
    "pending": Look("◌", "o", "queued", "dim"),
    "running": Look("▸", ">", "running", "live"),
    "retrying": Look("↻", "~", "retrying", "warn"),
    "paused": Look("‖", "|", "paused", "dim"),
    "cancelling": Look("⊗", "%", "cancelling", "gone"),
    "completed": Look("✓", ".", "ok", "ok"),
    "cached": Look("=", "=", "cached", "ok"),
    "skipped": Look("»", "-", "skipped", "dim"),
    "upstream_failed": Look("▿", "v", "upstream", "dim"),
    "failed": Look("✗", "X", "failed", "bad"),
    "crashed": Look("!", "!", "crashed", "bad"),
    "cancelled": Look("⊘", "#", "cancelled", "gone"),
    "missed": Look("?", "?", "missed", "warn"),
}
LEGEND = tuple(_LOOKS)
"""All states of flow runs and task runs, and what can become of a fire time that no run is made for, in the order in
which help lists them."""


def glyph(state: str, ascii: bool = False) -> str:
    """The shape of a flow run's or task run's state: one cell wide, and no two alike."""
    look = _LOOKS[state]
    return look.ascii if ascii else look.glyph


def word(state: str) -> str:
    """The state in at most ten letters."""
    return _LOOKS[state].word


def role(state: str) -> str:
    """The state's colour, as one of `ROLES`."""
    return _LOOKS[state].role


class Marks(NamedTuple):
    """What is drawn that is no state: folds, bars, the cursor."""

    ascii: bool
    open: str
    shut: str
    cursor: str
    bar: str
    waiting: str
    back_off: str
    """Between two tries."""
    axis: str
    ellipsis: str
    wrapped: str
    crumb: str
    dash: str
    left: str
    right: str
    enter: str
    bars: str
    """Eight heights of one cell."""
    eighths: str
    """What a cell of a bar looks like that is full in part; nothing where it is full or is not."""
    nothing: str
    """A height of nothing."""
    fire: str
    """A fire time to come."""
    bullet: str
    """Something that is new, or several fire times."""
    mark: str
    """A row that is marked."""
    expected: str
    """How long something is expected to take."""

    @property
    def to(self) -> str:
        """From one thing to another."""
        return "->" if self.ascii else "→"

    @property
    def rule(self) -> str:
        """A short line on either side of a text."""
        return "--" if self.ascii else "──"

    def glyph(self, state: str) -> str:
        return glyph(state, self.ascii)


UNICODE = Marks(
    False,
    "▾",
    "▸",
    ">",
    "█",
    "░",
    "·",
    "│",
    "…",
    "↪",
    "›",
    "—",
    "‹",
    "›",
    "⏎",
    "▁▂▃▄▅▆▇█",
    "▏▎▍▌▋▊▉",
    "·",
    "○",
    "●",
    "▌",
    "▒",
)
ASCII = Marks(
    True,
    "v",
    ">",
    ">",
    "+",
    "_",
    ",",
    "|",
    "~",
    "\\",
    ">",
    "-",
    "<",
    ">",
    "Enter",
    "_.-:=+*#",
    "",
    " ",
    "o",
    "*",
    "*",
    "+",
)


def wants_ascii(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this terminal cannot be trusted with more than ASCII: a locale without UTF-8, or a bare console.

    No locale at all says nothing (containers have none). Python itself sets LC_CTYPE to C.UTF-8 where LANG is C.
    """
    if environ.get("TERM", "") in ("linux", "vt100", "vt102", "vt220"):
        return True
    ctype, lang = environ.get("LC_CTYPE", ""), environ.get("LANG", "")
    if ctype == "C.UTF-8" and lang in ("C", "POSIX"):
        ctype = lang
    return "utf" not in (environ.get("LC_ALL") or ctype or lang or "utf").lower()
