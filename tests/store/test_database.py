"""Opening the history: where it is new, missing, newer, foreign, damaged or not to be written."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.rows import a_run
from tui_flow.contract.errors import HistoryError
from tui_flow.store import database, runs


def test_the_writer_makes_a_history_that_readers_read(tmp_path: Path) -> None:
    writer = database.open_writer(tmp_path)
    reader = database.open_reader(tmp_path)
    runs.insert_run(writer, a_run(7))
    assert [run.id for run in runs.list_runs(reader)] == [7]
    reader.close()
    writer.close()


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        writer = database.open_writer(tmp_path)
        runs.insert_run(writer, a_run())
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"history.db": 0o600, "history.db-wal": 0o600, "history.db-shm": 0o600}
    writer.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    database.open_writer(tmp_path).close()
    reader = database.open_reader(tmp_path)
    with pytest.raises(HistoryError, match="readonly"):
        runs.insert_run(reader, a_run())
    reader.close()


def test_a_reader_finds_what_a_killed_writer_committed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from tests.store.rows import a_run;"
        "from tui_flow.store import database, runs;"
        "db = database.open_writer(Path(sys.argv[1])); runs.insert_run(db, a_run(3)); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=False)
    reader = database.open_reader(tmp_path)
    assert [run.id for run in runs.list_runs(reader)] == [3]
    reader.close()


def test_a_path_too_long_for_sqlite_is_said(tmp_path: Path) -> None:
    there = tmp_path.joinpath(*["x"] * ((490 - len(str(tmp_path))) // 2))
    longest = there / ("y" * (database.MAX_PATH_BYTES - len(f"{there}//history.db")))
    longest.mkdir(parents=True)
    database.open_writer(longest).close()
    database.open_reader(longest).close()
    too_long = longest.rename(longest.with_name(longest.name + "y"))
    for open_history in (database.open_writer, database.open_reader):
        with pytest.raises(HistoryError, match="has 505") as caught:
            open_history(too_long)
        assert "shorter" in caught.value.next


def test_a_history_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "history.db").mkdir()
    for open_history in (database.open_writer, database.open_reader):
        with pytest.raises(HistoryError, match="cannot use the history"):
            open_history(tmp_path)


def test_a_history_in_somebody_elses_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(HistoryError, match="Permission denied"):
        database.open_reader(tmp_path)


def test_a_missing_history_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(HistoryError) as caught:
        database.open_reader(tmp_path)
    assert "no history yet" in caught.value.what
    assert caught.value.next
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("open_history", [database.open_reader, database.open_writer])
def test_a_newer_history_names_the_version_that_wrote_it(tmp_path: Path, open_history) -> None:
    db = database.open_writer(tmp_path)
    db.execute(f"PRAGMA user_version = {database.SCHEMA_VERSION + 1}")
    db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('tui_flow', '7.3.0 more', '')"
    )
    db.close()
    before = (tmp_path / "history.db").read_bytes()
    with pytest.raises(HistoryError) as caught:
        open_history(tmp_path)
    assert "newer" in caught.value.what and "7.3.0" in caught.value.next
    assert "pip install --upgrade tui-flow" in caught.value.next
    assert str(tmp_path) in caught.value.where
    assert (tmp_path / "history.db").read_bytes() == before


@pytest.mark.parametrize("open_history", [database.open_reader, database.open_writer])
@pytest.mark.parametrize(
    "content",
    [b"hello, I am a text" * 100, os.urandom(8192), b"SQLite format 3\0" + b"\xff" * 5000],
    ids=["text", "noise", "header only"],
)
def test_a_damaged_history_is_refused_and_left_as_it_is(tmp_path: Path, open_history, content: bytes) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(content)
    with pytest.raises(HistoryError) as caught:
        open_history(tmp_path)
    assert caught.value.next
    assert path.read_bytes() == content


@pytest.mark.parametrize("open_history", [database.open_reader, database.open_writer])
def test_the_database_of_another_program_is_refused(tmp_path: Path, open_history) -> None:
    db = sqlite3.connect(tmp_path / "history.db")
    db.execute("CREATE TABLE songs (title TEXT)")
    db.commit()
    db.close()
    with pytest.raises(HistoryError, match="not a history of tui_flow"):
        open_history(tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "history.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HistoryError):
        database.open_writer(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_migration_that_was_killed_is_done_by_the_next_writer(tmp_path: Path) -> None:
    """An empty file is what a writer leaves that dies before its first migration."""
    (tmp_path / "history.db").touch(0o600)
    writer = database.open_writer(tmp_path)
    assert runs.list_runs(writer) == []
    writer.close()


def test_a_reader_asks_for_the_engine_where_the_history_is_older(tmp_path: Path) -> None:
    (tmp_path / "history.db").touch(0o600)
    with pytest.raises(HistoryError, match="older version"):
        database.open_reader(tmp_path)


def test_a_transaction_is_all_or_nothing(writer: sqlite3.Connection) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction(writer):
        runs.insert_run(writer, a_run(1))
        raise ZeroDivisionError
    assert runs.list_runs(writer) == []
    with database.transaction(writer):
        runs.insert_run(writer, a_run(2))
    assert [run.id for run in runs.list_runs(writer)] == [2]


def test_opening_an_up_to_date_history_imports_no_sqlite_utils(tmp_path: Path) -> None:
    database.open_writer(tmp_path).close()
    code = (
        "import sys; from pathlib import Path; from tui_flow.store import database;"
        "database.open_writer(Path(sys.argv[1])); sys.exit('sqlite_utils' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0
