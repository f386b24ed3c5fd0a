"""What triggers wait for: events that were emitted, ends of runs, and the files that each of them knows.

An event's id rises, so a trigger needs to remember only how far it has read. Every function raises HistoryError where
the database cannot be used.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterable

from tui_flow.contract.commands import EmitEvent
from tui_flow.contract.errors import BadParameters
from tui_flow.contract.journal import MAX_PAYLOAD, EventEmitted
from tui_flow.store import queries, rows
from tui_flow.store.records import EventRecord, FlowRun

EMITTED, RUN_ENDED = "emitted", "run_ended"
MAX_NAME = 200
"""Characters of an event's name, and of its key."""
_encode = json.JSONEncoder(separators=(",", ":")).encode


def event_of(command: EmitEvent, at: float) -> EventEmitted:
    """The event that a command asks for. Raises BadParameters."""
    name, key = command.name.strip(), command.key
    if not name or len(name) > MAX_NAME:
        raise BadParameters(
            f"an event's name has 1 to {MAX_NAME} characters", next="name what happened: day.closed"
        )
    if key is not None and not 0 < len(key) <= MAX_NAME:
        raise BadParameters(f"an event's key has 1 to {MAX_NAME} characters")
    if len(_encode(command.payload)) > MAX_PAYLOAD:
        raise BadParameters(
            f"the event {name!r} carries more than {MAX_PAYLOAD:,} bytes",
            next="save them in a file, and pass its path",
        )
    return EventEmitted(at, str(uuid.uuid4()), name, key, command.payload, None, 0)


def keep(db: sqlite3.Connection, event: EventEmitted, run_id: int | None, received_at: float) -> bool:
    """Adds an event. False where one of that name and key is there already."""
    row = {
        "name": rows.storable(event.name),
        "key": rows.storable(event.id if event.key is None else event.key),
        "at": event.at,
        "received_at": received_at,
        "run_id": run_id,
        "resource": None if event.resource is None else _encode(event.resource),
        "payload": _encode(event.payload),
    }
    return queries.change(db, "insert_event", row) == 1


def keep_emitted(db: sqlite3.Connection, run: FlowRun, emitted: Iterable[EventEmitted]) -> None:
    """What a run said had happened, in the transaction that takes in its journal."""
    for event in emitted:
        keep(db, event, run.id, event.at)


def keep_run_end(db: sqlite3.Connection, run: FlowRun) -> None:
    """That a run is over, where some trigger waits for the end of runs."""
    row = {"id": run.id, "flow": rows.storable(run.flow), "key": _key_of_end(run)}
    queries.change(
        db, "insert_run_end", {**row, "ended_at": run.ended_at, "state": run.state, "payload": "{}"}
    )


def _key_of_end(run: FlowRun) -> str:
    """An attempt that never began ends once more where it is made after all."""
    return f"{run.id}/{run.attempt}{' not begun' if run.never_began else ''}"


def last_id(db: sqlite3.Connection) -> int:
    """Of the newest event; 0 where there is none."""
    row = queries.row(db, "last_event_id")
    return int(row[0] or 0) if row else 0


def last_id_before(db: sqlite3.Connection, at: float) -> int:
    """Of the newest event that came before that time; 0 where there is none."""
    row = queries.row(db, "last_event_id_before", [at])
    return int(row[0] or 0) if row else 0


def list_after(db: sqlite3.Connection, id: int, limit: int) -> list[EventRecord]:
    """The events behind that one, the oldest first."""
    return [rows.event(row) for row in queries.rows(db, "list_events_after", [id, limit])]


def get(db: sqlite3.Connection, kind: str, name: str, key: str) -> EventRecord | None:
    row = queries.row(db, "get_event", [kind, name, key])
    return None if row is None else rows.event(row)


def delete_old(db: sqlite3.Connection, handled: int, before: float, limit: int) -> int:
    """Forgets events that came before that time, as far as every trigger has read. How many there were."""
    return queries.change(db, "delete_old_events", {"handled": handled, "before": before, "limit": limit})


def seen_files(db: sqlite3.Connection, schedule: int) -> dict[str, str]:
    """The files that a trigger knows, with what they looked like."""
    return {str(path): str(stamp) for path, stamp in queries.rows(db, "list_seen_files", [schedule])}


def save_seen(db: sqlite3.Connection, schedule: int, seen: dict[str, str]) -> None:
    """Adds and renews files. Their names must be Unicode."""
    queries.change_many(db, "save_seen_file", ((schedule, path, stamp) for path, stamp in seen.items()))


def forget_seen(db: sqlite3.Connection, schedule: int, paths: Iterable[str]) -> None:
    queries.change_many(db, "delete_seen_file", ((schedule, path) for path in paths))
