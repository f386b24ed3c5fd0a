"""The hours of the day to come: what fires in each, and how many runs will be at work at once."""

from collections.abc import Sequence
from typing import NamedTuple

from tui_flow.store.records import Schedule
from tui_flow.tui.presentation import times
from tui_flow.tui.presentation.fires import Coming, Reading, asked_for_later, still_busy, usual_by_flow
from tui_flow.tui.presentation.flow_list import Overview


class Hour(NamedTuple):
    start: float
    fires: int
    flows: tuple[str, ...]
    """What fires in it and when, in order: "etl_daily 03:00", "healthcheck x12"."""


def hours(reading: Reading, awake: Sequence[Schedule], count: int = 24) -> list[Hour]:
    """The hours from this one on, in the zone of whoever looks."""
    first = times.hour_of(reading.at)
    found: list[list[tuple[float, str, int]]] = [[] for _ in range(count)]
    for schedule in awake:
        fires = reading.coming.get(schedule.id, Coming((), 0))
        there: dict[int, list[float]] = {}
        for at in fires.times:
            there.setdefault(int((at - first) // 3600), []).append(at)
        guessed = _guessed(fires, first, count)
        for place in range(count):
            ats = there.get(place, [])
            total = len(ats) + guessed[place]
            if total:
                at = ats[0] if ats else first + 3600 * place
                told = times.hour_minute(at) if total == 1 else f"x{total}"
                found[place].append((at, f"{schedule.flow} {told}", total))
    for run in asked_for_later(reading.active, reading.at):
        at = run.scheduled_for or 0.0
        place = int((at - first) // 3600)
        if place < count:
            found[place].append((at, f"{run.flow} {times.hour_minute(at)}", 1))
    return [
        Hour(
            first + 3600 * place,
            sum(total for *_, total in there),
            tuple(text for _, text, _ in sorted(there)),
        )
        for place, there in enumerate(found)
    ]


def _guessed(fires: Coming, first: float, count: int) -> list[int]:
    """The fires that were only estimated, shared out among the hours after the last one that is known."""
    more = fires.total - len(fires.times)
    if more <= 0:
        return [0] * count
    start = max(0.0, (fires.times[-1] - first) / 3600)
    shares = [max(0.0, min(1.0, place + 1 - start)) for place in range(count)]
    return [round(more * share / (sum(shares) or 1.0)) for share in shares]


def peak(reading: Reading, awake: Sequence[Schedule], overview: Overview) -> tuple[int, float]:
    """How many runs will hold a slot at once, at most, if all take as long as usual; and when."""
    usual = usual_by_flow(overview.runs)
    begins = [
        (schedule.flow, at)
        for schedule in awake
        for at in reading.coming.get(schedule.id, Coming((), 0)).times
    ]
    begins += [(run.flow, run.scheduled_for or 0.0) for run in asked_for_later(reading.active, reading.at)]
    busy = still_busy(reading.active, usual, reading.at)
    busy += [(at, at + usual[flow]) for flow, at in begins if flow in usual]
    steps = [step for start, end in busy for step in ((start, 1), (end, -1))]
    most, when, running = 0, reading.at, 0
    for at, step in sorted(steps):
        running += step
        if running > most:
            most, when = running, at
    return most, when
