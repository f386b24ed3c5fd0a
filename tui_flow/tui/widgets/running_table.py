"""The table of the runs that are not over."""

import time
from collections.abc import Sequence

from rich.cells import cell_len
from textual.strip import Strip

from tui_flow.tui.presentation import Line, flow_status, running_list, text_of
from tui_flow.tui.presentation.flow_list import run_duration
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.presentation.running_list import Running
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan, fit, fit_line

_DURATION, _LEFT, _TASKS = 7, 7, 16
_NOTHING: Line = [(" Nothing runs. ", "dim"), ("r", "key"), (" runs the flow under the cursor.", "dim")]


class RunningTable(Lines):
    """One row a run; the cursor stays with its run."""

    HEADER_LINES = 1

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.rows: list[Running] = []

    def _strip_at(self, y: int) -> Strip:
        """With one style for neighbours that look alike: these rows change each second, perhaps over a slow line."""
        return super()._strip_at(y).simplify()

    @property
    def selected(self) -> Running | None:
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def set_rows(self, rows: list[Running]) -> None:
        before = self.selected.run.id if self.selected else None
        self.rows = rows
        self.set_count(
            len(rows), next((place for place, row in enumerate(rows) if row.run.id == before), None)
        )

    def _widths(self, width: int) -> tuple[int, int, int]:
        """Of number, flow and tasks; what it works on has the rest."""
        number = max((len(str(row.run.id)) for row in self.rows), default=3)
        flow = max((cell_len(row.run.flow) for row in self.rows), default=4)
        counts = max((cell_len(text_of(running_list.tasks(row, self.marks))) for row in self.rows), default=5)
        return max(3, number), max(4, min(flow, width // 4)), max(5, min(counts, _TASKS))

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        if not self.rows:
            return ()
        number, flow, tasks = self._widths(width)
        head = f"    {'RUN':>{number}}  {fit('FLOW', flow)}  {fit('TASKS', tasks)}"
        return [(f"{head} {'TIME':>{_DURATION}} {'ETA':>{_LEFT}}  CURRENT TASK", "dim")]

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        row, now, marks = self.rows[index], time.time(), self.marks
        number, flow, tasks = self._widths(width)
        chosen = index == self.cursor and self.has_focus
        rest = width - 4 - number - 2 - flow - 2 - tasks - 1 - _DURATION - 1 - _LEFT - 2
        return [
            (marks.cursor if chosen else " ", "strong"),
            (" ", ""),
            (marks.glyph(row.run.state), role(row.run.state)),
            (f" {row.run.id:>{number}}  ", "dim"),
            (fit(row.run.flow, flow, marks.ellipsis), "strong" if chosen else ""),
            ("  ", ""),
            *fit_line(running_list.tasks(row, marks), tasks, marks.ellipsis),
            (f" {run_duration(row.run, now, marks):>{_DURATION}}", "dim"),
            (f" {flow_status.time_left(row.outlook):>{_LEFT}}  ", "warn" if _is_slow(row) else ""),
            *fit_line([running_list.current(row, now, marks)], max(1, rest), marks.ellipsis),
        ]

    def spans_below(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        return _NOTHING if not self.rows and y == 0 else ()


def _is_slow(row: Running) -> bool:
    return row.outlook is not None and row.outlook.is_slow
