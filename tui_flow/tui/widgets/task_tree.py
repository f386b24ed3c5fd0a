"""The tree of task runs with their bars: tree and gantt are one widget."""

import time
from collections.abc import Sequence

from rich.cells import cell_len

from tui_flow.contract.states import FlowRunState
from tui_flow.store.records import Artifact, FlowRun
from tui_flow.store.waits import Waits
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import Line, artifacts, gantt, joined, text_of, times
from tui_flow.tui.presentation.cells import short
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.presentation.tree import ROOT, Key, Row, TaskForest, name_of
from tui_flow.tui.presentation.tree_columns import COLUMNS_WIDTH, column_heads, columns, legend
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan, fit_line

_DURATION = 8
WIDE = 90
"""Cells from which on the rows have columns, and the axis its labels."""
MOST_SCALE = 1024
_ARGUMENTS = 24
"""Letters of what a task run of a map call was called with, which the others have not in common with it."""


class TaskTree(Lines):
    """The task runs of one flow run. Rows keep their places, and the cursor its row, while the run goes on."""

    BINDINGS = bindings("tree")

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.forest = TaskForest()
        self.run: FlowRun | None = None
        self.rows: list[Row] = []
        self._places: dict[Key, int] = {}
        """Where each row is."""
        self._name_width = 0
        self._strips: dict[int, tuple[tuple[float, ...], Line]] = {}
        """The strips of folded map calls, with what they were drawn for."""
        self.progress: dict[int, Artifact] = {}
        """How far task runs say that they are; 0 is the flow itself."""
        self.ahead: gantt.Headway | None = None
        """How far the run is, as far as that can be told."""
        self.critical: Line = []
        """The chain of task runs that the run had to wait for, where there is room to tell."""
        self.scale = 1
        """So many times the whole run would be as wide as the axis."""
        self._middle = 0.5
        """What of the run is in the middle of the axis, from 0 to 1."""
        self.is_moved = False
        """Whether somebody has gone to another row since these task runs are shown."""

    @property
    def selected(self) -> Row | None:
        return self.rows[self.cursor] if self.rows else None

    def clear(self) -> None:
        """Shows no run."""
        self.run, self.rows = None, []
        self.cursor = self.first = 0
        self.is_moved = False
        self.scale, self.critical = 1, []
        self.set_count(0)

    def show_run(self, run: FlowRun, forest: TaskForest, changed: Sequence[int] | None = None) -> None:
        """Shows a run, or what has changed of it: the task runs with these ids, or (None) perhaps which rows there are."""
        is_another = forest is not self.forest
        if is_another:
            self._strips, self.cursor, self.is_moved = {}, 0, False
        self.run, self.forest = run, forest
        if is_another or changed is None or not self.rows:
            self.rebuild()
        else:
            self._take_changes(changed)

    def _take_changes(self, changed: Sequence[int]) -> None:
        """Puts what has become of task runs into the rows that there are: four times a second, of thousands."""
        for id in changed:
            task = self.forest.tasks[id]
            place = self._places.get(("task", id))
            if place is not None:
                self.rows[place] = self.rows[place]._replace(task=task, label=name_of(task))
            elif task.map_id is not None:
                place = self._places.get(("map", task.map_id))
            if place is not None:
                self._name_width = max(self._name_width, self._width_of(self.rows[place]))
        self.set_count(len(self.rows))

    def _width_of(self, row: Row) -> int:
        """The cells that a row's name takes."""
        return 2 * row.depth + cell_len(text_of(self._label(row)))

    def rebuild(self, select: Key | None = None) -> None:
        """The visible rows anew, with the cursor on the same one, or on the one that is asked for."""
        if self.run is None:
            return
        before = self.selected
        key = select or (before.key if before else ROOT)
        self.rows = self.forest.rows(self.run.flow)
        self._name_width = max(map(self._width_of, self.rows[:2000]), default=0)
        self._places = {row.key: place for place, row in enumerate(self.rows)}
        self.set_count(len(self.rows), self._places.get(key))
        if before is None or before.key != self.rows[self.cursor].key:
            self.show(self.cursor)
            self.post_message(self.Moved(self))

    def select_task(self, id: int) -> None:
        """Opens the branches above a task run, and puts the cursor on it."""
        self.forest.reveal(id)
        self.rebuild(("task", id))
        self.show(self.cursor)

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
            if row.task.run_name not in ("", row.label):
                line.append((f" {row.task.run_name}", "dim"))
            if row.task.map_id is not None and row.task.arguments:
                line.append((f" {short(row.task.arguments, _ARGUMENTS, self.marks.ellipsis)}", "dim"))
        return line

    # Drawing.

    @property
    def is_wide(self) -> bool:
        return self.size.width >= WIDE

    def _widths(self, width: int) -> tuple[int, int]:
        """Of name and bar."""
        facts = COLUMNS_WIDTH if self.is_wide else _DURATION + 1
        rest = width - 2 - 4 - facts - 1
        name = max(10, min(self._name_width, rest // 2))
        return name, max(0, rest - name)

    def axis(self, width: int, now: float) -> gantt.Axis | None:
        """The time that the bars' columns stand for; None before there is a run."""
        if self.run is None:
            return None
        half = 0.5 / self.scale
        middle = max(half, min(1 - half, self._middle))
        return gantt.axis_of(self.run, now, self._widths(width)[1], (middle - half, middle + half))

    def axis_text(self) -> str:
        """How long the axis is, where that is not written above it already, and is not as long as the run is old."""
        axis = self.axis(self.size.width, time.time())
        if axis is None or self.run is None or self.run.started_at is None:
            return ""
        span = times.duration(axis.end - axis.start)
        if self.scale > 1:
            whole = gantt.axis_of(self.run, time.time(), 1)
            return f"axis {span} of {times.duration(whole.end - whole.start)}"
        return "" if self.is_wide or self.run.ended_at is None else f"axis {span}"

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        """The names of the columns, and what times the axis has."""
        axis = self.axis(width, time.time())
        if axis is None or self.run is None:
            return []
        name = self._widths(width)[0]
        labels = gantt.axis_labels(axis, self.run.started_at or self.run.created_at)
        return [
            (f"      {'TASK':<{name}}{column_heads()}", "dim"),
            (self.marks.axis, "frame"),
            (labels, "dim"),
        ]

    def spans_below(self, y: int, width: int) -> Sequence[AnySpan]:
        """Where there is room below the rows: what the bars mean, and which tasks the run had to wait for."""
        room = self.page - self.count
        lines = [legend(self.marks, width), *([self.critical] if self.critical else [])]
        lines = lines if room > len(lines) else lines[-1:] if room > 1 else []
        return lines[y - 1] if self.rows and 0 < y <= len(lines) else []

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        row, run, marks = self.rows[index], self.run, self.marks
        now = time.time()
        axis = self.axis(width, now)
        if run is None or axis is None:
            return []
        waits = () if row.group is not None else self.forest.waits_of(run, row.task)
        selected = index == self.cursor
        state = self.state_of(row)
        fold = " " if row.folded is None else marks.shut if row.folded else marks.open
        label: Line = [
            (marks.cursor if selected else " ", "strong"),
            (" " + "  " * row.depth, ""),
            (fold, "dim"),
            (" ", ""),
            (marks.glyph(state), role(state)),
            (" ", ""),
        ]
        room = max(4, self._widths(width)[0] - 2 * row.depth)
        facts: Line = (
            columns(row, run, state, now, marks, waits)
            if self.is_wide
            else [(f"{gantt.elapsed(row, run, now, marks, waits):>{_DURATION}} ", "" if selected else "dim")]
        )
        bar = self._bar(row, run, axis, now, waits) if axis.width > 3 else []
        name = fit_line(self._label(row), room, marks.ellipsis)
        return joined([*label, *name, *facts, (marks.axis, "frame"), *bar])

    def _bar(self, row: Row, run: FlowRun, axis: gantt.Axis, now: float, waits: Waits) -> Line:
        """When a row was at work; of a folded map call, how each of its task runs went."""
        group = row.group
        if group is None or not row.folded:
            said = self.progress.get(0 if row.task is None else row.task.id)
            ahead = artifacts.headway_of(said, now) if said is not None and row.tries is None else None
            if ahead is None and row.key == ROOT:
                ahead = self.ahead
            is_live = run.state in (FlowRunState.RUNNING, FlowRunState.PAUSED)
            why = self.forest.why(row.task) if row.task is not None else run.message if is_live else ""
            return gantt.bar(row, run, axis, now, self.marks, headway=ahead, why=why, waits=waits)
        drawn = (axis.width, group.changes, now // 1 if gantt.period_of(row, run).ended_at is None else 0)
        before = self._strips.get(group.map_id)
        if before is None or before[0] != drawn:
            tasks = [self.forest.tasks[id] for id in group.members]
            before = self._strips[group.map_id] = drawn, gantt.strip(tasks, axis.width - 1, now, self.marks)
        return before[1]

    def state_of(self, row: Row) -> str:
        if row.group is not None:
            return row.group.state
        if self.run is None:
            return "pending"
        if row.task is None:
            return self.run.state
        return row.task.state if row.tries is None else gantt.period_of(row, self.run).state

    def on_resize(self) -> None:
        self.HEADER_LINES = int(self.is_wide)
        super().on_resize()

    # Keys.

    def move(self, index: int) -> None:
        before = self.cursor
        super().move(index)
        self.is_moved |= self.cursor != before
        self._bring_into_axis()

    def _bring_into_axis(self) -> None:
        """Where only a part of the run is shown: that in which the row under the cursor was at work."""
        if self.scale == 1 or self.run is None or self.selected is None:
            return
        place = gantt.place_of(self.selected, self.run, time.time())
        if place is not None and abs(place - self._middle) > 0.5 / self.scale:
            self._middle = place
            self.refresh()

    @property
    def useless_scales(self) -> set[str]:
        """Which of the actions for the axis would change nothing."""
        more = {"scale_up"} if 2 * self.scale > MOST_SCALE else set()
        return more | ({"scale_down"} if self.scale == 1 else set())

    def action_scale_up(self) -> None:
        """Shows less of the run's time, around the row under the cursor."""
        self._rescale(self.scale * 2)

    def action_scale_down(self) -> None:
        """Shows more of it, up to all."""
        self._rescale(self.scale // 2)

    def _rescale(self, scale: int) -> None:
        if self.run is None or not 1 <= scale <= MOST_SCALE:
            return
        place = gantt.place_of(self.selected, self.run, time.time()) if self.selected else None
        self.scale, self._middle = scale, self._middle if place is None else place
        self.refresh()
        self.post_message(self.Moved(self))

    def action_fold_all(self) -> None:
        """Folds all branches, the run aside, or shows again what is shown at first."""
        row = self.selected
        self.forest.fold_all()
        task = row.task if row is not None else None
        key = self.forest.visible_key(task.id) if task is not None else row.key if row is not None else None
        self.rebuild(key)
        self.show(self.cursor)

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
