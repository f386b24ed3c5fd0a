"""The table of flows."""

import time
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual.strip import Strip

from tui_flow.contract.states import ACTIVE
from tui_flow.tui.presentation import Line, filters, flow_list, flow_status, text_of
from tui_flow.tui.presentation.filters import Filter
from tui_flow.tui.presentation.flow_list import FlowRow, is_for_later
from tui_flow.tui.widgets.marking import MarkableLines
from tui_flow.tui.widgets.paint import AnySpan, fit, fit_line

_DURATION = 7
_NEXT = 10
_MOST = 7
LONG_STRIP = 30
"""Runs that the strip of a flow shows where there is room."""
_ROOMY = 96
"""Cells of a pane that has room for tags, p95 and people who read heights; below, a shape says more."""
_STATUS = 46
"""No status is longer, and a time that stands far away from it is hard to read."""

_LEAST_STRIP = 7
_CUT_NAME = 20
"""Cells to which a name may be cut for a status."""
_MEASURED = 200
"""So many statuses are looked at for the width of their column."""


class _Columns(NamedTuple):
    """Cells of the columns that are not always as wide; 0 where there is no room for one, or nothing in it."""

    name: int
    tags: int
    strip: int
    status: int
    most: int
    when: int


class FlowTable(MarkableLines):
    """One row a flow. The order changes only when somebody goes to the top, so nothing moves under the cursor."""

    HEADER_LINES = 1

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.rows: list[FlowRow] = []
        self._all: list[FlowRow] = []
        self._order: list[str] = []
        self.filter = ""
        self._parsed = Filter()
        """Only rows that this filter lets through are shown."""
        self.wrong = ""
        """Why the filter is none."""
        self.has_engine = True
        """Whether one is there that flows could fire by."""
        self._has_moved = False
        """Whether the cursor was ever sent anywhere; it stays at the top until then, whatever comes above its row."""
        self._foot: Sequence[Line] = ()
        self._known: dict[int, _Columns] = {}
        """Of these rows, by the width of the pane."""

    def _strip_at(self, y: int) -> Strip:
        """With one style for neighbours that look alike: these rows change each second, perhaps over a slow line."""
        return super()._strip_at(y).simplify()

    @property
    def selected(self) -> FlowRow | None:
        return self.rows[self.cursor] if self.rows else None

    def row_at(self, index: int) -> tuple[Hashable, FlowRow]:
        return self.rows[index].key, self.rows[index]

    @property
    def total(self) -> int:
        """The rows there are without the filter."""
        return len(self._all)

    @property
    def is_out_of_order(self) -> bool:
        """Whether going to the top would show another order."""
        return [row.key for row in self._all] != self._order

    def set_rows(self, rows: list[FlowRow]) -> None:
        """Takes rows in order of urgency; those that were there stay where they were."""
        self._all = rows
        self.renew_marks({row.key: row for row in rows})
        self._show()

    def row_of(self, subject: str) -> FlowRow | None:
        """The row of a flow or of a file, also of one that the filter hides."""
        return next((row for row in self._all if subject in (row.name, row.path)), None)

    def set_filter(self, text: str) -> None:
        """Shows only rows with these words; the cursor goes to one that has them in its name, if there is one."""
        self.filter = text
        self._parsed, self.wrong = filters.read(text, filters.OF_RUNS)
        self._show()
        if self.selected is not None and not flow_list.is_named(self.selected, text):
            named = (index for index, row in enumerate(self.rows) if flow_list.is_named(row, text))
            self.move(next(named, self.cursor))

    def sort(self) -> None:
        """Puts the rows in order of urgency; the cursor stays with its row."""
        self._order = [row.key for row in self._all]
        self._show()

    def _show(self) -> None:
        selected = self.selected.key if self.selected else None
        rows = flow_list.keep_order(self._all, self._order)
        self._order = [row.key for row in rows]
        self.rows = [] if self.wrong else flow_list.matching(rows, self._parsed, time.time())
        self._known.clear()
        keys = [row.key for row in self.rows]
        same = (place for place, key in enumerate(keys) if key == selected and self._has_moved)
        self.set_count(len(keys), next(same, None))

    def move(self, index: int) -> None:
        self._has_moved = True
        super().move(index)

    def action_top(self) -> None:
        self.sort()
        super().action_top()
        self.post_message(self.Moved(self))

    def refresh_live(self) -> None:
        """Draws the rows anew whose time goes on."""
        for index, row in enumerate(self.rows):
            if row.run is not None and row.run.state in ACTIVE and not is_for_later(row.run, time.time()):
                self.refresh_index(index)

    @property
    def shows_heights(self) -> bool:
        """Whether the strips show how long runs took."""
        return self.size.width >= _ROOMY

    def show_below(self, lines: Sequence[Line]) -> None:
        """What stands at the foot of the pane where the rows leave room for it."""
        if list(lines) != list(self._foot):
            self._foot = lines
            self.redraw()

    def spans_below(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        room = self.page - self.count
        place = y - (room - len(self._foot))
        return self._foot[place] if 0 <= place < len(self._foot) < room else ()

    def _columns(self, width: int) -> _Columns:
        if width not in self._known:
            self._known[width] = self._measure(width)
        return self._known[width]

    def _measure(self, width: int) -> _Columns:
        """What remains goes to the strip first (where heights can be read), then to the status, then to nobody. A strip
        has no more room than there are runs, and a long name no more than it must, where a status would be cut."""
        is_roomy = width >= _ROOMY
        when = _NEXT + 2 if width >= 72 and any(row.standing for row in self.rows) else 0
        longest = max((cell_len(row.name) for row in self.rows), default=0)
        tags = max((cell_len(flow_list.tags(row)) for row in self.rows), default=0) if is_roomy else 0
        tags = min(tags, 10) + 2 if tags else 0
        most = _MOST if is_roomy and any(row.spans for row in self.rows) else 0
        strip = flow_list.STRIP if width >= 64 else max(0, flow_list.STRIP - 9)
        rest = width - 5 - strip - 2 - 2 - _DURATION - 1 - when - tags - most
        name, needed = max(8, min(longest, rest - 20, 40)), self._needed_status(says_late=not when)
        most_runs = max((len(row.spans if is_roomy else row.runs) for row in self.rows), default=0)
        if is_roomy:
            longer = min(LONG_STRIP, max(strip, most_runs)) - strip
            longer = max(0, min(longer, rest - name - max(24, min(needed, 30))))
            strip, rest = strip + longer, rest - longer
        if (missing := needed - (rest - name)) > 0:
            blank = max(0, min(missing, strip - max(_LEAST_STRIP, most_runs)))
            strip, rest = strip - blank, rest + blank
            name -= max(0, min(missing - blank, name - _CUT_NAME)) if is_roomy else 0
        return _Columns(name, tags, strip, max(8, min(rest - name, _STATUS)), most, when)

    def _needed_status(self, *, says_late: bool) -> int:
        """Cells with which no status is cut, as far as one may go."""
        now = time.time()
        told = (
            flow_status.told(row, now, _STATUS, self.marks, says_late=says_late)
            for row in self.rows[:_MEASURED]
        )
        return min(_STATUS, 1 + max((cell_len(text_of(line)) for line in told), default=0))

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        name, tags, strip, status, most, when = self._columns(width)
        last = f"LAST {strip}" if strip > 6 else "LAST"
        head = f"     {fit('FLOW', name)}  {fit('TAGS', tags) if tags else ''}{fit(last, strip)}  "
        head += f"{fit('NOW / LAST RUN', status)}{'TIME':>{_DURATION}}"
        head += f"{'P95':>{most}}" if most else ""
        return [(head + ("  NEXT FIRE" if when else ""), "dim")]

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        row, now, marks = self.rows[index], time.time(), self.marks
        name, tags, strip, status, most, when = self._columns(width)
        told = flow_status.told(row, now, status, marks, says_late=not when)
        return [
            *self.lead(index),
            flow_list.state_span(row, now, marks),
            ("  ", ""),
            (fit(row.name, name, marks.ellipsis), "strong" if index == self.cursor else ""),
            ("  ", ""),
            *([(f"{fit(flow_list.tags(row), tags - 2, marks.ellipsis)}  ", "dim")] if tags else []),
            *flow_list.strip(row, marks, strip, heights=width >= _ROOMY),
            ("  ", ""),
            *fit_line(told, status, marks.ellipsis),
            (f"{flow_list.elapsed(row, now, marks):>{_DURATION}}", "dim"),
            *([(f"{flow_list.usual_most(row):>{most}}", "dim")] if most else []),
            *((("  ", ""), flow_list.next_fire(row, now, counts_down=self.has_engine)) if when else ()),
        ]
