"""What flows produced, and from what. Every function raises HistoryError where the database cannot be used."""

import json
import sqlite3
from collections.abc import Iterable

from tui_flow.contract.journal import AssetMaterialized
from tui_flow.store import queries, rows
from tui_flow.store.records import Materialization

MANY = 1000
"""So many are read at once."""
_encode = json.JSONEncoder(separators=(",", ":")).encode


def keep_all(db: sqlite3.Connection, events: Iterable[AssetMaterialized], run_id: int) -> None:
    """Takes them in, each once, in the transaction that is open."""
    for event in events:
        row = {
            "run_id": run_id,
            "task_run": event.task_run,
            "key": rows.storable(event.key),
            "succeeded": int(event.succeeded),
            "made_by": event.by and rows.storable(event.by),
            "properties": event.properties and _encode(event.properties),
            "metadata": event.metadata and _encode(event.metadata),
            "upstream": _encode(event.upstream),
            "at": event.at,
        }
        queries.change(db, "insert_materialization", row)


def list_of_run(db: sqlite3.Connection, run_id: int, limit: int = MANY) -> list[Materialization]:
    """Those of a run, the oldest first."""
    return list(map(rows.materialization, queries.rows(db, "list_materializations_of_run", [run_id, limit])))


def list_of_key(db: sqlite3.Connection, key: str, limit: int = MANY) -> list[Materialization]:
    """All of an asset, the newest first."""
    return list(map(rows.materialization, queries.rows(db, "list_materializations_of_key", [key, limit])))


def list_latest(db: sqlite3.Connection, limit: int = MANY) -> list[Materialization]:
    """The last one of every asset, by key."""
    return list(map(rows.materialization, queries.rows(db, "list_latest_materializations", [limit])))
