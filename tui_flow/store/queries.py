"""The named queries of `sql/*.sql`, and the one way to run them.

    -- name: get_run
    SELECT {run_columns} FROM flow_runs WHERE id = :id;

`{run_columns}` stands for the entry of that name.
"""

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tui_flow.store.database import readable

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_FILES = (
    "artifacts.sql",
    "assets.sql",
    "alerts.sql",
    "events.sql",
    "checkup.sql",
    "days.sql",
    "facts.sql",
    "flows.sql",
    "retention.sql",
    "runs.sql",
    "schedules.sql",
    "served.sql",
    "spans.sql",
    "tasks.sql",
)
Parameters = Mapping[str, Any] | Sequence[Any]


@cache
def all_queries() -> dict[str, str]:
    """Every query by its name."""
    found: dict[str, str] = {}
    for name in _FILES:
        _, *parts = _NAME.split((Path(__file__).parent / "sql" / name).read_text("utf-8"))
        found.update(zip(parts[::2], (text.strip() for text in parts[1::2]), strict=True))
    return {name: text.format_map(found) for name, text in found.items()}


def rows(db: sqlite3.Connection, name: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
    """All rows of a query. Raises HistoryError."""
    with readable(None):
        return db.execute(all_queries()[name], parameters).fetchall()


def row(db: sqlite3.Connection, name: str, parameters: Parameters = ()) -> tuple[Any, ...] | None:
    """The first row of a query, or None. Raises HistoryError."""
    return next(iter(rows(db, name, parameters)), None)


def change(db: sqlite3.Connection, name: str, parameters: Parameters = ()) -> int:
    """Runs a query that writes, and gives the number of rows that it changed. Raises HistoryError."""
    with readable(None):
        return db.execute(all_queries()[name], parameters).rowcount


def change_many(db: sqlite3.Connection, name: str, parameters: Iterable[Parameters]) -> int:
    """The same for many rows."""
    with readable(None):
        return db.executemany(all_queries()[name], parameters).rowcount
