"""What clock changes do to fire times, in words."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tui_flow import fire_times
from tui_flow.contract import schedules as contract
from tui_flow.fire_times import ClockEffect
from tui_flow.store.records import Schedule
from tui_flow.tui.presentation.fires import DAY, MOST, declared, zone_word

MOST_TOLD = 3
"""Schedules that are named."""
HORIZON_DAYS = 200
"""A change that is further ahead is not told of."""


class Change(NamedTuple):
    """A clock change of those that schedules go by."""

    at: int
    zone: str
    told: Sequence[tuple[Schedule, ClockEffect]]
    """The schedules that it does something to."""


def first(schedules: Sequence[Schedule], now: float) -> Change | None:
    """The first one ahead that does something, else the first one; None where none is ahead."""
    by_zone: dict[str, list[Schedule]] = {}
    for schedule in schedules:
        by_zone.setdefault(str(schedule.spec.get("timezone") or ""), []).append(schedule)
    moments = {zone: at for zone in by_zone if zone and (at := _next_moment(zone, now))}
    found = [_change(moments[zone], zone, by_zone[zone]) for zone in sorted(moments, key=moments.__getitem__)]
    return next((change for change in found if change.told), next(iter(found), None))


def _change(at: int, zone: str, schedules: Sequence[Schedule]) -> Change:
    effects = [(schedule, _effect_near(schedule, at)) for schedule in schedules]
    return Change(at, zone, [(schedule, effect) for schedule, effect in effects if effect])


def sentence(change: Change, arrow: str, own: int = 0) -> str:
    """The change in a line, with what it does to the schedule of this id first, if it does something."""
    place, moment = fire_times.zone(change.zone), datetime.fromtimestamp(change.at, UTC).replace(tzinfo=None)
    before, after = (moment + _offset(at, place) for at in (change.at - 1, change.at))
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


def _next_moment(zone: str, now: float) -> int | None:
    """The first second after the next clock change in a zone; None where there is none ahead."""
    try:
        place = fire_times.zone(zone)
    except ValueError:
        return None
    for day in range(HORIZON_DAYS):
        low, high = (int(now + days * DAY) for days in (day, day + 1))
        if _offset(low, place) != _offset(high, place):
            return _moment(low, high, place)
    return None


def _moment(low: int, high: int, place: ZoneInfo) -> int:
    """When the clocks of a zone change between two moments."""
    before = _offset(low, place)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle, place) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(at: int, place: ZoneInfo) -> timedelta:
    return datetime.fromtimestamp(at, place).utcoffset() or timedelta()


def _effect_near(schedule: Schedule, moment: int) -> ClockEffect | None:
    """What happens to the first fire that the change at that moment concerns."""
    found = declared(schedule)
    if found is None:
        return None
    try:
        fires = fire_times.fires_between(found, moment - DAY / 2, moment + DAY / 2, MOST, schedule.flow)
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
