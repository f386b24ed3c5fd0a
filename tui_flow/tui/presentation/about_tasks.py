"""What the details of the Run view say of a task run, and of all those of one map call."""

from collections import Counter
from collections.abc import Sequence
from heapq import nlargest
from pathlib import Path

from tui_flow.contract.states import TASK_ACTIVE, TASK_WENT_WRONG, TaskRunState
from tui_flow.store.records import TaskRun
from tui_flow.store.waits import Wait
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.presentation.about import (
    fact,
    reason_lines,
    state_line,
    traceback_lines,
    when_lines,
)
from tui_flow.tui.presentation.cells import short
from tui_flow.tui.presentation.gantt import Period
from tui_flow.tui.presentation.glyphs import Marks, role, word
from tui_flow.tui.presentation.tree import MapGroup, name_of

MOST_NAMED = 4
"""Of the task runs of a map call so many are named: those that failed, and the slowest."""
MOST_LETTERS = 40
"""Of what one of them was called with."""


def task_details(
    task: TaskRun,
    names: dict[int, str],
    marks: Marks,
    now: float,
    project: Path,
    more: Sequence[Line] = (),
    waits: Sequence[Wait] = (),
) -> list[Line]:
    """All there is to know of a task run; `names` are those of the run's task runs, `more` is what was looked up,
    `waits` are those that it took part in."""
    tries = f"try {task.tries} of {task.max_tries}" if task.max_tries > 1 and task.tries else ""
    upstream = ", ".join(names.get(id, str(id)) for id in task.upstream[:8])
    message = task.message if task.state in TASK_ACTIVE else ""
    return [
        state_line(task.state, task.state_name, marks, tries),
        *([[(message, "warn")]] if message else []),
        fact("task" if task.kind == "task" else "flow", f"{task.name}  {task.run_name}".rstrip()),
        *([fact("map", f"item {task.map_index}")] if task.map_index is not None else []),
        *when_lines(task, now, waits),
        *([fact("after", upstream)] if upstream else []),
        *([fact("tags", " ".join(task.tags))] if task.tags else []),
        *reason_lines(task.reason, "" if message else task.message, task.failure, project),
        *([[], *more] if more else []),
        *traceback_lines(task.failure),
    ]


def as_try(task: TaskRun, number: int, period: Period) -> TaskRun:
    """The task run as it was in one of its tries, which took that period."""
    found = task._replace(tries=number, started_at=period.started_at, ended_at=period.ended_at)
    if number == task.tries and task.state is not TaskRunState.RETRYING:
        return found
    said = task.tried[number - 1].said if number <= len(task.tried) else ""
    return found._replace(
        state=TaskRunState(period.state), state_name="", reason=None, message=said, failure=None
    )


def group_details(
    group: MapGroup, tasks: Sequence[TaskRun], marks: Marks, now: float, more: Sequence[Line] = ()
) -> list[Line]:
    """How many are in which state, how long they take, which failed first, and which were the slowest."""
    done = sum(count for state, count in group.counts.items() if state not in TASK_ACTIVE)
    counts: Line = [(f"{'tasks':<9}", "dim")]
    for state, count in sorted(group.counts.items()):
        if count:
            counts.append((f"{marks.glyph(state)} {count:,} {word(state)}  ", role(state)))
    took = sorted(task.ended_at - task.started_at for task in tasks if task.started_at and task.ended_at)
    lines = [state_line(group.state, "", marks, f"{done:,} of {len(tasks):,} are over"), counts]
    waits = Counter(task.message for task in tasks if task.state in TASK_ACTIVE and task.message)
    lines += [[(f"{count:,} of them: {why}", "warn")] for why, count in waits.most_common(MOST_NAMED)]
    if group.started_at is not None:
        ended = (
            "" if group.ended_at is None or done < len(tasks) else f" to {times.moment(group.ended_at, now)}"
        )
        lines.append(fact("when", f"{times.moment(group.started_at, now)}{ended}"))
    if took:
        middle, high = took[len(took) // 2], took[int(len(took) * 0.95)]
        lines.append(fact("take", f"p50 {times.duration(middle)}  p95 {times.duration(high)}"))
    failed = (
        [task for task in tasks if task.state in TASK_WENT_WRONG]
        if any(group.counts[state] for state in TASK_WENT_WRONG)
        else []
    )
    failed.sort(key=lambda task: task.ended_at or 0.0)
    lines += _named(
        "FAILED", [(task, _said(task), "bad") for task in failed[:MOST_NAMED]], len(failed), marks
    )
    if len(took) > 1:
        slowest = [
            (task, times.duration(_seconds(task)), "") for task in nlargest(MOST_NAMED, tasks, key=_seconds)
        ]
        lines += _named("SLOWEST", slowest, len(slowest), marks)
    return [*lines, *([[], *more] if more else [])]


def _seconds(task: TaskRun) -> float:
    """How long one took that is over."""
    return task.ended_at - task.started_at if task.started_at and task.ended_at else -1.0


def _said(task: TaskRun) -> str:
    failure = task.failure
    return (f"{failure.type}: {failure.message}" if failure else task.message).partition("\n")[0]


def _named(title: str, found: Sequence[tuple[TaskRun, str, str]], count: int, marks: Marks) -> list[Line]:
    """Some of so many by name, each with a word about it."""
    lines: list[Line] = [[], [(title, "dim")]] if found else []
    for task, text, colour in found:
        shape = (f"  {marks.glyph(task.state)} ", role(task.state))
        given = f" {short(task.arguments, MOST_LETTERS, marks.ellipsis)}" if task.arguments else ""
        lines.append([shape, (name_of(task), ""), (given, "dim"), (f"  {text}", colour)])
    if count > len(found):
        lines.append([(f"  and {count - len(found):,} more", "dim")])
    return lines
