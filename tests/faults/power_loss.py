"""What a disk holds after the power went: copies of a history that was being written, with what was not synced damaged.

What SQLite may count on with `synchronous = NORMAL` is what is kept: a page of history.db that a checkpoint did not
write is as it was, and so is the write-ahead log up to the last checkpoint. All behind that, and all of a journal
that nobody synced, may be cut, zeroed, overwritten with noise, or have a hole.
"""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tests.engine.house import House
from tests.engine.journals import append, lines, make_run, mapped
from tui_flow.contract import rundir

PAGE, SECTOR = 4096, 512
_SALT = slice(16, 24)
"""Of the header of a write-ahead log: it is another one whenever the log begins anew."""
RUNS = 4
READING = ("revision",)
"""The columns that depend on how much of a journal was read at a time."""


class Moment(NamedTuple):
    """All that lay on the disk at one time."""

    number: int
    """How many commits there were, which `Recording.states` has the outcome of."""
    synced_number: int
    """Of these, so many no power loss can take back."""
    database: bytes
    wal: bytes
    shm: bytes
    synced_wal: int
    """Bytes of `wal` that are on the disk for certain."""
    old_database: bytes | None
    """While a checkpoint copies pages: the file as it was before. Any mixture of the two may be there."""
    journals: dict[int, bytes]


class Recording:
    """A history that ingests growing journals, copied after each step."""

    def __init__(self, project: Path, chance: random.Random, steps: int) -> None:
        self.moments: list[Moment] = []
        self.states: list[dict[str, object]] = []
        """All rows after each commit, by table."""
        self.told: list[dict[str, object]] = []
        """The same, without what depends on how much was read at a time."""
        self._chance, self._synced_number, self._synced_wal, self._salt = chance, 0, 0, b""
        project.mkdir()
        self._house = House(project, fake=True)
        self._house.describe()
        self._house.db.execute("PRAGMA wal_autocheckpoint = 0")  # they happen when this says so
        self.specs = [make_run(self._house.state_dir, trigger="script", cookie="")[0] for _ in range(RUNS)]
        self.rest = {run_id: lines(mapped(chance.randint(3, 12))) for run_id in self.specs}
        self.state_dir = self._house.state_dir
        self._house.arrivals.look(self._house.clock.now)
        self._note_state()
        self._checkpoint()
        for _ in range(steps):
            self._step()
        self._house.crash()

    def _note_state(self) -> None:
        self.states.append(rows_of(self._house.db))
        self.told.append(rows_of(self._house.db, READING))

    def _step(self) -> None:
        run_id = self._chance.choice(self.specs)
        data, size = self.rest[run_id], self._chance.randint(1, 1_200)
        append(self._house.directory(run_id), data[:size])
        self.rest[run_id] = data[size:]
        self._house.ingest.tick(self._house.clock.now)  # one commit at most
        self._note_state()
        self._keep()
        if self._chance.random() < 0.2:
            self._checkpoint()

    def _checkpoint(self) -> None:
        before, wal, shm = self._files()
        self._house.db.execute(f"PRAGMA wal_checkpoint({self._chance.choice(['PASSIVE', 'TRUNCATE'])})")
        after = self._files()[0]
        journals = self._journals()
        number = len(self.states)
        # In the middle of it: the log is on the disk, the pages are on their way.
        self.moments.append(Moment(number, number, after, wal, shm, len(wal), before, journals))
        log = self._files()[1]
        self._synced_number, self._synced_wal, self._salt = number, len(log), log[_SALT]
        self._keep()

    def _keep(self) -> None:
        database, wal, shm = self._files()
        if wal[_SALT] != self._salt:
            self._salt, self._synced_wal = wal[_SALT], 0  # it began anew: all before is in the database
        self.moments.append(
            Moment(
                len(self.states),
                self._synced_number,
                database,
                wal,
                shm,
                self._synced_wal,
                None,
                self._journals(),
            )
        )

    def _files(self) -> tuple[bytes, bytes, bytes]:
        """The database, its log, and its index of that."""
        path = self.state_dir / rundir.HISTORY
        return path.read_bytes(), Path(f"{path}-wal").read_bytes(), Path(f"{path}-shm").read_bytes()

    def _journals(self) -> dict[int, bytes]:
        found = {}
        for run_id in self.specs:
            path = rundir.run_dir(self.state_dir, run_id) / rundir.JOURNAL
            found[run_id] = path.read_bytes() if path.exists() else b""
        return found

    def spec(self, run_id: int) -> bytes:
        return (rundir.run_dir(self.state_dir, run_id) / rundir.SPEC).read_bytes()


class Image(NamedTuple):
    """A project as it is found after a power loss."""

    project: Path
    moment: Moment
    damaged: frozenset[int]
    """The runs whose journals are not what they were."""

    @property
    def state_dir(self) -> Path:
        return self.project / rundir.STATE_DIR


def images(
    recording: Recording, folder: Path, chance: random.Random, count: int, *, keep: bool = False
) -> Iterator[Image]:
    """So many of them, each gone when the next one comes, unless they are to be kept."""
    for number in range(count):
        moment = chance.choice(recording.moments)
        journals = {run_id: _damaged(data, 0, chance) for run_id, data in moment.journals.items()}
        project = folder / str(number)
        state_dir = project / rundir.STATE_DIR
        (state_dir / rundir.RUNS).mkdir(parents=True, mode=0o700)
        (state_dir / rundir.SOURCES).mkdir(mode=0o700)
        state_dir.chmod(0o700)
        (state_dir / ".gitignore").touch()
        (state_dir / rundir.RUNS / rundir.LAST).write_bytes(chance.choice([b"%d\n" % RUNS, b"", b"\0\0\0"]))
        path = state_dir / rundir.HISTORY
        path.write_bytes(_torn(moment, chance))
        Path(f"{path}-wal").write_bytes(_damaged(moment.wal, moment.synced_wal, chance))
        if shm := chance.choice([b"", moment.shm, chance.randbytes(32_768)]):
            Path(f"{path}-shm").write_bytes(shm)
        for run_id, data in journals.items():
            directory = rundir.run_dir(state_dir, run_id)
            directory.mkdir(mode=0o700)
            (directory / rundir.SPEC).write_bytes(recording.spec(run_id))
            if data:
                (directory / rundir.JOURNAL).write_bytes(data)
        damaged = frozenset(id for id, data in journals.items() if data != moment.journals[id])
        yield Image(project, moment, damaged)
        if not keep:
            shutil.rmtree(project)


def _torn(moment: Moment, chance: random.Random) -> bytes:
    """Of a checkpoint that was under way, some pages are written, some are not, and one is half written."""
    if moment.old_database is None:
        return moment.database
    before = moment.old_database.ljust(len(moment.database), b"\0")
    pages = [
        chance.choice([before, moment.database])[at : at + PAGE]
        for at in range(0, len(moment.database), PAGE)
    ]
    torn = chance.randrange(len(pages))
    at = torn * PAGE
    pages[torn] = moment.database[at : at + SECTOR] + before[at + SECTOR : at + PAGE]
    return b"".join(pages)


def _damaged(data: bytes, synced: int, chance: random.Random) -> bytes:
    """What becomes of a file of which so many bytes are on the disk for certain."""
    if synced >= len(data) or chance.random() < 0.3:
        return data
    at = chance.randint(synced, len(data) - 1)
    how = chance.choice(["cut", "zeroed", "noise", "hole", "noise and cut"])
    if how == "cut":
        return data[:at]
    if how == "zeroed":
        return data[:at].ljust(len(data), b"\0")
    if how == "noise":
        return data[:at] + chance.randbytes(len(data) - at)
    if how == "hole":
        return data[:at] + bytes(len(data[at : at + SECTOR])) + data[at + SECTOR :]
    return data[:at] + chance.randbytes(chance.randint(0, SECTOR))


def rows_of(db: sqlite3.Connection, leave_out: tuple[str, ...] = ()) -> dict[str, object]:
    """Every row of every table, by table, without some columns."""
    found: dict[str, object] = {}
    for (table,) in db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
    ):
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] not in leave_out]
        found[table] = sorted(db.execute(f"SELECT {', '.join(columns)} FROM {table}"), key=repr)
    return found


def problems(state_dir: Path) -> list[object]:
    """What SQLite finds wrong."""
    with closing(sqlite3.connect(state_dir / rundir.HISTORY)) as db:
        return [
            row for row in db.execute("PRAGMA integrity_check").fetchall() if row != ("ok",)
        ] + db.execute("PRAGMA foreign_key_check").fetchall()
