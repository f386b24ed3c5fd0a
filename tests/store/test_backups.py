"""A copy of the history: whole, private, believed only after a look at all of it, and put in place in one step."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.histories import a_history, counted, fill, is_whole
from tests.store.rows import a_run
from tui_flow.contract import failpoints, rundir
from tui_flow.contract.errors import HistoryDamaged, HistoryError, HistoryLocked
from tui_flow.store import backups, database, facts, runs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return rundir.open_state_dir(tmp_path)


def rest(state_dir: Path) -> set[str]:
    """What lies in the state directory that should not be there once all is done."""
    return {path.name for path in state_dir.iterdir() if "tmp" in path.name or "damaged" in path.name}


def test_a_backup_holds_what_the_history_held_and_is_its_owners_alone(state_dir: Path) -> None:
    a_history(state_dir, 10)
    before = os.umask(0)
    try:
        made = backups.back_up(state_dir, 1_000.0)
    finally:
        os.umask(before)
    assert (made.runs, made.tasks, made.version) == (10, 30, database.SCHEMA_VERSION)
    assert made.path == state_dir / "backups" / "history-19700101T001640Z.db"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert not rest(state_dir)
    assert backups.back_up(state_dir, 1_000.0).path.name == "history-19700101T001640Z-2.db"


def test_a_backup_never_lies_over_another_file(state_dir: Path, tmp_path: Path) -> None:
    a_history(state_dir)
    target = tmp_path / "precious"
    target.write_text("mine")
    with pytest.raises(HistoryError, match="there is a file already"):
        backups.back_up(state_dir, 1.0, target)
    target.unlink()
    target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HistoryError, match="there is a file already"):
        backups.back_up(state_dir, 1.0, target)
    assert not (tmp_path / "elsewhere").exists()


def test_a_backup_under_load_is_one_moment_of_the_history(state_dir: Path) -> None:
    """A writer adds a run with three task runs at a time; no copy may have a part of one."""
    a_history(state_dir, 200)
    stop = threading.Event()

    def write() -> None:
        with closing(database.open_writer(state_dir)) as db:
            id = 1_000
            while not stop.is_set():
                fill(db, 1, first=id)
                id += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for at in range(5):
            made = backups.back_up(state_dir, float(at))
            assert made.tasks == 3 * made.runs >= 600
    finally:
        stop.set()
        writer.join()


def test_a_restored_backup_is_the_history_and_the_old_one_lies_aside(state_dir: Path) -> None:
    a_history(state_dir, 10)
    made = backups.back_up(state_dir, 1_000.0)
    with closing(database.open_writer(state_dir)) as db:
        fill(db, 5, first=100)
    restored, aside = backups.restore(state_dir, made.path, 2_000.0)
    assert restored.runs == counted(state_dir) == 10
    assert is_whole(state_dir)
    assert aside is not None
    assert stat.S_IMODE((state_dir / "history.db").stat().st_mode) == 0o600
    with closing(database.open_reader(state_dir)) as db:
        assert facts.get(db, facts.RESTORED_AT) == "2000.0"
        assert facts.get(db, facts.BACKUP) is None
    assert backups.restore(state_dir, aside, 3_000.0)[0].runs == 15
    assert not rest(state_dir)


def test_a_reader_of_the_old_history_reads_on_and_harms_nothing(state_dir: Path) -> None:
    a_history(state_dir, 10)
    made = backups.back_up(state_dir, 1.0)
    writer = database.open_writer(state_dir)
    fill(writer, 5, first=100)
    reader = database.open_reader(state_dir)
    assert runs.count(reader) == 15
    writer.close()
    backups.restore(state_dir, made.path, 2.0)
    assert runs.count(reader) == 15
    with closing(database.open_writer(state_dir)) as db:
        fill(db, 1, first=500)
    reader.close()
    assert counted(state_dir) == 11
    assert is_whole(state_dir)


def test_a_reader_in_the_middle_of_it_is_waited_for_and_then_named(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_history(state_dir, 10)
    made = backups.back_up(state_dir, 1.0)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    reader = database.open_reader(state_dir)
    reader.execute("BEGIN")
    runs.count(reader)
    writer = database.open_writer(state_dir)
    fill(writer, 5, first=100)
    writer.close()
    with pytest.raises(HistoryLocked, match="reading"):
        backups.restore(state_dir, made.path, 2.0)
    reader.close()
    assert counted(state_dir) == 15


def damaged(content: bytes, how: str) -> bytes:
    return {
        "no database": b"hello" * 1000,
        "empty": b"",
        "cut": content[: len(content) // 2],
        "garbled": content[:8192] + bytes(4096) + content[12288:],
    }[how]


@pytest.mark.parametrize("how", ["no database", "empty", "cut", "garbled"])
def test_a_damaged_backup_is_refused_and_nothing_is_changed(state_dir: Path, how: str) -> None:
    a_history(state_dir, 200)
    made = backups.back_up(state_dir, 1.0)
    made.path.write_bytes(damaged(made.path.read_bytes(), how))
    before = (state_dir / "history.db").read_bytes()
    with pytest.raises(HistoryDamaged) as caught:
        backups.restore(state_dir, made.path, 2.0)
    assert caught.value.where == str(made.path)
    assert (state_dir / "history.db").read_bytes() == before
    assert not rest(state_dir)


def test_a_backup_that_lost_rows_without_a_trace_is_refused(state_dir: Path) -> None:
    a_history(state_dir, 10)
    made = backups.back_up(state_dir, 1.0)
    with closing(sqlite3.connect(made.path, isolation_level=None)) as db:
        db.execute("DELETE FROM task_runs WHERE run_id = 3")
    with pytest.raises(HistoryDamaged, match="holds 10 runs and 27 task runs, and should hold 10 and 30"):
        backups.restore(state_dir, made.path, 2.0)


def test_a_newer_history_and_another_programs_database_are_no_backups(
    state_dir: Path, tmp_path: Path
) -> None:
    a_history(state_dir)
    made = backups.back_up(state_dir, 1.0)
    with closing(sqlite3.connect(made.path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(HistoryError, match="newer tui_flow"):
        backups.restore(state_dir, made.path, 2.0)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(HistoryError, match="not a history"):
        backups.restore(state_dir, other, 2.0)


def test_an_old_backup_is_brought_up_to_date(state_dir: Path) -> None:
    golden = ROOT / "tests" / "golden" / "0.1.0" / "history.db"
    restored, aside = backups.restore(state_dir, golden, 5.0)
    assert restored.runs == 2
    assert aside is None
    assert counted(state_dir) == 2


def test_an_old_history_is_copied_aside_before_it_is_changed(state_dir: Path) -> None:
    golden = (ROOT / "tests" / "golden" / "0.1.0" / "history.db").read_bytes()
    (state_dir / "history.db").write_bytes(golden)
    database.open_writer(state_dir).close()
    (copy,) = (state_dir / "backups").iterdir()
    assert copy.name.startswith(f"before-schema-{database.SCHEMA_VERSION}-")
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM flow_runs").fetchone() == (2,)
    database.open_writer(state_dir).close()
    assert len(list((state_dir / "backups").iterdir())) == 1


@pytest.mark.parametrize("point", ["backup", "restore", "mid-migration"])
def test_killed_in_the_middle_there_is_the_old_history_or_the_new_one(state_dir: Path, point: str) -> None:
    """And nothing else: both are whole, and the same command does it then."""
    golden = ROOT / "tests" / "golden" / "0.1.0" / "history.db"
    code = (
        "import sys; from pathlib import Path; from tui_flow.store import backups, database\n"
        "state_dir, golden = map(Path, sys.argv[1:])\n"
        "database.open_writer(state_dir).close()\n"
        "backups.back_up(state_dir, 1.0)\n"
        "backups.restore(state_dir, golden, 2.0)\n"
    )
    command = [sys.executable, "-c", code, str(state_dir), str(golden)]
    if point == "mid-migration":
        (state_dir / "history.db").write_bytes(golden.read_bytes())
    else:
        with closing(database.open_writer(state_dir)) as db:
            runs.insert_run(db, a_run(7))
    environment = {**os.environ, failpoints.ENV_FAILPOINT: f"{point}:1:kill"}
    assert subprocess.run(command, cwd=ROOT, env=environment).returncode == -9
    with closing(sqlite3.connect(f"file:{state_dir}/history.db?mode=ro", uri=True)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        assert db.execute("SELECT count(*) FROM flow_runs").fetchone() == (
            2 if point == "mid-migration" else 1,
        )
        assert 1 <= version <= database.SCHEMA_VERSION
    assert subprocess.run(command, cwd=ROOT).returncode == 0
    assert counted(state_dir) == 2
