"""What happened, in the words of an alert: pure functions of what the history says."""

import hashlib
import time
from typing import NamedTuple

from tui_flow.alerts.grouping import steady
from tui_flow.contract.failure import Failure
from tui_flow.contract.states import AlertKind, FireOutcome, FireReason, FlowRunState
from tui_flow.counting import counted
from tui_flow.store.records import Alert, FireTime, FlowFile, FlowRun, Pause, Schedule

CONDITIONS = frozenset({AlertKind.LATE, AlertKind.BROKEN_FILE, AlertKind.PAUSED, AlertKind.NO_ROOM})
"""Kinds that last: they recover when they are no more. The others happen, and recover with a run that completes."""
MAX_WHAT = 500
"""Characters of an error's own words."""
_MISSED = "missed "


class Happening(NamedTuple):
    """Something that somebody should know."""

    kind: AlertKind
    flow: str
    """Empty where it is about no flow."""
    place: str
    what: str
    at: float
    run_id: int | None = None
    path: str = ""
    line: int = 0
    times: int = 1

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self)


def fingerprint_of(one: Happening | Alert) -> str:
    """The same for happenings whose errors are one, and for a condition whatever is said of it."""
    text = "\0".join((one.kind, one.flow, one.place, _said(one)))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _said(one: Happening | Alert) -> str:
    """What of its words counts."""
    if one.kind in CONDITIONS:
        return ""
    is_missed = one.kind is AlertKind.MISSED and one.what.startswith(_MISSED)
    return _MISSED if is_missed else steady(one.what)


def of_run(run: FlowRun, first: tuple[str, Failure] | None) -> Happening | None:
    """The end of a run that failed or crashed; `first` is the task that failed first, and what it says."""
    at = run.ended_at or run.created_at
    if run.state is FlowRunState.CRASHED:
        return Happening(
            AlertKind.CRASH, run.flow, "process", one_line(run.message or "its process vanished"), at, run.id
        )
    if run.state is not FlowRunState.FAILED:
        return None
    place, failure = first or ("flow", run.failure)
    if failure is None:
        return Happening(AlertKind.FAILURE, run.flow, place, one_line(run.message or "failed"), at, run.id)
    what = one_line(
        f"{failure.type.rpartition('.')[2]}: {failure.message}" if failure.message else failure.type
    )
    return Happening(
        AlertKind.FAILURE, run.flow, place, what, at, run.id, failure.path or "", failure.line or 0
    )


def makes_no_run(one: FireTime) -> bool:
    """Whether it is one that somebody should know: nobody was there for it, or no run could be made of it."""
    return one.outcome is FireOutcome.MISSED or one.reason is FireReason.REFUSED


def of_fire_time(schedule: Schedule, one: FireTime) -> Happening:
    """One that makes no run. It happened when that was decided: nobody could hear of it before."""
    what = f"no run could be made: {one.message}"
    if one.outcome is FireOutcome.MISSED:
        what = f"{_MISSED}{counted(one.times, 'fire time')}, {_range(one)}: {one.message}"
    return Happening(
        AlertKind.MISSED, schedule.flow, schedule.slug, one_line(what), one.decided_at, times=one.times
    )


def _range(one: FireTime) -> str:
    """ "00:26 to 00:28 UTC+02:00", with the days where not all of it is of the day on which it was decided. Those who read
    it may look at other times in another zone."""
    ends = [time.localtime(at) for at in (one.fire_at, one.until or one.fire_at)]
    today = time.localtime(one.decided_at)[:3]
    form = "%H:%M" if all(end[:3] == today for end in ends) else "%a %d %b %H:%M"
    first, last = (time.strftime(form, end) for end in ends)
    before, zone = map(_zone, ends)
    if (first, before) == (last, zone):
        return f"{last} {zone}"
    return f"{first}{'' if before == zone else f' {before}'} to {last} {zone}"


def _zone(when: time.struct_time) -> str:
    offset = time.strftime("%z", when)
    return f"UTC{offset[:3]}:{offset[3:5]}" if offset.strip("+0") else "UTC"


def of_file(file: FlowFile) -> Happening | None:
    """A flow file that does not import."""
    if file.state != "broken":
        return None
    what, line = one_line(file.error or "does not import"), file.error_line or 0
    return Happening(AlertKind.BROKEN_FILE, "", file.path, what, file.described_at, None, file.path, line)


def of_waiting(run: FlowRun, now: float) -> Happening | None:
    """A run that a schedule made and that should have begun."""
    waits = run.state is FlowRunState.PENDING and run.started_at is None
    if not waits or run.scheduled_for is None or not run.is_late(now):
        return None
    return Happening(
        AlertKind.LATE,
        run.flow,
        run.schedule or "schedule",
        "its run has not begun",
        run.scheduled_for,
        run.id,
    )


def of_pause(pause: Pause) -> Happening | None:
    """A flow that the engine paused by itself."""
    if pause.resumed_at is not None or pause.paused_by != "tui_flow":
        return None
    return Happening(
        AlertKind.PAUSED, pause.flow, "schedules", f"paused by itself: {pause.why}", pause.paused_at
    )


def of_room(reason: str, at: float) -> Happening | None:
    """A disk without room; `reason` is empty where there is some."""
    return (
        Happening(AlertKind.NO_ROOM, "", "disk", one_line(f"no run is started: {reason}"), at)
        if reason
        else None
    )


def one_line(text: str) -> str:
    """The first line that says something, cut."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return first if len(first) <= MAX_WHAT else first[: MAX_WHAT - 1] + "…"
