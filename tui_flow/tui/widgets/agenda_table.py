"""The table of what fires when."""

from collections.abc import Sequence

from rich.cells import cell_len

from tui_flow.tui.presentation import fires, times
from tui_flow.tui.presentation.agenda import Row
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan, fit

_SHAPES = {"missed": "?", "late": "?", "skipped": "skipped", "skip": "skipped", "paused": "paused"}
"""What stands in front of a row: a character, or the state whose shape it has."""
_ROLES = {"missed": "warn", "late": "bad", "skipped": "dim", "skip": "warn", "paused": "dim"}
_WHEN, _IN = 8, 7
_ROOMY = 70
"""Cells of a pane that has room for when a schedule fires; below them the lower pane says it."""


class AgendaTable(Lines):
    """One row a fire time; the cursor passes over the lines that divide."""

    HEADER_LINES = 1

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.rows: list[Row] = []
        self.now = 0.0

    @property
    def selected(self) -> Row | None:
        row = self.rows[self.cursor] if self.cursor < len(self.rows) else None
        return row if row is not None and row.schedule is not None else None

    def set_rows(self, rows: list[Row], now: float) -> None:
        """Takes rows in their order; the cursor stays with the fire time that it is on, or goes to the next one."""
        before = self.rows[self.cursor] if self.cursor < len(self.rows) else None
        self.rows, self.now = rows, now
        self.cursor = self._place_of(before)
        self.set_count(len(rows))
        self.show(self.cursor)

    def _place_of(self, before: Row | None) -> int:
        places: dict[object, int] = {
            row.key: place for place, row in enumerate(self.rows) if row.schedule is not None
        }
        if before is not None and before.key in places:
            return places[before.key]
        if before is not None and before.schedule is not None:
            same = [
                (row.kind != before.kind, place)
                for place, row in enumerate(self.rows)
                if row.schedule is not None and row.schedule.id == before.schedule.id
            ]
            if same:
                return min(same)[1]
        now = next((place for place, row in enumerate(self.rows) if row.kind == "now"), 0)
        there = [place for place, row in enumerate(self.rows) if row.schedule is not None]
        return next((place for place in there if place > now), there[-1] if there else 0)

    def move(self, index: int) -> None:
        """A divider is passed over, in the direction of the move."""
        step = 1 if index > self.cursor else -1
        index = max(0, min(index, self.count - 1))
        while 0 <= index < self.count and self.rows[index].schedule is None:
            index += step
        if 0 <= index < self.count:
            super().move(index)
            if index and self.rows[index - 1].schedule is None:
                self.show(index - 1)
        else:
            self.show(max(0, min(index, self.count - 1)))

    def refresh_times(self, now: float) -> None:
        self.now = now
        self.refresh()

    def _widths(self, width: int) -> tuple[int, int]:
        """Of flow and schedule."""
        there = [row.schedule for row in self.rows if row.schedule is not None]
        longest = max((cell_len(one.flow) for one in there), default=4)
        most = max((cell_len(fires.short_words(one)) for one in there), default=8) if width >= _ROOMY else 0
        flow = max(8, min(longest, 30 if width >= 120 else 20, width // 4))
        return flow, min(most, 34 if width >= 120 else width // 4)

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        flow, schedule = self._widths(width)
        when = f"{fit('SCHEDULE', schedule)}  " if schedule else ""
        return [(f"    {fit('WHEN', _WHEN)} {fit('IN', _IN)}  {fit('FLOW', flow)}  {when}NOTE", "dim")]

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        row = self.rows[index]
        if row.schedule is None:
            return self._divider(row, width)
        flow, schedule = self._widths(width)
        chosen, marks = index == self.cursor, self.marks
        shape = _SHAPES.get(row.kind, " ")
        shape = marks.glyph(shape) if len(shape) > 1 else shape
        when, rest = self._times(row)
        count = f"x{row.total:,} " if row.total > 1 else ""
        return [
            (marks.cursor if chosen else " ", "strong"),
            (f" {shape} ", _ROLES.get(row.kind, "")),
            (fit(when, _WHEN, marks.ellipsis), "" if row.kind in ("fire", "late") else "dim"),
            (" ", ""),
            (fit(rest, _IN, marks.ellipsis), "bad" if row.kind == "late" else "dim"),
            ("  ", ""),
            (fit(row.schedule.flow, flow, marks.ellipsis), "strong" if chosen else ""),
            ("  ", ""),
            *(
                ((fit(fires.short_words(row.schedule), schedule, marks.ellipsis) + "  ", "dim"),)
                if schedule
                else ()
            ),
            (count, "dim"),
            (row.note, row.role),
        ]

    def _times(self, row: Row) -> tuple[str, str]:
        if row.at is None:
            return row.kind, ""
        here = times.local(row.at)
        when = f"{here:%H:%M:%S}" if here.second else f"{here:%H:%M}"
        if row.kind == "late":
            return when, f"LATE {times.until(self.now - row.at)}"
        sign = "" if row.at > self.now else "-"
        return when, sign + times.until(abs(row.at - self.now))

    def _divider(self, row: Row, width: int) -> Sequence[AnySpan]:
        here = times.local(row.at or 0.0)
        line = "-" if self.marks.ascii else "─"
        text = (
            f" now {times.local(self.now):%H:%M} "
            if row.kind == "now"
            else f" {here:%a} {here.day} {here:%b} "
        )
        return [
            (
                f"{line * 2}{text}{line * max(0, width - 2 - len(text))}",
                "live" if row.kind == "now" else "dim",
            )
        ]
