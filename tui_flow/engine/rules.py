"""What a stored schedule says, read once: when it fires, and how it is fired."""

from typing import NamedTuple, Self

from tui_flow import fire_times
from tui_flow.contract import schedules
from tui_flow.engine.timetable import Timetable
from tui_flow.store.records import Schedule

CATCHUP_LIMIT = 100
"""With catchup "all", so many missed fire times make a run at most: the last ones."""


class Rules(NamedTuple):
    declared: schedules.Schedule
    flow: str

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        """Raises ValueError for what makes no sense to this version."""
        return cls(schedules.from_json(schedule.spec), schedule.flow)

    @property
    def after_end(self) -> float | None:
        """With a schedule that counts from the end of its last run: so many seconds."""
        when = self.declared.when
        return when.seconds if isinstance(when, schedules.Interval) and when.after_end else None

    def timetable(self) -> Timetable:
        """When it fires; asking it raises ValueError where it cannot fire as it is written."""
        return Timetable(lambda after: fire_times.next_fire(self.declared, after, self.flow))
