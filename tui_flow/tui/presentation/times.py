"""Times for people: short, and no more exact than what they are for."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from math import inf
from typing import Literal

Zone = Literal["here", "utc", "own"]
"""Where the clocks hang that times are read from: at this machine, in UTC, or where each schedule has its own."""
ZONES: dict[Zone, str] = {
    "here": "as on this machine",
    "utc": "in UTC",
    "own": "in each schedule's own zone",
}
_shown: list[tzinfo | None] = [None]
"""The zone in which times are shown; None is that of the machine."""
_own = [False]
"""Whether a schedule's times are shown in its own zone."""


def show_in(zone: Zone) -> None:
    """Shows all times there from now on; what has no zone of its own is as on this machine."""
    _shown[0] = UTC if zone == "utc" else None
    _own[0] = zone == "own"


def are_own() -> bool:
    """Whether what has a zone of its own is shown in that."""
    return _own[0]


def wall(at: float, own: str) -> datetime:
    """As `local`, and with the zone: `own` where that is to be shown, and there is one."""
    zone = _shown[0]
    if _own[0] and own:
        from zoneinfo import ZoneInfo

        try:
            zone = ZoneInfo(own)
        except (KeyError, ValueError):
            zone = None  # a zone that this machine has never heard of
    return datetime.fromtimestamp(at, zone).astimezone(zone)


def local(at: float) -> datetime:
    """What the clock on the wall says at a moment, in the zone in which times are shown."""
    return datetime.fromtimestamp(at, _shown[0]).replace(tzinfo=None)


def stamp(at: float) -> str:
    """Day, time and offset, for what is read elsewhere, or later: "2026-08-20 14:03:22.377+02:00"."""
    second, _, offset = _second(int(at), "%Y-%m-%d %H:%M:%S %z", _shown[0], time.tzname).rpartition(" ")
    return f"{second}.{_milliseconds(at)}{offset[:3]}:{offset[3:]}"


def exact(at: float, form: str) -> str:
    """A moment in some form of `strftime`, and the milliseconds."""
    return f"{_second(int(at), form, _shown[0], time.tzname)}.{_milliseconds(at)}"


def _milliseconds(at: float) -> str:
    return f"{round(at % 1 * 1_000_000) // 1000 % 1000:03}"


@lru_cache(maxsize=8)
def _second(at: int, form: str, zone: tzinfo | None, here: tuple[str, str]) -> str:  # noqa: ARG001
    """A second as it is there; with no zone, as it is on this machine, whose zone is called so. Cached, since the lines
    of a log come many to the second."""
    return datetime.fromtimestamp(at, zone).astimezone(zone).strftime(form)


def moment_of(wall: datetime) -> float:
    """The opposite: when the clock on the wall says this."""
    return (wall if wall.tzinfo else wall.replace(tzinfo=_shown[0])).timestamp()


def last_second(day: float) -> float:
    """Of the day that begins at a moment, in the zone in which times are shown; it may have 23 hours, or 25."""
    try:
        return moment_of(local(day).replace(hour=23, minute=59, second=59, microsecond=0, fold=1))
    except (ValueError, OverflowError):  # the last day of the calendar
        return day + 86_399


def end_of(text: str, at: float) -> float:
    """The last moment of what a text means that begins then: a day counts whole."""
    is_day = text in ("today", "yesterday") or len(text) == len("2026-11-07")
    return last_second(at) if is_day else at


def zone_name(at: float) -> str:
    """What the zone is called in which times are shown: "CET +01:00", "UTC +00:00"."""
    here = datetime.fromtimestamp(at, _shown[0]).astimezone(_shown[0])
    text = f"{here:%z}"
    name = "" if (here.tzname() or "+")[0] in "+-" else f"{here.tzname()} "
    return f"{name}{text[:3]}:{text[3:5]}"


def hour_of(at: float) -> float:
    """The moment at which the hour began, in that zone."""
    return moment_of(local(at).replace(minute=0, second=0, microsecond=0))


def duration(seconds: float, *, live: bool = False) -> str:
    """ "12ms", "0.8s", "41.2s", "3m12s", "2h10m", "3d04h". A live one goes on in whole seconds."""
    seconds = max(0.0, seconds)
    if live and seconds < 60:
        return f"{int(seconds)}s"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds + (0 if live else 0.5)), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02}m"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02}h"


def offset(seconds: float) -> str:
    """A round time since something began, as short as it can be: "0s", "0.2s", "45s", "1m30s", "2m", "1h"."""
    if seconds < 60:
        return f"{seconds:.3g}s"
    text = duration(seconds)
    return text.removesuffix("00s").removesuffix("00m").removesuffix("00h") if seconds % 60 == 0 else text


def ago(seconds: float) -> str:
    """ "just now", "41m ago", "4h ago", "2d ago", "6w ago"."""
    if seconds < 60:
        return "just now"
    units = ((60, "m", 3600), (3600, "h", 86_400), (86_400, "d", 14 * 86_400), (7 * 86_400, "w", inf))
    return f"{_in_one(units, seconds)} ago"


def clock(at: float) -> str:
    """The time of day, in the zone of whoever looks: "14:03:22"."""
    return f"{local(at):%H:%M:%S}"


def hour_minute(at: float) -> str:
    """ "14:03"."""
    return f"{local(at):%H:%M}"


def until(seconds: float) -> str:
    """ "now", "38s", "27m", "13h", "3d"."""
    if seconds < 1:
        return "now"
    return _in_one(((1, "s", 60), (60, "m", 3600), (3600, "h", 2 * 86_400), (86_400, "d", inf)), seconds)


def _in_one(units: Iterable[tuple[int, str, float]], seconds: float) -> str:
    """In the first of these units, each with its length, that goes so far."""
    return next(f"{int(seconds // size)}{unit}" for size, unit, below in units if seconds < below)


def moment(at: float, now: float) -> str:
    """The time of day, with the date unless that is today's."""
    here, today = local(at), local(now)
    if here.date() == today.date():
        return f"{here:%H:%M:%S}"
    return f"{here:%a %d %b %H:%M}" if here.year == today.year else f"{here:%Y-%m-%d %H:%M}"
