"""The table of alerts."""

import time
from collections.abc import Hashable, Sequence

from rich.cells import cell_len

from tui_flow.store.records import Alert
from tui_flow.tui.presentation import alert_list, times
from tui_flow.tui.widgets.marking import MarkableLines
from tui_flow.tui.widgets.paint import AnySpan, fit, fit_line

_ROOMY = 100
"""Cells of a pane that has room for seconds."""


class AlertTable(MarkableLines):
    """One row an alert; what is new comes in on top, and nothing else moves until `g`."""

    HEADER_LINES = 1

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.rows: list[Alert] = []
        self._order: list[int] = []
        self._urgent: Sequence[Alert] = ()
        """The same in order of urgency."""

    @property
    def selected(self) -> Alert | None:
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def row_at(self, index: int) -> tuple[Hashable, Alert]:
        return self.rows[index].id, self.rows[index]

    def set_rows(self, rows: Sequence[Alert], *, sort: bool = False) -> None:
        """Takes rows in order of urgency. The cursor stays with its alert."""
        before, self._urgent = self.selected, rows
        self.rows = list(rows) if sort else alert_list.keep_order(rows, self._order)
        self._order = [alert.id for alert in self.rows]
        if before is not None and before.id in self._order and not sort:
            place = self._order.index(before.id)
            self.first = max(0, self.first + place - self.cursor)
            self.cursor = place
        elif sort:
            self.cursor = self.first = 0
        self.set_count(len(self.rows))

    def action_top(self) -> None:
        self.set_rows(self._urgent, sort=True)
        self.post_message(self.Moved(self))

    def _widths(self, width: int) -> tuple[int, int, int, int]:
        """Of time, count, flow and place; what happened has the rest."""
        flow = max((cell_len(alert.flow or "-") for alert in self.rows), default=4)
        place = max((cell_len(alert.place) for alert in self.rows), default=5)
        times = max((len(str(alert.times)) for alert in self.rows), default=1)
        most = 24 if width >= _ROOMY else width // 6
        return 8 if width >= _ROOMY else 6, times, max(4, min(flow, most)), max(5, min(place, most))

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        last, times, flow, place = self._widths(width)
        return [
            (
                f"    {fit('LAST', last)} {'N':>{times}}  {fit('FLOW', flow)}  {fit('WHERE', place)}  WHAT",
                "dim",
            )
        ]

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        alert, now, marks = self.rows[index], time.time(), self.marks
        last, times, flow, place = self._widths(width)
        chosen = index == self.cursor
        said, role = alert_list.note(alert, now)
        is_new = said == "new"
        glyph, look = alert_list.shape(alert, marks)
        room = width - 4 - last - 1 - times - 2 - flow - 2 - place - 2
        what = [(f"{marks.bullet} ", "bad")] if is_new else [(f"({said}) ", role)]
        return [
            *self.lead(index),
            (f"{glyph} ", look),
            (fit(_last(alert.last_at, now, last), last, marks.ellipsis), "dim"),
            (f" {alert.times:>{times}}  ", "dim"),
            (fit(alert.flow or "-", flow, marks.ellipsis), "strong" if chosen else ""),
            ("  ", ""),
            (fit(alert.place, place, marks.ellipsis), "" if is_new else "dim"),
            ("  ", ""),
            *fit_line([*what, (alert.what, "" if is_new else "dim")], max(1, room), marks.ellipsis),
        ]


def _last(at: float, now: float, width: int) -> str:
    """The time of day, else the day."""
    here, today = times.local(at), times.local(now)
    if here.date() != today.date():
        return f"{here:%d %b}"
    return f"{here:%H:%M:%S}" if width >= 8 else f"{here:%H:%M}"
