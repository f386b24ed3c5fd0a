"""The Flows view's rows: every flow with its last runs, and every flow file that does not import.

The order is by attention: what failed, what does not import, what is at work, what waits, failures that somebody knows
of, and the rest by name.
"""

from collections.abc import Callable, Mapping, Sequence
from heapq import nlargest
from types import MappingProxyType
from typing import Any, NamedTuple

from tui_flow.contract.failure import Failure
from tui_flow.contract.states import (
    ACTIVE,
    STARTED,
    TERMINAL,
    WENT_WRONG,
    AlertKind,
    AlertState,
    FlowRunState,
    ScheduleState,
)
from tui_flow.counting import counted
from tui_flow.store.advance import Advance, Pace
from tui_flow.store.records import LATE_SECONDS, Alert, Flow, FlowFile, FlowRun, Pause, Schedule
from tui_flow.store.spans import Span, tells_usual
from tui_flow.tui.presentation import Line, alert_list, plots, times
from tui_flow.tui.presentation.filters import Filter, Subject
from tui_flow.tui.presentation.glyphs import Marks, role

MANY_ACTIVE = 100
STRIP = 14
"""How many runs the strip of a flow shows."""


class Going(NamedTuple):
    """How many runs are not over."""

    started: int
    paused: int
    """They wait for a person."""
    queued: int

    def __str__(self) -> str:
        """ "2 runs continue, 1 waits for you, 3 are queued"; empty where all are over."""
        verbs = (("continues", "continue"), ("waits for you", "wait for you"), ("is queued", "are queued"))
        told: list[str] = []
        for number, (one, many) in zip(self, verbs, strict=True):
            if number:
                who = str(number) if told else counted(number, "run")
                told.append(f"{who} {one if number == 1 else many}")
        return ", ".join(told)


class Overview(NamedTuple):
    """All that the Flows view and the header show, as one read of the history."""

    files: list[FlowFile]
    flows: list[Flow]
    runs: dict[str, list[FlowRun]]
    """By flow, newest first."""
    counts: dict[FlowRunState, int]
    failures: dict[int, Failure | None]
    """What went wrong first, by run: of each flow's run that is spoken of, where that failed, and of all those that failed last."""
    schedules: Sequence[Schedule] = ()
    pauses: Sequence[Pause] = ()
    alerts: Sequence[Alert] = ()
    """The last that happened first."""
    callers: Mapping[str, str] = MappingProxyType({})
    """By flow that ran only inside others, the one that called it last."""
    waiting: Mapping[int, str] = MappingProxyType({})
    """Why a run has not begun, by run; the engine knows."""
    limits: Mapping[int, str] = MappingProxyType({})
    """The same in a few letters."""
    advances: Mapping[int, Advance] = MappingProxyType({})
    """Where the runs are that are not over, by run."""
    paces: Mapping[str, Pace] = MappingProxyType({})
    """At what pace the last run that completed went, by flow: of those that have a run that is not over."""

    @property
    def going(self) -> "Going":
        paused = self.counts.get(FlowRunState.PAUSED, 0)
        started = sum(self.counts.get(state, 0) for state in STARTED) - paused
        return Going(started, paused, self.counts.get(FlowRunState.PENDING, 0))

    @property
    def active(self) -> int:
        return sum(count for state, count in self.counts.items() if state in ACTIVE)

    def active_runs(self) -> list[FlowRun]:
        """Those of the flows' last runs that are not over, the newest first; no more than anybody looks at."""
        found = (run for runs in self.runs.values() for run in runs if run.state in ACTIVE)
        return nlargest(MANY_ACTIVE, found, key=lambda run: run.id)

    def usual_run(self, flow: str) -> FlowRun | None:
        """Of the flow's last runs the newest that tells what is usual."""
        return next(filter(tells_usual, self.runs.get(flow, ())), None)


EMPTY = Overview([], [], {}, {}, {})


class FlowRow(NamedTuple):
    """A flow, or (where `flow` is None) a file that does not import and has no known flow."""

    key: str
    name: str
    path: str
    flow: Flow | None
    broken: FlowFile | None
    runs: tuple[FlowRun, ...]
    """Newest first."""
    failure: Failure | None
    """What went wrong first in the run that the row speaks of."""
    next_at: float | None = None
    """When it fires next."""
    standing: str = ""
    """Of its schedules: "" (it has none), "active" or "paused"."""
    why: str = ""
    """Why a run of it has not begun."""
    limit: str = ""
    """The same in a few letters."""
    alerts: tuple[Alert, ...] = ()
    """What is wrong with it, and has not recovered."""
    advance: Advance | None = None
    """Where the run is that is not over."""
    pace: Pace | None = None
    """Of the last run that completed."""
    caller: str = ""
    """The flow inside which it ran, where it never ran by itself."""
    earlier: tuple[Span, ...] = ()
    """More of its last runs, the newest first, where there is room to show them."""

    @property
    def never_run(self) -> str:
        """What is said of it where it has no run."""
        return f"only inside {self.caller}" if self.caller else "never run"

    def is_new(self, now: float) -> bool:
        """Whether there is something wrong that nobody has seen."""
        return bool(alert_list.new_ones(self.alerts, now))

    @property
    def is_known(self) -> bool:
        """Whether somebody has acknowledged all that is wrong."""
        return bool(self.alerts) and all(alert.state is AlertState.ACKNOWLEDGED for alert in self.alerts)

    def was_edited(self, run: FlowRun) -> bool:
        """Whether the flow's file is another now than the one that a run ran."""
        known = self.flow.sha if self.flow else ""
        return bool(known and run.source_sha) and known != run.source_sha

    @property
    def spans(self) -> list[Span]:
        """The last runs that are known, the newest first."""
        known = {run.id for run in self.runs}
        found = [*map(plots.span_of, self.runs), *(span for span in self.earlier if span.id not in known)]
        return sorted(found, key=lambda span: -span.id)

    @property
    def run(self) -> FlowRun | None:
        """The run that the row speaks of."""
        return spoken_of(self.runs)

    @property
    def waiting(self) -> FlowRun | None:
        """The newest run that has not begun; one that is for later only where there is no other."""
        found = [run for run in self.runs if _has_not_begun(run)]
        return next((run for run in found if not is_for_later(run)), found[0] if found else None)

    @property
    def active(self) -> FlowRun | None:
        """The run that the row speaks of if that is not over, else one that has not begun."""
        run = self.run
        return run if run is not None and run.state in ACTIVE else self.waiting


def spoken_of(runs: Sequence[FlowRun]) -> FlowRun | None:
    """Of a flow's runs, newest first, the one that matters most: one that waits for a person, one at work, the last that
    ran if that went wrong, one that waits for its turn, the last that ran, one for later, one that never began."""
    ran = next((run for run in runs if run.state in TERMINAL and run.started_at is not None), None)
    wishes: tuple[Callable[[FlowRun], bool], ...] = (
        lambda run: run.state is FlowRunState.PAUSED,
        lambda run: run.state in ACTIVE and not _has_not_begun(run),
        lambda run: run is ran and run.state in WENT_WRONG,
        lambda run: _has_not_begun(run) and not is_for_later(run),
        lambda run: run is ran,
        _has_not_begun,
        lambda _: True,
    )
    return next((run for wish in wishes for run in runs if wish(run)), None)


def _has_not_begun(run: FlowRun) -> bool:
    """One that is to begin another attempt has."""
    return run.state is FlowRunState.PENDING and run.attempt == 1


def is_for_later(run: FlowRun, now: float | None = None) -> bool:
    """Whether somebody has asked for it for a time of its own, and (by `now`) that is still to come."""
    if run.state is not FlowRunState.PENDING or run.schedule is not None or run.scheduled_for is None:
        return False
    return now is None or run.scheduled_for > now


def begins(run: FlowRun, now: float) -> str:
    """When a run begins that is for later; empty of any other."""
    return f"begins {times.moment(run.scheduled_for or now, now)}" if is_for_later(run, now) else ""


def why_not_begun(run: FlowRun, overview: Overview, now: float) -> str:
    """The engine says when a run begins by its own clock; here it is told in the zone in which times are shown."""
    later = begins(run, now)
    return f"it {later}" if later else overview.waiting.get(run.id, "")


def rows_of(
    overview: Overview, earlier: Mapping[str, Sequence[Span]] = MappingProxyType({})
) -> list[FlowRow]:
    """The rows, most urgent first; `earlier` has more of the flows' last runs."""
    broken = {file.path: file for file in overview.files if file.state == "broken"}
    standings, wrong = _standings(overview), _wrong(overview)
    rows = [
        _row_of(flow, broken.get(flow.path), overview)._replace(
            **standings.get(flow.name, {}),
            alerts=(*wrong.get(flow.name, ()), *wrong.get(flow.path, ())),
            earlier=tuple(earlier.get(flow.name, ())),
            caller=overview.callers.get(flow.name, ""),
        )
        for flow in overview.flows
    ]
    known = {flow.path for flow in overview.flows}
    rows += [
        FlowRow(path, path.rpartition("/")[2], path, None, file, (), None, alerts=tuple(wrong.get(path, ())))
        for path, file in broken.items()
        if path not in known
    ]
    return sorted(rows, key=_urgency)


def _wrong(overview: Overview) -> dict[str, list[Alert]]:
    """What is wrong, by flow, or by file where it is about no flow."""
    found: dict[str, list[Alert]] = {}
    for alert in overview.alerts:
        if alert.state is not AlertState.RECOVERED:
            found.setdefault(alert.flow or alert.place, []).append(alert)
    return found


def _standings(overview: Overview) -> dict[str, dict[str, Any]]:
    """By flow: whether its schedules fire, and when next."""
    held = {pause.flow for pause in overview.pauses if pause.resumed_at is None}
    found: dict[str, dict[str, Any]] = {}
    for schedule in overview.schedules:
        if schedule.state is ScheduleState.GONE:
            continue
        fires = schedule.state is ScheduleState.ACTIVE and not held & {"", schedule.flow}
        known = found.setdefault(schedule.flow, {"standing": "paused", "next_at": None})
        if fires:
            known["standing"] = "active"
            times_ = [at for at in (known["next_at"], schedule.next_at) if at is not None]
            known["next_at"] = min(times_, default=None)
    return found


def next_fire(row: FlowRow, now: float, *, counts_down: bool = True) -> tuple[str, str]:
    """When it fires next, in at most ten cells; nothing of a flow without schedules. Nothing counts down to a fire that
    does not come."""
    if row.standing == "paused":
        return ("paused", "warn")
    if not row.standing:
        return ("", "")
    if row.next_at is None:
        return ("on event", "dim")
    late = late_seconds(row, now)
    if late is not None:
        return (f"LATE {times.until(late)}", "bad")
    here = times.local(row.next_at)
    far = row.next_at - now > 86_400
    if far:
        return (f"{here:%d %b}", "dim")
    return (f"{here:%H:%M} {times.until(row.next_at - now) if counts_down else '-'}", "dim")


def late_seconds(row: FlowRow, now: float) -> float | None:
    """Since when it should have fired; None where it is not late."""
    is_late = row.standing == "active" and row.next_at is not None and now - row.next_at > LATE_SECONDS
    return now - (row.next_at or 0.0) if is_late else None


def _row_of(flow: Flow, broken: FlowFile | None, overview: Overview) -> FlowRow:
    runs = tuple(overview.runs.get(flow.name, ()))
    row = FlowRow(flow.name, flow.name, flow.path, flow, broken, runs, None)
    if not runs:
        return row
    run, next_one = row.run, row.waiting or row.active
    if run is not None:
        row = row._replace(failure=overview.failures.get(run.id))
    if next_one is not None:
        why, limit = overview.waiting.get(next_one.id, ""), overview.limits.get(next_one.id, "")
        row = row._replace(why=why, limit=limit)
    if row.active is None:
        return row
    return row._replace(advance=overview.advances.get(row.active.id), pace=overview.paces.get(flow.name))


def _urgency(row: FlowRow) -> tuple[int, float, str]:
    run = row.run
    if row.broken is not None:
        return (1, 0.0, row.name)
    if run is not None and run.state in ACTIVE:
        place = 3 if run.state is FlowRunState.PENDING else 2
        return (place, 0.0 if run.state is FlowRunState.PAUSED else 1.0, row.name)
    if run is not None and run.state in WENT_WRONG:
        return (4 if row.is_known else 0, -(run.ended_at or 0.0), row.name)
    return (5, 0.0, row.name)


def keep_order(rows: list[FlowRow], shown: list[str]) -> list[FlowRow]:
    """The rows in the order in which their keys were shown before; new ones stand where their urgency puts them."""
    places = {key: place for place, key in enumerate(shown)}
    old = sorted((row for row in rows if row.key in places), key=lambda row: places[row.key])
    kept = iter(old)
    return [next(kept) if row.key in places else row for row in rows]


def matching(rows: list[FlowRow], filter: Filter, now: float) -> list[FlowRow]:
    """The rows whose flow, file, tags or run have what a filter asks for."""
    return [row for row in rows if filter.matches(_subject(row, now), now)] if filter else rows


def is_late(row: FlowRow, now: float) -> bool:
    """Whether it should have fired by now, or did not in time, which nobody has taken care of."""
    missed = (AlertKind.LATE, AlertKind.MISSED)
    return late_seconds(row, now) is not None or any(alert.kind in missed for alert in row.alerts)


def _subject(row: FlowRow, now: float) -> Subject:
    tags, run = row.flow.tags if row.flow else [], row.run
    text = "\n".join((row.name, row.path, *tags))
    late, new = is_late(row, now), row.is_new(now)
    if run is None:
        return Subject(text, row.name, tags, None, is_late=late, is_new=new)
    return Subject(
        text, row.name, tags, run.state, run.trigger, run.seconds(now), run.created_at, run.id,
        run.attempt > 1, run.schedule is not None, late, new,
    )  # fmt: skip


def is_named(row: FlowRow, text: str) -> bool:
    """Whether the name of a row itself has all the words of a filter."""
    return all(word in row.name.lower() for word in text.lower().split())


def state_span(row: FlowRow, now: float, marks: Marks) -> tuple[str, str]:
    """The shape in front of the name: of the run that is spoken of, unless the file does not import or it should have fired."""
    if row.broken is not None:
        return ("!", "bad")
    run = row.run
    if row.active is None and late_seconds(row, now) is not None:
        return ("?", "warn")
    return (marks.glyph(run.state), role(run.state)) if run else (" ", "")


def strip(row: FlowRow, marks: Marks, length: int = STRIP, *, heights: bool = False) -> Line:
    """One shape a run, the newest on the right; with `heights`, of a run that completed its duration as a height."""
    if heights:
        spans = row.spans[:length]
        return [(" " * (length - len(spans)), ""), *plots.strip(spans, length, marks)]
    runs = row.runs[:length]
    padding: Line = [(" " * (length - len(runs)), "")]
    return padding + [(marks.glyph(run.state), role(run.state)) for run in reversed(runs)]


def tags(row: FlowRow) -> str:
    return ",".join(row.flow.tags) if row.flow else ""


def usual_most(row: FlowRow) -> str:
    """The time that only a few of its runs took longer than; nothing where none completed."""
    high = plots.percentile(row.spans, 0.95)
    return "" if high is None else times.duration(high)


def elapsed(row: FlowRow, now: float, marks: Marks) -> str:
    """How long the run was at work, or has been so far."""
    run = row.run
    return "" if run is None else run_duration(run, now, marks)


def run_duration(run: FlowRun, now: float, marks: Marks) -> str:
    seconds = run.seconds(now)
    return marks.dash if seconds is None else times.duration(seconds, live=run.ended_at is None)
