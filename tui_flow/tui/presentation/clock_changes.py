"""What clock changes do to fire times, in words."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from tui_flow import fire_times
from tui_flow.contract import schedules as contract
from tui_flow.fire_times import ClockEffect
from tui_flow.store.records import Schedule
from tui_flow.tui.presentation.fires import MOST, declared, zone_word

MOST_TOLD = 3
"""Schedules that are named."""
HORIZON_DAYS = 200
"""A change that is further ahead is not told of."""


class Change(NamedTuple):
    """A clock change of those that schedules go by."""

    before: datetime
    """What the clock says when it happens."""
    after: datetime
    """And then."""
    zone: str
    told: Sequence[tuple[Schedule, ClockEffect]]
    """The schedules that it does something to."""


def first(schedules: Sequence[Schedule], now: float) -> Change | None:
    """The first one ahead that does something, else the first one; None where none is ahead."""
    by_zone: dict[str, list[Schedule]] = {}
    for schedule in schedules:
        by_zone.setdefault(str(schedule.spec.get("timezone") or ""), []).append(schedule)
    days = {zone: day for zone in by_zone if zone and (day := _day(zone, _noon(zone, now)))}
    found = [_change(zone, *days[zone], by_zone[zone]) for zone in sorted(days, key=lambda zone: days[zone])]
    return next((change for change in found if change.told), next(iter(found), None))


def _change(zone: str, one: datetime, other: datetime, schedules: Sequence[Schedule]) -> Change:
    moment = _moment(one, other)
    before, after = (moment + (noon.utcoffset() or timedelta()) for noon in (one, other))
    effects = [(schedule, _effect_between(schedule, one, other)) for schedule in schedules]
    return Change(before, after, zone, [(schedule, effect) for schedule, effect in effects if effect])


def sentence(change: Change, arrow: str, own: int = 0) -> str:
    """The change in a line, with what it does to the schedule of this id first, if it does something."""
    before, after = change.before, change.after
    head = f"clock change {before:%a} {before.day} {before:%b} {before:%H:%M} {arrow} {after:%H:%M}"
    told = sorted(change.told, key=lambda one: one[0].id != own)
    texts = [f"{one.flow} {_does(effect)}" for one, effect in told[:MOST_TOLD]]
    if len(told) > MOST_TOLD:
        texts.append(f"and {len(told) - MOST_TOLD} more")
    if not told:
        texts.append("no fire time changes")
    return f"{head} ({zone_word(change.zone)}): {'; '.join(texts)}"


def _does(effect: ClockEffect) -> str:
    if effect.meant is not None:
        return f"{effect.meant:%H:%M} runs at {effect.wall:%H:%M}"
    return "runs both times" if effect.times > 1 else "still runs once"


def _noon(zone: str, now: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(now, fire_times.zone(zone)).replace(
            hour=12, minute=0, second=0, microsecond=0
        )
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _day(zone: str, noon: datetime | None) -> tuple[datetime, datetime] | None:  # noqa: ARG001
    """The noons around the next clock change in the zone of a noon; None where there is none ahead."""
    if noon is None:
        return None
    for day in range(HORIZON_DAYS):
        one, other = noon + timedelta(days=day), noon + timedelta(days=day + 1)
        if one.utcoffset() != other.utcoffset():
            return one, other
    return None


def _moment(one: datetime, other: datetime) -> datetime:
    """When the clocks of a zone change between two moments of it, in UTC without saying so."""
    low, high, zone = int(one.timestamp()), int(other.timestamp()), one.tzinfo
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == one.utcoffset():
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC).replace(tzinfo=None)


def _effect_between(schedule: Schedule, one: datetime, other: datetime) -> ClockEffect | None:
    """What happens to the first fire that the change concerns."""
    found = declared(schedule)
    if found is None:
        return None
    try:
        fires = fire_times.fires_between(found, one.timestamp(), other.timestamp(), MOST, schedule.flow)
        late = contract.jitter(found, schedule.flow)
        return next((effect for at in fires if (effect := fire_times.clock_effect(found, at - late))), None)
    except ValueError:
        return None


def clock_change(found: contract.Schedule, at: float, flow: str) -> str | None:
    """What a clock change does to one fire, in a sentence; None where it does nothing."""
    try:
        return fire_times.note(found, at - contract.jitter(found, flow))
    except ValueError:
        return None
