"""What one key does to several rows of the Schedule view: pauses their schedules, or skips their fire times."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui_flow.contract import commands
from tui_flow.contract.states import ScheduleState
from tui_flow.store.records import Schedule
from tui_flow.tui.asking import Step
from tui_flow.tui.presentation import agenda, fires
from tui_flow.tui.presentation.marking import Left

if TYPE_CHECKING:
    from tui_flow.tui.app import Console
    from tui_flow.tui.presentation.agenda import Row


_NOT_SKIPPED = {"skip": "skipped already", "trigger": "skipped already", "paused": "paused"}


def name_of(row: "Row") -> str:
    """A row in a sentence: "etl_daily 03:00"."""
    if row.schedule is None or row.at is None:
        return row.schedule.flow if row.schedule else ""
    return f"{row.schedule.flow} {fires.wall(row.schedule, row.at):%H:%M}"


def followed(marked: Mapping[Any, "Row"], rows: Sequence["Row"]) -> dict[Any, "Row"]:
    """The marks on these rows: they go to the one row of a schedule that was paused, and to the next fire of one that is no
    longer; what else is not there any more is not marked any more."""
    known = {row.mark: row for row in rows if row.schedule is not None}
    paused = {row.mark[0]: row for row in rows if row.kind == "paused"}
    firing = {row.mark[0]: row for row in reversed(rows) if row.kind == "fire"}
    found = {}
    for key, before in marked.items():
        row = (
            known.get(key) or paused.get(key[0]) or (firing.get(key[0]) if before.kind == "paused" else None)
        )
        if row is not None:
            found[row.mark] = row
    return found


def pause_or_resume(console: "Console", rows: Sequence["Row"]) -> None:
    """Each schedule once: pauses those that fire, or where none does, lets those fire again that were paused by themselves."""
    if not console.may_change():
        return
    found = {row.schedule.id: row.schedule for row in rows if row.schedule is not None and row.kind != "once"}
    pauses = console.overview.pauses
    chosen = [one for one in found.values() if fires.pause_of(one, pauses) is None]
    verb, why = "paused", "paused already"
    if not chosen:
        chosen = [one for one in found.values() if one.state is ScheduleState.PAUSED]
        verb, why = "resumed", "held by a pause of its flow, or of all"
    steps = []
    for one in chosen:
        pause, wake = (
            commands.PauseSchedules(one.flow, one.slug),
            commands.ResumeSchedules(one.flow, one.slug),
        )
        steps.append(Step(_slug(one), *((pause, wake) if verb == "paused" else (wake, pause))))
    left = [Left(_slug(one), why) for one in found.values() if one not in chosen]
    console.do_all(steps, verb, left, noun="schedule")


def skip(console: "Console", rows: Sequence["Row"]) -> None:
    """What comes makes no run; or where all of it is to be skipped already, does after all."""
    if not console.may_change():
        return
    there = {is_skipped(row) for row in rows}
    is_back = True in there and False not in there
    steps, left = [], []
    for row in rows:
        if is_skipped(row) is is_back:
            both = skip_commands(row)
            steps.append(Step(name_of(row), *(both[::-1] if is_back else both)))
        else:
            why = f"x on its own cancels run {row.run_id}" if row.kind == "once" else "no fire time to come"
            left.append(Left(name_of(row), _NOT_SKIPPED.get(row.kind, why)))
    console.do_all(steps, "not skipped after all" if is_back else "skipped", left, noun="fire time")


def is_skipped(row: "Row") -> bool | None:
    """Whether what comes is to make no run; None where a row has nothing that could be skipped."""
    if row.schedule is not None and row.kind == "trigger":
        return agenda.skips_of(row.schedule) > 0
    return {"fire": False, "skip": True}.get(row.kind)


def skip_commands(row: "Row") -> tuple[commands.SkipFireTime, commands.UnskipFireTime]:
    """To skip its fire time, or of a trigger the next event; and not to."""
    assert row.schedule is not None
    flow, slug = row.schedule.flow, row.schedule.slug
    return commands.SkipFireTime(flow, slug, row.at), commands.UnskipFireTime(flow, slug, row.at)


def _slug(schedule: Schedule) -> str:
    return f"{schedule.flow}/{schedule.slug}"
