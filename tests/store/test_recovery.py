"""What becomes of a damaged history: refused with what to do, never made anew in silence, and built anew on demand."""

import os
import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.engine.journals import lines, make_run, mapped
from tests.store.histories import a_history, counted, is_whole
from tui_flow.contract import rundir
from tui_flow.contract.errors import HistoryDamaged, HistoryError
from tui_flow.store import checkup, database, facts, recovery, runs, tasks

PAGE = 4096


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return rundir.open_state_dir(tmp_path)


def flip_pages(path: Path, count: int, rng: random.Random, first: int = 1) -> None:
    """Flips a bit in so many pages, none before `first` (from 0)."""
    content = bytearray(path.read_bytes())
    pages = len(content) // PAGE
    for page in rng.sample(range(first, pages), min(count, pages - first)):
        content[page * PAGE + rng.randrange(PAGE)] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def use(state_dir: Path) -> None:
    """Reads all that the console and the engine would."""
    with closing(database.open_writer(state_dir)) as db:
        for run in runs.list_runs(db, limit=100_000):
            tasks.list_tasks(db, run.id)


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bits_are_refused_or_harmless_and_can_be_recovered_from(state_dir: Path, seed: int) -> None:
    """Ten pages each, two hundred in all: only our own errors, no crash, and whole again after `recover`."""
    a_history(state_dir, 150, 4)
    path = state_dir / "history.db"
    flip_pages(path, 10, random.Random(seed), first=seed % 2)
    content = path.read_bytes()
    with suppress(HistoryError, ValueError, TypeError, KeyError):  # a flipped letter is no damage to SQLite
        use(state_dir)
    path.write_bytes(content)
    done = recovery.recover(state_dir, 9.0)
    assert is_whole(state_dir)
    assert checkup.check(state_dir).is_whole
    assert done.aside is not None
    assert done.aside.read_bytes()[:PAGE] == content[:PAGE]
    assert counted(state_dir) <= 150


def test_one_bad_page_costs_only_its_own_rows(state_dir: Path) -> None:
    a_history(state_dir, 400, 0)
    path = state_dir / "history.db"
    with closing(sqlite3.connect(path)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'flow_runs'").fetchone()
    content = bytearray(path.read_bytes())
    children = int.from_bytes(content[(root - 1) * PAGE + 3 : (root - 1) * PAGE + 5], "big")
    cell = int.from_bytes(content[(root - 1) * PAGE + 12 : (root - 1) * PAGE + 14], "big") + (root - 1) * PAGE
    leaf = int.from_bytes(content[cell : cell + 4], "big")
    assert children > 4
    content[(leaf - 1) * PAGE : leaf * PAGE] = b"\xff" * PAGE
    path.write_bytes(content)
    with pytest.raises(HistoryDamaged) as caught:
        use(state_dir)
    assert "db recover" in caught.value.next
    recovery.recover(state_dir, 9.0)
    assert 300 < counted(state_dir) < 400


def test_what_journals_tell_is_left_to_the_engine_and_the_rest_is_saved(state_dir: Path) -> None:
    a_history(state_dir, 10)
    for _ in range(2):  # runs 1 and 2 have their directories
        _, directory = make_run(state_dir)
        (directory / rundir.JOURNAL).write_bytes(lines(mapped(3)))
    done = recovery.recover(state_dir, 9.5)
    assert done.journals == 2
    assert (done.saved["flow_runs"], done.saved["task_runs"]) == (8, 24)
    assert counted(state_dir) == 8
    assert checkup.check(state_dir).not_recorded == [1, 2]
    with closing(database.open_reader(state_dir)) as db:
        assert facts.get(db, facts.RESTORED_AT) == "9.5"


@pytest.mark.parametrize(
    "content",
    [None, b"", b"a text " * 999, os.urandom(9000), b"SQLite format 3\0" + b"\xff" * 5000],
    ids=[
        "missing",
        "empty",
        "a text",
        "random",
        "a header and rubbish",
    ],  # each process must collect the same
)
def test_nothing_to_be_saved_gives_an_empty_history(state_dir: Path, content: bytes | None) -> None:
    path = state_dir / "history.db"
    if content is not None:
        path.write_bytes(content)
    done = recovery.recover(state_dir, 9.0)
    assert done.saved == {}
    assert counted(state_dir) == 0
    assert (done.aside is None) == (content is None)
    if done.aside is not None:
        assert done.aside.read_bytes() == content
    assert {one.name for one in state_dir.iterdir()} - {"backups"} == {
        ".gitignore",
        "history.db",
        "runs",
        "sources",
    }


def test_a_check_tells_what_does_not_fit(state_dir: Path) -> None:
    a_history(state_dir, 3)
    for _ in range(5):
        make_run(state_dir)
    rundir.make_run_dir(state_dir)  # never asked for in earnest: no spec
    with closing(sqlite3.connect(state_dir / "history.db", isolation_level=None)) as db:
        db.execute("UPDATE flow_runs SET ingested_bytes = 100 WHERE id = 2")
    (state_dir / "runs" / "1" / rundir.SPEC).unlink()
    (state_dir / "runs" / "1").rmdir()
    report = checkup.check(state_dir)
    assert report.is_whole
    assert (report.runs, report.tasks) == (3, 9)
    assert (report.without_directory, report.not_recorded, report.cut_journals) == ([1], [4, 5], [2])


def test_a_check_names_dangling_references_and_bad_pages(state_dir: Path) -> None:
    a_history(state_dir, 300)
    with closing(sqlite3.connect(state_dir / "history.db", isolation_level=None)) as db:
        db.execute("DELETE FROM flow_runs WHERE id = 5")
    report = checkup.check(state_dir)
    assert not report.is_whole
    assert "task_runs" in report.references[0]
    path = state_dir / "history.db"
    content = bytearray(path.read_bytes())
    content[20 * PAGE : 21 * PAGE] = b"\xff" * PAGE
    path.write_bytes(content)
    assert checkup.check(state_dir).pages
