"""What a run with the values of a form is going to do, as far as the runs before it tell, and what is in its way."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tui_flow.contract.commands import RerunPreview
from tui_flow.contract.states import TERMINAL, FlowRunState
from tui_flow.counting import counted
from tui_flow.store.precedents import Precedents, UsualTask
from tui_flow.store.records import Flow, FlowRun
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.presentation.form import Form, differing
from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.presentation.run_options import RunOptions
from tui_flow.tui.presentation.run_options import asked as asked_of

_STATES = {"run": "scheduled", "cached": "cached", "skipped": "skipped", "left out": "skipped"}


UNKNOWN = "the engine has not said yet whether a slot is free"


class Slots(NamedTuple):
    """Who is at work, as the engine says."""

    running: int
    limit: int
    paused: str = ""
    """Why no run is started at all."""


class Typed(NamedTuple):
    """What the form holds that a plan depends on."""

    problems: Sequence[str]
    """Of each wrong field, what is wrong."""
    differs_last: Sequence[str]
    """The parameters that are others than in the last run."""
    differs_good: Sequence[str]
    starts_at: float | None
    refreshes: bool
    left_out: Sequence[str] = ()
    """The names of tasks that are not to be called."""


def typed(
    form: Form,
    options: RunOptions,
    last: Mapping[str, Any] | None,
    good: Mapping[str, Any] | None,
) -> Typed:
    """`last` and `good` are the parameters of the last run and of the last good one."""
    asked = asked_of(options.values())
    return Typed(
        [*_problems(form), *_problems(options)],
        differing(form, last) if last is not None else [],
        differing(form, good) if good is not None else [],
        asked.get("scheduled_for"),
        bool(asked.get("refresh")),
        options.left_out,
    )


def _problems(form: Form) -> list[str]:
    return [f"{'.'.join(path)} {what}" for path, what in form.problems.items()]


def whole(
    first: Line,
    way: Line,
    tasks: Sequence[UsualTask],
    known: Precedents | None,
    typed: Typed,
    flow: str,
    marks: Marks,
) -> list[Line]:
    """All that is known, below the summary and what is in its way."""
    about = task_lines(tasks, typed, marks)
    parts = [
        [first, way],
        about,
        differences(known, typed),
        problem_lines(typed),
        [note(flow)] if about else [],
    ]
    return [line for part in parts if part for line in [*part, []]][:-1]


def summary(known: Precedents | None, typed: Typed) -> Line:
    """How many tasks, and how long: "9 tasks: 6 run, 2 were cached; about 2m58s (p95 3m40s)  by run 809", the last good
    one that did all of it itself."""
    if known is None:
        return [("reading what earlier runs did …", "dim")]
    if known.usual is None:
        if known.caller:
            return [(f"it ran only inside {known.caller}: how long it takes by itself is unknown", "dim")]
        none = "has completed yet" if known.good is None else "did all of it in its last attempt"
        return [(f"no run of it {none}: no estimate is possible", "dim")]
    tasks = as_asked(known.tasks, typed)
    count = sum(task.calls for task in tasks)
    counts = [f"{_total(tasks, how)} {word}" for how, word in _words(typed).items() if _total(tasks, how)]
    told = counted(count, "task") + (f": {', '.join(counts)}" if counts else "")
    return [(told, ""), (_duration(known), ""), (f"  by run {known.usual.id}", "dim")]


def _words(typed: Typed) -> dict[str, str]:
    return {
        "run": "run",
        "cached": "were cached, and run" if typed.refreshes else "were cached",
        "skipped": "skipped",
        "left out": "left out",
    }


def as_asked(tasks: Sequence[UsualTask], typed: Typed) -> list[UsualTask]:
    """What they did, but for those that are not to be called."""
    return [task._replace(how="left out") if task.name in typed.left_out else task for task in tasks]


def _total(tasks: Sequence[UsualTask], how: str) -> int:
    return sum(task.calls for task in tasks if task.how == how)


def _duration(known: Precedents) -> str:
    usual = usual_seconds(known)
    if usual is None:
        return ""
    p50, p95 = map(times.duration, usual)
    return f"; about {p50}" + (f" (p95 {p95})" if len(known.durations) > 1 else "")


def usual_seconds(known: Precedents) -> tuple[float, float] | None:
    """How long it takes: p50 and p95."""
    took = sorted(known.durations)
    if not took:
        return None
    p50, p95 = (took[min(len(took) - 1, int(len(took) * share))] for share in (0.5, 0.95))
    return p50, p95


def rerun_summary(told: RerunPreview | None, refusal: str, typed: Typed) -> Line:
    """The same for another attempt at a run."""
    if told is None:
        return [(refusal or "asking what would be reused …", "warn" if refusal else "dim")]
    more = "; calls that get other arguments run, too" if typed.differs_last else ""
    return [(f"{told}", ""), (more, "dim")]


def way(slots: Slots | str, flow: Flow, active: Sequence[FlowRun], typed: Typed, now: float) -> Line:
    """Whether it begins at once, or what is in its way; `slots` may be why they are not known."""
    if typed.starts_at is not None and typed.starts_at > now:
        when = times.moment(typed.starts_at, now)
        return [(f"begins {when}", "live"), (", as soon as a slot is free then", "dim")]
    if isinstance(slots, str):
        return [(slots, "dim")]
    if slots.paused:
        return [(f"no run is started: {slots.paused}", "bad")]
    limit = 1 if flow.exclusive else flow.max_concurrent_runs
    working = [
        run for run in active if run.state not in TERMINAL | {FlowRunState.PENDING, FlowRunState.SCHEDULED}
    ]
    if limit is not None and len(working) >= limit:
        names = ", ".join(f"run {run.id}" for run in working[:3])
        return [(f"waits for {names}", "warn"), (f": {limit} of its runs at once", "dim")]
    if slots.running >= slots.limit:
        return [
            ("waits for a slot", "warn"),
            (f": {'the only one is' if slots.limit == 1 else f'all {slots.limit} are'} taken", "dim"),
        ]
    return [
        ("a slot is free", "ok"),
        (f": {slots.running} of {slots.limit} {'is' if slots.running == 1 else 'are'} taken", "dim"),
    ]


def differences(known: Precedents | None, typed: Typed) -> list[Line]:
    """What is another than in the last run, and in the last good one where that is another run."""
    if known is None or known.last is None:
        return []
    lines = [_differs(known.last.id, typed.differs_last)]
    if known.good is not None and known.good.id != known.last.id:
        lines.append(_differs(known.good.id, typed.differs_good))
    return lines


def _differs(run_id: int, names: Sequence[str]) -> Line:
    if not names:
        return [(f"same values as run {run_id}", "dim")]
    return [(f"differs from run {run_id}  ", "dim"), (", ".join(names), "warn")]


def problem_lines(typed: Typed) -> list[Line]:
    if not typed.problems:
        return []
    count = f"{counted(len(typed.problems), 'problem')}: "
    return [[(count, "bad"), ("; ".join(typed.problems), "")]]


def task_lines(tasks: Sequence[UsualTask], typed: Typed, marks: Marks) -> list[Line]:
    """A row for each task of the last good run: what it did, and how long that usually takes."""
    names = min(24, max((len(task.name) for task in tasks), default=0))
    lines: list[Line] = []
    for task in as_asked(tasks, typed):
        many = f" x{task.calls:,}" if task.calls > 1 else ""
        took = f"~{times.duration(task.seconds)}" if task.seconds is not None and task.how == "run" else ""
        how = "was cached; runs" if task.how == "cached" and typed.refreshes else _WAS[task.how]
        name = task.name if len(task.name) <= names else task.name[: names - 1] + marks.ellipsis
        lines.append(
            [
                (f"{marks.glyph(_STATES[task.how])} ", "dim"),
                (f"{name:{names}}", ""),
                (f"{many:7} {how:11} {took}", "dim"),
            ]
        )
    return lines


_WAS = {"run": "run", "cached": "was cached", "skipped": "was skipped", "left out": "is left out"}


def note(flow: str) -> Line:
    """How far one may trust it."""
    return [
        (
            f"This is what the last whole run of {flow} did: other values, or other code, may lead elsewhere.",
            "dim",
        )
    ]


def active_runs(runs: Mapping[str, Sequence[FlowRun]], flow: str) -> list[FlowRun]:
    """The runs of a flow that are not over."""
    return [run for run in runs.get(flow, ()) if run.state not in TERMINAL]


def slots_of(answer: Mapping[str, Any]) -> Slots | str:
    """From what `GetStatus` answers; UNKNOWN where that does not tell."""
    if "running" not in answer or "limit" not in answer:
        return UNKNOWN
    return Slots(int(answer["running"]), int(answer["limit"]), str(answer.get("paused") or ""))
