"""What a filter means for a search through logs, and what it found: hits by run, the newest run first."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from tui_flow.contract.log import LEVELS
from tui_flow.store.log_search import ALL_LEVELS, Hit, LogQuery, Needle
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import Line, filters, times
from tui_flow.tui.presentation.filters import Filter
from tui_flow.tui.presentation.glyphs import Marks, role
from tui_flow.tui.presentation.log_lines import LEVEL_ROLES, LEVEL_WORDS

OF_RECORDS = ("text", "regex", "level", "since", "task")
"""What a filter can say about log records; all else is about their run."""


def query_of(filter: Filter, now: float) -> LogQuery:
    """What is to stand in the log."""
    levels, since = ALL_LEVELS, None
    for term in filter.of("level"):
        levels &= filters.levels_of(term)
    for term in filter.of("since"):
        if term.value and not term.is_not:
            since = max(since or 0.0, filters.since_of(term.value, now) or 0.0)
    needles = tuple(
        Needle(term.value, term.field == "regex", term.is_not)
        for term in filter.of("text", "regex")
        if term.value
    )
    return LogQuery(needles, levels, since)


def runs_filter(filter: Filter) -> Filter:
    """Which runs' logs are looked through."""
    return Filter(tuple(term for term in filter.terms if term.field not in OF_RECORDS))


def is_of_task(filter: Filter, names: tuple[str, ...]) -> bool:
    """Whether a line fits what the filter says about tasks; `names` are those of whoever wrote it and what called it."""
    return all(
        any(filters.fits_name(name, term.value) for name in names) is not term.is_not
        for term in filter.of("task")
        if term.value
    )


def writer(run: FlowRun, hit: Hit, names: Mapping[int, str]) -> str:
    """Who wrote a line: a task run, by its name in `names`, or the flow; empty where nobody can be named."""
    if not hit.task_run:
        return run.flow if hit.task_run == 0 else ""
    return names.get(hit.task_run, f"task {hit.task_run}")


class RunHits:
    """What was found in the log of one run, the newest first."""

    def __init__(self, run: FlowRun, folded: bool) -> None:
        self.run, self.folded = run, folded
        self.hits: list[Hit] = []
        self.names: dict[int, str] = {}
        """Of the task runs that wrote them."""

    def name_of(self, hit: Hit) -> str:
        return writer(self.run, hit, self.names)


class Row(NamedTuple):
    """One line of the list: a run, or with a hit that hit of it."""

    group: RunHits
    hit: Hit | None


class HitList:
    """All that was found so far. The first run is open, the others until somebody opens them are a line each."""

    def __init__(self) -> None:
        self.groups: list[RunHits] = []
        self.levels: Counter[int] = Counter()
        self.tasks: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return self.levels.total()

    def add(self, run: FlowRun, hits: list[Hit], names: dict[int, str]) -> None:
        """Takes in more of the run that came last, or of another one."""
        if not self.groups or self.groups[-1].run.id != run.id:
            self.groups.append(RunHits(run, folded=bool(self.groups)))
        group = self.groups[-1]
        group.hits += hits
        group.names |= names
        self.levels.update(hit.level for hit in hits)
        self.tasks.update(group.name_of(hit) for hit in hits)

    def rows(self) -> list[Row]:
        """What is to be seen."""
        rows = []
        for group in self.groups:
            rows.append(Row(group, None))
            if not group.folded:
                rows += [Row(group, hit) for hit in group.hits]
        return rows

    def by_level(self) -> Line:
        """How grave the lines are."""
        line: Line = []
        for level in range(len(LEVELS) - 1, -1, -1):
            if self.levels[level]:
                word = f"{LEVEL_WORDS[level]} "
                line += [(word, LEVEL_ROLES[level] or "dim"), (f"{self.levels[level]:,}  ", "")]
        return line

    def summary(self) -> Line:
        """How grave the lines are, and who wrote them."""
        most = [f"{name} {count:,}" for name, count in self.tasks.most_common(4) if name]
        return [*self.by_level(), (f" {', '.join(most)}", "dim")]


def count_text(found: HitList) -> str:
    """ "14 hits in 5 runs"."""
    runs = len(found.groups)
    hits = f"{found.total:,} hit{'' if found.total == 1 else 's'}"
    return f"{hits} in {runs:,} run{'' if runs == 1 else 's'}" if runs else "no hit"


def run_line(group: RunHits, marks: Marks, now: float) -> Line:
    """A run in the list: which one, when, and how many hits of whom."""
    run, count = group.run, len(group.hits)
    names = list(dict.fromkeys(filter(None, map(group.name_of, group.hits[:200]))))
    worst = max((hit.level for hit in group.hits), default=1)
    return [
        (marks.shut if group.folded else marks.open, "dim"),
        (f" {marks.glyph(run.state)} ", role(run.state)),
        (f"run {run.id} {run.flow}", "strong"),
        (f"  {times.moment(run.started_at or run.created_at, now)}", "dim"),
        (f"  {count:,} hit{'' if count == 1 else 's'}", LEVEL_ROLES[worst]),
        (f"  {', '.join(names[:3])}{marks.ellipsis if len(names) > 3 else ''}", "dim"),
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
