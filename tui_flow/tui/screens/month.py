"""The month in the Schedule view: what became of each day's runs, and how much fires on those to come."""

import time
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tui_flow.store.records import Schedule
from tui_flow.tui.presentation import calendar, times
from tui_flow.tui.presentation.calendar import Day, Expected
from tui_flow.tui.screens.timetable import Span
from tui_flow.tui.widgets.month_grid import MonthGrid

if TYPE_CHECKING:
    from datetime import date

    from tui_flow.tui.presentation.fires import Reading, Skip
    from tui_flow.tui.screens.section import Section
    from tui_flow.tui.widgets.agenda_table import AgendaTable

    _Base = Section
else:
    _Base = object
EXPECTED_SECONDS = 60.0
"""And what fires on its days is worked out again: with a thousand schedules that takes 200 ms."""
FRESH_SECONDS = 5.0
"""A month that has been read is shown for so long, whatever happens: with a million runs in it one takes 50 ms."""


class Monthly(_Base):
    """The part of the Schedule view that has to do with the month."""

    if TYPE_CHECKING:
        table: AgendaTable
        reading: Reading

        @property
        def awake(self) -> list[Schedule]: ...

        def show_day(self, day: Span | None) -> None: ...

    def __init__(self) -> None:
        super().__init__()
        self.month = MonthGrid(id="month")
        self._is_wanted: bool | None = None
        """Whether somebody wants the month; None leaves it to the room that there is."""
        self._read_for: tuple[object, float] = (None, 0.0)
        """Which month was read in which zone, and when."""
        self._expected: tuple[object, float, list[Expected]] = (None, 0.0, [])

    @property
    def has_month(self) -> bool:
        return self.is_roomy if self._is_wanted is None else self._is_wanted

    def lay_out(self) -> None:
        """Puts the month where it belongs: in place of the lower pane, unless there is room for both."""
        self.set_class(self.has_month, "-month")

    # Reading.

    async def read_month(self, now: float, *, anew: bool = False) -> None:
        """The month that the cursor is in, if it is shown."""
        if not self.has_month or not self.reading.at:
            return
        if self.month.day.year == 1:
            self.month.day = times.local(now).date()
        first = calendar.first_of(self.month.day)
        wanted = (first, times.zone_name(now))
        if self._read_for[0] == wanted and 0 <= now - self._read_for[1] < FRESH_SECONDS and not anew:
            return
        self._read_for = (wanted, now)
        skips = self.reading.skips
        says = (wanted, skips, [(one.id, one.spec) for one in self.awake])
        is_known = self._expected[0] == says and 0 <= now - self._expected[1] < EXPECTED_SECONDS
        known = self._expected[2] if is_known else None
        days = await self.console.bridge.read(
            partial(_read, month=first, schedules=self.awake, now=now, skips=skips, known=known)
        )
        if known is None:
            self._expected = (says, now, [day.to_come for day in days])
        if calendar.first_of(self.month.day) == first:
            self._show_days(days, now)

    def _show_days(self, days: list[Day], now: float) -> None:
        marks = self.console.paint.marks
        day = next((day for day in days if day.date == self.month.day), None)
        self.month.show_days(days, calendar.summary(day, now, marks) if day else [])
        whose = ", of all flows" if self.text else ""
        self.month.set_title(f"{self.month.day:%B %Y}{whose}", ", . month  M hides it")
        self.update_footer()

    def month_moved(self) -> None:
        """The cursor is on another day, and perhaps in another month."""
        now = time.time()
        if self.month.selected is not None:
            self._show_days(self.month.days, now)
        else:
            self.read_later("month", self._read_other, now)

    async def _read_other(self, now: float) -> None:
        await self.read_month(now, anew=True)

    # Keys.

    def useless_in_month(self) -> set[str]:
        if self.has_month:
            return set()
        return {"previous_month", "next_month"}

    def action_month(self) -> None:
        self._is_wanted = not self.has_month
        if self.has_month:
            self.lay_out()
            self.month.focus()
            self.read_later("month", self._read_other, time.time())
        else:
            self.table.focus()
            self.lay_out()
        self.update_footer()

    def leave_month(self) -> bool:
        """Back to the agenda. Whether somebody was in the month."""
        if not self.month.has_focus:
            return False
        if self.is_roomy:
            self.table.focus()
        else:
            self.action_month()
        return True

    def action_previous_month(self) -> None:
        self._move_months(-1)

    def action_next_month(self) -> None:
        self._move_months(1)

    def _move_months(self, months: int) -> None:
        if self.has_month:
            self.month.move_months(months)
        else:
            self.say("M shows the month")

    def open_day(self) -> None:
        """The runs of a day that has some, or what fires on one to come."""
        day, now = self.month.selected, time.time()
        if day is None:
            return
        if day.runs:
            self.run_worker(self.home.visit("runs", f"day:{day.date}"), group="open-day")
        elif day.start > now:
            self.show_day(Span(day.start, day.end))
            self.table.focus()
        elif day.end > now:
            self.show_day(None)
            self.table.focus()
        else:
            self.say(f"no run is left of {day.date:%a} {day.date.day} {day.date:%b}")


def _read(
    db: Any,
    month: "date",
    schedules: list[Schedule],
    now: float,
    skips: "frozenset[Skip]",
    known: list[Expected] | None,
) -> list[Day]:
    from tui_flow.store import days

    starts = calendar.midnights(month)
    counts, missed = days.count_by_day(db, starts), days.missed_by_day(db, starts)
    to_come = known or calendar.expected(schedules, starts, now, skips)
    return [
        Day(
            times.local(start).date(),
            start,
            end,
            counts[place],
            to_come[place],
            missed[place],
            days.first_failure(db, start, end) if days.has_failures(counts[place]) else None,
        )
        for place, (start, end) in enumerate(pairwise(starts))
    ]
