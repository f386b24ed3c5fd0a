"""What the wide tree says of a row between its name and its bar: state, how long it waited and ran, and which try."""

from collections.abc import Sequence

from tui_flow.contract.states import TaskRunState
from tui_flow.store.records import FlowRun
from tui_flow.store.waits import Wait
from tui_flow.tui.presentation import Line, gantt, times
from tui_flow.tui.presentation.glyphs import Marks, role, word
from tui_flow.tui.presentation.tree import Row

_STATE, _WAIT, _RUN, _TRY = 11, 7, 8, 5
COLUMNS_WIDTH = 1 + _STATE + _WAIT + _RUN + _TRY
_NEVER = (TaskRunState.CACHED, TaskRunState.SKIPPED, TaskRunState.UPSTREAM_FAILED)
WAITED_SECONDS = 0.05
"""Shorter waits are not worth a number."""


def column_heads() -> str:
    return f" {'STATE':<{_STATE}}{'WAIT':>{_WAIT - 1}} {'RUN':>{_RUN - 1}} {'TRY':>{_TRY - 1}} "


def columns(row: Row, run: FlowRun, state: str, now: float, marks: Marks, waits: Sequence[Wait] = ()) -> Line:
    """The columns of one row, exactly `COLUMNS_WIDTH` wide."""
    return [
        (f" {word(state):<{_STATE}}", role(state)),
        (f"{_waited(row, run, now, marks):>{_WAIT - 1}} ", "dim"),
        (f"{gantt.elapsed(row, run, now, marks, waits):>{_RUN - 1}} ", ""),
        (f"{_tries(row, run, marks):>{_TRY - 1}} ", "warn" if _tried_again(row, run) else "dim"),
    ]


def _waited(row: Row, run: FlowRun, now: float, marks: Marks) -> str:
    """From when it was asked for to when it began."""
    if row.group is not None or row.tries is not None:
        return ""
    what = row.task or run
    if what.state in _NEVER:
        return marks.dash
    began = what.started_at if what.started_at is not None else what.ended_at
    seconds = (now if began is None else began) - what.created_at
    return times.duration(seconds, live=began is None) if seconds >= WAITED_SECONDS else marks.dash


def _tries(row: Row, run: FlowRun, marks: Marks) -> str:
    if row.group is not None or row.tries is not None:
        return ""
    what = row.task or run
    if what.state == TaskRunState.CACHED:
        return marks.glyph(what.state)
    most = row.task.max_tries if row.task is not None else 1
    if not what.tries:
        return marks.dash
    return f"{what.tries}/{most}" if most > 1 else str(what.tries)


def _tried_again(row: Row, run: FlowRun) -> bool:
    return row.group is None and row.tries is None and (row.task or run).tries > 1


def legend(marks: Marks, width: int) -> Line:
    """What the bars are made of, as far as there is room."""
    parts: list[tuple[str, str, str]] = [
        (marks.waiting, "waiting", "dim"),
        (marks.bar, "at work", "ok"),
        (marks.glyph("failed"), "failed try", "bad"),
        (marks.back_off, "back-off", "warn"),
        (marks.glyph("cached"), "cached", "ok"),
        (marks.glyph("upstream_failed"), "not run: upstream failed", "dim"),
    ]
    line, used = Line(), 1
    for shape, text, colour in parts:
        used += len(shape) + len(text) + 4
        if used > width:
            break
        line += [(f" {shape}", colour), (f" {text}  ", "dim")]
    return line
