"""The timeline in the Schedule view, where there is room for it: past and future of all flows on one axis."""

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_flow.contract.states import ScheduleState
from tui_flow.store.records import Schedule
from tui_flow.tui.presentation import Line, fires, timeline, timeline_slots, times
from tui_flow.tui.presentation.timeline import SCALES, Facts, Window
from tui_flow.tui.screens.timetable import Span, Timetable
from tui_flow.tui.widgets.timeline import LEFT, Timeline

if TYPE_CHECKING:
    from tui_flow.tui.screens.section import Section
    from tui_flow.tui.widgets.agenda_table import AgendaTable

    _Base = Section
else:
    _Base = object
MOST_FIRES = 3000
"""Fire times that are worked out for all lanes together, at least a few of each; beyond them they are as frequent."""
FEWEST = 20
FRESH_SECONDS = 5.0
"""Runs are read again after so long, at most: 20,000 of them take 50 ms."""


class Timelined(_Base):
    """The part of the Schedule view that has to do with the timeline. One flow is chosen, in it and in the agenda."""

    if TYPE_CHECKING:
        table: AgendaTable

        def change_text(self) -> str: ...

        def why_none(self) -> Line: ...

    def __init__(self) -> None:
        super().__init__()
        self.timeline = Timeline(id="timeline")
        self._scale, self._pan = "24h", 0
        self._facts: Facts | None = None
        self._timetable_of: tuple[Span | None, Timetable] = (None, Timetable())

    @property
    def has_timeline(self) -> bool:
        """Whether there is room for it."""
        return self.screen.has_class("-tall")

    async def read_timeline(self, now: float, *, anew: bool = True) -> None:
        """Runs and fire times of what is in sight, if anything of it is."""
        if not self.has_timeline or not self.timeline.size.width:
            return
        there = self._lanes
        room = self.timeline.size.width - LEFT - timeline.name_width(there)
        window = timeline.window_at(now, self._scale, room, self._pan)
        facts = self._facts
        if facts and facts.window == window and 0 <= now - facts.at < FRESH_SECONDS and not anew:
            return
        span = Span(max(now - now % window.per_cell, window.start), window.end)
        if self._timetable_of[0] != span:
            self._timetable_of = (span, Timetable(max(FEWEST, MOST_FIRES // max(1, len(there)))))
        self._facts = await self.console.bridge.read(
            partial(
                _read, window=window, schedules=there, span=span, timetable=self._timetable_of[1], now=now
            )
        )
        self.show_timeline()

    @property
    def _lanes(self) -> list[Schedule]:
        """The schedules that have a lane: all, or those that the filter lets through."""
        flows = {row.schedule.flow for row in self.table.rows if row.schedule is not None}
        return [
            one
            for one in self.console.overview.schedules
            if one.state is not ScheduleState.GONE and (not self.text or one.flow in flows)
        ]

    def show_timeline(self) -> None:
        facts, marks, overview = self._facts, self.console.paint.marks, self.console.overview
        if facts is None or not self.has_timeline:
            return
        schedules = self._lanes
        slots = self.console.settings.max_concurrent_runs
        self.timeline.show_rows(
            timeline.lanes(schedules, facts, overview, marks),
            timeline.axis_line(facts.window),
            timeline.name_width(schedules),
            timeline_slots.slots_line(schedules, facts, overview, slots, marks),
            timeline.legend(facts, marks, self.change_text())
            if schedules
            else timeline.nothing(self.why_none() if self.text else []),
        )
        scales = " ".join(f"[{one}]" if one == self._scale else one for one in SCALES)
        self.timeline.set_title(
            timeline.title(facts.window, self._pan != 0),
            f"h l pan  + - {scales}  T zone {times.zone_name(facts.at)}  {self.timeline.place}".strip(),
        )
        self.choose_lane()

    def choose_lane(self) -> None:
        """The flow that is chosen in the agenda is chosen in the timeline."""
        row = self.table.selected
        if row is not None and row.schedule is not None and not self.timeline.has_focus:
            self.timeline.select(row.schedule.flow)

    def lane_moved(self) -> None:
        """And the other way round, so that every key is about the flow under the cursor."""
        self.table.choose_flow(self.timeline.selected)

    async def _read_again(self) -> None:
        await self.read_timeline(time.time())

    # Keys.

    def useless_in_timeline(self) -> set[str]:
        first, *_, last = SCALES
        at_end = {"scale_up": first, "scale_down": last}
        return {id for id, scale in at_end.items() if not self.has_timeline or self._scale == scale}

    def pan(self, step: int) -> None:
        self._pan += step
        self.read_later("timeline", self._read_again)

    def leave_timeline(self) -> bool:
        """Back to now, then to the agenda. Whether there was anything to leave."""
        if self._pan and self.has_timeline:
            self.pan(-self._pan)
            return True
        if self.timeline.has_focus:
            self.table.focus()
            return True
        return False

    def action_scale_up(self) -> None:
        self._scale_by(-1)

    def action_scale_down(self) -> None:
        self._scale_by(1)

    def _scale_by(self, step: int) -> None:
        scales = list(SCALES)
        place = scales.index(self._scale) + step
        if not self.has_timeline:
            self.say("the timeline needs a terminal of 36 lines")
        elif 0 <= place < len(scales):
            self._scale, self._pan = scales[place], 0
            self.read_later("timeline", self._read_again)


def _read(
    db: Any, window: Window, schedules: list[Schedule], span: Span, timetable: Timetable, now: float
) -> Facts:
    from tui_flow.store import schedules as store
    from tui_flow.store import spans

    found = spans.of_all(db, window.start, window.end)
    unfired = store.list_unfired(db, window.start)
    skips = fires.skips_of(unfired, now)
    return Facts(
        window,
        found,
        len(found) >= spans.MOST_OF_ALL,
        {one.id: timetable.of(one, now, span, skips) for one in schedules},
        unfired,
        now,
    )
