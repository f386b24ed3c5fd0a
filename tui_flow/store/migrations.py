"""The way from every older schema to the current one. Each step is one transaction, so a crash leaves old or new.

A migration is named after the release that brings it, which is how an older program tells who wrote the history.
`contract/schema.sql` is where they end; a test holds the two together.
"""

import sqlite3
from pathlib import Path

from sqlite_utils import Database, Migrations

from tui_flow.contract.failpoints import failpoint

migrations = Migrations("tui_flow")


@migrations(name="0.1.0 the first schema")
def first_schema(db: Database) -> None:
    _run(db, "schema_0001.sql")
    db.execute("PRAGMA user_version = 1")


@migrations(name="0.2.0 attempts at a run")
def attempts(db: Database) -> None:
    _run(db, "schema_0002.sql")
    db.execute("PRAGMA user_version = 2")


@migrations(name="0.2.0 schedules")
def schedules(db: Database) -> None:
    _run(db, "schema_0003.sql")
    db.execute("PRAGMA user_version = 3")


@migrations(name="0.2.0 versions of flow files")
def versions(db: Database) -> None:
    _run(db, "schema_0004.sql")
    db.execute("PRAGMA user_version = 4")


@migrations(name="0.2.0 events")
def events(db: Database) -> None:
    _run(db, "schema_0005.sql")
    db.execute("PRAGMA user_version = 5")


def migrate(db: sqlite3.Connection) -> None:
    """Brings a history up to date. Raises sqlite3.Error."""
    migrations.apply(Database(db, execute_plugins=False))


def _run(db: Database, name: str) -> None:
    """Runs the statements of a file in the transaction that is open (`executescript` would commit it)."""
    statement = ""
    for line in (Path(__file__).parent / "sql" / name).read_text("utf-8").splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
    failpoint("mid-migration")
