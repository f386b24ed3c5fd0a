"""What runs show to people. Every function raises HistoryError where the database cannot be used."""

import json
import sqlite3
from collections.abc import Iterable

from tui_flow.contract.journal import ArtifactCreated, ArtifactUpdated
from tui_flow.store import queries, rows
from tui_flow.store.records import Artifact

MANY = 1000
"""So many are read at once."""
_encode = json.JSONEncoder(separators=(",", ":")).encode


def keep_all(
    db: sqlite3.Connection, events: Iterable[ArtifactCreated | ArtifactUpdated], run_id: int | None
) -> None:
    """Takes them in, each once, in the transaction that is open."""
    for event in events:
        if isinstance(event, ArtifactCreated):
            _insert(db, event, run_id)
        else:
            _update(db, event)


def _insert(db: sqlite3.Connection, event: ArtifactCreated, run_id: int | None) -> None:
    row = {
        **event._asdict(),
        "run_id": run_id,
        "key": event.key and rows.storable(event.key),
        "description": event.description and rows.storable(event.description),
        "data": _encode(event.data),
    }
    queries.change(db, "insert_artifact", row)


def _update(db: sqlite3.Connection, event: ArtifactUpdated) -> None:
    description = event.description and rows.storable(event.description)
    row = {"id": event.id, "at": event.at, "description": description, "data": _encode(event.data)}
    queries.change(db, "update_artifact", row)


def list_of_run(
    db: sqlite3.Connection, run_id: int, limit: int = MANY, *, since: float | None = None
) -> list[Artifact]:
    """Those of a run, the oldest first; with `since` only those that were made or changed then or later."""
    if since is not None:
        found = queries.rows(db, "list_artifacts_of_run_since", [run_id, since, limit])
    else:
        found = queries.rows(db, "list_artifacts_of_run", [run_id, limit])
    return list(map(rows.artifact, found))


def list_versions(db: sqlite3.Connection, key: str, limit: int = MANY) -> list[Artifact]:
    """All that have a key, the newest first."""
    return list(map(rows.artifact, queries.rows(db, "list_artifact_versions", [key, limit])))


def list_latest(db: sqlite3.Connection, limit: int = MANY) -> list[Artifact]:
    """The newest first; of each key only the last version."""
    return list(map(rows.artifact, queries.rows(db, "list_latest_artifacts", [limit])))
