"""Builds a history anew from one that is damaged or gone.

What a run's journal tells is not read from the damage: the engine takes in the journals of all runs that the new
history does not know. Saved is what no journal has: runs whose directories are gone, schedules and their fire times,
what flow files held. Table by table from both ends, so that one bad page costs its own rows.
"""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.rundir import HISTORY, read_spec, run_dir, run_ids
from tui_flow.store import backups, database
from tui_flow.store.database import readable

_OF_A_RUN = {
    "flow_runs": "id",
    "task_runs": "run_id",
    "run_attempts": "run_id",
    "artifacts": "run_id",
    "materializations": "run_id",
}
"""The tables that journals tell of, and which column names the run."""
_DAMAGE = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged history raises: SQLite's message may quote what is no text any more."""


class Recovered(NamedTuple):
    saved: dict[str, int]
    """Rows that were read from the damage, by table."""
    journals: int
    """Runs that the engine takes in from their journals."""
    aside: Path | None
    """Where the damaged history lies now; None where there was none."""


def recover(state_dir: Path, at: float) -> Recovered:
    """Puts a new history in the place of a damaged or missing one. The caller holds `engine.lock`.

    Raises HistoryError, and then the old one lies where it lay.
    """
    told = {id for id in run_ids(state_dir) if read_spec(run_dir(state_dir, id)) is not None}
    path = state_dir / HISTORY
    with readable(path), backups.temporary(path) as new, backups.temporary(state_dir / "damaged") as copy:
        if path.exists():
            backups.copy_with_log(path, copy)
        with closing(database.connect(new, "rw")) as db:
            database.bring_up_to_date(db)
            saved = _save(copy, db, told)
            backups.settle(db, at)
        return Recovered(saved, len(told), backups.put_in_place(state_dir, new, at, "damaged"))


def _save(path: Path, new: sqlite3.Connection, told: Collection[int]) -> dict[str, int]:
    """Copies the rows that can be read. The number of them in each table; tables without any are left out."""
    saved: dict[str, int] = {}
    with suppress(*_DAMAGE), closing(database.connect(path, "rw")) as old:
        old.text_factory = lambda text: text.decode("utf-8", "replace")
        new.execute("PRAGMA foreign_keys = OFF")
        with database.transaction(new):
            for table in _tables(new):
                saved[table] = _save_table(old, new, table, told)
            for table in saved:
                saved[table] -= _drop_dangling(new, table)
        new.execute("PRAGMA foreign_keys = ON")
    return {table: count for table, count in saved.items() if count}


def _tables(db: sqlite3.Connection) -> list[str]:
    """In the order in which they were made: what is referred to comes first."""
    found = db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%' ORDER BY rowid"
    )
    return [name for (name,) in found]


def _save_table(old: sqlite3.Connection, new: sqlite3.Connection, table: str, told: Collection[int]) -> int:
    columns = [name for name in _columns(old, table) if name in _columns(new, table)]
    if not columns:
        return 0
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    run_at = columns.index(_OF_A_RUN[table]) if table in _OF_A_RUN else None
    count = 0
    for row in _readable(old, table, columns):
        if run_at is None or row[run_at] not in told:
            with suppress(sqlite3.Error):  # what the schema takes for nonsense is damage too
                count += new.execute(insert, row).rowcount
    return count


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    with suppress(*_DAMAGE):
        return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    return []


def _readable(db: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows from the front, and where that ends in damage, those from the back. A row may come twice."""
    key = "id" if "id" in columns and table not in _OF_A_RUN else _OF_A_RUN.get(table, "rowid")
    for order in ("ASC", "DESC"):
        query = f"SELECT {', '.join(columns)} FROM {table} NOT INDEXED ORDER BY {key} {order}"  # noqa: S608
        try:
            yield from db.execute(query)
            return
        except _DAMAGE:
            continue
    if table == "flow_runs":
        yield from _one_by_one(db, table, columns)


def _one_by_one(db: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Each row by its number, so that every page is a try of its own."""
    with suppress(*_DAMAGE):
        (last,) = db.execute(f"SELECT max(id) FROM {table}").fetchone()  # noqa: S608
        for id in range(1, min(last or 0, 10_000_000) + 1):
            with suppress(*_DAMAGE):
                yield from db.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE id = ?", [id])  # noqa: S608


def _drop_dangling(db: sqlite3.Connection, table: str) -> int:
    """Deletes the rows that refer to what could not be saved, and gives their number."""
    count = 0
    for _, _, parent, column, key, *_ in db.execute(f"PRAGMA foreign_key_list({table})").fetchall():
        lost = f"{column} IS NOT NULL AND {column} NOT IN (SELECT {key} FROM {parent})"  # noqa: S608
        count += db.execute(f"DELETE FROM {table} WHERE {lost}").rowcount  # noqa: S608 - the names are ours
    return count
