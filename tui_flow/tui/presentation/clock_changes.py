"""What clock changes do to fire times, in words."""

from datetime import datetime, timedelta

from tui_flow import fire_times
from tui_flow.contract import schedules
from tui_flow.store.records import Schedule
from tui_flow.tui.presentation.fires import MOST, declared


def next_clock_change(schedule: Schedule, now: float, days: int = 200) -> str | None:
    """What the next clock change in the schedule's zone does to it, in a sentence; None where there is none ahead."""
    found = declared(schedule)
    zone = getattr(found.when, "timezone", None) if found else None
    if found is None or zone is None:
        return None
    try:
        place = fire_times.zone(zone)
        start = datetime.fromtimestamp(now, place).replace(hour=12, minute=0)
        for day in range(days):
            one, other = start + timedelta(days=day), start + timedelta(days=day + 1)
            if one.utcoffset() != other.utcoffset():
                return _change_in_words(found, schedule.flow, one, other)
    except (ValueError, OverflowError):
        return None
    return None


def _change_in_words(found: schedules.Schedule, flow: str, one: datetime, other: datetime) -> str:
    jump = (other.utcoffset() or timedelta()) - (one.utcoffset() or timedelta())
    what = f"clocks go {'forward' if jump > timedelta() else 'back'} on {other:%a} {other.day} {other:%b} ({other.tzinfo})"
    fires = fire_times.fires_between(found, one.timestamp(), other.timestamp(), MOST, flow)
    told = next((note for at in fires if (note := clock_change(found, at, flow))), None)
    return f"{what}: {told}" if told else f"{what}: nothing changes for it"


def clock_change(found: schedules.Schedule, at: float, flow: str) -> str | None:
    """What a clock change does to one fire, in a sentence; None where it does nothing."""
    try:
        return fire_times.note(found, at - schedules.jitter(found, flow))
    except ValueError:
        return None
