"""The lanes of a timeline under their axis, and below them slots and legend, which do not scroll."""

from collections.abc import Sequence

from tui_flow.tui.presentation import Line
from tui_flow.tui.presentation.timeline import LaneRow
from tui_flow.tui.widgets.footed import FootedLines
from tui_flow.tui.widgets.paint import AnySpan, fit

LEFT = 5
"""Cells of a line beside the flow's name: cursor, shape, and blanks."""


class Timeline(FootedLines):
    """One line a flow."""

    HEADER_LINES, KEEP = 1, 3

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.rows: list[LaneRow] = []
        self._axis = ""
        self._name_width = 4

    @property
    def selected(self) -> str:
        """The flow under the cursor."""
        return self.rows[self.cursor].flow if self.cursor < len(self.rows) else ""

    def show_rows(self, rows: list[LaneRow], axis: str, name: int, slots: Line, legend: list[Line]) -> None:
        """Takes rows; the cursor stays with its flow."""
        before = self.selected
        self.rows, self._axis, self._name_width = rows, axis, name
        head = (
            f"   {fit('slots in use', name)}  "
            if name >= len("slots in use")
            else f"   {fit('slots', name)}  "
        )
        self.set_feet([[(head, "dim"), *slots], *legend])
        self.set_count(len(rows))
        self.select(before)

    def select(self, flow: str) -> None:
        """Puts the cursor on a flow, and tells nobody."""
        place = next((place for place, row in enumerate(self.rows) if row.flow == flow), self.cursor)
        if place != self.cursor:
            self.cursor = place
            self.refresh()
        self.show(place)

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        return [(f"   {fit('FLOW', self._name_width)}  {self._axis}", "dim")]

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        row = self.rows[index]
        chosen = index == self.cursor
        return [
            (self.marks.cursor if chosen else " ", "strong"),
            row.shape,
            (f" {fit(row.flow, self._name_width, self.marks.ellipsis)}  ", "strong" if chosen else ""),
            *row.cells,
        ]
