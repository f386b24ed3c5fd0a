"""Copies of the history: taken while it is written to, checked before they are believed, put into its place in one step.

What stood there before is never deleted: it lies in `backups/` afterwards. Whoever replaces the history holds
`engine.lock` meanwhile, so that no engine has it open. Every function raises HistoryError.
"""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract.errors import HistoryDamaged, HistoryError, HistoryFull, HistoryLocked
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.rundir import BACKUPS, HISTORY
from tui_flow.counting import counted
from tui_flow.store import database, facts
from tui_flow.store.database import readable

MAGIC = b"SQLite format 3\0"
_PROBLEMS = 20
"""So many are named; where there are more, nobody reads them."""


class Contents(NamedTuple):
    """What a history holds, all of it read."""

    path: Path
    version: int
    """Of its schema."""
    runs: int
    tasks: int
    size: int
    """In bytes."""


def back_up(state_dir: Path, at: float, target: Path | None = None, why: str = "history") -> Contents:
    """Copies the history as it is at one moment, whoever writes to it meanwhile; 0600, and never over another file."""
    target = target or new_name(state_dir, why, at)
    if os.path.lexists(target):
        raise HistoryError("there is a file already", where=str(target), next="name another one")
    with readable(target), temporary(target) as copy:
        with closing(database.open_any(state_dir)) as db:
            db.execute("VACUUM INTO ?", [str(copy)])
        with closing(database.connect(copy, "rw")) as db:
            found = _count(db, copy)
            if found.version == database.SCHEMA_VERSION:
                promise = {"taken_at": at, "runs": found.runs, "tasks": found.tasks}
                facts.put(db, facts.BACKUP, json.dumps(promise))
        failpoint("backup")
        _sync(copy)
        os.link(copy, target)  # never over a file that came meanwhile, as a rename would
        _sync(target.parent)
    return found._replace(path=target, size=target.stat().st_size)


def restore(state_dir: Path, source: Path, at: float) -> tuple[Contents, Path | None]:
    """Puts a backup into the history's place, once a copy of it has passed every check. Gives what it holds, and
    where the old history lies now."""
    with readable(source), temporary(state_dir / HISTORY) as copy:
        copy_with_log(source, copy)
        found = _checked(copy, source)
        with closing(database.connect(copy, "rw")) as db:
            settle(db, at)
        aside = put_in_place(state_dir, copy, at, "replaced")
    return found._replace(path=source), aside


def put_in_place(state_dir: Path, new: Path, at: float, why: str) -> Path | None:
    """Has a new history take the place of the old one, in one step. Gives where the old one lies now; None where
    there was none."""
    path = state_dir / HISTORY
    aside = new_name(state_dir, why, at) if path.exists() else None
    with readable(path):
        if aside is not None:
            _empty_log(path)
            _sync(new)
            os.link(path, aside)
            log = Path(f"{path}-wal")
            if log.exists():  # of a damaged history: it would be taken for the new one's
                log.replace(f"{aside}-wal")
        Path(f"{path}-shm").unlink(missing_ok=True)
        failpoint("restore")
        new.replace(path)
        _sync(state_dir)
    return aside


def problems(db: sqlite3.Connection) -> tuple[list[str], list[str]]:
    """What SQLite finds wrong with the pages, and with the references between rows; both empty where all is well."""
    try:
        pages = [str(line) for (line,) in db.execute(f"PRAGMA integrity_check({_PROBLEMS})")]
        references = [
            f"{row[0]} {row[1]} refers to no {row[2]}" for row in db.execute("PRAGMA foreign_key_check")
        ]
    except sqlite3.DatabaseError as error:
        return [str(error)], []
    return ([] if pages == ["ok"] else pages), references[:_PROBLEMS]


def new_name(state_dir: Path, why: str, at: float) -> Path:
    """A free name in `backups/`, which is made (0700) if need be."""
    folder = state_dir / BACKUPS
    with readable(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink():
            raise HistoryError("the folder of backups is a link", where=str(folder), next="remove it")
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    names = (f"{why}-{stamp}{n}.db" for n in ("", *(f"-{count}" for count in range(2, 1000))))
    return next(folder / name for name in names if not os.path.lexists(folder / name))


def _checked(copy: Path, source: Path) -> Contents:
    """What a copy of a backup holds. Raises HistoryDamaged where it is not whole."""
    with copy.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise HistoryDamaged(
                "this is no database", where=str(source), next="name a backup of the history"
            )
    with closing(database.connect(copy, "rw")) as db:
        version = database.checked_version(db, source)
        pages, references = problems(db)
        if version == 0 or pages or references:
            what = (pages + references or ["it is empty"])[0]
            raise HistoryDamaged(
                f"the backup is not whole: {what}",
                where=str(source),
                next="name another one; nothing was changed",
            )
        found = _count(db, copy)
        _hold_to_promise(db, found, source)
    return found


def _hold_to_promise(db: sqlite3.Connection, found: Contents, source: Path) -> None:
    """A backup of ours says how much it holds."""
    said = facts.get(db, facts.BACKUP) if found.version == database.SCHEMA_VERSION else None
    promise = json.loads(said) if said else {"runs": found.runs, "tasks": found.tasks}
    if (promise["runs"], promise["tasks"]) != (found.runs, found.tasks):
        raise HistoryDamaged(
            f"the backup holds {counted(found.runs, 'run')} and {counted(found.tasks, 'task run')}, "
            f"and should hold {promise['runs']} and {promise['tasks']}",
            where=str(source),
            next="name another one; nothing was changed",
        )


def _count(db: sqlite3.Connection, path: Path) -> Contents:
    runs, tasks = (
        int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - the names are ours
        for table in ("flow_runs", "task_runs")
    )
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    return Contents(path, version, runs, tasks, path.stat().st_size)


def settle(db: sqlite3.Connection, at: float) -> None:
    """Brings a history that is about to be used up to date, and has it say since when it is that one."""
    database.bring_up_to_date(db)
    facts.drop(db, facts.BACKUP)
    facts.put(db, facts.RESTORED_AT, repr(at))
    db.execute("PRAGMA journal_mode = DELETE")  # all of it in one file, which can be renamed


def _empty_log(path: Path) -> None:
    """Takes what is in the write-ahead log into the history. Raises HistoryLocked where somebody reads it just now."""
    try:
        with closing(database.connect(path, "rw")) as db, readable(path):
            (is_busy, *_) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except (HistoryLocked, HistoryFull):
        raise
    except HistoryError:
        return  # damaged: what is in the log goes with it
    if is_busy:
        raise HistoryLocked(
            "somebody is reading the history just now",
            where=str(path),
            next="leave the consoles, then try again",
        )


@contextmanager
def temporary(near: Path) -> Iterator[Path]:
    """An empty file (0600) beside another one, gone at the end with what SQLite puts next to it."""
    path = near.with_name(f"{near.name}.{os.getpid()}.tmp")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    try:
        yield path
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)


def copy_with_log(source: Path, target: Path) -> None:
    """A database with the log that lies beside it, if one was copied along."""
    for suffix in ("", "-wal"):
        beside = Path(f"{source}{suffix}")
        if suffix and not beside.exists():
            continue
        fd = os.open(f"{target}{suffix}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with beside.open("rb") as read, os.fdopen(fd, "wb") as written:
            shutil.copyfileobj(read, written, 1024 * 1024)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some file systems cannot do it for folders
            os.fsync(fd)
    finally:
        os.close(fd)
