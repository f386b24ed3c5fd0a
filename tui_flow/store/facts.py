"""What the engine remembers of itself from one to the next: a few words by name. Raises HistoryError."""

import sqlite3

from tui_flow.store import queries

RESTORED_AT = "restored_at"
"""When a backup, or what could be saved, took the place of the history: nothing before it is caught up."""
BACKUP = "backup"
"""In a backup alone: what it must hold, as JSON."""


def get(db: sqlite3.Connection, name: str) -> str | None:
    row = queries.row(db, "get_fact", [name])
    return None if row is None else str(row[0])


def put(db: sqlite3.Connection, name: str, value: str) -> None:
    queries.change(db, "put_fact", [name, value])


def drop(db: sqlite3.Connection, name: str) -> None:
    queries.change(db, "drop_fact", [name])
