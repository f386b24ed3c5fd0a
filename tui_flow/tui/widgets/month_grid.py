"""A month, a week to a row, with one day under the cursor, and beside or below it what there is to say about that day."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta

from textual import events

from tui_flow.tui.presentation import Line, calendar
from tui_flow.tui.presentation.calendar import Day
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan, fit, fit_line

_NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_CELL, _NARROW = 7, 5
_BESIDE = 24
"""Cells that a summary beside the weeks needs."""


class MonthGrid(Lines):
    """The cursor goes by days; one that leaves the month is told by `Moved`, and whoever hears it shows that month."""

    HEADER_LINES = 1

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.day = date.min
        self.days: list[Day] = []
        self._weeks: list[list[Day | None]] = []
        self._summary: list[Line] = []

    @property
    def selected(self) -> Day | None:
        return next((day for day in self.days if day.date == self.day), None)

    def show_days(self, days: list[Day], summary: list[Line]) -> None:
        self.days, self._summary = days, summary
        self._weeks = calendar.weeks(days)
        self._lay_out()

    def on_resize(self) -> None:
        super().on_resize()
        self._lay_out()

    def _lay_out(self) -> None:
        below = 0 if self._is_beside else len(self._summary) + 1
        self.cursor = next((place for place, week in enumerate(self._weeks) if self.selected in week), 0)
        self.set_count(max(len(self._weeks) + below, len(self._summary) - 1 if self._is_beside else 0))
        self.show(self.cursor)

    @property
    def _is_beside(self) -> bool:
        """Whether the summary stands on the right of the weeks: where there is room, or none below."""
        return self.size.width >= 7 * _CELL + _BESIDE or self.size.height < 10

    @property
    def _cell(self) -> int:
        room = self.size.width - (_BESIDE if self._is_beside else 0)
        return _CELL if room >= 7 * _CELL else _NARROW

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        names = "".join(fit(f" {name}", self._cell) for name in _NAMES)
        return [(names, "dim"), *self._side(0)]

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        if index >= len(self._weeks):
            if self._is_beside:
                return [(" " * 7 * self._cell, ""), *self._side(index + 1)]
            place = index - len(self._weeks) - 1
            return [(" ", ""), *self._summary[place]] if place >= 0 else ()
        week = [span for day in self._weeks[index] for span in self._spans_of(day)]
        return [*week, *self._side(index + 1)]

    def _side(self, place: int) -> Sequence[AnySpan]:
        if not self._is_beside or place >= len(self._summary):
            return ()
        return [("  ", ""), *self._summary[place]]

    def _spans_of(self, day: Day | None) -> Sequence[AnySpan]:
        if day is None:
            return [(" " * self._cell, "")]
        is_chosen = day.date == self.day
        text, role = calendar.cell(day, self.marks, self._cell - 3)
        base = self.paint.style("cursor" if self.has_focus else "cursor-blurred") if is_chosen else None
        spans: list[AnySpan] = [
            (self.marks.cursor if is_chosen else " ", "strong"),
            (f"{day.date.day:>2}", "strong" if is_chosen else ""),
            *fit_line([(text, role)], self._cell - 3, self.marks.ellipsis),
        ]
        return spans if base is None else [(text, self._styled(role) + base) for text, role in spans]

    def _styled(self, role: object):  # type: ignore[no-untyped-def]
        return self.paint.style(role) if isinstance(role, str) else role

    @property
    def cursor_style(self):  # type: ignore[no-untyped-def]
        return self.paint.style("")  # the cursor is a day, and no line

    def go_to(self, day: date) -> None:
        """Puts the cursor on a day, in whichever month."""
        if day != self.day:
            self.day = day
            self._lay_out()
            self.post_message(self.Moved(self))

    def move_days(self, days: int) -> None:
        with suppress(OverflowError):  # the calendar ends with the year 9999
            self.go_to(self.day + timedelta(days=days))

    def move_months(self, months: int) -> None:
        with suppress(ValueError):
            self.go_to(calendar.same_day(self.day, months))

    def action_cursor_down(self) -> None:
        self.move_days(7)

    def action_cursor_up(self) -> None:
        self.move_days(-7)

    def action_top(self) -> None:
        self.go_to(self.day.replace(day=1))

    def action_end(self) -> None:
        self.go_to(calendar.days_of(self.day)[-1])

    def action_page_down(self) -> None:
        self.move_months(1)

    def action_page_up(self) -> None:
        self.move_months(-1)

    def action_half_down(self) -> None:
        self.move_days(14)

    def action_half_up(self) -> None:
        self.move_days(-14)

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        week = self.first + at.y - self.HEADER_LINES if at else -1
        if at is None or not 0 <= week < len(self._weeks) or at.x >= 7 * self._cell:
            return
        day = self._weeks[week][at.x // self._cell]
        if day is not None:
            again = day.date == self.day and event.chain > 1
            self.go_to(day.date)
            if again:
                self.post_message(self.Opened())
