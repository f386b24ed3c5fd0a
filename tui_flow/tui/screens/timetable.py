"""Fire times to come, read and worked out in a thread: once for each schedule as long as it says the same."""

from collections.abc import Collection
from typing import Any, NamedTuple

from tui_flow.contract.states import ScheduleState
from tui_flow.store.records import Schedule
from tui_flow.tui.presentation import clock_changes, fires
from tui_flow.tui.presentation.clock_changes import Change
from tui_flow.tui.presentation.fires import Coming, Reading, Skip

FRESH_SECONDS = 1800.0
"""Fire times that were worked out are used for so long."""


class Span(NamedTuple):
    """A day to come, from its first moment to that of the next one."""

    start: float
    end: float


class Timetable:
    """The fire times of all schedules: those from now on, and those of one day to come."""

    def __init__(self, most: int = fires.MOST) -> None:
        """`most` fire times of each schedule are worked out."""
        self._most = most
        self.change: Change | None = None
        """What the next clock change does to them, as of the last reading."""
        self._change_of: object = None
        self._known: dict[tuple[int, Span | None], tuple[object, float, Coming]] = {}

    def of(
        self, schedule: Schedule, now: float, day: Span | None = None, skips: Collection[Skip] = ()
    ) -> Coming:
        skipped = [skip for skip in skips if skip[0] == schedule.id]
        says = (schedule.spec, schedule.cursor, schedule.next_at, skipped)
        known = self._known.get((schedule.id, day))
        if (
            known is None
            or known[0] != says
            or not now - FRESH_SECONDS < known[1] <= now
            or (day is None and _is_over(known[2], now))
        ):
            found = (
                fires.coming(schedule, now, skipped)
                if day is None
                else fires.between(schedule, day.start, day.end, self._most, skipped)
            )
            known = (says, now, found)
            self._known[schedule.id, day] = known
        return known[2]

    def note_change(self, schedules: list[Schedule], now: float) -> None:
        """Works out the next clock change, once a day for what the schedules say, and when one has been."""
        active = [one for one in schedules if one.state is ScheduleState.ACTIVE]
        says = (now // fires.DAY, [(one.id, one.spec) for one in active])
        if self._change_of != says or (self.change is not None and self.change.at <= now):
            self.change, self._change_of = clock_changes.first(active, now), says


def _is_over(coming: Coming, now: float) -> bool:
    return bool(coming.times) and coming.times[0] <= now


def read(db: Any, wanted: list[Schedule], timetable: Timetable, now: float, day: Span | None) -> Reading:
    """What the history says, and the fire times: from now on, or of a day. Raises HistoryError."""
    from tui_flow.store import runs, schedules

    unfired = schedules.list_unfired(db, now - fires.DAY)
    skips = fires.skips_of(unfired, now)
    if day is not None:
        unfired = [one for one in unfired if day.start <= one.fire_at < day.end]
    timetable.note_change(wanted, now)
    coming = {one.id: timetable.of(one, now, day, skips) for one in wanted}
    return Reading(unfired, runs.list_active(db), coming, max(now, day.start) if day else now, skips)
