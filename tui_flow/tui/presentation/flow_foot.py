"""What stands below the last flow where there is room: what the shapes mean, what the last day was like, which limits
are full, and which files were read last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tui_flow.contract.states import JUDGED, STARTED, WENT_WRONG, FlowRunState, ScheduleState
from tui_flow.counting import counted
from tui_flow.settings import Settings
from tui_flow.store.records import FlowFile
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.presentation.flow_list import Overview
from tui_flow.tui.presentation.glyphs import Marks, role, word

DAY = 86_400.0
_LEGEND = ("failed", "crashed", "cancelled", "running", "pending", "retrying", "paused")


class Day(NamedTuple):
    """The runs of the last 24 hours."""

    at: float = 0.0
    """When that was read; 0 where it was not."""
    counts: Mapping[FlowRunState, int] = {}
    """By state."""


class FullLimit(NamedTuple):
    """A named limit of which all slots are taken."""

    name: str
    used: float
    most: int


def lines(
    overview: Overview,
    day: Day,
    settings: Settings,
    marks: Marks,
    *,
    heights: bool,
    full: Sequence[FullLimit] = (),
) -> list[Line]:
    """`heights`: the strips of the flows show durations."""
    told = [*_day(overview, day, settings), *_full(full)]
    return [*(_legend(marks) if heights else []), [], told, *_files(overview)]


def _legend(marks: Marks) -> list[Line]:
    """Of the strips."""
    shapes: Line = [(" ", "")]
    for state in _LEGEND:
        shapes += [(marks.glyph(state), role(state)), (f" {word(state)}  ", "dim")]
    text = " one cell a run: its height is its time against p95; one that did not succeed shows its shape:"
    return [[(text, "dim")], [*shapes, ("?", "warn"), (" late", "dim")]]


def _day(overview: Overview, day: Day, settings: Settings) -> Line:
    """How many runs there were and how many went well, and how many slots of the limits on runs are taken."""
    ended = sum(count for state, count in day.counts.items() if state in JUDGED)
    bad = sum(day.counts.get(state, 0) for state in WENT_WRONG)
    line: Line = [(" last 24h: ", "dim"), (counted(sum(day.counts.values()), "run"), "")] if day.at else []
    if ended:
        line.append((f", {100 * (ended - bad) / ended:.1f}% ok", "bad" if bad else ""))
    started = sum(count for state, count in overview.counts.items() if state in STARTED)
    tags = Counter(tag for run in overview.active_runs() if run.state in STARTED for tag in set(run.tags))
    line += [("    slots: ", "dim"), *_slots("all", started, settings.max_concurrent_runs)]
    for tag, most in settings.tag_limits.items():
        line += [(", ", "dim"), *_slots(tag, tags[tag], most)]
    return line


def _full(limits: Sequence[FullLimit]) -> Line:
    line: Line = []
    for limit in limits:
        line += [(", " if line else "    limits: ", "dim"), *_slots(*limit)]
    return line


def _slots(name: str, used: float, most: int) -> Line:
    return [(f"{name} {used:g}/{most}", ""), *([(" full", "warn")] if used >= most else [])]


def _files(overview: Overview) -> list[Line]:
    """The file that was read last, and those that cannot be."""
    line: Line = []
    good = [file for file in overview.files if file.state != "broken"]
    if good:
        last = max(good, key=lambda file: file.described_at)
        line += [(" read ", "dim"), (times.clock(last.described_at), "dim"), (f" {_name(last)}", "")]
    fires = {one.flow for one in overview.schedules if one.state is not ScheduleState.GONE}
    held = {flow.path for flow in overview.flows if flow.name in fires}
    for file in overview.files:
        if file.state == "broken":
            where = f" line {file.error_line}" if file.error_line else ""
            kept = ", its schedules run the last good version" if file.path in held else ""
            line += [("   ", ""), (f"{_name(file)} does not import{where}{kept}", "bad")]
    return [line] if line else []


def _name(file: FlowFile) -> str:
    return file.path.rpartition("/")[2]
