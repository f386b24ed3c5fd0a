"""How a history gets the current schema: a new one as a whole, an older one step by step. Each step is one
transaction, so a crash leaves old or new.

A step is named after the release that brings it, which is how an older program tells who wrote the history.
`contract/schema.sql` is where they end; a test holds the two together.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui_flow.contract.failpoints import failpoint
from tui_flow.held_off import held_off
from tui_flow.store.database import transaction

if TYPE_CHECKING:
    from sqlite_utils import Database

STEPS = (
    "0.1.0 the first schema",
    "0.2.0 attempts at a run",
    "0.2.0 schedules",
    "0.2.0 versions of flow files",
    "0.2.0 events",
    "0.2.0 served flows",
    "0.2.0 what fired a trigger",
    "0.2.0 fire times that made no run",
    "0.2.0 artifacts",
    "0.2.0 alerts",
    "0.2.0 assets",
    "0.2.0 tries, and what a run used",
    "0.2.0 arguments of task runs",
    "0.2.0 waits for an answer",
    "0.2.0 runs that did a part",
    "0.2.0 flows inside others",
)
"""One for each version of the schema, from 1 on; `sql/schema_0001.sql` is what the first one does."""
SET = "tui_flow"
_NOTES = """
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
"""
"""Where sqlite-utils notes which steps were taken, as it would make it; a test holds the two together."""
_HERE = Path(__file__).parent


def create(db: sqlite3.Connection) -> None:
    """Makes a history in an empty database. Raises HistoryError.

    Sqlite-utils takes a tenth of a second to import, and all the steps take longer than one: a new project has neither
    to wait for.
    """
    with transaction(db):
        _run(db, (_HERE.parent / "contract" / "schema.sql").read_text("utf-8"))
        _run(db, _NOTES)
        db.executemany(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
            [(SET, name, str(datetime.now(UTC))) for name in STEPS],
        )
        db.execute(f"PRAGMA user_version = {len(STEPS)}")
        failpoint("mid-migration")


def migrate(db: sqlite3.Connection) -> None:
    """Brings a history up to date. Raises sqlite3.Error."""
    with held_off("pandas", "numpy"):  # sqlite-utils takes them along where they are installed: 50 MiB
        from sqlite_utils import Database, Migrations
    migrations = Migrations(SET)
    for version, name in enumerate(STEPS, 1):
        migrations(name=name)(_step(version))
    migrations.apply(Database(db, execute_plugins=False))


def _step(version: int) -> Callable[["Database"], None]:
    def step(db: "Database") -> None:
        _run(db, (_HERE / "sql" / f"schema_{version:04}.sql").read_text("utf-8"))
        db.execute(f"PRAGMA user_version = {version}")
        failpoint("mid-migration")

    return step


def _run(db: "Database | sqlite3.Connection", script: str) -> None:
    """Runs statements in the transaction that is open (`executescript` would commit it)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
