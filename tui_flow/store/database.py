"""Opens history.db: the engine as its only writer, everybody else read-only.

A version that is newer than this program, a file that is damaged, and a file that is no database are refused with a
HistoryError, and left as they are.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui_flow.contract.errors import HistoryError
from tui_flow.contract.rundir import HISTORY

Connection = sqlite3.Connection
"""What `open_reader` and `open_writer` give, for those who must not speak SQL themselves."""
SCHEMA_VERSION = 3
"""`PRAGMA user_version` of the current schema: how many migrations made it."""
MAX_PATH_BYTES = 504
"""SQLite opens no file with a longer path."""
BUSY_SECONDS = 5.0
"""How long a connection waits for a lock before it gives up."""


class Refused(Exception):
    """The database took a row for nonsense: a word, a type or a reference that the schema does not know."""


def open_reader(state_dir: Path) -> sqlite3.Connection:
    """The history, read-only. Raises HistoryError where there is none yet, or it is newer, older or damaged."""
    path = state_dir / HISTORY
    with readable(path):
        if not path.exists():
            raise HistoryError(
                "there is no history yet",
                where=str(path),
                next="start the engine, or run a flow: tui-flow run FLOW",
            )
        db = _connect(path, "ro")
    with closed_on_error(db), readable(path):
        version = _checked_version(db, path)
        if version < SCHEMA_VERSION:
            raise HistoryError(
                "the history is from an older version of tui_flow",
                where=str(path),
                next="the engine brings it up to date when it starts: tui-flow engine start",
            )
    return db


def open_writer(state_dir: Path) -> sqlite3.Connection:
    """The history for its only writer: made where there is none, brought up to date where it is older.

    Autocommits; use `transaction`. Raises HistoryError where it is newer, damaged or not writable.
    """
    path = state_dir / HISTORY
    with readable(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        db = _connect(path, "rw")
        with closed_on_error(db):
            version = _checked_version(db, path)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            if version < SCHEMA_VERSION:
                # sqlite-utils takes a tenth of a second to import, so only a migration pays for it.
                from tui_flow.store.migrations import migrate

                migrate(db)
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. Takes the write lock at once, so that what is read inside cannot be stale."""
    with readable(None):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


@contextmanager
def readable(path: Path | None) -> Iterator[None]:
    """Turns SQLite's own errors, and those of its file, into a HistoryError, or Refused where a row is to blame."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError) as error:
        raise Refused(str(error)) from error
    except (sqlite3.Error, OSError) as error:
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        raise HistoryError(
            f"the history is damaged, or is no history at all: {error}"
            if damaged
            else f"cannot use the history: {error}",
            where=str(path or ""),
            next="keep a copy of it; once it is moved away, the engine builds a new one from the runs' journals"
            if damaged
            else "check the disk's space and the file's permissions, then try again",
        ) from error


@contextmanager
def closed_on_error(db: sqlite3.Connection) -> Iterator[None]:
    """Leaves no connection behind where it could not be used."""
    try:
        yield
    except BaseException:
        db.close()
        raise


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    length = len(os.fsencode(path.resolve()))
    if length > MAX_PATH_BYTES:
        raise HistoryError(
            f"the project lies too deep: SQLite opens paths of at most {MAX_PATH_BYTES} bytes, "
            f"and this one has {length}",
            where=str(path),
            next="move the project to a shorter path",
        )
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    for pragma in ("foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON"):
        db.execute(f"PRAGMA {pragma}")
    return db


def _checked_version(db: sqlite3.Connection, path: Path) -> int:
    """The schema's version, 0 where the file is empty. Reads the schema, so that damage shows at once."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if version > SCHEMA_VERSION:
        raise HistoryError(
            f"the history was written by a newer tui_flow ({_writer(db, tables)}; its schema is {version}, "
            f"this program knows {SCHEMA_VERSION})",
            where=str(path),
            next="update tui_flow: pip install --upgrade tui-flow",
        )
    if version == 0 and tables - {"_sqlite_migrations"}:
        raise HistoryError(
            "this is a database, but not a history of tui_flow", where=str(path), next="move it away"
        )
    return version


def _writer(db: sqlite3.Connection, tables: set[str]) -> str:
    """The version of tui_flow that wrote the schema: migrations are named after the release that brought them."""
    if "_sqlite_migrations" not in tables:
        return "of an unknown version"
    row = db.execute("SELECT name FROM _sqlite_migrations ORDER BY id DESC LIMIT 1").fetchone()
    return f"version {row[0].split()[0]} or later" if row else "of an unknown version"
