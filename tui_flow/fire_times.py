"""When a schedule fires: pure arithmetic, without a clock and without I/O. Engine, commands and console ask here.

croniter and dateutil (`recurrence`) know patterns, not clock changes, so both work on naive local time, and the clock
changes are ours, as Debian's cron has them (cron(8), "daylight saving"):

- a job for a fixed time of day that falls into a gap fires once, at the end of the gap;
- a job for a fixed time of day that an overlap repeats fires once, in the first pass;
- a job whose minute or hour begins with `*` follows elapsed time: it fires whenever the wall clock matches.

Moments are seconds since the epoch (UTC). Asking costs some 0.1 ms, and 1 ms of a rule that goes by the month, so whoever
waits keeps the next moment.
"""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tui_flow import recurrence
from tui_flow.contract.schedules import DAY, At, BadSchedule, Cron, Interval, RRule, Schedule, jitter
from tui_flow.recurrence import HORIZON_YEARS, NextNaive

MAX_STEPS = 1_000
"""Patterns looked at for one fire, before it counts as none."""
_NEAR = timedelta(hours=26)
"""No clock change repeats more of a day than this."""
_ELAPSED = ("HOURLY", "MINUTELY")


def next_fire(schedule: Schedule, after: float, flow: str = "") -> float | None:
    """The first fire time later than `after`; None for a trigger, and where there is none any more.

    Jitter, which depends on the flow's name, is in it, and never makes it earlier. Of an interval that counts from the
    end of its last run, `after` is that end. Raises BadSchedule.
    """
    late = jitter(schedule, flow)
    found = _next(schedule, after - late)
    return None if found is None else found + late


def fires_after(schedule: Schedule, after: float, flow: str = "") -> Iterator[float]:
    """The fire times later than `after`, one after another, while there are any. Raises BadSchedule."""
    found = next_fire(schedule, after, flow)
    while found is not None:
        yield found
        found = next_fire(schedule, found, flow)


def fires_between(schedule: Schedule, start: float, end: float, limit: int, flow: str = "") -> list[float]:
    """The fire times later than `start` and not later than `end`: the first `limit` of them. Raises BadSchedule."""
    found = []
    for at in islice(fires_after(schedule, start, flow), limit):
        if at > end:
            break
        found.append(at)
    return found


def check(schedule: Schedule) -> Schedule:
    """The same schedule. Raises BadSchedule for a pattern or zone that is none, and for what never fires at all."""
    when = schedule.when
    if isinstance(when, At) and not when.times:
        raise BadSchedule("at no time at all: name one, such as At('2026-12-24 18:00')")
    if isinstance(when, Interval) and when.seconds <= 0:
        raise BadSchedule(f"every {when.seconds:g} s is not an interval: it must be longer than 0")
    if next_fire(schedule, _NOW) is None and isinstance(when, Cron):
        raise BadSchedule(f"{when.cron!r} never fires: no date fits it within {HORIZON_YEARS} years")
    if isinstance(when, RRule) and next_fire(schedule, 0.0) is None:
        raise BadSchedule(f"{when.rrule!r} never fires: no date fits it")
    return schedule


_NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""A moment to try a schedule from: whether it is well formed depends on no clock."""


def zone_of(schedule: Schedule) -> ZoneInfo:
    """The zone whose wall clock the schedule goes by. Raises BadSchedule."""
    return zone(getattr(schedule.when, "timezone", None) or "UTC")


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Raises BadSchedule for a name that the zone data does not have."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise BadSchedule(
            f"there is no time zone {name!r}; they are named like 'Europe/Paris' or 'UTC'"
        ) from None


class ClockEffect(NamedTuple):
    """What a clock change does to a fire."""

    wall: datetime
    """When it fires, by the clock on the wall."""
    meant: datetime | None
    """When it should fire, where no clock ever says so."""
    times: int
    """How often it fires on that day."""


def clock_effect(schedule: Schedule, fire_at: float) -> ClockEffect | None:
    """What a clock change does to this fire; None where it does nothing."""
    when, place = schedule.when, zone_of(schedule)
    at = datetime.fromtimestamp(fire_at, place)
    wall = at.replace(tzinfo=None)
    if not isinstance(when, Cron | RRule) and getattr(when, "timezone", None) is None:
        return None
    if _is_ambiguous(wall, place):
        return ClockEffect(wall, None, 2 if _is_elapsed(when) else 1)
    before = datetime.fromtimestamp(fire_at - 1, place)
    jump = at.utcoffset() - before.utcoffset()  # type: ignore[operator]
    if jump > timedelta(0) and not _is_elapsed(when) and isinstance(when, Cron | RRule):
        meant = _next_naive(when)(wall - jump - timedelta(seconds=1))
        if meant is not None and meant < wall:
            return ClockEffect(wall, meant, 1)
    return None


def note(schedule: Schedule, fire_at: float) -> str | None:
    """The same in a sentence."""
    effect = clock_effect(schedule, fire_at)
    if effect is None:
        return None
    wall, meant, times = effect
    day = f"{wall:%A} {wall.day} {wall:%B %Y}"
    if meant is not None:
        return f"{meant:%H:%M} does not exist on {day}: it fires at the end of the gap, at {wall:%H:%M}"
    return f"{wall:%H:%M} happens twice on {day}: it fires {'both times' if times > 1 else 'once, the first time'}"


def _next(schedule: Schedule, after: float) -> float | None:
    when = schedule.when
    if isinstance(when, At):
        return min((at for at in when.times if at > after), default=None)
    if isinstance(when, Interval):
        return _next_interval(when, after)
    if not isinstance(when, Cron | RRule):
        return None
    try:
        walk = _next_elapsed if _is_elapsed(when) else _next_fixed
        return walk(_next_naive(when), zone(when.timezone), after)
    except OverflowError:  # beyond the last year that a datetime knows
        return None


def _next_interval(when: Interval, after: float) -> float | None:
    if when.seconds <= 0:
        return None
    if when.after_end:
        return after + when.seconds
    if (when.at or when.timezone) and when.seconds % DAY == 0:
        return _next_day(when, after)
    count = (after - when.anchor) // when.seconds
    found = when.anchor + count * when.seconds
    while found <= after:  # the division may be off by one in the last bits
        count += 1
        found = when.anchor + count * when.seconds
    return found


def _next_day(when: Interval, after: float) -> float:
    """Every so many days at one local time: the days are counted from the anchor's own; without one from the first of
    January 1970 there, which is the same day in every zone."""
    place = zone(when.timezone or "UTC")
    first = datetime.fromtimestamp(when.anchor, place) if when.anchor else datetime(1970, 1, 1)
    at = _time_of_day(when.at) if when.at else first.time()
    step = timedelta(days=int(when.seconds // DAY))
    today = datetime.fromtimestamp(after, place).date()
    day: date = first.date() + step * ((today - first.date()) // step)
    while True:
        found = instant(datetime.combine(day, at), place)
        if found > after:
            return found
        day += step


def _time_of_day(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except (ValueError, TypeError):
        raise BadSchedule(f"{text!r} is not a time of day, such as '09:00'") from None


def _is_elapsed(when: Any) -> bool:
    """Whether it follows elapsed time through clock changes, rather than naming times of day."""
    if isinstance(when, Cron):
        fields = when.cron.split()
        return fields[:1] == ["@hourly"] or any(field.startswith("*") for field in fields[:2])
    return isinstance(when, RRule) and any(f"FREQ={name}" in when.rrule.upper() for name in _ELAPSED)


def _next_fixed(next_naive: NextNaive, place: ZoneInfo, after: float) -> float | None:
    """In a gap: its end; in an overlap: the first pass. What both make earlier than `after` has fired."""
    wall: datetime | None = datetime.fromtimestamp(after, place).replace(tzinfo=None)
    for _ in range(MAX_STEPS):
        wall = next_naive(wall) if wall else None
        if wall is None:
            return None
        found = instant(wall, place)
        if found > after:
            return found
    return None


def _next_elapsed(next_naive: NextNaive, place: ZoneInfo, after: float) -> float | None:
    """The next moment whose wall time fits: within one offset from the clock, and anew from each clock change on."""
    moment, wall_before = after, datetime.fromtimestamp(after, place).replace(tzinfo=None)
    for _ in range(MAX_STEPS):
        wall = next_naive(wall_before)
        change = _clock_change(moment, place, wall)
        if change is None:
            if wall is None:
                return None
            found = instant(wall, place)
            if found < moment:
                found = wall.replace(tzinfo=place, fold=1).timestamp()
            if datetime.fromtimestamp(found, place).replace(tzinfo=None) == wall:
                return found
            change = found  # it fell into a gap that is far away
        moment = change
        wall_before = datetime.fromtimestamp(change, place).replace(tzinfo=None) - timedelta(seconds=1)
    return None


def _clock_change(after: float, place: ZoneInfo, wall: datetime | None) -> float | None:
    """The first clock change later than `after`, within a day or so and not later than the wall time is reached."""
    here = datetime.fromtimestamp(after, place)
    offset = here.utcoffset()
    assert offset is not None
    until = here.astimezone(UTC) + _NEAR
    if wall is not None:
        until = min(until, (wall - offset).replace(tzinfo=UTC))
    if until.timestamp() <= after or until.astimezone(place).utcoffset() == offset:
        return None
    return _first_other_offset(after, until.timestamp(), place)


def _first_other_offset(low: float, high: float, place: ZoneInfo) -> float:
    """The whole second at which the offset changes, between one that has the old and one that has the new one."""
    start, end = math.floor(low), math.ceil(high)
    offset = datetime.fromtimestamp(start, place).utcoffset()
    while end - start > 1:
        middle = (start + end) // 2
        if datetime.fromtimestamp(middle, place).utcoffset() == offset:
            start = middle
        else:
            end = middle
    return float(end)


def instant(wall: datetime, place: ZoneInfo) -> float:
    """The moment of a wall time: in an overlap its first pass, in a gap the gap's end."""
    first = wall.replace(tzinfo=place, fold=0)
    at = first.timestamp()
    if datetime.fromtimestamp(at, place).replace(tzinfo=None) == wall:
        return at
    # In a gap fold=1 counts with the offset behind it and fold=0 with the one before: its end lies between the two.
    return _first_other_offset(wall.replace(tzinfo=place, fold=1).timestamp(), at, place)


def _is_ambiguous(wall: datetime, place: ZoneInfo) -> bool:
    first, second = (wall.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    return first.timestamp() < second.timestamp()


@lru_cache(maxsize=4096)
def _next_naive(when: Cron | RRule) -> NextNaive:
    return _cron(when) if isinstance(when, Cron) else recurrence.next_naive(when, zone(when.timezone))


def _cron(when: Cron) -> NextNaive:
    from croniter import (  # type: ignore[import-untyped]
        CroniterBadDateError,
        CroniterError,
        croniter,
    )

    fields = when.cron.split()
    if len(fields) != 5 and not (len(fields) == 1 and fields[0].startswith("@")):
        raise BadSchedule(
            f"{when.cron!r} has {len(fields)} fields; cron has five: minute, hour, day of the month, month, day of the week"
        )
    try:
        pattern = croniter(
            when.cron,
            datetime(2026, 1, 1),
            ret_type=datetime,
            day_or=when.day_or,
            max_years_between_matches=HORIZON_YEARS,
            implement_cron_bug=True,  # a day that begins with "*" narrows the weekday, as Debian's cron has it
        )
    except (CroniterError, KeyError, TypeError, AttributeError) as error:
        raise BadSchedule(f"{when.cron!r} is no cron expression: {error}") from None

    def next_naive(wall: datetime) -> datetime | None:
        try:
            pattern.set_current(wall, force=True)
            found: datetime = pattern.get_next(datetime)
        except CroniterBadDateError:
            return None
        return found

    return next_naive
