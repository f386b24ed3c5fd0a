"""The tasks of a flow against its last runs, over the whole screen."""

import time
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.strip import Strip

from tui_flow.counting import counted
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import Line, grid
from tui_flow.tui.presentation.grid import Grid
from tui_flow.tui.widgets.framed import Dialog
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan, paint_of

Chosen = tuple[int, str]
"""A run, and a task of it; "" is the run itself."""


class GridLines(Lines):
    """A row for each task, a column for each run; one of either is under the cursor."""

    HEADER_LINES = 1

    def __init__(self, shown: Grid, run_id: int, task: str, *, id: str) -> None:
        super().__init__(id=id)
        self.grid, self._run_id = shown, run_id
        self._rows: list[Line] = []
        self.cursor = shown.names.index(task) + 1 if task in shown.names else 0

    def on_resize(self) -> None:
        self._rows = grid.rows(self.grid, self.size.width, self.marks)
        self.set_count(len(self._rows))
        super().on_resize()

    @property
    def runs(self) -> list[FlowRun]:
        """The columns, from old to new."""
        return grid.columns(self.grid, self.size.width)

    @property
    def column(self) -> int:
        """The one under the cursor."""
        ids = [run.id for run in self.runs]
        return ids.index(self._run_id) if self._run_id in ids else max(0, len(ids) - 1)

    @property
    def task_name(self) -> str | None:
        """The one under the cursor; None is the run itself."""
        return self.grid.names[self.cursor - 1] if self.cursor else None

    def go(self, by: int) -> None:
        """To an older run, or a newer one."""
        runs = self.runs
        place = self.column + by
        if 0 <= place < len(runs):
            self._run_id = runs[place].id
            self.refresh()
            self.post_message(self.Moved(self))

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        return grid.head_line(self.grid, width, self.column, self.marks) if self._rows else ()

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        return self._rows[index]

    def render_line(self, y: int) -> Strip:
        """The line, with the column under the cursor marked."""
        strip = super().render_line(y)
        start = grid.name_width(self.grid, self.size.width) + 4 + self.column * grid.CELL
        if not 0 <= y - self.HEADER_LINES < self.count - self.first or start + 1 > self.size.width:
            return strip
        before, cell, after = strip.divide([start, start + 1, self.size.width])
        return Strip.join([before, cell.apply_style(self.paint.style("cursor")), after])


class GridScreen(ModalScreen[Chosen | None]):
    """`h` and `l` go through the runs, `⏎` opens the one under the cursor."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [
        ("escape,q,H", "dismiss", ""),
        ("h,left", "go(-1)", ""),
        ("l,right", "go(1)", ""),
        ("enter", "open", ""),
    ]

    def __init__(self, shown: Grid, run_id: int, task: str) -> None:
        """Begins at a task of a run; "" is the run itself."""
        super().__init__()
        self.lines = GridLines(shown, run_id, task, id="reader")

    def compose(self) -> ComposeResult:
        flow = self.lines.grid.runs[0].flow if self.lines.grid.runs else ""
        with Dialog("reader") as self._box:
            count, flow = len(self.lines.grid.runs), grid.short(flow, grid.MOST_NAME, paint_of(self).marks)
            self._title = f"The tasks of {flow} in its last {counted(count, 'run')}, the newest on the right"
            self._box.set_title(self._title)
            yield self.lines

    def on_mount(self) -> None:
        self.lines.focus()
        self.call_after_refresh(self._say)

    def on_lines_moved(self) -> None:
        self._say()

    def on_lines_opened(self) -> None:
        self.action_open()

    def _say(self) -> None:
        """What is under the cursor, and the keys."""
        lines = self.lines
        if lines.runs:
            told = grid.about(lines.grid, lines.runs[lines.column], lines.task_name, lines.marks, time.time())
            keys = f"h l run  {lines.marks.enter} open  Esc close"
            self._box.set_title(self._title, f"{told}   {keys}")

    def action_go(self, by: int) -> None:
        self.lines.go(by)

    def action_open(self) -> None:
        lines = self.lines
        self.dismiss((lines.runs[lines.column].id, lines.task_name or "") if lines.runs else None)
