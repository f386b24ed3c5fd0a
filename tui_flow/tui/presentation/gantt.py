"""A bar on the time axis of one run: when a row waited, when it was at work, and how that ended."""

from collections.abc import Sequence
from typing import NamedTuple

from tui_flow.contract.states import TaskRunState
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.tui.presentation import Line, plots, times
from tui_flow.tui.presentation.glyphs import Marks, role
from tui_flow.tui.presentation.tree import MapGroup, Row

_NOT_CALLED = {
    TaskRunState.UPSTREAM_FAILED: "upstream failed",
    TaskRunState.SKIPPED: "skipped",
    TaskRunState.CACHED: "cached",
}


class Axis(NamedTuple):
    """The time that the bars' columns stand for."""

    start: float
    end: float
    width: int

    def column(self, at: float) -> int:
        """The column of a moment, within the axis."""
        span = max(self.end - self.start, 0.001)
        return max(0, min(self.width - 1, int((at - self.start) / span * self.width)))


class Period(NamedTuple):
    """What a bar shows of one row."""

    created_at: float | None
    started_at: float | None
    ended_at: float | None
    state: str
    failed_at: tuple[float, ...] = ()


def axis_of(run: FlowRun, now: float, width: int) -> Axis:
    start = run.started_at or run.created_at
    return Axis(start, run.ended_at or max(now, start + 1.0), width)


def period_of(row: Row, run: FlowRun) -> Period:
    """The period of a row: of the whole run, of a map call or of one task run. A single try has none."""
    if row.group is not None:
        return _period_of_group(row.group)
    if row.task is None:
        return Period(None, run.started_at, run.ended_at, run.state)
    task = row.task
    if row.tries is not None:
        return Period(None, None, None, task.state)
    return Period(task.created_at, task.started_at, task.ended_at, task.state)


def _period_of_group(group: MapGroup) -> Period:
    ended = None if any(group.counts[state] for state in _AT_WORK) else group.ended_at
    return Period(None, group.started_at, ended, group.state, tuple(group.failed_at[:400]))


_AT_WORK = (TaskRunState.PENDING, TaskRunState.RUNNING, TaskRunState.RETRYING, TaskRunState.PAUSED)


def bar(row: Row, run: FlowRun, axis: Axis, now: float, marks: Marks) -> Line:
    """The spans of a row's bar, exactly as wide as the axis or shorter."""
    period = period_of(row, run)
    if row.task is not None and row.tries is None and row.task.state in _NOT_CALLED:
        return _note(row.task, axis, marks)
    if period.started_at is None:
        return []
    first, last = axis.column(period.started_at), axis.column(period.ended_at or now)
    line: Line = []
    created = axis.column(period.created_at) if period.created_at is not None else first
    line.append((" " * created, ""))
    line.append((marks.waiting * (first - created), "dim"))
    colour = role(period.state) or "ok"
    cells = [(marks.bar, colour)] * (last - first + 1)
    for at in period.failed_at:
        cells[max(0, min(len(cells) - 1, axis.column(at) - first))] = (marks.glyph("failed"), "bad")
    if period.state in ("failed", "crashed", "cancelled", "retrying") and row.group is None:
        cells[-1] = (marks.glyph(period.state), colour)
    return line + _joined(cells)


def _note(task: TaskRun, axis: Axis, marks: Marks) -> Line:
    """Where a task run was never called: its reason, at the moment when that was clear."""
    at = axis.column(task.ended_at or task.created_at)
    text = _NOT_CALLED[task.state] if task.state is not TaskRunState.CACHED else marks.glyph(task.state)
    return [(" " * max(0, min(at, axis.width - len(text))), ""), (text, "dim")]


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
    return _joined(line)


def _joined(cells: Line) -> Line:
    """Neighbours of one role as one span."""
    joined: Line = []
    for text, colour in cells:
        if joined and joined[-1][1] == colour:
            joined[-1] = (joined[-1][0] + text, colour)
        else:
            joined.append((text, colour))
    return joined


def elapsed(row: Row, run: FlowRun, now: float, marks: Marks) -> str:
    """How long a row took, or has taken; the word for it where it was never called."""
    if row.tries is not None:
        return ""
    if row.task is not None and row.task.state in _NOT_CALLED:
        return "cached" if row.task.state is TaskRunState.CACHED else marks.dash
    period = period_of(row, run)
    if period.started_at is None:
        return marks.dash
    return times.duration((period.ended_at or now) - period.started_at, live=period.ended_at is None)
