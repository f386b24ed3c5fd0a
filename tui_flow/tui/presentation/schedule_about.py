"""What the lower pane of the Schedule view says: the hours of the day to come, and one schedule."""

from collections.abc import Sequence

from tui_flow.contract.schedules import TIMED, duration, jitter
from tui_flow.contract.states import ScheduleState
from tui_flow.store.records import Schedule
from tui_flow.tui.presentation import Line, clock_changes, fires, plots, times
from tui_flow.tui.presentation.agenda import Row
from tui_flow.tui.presentation.fires import Coming, Reading
from tui_flow.tui.presentation.flow_list import Overview
from tui_flow.tui.presentation.glyphs import Marks, role
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
    count = f"{hour.fires} fire{'' if hour.fires == 1 else 's'}: "
    return [
        (f" {start}  ", "strong"),
        (count, "dim"),
        (", ".join(hour.flows) or "those that fire all the time", ""),
    ]


BACK_HOURS, AHEAD_HOURS = 6, 18


def lane_lines(
    awake: Sequence[Schedule], reading: Reading, overview: Overview, width: int, marks: Marks
) -> list[Line]:
    """A lane for each flow: on the left of now how its runs ended, on the right when it fires."""
    flows = list(dict.fromkeys(one.flow for one in sorted(awake, key=lambda one: _first(one, reading))))
    name = max(4, min(max((len(flow) for flow in flows), default=4), 20))
    cells = max(24, width - name - 3)
    start = reading.at - 3600 * BACK_HOURS
    per_cell = 3600 * (BACK_HOURS + AHEAD_HOURS) / cells
    found = [_axis(start, cells, per_cell, name)]
    for flow in flows:
        lane: list[tuple[str, str]] = [(" ", "")] * cells
        for run in reversed(overview.runs.get(flow, ())):
            place = int(((run.started_at or run.created_at) - start) / per_cell)
            if 0 <= place < cells:
                lane[place] = (marks.glyph(run.state), role(run.state))
        fires = (
            at for one in awake if one.flow == flow for at in reading.coming.get(one.id, Coming((), 0)).times
        )
        for at in fires:
            place = int((at - start) / per_cell)
            if 0 <= place < cells and at > reading.at:
                lane[place] = (marks.fire, "")
        for place in range(_end_of_known(awake, flow, reading, start, per_cell), cells):
            lane[place] = (marks.fire, "")
        lane[min(cells - 1, int((reading.at - start) / per_cell))] = (marks.axis, "live")
        found.append([(f" {flow[:name]:<{name}}  ", ""), *lane])
    return found


def _end_of_known(
    awake: Sequence[Schedule], flow: str, reading: Reading, start: float, per_cell: float
) -> int:
    """From which cell on a flow fires so often that its fire times were not worked out."""
    ends = [
        fires.times[-1]
        for one in awake
        if one.flow == flow and (fires := reading.coming.get(one.id, Coming((), 0))).total > len(fires.times)
    ]
    return int((min(ends) - start) / per_cell) if ends else 2**31


def _first(schedule: Schedule, reading: Reading) -> float:
    return next(iter(reading.coming.get(schedule.id, Coming((), 0)).times), float("inf"))


def _axis(start: float, cells: int, per_cell: float, name: int) -> Line:
    """The full hours, each above its cell."""
    text = [" "] * cells
    hour = times.hour_of(start) + 3600
    while (place := int((hour - start) / per_cell)) < cells - 1:
        if per_cell * 3 <= 3600 or times.local(hour).hour % 2 == 0:
            text[place : place + 2] = f"{times.local(hour):%H}"
        hour += 3600
    return [(f" {'':<{name}}  {''.join(text)}", "dim")]


def lines(schedule: Schedule, row: Row, reading: Reading, overview: Overview) -> list[Line]:
    """The rules of a schedule, when it fires, what holds it back, and what the clocks do to it."""
    found = [_rules(schedule)]
    pause = fires.pause_of(schedule, overview.pauses)
    if row.note and row.kind != "fire":
        found.append([(f" {row.note}", row.role)])
    if pause is not None and row.kind != "paused":
        found.append([(f" paused by {who(pause[0])}, {times.ago(reading.at - pause[1])}", "warn")])
    coming = reading.coming.get(schedule.id, Coming((), 0)).times
    if pause is None and coming:
        shown = (f"{times.local(at):%a %H:%M:%S}" for at in coming[:4])
        found.append([(" next  ", "dim"), (", ".join(shown), "")])
    change = clock_changes.next_clock_change(schedule, reading.at)
    if change:
        found.append([(f" {change}", "dim")])
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
