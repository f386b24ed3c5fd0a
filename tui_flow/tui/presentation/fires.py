"""When schedules fire: in words, and the times to come, worked out so far as is cheap."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from tui_flow import fire_times
from tui_flow.contract import schedules
from tui_flow.contract.schedules import TIMED, describe, from_json
from tui_flow.contract.states import STARTED, FlowRunState, ScheduleState
from tui_flow.store.records import FireTime, FlowRun, Pause, Schedule
from tui_flow.store.spans import tells_usual
from tui_flow.tui.presentation import times

DAY = 86_400.0
INSTANT = 0.001
"""No two fire times are nearer to each other."""
MOST = 100
"""Fire times of one schedule that are worked out; how many follow within the day is estimated."""


Skip = tuple[int, float]
"""A fire time that will make no run, after its schedule's id."""


class Coming(NamedTuple):
    """When a schedule fires within the next day."""

    times: tuple[float, ...]
    """The first `MOST`; where none is within the day, the one that is next."""
    total: int
    """All of them, estimated where they are more than `times`."""


class Reading(NamedTuple):
    """What the history says of schedules, beside the overview."""

    unfired: Sequence[FireTime]
    """Those of the last day that made no run, and those to come that will make none; the latest first."""
    active: Sequence[FlowRun]
    coming: dict[int, Coming]
    """By schedule, without what will be skipped."""
    at: float
    skips: frozenset[Skip] = frozenset()
    """All fire times to come that will make no run."""


def skips_of(unfired: Iterable[FireTime], now: float) -> frozenset[Skip]:
    """Those of them that are to come."""
    return frozenset((one.schedule, one.fire_at) for one in unfired if one.fire_at > now)


EMPTY = Reading((), (), {}, 0.0)


def declared(schedule: Schedule) -> schedules.Schedule | None:
    """What the author declared; None for what this version cannot read."""
    try:
        return from_json(schedule.spec)
    except ValueError:
        return None


def words(schedule: Schedule) -> str:
    """When it fires, in a few words; a time that is in no zone of its own is told where times are shown."""
    found = declared(schedule)
    if found is None:
        return schedule.kind
    if isinstance(found.when, schedules.At):
        first, *others = found.when.times
        more = f" and {len(others)} more" if others else ""
        return f"at {times.local(first):%Y-%m-%d %H:%M}{more}"
    return describe(found)


def zone_of(schedule: Schedule) -> str:
    """The zone whose clock it goes by; empty where it goes by none."""
    return str(schedule.spec.get("timezone") or "")


def wall(schedule: Schedule, at: float) -> datetime:
    """What the clock on the wall says when it fires, there where times are shown."""
    return times.wall(at, zone_of(schedule))


def words_without_zone(schedule: Schedule) -> str:
    zone = zone_of(schedule)
    return words(schedule).replace(zone, "").strip() if zone else words(schedule)


def short_words(schedule: Schedule) -> str:
    """The same with the zone's last word only: "0 3 * * * Paris"."""
    zone = zone_of(schedule)
    return words(schedule).replace(zone, zone_word(zone)) if zone else words(schedule)


def zone_word(zone: str) -> str:
    """ "Paris", "New York"."""
    return zone.rpartition("/")[2].replace("_", " ")


def coming(schedule: Schedule, now: float, skips: Collection[Skip] = ()) -> Coming:
    """When it fires within a day, or next, without what will be skipped. Raises nothing: a schedule that cannot fire as it is written has no times."""
    found = declared(schedule)
    if found is None or schedule.kind not in TIMED:
        return Coming((), 0)
    if schedule.next_at is not None and _counts_from_end(found):
        return Coming((schedule.next_at,), 1)
    within_day = between(schedule, now + INSTANT, now + DAY + INSTANT, skips=skips)
    if within_day.times:
        return within_day
    try:
        ahead = fire_times.fires_after(found, max(now, schedule.cursor), schedule.flow)
        following = next((at for at in ahead if (schedule.id, at) not in skips), None)
    except ValueError:
        return Coming((), 0)
    return Coming(() if following is None else (following,), 0)


def between(
    schedule: Schedule, start: float, end: float, most: int = MOST, skips: Collection[Skip] = ()
) -> Coming:
    """When it fires from `start` until before `end`, as far as that is not decided: `most` times without what will be
    skipped, and beyond them how many more there will be at the pace of these."""
    found, start = declared(schedule), max(start - INSTANT, schedule.cursor)
    if found is None or schedule.kind not in TIMED or start >= end:
        return Coming((), 0)
    if schedule.next_at is not None and _counts_from_end(found):
        return Coming((schedule.next_at,), 1) if start < schedule.next_at < end else Coming((), 0)
    try:
        times = fire_times.fires_between(found, start, end - INSTANT, most, schedule.flow)
    except ValueError:
        return Coming((), 0)
    kept = tuple(at for at in times if (schedule.id, at) not in skips)
    if len(times) < most:
        return Coming(kept, len(kept))
    period = (times[-1] - times[0]) / (most - 1)
    return Coming(kept, len(kept) + int((end - INSTANT - times[-1]) / period))


def _counts_from_end(found: schedules.Schedule) -> bool:
    return isinstance(found.when, schedules.Interval) and found.when.after_end


def pause_of(schedule: Schedule, pauses: Sequence[Pause]) -> tuple[str, float, str] | None:
    """Who holds a schedule back, since when, and why: its own pause, its flow's, or that of all flows."""
    if schedule.state is ScheduleState.PAUSED:
        return (schedule.paused_by or "", schedule.paused_at or 0.0, schedule.paused_why or "")
    held = {pause.flow: pause for pause in pauses if pause.resumed_at is None}
    pause = held.get(schedule.flow) or held.get("")
    return None if pause is None else (pause.paused_by, pause.paused_at, pause.why)


def usual_seconds(runs: Sequence[FlowRun]) -> float | None:
    """The median duration of those that tell what is usual; None where none does."""
    usual = (run.seconds() for run in runs if tells_usual(run))
    took = sorted(seconds for seconds in usual if seconds is not None)
    return took[len(took) // 2] if took else None


def usual_by_flow(runs: Mapping[str, Sequence[FlowRun]]) -> dict[str, float]:
    """The same for each flow of which a run completed."""
    found = {flow: usual_seconds(ones) for flow, ones in runs.items()}
    return {flow: usual for flow, usual in found.items() if usual is not None}


def holds_slot(run: FlowRun) -> bool:
    """One that waits for a person does, too."""
    return run.started_at is not None and run.state in STARTED and not run.awaits_attempt


def still_busy(runs: Sequence[FlowRun], usual: Mapping[str, float], now: float) -> list[tuple[float, float]]:
    """From now until when each run that holds a slot is expected to hold it: as long as usual, and one that waits for a
    person as long as anybody looks ahead."""
    found = []
    for run in filter(holds_slot, runs):
        left = max(1.0, usual.get(run.flow, 0.0) - (run.seconds(now) or 0.0))
        found.append((now, float("inf") if run.state is FlowRunState.PAUSED else now + left))
    return found


def asked_for_later(runs: Sequence[FlowRun], now: float) -> list[FlowRun]:
    """Those that somebody has asked for, each for a time of its own that is to come."""
    return [
        run
        for run in runs
        if run.schedule is None and run.started_at is None and (run.scheduled_for or 0.0) > now
    ]
