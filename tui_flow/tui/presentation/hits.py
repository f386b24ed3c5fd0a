"""What a search through logs found: hits by run, the newest run first, or by what they say, the most frequent first."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tui_flow.contract.log import LEVELS
from tui_flow.counting import counted
from tui_flow.store.log_search import Hit
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import Line
from tui_flow.tui.presentation.log_hits import writer
from tui_flow.tui.presentation.log_lines import LEVEL_ROLES, LEVEL_WORDS


class RunHits:
    """What was found in the log of one run, the newest first."""

    def __init__(self, run: FlowRun, folded: bool) -> None:
        self.run, self.folded = run, folded
        self.hits: list[Hit] = []
        self.names: dict[int, str] = {}
        """Of the task runs that wrote them."""
        self.tries: dict[tuple[int | None, int], TryHits] = {}
        """The same hits, by the task run and its try that wrote them."""
        self.is_by_try = False
        """Whether they are listed so; never where one try wrote them all."""
        self.is_cut = False
        """Whether its log has more of them, further up."""

    def add(self, hits: list[Hit]) -> None:
        self.hits += hits
        for hit in hits:
            key = (hit.task_run, hit.tries)
            if key not in self.tries:
                self.tries[key] = TryHits(self)
            self.tries[key].hits.append(hit)

    def name_of(self, hit: Hit) -> str:
        return writer(self.run, hit, self.names)

    def summary(self, hits: Sequence[Hit]) -> Line:
        """How grave some of its hits are, and who wrote them."""
        levels = Counter(hit.level for hit in hits)
        tasks = Counter(map(self.name_of, hits)).most_common(4)
        most = [f"{name} {at_least(count, self.is_cut)}" for name, count in tasks if name]
        return [*by_level(levels, self.is_cut), (f" {', '.join(most)}", "dim")]

    def head_row(self) -> "Row":
        return Row(self, None)

    def hit_rows(self) -> "list[Row]":
        if not self._has_parts:
            return [Row(self, hit) for hit in self.hits]
        return [row for part in self.tries.values() for row in part.hit_rows()]

    def inner_rows(self) -> "list[Row]":
        """What is to be seen of it while it is open."""
        if not self._has_parts:
            return self.hit_rows()
        parts = self.tries.values()
        return [row for part in parts for row in (part.head_row(), *(() if part.folded else part.hit_rows()))]

    @property
    def _has_parts(self) -> bool:
        return self.is_by_try and len(self.tries) > 1


class TryHits:
    """What one try of a task run, or the flow itself, wrote of it, the newest first."""

    def __init__(self, group: RunHits) -> None:
        self.group, self.folded = group, False
        self.hits: list[Hit] = []

    @property
    def name(self) -> str:
        """ "load try 2"; of the flow, and of who is not known, without a try."""
        hit = self.hits[0]
        tries = f" try {hit.tries}" if hit.task_run else ""
        return f"{self.group.name_of(hit) or 'unknown'}{tries}"

    def head_row(self) -> "Row":
        return Row(self.group, None, part=self)

    def hit_rows(self) -> "list[Row]":
        return [Row(self.group, hit, part=self) for hit in self.hits]


class EqualHits:
    """Hits with the same text and level, the newest first."""

    def __init__(self, text: str, level: int, folded: bool) -> None:
        self.text, self.level, self.folded = text, level, folded
        self.hits: list[tuple[RunHits, Hit]] = []
        """Each with the run that it is of."""

    @property
    def key(self) -> tuple[str, int]:
        return (self.text, self.level)

    def head_row(self) -> "Row":
        return Row(self.hits[0][0], None, self)

    def hit_rows(self) -> "list[Row]":
        return [Row(group, hit, self) for group, hit in self.hits]

    inner_rows = hit_rows


class Row(NamedTuple):
    """One line of the list: a run, or with a hit that hit of it; with a message the same below a text that many have,
    and with a part below a try of a task run."""

    group: RunHits
    hit: Hit | None
    message: EqualHits | None = None
    part: TryHits | None = None

    @property
    def top(self) -> RunHits | EqualHits:
        """The outermost that it is folded into."""
        return self.message or self.group

    @property
    def head(self) -> RunHits | EqualHits | TryHits:
        """The innermost."""
        return self.part or self.top

    def is_now(self, before: "Row") -> bool:
        """Whether it is what a row of the list by run has become, which may have got parts."""
        return self[:2] == before[:2] and before.part in (None, self.part)


class HitList:
    """All that was found so far. The first run is open, the others until somebody opens them are a line each."""

    def __init__(self, *, is_by_message: bool = False, is_by_try: bool = False) -> None:
        self.groups: list[RunHits] = []
        self.levels: Counter[int] = Counter()
        self.tasks: Counter[str] = Counter()
        self.hours: Counter[str] = Counter()
        """When they were written: as ISO 8601 in UTC begins, "2026-08-20T14"."""
        self.is_by_message, self.is_by_try = is_by_message, is_by_try
        self.is_cut = False
        """Whether there are more than these, which are the newest."""
        self._equal: tuple[int, list[EqualHits]] = (0, [])

    def emptied(self) -> "HitList":
        """For another search, to be listed in the same way."""
        return HitList(is_by_message=self.is_by_message, is_by_try=self.is_by_try)

    @property
    def total(self) -> int:
        return self.levels.total()

    def add(self, run: FlowRun, hits: list[Hit], names: dict[int, str]) -> None:
        """Takes in more of the run that came last, or of another one."""
        if not self.groups or self.groups[-1].run.id != run.id:
            self.groups.append(RunHits(run, folded=bool(self.groups)))
        group = self.groups[-1]
        group.is_by_try = self.is_by_try
        group.add(hits)
        group.names |= names
        self.levels.update(hit.level for hit in hits)
        self.tasks.update(group.name_of(hit) for hit in hits)
        self.hours.update(hit.stamp[:13] for hit in hits if hit.stamp)

    def split_by_try(self, is_by_try: bool) -> None:
        """Lists the hits of each run by who wrote them, or not."""
        self.is_by_try = is_by_try
        for group in self.groups:
            group.is_by_try = is_by_try

    def heads(self) -> Sequence[RunHits | EqualHits]:
        """What the hits are grouped by: their runs, or what they say."""
        if not self.is_by_message:
            return self.groups
        if self._equal[0] != self.total:
            self._equal = (self.total, equal_hits(self.groups, self._equal[1]))
        return self._equal[1]

    def rows(self) -> list[Row]:
        """What is to be seen."""
        rows = []
        for head in self.heads():
            rows.append(head.head_row())
            if not head.folded:
                rows += head.inner_rows()
        return rows

    def cut(self) -> None:
        """Says that there are more than these."""
        self.is_cut = True
        if self.groups:
            self.groups[-1].is_cut = True

    def by_level(self) -> Line:
        """How grave the lines are."""
        return by_level(self.levels, self.is_cut)

    def by_task(self) -> str:
        """Who wrote the most of them."""
        most = self.tasks.most_common(5)
        return ", ".join(f"{name} {at_least(count, self.is_cut)}" for name, count in most if name)


def by_level(levels: Counter[int], is_cut: bool) -> Line:
    """How grave lines are, the worst first."""
    line: Line = []
    for level in range(len(LEVELS) - 1, -1, -1):
        if levels[level]:
            word = f"{LEVEL_WORDS[level]} "
            line += [(word, LEVEL_ROLES[level] or "dim"), (f"{at_least(levels[level], is_cut)}  ", "")]
    return line


def at_least(count: int, is_cut: bool) -> str:
    """How many there are, or with a "+" how many were counted."""
    return f"{count:,}{'+' if is_cut else ''}"


def equal_hits(groups: Sequence[RunHits], before: Sequence[EqualHits]) -> list[EqualHits]:
    """Groups of equal lines, the most frequent first. Those that were open `before` are open again."""
    opened = {one.key for one in before if not one.folded}
    found: dict[tuple[str, int], EqualHits] = {}
    for group in groups:
        for hit in group.hits:
            key = (hit.text.strip(), hit.level)
            if key not in found:
                found[key] = EqualHits(*key, folded=key not in opened)
            found[key].hits.append((group, hit))
    return sorted(found.values(), key=lambda one: -len(one.hits))


def count_text(found: HitList) -> str:
    """ "14 hits in 5 runs", "first 10,000 hits in 2 runs"."""
    runs = len(found.groups)
    hits = f"{'first ' if found.is_cut else ''}{counted(found.total, 'hit')}"
    return f"{hits} in {counted(runs, 'run')}" if runs else "no hit"
