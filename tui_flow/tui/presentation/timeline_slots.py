"""How many slots what stands in a timeline needs: of the past what was in use, of what comes what is expected."""

from collections.abc import Sequence

from tui_flow.store.records import Schedule
from tui_flow.tui.presentation import Line, fires, plots
from tui_flow.tui.presentation.fires import Coming, usual_seconds
from tui_flow.tui.presentation.flow_list import Overview
from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.presentation.timeline import Facts, Window


def slots_line(
    schedules: Sequence[Schedule], facts: Facts, overview: Overview, slots: int, marks: Marks
) -> Line:
    """A bar for each cell: how many slots were in use on average, or will be."""
    window = facts.window
    busy = [0.0] * window.cells
    for span in facts.spans:
        if span.started_at is not None:
            _add_busy(busy, window, span.started_at, span.ended_at or facts.at)
    usual = fires.usual_by_flow(overview.runs)
    for _, end in fires.still_busy(overview.active_runs(), usual, facts.at):
        _add_busy(busy, window, facts.at, min(end, window.end))
    for one in schedules:
        if fires.pause_of(one, overview.pauses) is None:
            _add_expected(busy, one, facts, overview)
    now = window.place(facts.at)
    line: Line = [
        (plots.bar(load, slots, marks), "warn" if load > 0.9 * slots else "dim" if place > now else "")
        for place, load in enumerate(busy)
    ]
    if 0 <= now < window.cells:
        line[now] = (marks.axis, "live")
    return line


def _add_expected(busy: list[float], schedule: Schedule, facts: Facts, overview: Overview) -> None:
    """What the fires of a schedule will need, if each run takes as long as usual; no more than one slot at once where it
    does not let its runs overlap."""
    usual = usual_seconds(overview.runs.get(schedule.flow, ()))
    found, window = facts.coming.get(schedule.id, Coming((), 0)), facts.window
    if usual is None or not found.times:
        return
    own = [0.0] * window.cells
    for at in found.times:
        _add_busy(own, window, at, at + usual)
    if found.total > len(found.times):
        end = found.times[-1]
        pace = (found.total - len(found.times)) / max(1.0, window.end - end)
        edge = window.place(end)
        if 0 <= edge < window.cells:
            rest = window.start + (edge + 1) * window.per_cell - end
            own[edge] += pace * usual * rest / window.per_cell
        for place in range(max(0, edge + 1), window.cells):
            own[place] = pace * usual
    most = float("inf") if schedule.spec.get("overlap", "skip") == "allow" else 1.0
    for place, load in enumerate(own):
        busy[place] += min(load, most)


def _add_busy(busy: list[float], window: Window, start: float, end: float) -> None:
    """Shares the seconds from start to end out among the cells that they lie in."""
    for place in range(max(0, window.place(start)), min(window.cells, window.place(end) + 1)):
        low = window.start + place * window.per_cell
        busy[place] += max(0.0, min(end, low + window.per_cell) - max(start, low)) / window.per_cell
