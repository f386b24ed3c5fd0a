"""The words for schedules and triggers: what an author declares beside a flow, and the engine fires.

    cron        `0 3 * * *` in a zone            file       a file that matches a pattern came or changed
    interval    every so long, or so many days   flow       a run of another flow ended
    rrule       a rule of RFC 5545               condition  a function of the flow file says so
    at          given moments, once each         event      somebody said that it happened

A schedule travels as one flat JSON object, `{"kind": "cron", "slug": …, "cron": "0 3 * * *", …}`: from the flow file
by way of its description into the history, and from there to whoever shows it. Durations are in seconds, moments in
seconds since the epoch (UTC).
"""

import hashlib
import json
import re
from typing import Any, NamedTuple

CATCHUPS = ("last", "none", "all")
"""What becomes of fire times that nobody was there for: the last one runs late, none does, or all do, oldest first."""
OVERLAPS = ("skip", "queue", "queue_all", "cancel_old", "allow")
"""What becomes of a fire time while an earlier run of the schedule is not over."""
DAY = 86_400.0
UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": DAY, "w": 7 * DAY}
"""Of durations as text."""


class BadSchedule(ValueError):
    """A schedule that cannot fire as it is written. The message says why, in one sentence."""


class Cron(NamedTuple):
    """By the minute, in local wall time (crontab(5))."""

    cron: str
    timezone: str
    """IANA name, such as "Europe/Paris"."""
    day_or: bool = True
    """A day counts if either its date or its weekday fits, as cron has it; False: if both do."""


class Interval(NamedTuple):
    """Every so long, counted from the anchor; the epoch, so that a restart shifts nothing."""

    seconds: float
    anchor: float = 0.0
    timezone: str | None = None
    """With whole days: they are counted in local time there, so that the hour stays when the clocks change."""
    at: str | None = None
    """With whole days: the local time of day, "09:00"."""
    after_end: bool = False
    """Counted from the end of the last run, instead of the anchor."""


class RRule(NamedTuple):
    """A recurrence rule of RFC 5545, in local wall time."""

    rrule: str
    timezone: str
    anchor: str
    """DTSTART as naive local time, ISO 8601; a DTSTART in the text wins."""


class At(NamedTuple):
    """One shot at each of these moments."""

    times: tuple[float, ...]


class OnFile(NamedTuple):
    """Whenever a file that matches is there, is new or other than before, and has been still for a moment."""

    glob: str
    """Relative to the project."""
    stable_seconds: float = 2.0


class OnFlow(NamedTuple):
    """Whenever a run of one of these flows ends in one of these states."""

    names: tuple[str, ...]
    states: tuple[str, ...] = ("completed",)


class OnCondition(NamedTuple):
    """Whenever this function of the flow file says so; it is asked in a process that is thrown away."""

    function: str
    poll_seconds: float = 30.0
    timeout_seconds: float = 10.0


class OnEvent(NamedTuple):
    """Whenever an event of this name is emitted."""

    name: str


When = Cron | Interval | RRule | At | OnFile | OnFlow | OnCondition | OnEvent
KINDS: dict[str, Any] = {
    "cron": Cron, "interval": Interval, "rrule": RRule, "at": At,
    "file": OnFile, "flow": OnFlow, "condition": OnCondition, "event": OnEvent,
}  # fmt: skip
TIMED = frozenset({"cron", "interval", "rrule", "at"})
"""The kinds that have fire times; the others are triggers."""
_KIND_OF = {cls: kind for kind, cls in KINDS.items()}


class Schedule(NamedTuple):
    """When a flow runs, and how it is fired."""

    when: When
    slug: str
    """Its name within the flow."""
    active: bool = True
    """False: it begins paused."""
    parameters: dict[str, Any] = {}  # noqa: RUF012
    """Of its runs, beyond the flow's defaults: JSON values."""
    catchup: str = "last"
    catchup_window_seconds: float = DAY
    """Fire times that are longer ago are not caught up."""
    overlap: str = "skip"
    jitter_seconds: float = 0.0
    """Its fires are all later by one and the same part of this."""
    into: str | None = None
    """Of a trigger: the flow's parameter that gets what fired it."""

    @property
    def kind(self) -> str:
        return _KIND_OF[type(self.when)]


def default_overlap(when: When) -> str:
    """Every file and every event has its run; what is asked by the clock, or again and again, waits for its last one."""
    return "allow" if isinstance(when, OnFile | OnFlow | OnEvent) else "skip"


def default_slug(when: When) -> str:
    """A name made from what is declared, the same for equal words: "cron-1f3a5c"."""
    kind = _KIND_OF[type(when)]
    text = json.dumps([kind, *when], sort_keys=True, separators=(",", ":"))
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def distinct_slug(schedule: Schedule) -> str:
    """A name made from all that is declared: for one that fires at the same times as another of its flow."""
    text = json.dumps(
        to_json(schedule._replace(slug="")), sort_keys=True, separators=(",", ":"), default=repr
    )
    return f"{default_slug(schedule.when)}-{hashlib.sha256(text.encode()).hexdigest()[:4]}"


def jitter(schedule: Schedule, flow: str) -> float:
    """How many seconds later than declared this schedule of the flow fires, always."""
    if schedule.jitter_seconds <= 0:
        return 0.0
    digest = hashlib.sha256(f"{flow}/{schedule.slug}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48 * schedule.jitter_seconds


def to_json(schedule: Schedule) -> dict[str, Any]:
    """The flat object that stands for it."""
    fields = schedule._asdict()
    when = fields.pop("when")
    if schedule.into is None:
        del fields["into"]
    return {"kind": schedule.kind, **_plain(fields), **_plain(when._asdict())}


def from_json(fields: dict[str, Any]) -> Schedule:
    """`to_json`'s other half; what is left out has its default. Raises ValueError for what is no schedule."""
    kind = fields.get("kind")
    cls = KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise ValueError(f"a schedule has no kind {kind!r}; there are {', '.join(KINDS)}")
    try:
        when = cls(**{name: _tupled(fields[name]) for name in cls._fields if name in fields})
        rest = [name for name in Schedule._fields if name not in ("when", "slug") and name in fields]
        more = {"overlap": default_overlap(when), **{name: fields[name] for name in rest}}
        schedule = Schedule(when, fields.get("slug") or default_slug(when), **more)
    except TypeError as error:
        raise ValueError(f"a {kind} schedule cannot be made of {fields!r:.200}: {error}") from None
    return checked(schedule)


def checked(schedule: Schedule) -> Schedule:
    """The same schedule. Raises ValueError for a rule that is none, or a duration that is no duration."""
    for name, known in (("catchup", CATCHUPS), ("overlap", OVERLAPS)):
        if getattr(schedule, name) not in known:
            raise ValueError(
                f"{name} is to be one of {', '.join(map(repr, known))}, not {getattr(schedule, name)!r}"
            )
    if schedule.into is not None:
        if schedule.kind in TIMED:
            raise ValueError(
                "into= is for triggers; a flow asks get_run_context().scheduled_for for its time"
            )
        if not isinstance(schedule.into, str) or not schedule.into.isidentifier():
            raise ValueError(f"into is to be the name of a parameter of the flow, not {schedule.into!r}")
    fields = {**schedule._asdict(), **schedule.when._asdict()}
    for name, value in fields.items():
        if not name.endswith("seconds"):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
            raise ValueError(f"{name} is to be a number of seconds, not {value!r}")
    return schedule


def describe(schedule: Schedule) -> str:
    """When it fires, in a few words: "0 3 * * * Europe/Paris", "every 15 min", "file data/*.csv"."""
    when = schedule.when
    if isinstance(when, Cron):
        return f"{when.cron} {when.timezone}"
    if isinstance(when, Interval):
        where = f" at {when.at}" if when.at else ""
        zone = f" {when.timezone}" if when.timezone else ""
        return f"every {duration(when.seconds)}{where}{zone}{' after its end' if when.after_end else ''}"
    if isinstance(when, RRule):
        return f"{when.rrule} {when.timezone}"
    if isinstance(when, At):
        return f"at {_moments(when.times)}"
    if isinstance(when, OnFile):
        return f"file {when.glob}"
    if isinstance(when, OnFlow):
        return f"after {', '.join(when.names)} {' or '.join(when.states)}"
    if isinstance(when, OnCondition):
        return f"when {when.function}() says so"
    return f"event {when.name}"


def seconds_of(text: str) -> float:
    """Seconds of "90", "15m", "1h30m" or "1.5 d". Raises ValueError."""
    parts = re.findall(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*", text.lower())
    if "".join(number + unit for number, unit in parts) != "".join(text.lower().split()) or not parts:
        raise ValueError(f"{text!r} is not a duration such as 90s, 15m, 1h30m, 1d or 1w")
    if len(parts) > 1 and not all(unit for _, unit in parts):
        raise ValueError(f"{text!r} has a number without a unit: write it as 1h30m")
    try:
        return sum(float(number) * UNITS[unit or "s"] for number, unit in parts)
    except KeyError as error:
        raise ValueError(f"there is no unit {error}; there are {', '.join(UNITS)}") from None


def duration(seconds: float) -> str:
    """ "15 min", "1 day", "90 s": in the largest unit that fits without a rest."""
    for unit, length in (("day", DAY), ("h", 3600.0), ("min", 60.0)):
        count = seconds / length
        if count >= 1 and count == int(count):
            return f"{int(count)} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{seconds:g} s"


def _moments(times: tuple[float, ...]) -> str:
    import time

    first = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(times[0])) if times else "no time"
    return first if len(times) < 2 else f"{first} and {len(times) - 1} more"


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
