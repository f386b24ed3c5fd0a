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
_WIDE = 136
"""And for all columns."""
_STATE, _FIRST, _RUNS, _HEARD = 9, 6, 16, 22


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

    @property
    def is_out_of_order(self) -> bool:
        """Whether going to the top would show another order."""
        return [alert.id for alert in self._urgent] != self._order

    def row_at(self, index: int) -> tuple[Hashable, Alert]:
        return self.rows[index].id, self.rows[index]

    def set_rows(self, rows: Sequence[Alert], *, sort: bool = False) -> None:
        """Takes rows in order of urgency. The cursor stays with its alert."""
        before, self._urgent = self.selected, rows
        self.rows = list(rows) if sort else alert_list.keep_order(rows, self._order)
        self._order = [alert.id for alert in self.rows]
        if sort:
            before, self.cursor, self.first = None, 0, 0
        same = (place for place, alert in enumerate(self.rows) if before and alert.id == before.id)
        self.set_count(len(self.rows), next(same, None))

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
        names = f"{fit('FLOW', flow)}  {fit('WHERE', place)}  "
        if width < _WIDE:
            return [(f"    {fit('LAST', last)} {'N':>{times}}  {names}WHAT", "dim")]
        what = fit("WHAT", self._what_width(width))
        head = f"    {fit('STATE', _STATE)}  {fit('FIRST', _FIRST)}  {fit('LAST', last)} {'N':>{times}}  "
        return [(f"{head}{names}{what}  {fit('RUNS', _RUNS)}  WHO / SENT", "dim")]

    def _what_width(self, width: int) -> int:
        last, times, flow, place = self._widths(width)
        others = (
            4 + _STATE + 2 + _FIRST + 2 + last + 1 + times + 2 + flow + 2 + place + 2 + 2 + _RUNS + 2 + _HEARD
        )
        return max(10, width - others)

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        alert, marks = self.rows[index], self.marks
        glyph, look = alert_list.shape(alert, marks)
        lead = [*self.lead(index), (f"{glyph} ", look)]
        if width < _WIDE:
            return [*lead, *self._where(index, width), *self._what(alert, width)]
        return [*lead, *self._wide(index, width)]

    def _where(self, index: int, width: int) -> Sequence[AnySpan]:
        """When it happened last, how often, and where."""
        alert, now, ellipsis = self.rows[index], time.time(), self.marks.ellipsis
        last, times, flow, place = self._widths(width)
        is_new = alert_list.standing(alert, now) == "new"
        return [
            (fit(_last(alert.last_at, now, last), last, ellipsis), "dim"),
            (f" {alert.times:>{times}}  ", "dim"),
            (fit(alert.flow or "-", flow, ellipsis), "strong" if index == self.cursor else ""),
            ("  ", ""),
            (fit(alert.place, place, ellipsis), "" if is_new else "dim"),
            ("  ", ""),
        ]

    def _what(self, alert: Alert, width: int) -> Sequence[AnySpan]:
        """What happened, after what became of it."""
        last, times, flow, place = self._widths(width)
        said, role = alert_list.note(alert, time.time())
        is_new = said == "new"
        room = width - 4 - last - 1 - times - 2 - flow - 2 - place - 2
        what = [(f"{self.marks.bullet} ", "bad")] if is_new else [(f"({said}) ", role)]
        return fit_line([*what, (alert.what, "" if is_new else "dim")], max(1, room), self.marks.ellipsis)

    def _wide(self, index: int, width: int) -> Sequence[AnySpan]:
        """All columns."""
        alert, now, ellipsis = self.rows[index], time.time(), self.marks.ellipsis
        standing = alert_list.standing(alert, now)
        is_new = standing == "new"
        state = f"{self.marks.bullet} new" if is_new else "acked" if standing == "acknowledged" else standing
        heard, role = alert_list.heard(alert, now)
        return [
            (fit(state, _STATE, ellipsis), alert_list.note(alert, now)[1]),
            ("  ", ""),
            (fit(_last(alert.first_at, now, _FIRST), _FIRST, ellipsis), "dim"),
            ("  ", ""),
            *self._where(index, width),
            (fit(alert.what, self._what_width(width), ellipsis), "" if is_new else "dim"),
            ("  ", ""),
            (fit(" ".join(map(str, alert.runs)) or self.marks.dash, _RUNS, ellipsis), "dim"),
            ("  ", ""),
            (heard, role),
        ]


def _last(at: float, now: float, width: int) -> str:
    """The time of day, else the day."""
    here, today = times.local(at), times.local(now)
    if here.date() != today.date():
        return f"{here:%d %b}"
    return f"{here:%H:%M:%S}" if width >= 8 else f"{here:%H:%M}"
