"""The tasks of a flow against its last runs: where a task fails again and again, and since when."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from tui_flow.safe import safe
from tui_flow.store.records import FlowRun
from tui_flow.store.task_history import Past
from tui_flow.tui.presentation import Line, cells, joined, times
from tui_flow.tui.presentation.glyphs import Marks, role, word
from tui_flow.tui.presentation.tree import gravest

MOST_RUNS = 60
"""Columns that are read."""
CELL = 2
"""Cells of the terminal that a run takes."""
MOST_NAME = 32


class Grid(NamedTuple):
    runs: Sequence[FlowRun]
    """The newest first."""
    tasks: Mapping[str, Mapping[int, Past]]
    """By the task's name, and by run."""

    @property
    def names(self) -> list[str]:
        return list(self.tasks)

    def state(self, name: str, run: FlowRun) -> str | None:
        """How a task went in a run; None where the run did not call it."""
        past = self.tasks[name].get(run.id)
        return None if past is None else gravest(past.counts, begun=past.started_at is not None)


def name_width(grid: Grid, width: int) -> int:
    """Cells of the column of names."""
    longest = max(
        (cell_len(safe(name)) for name in (*grid.names, *(run.flow for run in grid.runs[:1]))), default=4
    )
    return max(4, min(longest, MOST_NAME, width // 2))


def columns(grid: Grid, width: int) -> list[FlowRun]:
    """The runs that there is room for, from old to new."""
    room = max(1, (width - name_width(grid, width) - 4) // CELL)
    return list(reversed(grid.runs[:room]))


def head_line(grid: Grid, width: int, chosen: int, marks: Marks) -> Line:
    """The number of the chosen run above its column."""
    shown = columns(grid, width)
    if not shown:
        return []
    start = name_width(grid, width) + 4
    text = f"run {shown[chosen].id}"
    place = min(start + chosen * CELL, max(start, width - len(text) - 2))
    return [(" " * place, ""), (f"{'v' if marks.ascii else '▾'} {text}"[: width - place], "strong")]


def rows(grid: Grid, width: int, marks: Marks) -> list[Line]:
    """The runs themselves, and below them a row for each task; a dot where a run did not call it."""
    shown = columns(grid, width)
    if not shown:
        return []
    wide = name_width(grid, width)
    first = _row(shown[0].flow, [run.state for run in shown], wide, "strong", marks)
    return [
        first,
        *(_row(name, [grid.state(name, run) for run in shown], wide, "", marks) for name in grid.names),
    ]


def short(name: str, wide: int, marks: Marks) -> str:
    """A name in at most so many cells, safe."""
    text = safe(name).replace("\t", " ")
    return cells.short(text, wide, marks.ellipsis)


def _row(name: str, states: Sequence[str | None], wide: int, colour: str, marks: Marks) -> Line:
    text = short(name, wide, marks)
    line: Line = [(f" {text}{' ' * (wide - cell_len(text))} ", colour), (f"{marks.axis} ", "frame")]
    for state in states:
        line += [(marks.glyph(state) if state else marks.nothing, role(state) if state else "dim"), (" ", "")]
    return joined(line)


def about(grid: Grid, run: FlowRun, name: str | None, marks: Marks, now: float) -> str:
    """What there is to say of one cell: of a task in a run, or (None) of the run."""
    when = times.moment(run.started_at or run.created_at, now)
    if name is None:
        seconds = run.seconds()
        took = "" if seconds is None else f"  {times.duration(seconds)}"
        return f"run {run.id}  {word(run.state)}  {when}{took}"
    past, state = grid.tasks[name].get(run.id), grid.state(name, run)
    if past is None or state is None:
        return f"run {run.id} of {when} did not call {short(name, MOST_NAME, marks)}"
    count = sum(past.counts.values())
    many = f"[{count}]" if count > 1 else ""
    took = f"  {times.duration(past.seconds)}" if past.seconds is not None else ""
    return f"{short(name, MOST_NAME, marks)}{many} in run {run.id}  {word(state)}  {when}{took}"
