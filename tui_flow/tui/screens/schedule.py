"""The Schedule view: what fires when, what did not, and how full the hours of the day to come are."""

import asyncio
import time
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from textual.widget import Widget

from tui_flow.contract import commands
from tui_flow.contract.errors import HistoryError
from tui_flow.contract.schedules import TIMED
from tui_flow.contract.states import ScheduleState
from tui_flow.store.records import Flow, Schedule
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import Line, agenda, filters, schedule_about, times
from tui_flow.tui.presentation.agenda import EMPTY, Coming, Hour, Row
from tui_flow.tui.screens.backfill import Backfilling
from tui_flow.tui.screens.section import Section
from tui_flow.tui.widgets.agenda_table import AgendaTable
from tui_flow.tui.widgets.lines import Lines, TextLines

PAUSE_SECONDS = 1.0
"""Between two readings: with a thousand schedules one costs some ten milliseconds."""
FRESH_SECONDS = 1800.0
"""Fire times that were worked out are used for so long."""


class Timetable:
    """The fire times to come, worked out once for each schedule as long as it says the same."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, float, Coming]] = {}

    def of(self, schedule: Schedule, now: float) -> Coming:
        says = (schedule.spec, schedule.cursor, schedule.next_at)
        known = self._known.get(schedule.id)
        if (
            known is None
            or known[0] != says
            or not now - FRESH_SECONDS < known[1] <= now
            or _is_over(known[2], now)
        ):
            known = (says, now, agenda.coming(schedule, now))
            self._known[schedule.id] = known
        return known[2]


def _is_over(coming: Coming, now: float) -> bool:
    return bool(coming.times) and coming.times[0] <= now


class ScheduleSection(Backfilling, Section):
    """The agenda, and below it the hours and what there is to say about the schedule under the cursor."""

    PLACE = "schedule"
    PROMPT = "words of a flow, a time such as 03:, a note"
    BINDINGS: ClassVar = bindings("schedule")

    def __init__(self) -> None:
        super().__init__()
        self.table = AgendaTable(id="agenda")
        self.about = TextLines(id="about-schedule")
        self.about.add_class("about")
        self.reading = EMPTY
        self.text = ""
        """The filter."""
        self._rows: list[Row] = []
        self._hour: int | None = None
        """The hour that was chosen, from this one on; None is that of the row under the cursor."""
        self._timetable = Timetable()
        self._stale = self._is_reading = False

    def panes(self) -> Iterable[Widget]:
        yield self.table
        yield self.about

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
                wanted = [
                    one for one in self.console.overview.schedules if one.state is not ScheduleState.GONE
                ]
                self.reading = await self.console.bridge.read(
                    partial(_read, wanted=wanted, timetable=self._timetable, now=time.time())
                )
                self._show()
                await asyncio.sleep(PAUSE_SECONDS)
        except HistoryError as error:
            self.take_trouble(error)
        finally:
            self._is_reading = False

    def tick_minute(self) -> None:
        self.take_overview()

    def _show(self) -> None:
        slots = self.console.settings.max_concurrent_runs
        self._rows = agenda.rows_of(self.reading, self.console.overview, slots)
        self._filter()

    def _filter(self) -> None:
        rows = (
            [row for row in self._rows if row.schedule is None or self._fits(row)]
            if self.text
            else self._rows
        )
        self.table.set_rows(rows if any(row.schedule for row in rows) else [], self.reading.at)
        self._describe()

    def _fits(self, row: Row) -> bool:
        schedule = row.schedule
        if schedule is None:
            return False
        when = f"{times.local(row.at):%a %d %b %H:%M:%S}" if row.at else row.kind
        hay = f"{schedule.flow}/{schedule.slug} {agenda.words(schedule)} {when} {row.kind} {row.note}"
        return all(filters.has_text(hay, word) for word in self.text.split())

    # What is said.

    @property
    def _awake(self) -> list[Schedule]:
        overview = self.console.overview
        return [
            one
            for one in overview.schedules
            if one.id in self.reading.coming and agenda.pause_of(one, overview.pauses) is None
        ]

    def _describe(self) -> None:
        now, awake = self.reading.at, self._awake
        hours = agenda.hours(self.reading, awake) if now else []
        fires, flows = sum(hour.fires for hour in hours), len({one.flow for one in awake})
        zone = f"zone {times.zone_name(now or time.time())}"
        order = f"only: {self.text}  {zone}" if self.text else zone
        self.table.set_title(
            f"Next 24h: {_plural(fires, 'fire')} of {_plural(flows, 'flow')}",
            f"{order}  {self.table.place}".strip(),
        )
        if not self._rows or not any(row.schedule for row in self._rows):
            self.about.set_title("Nothing here yet")
            self.about.set_lines(_NOTHING)
        elif self.table.selected is None:
            self.about.set_title("Nothing matches")
            self.about.set_lines(
                [
                    [
                        ("No schedule has ", ""),
                        (self.text, "strong"),
                        (". ", ""),
                        ("Esc", "key"),
                        (" shows all.", "dim"),
                    ]
                ]
            )
        else:
            self._tell(self.table.selected, hours)
        self.update_footer()

    def _tell(self, row: Row, hours: list[Hour]) -> None:
        schedule, overview = row.schedule, self.console.overview
        if schedule is None:
            return
        most, when = agenda.peak(self.reading, self._awake, overview)
        slots = self.console.settings.max_concurrent_runs
        busy = f"peak {most} of {slots} slots at {times.hour_minute(when)}" if most else f"{slots} slots"
        self.about.set_title("Flows that fire, by the hour", busy)
        width = self.about.size.width or self.app.size.width - 2
        marks = self.console.paint.marks
        lines = schedule_about.hour_lines(hours, self._chosen_hour(row, hours), width, marks)
        lines += schedule_about.lines(schedule, row, self.reading, overview)
        room = (self.about.size.height or 0) - len(lines) - 1
        if room > 2:
            lanes = schedule_about.lane_lines(self._awake, self.reading, overview, width, marks)
            lines += [[], *lanes[:room]]
        self.about.set_lines(lines, keep=True)

    def _chosen_hour(self, row: Row, hours: list[Hour]) -> int | None:
        if self._hour is not None:
            return min(self._hour, len(hours) - 1)
        if row.at is None or not hours:
            return None
        place = int((row.at - hours[0].start) // 3600)
        return place if 0 <= place < len(hours) else None

    @property
    def filter_text(self) -> str:
        return self.text

    def useless(self) -> set[str]:
        row = self.table.selected
        schedule = row.schedule if row else None
        if row is None or schedule is None:
            return {"open", "run", "pause", "skip", "backfill", "edit", "later_hour", "earlier_hour"}
        found = set() if row.kind in ("fire", "skip") else {"skip"}
        if schedule.kind not in TIMED:
            found.add("backfill")
        if not self.console.overview.runs.get(schedule.flow):
            found.add("open")
        if self._flow_of(schedule) is None:
            found |= {"run", "edit"}
        return found

    # Keys.

    def on_lines_moved(self, event: Lines.Moved) -> None:
        if event.lines is self.table:
            self._hour = None
            self.say("")
            self._describe()

    def on_lines_opened(self) -> None:
        self.action_open()

    def go_back(self) -> bool:
        if self._hour is None and not self.text:
            return False
        if self._hour is not None:
            self._hour = None
            self._describe()
            return True
        self.text = ""
        self._filter()
        return True

    def action_filter(self) -> None:
        self.asks_range = False
        self.home.open_prompt(self.text)

    def prompt_changed(self, text: str) -> None:
        if not self.asks_range:
            self.text = text.strip()
            self._filter()

    def prompt_entered(self, text: str) -> None:
        if self.asks_range:
            self.asks_range = False
            self.range_entered(text)

    def action_later_hour(self) -> None:
        self._choose_hour(1)

    def action_earlier_hour(self) -> None:
        self._choose_hour(-1)

    def _choose_hour(self, step: int) -> None:
        """What fires in another hour of the day to come; the cursor stays where it is."""
        row, count = self.table.selected, 24
        if row is not None:
            hours = agenda.hours(self.reading, self._awake, count)
            before = self._chosen_hour(row, hours)
            self._hour = max(0, min(0 if before is None else before + step, count - 1))
            self._describe()

    def _flow_of(self, schedule: Schedule) -> Flow | None:
        return next((flow for flow in self.console.overview.flows if flow.name == schedule.flow), None)

    def action_open(self) -> None:
        row = self.table.selected
        if row is None or row.schedule is None:
            return
        runs = self.console.overview.runs.get(row.schedule.flow, [])
        run_id = row.run_id or (runs[0].id if runs else None)
        if run_id is None:
            self.say(f"{row.schedule.flow} has not run yet; r runs it now")
        else:
            self.console.open_run(run_id)

    def action_run(self) -> None:
        row = self.table.selected
        flow = self._flow_of(row.schedule) if row and row.schedule else None
        if row is None or row.schedule is None:
            return
        if flow is None:
            self.say(f"there is no flow {row.schedule.flow} any more")
        else:
            self.console.run_flow(flow, row.schedule.spec.get("parameters") or {}, ask=False, open_it=False)

    def action_edit(self) -> None:
        row = self.table.selected
        flow = self._flow_of(row.schedule) if row and row.schedule else None
        if flow is not None:
            from pathlib import Path

            self.console.edit(Path(flow.path), flow.line)

    def action_pause(self) -> None:
        """Pauses the schedule, or ends what holds it back: its own pause, or its flow's."""
        row = self.table.selected
        schedule = row.schedule if row else None
        if schedule is None:
            return
        name = f"{schedule.flow}/{schedule.slug}"
        held = {pause.flow for pause in self.console.overview.pauses if pause.resumed_at is None}
        if schedule.state is ScheduleState.PAUSED:
            self.console.pause_or_resume(name, schedule.flow, schedule.slug, resume=True)
        elif schedule.flow in held:
            self.console.pause_or_resume(schedule.flow, schedule.flow, resume=True)
        elif "" in held:
            self.say("all schedules are paused; tui-flow schedule resume --all lets them fire again")
        else:
            self.console.pause_or_resume(name, schedule.flow, schedule.slug, resume=False)

    def action_skip(self) -> None:
        """The fire time under the cursor makes no run, or does after all."""
        row = self.table.selected
        if row is None or row.schedule is None or row.kind not in ("fire", "skip") or row.at is None:
            self.say("only a fire time to come can be skipped; p pauses the schedule")
            return
        flow, slug, at = row.schedule.flow, row.schedule.slug, row.at
        skip, unskip = commands.SkipFireTime(flow, slug, at), commands.UnskipFireTime(flow, slug, at)
        when = f"{times.local(at):%a %H:%M}"
        if row.kind == "fire":
            self.console.do(
                skip, f"{flow} will not run at {when}; u undoes", undo=(f"skip of {flow} at {when}", unskip)
            )
        else:
            self.console.do(
                unskip, f"{flow} runs at {when} after all", undo=(f"that {flow} runs at {when}", skip)
            )


_NOTHING: list[Line] = [
    [("No flow runs by itself yet. A schedule stands in the flow file, beside the flow:", "")],
    [],
    [("  from tui_flow import Cron, flow", "live")],
    [('  @flow(schedule=Cron("0 3 * * *", timezone="Europe/Paris"))', "live")],
]


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _read(db: Any, wanted: list[Schedule], timetable: Timetable, now: float) -> agenda.Reading:
    from tui_flow.store import runs, schedules

    return agenda.Reading(
        schedules.list_unfired(db, now - agenda.DAY),
        runs.list_active(db),
        {one.id: timetable.of(one, now) for one in wanted},
        now,
    )
