"""What happened last, in as many columns as there is room for."""

import time
from collections.abc import Sequence

from tui_flow.tui.presentation import Line, activity
from tui_flow.tui.presentation.activity import Event
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan, fit_line

_COLUMN = 60
"""Cells that an event needs to be read."""
_NOTHING: Line = [
    (" Nothing has happened yet. ", "dim"),
    ("r", "key"),
    (" runs the flow under the cursor.", "dim"),
]


class ActivityLines(Lines, can_focus=False):
    """To be looked at only: the newest on top, and further ones in the next column."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._events: Sequence[Event] = ()

    @property
    def _columns(self) -> int:
        return max(1, self.size.width // _COLUMN)

    def set_events(self, events: Sequence[Event]) -> None:
        self._events = events
        self.redraw()

    def spans_below(self, y: int, width: int) -> Sequence[AnySpan]:
        if not self._events:
            return _NOTHING if y == 0 else ()
        now, marks = time.time(), self.marks
        cells = width // self._columns
        return [
            span
            for event in self._events[y :: self.page][: self._columns]
            for span in fit_line(activity.line(event, now, marks), cells, marks.ellipsis)
        ]
