"""The tree of a run's task runs as lines of text; the task runs of one map call share a line."""

import time
from typing import Any

from tui_flow.cli.output import cells, pad, style
from tui_flow.cli.paint import shape, took
from tui_flow.contract.states import TASK_SUCCESS, TASK_TERMINAL, TASK_WENT_WRONG, FlowRunState, TaskRunState
from tui_flow.safe import safe
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.store.waits import Waits
from tui_flow.tui.presentation.times import duration
from tui_flow.tui.presentation.tree import MapGroup, Row, TaskForest, name_of

_LABEL_WIDTH = 44
_MOST_FAILED = 4
"""Of a folded map call so many that failed have lines of their own."""
_UNEVENTFUL = TASK_SUCCESS | {TaskRunState.PENDING}


def tree_lines(
    run: FlowRun, forest: TaskForest, *, limit: int | None = None, in_detail: bool = False
) -> list[str]:
    """The run's line and those below it, safe to print. Of more than `limit`, those are kept that are at work or went
    wrong, then the newest, and a last line counts the others. `in_detail`: with what task runs were called with, and
    those of folded map calls that failed."""
    rows = [row for row in forest.rows(f"{run.flow} #{run.id}") if row.tries is None]
    if in_detail:
        rows = [one for row in rows for one in (row, *_failed_within(row, forest))]
    shown = rows if limit is None or len(rows) <= limit else _most_telling(rows, max(1, limit - 1))
    labels = ["  " * row.depth + f"{shape(_state(run, row))} {_cut(safe(row.label))}" for row in shown]
    width = max(map(cells, labels))
    now = time.time()
    lines = [
        f"{pad(label, width)}  {_facts(run, row, forest, now)}{_arguments(row) if in_detail else ''}".rstrip()
        for label, row in zip(labels, shown, strict=True)
    ]
    if len(shown) < len(rows):
        lines.append(style(f"  and {len(rows) - len(shown)} more", dim=True))
    return lines


def _failed_within(row: Row, forest: TaskForest) -> list[Row]:
    """The first task runs of a folded map call that went wrong."""
    if row.group is None or not row.folded:
        return []
    wrong = [forest.tasks[id] for id in row.group.members if forest.tasks[id].state in TASK_WENT_WRONG]
    return [
        Row(("task", task.id), row.depth + 1, name_of(task), None, task, None, None)
        for task in wrong[:_MOST_FAILED]
    ]


def _arguments(row: Row) -> str:
    return style(f"  {safe(row.task.arguments)}", dim=True) if row.task and row.task.arguments else ""


def _most_telling(rows: list[Row], limit: int) -> list[Row]:
    order = sorted(range(1, len(rows)), key=lambda index: (_calm(rows[index]), -index))
    return [rows[index] for index in sorted([0, *order[: limit - 1]])]


def _calm(row: Row) -> bool:
    return (row.task or row.group).state in _UNEVENTFUL  # type: ignore[union-attr]


def _state(run: FlowRun, row: Row) -> str:
    holder: Any = row.task or row.group or run
    return str(holder.state)


def _facts(run: FlowRun, row: Row, forest: TaskForest, now: float) -> str:
    if row.group is not None:
        return group_facts(row.group, now)
    if row.task is not None:
        return task_facts(row.task, now, forest.waits_of(run, row.task))
    name = style(safe(run.run_name), dim=True)
    return f"{_column(took(run, now))} {name}  {_due(run.state, run.due_at, now)}"


def task_facts(task: TaskRun, now: float, waits: Waits = ()) -> str:
    """How long it ran, but for its waits, which try it is, when the next is due, and what went wrong."""
    tries = f"try {task.tries}/{task.max_tries}" if task.tries > 1 or task.due_at else ""
    what = "" if task.state in TASK_SUCCESS else task.message
    parts = (tries, _due(task.state, task.due_at, now), safe(what.partition("\n")[0])[:200])
    return f"{_column(took(task, now, waits))} {'  '.join(part for part in parts if part)}"


def group_facts(group: MapGroup, now: float) -> str:
    """How long all of them ran, how many are over, and how many are in a state worth a look."""
    done = sum(group.counts[state] for state in TASK_TERMINAL)
    seconds = "-"
    if group.started_at is not None:
        running = done < len(group.members)
        end = now if running else group.ended_at or now
        seconds = duration(end - group.started_at, live=running)
    odd = (
        f"{shape(state)} {count} {state}"
        for state, count in group.counts.items()
        if count and state not in _UNEVENTFUL
    )
    return f"{_column(seconds)} {done}/{len(group.members)}  {'  '.join(odd)}"


def _due(state: FlowRunState | TaskRunState, due_at: float | None, now: float) -> str:
    if state == "retrying" and due_at is not None:
        return f"again in {duration(due_at - now, live=True)}"
    return ""


def _column(text: str) -> str:
    return f"{text:>7}"


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL_WIDTH else text[: _LABEL_WIDTH - 3] + "..."
