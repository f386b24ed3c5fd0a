"""Schedules and triggers, what became of their fire times, and pauses.

Every function raises HistoryError where the database cannot be used.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

from tui_flow.contract.states import FireOutcome, FireReason, ScheduleState
from tui_flow.store import queries, rows
from tui_flow.store.records import FireTime, Pause, Schedule

AUTHOR = "the author"
"""Who paused a schedule that is declared with `active=False`."""
SERVER = "its server"
"""Who paused a schedule whose script has ended."""
_encode = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode


class Declared(NamedTuple):
    """A schedule as its flow has it, in a file or served."""

    flow: str
    slug: str
    kind: str
    spec: dict[str, Any]
    is_active: bool = True


def list_schedules(db: sqlite3.Connection, flow: str | None = None) -> list[Schedule]:
    """All schedules, or those of a flow; those that are gone too."""
    if flow is None:
        return [rows.schedule(row) for row in queries.rows(db, "list_schedules")]
    return [rows.schedule(row) for row in queries.rows(db, "list_schedules_of_flow", [flow])]


def get_schedule(db: sqlite3.Connection, flow: str, slug: str) -> Schedule | None:
    row = queries.row(db, "get_schedule", [flow, slug])
    return None if row is None else rows.schedule(row)


def declare(db: sqlite3.Connection, declared: Declared, source: str, at: float) -> None:
    """Registers a schedule. One that is known and says the same stays as it is, paused or not.

    What is new, said differently, or was gone, fires nothing up to `at`. Of one that was gone, or served no more, and
    is back, the cursor stays, so that the scheduler can tell what it did not fire meanwhile.
    """
    known = get_schedule(db, declared.flow, declared.slug)
    values = {**declared._asdict(), "spec": _encode(declared.spec), "source": source, "at": at}
    if known is None:
        queries.change(db, "insert_schedule", {**values, **_standing(None, declared, at)})
    elif (
        known.state is ScheduleState.GONE
        or known.paused_by == SERVER
        or (known.spec, known.source) != (declared.spec, source)
    ):
        queries.change(db, "redeclare_schedule", {**values, **_standing(known, declared, at), "id": known.id})


def _standing(known: Schedule | None, declared: Declared, at: float) -> dict[str, Any]:
    """Active or paused. A person's pause outlives a new text and a lost file; the author's follows the text."""
    by, since, why = (known.paused_by, known.paused_at, known.paused_why) if known else (None, None, None)
    is_back = by == SERVER
    if is_back or (by == AUTHOR and declared.is_active):
        by = since = why = None
    is_other = known is None or known.spec != declared.spec or is_back
    if by is None and not declared.is_active and is_other:
        by, since, why = AUTHOR, at, "declared with active=False"
    state = ScheduleState.ACTIVE if since is None else ScheduleState.PAUSED
    return {"state": state, "paused_at": since, "paused_by": by, "paused_why": why}


def mark_gone(db: sqlite3.Connection) -> int:
    """Marks those of flow files gone that no flow declares any more. How many there were."""
    return queries.change(db, "mark_schedules_gone")


def delete(db: sqlite3.Connection, id: int) -> None:
    """Removes one, with what became of its fire times."""
    queries.change(db, "delete_schedule", [id])


def pause(db: sqlite3.Connection, id: int, by: str, why: str, at: float) -> bool:
    """False where it is not active."""
    return queries.change(db, "pause_schedule", {"id": id, "by": by, "why": why, "at": at}) == 1


def resume(db: sqlite3.Connection, id: int) -> None:
    queries.change(db, "resume_schedule", {"id": id})


def move_cursors(db: sqlite3.Connection, moves: Iterable[tuple[int, float, float | None]]) -> None:
    """Ids, the fire time up to which all are decided, and the next one. A cursor never moves back."""
    queries.change_many(
        db,
        "move_cursor",
        ({"id": id, "cursor": cursor, "next_at": next_at} for id, cursor, next_at in moves),
    )


def save_next(db: sqlite3.Connection, next_at: Iterable[tuple[int, float | None]]) -> None:
    """Ids, and when they fire next."""
    queries.change_many(db, "set_next_at", ({"id": id, "next_at": at} for id, at in next_at))


def reset_cursor(db: sqlite3.Connection, id: int, at: float) -> None:
    """The one way back for a cursor: fire times after `at` are undecided again, but for those that have their row."""
    queries.change(db, "reset_cursor", {"id": id, "at": at})


def save_memory(db: sqlite3.Connection, id: int, memory: Any) -> None:
    """What a trigger has seen: any JSON value."""
    queries.change(db, "save_memory", {"id": id, "memory": _encode(memory)})


def insert_fire_times(db: sqlite3.Connection, found: Iterable[FireTime]) -> int:
    """Adds those that have no row yet, and gives how many that were."""
    return queries.change_many(db, "insert_fire_time", (_storable(one) for one in found))


def replace_fire_time(db: sqlite3.Connection, one: FireTime) -> None:
    """A fire time that was decided before is decided otherwise: a backfill."""
    queries.change(db, "replace_fire_time", _storable(one))


def adopt_run(
    db: sqlite3.Connection,
    run_id: int,
    flow: str,
    slug: str,
    fire_at: float,
    event_key: str | None,
    cause: dict[str, Any] | None,
    at: float,
) -> None:
    """A run was found that the history had lost: what it is for is decided with it, and is not decided again."""
    schedule = get_schedule(db, flow, slug)
    if schedule is None:
        return
    reason = FireReason.ON_TIME if event_key is None else FireReason.EVENT
    found = FireTime(
        0,
        schedule.id,
        fire_at,
        FireOutcome.RUN,
        reason,
        "its row was lost",
        run_id,
        None,
        1,
        event_key,
        at,
        cause,
    )
    insert_fire_times(db, [found])
    if event_key is None:
        move_cursors(db, [(schedule.id, fire_at, None)])


def list_fire_times(db: sqlite3.Connection, schedule: int, *, limit: int = 50) -> list[FireTime]:
    """The last ones decided first."""
    return [rows.fire_time(row) for row in queries.rows(db, "list_fire_times", [schedule, limit])]


def fire_times_between(db: sqlite3.Connection, schedule: int, start: float, end: float) -> list[FireTime]:
    """Those that have a row of their own, from `start` to `end`, both included."""
    return [rows.fire_time(row) for row in queries.rows(db, "fire_times_between", [schedule, start, end])]


def list_unfired(db: sqlite3.Connection, since: float, limit: int = 200) -> list[FireTime]:
    """Fire times after `since` that made no run, also those to come that are to be skipped; the latest first."""
    return [rows.fire_time(row) for row in queries.rows(db, "list_unfired", [since, limit])]


def restore_fire_time(db: sqlite3.Connection, schedule: int, fire_at: float) -> bool:
    """A fire time that was to be skipped is undecided again. False where it was not to be skipped."""
    return queries.change(db, "delete_skip", [schedule, fire_at]) == 1


def fire_time_of_run(db: sqlite3.Connection, run_id: int) -> FireTime | None:
    row = queries.row(db, "fire_time_of_run", [run_id])
    return None if row is None else rows.fire_time(row)


def knows_event(db: sqlite3.Connection, schedule: int, event_key: str) -> bool:
    """Whether a trigger has fired for that event before."""
    return queries.row(db, "knows_event", [schedule, event_key]) is not None


def list_pauses(db: sqlite3.Connection) -> list[Pause]:
    """The pauses of whole flows, and of all of them (flow ""); those that are over too."""
    return [rows.pause(row) for row in queries.rows(db, "list_pauses")]


def get_pause(db: sqlite3.Connection, flow: str) -> Pause | None:
    row = queries.row(db, "get_pause", [flow])
    return None if row is None else rows.pause(row)


def pause_flow(db: sqlite3.Connection, flow: str, by: str, why: str, at: float) -> None:
    """Pauses all schedules of a flow; of all flows where its name is empty."""
    queries.change(db, "save_pause", [flow, at, by, why])


def resume_flow(db: sqlite3.Connection, flow: str, at: float) -> bool:
    """False where it was not paused."""
    return queries.change(db, "end_pause", [at, flow]) == 1


def _storable(one: FireTime) -> rows.Row:
    cause = None if one.cause is None else _encode(one.cause)
    return tuple(map(rows.storable, one._replace(cause=cause)[1:]))  # type: ignore[arg-type]
