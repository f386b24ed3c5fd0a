"""A month to take a day from."""

from datetime import date
from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui_flow.tui.presentation import calendar
from tui_flow.tui.presentation.calendar import Day
from tui_flow.tui.widgets.framed import Dialog
from tui_flow.tui.widgets.month_grid import MonthGrid
from tui_flow.tui.widgets.paint import paint_of


class DayScreen(ModalScreen[date]):
    """Gives the day that was chosen; None where somebody leaves."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [
        ("escape,q,f5", "dismiss", ""),
        ("enter", "take", ""),
        ("right,l", "move(1)", ""),
        ("left,h", "move(-1)", ""),
        ("comma", "move_months(-1)", ""),
        ("full_stop", "move_months(1)", ""),
    ]

    def __init__(self, day: date, today: date) -> None:
        super().__init__()
        self._today = today
        self.month = MonthGrid(id="day")
        self.month.day = day

    def compose(self) -> ComposeResult:
        with Dialog("day"):
            yield self.month

    def on_mount(self) -> None:
        self.month.focus()
        self._show()

    def _show(self) -> None:
        day = self.month.day
        if self.month.selected is None:
            self.month.show_days([Day(one, 0.0, 0.0, {}) for one in calendar.days_of(day)], [])
        ahead = (day - self._today).days
        when = "today" if not ahead else f"in {ahead:,}d" if ahead > 0 else f"{-ahead:,}d ago"
        enter = paint_of(self).marks.enter
        self.query_one(Dialog).set_title(
            f"{day:%a} {day.day} {day:%B %Y}, {when}", f", . month  {enter} takes it"
        )

    def on_lines_moved(self) -> None:
        self._show()

    def on_lines_opened(self) -> None:
        self.action_take()

    def action_take(self) -> None:
        self.dismiss(self.month.day)

    def action_move(self, days: int) -> None:
        self.month.move_days(days)

    def action_move_months(self, months: int) -> None:
        self.month.move_months(months)
