"""Opens history.db: the engine as its only writer, everybody else read-only.

A version that is newer than this program, a file that is damaged, and a file that is no database are refused with a
HistoryError, and left as they are. An older version is copied aside before it is brought up to date.
"""

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui_flow.contract.errors import (
    HistoryDamaged,
    HistoryError,
    HistoryFull,
    HistoryLocked,
    HistoryMissing,
    StateDirError,
)
from tui_flow.contract.rundir import HISTORY, is_read_only, refuse_unsafe

Connection = sqlite3.Connection
"""What `open_reader` and `open_writer` give, for those who must not speak SQL themselves."""
SCHEMA_VERSION = 16
"""`PRAGMA user_version` of the current schema: how many migrations made it."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MAX_PATH_BYTES = 504
"""SQLite opens no file with a longer path."""
BUSY_SECONDS = 5.0
"""How long a connection waits for a lock before it gives up."""
ENGINE_BUSY_SECONDS = 0.05
"""The same for the engine once it is up: whoever waits for a foreign lock there keeps everybody else waiting."""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_FULL = (
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
)  # fmt: skip
"""What SQLite says where a file cannot grow: a full disk, a quota, a limit on its size."""


class Refused(Exception):
    """The database took a row for nonsense: a word, a type or a reference that the schema does not know."""


def open_reader(state_dir: Path, *, newer: bool = False) -> sqlite3.Connection:
    """The history, read-only. Raises HistoryError where there is none yet, or it is older, damaged or, unless `newer`
    says that it may be, newer."""
    path = state_dir / HISTORY
    db = open_any(state_dir)
    with closed_on_error(db), readable(path):
        version = checked_version(db, path, newer=newer)
        if version < SCHEMA_VERSION:
            raise HistoryError(
                "the history is from an older version of tui_flow",
                where=str(path),
                next="the engine brings it up to date when it starts: tui-flow engine start",
            )
    return db


def open_any(state_dir: Path) -> sqlite3.Connection:
    """The history, read-only, whatever is in it. Raises HistoryError where there is none yet."""
    path = state_dir / HISTORY
    with readable(path):
        _refuse_unsafe(state_dir)
        if not path.exists():
            raise HistoryMissing(
                "there is no history yet",
                where=str(path),
                next="start the engine, or run a flow: tui-flow run FLOW",
            )
        return connect(path, "ro", immutable=_needs_no_log(path))


def _refuse_unsafe(state_dir: Path) -> None:
    """What an engine would not use is not looked at, either, but for what cannot be written at all."""
    if not os.path.lexists(state_dir) or is_read_only(state_dir):
        return
    try:
        refuse_unsafe(state_dir, state_dir.lstat())
    except StateDirError as error:
        raise HistoryError(error.what, where=error.where, next=error.next) from None


def _needs_no_log(path: Path) -> bool:
    """Whether SQLite is to take the file as it is: it cannot make its log and index on a file system that is mounted
    read-only, and need not where an engine has ended in order. Raises HistoryError where it would need to."""
    if not is_read_only(path.parent):
        return False
    log, index = Path(f"{path}-wal"), Path(f"{path}-shm")
    if log.exists() and log.stat().st_size and not index.exists():
        raise HistoryError(
            "the history has a log that cannot be read on a read-only file system",
            where=str(log),
            next="copy the project to a disk that can be written",
        )
    return not index.exists()


def open_writer(state_dir: Path) -> sqlite3.Connection:
    """The history for its only writer: made where there is none, brought up to date where it is older.

    Autocommits; use `transaction`. Raises HistoryError where it is newer, damaged or not writable.
    """
    path = state_dir / HISTORY
    with readable(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        db = connect(path, "rw")
        with closed_on_error(db):
            version = checked_version(db, path)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            if 0 < version < SCHEMA_VERSION:
                from tui_flow.store.backups import back_up

                back_up(state_dir, time.time(), why=f"before-schema-{SCHEMA_VERSION}")
            bring_up_to_date(db)
            db.execute(f"PRAGMA busy_timeout = {round(ENGINE_BUSY_SECONDS * 1000)}")
    return db


def bring_up_to_date(db: sqlite3.Connection) -> None:
    """Gives a history the current schema. Killed meanwhile, it has that of one version or another, whole."""
    if int(db.execute("PRAGMA user_version").fetchone()[0]) >= SCHEMA_VERSION:
        return
    from tui_flow.store.migrations import create, migrate

    is_empty = db.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    (create if is_empty else migrate)(db)


def make_durable(state_dir: Path) -> None:
    """When this returns, no power loss takes what was committed before: until the next checkpoint that lies in the
    write-ahead log, which a commit alone does not wait for. Raises OSError."""
    try:
        fd = os.open(state_dir / f"{HISTORY}-wal", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:  # there was a checkpoint, which waits for the disk
        return
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def is_there(state_dir: Path) -> bool:
    """Whether there is a history, and it is more than an empty file."""
    try:
        return (state_dir / HISTORY).lstat().st_size > 0
    except FileNotFoundError:
        return False


def try_write(db: sqlite3.Connection) -> None:
    """Writes a page that says what it said before. Raises HistoryError where that cannot be done."""
    with transaction(db):
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. Takes the write lock at once, so that what is read inside cannot be stale."""
    with readable(None):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # a full disk may have ended it already
                db.execute("ROLLBACK")
            raise


@contextmanager
def readable(path: Path | None) -> Iterator[None]:
    """Turns SQLite's own errors, and those of its file, into a HistoryError, or Refused where a row is to blame."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError) as error:
        raise Refused(str(error)) from error
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:  # a message may quote damaged text
        raise _explained(error, str(path or "")) from error


def _explained(error: Exception, where: str) -> HistoryError:
    """What it means that SQLite, or the file system, said no."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in _DAMAGED or isinstance(error, UnicodeDecodeError):
        return HistoryDamaged(
            f"the history is damaged, or is no history at all: {error}",
            where=where,
            next="tui-flow db restore puts a backup in its place; tui-flow db recover saves what can be read, "
            "and builds the rest from the runs' journals",
        )
    if code & 0xFF in _LOCKED:
        return HistoryLocked(
            "another program holds the history locked", where=where, next="end that program, or wait for it"
        )
    if code & 0xFF in _FULL or code in _FULL or getattr(error, "errno", 0) in NO_ROOM:
        return HistoryFull(
            f"there is no room to write the history: {error}",
            where=where,
            next="make room on the disk; the engine goes on by itself",
        )
    return HistoryError(
        f"cannot use the history: {error}",
        where=where,
        next="check the disk's space and the file's permissions, then try again",
    )


@contextmanager
def closed_on_error(db: sqlite3.Connection) -> Iterator[None]:
    """Leaves no connection behind where it could not be used."""
    try:
        yield
    except BaseException:
        db.close()
        raise


def connect(path: Path, mode: str, *, immutable: bool = False) -> sqlite3.Connection:
    """Any database file, whatever is in it: "ro" or "rw"; `immutable` where nobody can change it, and nothing can lie
    beside it. Raises HistoryError, or sqlite3.Error at the first look."""
    length = len(os.fsencode(path.resolve()))
    if length > MAX_PATH_BYTES:
        raise HistoryError(
            f"the project lies too deep: SQLite opens paths of at most {MAX_PATH_BYTES} bytes, "
            f"and this one has {length}",
            where=str(path),
            next="move the project to a shorter path",
        )
    address = f"{path.absolute().as_uri()}?mode={mode}{'&immutable=1' if immutable else ''}"
    db = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    for pragma in ("foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON"):
        db.execute(f"PRAGMA {pragma}")
    if hasattr(db, "setconfig"):  # from Python 3.12 on
        db.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)  # type: ignore[attr-defined,unused-ignore]
    return db


def checked_version(db: sqlite3.Connection, path: Path, *, newer: bool = False) -> int:
    """Refuses what is newer than this program (unless it may be), or another program's, with a HistoryError. The schema's version, 0 where the file is empty. Reads the schema, so that damage shows at once."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if version > SCHEMA_VERSION and not newer:
        raise HistoryError(
            "a newer tui_flow wrote the history",
            where=str(path),
            next=f"update it: pip install --upgrade tui-flow{_writer(db, tables)}",
        )
    if version == 0 and tables - {"_sqlite_migrations"}:
        raise HistoryError(
            "this is a database, but not a history of tui_flow", where=str(path), next="move it away"
        )
    return version


def _writer(db: sqlite3.Connection, tables: set[str]) -> str:
    """The version of tui_flow that wrote the schema, in brackets: migrations are named after the release that brought
    them. Empty where it is not known."""
    if "_sqlite_migrations" not in tables:
        return ""
    row = db.execute("SELECT name FROM _sqlite_migrations ORDER BY id DESC LIMIT 1").fetchone()
    return f" ({row[0].split()[0]} or later)" if row else ""
