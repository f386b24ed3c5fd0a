"""The Schedule view."""

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import Line
from tui_flow.tui.screens.section import Section
from tui_flow.tui.widgets.lines import TextLines

_LINES: list[Line] = [
    [("Nothing here yet: this view is not part of this version.", "")],
    [],
    [("What failed stands on top of the flows: ", "dim"), ("1", "key"), (" goes there.", "dim")],
    [("All failures, the newest first: ", "dim"), ("2", "key"), (" and then ", "dim"), ("/", "key"), (" is:failed", "live")],
]  # fmt: skip


class ScheduleSection(Section):
    """Says why it is empty, and which keys help."""

    PLACE = "schedule"
    BINDINGS: ClassVar = bindings("schedule")

    def __init__(self) -> None:
        super().__init__()
        self.lines = TextLines(id="schedule")

    def panes(self) -> Iterable[Widget]:
        yield self.lines

    def come_to_front(self) -> None:
        self.lines.set_title("Schedule")
        self.lines.set_lines(_LINES)
