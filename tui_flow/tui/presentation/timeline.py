"""A timeline: a lane for each flow, on the left of now how its runs ended, on the right when it fires and how long that
usually takes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tui_flow.contract.schedules import TIMED
from tui_flow.contract.states import FireOutcome, FlowRunState
from tui_flow.store.records import FireTime, Schedule
from tui_flow.store.spans import FlowSpan
from tui_flow.tui.presentation import Line, fires, times
from tui_flow.tui.presentation.calendar import FROM_WORST
from tui_flow.tui.presentation.fires import Coming, usual_seconds
from tui_flow.tui.presentation.flow_list import Overview, spoken_of
from tui_flow.tui.presentation.glyphs import Marks, role
from tui_flow.tui.presentation.people import who

HOUR = 3600.0
SCALES = {"6h": 6 * HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR}
"""How much time the timeline shows; a quarter of it is past."""
_LABEL_CELLS = 7
"""Cells that an hour on the axis, or "Fri 27" for midnight, needs at least."""
_STEPS = (HOUR / 4, HOUR / 2, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR)


class Window(NamedTuple):
    """The time that is in sight, a cell for each piece of it."""

    start: float
    per_cell: float
    """Seconds."""
    cells: int

    @property
    def end(self) -> float:
        return self.start + self.per_cell * self.cells

    def place(self, at: float) -> int:
        """The cell of a moment, which may be out of sight."""
        return int((at - self.start) // self.per_cell)


def window_at(now: float, scale: str, cells: int, pan: int = 0) -> Window:
    """What is in sight: `pan` quarters of the scale later than now. It moves by whole cells."""
    seconds, cells = SCALES[scale], max(24, cells)
    per_cell = seconds / cells
    start = (now // per_cell) * per_cell - per_cell * (cells // 4)
    return Window(start + pan * per_cell * (cells // 4), per_cell, cells)


class Facts(NamedTuple):
    """What was read for a window."""

    window: Window
    spans: Sequence[FlowSpan]
    is_cut: bool
    """There are more runs than were read."""
    coming: Mapping[int, Coming]
    """By schedule, from now on."""
    unfired: Sequence[FireTime]
    at: float


class LaneRow(NamedTuple):
    """A flow's lane."""

    flow: str
    shape: tuple[str, str]
    """Of the run that its row in Flows speaks of, or of what holds it back."""
    cells: Line


def name_width(schedules: Iterable[Schedule]) -> int:
    """Cells that the names of the flows take."""
    return max(5, min(max((len(one.flow) for one in schedules), default=5), 20))


def lanes(schedules: Sequence[Schedule], facts: Facts, overview: Overview, marks: Marks) -> list[LaneRow]:
    """Those that fire first come first, those that are paused last."""
    paused = {one.id for one in schedules if fires.pause_of(one, overview.pauses) is not None}
    order = sorted(schedules, key=lambda one: (one.id in paused, _first(one, facts), one.flow))
    by_flow: dict[str, list[Schedule]] = {}
    for one in order:
        by_flow.setdefault(one.flow, []).append(one)
    runs: dict[str, list[FlowSpan]] = {}
    for span in facts.spans:
        runs.setdefault(span.flow, []).append(span)
    return [
        _lane(flow, ones, runs.get(flow, []), facts, overview, paused, marks)
        for flow, ones in by_flow.items()
    ]


def _first(schedule: Schedule, facts: Facts) -> float:
    return next(iter(facts.coming.get(schedule.id, Coming((), 0)).times), float("inf"))


def _lane(
    flow: str,
    schedules: Sequence[Schedule],
    runs: Sequence[FlowSpan],
    facts: Facts,
    overview: Overview,
    paused: set[int],
    marks: Marks,
) -> LaneRow:
    window = facts.window
    cells: Line = [(" ", "")] * window.cells
    _put_missed(cells, {one.id for one in schedules}, facts)
    _put_runs(cells, runs, facts, marks)
    usual = usual_seconds(overview.runs.get(flow, ())) or 0.0
    for one in schedules:
        if one.id not in paused:
            _put_fires(cells, facts.coming.get(one.id, Coming((), 0)), usual, facts, marks)
    now = window.place(facts.at)
    if 0 <= now < window.cells:
        cells[now] = (marks.axis, "live")
    held = all(one.id in paused for one in schedules)
    if held:
        _put_text(cells, now + 2, _held_text(schedules[0], overview, facts.at))
    elif all(cell in (" ", marks.axis) for cell, _ in cells[max(0, now) :]):
        _put_text(cells, now + 2, _why_empty(schedules[0]))
    run = spoken_of(overview.runs.get(flow, ()))
    shape = (marks.glyph("paused"), "dim") if held else (" ", "")
    if run is not None and not held:
        shape = (marks.glyph(run.state), role(run.state))
    return LaneRow(flow, shape, cells)


def _held_text(schedule: Schedule, overview: Overview, now: float) -> str:
    by, since, _ = fires.pause_of(schedule, overview.pauses) or ("", now, "")
    return f"paused by {who(by)} {times.ago(now - since)}"


def _why_empty(schedule: Schedule) -> str:
    """Why nothing is in sight on the right of now."""
    if schedule.kind not in TIMED:
        return fires.words(schedule)
    if schedule.next_at is None:
        return "fires no more"
    return f"next {times.local(schedule.next_at):%a %d %b %H:%M}"


def _put_text(cells: Line, start: int, text: str) -> None:
    for place, character in enumerate(text, max(0, start)):
        if place < len(cells):
            cells[place] = (character, "dim")


def _put_missed(cells: Line, schedules: set[int], facts: Facts) -> None:
    """A shape where a fire time made no run although it should have."""
    for one in facts.unfired:
        if one.schedule in schedules and one.outcome is FireOutcome.MISSED and one.fire_at < facts.at:
            first, last = facts.window.place(one.fire_at), facts.window.place(one.until or one.fire_at)
            for place in range(max(0, first), min(len(cells), last + 1)):
                cells[place] = ("?", "warn")


def _put_runs(cells: Line, runs: Sequence[FlowSpan], facts: Facts, marks: Marks) -> None:
    """In each cell the worst state of the runs that were made in it; those of the cell of now, in which a line stands, are
    in the one before."""
    states: dict[int, set[FlowRunState]] = {}
    before = facts.window.place(facts.at) - 1
    for span in runs:
        states.setdefault(min(facts.window.place(span.created_at), before), set()).add(span.state)
    for place, there in states.items():
        if 0 <= place < len(cells):
            worst = next(state for state in FROM_WORST if state in there)
            cells[place] = (marks.glyph(worst), role(worst))


def _put_fires(cells: Line, found: Coming, usual: float, facts: Facts, marks: Marks) -> None:
    """One shape for a fire time, another one for several in a cell, and how long the run is expected to take."""
    window, now = facts.window, facts.window.place(facts.at)
    counts: dict[int, int] = {}
    for at in found.times:
        counts[window.place(at)] = counts.get(window.place(at), 0) + 1
        for place in range(window.place(at) + 1, window.place(at) + _length(usual, window)):
            if now < place < len(cells) and cells[place][0] == " ":
                cells[place] = (marks.expected, "dim")
    if found.total > len(found.times) and found.times:
        pace = (found.total - len(found.times)) / max(1.0, window.end - found.times[-1]) * window.per_cell
        for place in range(window.place(found.times[-1]), len(cells)):  # the first one has some already
            counts[place] = max(counts.get(place, 0), 2 if pace >= 1.5 else 1)
    for place, count in counts.items():
        if max(now, -1) < place < len(cells):
            cells[place] = (marks.bullet if count > 1 else marks.fire, "")


def _length(seconds: float, window: Window) -> int:
    """In cells, the first one included; two for what would be seen to take a while."""
    return max(2 if seconds >= window.per_cell / 4 else 1, round(seconds / window.per_cell))


# What stands around the lanes.


def axis_line(window: Window) -> str:
    """Full hours (or days), each above its cell."""
    text = [" "] * window.cells
    step = next((step for step in _STEPS if step >= window.per_cell * _LABEL_CELLS), _STEPS[-1])
    midnight = times.moment_of(times.local(window.start).replace(hour=0, minute=0, second=0, microsecond=0))
    at = midnight
    while (place := window.place(at)) < window.cells:
        here = times.local(at)
        label = (
            f"{here:%a %d}"
            if here.hour == here.minute == 0
            else f"{here:%H}"
            if here.minute == 0
            else f"{here:%H:%M}"
        )
        if place >= 0 and place + len(label) <= window.cells:
            text[place : place + len(label)] = label
        at += step
    return "".join(text)


def title(window: Window, is_panned: bool) -> str:
    if is_panned:
        return f"Timeline: {times.local(window.start):%a %d %b %H:%M} to {times.local(window.end):%a %d %b %H:%M}"
    quarter = (window.end - window.start) / 4
    return f"Timeline: {_about(quarter)} back, {_about(3 * quarter)} ahead"


def _about(seconds: float) -> str:
    """ "1.5h", "18h", "5.2d"."""
    size, unit = (24 * HOUR, "d") if seconds > 72 * HOUR else (HOUR, "h")
    return f"{round(seconds / size, 1):g}{unit}"


def nothing(why: Line) -> list[Line]:
    """Why there is no lane; `why` is what the filter has to do with it."""
    if why:
        return [[(" ", ""), *why]]
    return [[(" No flow runs by itself yet: a schedule stands in the flow file, beside the flow.", "dim")]]


def legend(facts: Facts, marks: Marks, change: str) -> list[Line]:
    """What the shapes mean, and what the next clock change does."""
    line: Line = [
        (f" {marks.fire}", ""), (" fires  ", "dim"), (marks.bullet, ""), (" several  ", "dim"),
        (marks.expected, ""), (" usual length  ", "dim"), ("?", "warn"), (" missed   ", "dim"),
        (marks.axis, "live"), (" now: before it the worst of the runs", "dim"),
    ]  # fmt: skip
    if facts.is_cut:
        line.append((f"; the newest {len(facts.spans):,} only", "warn"))
    return [line, *([[(f" {change}", "dim")]] if change else [])]
