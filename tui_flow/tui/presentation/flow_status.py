"""What a flow does now, or how its last run ended, in the cells that its row has for it."""

import re

from rich.cells import cell_len

from tui_flow.contract.states import ACTIVE, TASK_ACTIVE, FlowRunState, TaskRunState
from tui_flow.store.advance import Advance
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.tui.presentation import Line, outlook, plots, text_of, times
from tui_flow.tui.presentation.cells import short
from tui_flow.tui.presentation.flow_list import FlowRow, begins, late_seconds
from tui_flow.tui.presentation.glyphs import Marks, role, word

BAR_CELLS = 10
_FIGURES = 12
"""Cells that percent and time left need beside a bar."""
_DISPENSABLE = re.compile(r" ago$|; .*$| line \d+$")
"""What a line can do without where it has to say that it is new."""
_DONE_FIRST = sorted(TaskRunState, key=lambda state: (state in TASK_ACTIVE, state is TaskRunState.PENDING))


def told(row: FlowRow, now: float, width: int, marks: Marks, *, says_late: bool) -> Line:
    """The line, and in it whether nobody has seen that yet; `says_late`: no other column does."""
    if not row.is_new(now):
        return _now(row, now, width, marks, says_late=says_late)
    return _with_news(_now(row, now, width - 2, marks, says_late=says_late), width, marks)


def _now(row: FlowRow, now: float, width: int, marks: Marks, *, says_late: bool) -> Line:
    if row.broken is not None:
        line = f" line {row.broken.error_line}" if row.broken.error_line else ""
        return [(f"import error{line}", "bad")]
    late = late_seconds(row, now) if says_late else None
    if late is not None and row.active is None:
        return [(f"LATE {times.until(late)}", "bad")]
    run = row.run
    if run is None:
        return [(short(row.never_run, width, marks.ellipsis), "dim")]
    if run.ended_at is not None:
        told = f"{word(run.state)} {times.ago(now - run.ended_at)}"
        return [(told, "bad" if role(run.state) == "bad" else ""), *_beside(row.waiting, now)]
    return _at_work(row, run, now, width, marks)


def _beside(waiting: FlowRun | None, now: float) -> Line:
    """What comes after the run that the row speaks of."""
    return [] if waiting is None else [(f"; {begins(waiting, now) or word(waiting.state)}", "dim")]


def _at_work(row: FlowRow, run: FlowRun, now: float, width: int, marks: Marks) -> Line:
    """Of a run that is not over: what it waits for, or how far it is."""
    others = sum(1 for other in row.runs if other.state in ACTIVE) - 1
    more: Line = [(f" (and {others} more)", "dim")] if others else []
    if later := begins(run, now):
        return [(later, "dim"), *more]
    if run.state in (FlowRunState.PENDING, FlowRunState.SCHEDULED):
        since = times.duration(now - run.created_at, live=True)
        what = f": {row.limit}" if row.limit else ""
        return [(f"{word(run.state)} {since}{what}", role(run.state)), *more]
    retrying = retry_line(run, row.advance, now, width, marks)
    if retrying:
        return retrying
    found = outlook.of_run(run, row.runs, row.advance, row.pace, now)
    if found is not None:
        return [*bar_line(found, min(BAR_CELLS, width - _FIGURES), marks), *more]
    counts = task_counts(row.advance, marks) if run.state is FlowRunState.RUNNING else []
    return [(word(run.state), role(run.state)), *([("  ", ""), *counts] if counts else []), *more]


def retry_line(run: FlowRun, advance: Advance | None, now: float, width: int, marks: Marks) -> Line:
    """What is tried again, and when; nothing where nothing is. The name of a task gives way to the time."""
    glyph = marks.glyph("retrying")
    if run.state is FlowRunState.RETRYING:
        what = f"attempt {run.attempt + 1}" if run.awaits_attempt else f"try {run.tries + 1}"
        return [(f"{glyph} {what} {_due(run.due_at, now)}".rstrip(), "warn")]
    task = advance.retrying if advance and run.state is FlowRunState.RUNNING else None
    if task is None:
        return []
    name, tries = task_name(task), try_of(task, now)
    text = f"{glyph} {name}: {tries}"
    if cell_len(text) <= width:
        return [(text, "warn")]
    tries = tries.removeprefix("try ")
    return [(f"{glyph} {short(name, width - 3 - len(tries), marks.ellipsis)} {tries}", "warn")]


def try_of(task: TaskRun, now: float) -> str:
    """ "try 3/3 in 12s", of a task run that waits for it."""
    return f"try {task.tries + 1}/{max(task.max_tries, task.tries + 1)} {_due(task.due_at, now)}".rstrip()


def task_name(task: TaskRun) -> str:
    """ "load", and of a mapped one "load[7]"."""
    return task.name if task.map_index is None else f"{task.name}[{task.map_index}]"


def _due(at: float | None, now: float) -> str:
    if at is None:
        return ""
    return f"in {times.duration(at - now, live=True)}" if at > now else "now"


def bar_line(found: outlook.Outlook, cells: int, marks: Marks) -> Line:
    """A bar, how much of it is full, and how long it may still take."""
    return [
        (plots.progress_bar(found.share, cells, marks), "live"),
        (f" {int(found.share * 100):>2}%", ""),
        (f"  {time_left(found)}", "warn" if found.is_slow else "dim"),
    ]


def time_left(found: outlook.Outlook | None) -> str:
    """ "~38s", or "slow" where it takes longer than usual; nothing where nobody knows."""
    if found is None:
        return ""
    if found.seconds_left is None:
        return "slow" if found.is_slow else ""
    return f"~{times.duration(max(1.0, found.seconds_left), live=True)}"


def task_counts(advance: Advance | None, marks: Marks) -> Line:
    """How many of its task runs are in which state: "✓14 ▸2 ·4"."""
    counts = advance.counts if advance else {}
    found = [
        (f"{marks.glyph(state)}{counts[state]}", role(state)) for state in _DONE_FIRST if counts.get(state)
    ]
    return [span for pair in found for span in ((" ", ""), pair)][1:]


def _with_news(line: Line, width: int, marks: Marks) -> Line:
    """The line with a sign that it is new; where that needs room, the line gives way."""
    text, sign = text_of(line), f" {marks.bullet} new"
    if cell_len(text + sign) <= width:
        return [*line, (sign, "bad")]
    brief = _DISPENSABLE.sub("", text)
    if brief != text and cell_len(brief + sign) <= width:
        return [(brief, line[0][1]), (sign, "bad")]
    if cell_len(text) + 2 <= width:
        return [*line, (sign[:2], "bad")]
    return [(short(text, width - 2, marks.ellipsis), line[0][1]), (sign[:2], "bad")]
