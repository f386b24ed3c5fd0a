"""What the pane beside the flows says of the one under the cursor, where there is room for all of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.cells import cell_len

from tui_flow.contract.states import ACTIVE, WENT_WRONG, FlowRunState, TaskRunState
from tui_flow.counting import counted
from tui_flow.store.records import FlowRun
from tui_flow.store.spans import Span
from tui_flow.store.tasks import TaskSummary
from tui_flow.tui.presentation import Line, about, outlook, plots, times
from tui_flow.tui.presentation.cells import short
from tui_flow.tui.presentation.flow_list import FlowRow
from tui_flow.tui.presentation.glyphs import Marks, role, word

MANY_TASKS = 16
"""So many are named; of more, those that are over and well are left out first."""
RUNS = 30
"""In so many of the last runs it is counted which tasks failed."""
_WELL = (TaskRunState.COMPLETED, TaskRunState.CACHED, TaskRunState.SKIPPED)


class More(NamedTuple):
    """What takes a look into the history, and a question to the engine."""

    flow: str = ""
    run_id: int | None = None
    """The run that the tasks are of."""
    spans: Sequence[Span] = ()
    """The flow's last runs, the newest first."""
    tasks: Sequence[TaskSummary] = ()
    failures: Mapping[str, int] = {}
    """In how many of the last runs each task failed."""
    next_times: Sequence[float] = ()


def title(row: FlowRow) -> str:
    return row.path if row.flow is None else row.name


def lines(row: FlowRow, more: More, project: Path, now: float, marks: Marks, width: int) -> list[Line]:
    run = row.run
    if row.broken is not None or run is None:
        return [*about.flow_lines(row, project, now), *_next(row, more, now)]
    mine = more if more.flow == row.name else More()
    groups = [
        _run(row, run, now, marks),
        _error(row, run, mine, project, now),
        _tasks(mine.tasks if mine.run_id == run.id else (), marks, width),
        [*_failures(mine), *_usual(mine)],
        _next(row, mine, now),
        about.description_lines(row),
    ]
    return [line for group in groups if group for line in ([], *group)][1:]


def _run(row: FlowRow, run: FlowRun, now: float, marks: Marks) -> list[Line]:
    state: Line = [
        (f"{marks.glyph(run.state)} {word(run.state).upper()}", role(run.state)),
        (f"  run {run.id}", "strong"),
        (f"  {_when(run, now)}", ""),
    ]
    values = about.value_spans(run.parameters)
    found: list[Line] = [
        state,
        [
            ("trigger  ", "dim"),
            (run.trigger, ""),
            (f", attempt {run.attempt}" if run.attempt > 1 else "", "warn"),
        ],
        [("params   ", "dim"), *(values or [("none", "dim")])],
        *([_code(row, run)] if run.source_sha else []),
    ]
    if row.waiting is not None:
        found.append([("waits    ", "warn"), *about.waits_spans(row, now)])
    told = outlook.of_run(run, row.runs, row.advance, row.pace, now) if run.state in ACTIVE else None
    if told is not None:
        found.append([("estimate ", "dim"), (told.basis, "")])
    return found


def _when(run: FlowRun, now: float) -> str:
    if run.started_at is None:
        return f"asked for {times.moment(run.created_at, now)}"
    start = times.moment(run.started_at, now)
    return f"since {start}" if run.ended_at is None else f"{start} to {times.clock(run.ended_at)}"


def _code(row: FlowRow, run: FlowRun) -> Line:
    """Which text ran, and whether the file is another by now."""
    name: Line = [("code     ", "dim"), (run.source_sha[:7], "")]
    if row.flow is None or not row.flow.sha:
        return name
    if not row.was_edited(run):
        return [*name, ("  as the file is now", "dim")]
    return [*name, (f"  the file is now {row.flow.sha[:7]}, ", "warn"), ("D", "key"), (" diff", "dim")]


def _error(row: FlowRow, run: FlowRun, more: More, project: Path, now: float) -> list[Line]:
    if role(run.state) != "bad":
        return []
    return [
        [("FIRST ERROR", "dim")],
        *about.failure_lines(row.failure or run.failure, run.message, project),
        *_last_good(more, now),
    ]


def failure_context(row: FlowRow, more: More, now: float) -> list[Line]:
    """What a failure meant for the rest of the run, and how often there was one, where there is room for two lines."""
    run = row.run
    if run is None or more.flow != row.name or more.run_id != run.id or role(run.state) != "bad":
        return []
    found: list[Line] = []
    idle = [one.name for one in more.tasks if one.state is TaskRunState.UPSTREAM_FAILED]
    if idle:
        others = f" and {len(idle) - 4} more" if len(idle) > 4 else ""
        found.append([("not run because of it  ", "dim"), (f"{', '.join(idle[:4])}{others}", "")])
    last = [span for span in more.spans[:RUNS] if span.started_at is not None]
    bad = sum(role(span.state) == "bad" for span in last)
    who = "its only run" if len(last) == 1 else f"{bad} of the last {len(last)} runs"
    told: Line = [(f"{who} {_how_they_ended(last)}", "")]
    if more.failures and bad > 1:
        task, count = next(iter(more.failures.items()))
        told.append((f", {'all' if count == bad else count} in {task}", ""))
    return [*found, [*told, *(span for good in _last_good(more, now) for span in (("   ", ""), *good))]]


def _how_they_ended(spans: Sequence[Span]) -> str:
    """In words, of those that went wrong: "failed", "crashed", "failed or crashed"."""
    return " or ".join(state for state in WENT_WRONG if any(span.state is state for span in spans))


def _last_good(more: More, now: float) -> list[Line]:
    span = next((span for span in more.spans if span.state is FlowRunState.COMPLETED), None)
    if span is None or span.ended_at is None:
        return []
    return [[("last ok ", "dim"), (f"run {span.id}, {times.ago(now - span.ended_at)}", "")]]


# Its tasks.


def _tasks(tasks: Sequence[TaskSummary], marks: Marks, width: int) -> list[Line]:
    """In two columns where they fit: shape, name, and how long it took or what became of it."""
    by_name: dict[str, list[TaskSummary]] = {}
    for one in tasks:
        by_name.setdefault(one.name, []).append(one)
    names = _those_to_name(by_name)
    cells = [_task(name, by_name[name], marks, (width - 2) // 2) for name in names]
    rows = (len(cells) + 1) // 2
    found: list[Line] = [
        [*cells[place], ("  ", ""), *(cells[place + rows] if place + rows < len(cells) else [])]
        for place in range(rows)
    ]
    left_out = len(by_name) - len(names)
    return [*found, *([[(f"and {counted(left_out, 'more task')}, all well", "dim")]] if left_out else [])]


def _those_to_name(by_name: Mapping[str, Sequence[TaskSummary]]) -> list[str]:
    """The first of them; where they are too many, those before the others that are not well."""
    names = list(by_name)
    if len(names) <= MANY_TASKS:
        return names
    bad = [name for name in names if any(one.state not in _WELL for one in by_name[name])]
    kept = {*bad[:MANY_TASKS], *[name for name in names if name not in bad][: MANY_TASKS - len(bad)]}
    return [name for name in names if name in kept]


def _task(name: str, ones: Sequence[TaskSummary], marks: Marks, width: int) -> Line:
    """In so many cells."""
    worst = min(ones, key=lambda one: one.state in _WELL)
    count = sum(one.calls for one in ones)
    label = name if count == 1 else f"{name}[{count}]"
    told = _outcome(worst)
    shape = f"{marks.glyph(worst.state)} "
    label = short(label, width - 2 - cell_len(told) - 1, marks.ellipsis)
    gap = " " * (width - 2 - cell_len(label) - cell_len(told))
    return [
        (shape, role(worst.state)),
        (label, ""),
        (gap, ""),
        (told, role(worst.state) if told[0] == "x" else "dim"),
    ]


def _outcome(one: TaskSummary) -> str:
    if one.state is TaskRunState.UPSTREAM_FAILED:
        return "not run"
    if one.tries > 1:
        return f"x{one.tries}"
    if one.seconds is None or one.state in (TaskRunState.CACHED, TaskRunState.SKIPPED):
        return word(one.state)
    return times.duration(one.seconds)


def _failures(more: More) -> list[Line]:
    """Which tasks failed in the last runs, and in how many of them."""
    if not more.failures:
        return []
    told = ", ".join(f"{name} {count}" for name, count in more.failures.items())
    return [[(f"failures in {counted(min(RUNS, len(more.spans)), 'run')}  ", "dim"), (told, "bad")]]


def _usual(more: More) -> list[Line]:
    """How long its runs take, and which task takes most of it."""
    middle, high = plots.percentile(more.spans, 0.5), plots.percentile(more.spans, 0.95)
    if middle is None or high is None:
        return []
    line: Line = [(f"p50 {times.duration(middle)}  p95 {times.duration(high)}", "")]
    timed = [one for one in more.tasks if one.seconds]
    if timed:
        slowest = max(timed, key=lambda one: one.seconds or 0.0)
        line += [("  slowest ", "dim"), (f"{slowest.name} {times.duration(slowest.seconds or 0.0)}", "")]
    return [line]


def _next(row: FlowRow, more: More, now: float) -> list[Line]:
    """When it fires next, and then."""
    if row.standing == "paused":
        return [
            [
                ("NEXT  ", "dim"),
                ("its schedules are paused; ", "warn"),
                ("p", "key"),
                (" resumes them", "dim"),
            ]
        ]
    ahead = list(more.next_times) or ([row.next_at] if row.next_at is not None else [])
    if not ahead:
        return [[("NEXT  ", "dim"), ("on an event", "")]] if row.standing else []
    first, *then = ahead[:2]
    line: Line = [("NEXT  ", "dim"), (f"{_day(first, now)} ({times.until(first - now)})", "")]
    return [line + [(f", then {_day(at, now)}", "dim") for at in then]]


def _day(at: float, now: float) -> str:
    here, today = times.local(at), times.local(now)
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return f"{here:%a %H:%M}" if at - now < 6 * 86_400 else f"{here:%d %b %H:%M}"
