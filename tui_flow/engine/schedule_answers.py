"""What the engine does for the commands about schedules: one function a verb, as in `answers`."""

from itertools import islice
from typing import TYPE_CHECKING, Any

from tui_flow.contract import commands
from tui_flow.contract.changes import ScheduleChanged
from tui_flow.contract.errors import BadParameters, UnknownSchedule
from tui_flow.contract.flow_names import same_name
from tui_flow.contract.schedules import TIMED
from tui_flow.contract.states import FireOutcome, FireReason, FlowRunState, ScheduleState
from tui_flow.engine.firing import Fire
from tui_flow.engine.server import Connection
from tui_flow.engine.timetable import Timetable
from tui_flow.store import flows, runs, schedules
from tui_flow.store.records import FireTime, Schedule

if TYPE_CHECKING:
    from tui_flow.engine.engine import Engine

MAX_NEXT = 100
MAX_BACKFILL = 1_000
"""Fire times that one backfill may fill."""
BACKFILL_PRIORITY = -10
FAR = 2.0**40
"""A time that nobody waits for (seconds since the epoch)."""


async def list_schedules(engine: "Engine", _: Connection, command: commands.ListSchedules) -> dict[str, Any]:
    engine.scheduler.settle()
    name = _flow_name(engine, command.flow) if command.flow else None
    pauses = {one.flow: one for one in schedules.list_pauses(engine.db) if one.resumed_at is None}
    limit = max(0, min(command.next, MAX_NEXT))
    return {
        "schedules": [
            {
                **schedule._asdict(),
                "next": _next_times(engine, schedule, limit)
                if schedule.state is ScheduleState.ACTIVE and not pauses.keys() & {"", schedule.flow}
                else [],
                "trouble": engine.scheduler.troubles.get(schedule.id, "")
                or engine.triggers.trouble(schedule.id),
                "waits_for": engine.triggers.standing(schedule.id),
            }
            for schedule in schedules.list_schedules(engine.db, name)
        ],
        "pauses": [one._asdict() for one in pauses.values()],
    }


async def pause_schedules(
    engine: "Engine", connection: Connection, command: commands.PauseSchedules
) -> dict[str, Any]:
    by, at = connection.user, engine.clock.time()
    if command.schedule:
        schedule = _find(engine, command.flow, command.schedule)
        schedules.pause(engine.db, schedule.id, by, command.why, at)
        return _changed(engine, by, "paused", schedule.flow, schedule.slug)
    name = _flow_name(engine, command.flow) if command.flow else ""
    if name and not schedules.list_schedules(engine.db, name):
        raise UnknownSchedule(
            f"{name} has no schedule to pause", next="tui-flow schedule list shows those there are"
        )
    known = schedules.get_pause(engine.db, name)
    if known is None or known.resumed_at is not None:
        schedules.pause_flow(engine.db, name, by, command.why, at)
    return _changed(engine, by, "paused", name, "")


async def resume_schedules(
    engine: "Engine", connection: Connection, command: commands.ResumeSchedules
) -> dict[str, Any]:
    """One schedule; or a flow, with all schedules of it; or the pause of all flows, and no other."""
    by, at = connection.user, engine.clock.time()
    name = _flow_name(engine, command.flow) if command.flow else ""
    engine.scheduler.settle()
    if command.schedule:
        found, was_paused = [_find(engine, name, command.schedule)], False
        woken = {ScheduleState.PAUSED}
    else:
        found = schedules.list_schedules(engine.db, name or None)
        was_paused = schedules.resume_flow(engine.db, name, at)
        woken = ({ScheduleState.PAUSED} if name else set()) | (
            {ScheduleState.ACTIVE} if was_paused else set()
        )
    asleep = [one for one in found if one.state in woken]
    skipped, was_held = 0, was_paused or bool(asleep)
    for schedule in asleep:
        if schedule.state is ScheduleState.PAUSED:
            schedules.resume(engine.db, schedule.id)
        if not command.catchup:
            why = f"paused by {schedule.paused_by}" if schedule.paused_by else "its flow was paused"
            closer = engine.scheduler if schedule.kind in TIMED else engine.triggers
            skipped += closer.close(schedule, FireReason.PAUSED, why)
    held = [one for one in schedules.list_pauses(engine.db) if one.resumed_at is None]
    still = [one.flow or "all flows" for one in held if one.flow in ("", name) and name]
    return {
        **_changed(engine, by, "resumed", name, command.schedule),
        "skipped": skipped,
        "was_paused": was_held,
        "still_paused": still,
    }


async def skip_fire_time(
    engine: "Engine", connection: Connection, command: commands.SkipFireTime
) -> dict[str, Any]:
    schedule = _find(engine, command.flow, command.schedule)
    by = connection.user
    if command.fire_at is None:
        _require_awake(engine, schedule)
    if schedule.kind not in TIMED and command.fire_at is None:
        engine.triggers.skip(schedule)
        return {
            **_changed(engine, by, "skips an event", schedule.flow, schedule.slug),
            "fire_at": None,
        }
    table = _timetable(engine, schedule)
    at = engine.clock.time()
    coming = _next_times(engine, schedule, 3)
    wanted = command.fire_at
    if wanted is None:
        wanted = coming[0] if coming else None
    exact = None if wanted is None else table.next(wanted - 1.0)
    if wanted is None or exact is None or abs(exact - wanted) > 1.0 or exact <= max(at, schedule.cursor):
        raise BadParameters(
            f"{schedule.flow}/{schedule.slug} has no such fire time ahead",
            next=f"tui-flow schedule show {schedule.flow}/{schedule.slug} lists the next ones",
        )
    row = FireTime(
        0, schedule.id, exact, FireOutcome.SKIPPED, FireReason.ASKED, f"by {by}", None, None, 1, None, at
    )
    if not schedules.insert_fire_times(engine.db, [row]):
        raise BadParameters("that fire time is decided already")
    engine.scheduler.forget(schedule)
    return {**_changed(engine, by, "skips a fire time", schedule.flow, schedule.slug), "fire_at": exact}


def _require_awake(engine: "Engine", schedule: Schedule) -> None:
    """What is paused has no next fire time. Raises BadParameters."""
    name = f"{schedule.flow}/{schedule.slug}"
    held = {one.flow for one in schedules.list_pauses(engine.db) if one.resumed_at is None}
    if schedule.state is ScheduleState.PAUSED:
        resumed = name
    elif held & {"", schedule.flow}:
        resumed = "--all" if "" in held else schedule.flow
    else:
        return
    raise BadParameters(
        f"{name} is paused: there is no fire time to skip", next=f"tui-flow schedule resume {resumed}"
    )


async def unskip_fire_time(
    engine: "Engine", connection: Connection, command: commands.UnskipFireTime
) -> dict[str, Any]:
    schedule, at = _find(engine, command.flow, command.schedule), engine.clock.time()
    by = connection.user
    if schedule.kind not in TIMED and command.fire_at is None and engine.triggers.skip(schedule, -1):
        return {
            **_changed(engine, by, "skips an event less", schedule.flow, schedule.slug),
            "fire_at": None,
        }
    skipped = [
        one.fire_at
        for one in schedules.fire_times_between(engine.db, schedule.id, at, FAR)
        if one.reason is FireReason.ASKED
    ]
    found = [one for one in skipped if command.fire_at is None or abs(one - command.fire_at) <= 1.0]
    if not found:
        raise BadParameters(
            f"{schedule.flow}/{schedule.slug} is to skip no such fire time",
            next=f"tui-flow schedule show {schedule.flow}/{schedule.slug} lists what was decided",
        )
    schedules.restore_fire_time(engine.db, schedule.id, found[0])
    if schedule.cursor >= found[0]:  # it was moved over what was decided ahead
        schedules.reset_cursor(engine.db, schedule.id, at)
    engine.scheduler.forget(schedule)
    return {
        **_changed(engine, by, "no longer skips a fire time", schedule.flow, schedule.slug),
        "fire_at": found[0],
    }


async def reset_schedule(
    engine: "Engine", connection: Connection, command: commands.ResetSchedule
) -> dict[str, Any]:
    schedule = _find(engine, command.flow, command.schedule)
    schedules.reset_cursor(engine.db, schedule.id, engine.clock.time())
    return _changed(engine, connection.user, "reset", schedule.flow, schedule.slug)


async def backfill(engine: "Engine", connection: Connection, command: commands.Backfill) -> dict[str, Any]:
    schedule = _find(engine, command.flow, command.schedule)
    table = _timetable(engine, schedule)
    at = engine.clock.time()
    if not command.from_at <= command.to_at <= at:
        raise BadParameters(
            "a backfill goes from one time to a later one, and not into the future",
            next="tui-flow backfill FLOW --from 2026-11-01 --to 2026-11-07",
        )
    found = list(islice(table.walk(command.from_at - 0.001, command.to_at), MAX_BACKFILL + 1))
    if len(found) > MAX_BACKFILL:
        raise BadParameters(
            f"that is more than {MAX_BACKFILL:,} fire times", next="fill a shorter range at a time"
        )
    slots = [_slot(engine, schedule, one, command.force) for one in found]
    if not command.dry_run:
        wanted = [slot for slot in slots if slot["action"] == "run"]
        lane = f"backfill of {schedule.flow}/{schedule.slug}"
        made = engine.firing.fire_all(
            [
                Fire(
                    schedule,
                    slot["fire_at"],
                    FireReason.BACKFILL,
                    overlap="allow",
                    lane=lane,
                    priority=BACKFILL_PRIORITY,
                    message=f"asked for by {connection.user}",
                )
                for slot in wanted
            ]
        )
        for slot, run_id in zip(wanted, made, strict=True):
            slot["run_id"] = run_id
        engine.log.say(
            f"{schedule.flow}/{schedule.slug}: {connection.user} asked for a backfill of {len(made)}"
        )
        engine.wake()
    return {"flow": schedule.flow, "schedule": schedule.slug, "slots": slots}


def _slot(engine: "Engine", schedule: Schedule, fire_at: float, force: bool) -> dict[str, Any]:
    """What a backfill does with one fire time, and why."""
    done = runs.succeeded_for(engine.db, schedule.flow, schedule.slug, fire_at)
    going = [
        active.id
        for active in engine.ingest.active.values()
        if active.run.scheduled_for == fire_at
        and (active.run.flow, active.run.schedule) == (schedule.flow, schedule.slug)
    ]
    if going:
        return {
            "fire_at": fire_at,
            "action": "skip",
            "why": f"run {going[0]} is not over",
            "run_id": going[0],
        }
    if done is not None and not force:
        return {"fire_at": fire_at, "action": "skip", "why": f"run {done} completed", "run_id": done}
    return {"fire_at": fire_at, "action": "run", "why": "", "run_id": None}


async def get_queue(engine: "Engine", *_: object) -> dict[str, Any]:
    obstacles, at = engine.dispatcher.obstacles(), engine.clock.time()
    return {
        "paused": engine.room.reason,
        "running": engine.dispatcher.running,
        "limit": engine.settings.max_concurrent_runs,
        "waiting": [
            {
                "run_id": active.id,
                "flow": active.run.flow,
                "limit": "room" if engine.room.reason else obstacles[active.id].limit,
                "why": engine.room.reason or obstacles[active.id].why,
                "created_at": active.run.created_at,
                "scheduled_for": active.run.scheduled_for,
                "priority": active.run.priority,
                "is_late": active.run.is_late(at),
            }
            for active in engine.dispatcher.queued
        ],
        "between_attempts": [
            {
                "run_id": active.id,
                "flow": active.run.flow,
                "why": active.run.message,
                "attempt": active.run.attempt + 1,
                "due_at": active.run.due_at,
            }
            for active in engine.ingest.active.values()
            if active.run.awaits_attempt and active.run.state is FlowRunState.RETRYING
        ],
    }


def _next_times(engine: "Engine", schedule: Schedule, limit: int) -> list[float]:
    """The fire times to come, without those that are to be skipped."""
    found = engine.scheduler.next_times(schedule, limit + 10)
    if not found:
        return []
    decided = {
        one.fire_at for one in schedules.fire_times_between(engine.db, schedule.id, found[0], found[-1])
    }
    return [one for one in found if one not in decided][:limit]


def _timetable(engine: "Engine", schedule: Schedule) -> Timetable:
    table = engine.scheduler.timetable(schedule)
    if table is None:
        what = "cannot be read" if schedule.kind in TIMED else "is a trigger, and has no fire times"
        raise BadParameters(f"{schedule.flow}/{schedule.slug} {what}")
    return table


def _find(engine: "Engine", flow: str, slug: str) -> Schedule:
    """The schedule; without a slug, the flow's only one. Raises UnknownSchedule, which names those there are."""
    engine.scheduler.settle()
    name = _flow_name(engine, flow)
    known = schedules.list_schedules(engine.db, name)
    there = [one for one in known if one.state is not ScheduleState.GONE]
    fitting = [one for one in known if one.slug == slug] if slug else there
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(f"{name}/{one.slug}" for one in there)
    what = f"flow {name!r} has {'no schedule ' + repr(slug) if slug else 'several schedules' if there else 'no schedule'}"
    raise UnknownSchedule(what, next=f"there are: {names}" if names else "declare one: @flow(schedule=…)")


def _flow_name(engine: "Engine", name: str) -> str:
    """The flow's own name; also of one that is gone, and has schedules still. Raises UnknownSchedule."""
    flow = flows.get_flow(engine.db, name)
    if flow is not None:
        return flow.name
    for schedule in schedules.list_schedules(engine.db):
        if same_name(schedule.flow, name):
            return schedule.flow
    raise UnknownSchedule(f"there is no flow {name!r}", next="tui-flow flows lists those there are")


def _changed(engine: "Engine", by: str, what: str, flow: str, slug: str) -> dict[str, Any]:
    name = f"{flow}/{slug}" if slug else flow or "all schedules"
    engine.log.say(f"{name}: {what} by {by}")
    engine.scheduler.changed()
    engine.bus.publish(ScheduleChanged(flow, slug))
    return {"flow": flow, "schedule": slug}


VERBS: dict[type, Any] = {
    commands.ListSchedules: list_schedules,
    commands.PauseSchedules: pause_schedules,
    commands.ResumeSchedules: resume_schedules,
    commands.SkipFireTime: skip_fire_time,
    commands.UnskipFireTime: unskip_fire_time,
    commands.ResetSchedule: reset_schedule,
    commands.Backfill: backfill,
    commands.GetQueue: get_queue,
}
