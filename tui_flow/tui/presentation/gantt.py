"""A bar on the time axis of one run: when a row waited, when it was at work, try by try, and how that ended.

What cannot be told by a bar stands beside it in words: how far it is, when the next try begins, why it never ran.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from tui_flow.contract.states import FlowRunState, TaskRunState
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.store.waits import FOREVER, Wait, work_seconds
from tui_flow.tui.presentation import Line, joined, plots, times
from tui_flow.tui.presentation.glyphs import Marks, role
from tui_flow.tui.presentation.tree import MapGroup, Row

_NOT_CALLED = {
    TaskRunState.UPSTREAM_FAILED: "upstream failed",
    TaskRunState.SKIPPED: "skipped",
    TaskRunState.CACHED: "cached",
}
_AT_WORK = (TaskRunState.PENDING, TaskRunState.RUNNING, TaskRunState.RETRYING, TaskRunState.PAUSED)
_FILLED = ("failed", "crashed")
"""States whose shape fills the bar: they are read without colour, too."""
_ROOM_FOR_PROGRESS = 18
"""Cells that a bar needs which says how far it is."""


class Axis(NamedTuple):
    """The time that the bars' columns stand for."""

    start: float
    end: float
    width: int

    def column(self, at: float) -> int:
        """The column of a moment, within the axis."""
        span = max(self.end - self.start, 0.001)
        return max(0, min(self.width - 1, int((at - self.start) / span * self.width)))


def place_of(row: Row, run: FlowRun, now: float) -> float | None:
    """Where in the run's time the middle of a row's bar is, from 0 to 1; None where it has none."""
    period, whole = period_of(row, run), axis_of(run, now, 1)
    begun = period.started_at if period.started_at is not None else period.created_at
    if begun is None:
        return None
    middle = (begun + (period.ended_at or now)) / 2
    return max(0.0, min(1.0, (middle - whole.start) / max(whole.end - whole.start, 0.001)))


_STEPS = (
    *(base * 10**power for power in (-3, -2, -1) for base in (1, 2, 5)),
    1, 2, 5, 10, 15, 30, 45, 60, 90, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
    *(86_400 * 2**power for power in range(1, 12)),
)  # fmt: skip
"""Seconds that may lie between two labels of the axis."""
_LABEL = 10
"""Cells that a label and the gap behind it need."""


def axis_labels(axis: Axis, begun: float) -> str:
    """The times of an axis, since the run began, each above its column: "0s     45s    1m30s"."""
    span = max(axis.end - axis.start, 0.001)
    step = next((step for step in _STEPS if step * axis.width >= _LABEL * span), _STEPS[-1])
    text, at = "", math.ceil((axis.start - begun) / step - 1e-9) * step
    while begun + at < axis.end:
        label, column = times.offset(at), axis.column(begun + at)
        if column + len(label) > axis.width:
            break
        text = text.ljust(column) + label if column >= len(text) else text
        at += step
    return text


class Period(NamedTuple):
    """What a bar shows of one row."""

    created_at: float | None
    started_at: float | None
    ended_at: float | None
    state: str
    failed_at: tuple[float, ...] = ()


class Headway(NamedTuple):
    """How far a task run says that it is."""

    share: float
    """From 0 to 1."""
    seconds_left: float | None
    """By its pace so far; None where that cannot be told."""


def axis_of(run: FlowRun, now: float, width: int, part: tuple[float, float] | None = None) -> Axis:
    """The axis of a whole run, or of a part of it: from one share of its time to another."""
    start = run.started_at or run.created_at
    end = run.ended_at or max(now, start + 1.0)
    if part is not None:
        start, end = start + (end - start) * part[0], start + (end - start) * part[1]
    return Axis(start, end, width)


def period_of(row: Row, run: FlowRun) -> Period:
    """The period of a row: of the whole run, of a map call, of one task run or of one of its tries."""
    if row.group is not None:
        return _period_of_group(row.group)
    if row.task is None:
        return Period(None, run.started_at, run.ended_at, run.state)
    task = row.task
    if row.tries is None:
        return Period(task.created_at, task.started_at, task.ended_at, task.state)
    is_last = row.tries == task.tries
    if row.tries > len(task.tried):
        return Period(None, None, None, task.state if is_last else "failed")
    one = task.tried[row.tries - 1]
    has_failed = not is_last or task.state is TaskRunState.RETRYING
    return Period(None, one.started_at, one.ended_at, "failed" if has_failed else task.state)


def _period_of_group(group: MapGroup) -> Period:
    ended = None if any(group.counts[state] for state in _AT_WORK) else group.ended_at
    return Period(None, group.started_at, ended, group.state, tuple(group.failed_at[:400]))


def bar(
    row: Row,
    run: FlowRun,
    axis: Axis,
    now: float,
    marks: Marks,
    *,
    headway: Headway | None = None,
    why: str = "",
    waits: Sequence[Wait] = (),
) -> Line:
    """The spans of a row's bar, exactly as wide as the axis or shorter. `why` it waits, or never ran; `waits` are
    those for an answer."""
    cells = _Cells(axis, marks)
    task = row.task if row.tries is None else None
    period = period_of(row, run)
    if task is not None and task.state in _NOT_CALLED:
        is_cached = task.state is TaskRunState.CACHED
        text = marks.glyph(task.state) if is_cached else why or _NOT_CALLED[task.state]
        cells.write(axis.column(task.ended_at or task.created_at), text, "dim")
        return cells.spans()
    if period.created_at is not None:
        until = now if period.started_at is None and period.ended_at is None else period.started_at
        cells.fill(period.created_at, until, marks.waiting, "dim", is_open=True)
    if period.started_at is None:
        cells.write_beside(why, "dim")
        return cells.spans()
    _draw_work(cells, row, task, period, now, marks)
    _draw_waits(cells, period, waits, now, marks)
    if (
        headway is not None
        and period.ended_at is None
        and run.state is not FlowRunState.PAUSED
        and axis.width >= _ROOM_FOR_PROGRESS
    ):
        _draw_headway(cells, headway, axis, period.started_at, marks)
    elif row.group is None:
        cells.write_beside(*_note(row, run, now, marks, why))
    return cells.spans()


def _note(row: Row, run: FlowRun, now: float, marks: Marks, why: str) -> tuple[str, str]:
    """What stands behind a bar: what a try failed with, what is waited for, or when the next try begins."""
    if row.tries is not None and row.task is not None:
        return (row.task.tried[row.tries - 1].said if row.task.tried else ""), "dim"
    return why or due_text(row.task or run, now, marks), "warn"


def _draw_work(
    cells: "_Cells", row: Row, task: TaskRun | None, period: Period, now: float, marks: Marks
) -> None:
    """When it was at work, once or try by try, and where those within it failed."""
    if task is not None and task.tried:
        _draw_tries(cells, task, now, marks)
    elif period.started_at is not None:
        is_whole = row.group is not None or row.task is None or row.task.kind == "flow"
        state = "running" if is_whole and period.state in _FILLED else period.state
        _draw(cells, state, period.started_at, period.ended_at or now, marks, role(period.state))
    for at in period.failed_at:
        cells.fill(at, at, marks.glyph("failed"), "bad")


def _draw_waits(cells: "_Cells", period: Period, waits: Sequence[Wait], now: float, marks: Marks) -> None:
    """When it waited for an answer. A cell in which it was at work, too, shows that."""
    for since, until, _ in waits:
        end = min(until or FOREVER, period.ended_at or FOREVER)
        if end == FOREVER:
            cells.fill(since, now, marks.glyph(FlowRunState.PAUSED), "warn")
        else:
            cells.fill(since, end, marks.glyph(FlowRunState.PAUSED), "warn", is_between=True)


class _Cells:
    """The cells of a bar, to be written over and over."""

    def __init__(self, axis: Axis, marks: Marks) -> None:
        self._axis, self._marks = axis, marks
        self._cells = [(" ", "")] * axis.width
        self.first, self.end = axis.width, -1
        """The first and the last column that was written."""

    def fill(
        self,
        since: float,
        until: float | None,
        text: str,
        role: str,
        *,
        is_open: bool = False,
        is_between: bool = False,
    ) -> range:
        """One character from one moment to another; `is_open`: without the column of the second one, `is_between`: of
        either. Which columns."""
        axis = self._axis
        if until is None or until < axis.start or since > axis.end:
            return range(0)
        columns = range(
            axis.column(since) + is_between, axis.column(until) + (not is_open and not is_between)
        )
        for column in columns:
            self._cells[column] = (text, role)
        if columns:
            self.first, self.end = min(self.first, columns.start), max(self.end, columns.stop - 1)
        return columns

    def set(self, column: int, text: str, role: str) -> None:
        self._cells[column] = (text, role)

    def write(self, column: int, text: str, role: str) -> None:
        """A text from a column on; further to the left where there is no room for it there."""
        width = self._axis.width
        if len(text) > width:
            text = text[: width - 1] + self._marks.ellipsis
        column = max(0, min(column, width - len(text)))
        for place, character in enumerate(text, column):
            self._cells[place] = (character, role)
        self.first, self.end = min(self.first, column), max(self.end, column + len(text) - 1)

    def write_beside(self, text: str, role: str) -> None:
        """A text behind what was written, else before it; over its end where there is no room for it at all."""
        if not text:
            return
        if self._axis.width - self.end - 2 >= len(text) or self.first <= len(text):
            self.write(self.end + 2 if self.end >= 0 else 0, text, role)
        else:
            self.write(self.first - len(text) - 1, text, role)

    def spans(self) -> Line:
        return joined(self._cells[: self.end + 1])


def _draw(cells: _Cells, state: str, since: float, until: float, marks: Marks, colour: str = "") -> None:
    """One stretch of work."""
    colour = colour or role(state) or "ok"
    columns = cells.fill(since, until, marks.glyph(state) if state in _FILLED else marks.bar, colour)
    if state == "cancelled" and columns:
        cells.set(columns.stop - 1, marks.glyph(state), colour)


def _draw_tries(cells: _Cells, task: TaskRun, now: float, marks: Marks) -> None:
    """Each try as a bar of its own, with the back-off between them."""
    begins = [one.started_at for one in task.tried[1:]]
    is_waiting = task.state is TaskRunState.RETRYING
    for one, next_at in zip(task.tried, [*begins, now] if is_waiting else begins, strict=False):
        if one.ended_at is not None:
            cells.fill(one.ended_at, next_at, marks.back_off, "warn")
    for number, one in enumerate(task.tried, 1):
        is_last = number == len(task.tried) and not is_waiting
        _draw(cells, task.state if is_last else "failed", one.started_at, one.ended_at or now, marks)


def _draw_headway(cells: _Cells, headway: Headway, axis: Axis, since: float, marks: Marks) -> None:
    """In place of a bar that always ends at now: one that says how far it is, and how long it may take."""
    left = headway.seconds_left
    text = f" {headway.share:.0%}" + (
        "" if left is None else f" ~{times.duration(max(1.0, left), live=True)}"
    )
    first = min(axis.column(since), axis.width - _ROOM_FOR_PROGRESS)
    room = axis.width - first - len(text)
    full = round(headway.share * room)
    cells.write(first, marks.bar * full + (marks.waiting if marks.ascii else "─") * (room - full), "live")
    cells.write(first + room, text, "live")


def due_text(what: TaskRun | FlowRun, now: float, marks: Marks) -> str:
    """When the next try begins, of what waits for one: "↻ try 3/3 in 12s"; else nothing."""
    if what.state not in (TaskRunState.RETRYING, FlowRunState.RETRYING) or what.due_at is None:
        return ""
    most = f"/{what.max_tries}" if isinstance(what, TaskRun) else ""
    left = what.due_at - now
    when = "now" if left < 1 else f"in {times.until(left)}"
    return f"{marks.glyph('retrying')} try {what.tries + 1}{most} {when}"


_GRAVE = (TaskRunState.CRASHED, TaskRunState.FAILED, TaskRunState.CANCELLED)
_SHAPED = (*_GRAVE, TaskRunState.RUNNING, TaskRunState.RETRYING, TaskRunState.PAUSED)
"""States that are shown as their shape, the gravest first; of what completed, the height of a cell is its duration."""


def strip(tasks: Sequence[TaskRun], width: int, now: float, marks: Marks) -> Line:
    """The task runs of a map call in a row, a cell each, or where they are too many several of them a cell."""
    count = len(tasks)
    cells = min(count, width)
    seconds = [(task.ended_at or now) - task.started_at if task.started_at else 0.0 for task in tasks]
    longest = max(seconds, default=0.0)
    line: Line = []
    for place in range(cells):
        first, end = place * count // cells, (place + 1) * count // cells
        states = {task.state for task in tasks[first:end]}
        shaped = next((state for state in _SHAPED if state in states), None)
        if shaped is None and TaskRunState.COMPLETED not in states:
            shaped = next(iter(states))
        if shaped is not None:
            line.append((marks.glyph(shaped), role(shaped)))
        else:
            line.append((plots.bar(max(seconds[first:end]), longest, marks), "ok"))
    return joined(line)


def elapsed(row: Row, run: FlowRun, now: float, marks: Marks, waits: Sequence[Wait] = ()) -> str:
    """How long a row was at work, or has been; the word for it where it was never called."""
    if row.tries is None and row.task is not None and row.task.state in _NOT_CALLED:
        return "cached" if row.task.state is TaskRunState.CACHED else marks.dash
    period = period_of(row, run)
    seconds = work_seconds(period.started_at, period.ended_at or now, waits)
    return marks.dash if seconds is None else times.duration(seconds, live=period.ended_at is None)
