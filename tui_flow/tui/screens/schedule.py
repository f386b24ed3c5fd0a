"""The Schedule view: what fires when, what did not, and how full the hours of the day to come are."""

import asyncio
import time
from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual.widget import Widget

from tui_flow.contract.errors import HistoryError
from tui_flow.contract.schedules import TIMED
from tui_flow.contract.states import ScheduleState
from tui_flow.counting import counted
from tui_flow.store.records import Schedule
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import (
    Line,
    agenda,
    clock_changes,
    filters,
    fires,
    hourly,
    schedule_about,
    times,
)
from tui_flow.tui.presentation.agenda import Row
from tui_flow.tui.presentation.fires import EMPTY
from tui_flow.tui.presentation.hourly import Hour
from tui_flow.tui.screens import schedule_marks, timetable
from tui_flow.tui.screens.backfill import Backfilling
from tui_flow.tui.screens.emptiness import why_empty
from tui_flow.tui.screens.marking import OF_ROWS, Marking
from tui_flow.tui.screens.month import Monthly
from tui_flow.tui.screens.schedule_actions import ScheduleActions
from tui_flow.tui.screens.section import Section
from tui_flow.tui.screens.timelined import Timelined
from tui_flow.tui.screens.timetable import Span, Timetable
from tui_flow.tui.widgets.agenda_table import AgendaTable
from tui_flow.tui.widgets.lines import Lines, TextLines

PAUSE_SECONDS = 1.0
"""Between two readings at most: with a thousand schedules one costs some ten milliseconds."""
_OF_A_ROW = {"run", "pause", "skip", "backfill", "edit", "copy", "diff", "code", "pager"}
REST = 10
"""After a reading it rests so many times as long as that took, so that what a key did is seen at once."""


class ScheduleSection(ScheduleActions, Timelined, Monthly, Backfilling, Marking, Section):
    """The agenda, and below it the hours and what there is to say about the schedule under the cursor, or the month."""

    table: AgendaTable
    PLACE = "schedule"
    WORDS = agenda.WORDS
    PROMPT = "etl  03:  /regex/  flow:etl_*  -tag:core  is:late  is:paused"
    BINDINGS: ClassVar = [*bindings("rows"), *bindings("schedule")]
    ON_MARKS = ("pause", "skip")
    ZONES: ClassVar = tuple(times.ZONES)

    def __init__(self) -> None:
        super().__init__()
        self.table = AgendaTable(id="agenda")
        self.about = TextLines(id="about-schedule")
        self.about.add_class("about", update=False)
        self.reading = EMPTY
        self._filter, self._wrong = filters.Filter(), ""
        self.day: Span | None = None
        """The day to come that the agenda is about; None is from now on."""
        self._rows: list[Row] = []
        self._hour: int | None = None
        """The hour that was chosen, from this one on; None is that of the row under the cursor."""
        self._timetable = Timetable()
        self._stale = self._is_reading = False

    def panes(self) -> Iterable[Widget]:
        yield self.table
        yield self.month
        yield self.about
        yield self.timeline

    def on_resize(self) -> None:
        self.lay_out()
        self.take_overview()

    # Reading.

    def take_overview(self) -> None:
        self._stale = True
        if not self._is_reading and self.console.has_overview:
            self._is_reading = True
            self.run_worker(self._read_while_stale(), group="agenda")

    async def _read_while_stale(self) -> None:
        try:
            while self._stale:
                self._stale = False
                began = time.monotonic()
                try:
                    await self._read()
                except HistoryError as error:
                    self.could_not_read(error)
                await asyncio.sleep(min(PAUSE_SECONDS, REST * (time.monotonic() - began)))
        finally:
            self._is_reading = False

    async def _read(self) -> None:
        now, day = time.time(), self.day
        there = [one for one in self.console.overview.schedules if one.state is not ScheduleState.GONE]
        reading = await self.console.bridge.read(
            partial(timetable.read, wanted=there, timetable=self._timetable, now=now, day=day)
        )
        if day != self.day:
            self._stale = True
            return
        self.reading = reading
        self._show()
        await self.read_timeline(now, anew=False)
        await self.read_month(now)

    def show_day(self, day: Span | None) -> None:
        """The agenda is about a day to come, or again about what comes from now on."""
        self.day, self._hour = day, None
        self.read_later("day", self._read)

    def tick_minute(self) -> None:
        if self.day is not None and self.day.end <= time.time():
            self.day = None
        self.take_overview()

    def _show(self) -> None:
        slots = self.console.settings.max_concurrent_runs
        rows_of = agenda.rows_of if self.day is None else agenda.rows_of_day
        self._rows = rows_of(self.reading, self.console.overview, slots)
        self._show_rows()

    def _show_rows(self) -> None:
        now, tags = time.time(), {flow.name: flow.tags for flow in self.console.overview.flows}
        rows = agenda.matching(self._rows, self._filter, tags, now) if self._filter else self._rows
        self._renew_marks()
        self.table.engine = "" if self.console.has_engine else self.console.engine
        self.table.usual = fires.usual_by_flow(self.console.overview.runs)
        is_any = not self._wrong and any(row.schedule for row in rows)
        self.table.set_rows(rows if is_any else [], now)
        self._describe()

    def set_filter(self, text: str) -> None:
        self.text = text.strip()
        self._filter, self._wrong = filters.read(self.text, self.WORDS)
        self._show_rows()
        self.show_timeline()
        self._show_days(self.month.days, time.time())

    def go_to_filtered(self) -> None:
        if not (self.month.has_focus or self.timeline.has_focus):  # they show what was filtered, too
            super().go_to_filtered()

    def _renew_marks(self) -> None:
        marked = schedule_marks.followed(self.table.marked, self._rows)
        if marked != self.table.marked:
            self.table.set_marks(marked)

    # What is said.

    @property
    def awake(self) -> list[Schedule]:
        """The schedules that nobody has paused."""
        overview = self.console.overview
        return [
            one
            for one in overview.schedules
            if one.id in self.reading.coming and fires.pause_of(one, overview.pauses) is None
        ]

    def _describe(self) -> None:
        now, awake = self.reading.at, self.awake
        zone = "each in its own zone" if times.are_own() else f"zone {times.zone_name(now or time.time())}"
        order = f"only: {self.text}  {zone}" if self.text else zone
        title = "Next 24h" if self.day is None else f"{times.local(self.day.start):%a %d %b}"
        end = float("inf") if self.day else now + fires.DAY + fires.INSTANT
        counts = agenda.count_text(self.table.rows, self._rows, end)
        if self._wrong:
            counts, order = "", "this is no filter"
        self.table.set_title(f"{title}: {counts}".rstrip(": "), f"{order}  {self.table.place}".strip())
        if not any(row.schedule for row in self._rows):
            nothing = ("Nothing here yet", _NOTHING if self.day is None else [_NO_FIRE])
            self._say_nothing(*(why_empty(self.console) or nothing))
        elif self.table.selected is None:
            self._say_nothing("This is no filter" if self._wrong else "Nothing matches", [self.why_none()])
        else:
            self._tell(self.table.selected, hourly.hours(self.reading, awake) if now else [])
        self.update_footer()

    def why_none(self) -> Line:
        """Why the filter lets nothing through."""
        if self._wrong:
            return [(self._wrong, "bad")]
        flows = (one.flow for one in self.console.overview.schedules)
        if unknown := filters.why_nothing(self._filter, flows):
            return [(f"{unknown}. ", ""), ("Esc", "key"), (" shows all.", "dim")]
        return [
            ("No schedule has ", ""),
            (self.text, "strong"),
            (". ", ""),
            ("Esc", "key"),
            (" shows all.", "dim"),
        ]

    def _say_nothing(self, title: str, lines: list[Line]) -> None:
        self.about.set_title(title)
        self.about.set_lines(lines)

    def _tell(self, row: Row, hours: list[Hour]) -> None:
        schedule, overview = row.schedule, self.console.overview
        if schedule is None:
            return
        most, when = hourly.peak(self.reading, self.awake, overview)
        slots = self.console.settings.max_concurrent_runs
        told = counted(slots, "slot")
        busy = f"peak {most} of {told} at {times.hour_minute(when)}" if most else told
        self.about.set_title("Flows that fire, by the hour", busy)
        width = self.about.size.width or self.app.size.width - 2
        marks = self.console.paint.marks
        lines = schedule_about.hour_lines(hours, self._chosen_hour(row, hours), width, marks)
        if row.kind == "once":
            lines += [
                [
                    (f"{row.note}: ", ""),
                    ("Enter", "key"),
                    (" shows it, ", "dim"),
                    ("x", "key"),
                    (" takes it back", "dim"),
                ]
            ]
        else:
            lines += schedule_about.lines(schedule, row, self.reading, overview)
        if not self.has_timeline and (change := self.change_text(schedule.id)):
            lines.append([(f" {change}", "dim")])
        self.about.set_lines(lines, keep=True)

    def change_text(self, own: int = 0) -> str:
        """What the next clock change does, first to the schedule of this id."""
        change = self._timetable.change
        return clock_changes.sentence(change, self.console.paint.marks.to, own) if change else ""

    def _chosen_hour(self, row: Row, hours: list[Hour]) -> int | None:
        if self._hour is not None:
            return min(self._hour, len(hours) - 1)
        if row.at is None or not hours:
            return None
        place = int((row.at - hours[0].start) // 3600)
        return place if 0 <= place < len(hours) else None

    def name_of(self, row: Row) -> str:
        return schedule_marks.name_of(row)

    def action_sort(self) -> None:
        self.say("what fires stands in the order of time")

    def flow_in_hand(self) -> str:
        row = self.table.selected
        return row.schedule.flow if row is not None and row.schedule is not None else ""

    def useless(self) -> set[str]:
        row, found = self.table.selected, self.useless_in_month() | self.useless_in_timeline() | {"sort"}
        schedule = row.schedule if row else None
        if row is None or schedule is None:
            return found | _OF_A_ROW | OF_ROWS | self._useless_hours()
        if row.kind != "once" and schedule_marks.is_skipped(row) is None:
            found.add("skip")
        if row.kind == "once":
            found |= {"pause", "backfill"}
        if schedule.kind not in TIMED:
            found.add("backfill")
        run, _ = self.told_run()
        if run is None:
            found |= {"diff"} if self.month.has_focus else {"open", "diff"}
        if run is None or run.started_at is None:
            found |= {"code", "pager"}
        if self._flow_of(schedule) is None:
            found |= {"run", "edit"}
        return found - set(self.ON_MARKS) if self.table.marked else found

    def _useless_hours(self) -> set[str]:
        if self.month.has_focus:
            return set()
        return {"open"} if self.pans else {"open", "later", "earlier"}

    # Keys.

    def on_lines_moved(self, event: Lines.Moved) -> None:
        if event.lines is self.table:
            self._hour = None
            self._describe()
            self.choose_lane()
        elif event.lines is self.month:
            self.month_moved()
        elif event.lines is self.timeline:
            self.lane_moved()

    def on_descendant_focus(self) -> None:
        self.update_footer()

    def go_back(self) -> bool:
        if self._hour is not None:
            self._hour = None
            self._describe()
            return True
        if super().go_back():
            return True
        if self.day is not None:
            self.show_day(None)
            if self.has_month:
                self.month.focus()
            return True
        return self.leave_month() or self.leave_timeline()

    def action_open(self) -> None:
        if self.month.has_focus:
            self.open_day()
        else:
            self.open_row()

    def action_later(self) -> None:
        self._sideways(1)

    def action_earlier(self) -> None:
        self._sideways(-1)

    @property
    def pans(self) -> bool:
        """Whether what goes sideways is the timeline: from every pane but those that do so themselves."""
        return self.has_timeline and not (self.month.has_focus or self.about.has_focus)

    def labels(self) -> dict[str, str]:
        row, sideways = self.table.selected, "day" if self.month.has_focus else "pan" if self.pans else ""
        once = row is not None and row.kind == "once" and not self.table.marked
        return {**({"later": sideways} if sideways else {}), **({"skip": "cancel…"} if once else {})}

    def _sideways(self, step: int) -> None:
        """A day in the month, another part of the timeline where there is one, or an hour on."""
        if self.month.has_focus:
            self.month.move_days(step)
        elif self.pans:
            self.pan(step)
        else:
            self._choose_hour(step)

    def _choose_hour(self, step: int) -> None:
        """What fires in another hour of the day to come; the cursor stays where it is."""
        row, count = self.table.selected, 24
        if row is not None:
            hours = hourly.hours(self.reading, self.awake, count)
            before = self._chosen_hour(row, hours)
            self._hour = max(0, min(0 if before is None else before + step, count - 1))
            self._describe()


_NOTHING: list[Line] = [
    [("No flow runs by itself yet. A schedule stands in the flow file, beside the flow:", "")],
    [],
    [("  from tui_flow import Cron, flow", "live")],
    [('  @flow(schedule=Cron("0 3 * * *", timezone="Europe/Paris"))', "live")],
]
_NO_FIRE: Line = [
    ("Nothing fires on this day. ", ""),
    ("Esc", "key"),
    (" shows what comes from now on.", "dim"),
]
