"""When a flow runs, as its author declares it: `@flow(schedule=Cron("0 3 * * *", timezone="Europe/Paris"))`.

`Cron`, `Interval` and `RRule` have Prefect's names and parameters (prefect.schedules); `every`, `At` and the triggers
`on_file`, `on_flow`, `on_condition` and `on_event` are ours. What is no pattern at all is refused here; whether one can
fire is checked where the file is described: a flow file that declares a schedule pays for no calendar when it runs.
"""

from tui_flow.contract import schedules as contract

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta
    from typing import Any

    Duration = float | str | timedelta
    """Seconds, a timedelta, or text such as "15m", "1d", "90s", "1h30m"."""
    Moment = datetime | str
    """A datetime, or ISO 8601 text; without an offset, in the schedule's zone, else the host's."""


_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")


class Schedule:
    """What all schedules and triggers have in common. Keywords of every one of them:

    - `active`: False declares it paused;
    - `parameters`: of its runs, beyond the flow's defaults;
    - `slug`: its name within the flow, for commands; made from the pattern by default;
    - `catchup`: "last" (default), "none" or "all" of the fire times that passed while no engine was there;
    - `catchup_window`: how long ago these may be, "24h" by default;
    - `overlap`: "skip", "queue", "queue_all", "cancel_old" or "allow" while an earlier run is not over; by default
      "skip", but "allow" for files, events and ends of runs;
    - `jitter`: fires later by one and the same part of this duration, so that not all flows begin at once;
    - `into`: of a trigger, the flow's parameter that gets what fired it.

    A trigger fires for each event once, as soon as an engine is there, so `catchup` and `jitter` are nothing to it.

    Raises ValueError for a word or a duration that is none.
    """

    def __init__(
        self,
        when: "contract.When",
        *,
        active: bool = True,
        parameters: "dict[str, Any] | None" = None,
        slug: "str | None" = None,
        catchup: str = "last",
        catchup_window: "Duration" = contract.DAY,
        overlap: "str | None" = None,
        jitter: "Duration" = 0.0,
        into: "str | None" = None,
    ) -> None:
        self.declared = contract.checked(
            contract.Schedule(
                when,
                slug or contract.default_slug(when),
                bool(active),
                dict(parameters or {}),
                catchup,
                seconds_of(catchup_window, "catchup_window"),
                contract.default_overlap(when) if overlap is None else overlap,
                seconds_of(jitter, "jitter"),
                into,
            )
        )
        """As it travels to the engine."""
        self.is_named = slug is not None
        """By its author."""
        self.fn: Callable[..., Any] | None = None
        """Of a condition: the function itself."""

    def renamed(self, slug: str) -> "Schedule":
        """The same under another name."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.declared = self.declared._replace(slug=slug)
        return other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and self.declared == other.declared

    def __hash__(self) -> int:
        return hash(self.declared.slug)

    def __repr__(self) -> str:
        return f"<schedule {contract.describe(self.declared)}>"


class Cron(Schedule):
    """By a cron expression of five fields, in local time: `Cron("0 3 * * *", timezone="Europe/Paris")`.

    Without a timezone it is the host's, where Prefect has UTC. `day_or` as in Prefect: whether a day counts if either
    its date or its weekday fits (cron's way), or only if both do.
    """

    def __init__(self, cron: str, timezone: "str | None" = None, day_or: bool = True, **more: "Any") -> None:
        super().__init__(contract.Cron(_pattern(cron), zone_name(timezone), bool(day_or)), **more)


class Interval(Schedule):
    """Every so long, from `anchor_date` on in both directions: `Interval(timedelta(minutes=15))`.

    With a timezone, whole days keep their local time of day when the clocks change.
    """

    def __init__(
        self,
        interval: "Duration",
        anchor_date: "Moment | None" = None,
        timezone: "str | None" = None,
        **more: "Any",
    ) -> None:
        anchor = _moment(anchor_date, timezone) if anchor_date is not None else 0.0
        super().__init__(contract.Interval(_positive(interval, "interval"), anchor, timezone), **more)


class RRule(Schedule):
    """By a recurrence rule of RFC 5545: `RRule("FREQ=WEEKLY;BYDAY=MO,WE", timezone="UTC")`.

    Counted from DTSTART, else from `anchor_date`, else from the first of January 2020 in that zone.
    """

    def __init__(
        self,
        rrule: str,
        timezone: "str | None" = None,
        anchor_date: "Moment | None" = None,
        **more: "Any",
    ) -> None:
        zone, anchor = zone_name(timezone), "2020-01-01T00:00:00"
        if anchor_date is not None:
            from datetime import datetime
            from zoneinfo import ZoneInfo

            local = datetime.fromtimestamp(_moment(anchor_date, zone), ZoneInfo(zone))
            anchor = local.replace(tzinfo=None).isoformat()
        super().__init__(contract.RRule(_rule(rrule), zone, anchor), **more)


class At(Schedule):
    """Once at each of these moments: `At("2026-12-24 18:00")`, `At([first, second], timezone="Europe/Paris")`."""

    def __init__(
        self, when: "Moment | Iterable[Moment]", timezone: "str | None" = None, **more: "Any"
    ) -> None:
        moments = [when] if isinstance(when, str) or hasattr(when, "timestamp") else list(when)
        super().__init__(contract.At(tuple(sorted(_moment(one, timezone) for one in moments))), **more)


def every(
    interval: "Duration",
    *,
    anchor: "Moment | None" = None,
    at: "str | None" = None,
    timezone: "str | None" = None,
    after_end: bool = False,
    **more: "Any",
) -> Schedule:
    """Every so long: `every("15m")`; every so many days at a time of day: `every("1d", at="09:00", timezone=…)`.

    Counted from the anchor, or from the epoch, so that a restart shifts nothing; with `after_end`, from the end of the
    last run. Raises ValueError for `at` with what is not whole days.
    """
    seconds = _positive(interval, "interval")
    if at is not None and seconds % contract.DAY:
        raise ValueError(
            f"at={at!r} goes with whole days, such as every('1d', at={at!r}), not with {interval!r}"
        )
    start = _moment(anchor, timezone) if anchor is not None else 0.0
    zone = zone_name(timezone) if at is not None else timezone
    return Schedule(contract.Interval(seconds, start, zone, at, bool(after_end)), **more)


def on_file(glob: str, *, stable: "Duration" = 2.0, **more: "Any") -> Schedule:
    """A run for every file that matches the pattern (relative to the project; `**` for any folders) and is new, or of
    another time of change or size than before, once it has not changed for `stable`.

    Files that are there when the trigger first looks fire nothing until they change.
    """
    return Schedule(contract.OnFile(_text(glob, "glob"), seconds_of(stable, "stable")), **more)


def on_flow(
    names: "str | Any | Iterable[Any]", states: "str | Iterable[str]" = ("completed",), **more: "Any"
) -> Schedule:
    """A run whenever a run of one of these flows (names, or the flows themselves) ends in one of these states.

    Flows that fire each other stop after one round: a run that goes back to a run of this flow fires it not again. Raises ValueError for a state that no run ends in.
    """
    from tui_flow.contract.states import TERMINAL

    found = [names] if isinstance(names, str) or hasattr(names, "fn") else list(names)
    flows = tuple(str(getattr(one, "name", one)) for one in found)
    wanted = tuple(word.lower() for word in ([states] if isinstance(states, str) else states))
    for word in wanted:
        if word not in TERMINAL:
            raise ValueError(f"no run ends as {word!r}; the states are {', '.join(sorted(TERMINAL))}")
    if not flows or not wanted:
        raise ValueError("on_flow needs the name of a flow, and a state to end in")
    return Schedule(contract.OnFlow(flows, wanted), **more)


def on_condition(
    fn: "Callable[[], Any]", *, poll: "Duration" = 30.0, timeout: "Duration" = 10.0, **more: "Any"
) -> Schedule:
    """A run whenever this function of the flow file says so; it is asked every `poll`, in a process of its own, which is
    ended after `timeout`.

    True makes a run each time it is said, and while that is not over the function is not asked. Any other true value is
    what there is to do (an id, a path): it makes one run, however often it is said, and `into` names its parameter.
    """
    name = getattr(fn, "__name__", None)
    if not callable(fn) or not name or not str(name).isidentifier():
        raise ValueError(f"on_condition is for a function that the flow file defines, not for {fn!r}")
    when = contract.OnCondition(str(name), _positive(poll, "poll"), _positive(timeout, "timeout"))
    schedule = Schedule(when, **more)
    schedule.fn = fn
    return schedule


def on_event(name: str, **more: "Any") -> Schedule:
    """A run for every event of that name: of `emit_event` in a flow, or of the command `tui-flow emit`."""
    return Schedule(contract.OnEvent(_text(name, "name")), **more)


def CronSchedule(cron: str, timezone: "str | None" = None, day_or: bool = True) -> Cron:
    """Prefect's older name (prefect.client.schemas.schedules)."""
    return Cron(cron, timezone, day_or)


def IntervalSchedule(
    interval: "Duration", anchor_date: "Moment | None" = None, timezone: "str | None" = None
) -> Interval:
    """Prefect's older name (prefect.client.schemas.schedules)."""
    return Interval(interval, anchor_date, timezone)


def RRuleSchedule(rrule: str, timezone: "str | None" = None) -> RRule:
    """Prefect's older name (prefect.client.schemas.schedules)."""
    return RRule(rrule, timezone)


def checked_schedules(one: "Any", several: "Any") -> "list[Schedule]":
    """What `@flow(schedule=…, schedules=…)` was given, as one list. Raises TypeError for what is no schedule, and
    ValueError for two with one slug. Those that differ, and whose author named neither, are told apart."""
    found: list[Any] = []
    for given in (one, several):
        if given is not None:
            found += list(given) if isinstance(given, (list, tuple, set, frozenset)) else [given]
    slugs: dict[str, Schedule] = {}
    for schedule in found:
        if not isinstance(schedule, Schedule):
            raise TypeError(
                f"Expected a schedule such as Cron('0 3 * * *') for 'schedule'; got {schedule!r}."
            )
        slug = schedule.declared.slug
        if slug in slugs and not schedule.is_named and schedule != slugs[slug]:
            slug = contract.distinct_slug(schedule.declared)
            schedule = schedule.renamed(slug)
        if slug in slugs:
            what = "two schedules are named" if schedule.is_named else "a schedule is declared twice:"
            raise ValueError(f"{what} {slug!r}; give one of them another slug=")
        slugs[slug] = schedule
    return list(slugs.values())


def seconds_of(duration: "Any", option: str) -> float:
    """Seconds of a number, a timedelta, or text such as "1h30m". Raises ValueError."""
    if hasattr(duration, "total_seconds"):
        return float(duration.total_seconds())
    if isinstance(duration, (int, float)) and not isinstance(duration, bool):
        return float(duration)
    try:
        return contract.seconds_of(duration)
    except (ValueError, AttributeError):
        raise ValueError(f"{option} is to be a duration such as '1h30m' or 90, not {duration!r}") from None


def zone_name(timezone: "str | None") -> str:
    """The name that was given, or that of the host's zone."""
    if timezone is not None:
        return _text(timezone, "timezone")
    from tui_flow.contract.zones import local_zone

    return local_zone()


def _positive(duration: "Any", option: str) -> float:
    seconds = seconds_of(duration, option)
    if not 0 < seconds < 1e10:
        raise ValueError(f"{option} must be longer than 0; got {duration!r}")
    return seconds


def _moment(moment: "Any", timezone: "str | None") -> float:
    """Seconds since the epoch; of a local time that a clock change skips, the end of the gap.

    Raises ValueError for what is no moment, and for a zone that there is not.
    """
    from datetime import datetime
    from zoneinfo import ZoneInfo

    try:
        found = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
    except (TypeError, ValueError):
        raise ValueError(
            f"a moment is a datetime or text such as '2026-12-24 18:00', not {moment!r}"
        ) from None
    if found.tzinfo is None:
        try:
            found = found.replace(tzinfo=ZoneInfo(zone_name(timezone)))
        except (OSError, ValueError, KeyError):
            raise ValueError(f"there is no time zone {timezone!r}") from None
    if not isinstance(found.tzinfo, ZoneInfo) or found.fold:
        return found.timestamp()
    from tui_flow.fire_times import instant

    return instant(found.replace(tzinfo=None), found.tzinfo)


def _pattern(cron: "Any") -> str:
    text = _text(cron, "cron")
    fields = text.split()
    if len(fields) != 5 and not (len(fields) == 1 and text.startswith("@")):
        raise ValueError(
            f"{text!r} has {len(fields)} fields; cron has five: minute, hour, day of the month, month, day of the week"
        )
    return text


def _rule(rrule: "Any") -> str:
    text = _text(rrule, "rrule")
    upper = text.upper()
    if "FREQ=" not in upper and "RDATE" not in upper:
        raise ValueError(f"{text!r} is no recurrence rule: it has no FREQ, such as FREQ=DAILY")
    for part in upper.split("FREQ=")[1:]:
        if not part.startswith(_FREQUENCIES):
            raise ValueError(f"{text!r} is no recurrence rule: FREQ is one of {', '.join(_FREQUENCIES)}")
    return text


def _text(value: "Any", option: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{option} is to be text, not {value!r}")
    return value.strip()
