"""The tree of task runs with their bars: tree and gantt are one widget."""

import time
from collections.abc import Sequence

from rich.cells import cell_len

from tui_flow.store.records import FlowRun
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import Line, gantt, text_of
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.presentation.tree import ROOT, Key, Row, TaskForest
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan, fit_line

_DURATION = 8


class TaskTree(Lines):
    """The task runs of one flow run. Rows keep their places, and the cursor its row, while the run goes on."""

    BINDINGS = bindings("tree")

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.forest = TaskForest()
        self.run: FlowRun | None = None
        self.rows: list[Row] = []
        self._name_width = 0
        self._strips: dict[int, tuple[tuple[float, ...], Line]] = {}
        """The strips of folded map calls, with what they were drawn for."""
        self.progress: dict[int, float] = {}
        """How far task runs say that they are, from 0 to 1."""

    @property
    def selected(self) -> Row | None:
        return self.rows[self.cursor] if self.rows else None

    def clear(self) -> None:
        """Shows no run."""
        self.run, self.rows = None, []
        self.cursor = self.first = 0
        self.set_count(0)

    def show_run(self, run: FlowRun, forest: TaskForest) -> None:
        """Shows a run, or what has changed of it."""
        if forest is not self.forest:
            self._strips = {}
        self.run, self.forest = run, forest
        self.rebuild()

    def rebuild(self, select: Key | None = None) -> None:
        """The visible rows anew, with the cursor on the same one, or on the one that is asked for."""
        if self.run is None:
            return
        before = self.selected
        key = select or (before.key if before else ROOT)
        self.rows = self.forest.rows(self.run.flow)
        longest = max(
            (2 * row.depth + cell_len(text_of(self._label(row))) for row in self.rows[:2000]), default=0
        )
        self._name_width = longest
        places = {row.key: place for place, row in enumerate(self.rows)}
        self.cursor = places.get(key, min(self.cursor, len(self.rows) - 1))
        self.set_count(len(self.rows))
        if before is None or before.key != self.rows[self.cursor].key:
            self.show(self.cursor)
            self.post_message(self.Moved(self))

    def select_task(self, id: int) -> None:
        """Opens the branches above a task run, and puts the cursor on it."""
        self.forest.reveal(id)
        self.rebuild(("task", id))
        self.show(self.cursor)

    def refresh_live(self) -> None:
        """Draws the visible rows anew whose time goes on."""
        for index in range(self.first, min(self.count, self.first + self.page)):
            if self.run and gantt.period_of(self.rows[index], self.run).ended_at is None:
                self.refresh_index(index)

    def _label(self, row: Row) -> Line:
        """The row's name, with how often it was tried, or how many task runs are in which state."""
        if row.group is not None:
            counts: Line = [
                (f" {self.marks.glyph(state)}{count}", role(state))
                for state, count in sorted(row.group.counts.items())
                if count
            ]
            return [(row.label, ""), *counts]
        line: Line = [(row.label, "")]
        if row.task is not None and row.tries is None:
            if row.task.tries > 1:
                line.append((f" x{row.task.tries}", "warn"))
            share = self.progress.get(row.task.id)
            if share is not None and row.task.ended_at is None:
                line.append((f" {share:.0%}", "live"))
            if row.task.run_name not in ("", row.label):
                line.append((f" {row.task.run_name}", "dim"))
        return line

    def _widths(self, width: int) -> tuple[int, int]:
        """Of name and bar."""
        rest = width - 2 - 4 - _DURATION - 3
        name = max(10, min(self._name_width, rest // 2 if width < 120 else rest // 3))
        return name, max(0, rest - name)

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        row, run, marks = self.rows[index], self.run, self.marks
        if run is None:
            return []
        now = time.time()
        name, bar_width = self._widths(width)
        selected = index == self.cursor
        state = self.state_of(row)
        fold = " " if row.folded is None else marks.shut if row.folded else marks.open
        label: list[AnySpan] = [
            (marks.cursor if selected else " ", "strong"),
            (" " + "  " * row.depth, ""),
            (fold, "dim"),
            (" ", ""),
            (marks.glyph(state), role(state)),
            (" ", ""),
        ]
        room = name - 2 * row.depth
        label += fit_line(self._label(row), max(4, room), marks.ellipsis)
        axis = gantt.axis_of(run, now, bar_width)
        return [
            *label,
            (f"{gantt.elapsed(row, run, now, marks):>{_DURATION}} ", "" if selected else "dim"),
            (marks.axis, "frame"),
            *(self._bar(row, run, axis, now) if bar_width > 3 else ()),
        ]

    def _bar(self, row: Row, run: FlowRun, axis: gantt.Axis, now: float) -> Line:
        """When a row was at work; of a folded map call, how each of its task runs went."""
        group = row.group
        if group is None or not row.folded:
            return gantt.bar(row, run, axis, now, self.marks)
        drawn = (axis.width, group.changes, now // 1 if gantt.period_of(row, run).ended_at is None else 0)
        before = self._strips.get(group.map_id)
        if before is None or before[0] != drawn:
            tasks = [self.forest.tasks[id] for id in group.members]
            before = self._strips[group.map_id] = drawn, gantt.strip(tasks, axis.width - 1, now, self.marks)
        return before[1]

    def state_of(self, row: Row) -> str:
        if row.group is not None:
            return row.group.state
        if row.task is None:
            return self.run.state if self.run else "pending"
        if row.tries is not None and row.tries < row.task.tries:
            return "failed"
        return row.task.state

    def action_fold(self) -> None:
        """Shuts the row; where there is nothing to shut, goes to the branch that it is on."""
        row = self.selected
        if row is None:
            return
        if self.forest.fold(row.key, True):
            self.rebuild()
            return
        above = (index for index in range(self.cursor - 1, -1, -1) if self.rows[index].depth < row.depth)
        self.move(next(above, self.cursor))

    def action_unfold(self) -> None:
        row = self.selected
        if row is not None and self.forest.fold(row.key, False):
            self.rebuild()

    def action_open_row(self) -> None:
        row = self.selected
        if row is None or row.folded is None:
            self.post_message(self.Opened())
            return
        self.forest.fold(row.key, not row.folded)
        self.rebuild()
