"""The chain of task runs that a run had to wait for: had one of them been quicker, the run would have been over sooner.

It is found from the end: before each task run comes the one that ended last of those that it waited for. The history
knows what a task run was given futures of (`upstream`); what a flow's body waited for itself, only the times tell.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

from tui_flow.store.records import TaskRun
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.presentation.tree import name_of

CALLED_WITHIN = 0.005
"""So many seconds before the end of one may another have been called, and yet have come after it: clocks are coarse."""


class Chain(NamedTuple):
    tasks: list[TaskRun]
    """The first one first."""
    by_times: bool
    """Whether any step of it is taken from the times alone."""

    def seconds(self, now: float) -> float:
        """How long they were at work."""
        return sum((task.ended_at or now) - (task.started_at or now) for task in self.tasks)


def critical_path(tasks: Mapping[int, TaskRun], now: float) -> Chain:
    """Of all task runs of a run, by id; what is inside nested flows stands for them."""
    inside: defaultdict[int, list[TaskRun]] = defaultdict(list)
    for task in tasks.values():
        if task.started_at is not None:
            inside[task.parent].append(task)
    return _chain(0, tasks, inside, now)


def _chain(
    parent: int, tasks: Mapping[int, TaskRun], inside: Mapping[int, list[TaskRun]], now: float
) -> Chain:
    if parent not in inside:
        return Chain([], False)
    order = sorted(inside[parent], key=lambda task: (task.ended_at or now, task.id))
    ends = [task.ended_at or now for task in order]
    found: list[TaskRun] = []
    by_times = False
    task: TaskRun | None = order[-1]
    while task is not None:
        within = _chain(task.id, tasks, inside, now)
        found += reversed(within.tasks or [task])
        by_times |= within.by_times
        task, is_told = _before(task, parent, tasks, order, ends)
        by_times |= not is_told
    return Chain(found[::-1], by_times)


def _before(
    task: TaskRun, parent: int, tasks: Mapping[int, TaskRun], order: list[TaskRun], ends: list[float]
) -> tuple[TaskRun | None, bool]:
    """What a task run came after, among those of the same flow, and whether that is recorded."""
    given = (_at_level(tasks.get(id), parent, tasks) for id in task.upstream)
    upstream = max(
        (one for one in given if one and one.id < task.id and one.ended_at and one.started_at),
        key=lambda one: (one.ended_at or 0.0, one.id),
        default=None,
    )
    place = bisect_right(ends, task.created_at + CALLED_WITHIN) - 1
    while place >= 0 and (order[place].id >= task.id or order[place].ended_at is None):
        place -= 1
    earlier = order[place] if place >= 0 else None
    if upstream is None or (earlier is not None and (earlier.ended_at or 0.0) > (upstream.ended_at or 0.0)):
        return earlier, earlier is None
    return upstream, True


def _at_level(task: TaskRun | None, parent: int, tasks: Mapping[int, TaskRun]) -> TaskRun | None:
    """The task run itself, or the nested flow around it that was called where the others were."""
    while task is not None and task.parent != parent:
        task = tasks.get(task.parent)
    return task


def chain_line(chain: Chain, width: int, marks: Marks, now: float) -> Line:
    """The chain in a line; of many the first and the last."""
    if not chain.tasks:
        return []
    title = "critical path, by times: " if chain.by_times else "critical path: "
    told = f"  {times.duration(chain.seconds(now))}"
    arrow = " -> " if marks.ascii else " → "
    text = _joined(list(_names(chain.tasks)), arrow, width - len(title) - len(told) - 2, marks)
    return [(f" {title}", "dim"), (text, ""), (told, "dim")]


def _names(tasks: Iterable[TaskRun]) -> Iterable[str]:
    """Their names; those of one task that follow each other are one."""
    for name, group in groupby(tasks, key=lambda task: task.name):
        same = list(group)
        yield name_of(same[0]) if len(same) == 1 else f"{name} ({len(same)} in turn)"


def _joined(names: list[str], arrow: str, room: int, marks: Marks) -> str:
    """As many of the names as fit, from both ends."""
    kept = len(names)
    while kept > 2:
        first = (kept + 1) // 2
        shown = names if kept == len(names) else [*names[:first], marks.ellipsis, *names[-(kept - first) :]]
        text = arrow.join(shown)
        if len(text) <= room:
            return text
        kept -= 1
    return arrow.join(names[:1] + ([marks.ellipsis] if len(names) > 2 else []) + names[1:][-1:])
