"""The Schedule view's rows: what fires when, what did not, and why something will not run.

The order is that of time: what was missed or skipped, what is late, now, what comes within a day and later, triggers,
and at the end what is paused. A schedule that fires more than four times a day has one row, for its next fire; the
hours below the list count all of them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tui_flow.contract import schedules as contract
from tui_flow.contract.schedules import TIMED
from tui_flow.contract.states import FireOutcome, FireReason, FlowRunState, ScheduleState
from tui_flow.counting import counted
from tui_flow.store.records import FireTime, FlowRun, Schedule
from tui_flow.tui.presentation import fires, times
from tui_flow.tui.presentation.filters import Filter, Subject, Words
from tui_flow.tui.presentation.fire_notes import Notes
from tui_flow.tui.presentation.fires import Coming, Reading, pause_of
from tui_flow.tui.presentation.flow_list import Overview
from tui_flow.tui.presentation.people import who

WORDS = Words("schedules", ("flow", "tag", "is"), ("late", "paused"), {})
OFTEN = 4
"""A schedule that fires more often within a day has one row only."""
PAST = 8
"""So many rows about what did not fire, at most."""


class Row(NamedTuple):
    """A line of the agenda; a divider where there is no schedule."""

    kind: str
    """"missed", "skipped", "late", "fire", "skip" (to come, and to be skipped), "once" (a run that was
    asked for), "trigger", "paused", "never", or "now" and
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

    @property
    def mark(self) -> tuple[int, float | None]:
        """What a mark on it belongs to: a fire time, also when it is to be skipped; else the schedule."""
        is_all_of_it = self.kind == "fire" and self.total > 1
        return (self.schedule.id if self.schedule else 0, None if is_all_of_it else self.at)


def rows_of(reading: Reading, overview: Overview, slots: int) -> list[Row]:
    """The agenda. `slots` is how many runs may be at work at once."""
    there = [one for one in overview.schedules if one.state is not ScheduleState.GONE]
    awake = [one for one in there if pause_of(one, overview.pauses) is None]
    known = {one.id: one for one in overview.schedules}
    notes = Notes(reading, overview, awake, slots)
    later = _later_rows(reading, awake, notes)
    to_come = {id for id, found in reading.coming.items() if found.times} | {id for id, _ in reading.skips}
    return [
        *_past_rows(reading, known),
        *_late_rows(reading, overview, awake),
        Row("now", reading.at, ""),
        *_with_days([*later, *_skip_rows(reading, known), *_once_rows(reading)], reading.at),
        *(_trigger_row(one) for one in awake if one.kind not in TIMED),
        *(_never_row(one) for one in awake if one.kind in TIMED and one.id not in to_come),
        *(_paused_row(one, overview, reading.at) for one in there if one not in awake),
    ]


def rows_of_day(reading: Reading, overview: Overview, slots: int) -> list[Row]:
    """The agenda of a day to come, whose fires `reading` has."""
    known = {one.id: one for one in overview.schedules}
    awake = [known[id] for id in reading.coming if id in known and not pause_of(known[id], overview.pauses)]
    notes = Notes(reading, overview, awake, slots)
    later = _later_rows(reading, awake, notes, is_now=False)
    found = sorted(
        (row for row in [*later, *_skip_rows(reading, known)]),
        key=lambda row: (row.at or 0.0, row.schedule.flow if row.schedule else ""),
    )
    return [Row("day", reading.at, ""), *found] if found else []


def matching(rows: Sequence[Row], filter: Filter, tags: Mapping[str, Sequence[str]], now: float) -> list[Row]:
    """The rows that a filter lets through, with the lines that still divide them; `tags` are those of each flow."""
    found: list[Row] = []
    for row in rows:
        if row.schedule is not None and not filter.matches(_subject(row, row.schedule, tags), now):
            continue
        if row.kind == "day" and found and found[-1].kind == "day":
            found.pop()
        found.append(row)
    while found and found[-1].schedule is None:
        found.pop()
    return found


def _subject(row: Row, schedule: Schedule, tags: Mapping[str, Sequence[str]]) -> Subject:
    when = f"{fires.wall(schedule, row.at):%a %d %b %H:%M:%S}" if row.at else ""
    text = f"{schedule.flow}/{schedule.slug} {fires.words(schedule)} {when} {row.kind} {row.note}"
    return Subject(
        text,
        schedule.flow,
        tags.get(schedule.flow, ()),
        is_late=row.kind in ("late", "missed"),
        is_paused=row.kind == "paused",
    )


def count_text(shown: Sequence[Row], rows: Sequence[Row], end: float) -> str:
    """ "31 fires of 9 flows", or "12 of 31 fires" where a filter hides some: those before `end`, without the skipped ones."""
    there = [row for row in rows if row.kind in ("fire", "once") and (row.at or 0.0) <= end]
    flows = {row.schedule.flow for row in there if row.schedule}
    count = sum(row.total for row in there)
    if len(shown) == len(rows):
        return f"{counted(count, 'fire')} of {counted(len(flows), 'flow')}"
    chosen = {row.key for row in shown}
    return f"{sum(row.total for row in there if row.key in chosen):,} of {counted(count, 'fire')}"


def _trigger_row(trigger: Schedule) -> Row:
    """With what keeps it from firing, such as a condition that raises, or that somebody wants no run of the next event."""
    trouble, skips = str((trigger.memory or {}).get("trouble", "")), skips_of(trigger)
    if trouble or not skips:
        return Row("trigger", None, trouble, trigger, role="bad" if trouble else "")
    events = "event" if skips == 1 else f"{skips} events"
    return Row("trigger", None, f"will skip the next {events}", trigger, role="warn")


def skips_of(trigger: Schedule) -> int:
    """How many events to come are to make no run."""
    return int((trigger.memory or {}).get("skips", 0))


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
        return "; ".join(filter(None, (one.message, "not caught up")))
    if one.reason is FireReason.ASKED:
        return f"skipped {_by(one.message)}"
    return f"{one.reason.replace('_', ' ')}: {one.message}" if one.message else one.reason.replace("_", " ")


def _by(message: str) -> str:
    return f"by {who(message.removeprefix('by '))}" if message.startswith("by ") else message


def _late_rows(reading: Reading, overview: Overview, awake: Sequence[Schedule]) -> list[Row]:
    """Fire times that nobody has decided, and runs that should have begun."""
    rows = [
        Row("late", one.next_at, "not decided: no engine, or no room for runs", one, role="bad")
        for one in awake
        if one.next_at is not None and one.next_at <= reading.at - 5
    ]
    by_name = {(one.flow, one.slug): one for one in awake}
    for run in reading.active:
        schedule = by_name.get((run.flow, run.schedule or ""))
        waits = run.state is FlowRunState.PENDING and run.started_at is None
        if schedule and waits and run.is_late(reading.at):
            why = overview.waiting.get(run.id, "")
            note = f"run {run.id} waits: {why}" if why else f"run {run.id} has not begun"
            rows.append(Row("late", run.scheduled_for, note, schedule, 1, "warn", run.id))
    return sorted(rows, key=lambda row: row.at or 0.0)


def _later_rows(
    reading: Reading, awake: Sequence[Schedule], notes: Notes, *, is_now: bool = True
) -> list[Row]:
    rows = []
    for schedule in awake:
        found = reading.coming.get(schedule.id, Coming((), 0))
        is_often = found.total > OFTEN
        for place, at in enumerate(found.times[:1] if is_often else found.times):
            note, role = notes.of(schedule, at, is_next=is_now and place == 0)
            rows.append(Row("fire", at, note, schedule, found.total if is_often else 1, role))
    return rows


def _skip_rows(reading: Reading, known: dict[int, Schedule]) -> list[Row]:
    return [
        Row("skip", one.fire_at, f"will be {_why_unfired(one)}", known[one.schedule], 1, "warn")
        for one in reading.unfired
        if (one.schedule, one.fire_at) in reading.skips
        and one.schedule in known
        and one.reason is FireReason.ASKED
    ]


def _once_rows(reading: Reading) -> list[Row]:
    """Runs that somebody has asked for, each for a time to come: rows as of a schedule with one fire time."""
    return [
        Row("once", run.scheduled_for, f"run {run.id}, as asked", _schedule_of(run), 1, "dim", run.id)
        for run in fires.asked_for_later(reading.active, reading.at)
    ]


def _schedule_of(run: FlowRun) -> Schedule:
    at = run.scheduled_for or 0.0
    spec = contract.to_json(contract.Schedule(contract.At((at,)), slug="once"))
    made = run.created_at
    state = ScheduleState.ACTIVE
    return Schedule(
        -run.id, run.flow, "once", "at", spec, "file", state, None, None, None, made, made, at, None
    )


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
