"""The table of what fires when."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from tui_flow.store.records import Schedule
from tui_flow.tui.presentation import fires, times
from tui_flow.tui.presentation.agenda import Row
from tui_flow.tui.widgets.marking import MarkableLines
from tui_flow.tui.widgets.paint import AnySpan, fit

_SHAPES = {"missed": "?", "late": "?", "skipped": "skipped", "skip": "skipped", "paused": "paused"}
"""What stands in front of a row: a character, or the state whose shape it has."""
_ROLES = {"missed": "warn", "late": "bad", "skipped": "dim", "skip": "warn", "paused": "dim"}
_WHEN, _WHEN_THERE, _IN = 8, 14, 7
"""Cells of a time, of one in a zone of its own ("Fri 03:00 CEST"), and of how long it is until then."""
_ROOMY = 70
"""Cells of a pane that has room for when a schedule fires; below them the lower pane says it."""
_NOTE = 37
"""Cells of a note that no column is to take away."""


class _Column(NamedTuple):
    """What is said of each schedule, in so many cells."""

    name: str
    text: Callable[[Schedule], str]
    role: str
    width: int

    def fitted(self, schedules: Sequence[Schedule]) -> "_Column":
        """As wide as its longest text, within its own width."""
        longest = max((cell_len(self.text(one)) for one in schedules), default=0)
        return self._replace(width=max(len(self.name), min(longest, self.width)))


class AgendaTable(MarkableLines):
    """One row a fire time; the cursor passes over the lines that divide."""

    HEADER_LINES = 1

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.rows: list[Row] = []
        self.now = 0.0
        self._made: tuple[int, Sequence[_Column]] = (0, ())
        self.usual: Mapping[str, float] = {}
        """How long the runs of each flow take, in the median."""
        self.engine = ""
        """ "stopped" or "gone" where none is there that anything could fire by."""

    @property
    def selected(self) -> Row | None:
        row = self.rows[self.cursor] if self.cursor < len(self.rows) else None
        return row if row is not None and row.schedule is not None else None

    def row_at(self, index: int) -> tuple[Hashable, Row] | None:
        row = self.rows[index]
        return None if row.schedule is None else (row.mark, row)

    def set_rows(self, rows: list[Row], now: float) -> None:
        """Takes rows in their order; the cursor stays with the fire time that it is on, or goes to the next one."""
        before = self.rows[self.cursor] if self.cursor < len(self.rows) else None
        self.rows, self.now, self._made = rows, now, (0, ())
        self.cursor = self._place_of(before)
        self.set_count(len(rows))
        self.show(self.cursor)

    def choose_flow(self, flow: str) -> None:
        """Puts the cursor on the next fire of a flow, or on what else there is of it."""
        places = [place for place, row in enumerate(self.rows) if row.schedule and row.schedule.flow == flow]
        there = [place for place in places if self.rows[place].kind == "fire"] or places
        if there:
            self.move(there[0])

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

    def _columns(self, width: int) -> Sequence[_Column]:
        """Those that there is room for; the note has the rest. Made once for these rows: all of them have a say."""
        if self._made[0] != width:
            self._made = (width, self._make_columns(width))
        return self._made[1]

    def _make_columns(self, width: int) -> Sequence[_Column]:
        """As many as leave room for the longest note, or a good part of it."""
        flow = _Column("FLOW", lambda one: one.flow, "", max(8, min(20, width // 4)))
        if width < _ROOMY:
            return [flow.fitted(self._schedules)]
        expect = _Column("EXPECT", self._usual, "dim", 8)
        zone = _Column("ZONE", fires.zone_of, "dim", 18)
        short = _Column("SCHEDULE", fires.short_words, "dim", min(34, width // 4))
        plain = _Column("SCHEDULE", fires.words_without_zone, "dim", 24)
        note = min(_NOTE, max((cell_len(row.note) + 6 for row in self.rows), default=0))
        columns: list[_Column] = []
        for wanted in ([flow, plain, zone, expect], [flow, short, expect], [flow, short]):
            columns = [column.fitted(self._schedules) for column in wanted]
            if 4 + self._when + 1 + _IN + 2 + sum(column.width + 2 for column in columns) + note <= width:
                break
        return columns

    def _usual(self, schedule: Schedule) -> str:
        usual = self.usual.get(schedule.flow)
        return "" if usual is None else times.duration(usual)

    @property
    def _schedules(self) -> list[Schedule]:
        return [row.schedule for row in self.rows if row.schedule is not None]

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        names = "  ".join(fit(column.name, column.width) for column in self._columns(width))
        return [(f"    {fit('WHEN', self._when)} {fit('IN', _IN)}  {names}  NOTE", "dim")]

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        row = self.rows[index]
        if row.schedule is None:
            return self._divider(row, width)
        chosen, marks = index == self.cursor, self.marks
        shape = _SHAPES.get(row.kind, " ")
        shape = marks.glyph(shape) if len(shape) > 1 else shape
        when, rest = self._times(row)
        cells: list[AnySpan] = []
        for column in self._columns(width):
            role = "strong" if chosen and column.name == "FLOW" else column.role
            cells += [(fit(column.text(row.schedule), column.width, marks.ellipsis), role), ("  ", "")]
        return [
            *self.lead(index),
            (f"{shape} ", _ROLES.get(row.kind, "")),
            (fit(when, self._when, marks.ellipsis), "" if row.kind in ("fire", "late") else "dim"),
            (" ", ""),
            (fit(rest, _IN, marks.ellipsis), "bad" if row.kind == "late" else "dim"),
            ("  ", ""),
            *cells,
            (f"x{row.total:,} " if row.total > 1 else "", "dim"),
            (row.note, row.role),
        ]

    @property
    def _when(self) -> int:
        return _WHEN_THERE if times.are_own() else _WHEN

    def _times(self, row: Row) -> tuple[str, str]:
        if row.at is None:
            return row.kind, ""
        when = _clock(row.schedule, row.at)
        if row.kind == "late":
            return when, f"LATE {times.until(self.now - row.at)}"
        if self.engine and row.at > self.now:
            return when, "-"
        sign = "" if row.at > self.now else "-"
        return when, sign + times.until(abs(row.at - self.now))

    def _divider(self, row: Row, width: int) -> Sequence[AnySpan]:
        here, zone = times.local(row.at or 0.0), f" {times.zone_name(self.now)}" if times.are_own() else ""
        line = "-" if self.marks.ascii else "─"
        fires = f"{line * 2} engine {self.engine}: nothing fires until it runs " if self.engine else ""
        text = (
            f" now {times.local(self.now):%H:%M}{zone} {fires}"
            if row.kind == "now"
            else f" {here:%a} {here.day} {here:%b} "
        )
        return [
            (
                f"{line * 2}{text}{line * max(0, width - 2 - len(text))}",
                "live" if row.kind == "now" else "dim",
            )
        ]


def _clock(schedule: Schedule | None, at: float) -> str:
    """The time of day; in a zone of its own with the zone's name, and the day where that is another there."""
    here = times.wall(at, fires.zone_of(schedule) if schedule else "")
    clock = f"{here:%H:%M:%S}" if here.second else f"{here:%H:%M}"
    if not times.are_own():
        return clock
    is_same_day = here.date() == times.local(at).date()
    return f"{clock} {here:%Z}" if is_same_day else f"{here:%a %H:%M %Z}"
