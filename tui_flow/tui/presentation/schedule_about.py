"""What the lower pane of the Schedule view says: the hours of the day to come, and one schedule."""

from collections.abc import Sequence

from tui_flow.contract.schedules import TIMED, duration, jitter
from tui_flow.contract.states import ScheduleState
from tui_flow.counting import counted
from tui_flow.store.records import Schedule
from tui_flow.tui.presentation import Line, fires, plots, times
from tui_flow.tui.presentation.agenda import Row
from tui_flow.tui.presentation.fires import Coming, Reading
from tui_flow.tui.presentation.flow_list import Overview
from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.presentation.hourly import Hour
from tui_flow.tui.presentation.people import who


def hour_lines(hours: Sequence[Hour], chosen: int | None, width: int, marks: Marks) -> list[Line]:
    """A bar for each hour under its name, as high as there are flows that fire in it; and what those of the chosen one
    are."""
    if not hours:
        return []
    step = max(1, min(6, (width - 2) // len(hours)))
    most = max(len(hour.flows) for hour in hours)
    names: Line = [(" ", "")]
    bars: Line = [(" ", "")]
    for place, hour in enumerate(hours):
        role = "strong" if place == chosen else "dim"
        label = f"{times.local(hour.start):%H}" if step > 2 or place % 2 == 0 else ""
        names.append((f"{label:<{step}}"[:step], role))
        bar = plots.bar(len(hour.flows), most, marks) * (2 if step > 2 else 1)
        bars.append((f"{bar:<{step}}", "live" if place == chosen else ""))
    return [names, bars, *([_hour_line(hours[chosen])] if chosen is not None else [[("", "")]])]


def _hour_line(hour: Hour) -> Line:
    start = times.hour_minute(hour.start)
    if not hour.fires:
        return [(f" {start}  ", "strong"), ("nothing fires in this hour", "dim")]
    count = f"{counted(hour.fires, 'fire')}: "
    return [
        (f" {start}  ", "strong"),
        (count, "dim"),
        (", ".join(hour.flows) or "those that fire all the time", ""),
    ]


def lines(schedule: Schedule, row: Row, reading: Reading, overview: Overview) -> list[Line]:
    """The rules of a schedule, when it fires, what and what holds it back."""
    found = [_rules(schedule)]
    pause = fires.pause_of(schedule, overview.pauses)
    if row.note and row.kind != "fire":
        found.append([(f" {row.note}", row.role)])
    if pause is not None and row.kind != "paused":
        found.append([(f" paused by {who(pause[0])}, {times.ago(reading.at - pause[1])}", "warn")])
    coming = reading.coming.get(schedule.id, Coming((), 0)).times
    if pause is None and coming:
        shown = [fires.wall(schedule, at) for at in coming[:4]]
        zone = f" {shown[0]:%Z}" if times.are_own() else ""
        found.append([(" next  ", "dim"), (", ".join(f"{one:%a %H:%M:%S}" for one in shown) + zone, "")])
    return found


def _rules(schedule: Schedule) -> Line:
    declared = fires.declared(schedule)
    line: Line = [(f" {schedule.flow}/{schedule.slug}", "strong"), (f"  {fires.words(schedule)}", "")]
    if declared is None:
        return line
    told = [f"overlap={declared.overlap}"]
    if schedule.kind in TIMED:
        told.append(f"catchup={declared.catchup}")
    late = jitter(declared, schedule.flow)
    if late:
        told.append(f"jitter: always {duration(round(late, 1))} later")
    if schedule.source == "serve":
        told.append("served")
    if schedule.state is ScheduleState.GONE:
        told.append("gone")
    return [*line, (f"  {'  '.join(told)}", "dim")]
