"""The way from every older schema to the current one. Each step is one transaction, so a crash leaves old or new.

A migration is named after the release that brings it, which is how an older program tells who wrote the history.
`contract/schema.sql` is where they end; a test holds the two together.
"""

import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.contract.failpoints import failpoint

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations


def _sqlite_utils() -> Any:
    """The module, without pandas and numpy, which it loads where they are installed: 50 MiB that nothing here needs."""
    held_off = [name for name in ("pandas", "numpy") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(held_off))  # type: ignore[arg-type]  # None: import says that there is none
    try:
        import sqlite_utils
    finally:
        for name in held_off:
            del sys.modules[name]
    return sqlite_utils


migrations: "Migrations" = _sqlite_utils().Migrations("tui_flow")


@migrations(name="0.1.0 the first schema")
def first_schema(db: "Database") -> None:
    _run(db, "schema_0001.sql")
    db.execute("PRAGMA user_version = 1")


@migrations(name="0.2.0 attempts at a run")
def attempts(db: "Database") -> None:
    _run(db, "schema_0002.sql")
    db.execute("PRAGMA user_version = 2")


@migrations(name="0.2.0 schedules")
def schedules(db: "Database") -> None:
    _run(db, "schema_0003.sql")
    db.execute("PRAGMA user_version = 3")


@migrations(name="0.2.0 versions of flow files")
def versions(db: "Database") -> None:
    _run(db, "schema_0004.sql")
    db.execute("PRAGMA user_version = 4")


@migrations(name="0.2.0 events")
def events(db: "Database") -> None:
    _run(db, "schema_0005.sql")
    db.execute("PRAGMA user_version = 5")


@migrations(name="0.2.0 served flows")
def served_flows(db: "Database") -> None:
    _run(db, "schema_0006.sql")
    db.execute("PRAGMA user_version = 6")


@migrations(name="0.2.0 what fired a trigger")
def causes(db: "Database") -> None:
    _run(db, "schema_0007.sql")
    db.execute("PRAGMA user_version = 7")


@migrations(name="0.2.0 fire times that made no run")
def unfired(db: "Database") -> None:
    _run(db, "schema_0008.sql")
    db.execute("PRAGMA user_version = 8")


@migrations(name="0.2.0 artifacts")
def artifacts(db: "Database") -> None:
    _run(db, "schema_0009.sql")
    db.execute("PRAGMA user_version = 9")


@migrations(name="0.2.0 alerts")
def alerts(db: "Database") -> None:
    _run(db, "schema_0010.sql")
    db.execute("PRAGMA user_version = 10")


@migrations(name="0.2.0 assets")
def assets(db: "Database") -> None:
    _run(db, "schema_0011.sql")
    db.execute("PRAGMA user_version = 11")


@migrations(name="0.2.0 tries, and what a run used")
def tries(db: "Database") -> None:
    _run(db, "schema_0012.sql")
    db.execute("PRAGMA user_version = 12")


@migrations(name="0.2.0 arguments of task runs")
def arguments(db: "Database") -> None:
    _run(db, "schema_0013.sql")
    db.execute("PRAGMA user_version = 13")


def migrate(db: sqlite3.Connection) -> None:
    """Brings a history up to date. Raises sqlite3.Error."""
    migrations.apply(_sqlite_utils().Database(db, execute_plugins=False))


def _run(db: "Database", name: str) -> None:
    """Runs the statements of a file in the transaction that is open (`executescript` would commit it)."""
    statement = ""
    for line in (Path(__file__).parent / "sql" / name).read_text("utf-8").splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
    failpoint("mid-migration")
