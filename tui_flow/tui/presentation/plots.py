"""Small plots of block characters: eight heights of one cell, which need neither colour nor (in ASCII) any block.

Where a run did not succeed, its shape stands in place of its height, so a plot reads without colour.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tui_flow.contract.states import JUDGED, WENT_WRONG, FlowRunState
from tui_flow.counting import counted
from tui_flow.store.records import FlowRun
from tui_flow.store.spans import Span, tells_usual
from tui_flow.tui.presentation import Line, text_of, times
from tui_flow.tui.presentation.glyphs import Marks, role

HOUR = 3600.0


def span_of(run: FlowRun) -> Span:
    return Span(run.id, run.state, run.created_at, run.started_at, run.ended_at, run.waited, run.is_partial)


def bar(value: float, most: float, marks: Marks) -> str:
    """One cell whose height says how much of the most it is; a dot for nothing."""
    if value <= 0 or most <= 0:
        return marks.nothing
    return marks.bars[min(len(marks.bars) - 1, int(value / most * (len(marks.bars) - 1) + 0.5))]


def progress_bar(share: float, width: int, marks: Marks) -> str:
    """So many cells, of which that share is full: to an eighth of a cell, where there are such characters."""
    parts = len(marks.eighths) + 1
    full, rest = divmod(int(max(0.0, min(1.0, share)) * width * parts), parts)
    filled = marks.bar * full + (marks.eighths[rest - 1] if rest else "")
    return filled + (marks.waiting if marks.ascii else " ") * (width - len(filled))


# How long the runs of one flow take.


def percentile(spans: Sequence[Span], share: float) -> float | None:
    """Of the durations of those that tell what is usual: so large a share took no longer. None where none does."""
    took = sorted(span.seconds for span in spans if tells_usual(span) and span.seconds is not None)
    return took[min(len(took) - 1, int(share * len(took)))] if took else None


def strip(spans: Sequence[Span], width: int, marks: Marks) -> Line:
    """One cell a run, the newest on the right: its height is its duration against p95."""
    most = percentile(spans, 0.95) or 0.0
    line: Line = []
    for span in reversed(spans[:width]):
        if span.state is FlowRunState.COMPLETED:
            line.append((bar(span.seconds or 0.0, most, marks), ""))
        else:
            line.append((marks.glyph(span.state), role(span.state)))
    return line


def duration_lines(spans: Sequence[Span], width: int, marks: Marks, took: float | None = None) -> list[Line]:
    """How long the last runs took, as a strip, and what is usual; `took` is compared with it."""
    middle, high = percentile(spans, 0.5), percentile(spans, 0.95)
    if middle is None or high is None or len(spans) < 2:
        return []
    told = f"  p50 {times.duration(middle)}  p95 {times.duration(high)}"
    compared = _compared(took, middle, high)
    room = max(8, min(60, width - len(told) - len(compared)))
    return [[*strip(spans, room, marks), (told, ""), (compared, "warn")]]


def _compared(took: float | None, middle: float, high: float) -> str:
    """Whether it took unusually long."""
    if took is None or took <= high or took < 1.0 or middle <= 0:
        return ""
    return f"  {took / middle:.1f} times the usual"


# What all runs do, by the hour.


class HourLoad(NamedTuple):
    start: float
    runs: int
    ended: int
    """Of them, those that are over and were not cancelled."""
    bad: int
    """Of these, those that failed or crashed."""
    busy: float
    """Slots in use, on average."""


def hours(spans: Sequence[Span], now: float, count: int = 24) -> list[HourLoad]:
    """The last hours, the one that goes on last."""
    first = times.hour_of(now) - (count - 1) * HOUR
    runs, ended, bad, busy = [0] * count, [0] * count, [0] * count, [0.0] * count
    for span in spans:
        place = int((span.created_at - first) // HOUR)
        if 0 <= place < count:
            runs[place] += 1
            ended[place] += span.state in JUDGED
            bad[place] += span.state in WENT_WRONG
        if span.started_at is not None:
            _add_busy(busy, span.started_at - first, (span.ended_at or now) - first)
    lengths = [min(HOUR, now - first - HOUR * place) or HOUR for place in range(count)]
    return [
        HourLoad(first + HOUR * n, runs[n], ended[n], bad[n], busy[n] / max(lengths[n], 1.0))
        for n in range(count)
    ]


def _add_busy(busy: list[float], start: float, end: float) -> None:
    """Shares the seconds from start to end out among the hours that they lie in."""
    for place in range(max(0, int(start // HOUR)), min(len(busy), int(end // HOUR) + 1)):
        busy[place] += max(0.0, min(end, HOUR * (place + 1)) - max(start, HOUR * place))


def load_line(loads: Sequence[HourLoad], slots: int, width: int, marks: Marks) -> Line:
    """Runs per hour and, where there is room, how many succeeded, and slots in use."""
    total, ended = sum(load.runs for load in loads), sum(load.ended for load in loads)
    well = ended - sum(load.bad for load in loads)
    most = max((load.runs for load in loads), default=0)
    line: Line = [(" runs/hour  ", "dim")]
    line += [(bar(load.runs, most, marks), "bad" if load.bad else "") for load in loads]
    share = f", {100 * well / ended:.1f}% ok" if ended else ""
    told = f"  24h: {counted(total, 'run')}"
    line.append((told + share if len(text_of(line) + told + share) <= width else told, ""))
    if width >= 110:
        peak = max(loads, key=lambda load: load.busy, default=None)
        line.append(("   slots  ", "dim"))
        line += [(bar(load.busy, slots, marks), "warn" if load.busy > 0.9 * slots else "") for load in loads]
        if peak is not None and peak.busy > 0:
            line.append((f"  most {peak.busy:.1f} of {slots}, {times.hour_minute(peak.start)}", ""))
    return line
