"""Schedules as the history has them, and the times that their tests speak of."""

from tui_flow.contract.schedules import Schedule, to_json
from tui_flow.store.records import Schedule as Stored
from tui_flow.store.schedules import ScheduleState

HOUR, DAY = 3600.0, 86_400.0
NOW = 1_772_323_200.0
"""2026-03-01 00:00 UTC."""


def stored(when: object, id: int = 1, flow: str = "etl", **how: object) -> Stored:
    """Active, and looked at last a minute before `NOW`."""
    declared = Schedule(when, "tick", **how)  # type: ignore[arg-type]
    about = (id, flow, declared.slug, declared.kind, to_json(declared), "file", ScheduleState.ACTIVE)
    return Stored(*about, None, None, None, 0.0, NOW - 60, None, None)
