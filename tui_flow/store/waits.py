"""When a run waited for an answer of people, which is no time of work."""

from collections.abc import Sequence
from typing import NamedTuple

FOREVER = float("inf")


class Wait(NamedTuple):
    """From a question to when the run went on."""

    since: float
    until: float | None
    """None while it waits."""
    task_run: int = 0
    """The nested flow run whose code asked; 0 is the flow itself."""


Waits = tuple[Wait, ...]


def ended(waits: Waits, at: float) -> Waits:
    """The waits, of which the one that goes on, if one does, ends then."""
    if not waits or waits[-1].until is not None:
        return waits
    last = waits[-1]
    return *waits[:-1], last._replace(until=max(last.since, at))


def waited_seconds(start: float | None, end: float, waits: Sequence[Wait]) -> float:
    """How much of the time between two moments was waiting; nothing before it began (`start` is None)."""
    if start is None or not waits:
        return 0.0
    return sum(max(0.0, min(end, wait.until or FOREVER) - max(start, wait.since)) for wait in waits)


def work_seconds(start: float | None, end: float | None, waits: Sequence[Wait]) -> float | None:
    """How much of it was work; None where it has not begun, or has no end yet."""
    if start is None or end is None:
        return None
    return end - start - waited_seconds(start, end, waits) if waits else end - start
