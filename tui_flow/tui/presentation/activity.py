"""What happened last in a project, newest first: runs that began and ended, files that were read, pauses, and what
people said of alerts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import nlargest
from typing import NamedTuple

from tui_flow.contract.states import WENT_WRONG, AlertState, FlowRunState
from tui_flow.counting import counted
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.presentation.flow_list import Overview
from tui_flow.tui.presentation.glyphs import Marks, role
from tui_flow.tui.presentation.people import who

MOST = 60
"""Events that are kept: more do not fit."""


class Event(NamedTuple):
    at: float
    state: str
    """Whose shape stands in front, or the shape itself."""
    text: str


def events_of(overview: Overview, limit: int) -> list[Event]:
    """At most so many: of each flow, its last runs are known."""
    found = (*_runs(overview), *_files(overview), *_pauses(overview), *_alerts(overview))
    return nlargest(limit, found, key=lambda event: event.at)


def failed_of(runs: Mapping[str, Sequence[FlowRun]], limit: int) -> list[FlowRun]:
    """The runs that failed or crashed last, of which an event may say where."""
    wrong = (run for ones in runs.values() for run in ones if run.state in WENT_WRONG)
    return nlargest(limit, wrong, key=lambda run: run.ended_at or 0.0)


def line(event: Event, now: float, marks: Marks) -> Line:
    is_state = len(event.state) > 1
    shape = marks.glyph(event.state) if is_state else event.state
    when = times.moment(event.at, now)
    return [
        (f" {when} ", "dim"),
        (f"{shape} ", role(event.state) if is_state else "bad" if shape == "!" else "dim"),
        (event.text, ""),
    ]


def _runs(overview: Overview) -> Iterator[Event]:
    for runs in overview.runs.values():
        for run in runs:
            if run.ended_at is not None:
                yield Event(run.ended_at, run.state, f"run {run.id} {run.flow} {_end(run, overview)}")
            elif run.started_at is not None:
                yield Event(run.started_at, FlowRunState.RUNNING, f"run {run.id} {run.flow} began")


def _end(run: FlowRun, overview: Overview) -> str:
    seconds = run.seconds()
    took = "" if seconds is None else f" {times.duration(seconds)}"
    if run.state is FlowRunState.COMPLETED:
        return took.strip()
    failure = overview.failures.get(run.id) or run.failure
    where = f" in {failure.function}" if failure is not None and failure.function else ""
    return f"{run.state}{where}{f' after{took}' if took else ''}"


def _files(overview: Overview) -> Iterator[Event]:
    flows = Counter(flow.path for flow in overview.flows)
    for file in overview.files:
        if file.state == "broken":
            where = f", line {file.error_line}" if file.error_line else ""
            yield Event(file.described_at, "!", f"{file.path} does not import{where}")
        else:
            count = flows[file.path]
            yield Event(file.described_at, "~", f"{file.path} read: {counted(count, 'flow')}")


def _pauses(overview: Overview) -> Iterator[Event]:
    for pause in overview.pauses:
        what = pause.flow or "all flows"
        yield Event(pause.paused_at, FlowRunState.PAUSED, f"{who(pause.paused_by)} paused {what}")
        if pause.resumed_at is not None:
            yield Event(pause.resumed_at, FlowRunState.SCHEDULED, f"{what} fires again")
    for one in overview.schedules:
        if one.paused_at is not None:
            by = who(one.paused_by or "")
            yield Event(one.paused_at, FlowRunState.PAUSED, f"{by} paused {one.flow}/{one.slug}".strip())


def _alerts(overview: Overview) -> Iterator[Event]:
    for alert in overview.alerts:
        what = " ".join(filter(None, (alert.flow, alert.place)))
        if alert.state is AlertState.ACKNOWLEDGED:
            yield Event(alert.changed_at, "~", f"{who(alert.changed_by)} acknowledged {what}")
        elif alert.state is AlertState.RECOVERED:
            by = f" with {alert.changed_by}" if alert.changed_by else ""
            yield Event(alert.changed_at, FlowRunState.COMPLETED, f"{what} recovered{by}")
