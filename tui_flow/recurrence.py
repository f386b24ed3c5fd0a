"""When a recurrence rule of RFC 5545 fires, in naive local time. Pure arithmetic, with an end to every search.

dateutil knows the rules, and tries one period after the other, from the start of the rule on, for as long as none fits. So
it is asked for the days that fit alone, a year at a time; weeks, days, hours and minutes are counted here.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import Any
from zoneinfo import ZoneInfo

from tui_flow.contract.schedules import BadSchedule, RRule

HORIZON_YEARS = 100
"""What does not fire within so many years never fires."""
MAX_PERIODS = 50_000
"""Hours or minutes that are looked at for one fire, before it counts as none."""
MAX_COUNT = 10_000
"""The largest COUNT."""
_TICK = timedelta(microseconds=1)
_UTC_TIME = re.compile(r"(\d{8}T\d{6})Z")
NextNaive = Callable[[datetime], datetime | None]
"""The first naive local time of a pattern that is later than the given one."""


def next_naive(when: RRule, place: ZoneInfo) -> NextNaive:
    """Raises BadSchedule for what is no rule, or cannot be one here."""
    from dateutil.rrule import rrule, rrulestr  # type: ignore[import-untyped]

    _check_text(when)
    text = _UTC_TIME.sub(lambda found: _local(found[1], place), when.rrule)
    try:
        start = datetime.fromisoformat(when.anchor).replace(tzinfo=None)
        parsed: Any = rrulestr(text, dtstart=start, ignoretz=True)
        rules = [parsed] if isinstance(parsed, rrule) else parsed._rrule
        searches = [_search(rule) for rule in rules]
    except BadSchedule:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise BadSchedule(f"{when.rrule!r} is no recurrence rule: {error}") from None
    if isinstance(parsed, rrule):
        return searches[0]
    return _all_of(searches, sorted(parsed._rdate), set(parsed._exdate))


def _check_text(when: RRule) -> None:
    upper = when.rrule.upper()
    if "SECONDLY" in upper:
        raise BadSchedule(f"{when.rrule!r} fires by the second; the shortest that makes sense is MINUTELY")
    if "EXRULE" in upper:
        raise BadSchedule(
            f"{when.rrule!r} has an EXRULE, which RFC 5545 has no more: name the dates with EXDATE"
        )
    for zone in re.findall(r"TZID=([^:;\s]+)", when.rrule):
        if zone != when.timezone:
            raise BadSchedule(
                f"{when.rrule!r} is of zone {zone}, and the schedule of {when.timezone}: say timezone={zone!r}"
            )


def _local(text: str, place: ZoneInfo) -> str:
    """A time of the rule that is in UTC (`UNTIL=20260101T080000Z`), as the local time that it is there."""
    at = datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return at.astimezone(place).strftime("%Y%m%dT%H%M%S")


def _search(rule: Any) -> NextNaive:
    from dateutil.rrule import WEEKLY

    if rule._count is not None:
        return _counted(rule)
    if rule._freq < WEEKLY:
        return lambda wall: _asked(
            rule.replace(until=min(rule._until or _horizon(wall), _horizon(wall))), wall
        )
    days = _days(rule)
    return lambda wall: _first(rule, _sets(rule, days, max(wall, rule._dtstart - _TICK)), wall)


def _all_of(searches: list[NextNaive], dates: list[datetime], excluded: set[datetime]) -> NextNaive:
    """Of several rules and dates, but for those that are excluded."""

    def search(wall: datetime) -> datetime | None:
        for _ in range(len(excluded) + 1):
            found = [one for search in searches if (one := search(wall))]
            found += dates[bisect_right(dates, wall) :][:1]
            if not found or min(found) not in excluded:
                return min(found, default=None)
            wall = min(found)
        return None

    return search


def _counted(rule: Any) -> NextNaive:
    """The first COUNT times of a rule, which are found out once, as far as they are needed."""
    count = rule._count
    if count > MAX_COUNT:
        raise BadSchedule(f"COUNT={count} is more than {MAX_COUNT:,}: let it end with UNTIL")
    search, is_over = _search(rule.replace(count=None)), not count
    found: list[datetime] = []

    def next_counted(wall: datetime) -> datetime | None:
        nonlocal is_over
        while not is_over and (not found or found[-1] <= wall):
            following = search(found[-1] if found else rule._dtstart - _TICK)
            found.extend([following] if following else [])
            is_over = following is None or len(found) == count
        at = bisect_right(found, wall)
        return found[at] if at < len(found) else None

    return next_counted


def _days(rule: Any) -> Any:
    """A rule for the days that fit, of any year; None where all do."""
    from dateutil.rrule import YEARLY, rrule

    by_date = rule._bymonthday + rule._bynmonthday
    others = rule._byyearday or rule._byweekno or rule._byweekday or rule._byeaster
    if not (rule._bymonth or by_date or others):
        return None
    return rrule(
        YEARLY, dtstart=datetime(2000, 1, 1), wkst=rule._wkst, bymonth=rule._bymonth,
        bymonthday=by_date or (None if others else range(1, 32)), byyearday=rule._byyearday,
        byweekno=rule._byweekno, byweekday=rule._byweekday, byeaster=rule._byeaster,
        byhour=0, byminute=0, bysecond=0,
    )  # fmt: skip


def _first(rule: Any, sets: Iterator[list[datetime]], wall: datetime) -> datetime | None:
    """The first time later than that which one of the sets has, at the positions that the rule wants of each."""
    for found in sets:
        if rule._until is not None and found and found[0] > rule._until:
            return None
        for one in _at_positions(found, rule._bysetpos):
            if one > wall and one >= rule._dtstart:
                return one if rule._until is None or one <= rule._until else None
    return None


def _at_positions(found: list[datetime], positions: tuple[int, ...] | None) -> list[datetime]:
    if not positions:
        return found
    count = len(found)
    chosen = {at - 1 if at > 0 else count + at for at in positions}
    return [found[at] for at in sorted(chosen) if 0 <= at < count]


def _sets(rule: Any, days: Any, wall: datetime) -> Iterator[list[datetime]]:
    """The times that fit, one set for each period of the rule, from the one that the wall time is in."""
    from dateutil.rrule import DAILY, WEEKLY

    if rule._freq == WEEKLY:
        begin = _week(rule, rule._dtstart)
        for week, of_week in groupby(_fitting(days, _week(rule, wall)), lambda day: _week(rule, day)):
            if (week - begin).days // 7 % rule._interval == 0:
                known = [day for day in of_week if day.date() >= rule._dtstart.date()]
                yield [datetime.combine(day, at) for day in known for at in rule._timeset]
    elif rule._freq == DAILY:
        for day in _fitting(days, wall):
            if (day.date() - rule._dtstart.date()).days % rule._interval == 0:
                yield [datetime.combine(day, at) for at in rule._timeset]
    else:
        yield from islice(_within_days(rule, _fitting(days, wall), wall), MAX_PERIODS)


def _within_days(rule: Any, days: Iterator[datetime], wall: datetime) -> Iterator[list[datetime]]:
    """A set for each hour, or minute, of these days that is the rule's turn; empty where it does not fit."""
    from dateutil.rrule import HOURLY

    is_hourly = rule._freq == HOURLY
    start = rule._dtstart.replace(minute=0, second=0) if is_hourly else rule._dtstart.replace(second=0)
    step = timedelta(hours=rule._interval) if is_hourly else timedelta(minutes=rule._interval)
    for day in days:
        earliest = max(day, wall - (timedelta(hours=1) if is_hourly else timedelta(minutes=1)))
        moment = start + step * -((start - earliest) // step)
        while moment < day + timedelta(days=1):
            fits = rule._byhour is None or moment.hour in rule._byhour
            if is_hourly:
                minutes = sorted(rule._byminute) if fits else []
            else:
                fits = fits and (rule._byminute is None or moment.minute in rule._byminute)
                minutes = [moment.minute] if fits else []
            yield [moment.replace(minute=one, second=at) for one in minutes for at in sorted(rule._bysecond)]
            moment += step


def _fitting(days: Any, wall: datetime) -> Iterator[datetime]:
    """Midnight of each day that fits, from the one of the wall time on."""
    day, last = wall.replace(hour=0, minute=0, second=0, microsecond=0), _horizon(wall)
    if days is not None:
        yield from days.replace(dtstart=datetime(day.year, 1, 1), until=last).xafter(day, inc=True)
    while days is None and day < last:
        yield day
        day += timedelta(days=1)


def _week(rule: Any, day: datetime) -> datetime:
    """Midnight of the first day of that week."""
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=(day.weekday() - rule._wkst) % 7)


def _horizon(wall: datetime) -> datetime:
    return wall.replace(year=min(wall.year + HORIZON_YEARS, 9999), day=1)


def _asked(rule: Any, wall: datetime) -> datetime | None:
    try:
        found: datetime | None = rule.after(wall)
    except ValueError:  # dateutil says so of parts that exclude each other
        return None
    return found
