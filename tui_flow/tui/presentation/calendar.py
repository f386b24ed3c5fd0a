"""A month as a calendar: what became of the runs of the days that are over, and how often something fires on those to
come. Days begin at midnight in the zone in which times are shown."""

from calendar import monthrange
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from tui_flow.contract.states import WENT_WRONG, FlowRunState
from tui_flow.counting import counted
from tui_flow.store.days import Counts
from tui_flow.store.records import FlowRun, Schedule
from tui_flow.tui.presentation import Line, fires, times
from tui_flow.tui.presentation.fires import Skip
from tui_flow.tui.presentation.glyphs import Marks, role

FROM_WORST = (
    FlowRunState.CRASHED,
    FlowRunState.FAILED,
    FlowRunState.CANCELLED,
    FlowRunState.COMPLETED,
    FlowRunState.RETRYING,
    FlowRunState.PAUSED,
    FlowRunState.RUNNING,
    FlowRunState.CANCELLING,
    FlowRunState.PENDING,
    FlowRunState.SCHEDULED,
)
_FIRES_AT_MOST = 1500
"""Fire times that are worked out for one month, of all schedules together; beyond them they are estimated."""
_FIRES_AT_LEAST = 8
"""And of each schedule."""


class Expected(NamedTuple):
    """How many fire times there are to come."""

    fires: int = 0
    is_estimate: bool = False

    def text(self) -> str:
        return f"{'about ' if self.is_estimate else ''}{counted(self.fires, 'fire')}"


class Day(NamedTuple):
    date: date
    start: float
    end: float
    counts: Counts
    """The runs that were made on it."""
    to_come: Expected = Expected()
    missed: int = 0
    """Fire times that made no run although they should have."""
    first_failure: FlowRun | None = None

    @property
    def runs(self) -> int:
        return sum(self.counts.values())

    @property
    def worst(self) -> FlowRunState | None:
        return next((state for state in FROM_WORST if state in self.counts), None)


def first_of(day: date, months: int = 0) -> date:
    """The first day of a month, so many months later."""
    place = day.year * 12 + day.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def same_day(day: date, months: int) -> date:
    """The same day of another month, or its last one."""
    first = first_of(day, months)
    return first.replace(day=min(day.day, monthrange(first.year, first.month)[1]))


def days_of(month: date) -> list[date]:
    """All days of the month that a day is in."""
    return [month.replace(day=1 + place) for place in range(monthrange(month.year, month.month)[1])]


def midnights(month: date) -> list[float]:
    """When each day of a month begins, and at the end when the following month does."""
    days = days_of(month)
    return [midnight(day) for day in (*days, days[-1] + timedelta(days=1))]


def midnight(day: date) -> float:
    return times.moment_of(datetime(day.year, day.month, day.day))


def expected(
    schedules: Sequence[Schedule], starts: Sequence[float], now: float, skips: Collection[Skip]
) -> list[Expected]:
    """How often something fires between each of these moments and the next one, without what will be skipped."""
    most = max(_FIRES_AT_LEAST, _FIRES_AT_MOST // max(1, len(schedules)))
    counts, estimates = [0.0] * (len(starts) - 1), [False] * (len(starts) - 1)
    for schedule in schedules:
        found = fires.between(schedule, max(now, starts[0]), starts[-1], most, skips)
        end = found.times[-1] if found.times else 0.0
        pace = (found.total - len(found.times)) / max(starts[-1] - end, 1.0)
        for place, (low, high) in enumerate(pairwise(starts)):
            counts[place] += sum(low <= at < high for at in found.times)
            if pace and high > end:
                counts[place] += pace * (high - max(low, end))
                estimates[place] = True
    return [Expected(round(count), guess) for count, guess in zip(counts, estimates, strict=True)]


# How it looks.


def weeks(days: Sequence[Day]) -> list[list[Day | None]]:
    """The days in rows from Monday to Sunday; None where a day belongs to another month."""
    if not days:
        return []
    cells: list[Day | None] = [*([None] * days[0].date.weekday()), *days]
    cells += [None] * (-len(cells) % 7)
    return [cells[place : place + 7] for place in range(0, len(cells), 7)]


def cell(day: Day, marks: Marks, room: int) -> tuple[str, str]:
    """What stands beside a day's number, in so many cells, and its role: the worst there was, missed
    fire times among it, and how often; or how many fires there are to come, with "~" where that is an estimate."""
    worst = day.worst
    if day.missed and worst not in WENT_WRONG:
        return ("?" + short_count(day.missed, room - 1), "warn")
    if worst is None:
        if not day.to_come.fires:
            return ("", "")
        sign = "~" if day.to_come.is_estimate else marks.fire
        return (sign + short_count(day.to_come.fires, room - 1), "")
    is_fine = worst is FlowRunState.COMPLETED
    return (
        marks.glyph(worst) + ("" if is_fine else short_count(day.counts[worst], room - 1)),
        role(worst),
    )


def short_count(count: int, room: int) -> str:
    """A number in so many cells: "96", "1.4k", "12k"; "+" where there is no room for it."""
    exact = str(count)
    if len(exact) <= room:
        return exact
    for size, unit in ((1e3, "k"), (1e6, "M")):
        for text in (f"{count / size:.1f}{unit}", f"{count / size:.0f}{unit}"):
            if len(text) <= room and count / size < 1000:
                return text
    return "+"[:room]


def summary(day: Day, now: float, marks: Marks) -> list[Line]:
    """What there is to say about one day."""
    is_today = day.start <= now < day.end
    lines: list[Line] = [
        [(f"{day.date:%a} {day.date.day} {day.date:%b}", "strong"), (_when(day, now), "dim")]
    ]
    if day.start <= now:
        none = "no run yet" if is_today else "no run is kept"
        lines.append([(counted(day.runs, "run") if day.runs else none, "")])
    states: Line = []
    for state in FROM_WORST:
        if state in day.counts:
            states.append((f"{marks.glyph(state)}{day.counts[state]:,}  ", role(state)))
    if states:
        lines.append(states)
    if day.missed:
        lines.append([("?", "warn"), (f" {day.missed:,} missed", "")])
    bad = day.first_failure
    if bad is not None:
        at = times.hour_minute(bad.ended_at or bad.created_at)
        lines.append([(f"first {marks.glyph(bad.state)} ", role(bad.state)), (f"{at} {bad.flow}", "")])
    if day.to_come.fires:
        text = day.to_come.text()
        lines.append([(f"{text.rpartition(' ')[0]} to come" if is_today else text, "")])
    elif day.end > now:
        lines.append([("nothing fires", "dim")])
    if day.runs or day.end > now:
        lines.append([(marks.enter, "key"), (" its runs" if day.runs else " what fires", "dim")])
    return lines


def _when(day: Day, now: float) -> str:
    ahead = (day.date - times.local(now).date()).days
    if ahead == 0:
        return "  today"
    return f"  in {ahead}d" if ahead > 0 else f"  {-ahead}d ago"
