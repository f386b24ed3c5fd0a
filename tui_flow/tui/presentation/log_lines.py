"""How one line of a log is split into columns."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tui_flow.contract.log import LEVELS, rank_of
from tui_flow.store.log_search import Hit
from tui_flow.tui.presentation import Line, text_of, times

if TYPE_CHECKING:
    from tui_flow.store.logs import LogFile

LEVEL_WORDS = ("DEBUG", "INFO", "WARN", "ERROR", "CRIT")
LEVEL_ROLES = ("dim", "", "warn", "bad", "bad")
TIME_MODES = ("clock", "delta", "date", "off")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HEADER = re.compile(r"(\S{27}) (\S+) +(\S+) (\S+): ?")


class Parts(NamedTuple):
    """A line, taken apart."""

    at: float | None
    """None for a further line of a record, and for what is no record."""
    level: str
    logger: str
    message: str


def split(text: str) -> Parts:
    """The parts of a line as it stands in the file."""
    match = _HEADER.match(text)
    if match is None:
        return Parts(None, "", "", text.removeprefix("\t"))
    return Parts(seconds(match[1]), match[2], match[4], text[match.end() :])


def seconds(stamp: str) -> float | None:
    """When that is, of a record's time; None for what is none."""
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None


def level_word(level: str) -> tuple[str, str]:
    """The level in five letters, and its role."""
    rank = rank_of(level)
    return (LEVEL_WORDS[rank] if level in LEVELS else level[:5], LEVEL_ROLES[rank])


def read_line(at: float | None, level: str, who: str, message: str, mode: str) -> Line:
    """A line as it is read outside of the console: when (the time column in one of its modes, or a whole "stamp"), how
    grave, whose it is, and what it says. A further line of a record has no time, and is indented."""
    text = _COLOUR.sub("", message) if "\x1b" in message else message
    if at is None:
        return [("    ", ""), (text, "")]
    when = f"{times.stamp(at)} " if mode == "stamp" else time_text(mode, at, None, narrow=False)
    return [(when, "dim"), (f"{level:<8} ", level_word(level)[1]), (f"{who or '-'}: ", ""), (text, "")]


def texts(log: "LogFile", lines: Iterable[int], whose: Callable[[int], str], mode: str) -> Iterator[str]:
    """Lines of a log like that, as plain text, until its file becomes another; `whose` gives a task run's name."""
    generation = log.generation
    for line in lines:
        if log.generation != generation:
            return
        at, level, _, message = split(log.whole_text(line))
        writer = log.head(line).task_run
        who = "" if writer is None else whose(writer)
        yield text_of(read_line(at, level, who, message, mode))


def time_text(mode: str, at: float | None, before: float | None, *, narrow: bool) -> str:
    """The time column of a line; `before` is when the shown record before it was written."""
    width = time_width(mode, narrow=narrow)
    if at is None or not width:
        return " " * width
    if mode == "delta":
        return f"{f'+{max(0.0, at - (before or at)):.3f}':>{width - 1}} "
    text = times.exact(at, "%H:%M:%S" if mode == "clock" else "%m-%d %H:%M:%S")
    return f"{text[:-4]} " if narrow else f"{text} "


def time_width(mode: str, *, narrow: bool) -> int:
    """The cells of the time column, with the blank after it; a narrow one leaves out the milliseconds."""
    return {"clock": 9 if narrow else 13, "delta": 10, "date": 15 if narrow else 19, "off": 0}[mode]


def context_line(number: int, text: str, mark: str, hit: Hit) -> Line:
    """A line of the log around a hit: number, time, level and message, with what was found marked."""
    parts = split(text)
    level = level_word(parts.level) if parts.at is not None else ("", "")
    when = time_text("clock", parts.at, None, narrow=True) if parts.at is not None else "  "
    line: Line = [(f"{number + 1:>6}", "dim"), (f"{mark} ", "strong"), (when, "dim")]
    if level[0]:
        line.append((f"{level[0]:<5} ", level[1] or "dim"))
    if number != hit.line:
        return [*line, (_COLOUR.sub("", parts.message), "")]
    begin, end = hit.place
    return [*line, (hit.text[:begin], "strong"), (hit.text[begin:end], "match"), (hit.text[end:], "strong")]
