"""What clock changes do to fire times, in words."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from tui_flow import fire_times
from tui_flow.contract import schedules
from tui_flow.counting import counted
from tui_flow.store.records import Schedule
from tui_flow.tui.presentation.fires import MOST, declared

MOST_TOLD = 3
"""Schedules that a notice names."""


def next_clock_change(schedule: Schedule, now: float, days: int = 200) -> str | None:
    """What the next clock change in the schedule's zone does to it, in a sentence; None where there is none ahead."""
    found = declared(schedule)
    zone = getattr(found.when, "timezone", None) if found else None
    change = _change(zone, _noon(zone, now), days) if zone else None
    return _change_in_words(found, schedule.flow, *change) if found and change else None


def notice(schedules: Sequence[Schedule], now: float) -> str:
    """What the first clock change ahead means for the schedules that go by it, in a line; empty where there is none."""
    zones = {str(zone) for one in schedules if (zone := one.spec.get("timezone"))}
    changes = {zone: change for zone in zones if (change := _change(zone, _noon(zone, now)))}
    if not changes:
        return ""
    zone = min(changes, key=lambda name: changes[name])
    one, other = changes[zone]
    told, same = [], 0
    for schedule in schedules:
        found = declared(schedule)
        if found is not None and schedule.spec.get("timezone") == zone:
            text = _note_between(found, schedule.flow, one, other)
            told += [f"{schedule.flow}: {text}"] if text else []
            same += not text
    others = f"nothing changes for {counted(same, 'schedule')}" if same else ""
    return f"{_what_changes(one, other)}: {'; '.join([*told[:MOST_TOLD], others] if others else told[:MOST_TOLD])}"


def _noon(zone: str, now: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(now, fire_times.zone(zone)).replace(
            hour=12, minute=0, second=0, microsecond=0
        )
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _change(zone: str, noon: datetime | None, days: int = 200) -> tuple[datetime, datetime] | None:  # noqa: ARG001
    """The noons around the next clock change in the zone of a noon; None where there is none ahead."""
    if noon is None:
        return None
    for day in range(days):
        one, other = noon + timedelta(days=day), noon + timedelta(days=day + 1)
        if one.utcoffset() != other.utcoffset():
            return one, other
    return None


def _change_in_words(found: schedules.Schedule, flow: str, one: datetime, other: datetime) -> str:
    return (
        f"{_what_changes(one, other)}: {_note_between(found, flow, one, other) or 'nothing changes for it'}"
    )


def _what_changes(one: datetime, other: datetime) -> str:
    jump = (other.utcoffset() or timedelta()) - (one.utcoffset() or timedelta())
    way = "forward" if jump > timedelta() else "back"
    return f"clocks go {way} on {other:%a} {other.day} {other:%b} ({other.tzinfo})"


def _note_between(found: schedules.Schedule, flow: str, one: datetime, other: datetime) -> str | None:
    """What the first fire that the change concerns does."""
    try:
        fires = fire_times.fires_between(found, one.timestamp(), other.timestamp(), MOST, flow)
    except ValueError:
        return None
    return next((note for at in fires if (note := clock_change(found, at, flow))), None)


def clock_change(found: schedules.Schedule, at: float, flow: str) -> str | None:
    """What a clock change does to one fire, in a sentence; None where it does nothing."""
    try:
        return fire_times.note(found, at - schedules.jitter(found, flow))
    except ValueError:
        return None
