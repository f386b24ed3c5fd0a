"""The Schedule view's rows: what fires when, what did not, and why something will not run.

The order is that of time: what was missed or skipped, what is late, now, what comes within a day and later, triggers,
and at the end what is paused. A schedule that fires more than four times a day has one row, for its next fire; the
hours below the list count all of them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tui_flow import fire_times
from tui_flow.contract import schedules
from tui_flow.contract.schedules import TIMED, describe, from_json
from tui_flow.contract.states import FireOutcome, FireReason, FlowRunState, ScheduleState
from tui_flow.store.records import FireTime, FlowRun, Pause, Schedule
from tui_flow.tui.presentation import times
from tui_flow.tui.presentation.flow_list import Overview
from tui_flow.tui.presentation.people import who

DAY = 86_400.0
MOST = 100
"""Fire times of one schedule that are worked out; how many follow within the day is estimated."""
OFTEN = 4
"""A schedule that fires more often within a day has one row only."""
HOURLY = 25
"""One that fires more often starts together with everything, which nobody needs to be told."""
PAST = 8
"""So many rows about what did not fire, at most."""
LATE_SECONDS = 60.0
"""A run that has not begun so long after its fire time is late."""
SOON_SECONDS = 300.0


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
    """By schedule."""
    at: float


EMPTY = Reading((), (), {}, 0.0)


class Row(NamedTuple):
    """A line of the agenda; a divider where there is no schedule."""

    kind: str
    """"missed", "skipped", "late", "fire", "skip" (to come, and to be skipped), "trigger", "paused", "never", or "now" and
    "day", which divide."""
    at: float | None
    note: str
    schedule: Schedule | None = None
    total: int = 1
    """How many fire times the row is about."""
    role: str = ""
    """Of the note."""
    run_id: int | None = None

    @property
    def key(self) -> tuple[str, int, float | None]:
        """What stays the same when everything is read anew."""
        return (self.kind, self.schedule.id if self.schedule else 0, self.at)


def declared(schedule: Schedule) -> schedules.Schedule | None:
    """What the author declared; None for what this version cannot read."""
    try:
        return from_json(schedule.spec)
    except ValueError:
        return None


def words(schedule: Schedule) -> str:
    """When it fires, in a few words."""
    found = declared(schedule)
    return schedule.kind if found is None else describe(found)


def short_words(schedule: Schedule) -> str:
    """The same with the zone's last word only: "0 3 * * * Paris"."""
    zone = str(schedule.spec.get("timezone") or "")
    return (
        words(schedule).replace(zone, zone.rpartition("/")[2].replace("_", " ")) if zone else words(schedule)
    )


def coming(schedule: Schedule, now: float) -> Coming:
    """Raises nothing: a schedule that cannot fire as it is written has no times."""
    found = declared(schedule)
    if found is None or schedule.kind not in TIMED:
        return Coming((), 0)
    try:
        if schedule.next_at is not None and _counts_from_end(found):
            return Coming((schedule.next_at,), 1)
        fires = fire_times.fires_between(found, max(now, schedule.cursor), now + DAY, MOST, schedule.flow)
        if not fires:
            following = fire_times.next_fire(found, max(now, schedule.cursor), schedule.flow)
            return Coming(() if following is None else (following,), 0)
    except ValueError:
        return Coming((), 0)
    if len(fires) < MOST:
        return Coming(tuple(fires), len(fires))
    period = (fires[-1] - fires[0]) / (MOST - 1)
    return Coming(tuple(fires), MOST + int((now + DAY - fires[-1]) / period))


def _counts_from_end(found: schedules.Schedule) -> bool:
    return isinstance(found.when, schedules.Interval) and found.when.after_end


def pause_of(schedule: Schedule, pauses: Sequence[Pause]) -> tuple[str, float, str] | None:
    """Who holds a schedule back, since when, and why: its own pause, its flow's, or that of all flows."""
    if schedule.state is ScheduleState.PAUSED:
        return (schedule.paused_by or "", schedule.paused_at or 0.0, schedule.paused_why or "")
    held = {pause.flow: pause for pause in pauses if pause.resumed_at is None}
    pause = held.get(schedule.flow) or held.get("")
    return None if pause is None else (pause.paused_by, pause.paused_at, pause.why)


def rows_of(reading: Reading, overview: Overview, slots: int) -> list[Row]:
    """The agenda. `slots` is how many runs may be at work at once."""
    there = [one for one in overview.schedules if one.state is not ScheduleState.GONE]
    awake = [one for one in there if pause_of(one, overview.pauses) is None]
    known = {one.id: one for one in overview.schedules}
    notes = _Notes(reading, overview, awake, slots)
    later = _later_rows(reading, awake, notes)
    return [
        *_past_rows(reading, known),
        *_late_rows(reading, awake),
        Row("now", reading.at, ""),
        *_with_days([*later, *_skip_rows(reading, known)], reading.at),
        *(_trigger_row(one) for one in awake if one.kind not in TIMED),
        *(_never_row(one) for one in awake if one.kind in TIMED and not reading.coming[one.id].times),
        *(_paused_row(one, overview, reading.at) for one in there if one not in awake),
    ]


def _trigger_row(trigger: Schedule) -> Row:
    """With what keeps it from firing, such as a condition that raises."""
    trouble = (trigger.memory or {}).get("trouble", "")
    return Row("trigger", None, str(trouble), trigger, role="bad" if trouble else "")


def _past_rows(reading: Reading, known: dict[int, Schedule]) -> list[Row]:
    """What did not fire; equal ones of a schedule that follow each other share a row."""
    found: list[Row] = []
    ended = [one for one in reading.unfired if (one.until or one.fire_at) <= reading.at]
    for one in ended:
        schedule = known.get(one.schedule)
        if schedule is None:
            continue
        kind = "missed" if one.outcome is FireOutcome.MISSED else "skipped"
        row = Row(
            kind,
            one.until or one.fire_at,
            _why_unfired(one),
            schedule,
            one.times,
            "warn" if kind == "missed" else "dim",
        )
        same = next(
            (
                place
                for place, other in enumerate(found)
                if (other.schedule, other.kind) == (schedule, kind) and _like(other, row)
            ),
            None,
        )
        if same is None:
            found.append(row)
        else:
            found[same] = found[same]._replace(total=found[same].total + row.total)
    return found[:PAST][::-1]


def _like(one: Row, other: Row) -> bool:
    """Whether their reasons are the same but for numbers."""
    plain = str.maketrans("", "", "0123456789")
    return one.note.translate(plain) == other.note.translate(plain)


def _why_unfired(one: FireTime) -> str:
    if one.reason is FireReason.DOWN:
        return "no engine was there; not caught up"
    if one.reason is FireReason.ASKED:
        return f"skipped {_by(one.message)}"
    return f"{one.reason.replace('_', ' ')}: {one.message}" if one.message else one.reason.replace("_", " ")


def _by(message: str) -> str:
    return f"by {who(message.removeprefix('by '))}" if message.startswith("by ") else message


def _late_rows(reading: Reading, awake: Sequence[Schedule]) -> list[Row]:
    """Fire times that nobody has decided, and runs that should have begun."""
    rows = [
        Row("late", one.next_at, "not decided: no engine, or no room for runs", one, role="bad")
        for one in awake
        if one.next_at is not None and one.next_at <= reading.at - 5
    ]
    by_name = {(one.flow, one.slug): one for one in awake}
    for run in reading.active:
        schedule = by_name.get((run.flow, run.schedule or ""))
        waits = run.state is FlowRunState.PENDING and run.started_at is None and run.trigger != "backfill"
        if schedule and waits and run.scheduled_for and reading.at - run.scheduled_for > LATE_SECONDS:
            rows.append(
                Row("late", run.scheduled_for, f"run {run.id} waits for a slot", schedule, 1, "warn", run.id)
            )
    return sorted(rows, key=lambda row: row.at or 0.0)


def _later_rows(reading: Reading, awake: Sequence[Schedule], notes: "_Notes") -> list[Row]:
    rows = []
    skipped = {(one.schedule, one.fire_at) for one in reading.unfired if one.fire_at > reading.at}
    for schedule in awake:
        found = reading.coming.get(schedule.id, Coming((), 0))
        shown = [at for at in found.times if (schedule.id, at) not in skipped]
        count = found.total - (len(found.times) - len(shown))
        for place, at in enumerate(shown[:1] if count > OFTEN else shown):
            note, role = notes.of(schedule, at, is_next=place == 0)
            rows.append(Row("fire", at, note, schedule, max(1, count) if count > OFTEN else 1, role))
    return rows


def _skip_rows(reading: Reading, known: dict[int, Schedule]) -> list[Row]:
    return [
        Row("skip", one.fire_at, f"will be {_why_unfired(one)}", known[one.schedule], 1, "warn")
        for one in reading.unfired
        if one.fire_at > reading.at and one.schedule in known and one.reason is FireReason.ASKED
    ]


def _with_days(rows: list[Row], now: float) -> list[Row]:
    """In order of time, with a divider where another day begins."""
    found: list[Row] = []
    day = times.local(now).date()
    for row in sorted(rows, key=lambda row: (row.at or 0.0, row.schedule.flow if row.schedule else "")):
        here = times.local(row.at or 0.0).date()
        if here != day:
            found.append(Row("day", row.at, ""))
            day = here
        found.append(row)
    return found


def _never_row(schedule: Schedule) -> Row:
    return Row("never", None, "fires no more", schedule, 0, "dim")


def _paused_row(schedule: Schedule, overview: Overview, now: float) -> Row:
    by, since, why = pause_of(schedule, overview.pauses) or ("", now, "")
    return Row(
        "paused",
        None,
        f"by {who(by)} {times.ago(now - since)}{f': {why}' if why else ''}",
        schedule,
        1,
        "dim",
    )


class _Notes:
    """What there is to say about a fire to come: what will keep it from running first."""

    def __init__(self, reading: Reading, overview: Overview, awake: Sequence[Schedule], slots: int) -> None:
        self._reading, self._overview, self._slots = reading, overview, slots
        self._broken = {file.path for file in overview.files if file.state == "broken"}
        self._paths = {flow.name: flow.path for flow in overview.flows}
        self._taken = sum(
            1 for run in reading.active if run.started_at is not None and not run.awaits_attempt
        )
        self._starts: dict[int, set[str]] = {}
        for schedule in awake:
            found = reading.coming.get(schedule.id, Coming((), 0))
            for at in found.times if found.total <= HOURLY else ():
                self._starts.setdefault(int(at // 60), set()).add(schedule.flow)

    def of(self, schedule: Schedule, at: float, *, is_next: bool) -> tuple[str, str]:
        found = declared(schedule)
        if is_next:
            for note in (self._overlap(schedule), self._no_slot(at), self._file(schedule)):
                if note:
                    return (note, "warn")
        change = _clock_change(found, at, schedule.flow) if found else None
        if change:
            return (change, "warn")
        together = len(self._starts.get(int(at // 60), ()))
        if together > 2:
            return (f"{together} flows start at {times.hour_minute(at)}", "")
        return self._last_run(schedule) if is_next else ("", "")

    def _overlap(self, schedule: Schedule) -> str:
        rule = schedule.spec.get("overlap", "skip")
        run = next(
            (
                run
                for run in self._reading.active
                if (run.flow, run.schedule) == (schedule.flow, schedule.slug)
            ),
            None,
        )
        if run is None or rule == "allow" or run.trigger == "backfill":
            return ""
        does = {"skip": "will skip", "cancel_old": "will cancel it"}.get(rule, "will wait for it")
        return f"run {run.id} goes on: {does}"

    def _no_slot(self, at: float) -> str:
        soon = at - self._reading.at < SOON_SECONDS
        return f"all {self._slots} slots are taken now" if soon and self._taken >= self._slots else ""

    def _file(self, schedule: Schedule) -> str:
        broken = self._paths.get(schedule.flow) in self._broken
        return "file does not import: its last good version runs" if broken else ""

    def _last_run(self, schedule: Schedule) -> tuple[str, str]:
        last = next((run for run in self._overview.runs.get(schedule.flow, ()) if run.ended_at), None)
        bad = last is not None and last.state in (FlowRunState.FAILED, FlowRunState.CRASHED)
        return (f"last run {last.state}", "bad") if last and bad else ("", "")


def _clock_change(found: schedules.Schedule, at: float, flow: str) -> str | None:
    try:
        return fire_times.note(found, at - schedules.jitter(found, flow))
    except ValueError:
        return None


# The hours of the day to come.


class Hour(NamedTuple):
    start: float
    fires: int
    flows: tuple[str, ...]
    """What fires in it and when, in order: "etl_daily 03:00", "healthcheck x12"."""


def hours(reading: Reading, awake: Sequence[Schedule], count: int = 24) -> list[Hour]:
    """The hours from this one on, in the zone of whoever looks."""
    first = times.hour_of(reading.at)
    found: list[list[tuple[float, str, int]]] = [[] for _ in range(count)]
    for schedule in awake:
        fires = reading.coming.get(schedule.id, Coming((), 0))
        there: dict[int, list[float]] = {}
        for at in fires.times:
            there.setdefault(int((at - first) // 3600), []).append(at)
        guessed = _guessed(fires, first, count)
        for place in range(count):
            ats = there.get(place, [])
            total = len(ats) + guessed[place]
            if total:
                at = ats[0] if ats else first + 3600 * place
                told = times.hour_minute(at) if total == 1 else f"x{total}"
                found[place].append((at, f"{schedule.flow} {told}", total))
    return [
        Hour(
            first + 3600 * place,
            sum(total for *_, total in there),
            tuple(text for _, text, _ in sorted(there)),
        )
        for place, there in enumerate(found)
    ]


def _guessed(fires: Coming, first: float, count: int) -> list[int]:
    """The fires that were only estimated, shared out among the hours after the last one that is known."""
    more = fires.total - len(fires.times)
    if more <= 0:
        return [0] * count
    start = max(0.0, (fires.times[-1] - first) / 3600)
    shares = [max(0.0, min(1.0, place + 1 - start)) for place in range(count)]
    return [round(more * share / (sum(shares) or 1.0)) for share in shares]


def peak(reading: Reading, awake: Sequence[Schedule], overview: Overview) -> tuple[int, float]:
    """How many runs will be at work at once, at most, if all take as long as usual; and when."""
    steps: list[tuple[float, int]] = []
    for schedule in awake:
        usual = usual_seconds(overview.runs.get(schedule.flow, ()))
        if usual is None:
            continue
        for at in reading.coming.get(schedule.id, Coming((), 0)).times:
            steps += [(at, 1), (at + usual, -1)]
    most, when, running = 0, reading.at, 0
    for at, step in sorted(steps):
        running += step
        if running > most:
            most, when = running, at
    return most, when


def usual_seconds(runs: Sequence[FlowRun]) -> float | None:
    """The median duration of those that completed; None where none did."""
    took = sorted(
        run.ended_at - run.started_at
        for run in runs
        if run.state is FlowRunState.COMPLETED and run.ended_at and run.started_at
    )
    return took[len(took) // 2] if took else None


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
    told = next((note for at in fires if (note := _clock_change(found, at, flow))), None)
    return f"{what}: {told}" if told else f"{what}: nothing changes for it"
