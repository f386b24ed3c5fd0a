"""How hits look: runs, messages and lines in the list, and when and how often they were written."""

from collections import Counter
from datetime import UTC, datetime

from tui_flow.contract.log import LEVELS
from tui_flow.counting import counted
from tui_flow.store.log_search import Hit
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import Line, log_lines, plots, text_of, times
from tui_flow.tui.presentation.glyphs import Marks, role
from tui_flow.tui.presentation.hits import EqualHits, HitList, Row, RunHits, TryHits
from tui_flow.tui.presentation.log_lines import LEVEL_ROLES, LEVEL_WORDS

HOUR = 3600
ROOMY = 110
"""Cells of a list that has room for when something was said last."""
MOST_RUNS = 20
"""Runs that are named with a message."""
BARS = 48
"""The most cells that the strip takes."""


def row_line(row: Row, width: int, marks: Marks, now: float) -> Line:
    """A row of the list."""
    if row.message is not None:
        return (
            message_line(row.message, width, marks, now)
            if row.hit is None
            else place_line(row.group, row.hit, marks, now)
        )
    if row.hit is not None:
        indent = "" if row.part is None else "  "
        return [(indent, ""), *hit_line(row.group, row.hit, width - len(indent), marks)]
    return run_line(row.group, marks, now) if row.part is None else try_line(row.part, marks)


def run_line(group: RunHits, marks: Marks, now: float) -> Line:
    """A run in the list: which one, when, and how many hits of whom."""
    run = group.run
    hits = f"{len(group.hits):,}+ hits" if group.is_cut else counted(len(group.hits), "hit")
    names = list(dict.fromkeys(filter(None, map(group.name_of, group.hits[:200]))))
    worst = max((hit.level for hit in group.hits), default=1)
    return [
        (marks.shut if group.folded else marks.open, "dim"),
        (f" {marks.glyph(run.state)} ", role(run.state)),
        (f"run {run.id} {run.flow}", "strong"),
        (f"  {_written(run, group.hits[0], now)}", "dim"),
        (f"  {hits}", LEVEL_ROLES[worst]),
        (f"  {', '.join(names[:3])}{marks.ellipsis if len(names) > 3 else ''}", "dim"),
    ]


def try_line(part: TryHits, marks: Marks) -> Line:
    """A try of a task run below its run: who, and how many hits."""
    worst = max(hit.level for hit in part.hits)
    return [
        (f"  {marks.shut if part.folded else marks.open} ", "dim"),
        (part.name, "strong"),
        (f"  {counted(len(part.hits), 'hit')}", LEVEL_ROLES[worst]),
    ]


def hit_line(group: RunHits, hit: Hit, width: int, marks: Marks) -> Line:
    """A hit in the list: line number, level, and as much of the line around what was found as has room."""
    digits = len(f"{max(each.line for each in group.hits[:1]) + 1}")
    head = f"  {hit.line + 1:>{max(5, digits)}} "
    room = max(10, width - len(head) - 6)
    begin, end = hit.place
    start = max(0, min(begin - room // 3, len(hit.text) - room))
    start = 0 if end <= room else start
    before = marks.ellipsis + hit.text[start + 1 : begin] if start else hit.text[:begin]
    return [
        (head, "dim"),
        (f"{LEVEL_WORDS[hit.level]:<6}", LEVEL_ROLES[hit.level] or "dim"),
        (before, ""),
        (hit.text[begin:end], "match"),
        (hit.text[end : start + room + 1], ""),
    ]


def message_line(one: EqualHits, width: int, marks: Marks, now: float) -> Line:
    """A message in the list: how often, how grave, in how many runs, when last, and what."""
    runs = {group.run.id for group, _ in one.hits}
    group, last = one.hits[0]
    where = f"in {len(runs):,} runs" if len(runs) > 1 else f"in run {group.run.id}"
    if width >= ROOMY:
        where += f", last {_written(group.run, last, now)}"
    return [
        (marks.shut if one.folded else marks.open, "dim"),
        (f" {len(one.hits):>4,}x ", "strong"),
        (f"{LEVEL_WORDS[one.level]:<6}", LEVEL_ROLES[one.level] or "dim"),
        (f"{where}  ", "dim"),
        (one.text, ""),
    ]


def plain_line(group: RunHits, hit: Hit, *, kept: bool) -> str:
    """A hit as a line of a file: run and line, when (with year and zone in what is `kept`), how grave, who, and what."""
    who = f"{group.run.flow}/{group.name_of(hit) or '-'}"
    at, mode = log_lines.seconds(hit.stamp), "stamp" if kept else "date"
    line = log_lines.read_line(at, LEVELS[hit.level], who, hit.text, mode)
    return f"{group.run.id}:{hit.line + 1} {text_of(line)}"


def message_lines(one: EqualHits, marks: Marks, now: float) -> list[Line]:
    """All there is to say of a message: the whole of it, and where it was said."""
    runs = list({group.run.id: group for group, _ in one.hits}.values())
    return [
        [(one.text, LEVEL_ROLES[one.level])],
        [],
        [(f"{len(one.hits):,} times in {counted(len(runs), 'run')}", "strong")],
        *(run_line(group, marks, now)[1:4] for group in runs[:MOST_RUNS]),
        *([[(f"and {counted(len(runs) - MOST_RUNS, 'more run')}", "dim")]] if len(runs) > MOST_RUNS else []),
    ]


def place_line(group: RunHits, hit: Hit, marks: Marks, now: float) -> Line:
    """A hit below its message: which run, when, which line, and who wrote it."""
    run = group.run
    return [
        (f"    {marks.glyph(run.state)} ", role(run.state)),
        (f"run {run.id} {run.flow}", ""),
        (f"  {_written(run, hit, now)}  line {hit.line + 1:,}", "dim"),
        (f"  {group.name_of(hit)}", "dim"),
    ]


# When.


def _written(run: FlowRun, hit: Hit, now: float) -> str:
    """When a line was written; of one that does not say so, when its run began, perhaps in a later attempt."""
    return times.moment(log_lines.seconds(hit.stamp) or run.started_at or run.created_at, now)


def overview_line(found: HitList, marks: Marks) -> Line:
    """How many hits there were in each hour, or on each day; how grave they are, and who wrote them."""
    line: Line = []
    if found.hours:
        unit, counts, first, last = per_hour_or_day(found.hours)
        most = max(counts, default=0)
        line += [(f" hits per {unit}  ", "dim"), (f"{first} ", "dim")]
        line += [(plots.bar(count, most, marks), "") for count in counts]
        line += [(f" {last}   ", "dim")]
    tasks = found.by_task()
    return [*line, *found.by_level(), *([(" by task: ", "dim"), (tasks, "")] if tasks else [])]


def per_hour_or_day(hours: Counter[str]) -> tuple[str, list[int], str, str]:
    """The unit, how many there were in each from the first to the last, and both in words; no more than `BARS`. What is
    older than that is left out, and the first word says from when on it is."""
    starts = Counter({at: count for text, count in hours.items() if (at := _hour_of(text)) is not None})
    if not starts:
        return ("hour", [], "", "")
    low, high = min(starts), max(starts)
    if (high - low) // HOUR < BARS:
        cells = range(low, high + 1, HOUR)
        return (
            "hour",
            [starts[at] for at in cells],
            f"{times.local(low):%a %H:00}",
            f"{times.local(high):%a %H:00}",
        )
    days: Counter[int] = Counter()
    for at, count in starts.items():
        days[times.local(at).toordinal()] += count
    last = max(days)
    first = max(min(days), last - BARS + 1)
    return (
        "day",
        [days[day] for day in range(first, last + 1)],
        f"{datetime.fromordinal(first):%d %b}",
        f"{datetime.fromordinal(last):%d %b}",
    )


def _hour_of(text: str) -> int | None:
    """When an hour begins that is written as in ISO 8601, in UTC; None for what is no time."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return None
