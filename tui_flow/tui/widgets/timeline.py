"""The lanes of a timeline under their axis, and below them slots and legend, which do not scroll."""

from collections.abc import Sequence

from textual.strip import Strip

from tui_flow.tui.presentation import Line
from tui_flow.tui.presentation.timeline import LaneRow
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan, fit

LEFT = 5
"""Cells of a line beside the flow's name: cursor, shape, and blanks."""


class Timeline(Lines):
    """One line a flow."""

    HEADER_LINES = 1

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.rows: list[LaneRow] = []
        self._axis = ""
        self._name_width = 4
        self._feet: list[Line] = []

    @property
    def page(self) -> int:
        return max(1, super().page - len(self._shown_feet))

    @property
    def _shown_feet(self) -> list[Line]:
        """As much of what stands below as leaves room for three lanes."""
        return self._feet[: max(0, self.size.height - self.HEADER_LINES - min(3, len(self.rows)))]

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
        self._feet = [[(head, "dim"), *slots], *legend]
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

    def render_line(self, y: int) -> Strip:
        feet = self._shown_feet
        place = y - (self.size.height - len(feet))
        if place < 0:
            return super().render_line(y)
        return self.paint.strip(feet[place], self.size.width, self.rich_style)
