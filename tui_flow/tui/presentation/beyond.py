"""What the details of a row say that had to be looked up: a task's past, what it gave, and what a rerun would do."""

import json
from typing import Any, NamedTuple

from tui_flow.contract.states import TASK_SUCCESS, FlowRunState, TaskRunState
from tui_flow.counting import counted, sized
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.store.task_history import Output, Past
from tui_flow.tui.presentation import Line, reruns, times
from tui_flow.tui.presentation.glyphs import Marks, role
from tui_flow.tui.presentation.tree import gravest

MAX_SAID = 30
"""Letters of what a try failed with."""
MAX_SHOWN = 120
"""Letters of a result."""


class Beyond(NamedTuple):
    """What was looked up; None and nothing where it was not yet."""

    past: list[Past] = []  # noqa: RUF012
    output: Output | None = None


NOTHING = Beyond()


def task_lines(task: TaskRun, beyond: Beyond, marks: Marks, now: float) -> list[Line]:
    """What it was called with, each try, what came out, and how the task went before."""
    return [
        *([[(f"{'INPUT':<9}", "dim"), (task.arguments, "")]] if task.arguments else []),
        *_try_lines(task, marks),
        *_output_lines(task, beyond.output),
        *past_lines(beyond.past, marks, now),
    ]


def _try_lines(task: TaskRun, marks: Marks) -> list[Line]:
    lines: list[Line] = []
    before = ""
    for number, one in enumerate(task.tried, 1):
        is_last = number == len(task.tried)
        state = "failed" if one.said else task.state if is_last else "failed"
        took = "" if one.ended_at is None else times.duration(one.ended_at - one.started_at)
        lines.append(
            [
                (f"{'TRIES' if number == 1 else '':<9}", "dim"),
                (f"{number} {marks.glyph(state)}", role(state)),
                (f" {took:>6}  ", ""),
                ("the same" if one.said and one.said == before else _short(one.said), "dim"),
            ]
        )
        before = one.said
    return lines


def _short(said: str) -> str:
    """What was raised, without the module of its class, and in one row of the pane."""
    type, colon, message = said.partition(": ")
    text = f"{type.rpartition('.')[2]}{colon}{message}"
    return text if len(text) <= MAX_SAID else f"{text[: MAX_SAID - 1]}…"


def _output_lines(task: TaskRun, output: Output | None) -> list[Line]:
    if output is None or task.state is not TaskRunState.COMPLETED:
        return []
    return [[(f"{'OUTPUT':<9}", "dim"), *_told(output)]]


def _told(output: Output) -> Line:
    if not output.form:
        return [("not kept", "dim")]
    size = sized(output.size)
    if output.form != "json":
        return [("pickled", ""), (f"  {size}", "dim")]
    if output.value is None:
        return [("JSON", ""), (f"  {size}", "dim")]
    if len(output.value) <= MAX_SHOWN:
        return [(json.dumps(json.loads(output.value), ensure_ascii=False), "")]
    return [(_kind(json.loads(output.value)), ""), (f"  {size}", "dim")]


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    if isinstance(value, dict):
        return f"an object of {len(value):,}: {', '.join(map(str, list(value)[:6]))}"
    return f"{str(value)[:MAX_SHOWN]}…"


def past_lines(past: list[Past], marks: Marks, now: float) -> list[Line]:
    """How a task went in the last runs, the newest on the right, and when it last went well: before this one, if it did."""
    if not past:
        return []
    shapes: Line = []
    for one in reversed(past):
        state = gravest(one.counts, begun=one.started_at is not None)
        shapes.append((marks.glyph(state), role(state)))
    many = len(past)
    told = f"  its last {counted(many, 'run')}" if many > 1 else "  its first recent run"
    lines: list[Line] = [[(f"{'HISTORY':<9}", "dim"), *shapes, (told, "dim")]]
    good = next((one for one in past[1:] if _went_well(one)), None)
    if good is not None:
        took = "" if good.seconds is None else f"  {times.duration(good.seconds)}"
        when = times.moment(good.ended_at or now, now)
        lines.append([(f"{'LAST OK':<9}", "dim"), (f"run {good.run_id}  {when}{took}", "")])
    elif many > 1:
        none = "in none before this one" if _went_well(past[0]) else f"in none of these {many}"
        lines.append([(f"{'LAST OK':<9}", "dim"), (none, "warn")])
    return lines


def _went_well(past: Past) -> bool:
    return set(+past.counts) <= TASK_SUCCESS


def rerun_lines(run: FlowRun, task: str, preview: str) -> list[Line]:
    """What `r` offers first, what it would do, and the same as a command. Where nothing failed, nothing runs from there."""
    offered = ("t",) if run.state is FlowRunState.COMPLETED else ("f", "t")
    ways = [way for way in reruns.ways(run, task) if way.key in offered]
    lines: list[Line] = []
    for way in ways:
        told = preview if way.key == "f" and preview else way.title
        head = "RERUN" if not lines else ""
        lines.append([(f"{head:<9}", "dim"), (f"r {way.key}", "key"), (f"  {told}", "")])
    if ways:
        lines.append([(f"{'CLI':<9}", "dim"), (reruns.command_line(run, ways[-1]), "")])
    return lines
