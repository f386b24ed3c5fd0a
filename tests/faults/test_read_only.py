"""A project that can be looked at and no more: on a read-only file system, or with the history of a newer version."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.project import TUI_FLOW, Project, temporary_project
from tests.tui.pages import console
from tests.tui.project import Project as Seeded
from tests.tui.project import seed_etl
from tests.waiting import wait_until
from tui_flow.cli.console import _why_read_only
from tui_flow.contract.errors import HistoryError
from tui_flow.store import database, looking

GREETING = """
    from tui_flow import flow

    @flow
    def greeting():
        print("hello")
"""
_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd / && cd "$0" && exec "$@"'
LOOKS = (
    (["runs"], "greeting"),
    (["show", "1"], "completed"),
    (["logs", "1"], "hello"),
)
REFUSED = (["run", "greeting"], ["engine", "start"], ["db", "backup"])


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with temporary_project(tmp_path / "project") as found:
        found.write("greeting.py", GREETING)
        assert found.tui_flow("run", "greeting").returncode == 0
        yield found


def stopped(project: Project) -> None:
    """There is the database, and nothing beside it."""
    assert project.tui_flow("engine", "stop").returncode == 0
    assert not (project.state_dir / "history.db-wal").exists()


def killed(project: Project) -> None:
    """What was last written is in the write-ahead log."""
    os.kill(project.ask("engine", "status")["pid"], signal.SIGKILL)
    wait_until(lambda: not project.processes())
    assert (project.state_dir / "history.db-wal").stat().st_size


def read_only(project: Project, *words: str) -> "subprocess.CompletedProcess[str]":
    """`tui-flow` with these words, where the project's file system cannot be written."""
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", _READ_ONLY, str(project.root), TUI_FLOW, *words],
        env=project.environment, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


@pytest.fixture(scope="module")
def can_mount(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("mount")
    try:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", _READ_ONLY, str(folder), "sh", "-c", "! touch here"],
            capture_output=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr!r}")


@pytest.mark.usefixtures("can_mount")
@pytest.mark.parametrize("left", [stopped, killed], ids=["stopped", "killed"])
def test_on_a_read_only_file_system_one_can_look_and_all_else_is_refused_in_words(
    project: Project, left: Callable[[Project], None]
) -> None:
    left(project)
    before = {path: path.stat().st_mtime_ns for path in project.state_dir.rglob("*")}
    for words, shown in LOOKS:
        done = read_only(project, *words)
        assert (done.returncode, shown in done.stdout) == (0, True), done
        assert done.stderr == "note: the file system is mounted read-only: this is what was there\n"
    for words in REFUSED:
        done = read_only(project, *words)
        assert (done.returncode, done.stdout) == (4, ""), done
        what, _, next = done.stderr.splitlines()
        assert what == "error: the file system is mounted read-only, and runs need one that they can write"
        assert "copy the project" in next
    assert {path: path.stat().st_mtime_ns for path in project.state_dir.rglob("*")} == before


@pytest.mark.usefixtures("can_mount")
def test_where_nothing_was_kept_it_is_read_only_all_the_same(tmp_path: Path) -> None:
    with temporary_project(tmp_path / "project") as project:
        for words in (["runs"], ["show", "1"]):
            done = read_only(project, *words)
            assert done.returncode == 4 and "mounted read-only" in done.stderr, done


@pytest.mark.usefixtures("can_mount")
def test_a_log_without_its_index_is_not_passed_over_in_silence(project: Project) -> None:
    killed(project)
    (project.state_dir / "history.db-shm").unlink()
    done = read_only(project, "runs")
    assert (done.returncode, "copy the project" in done.stderr) == (4, True), done


def make_newer(path: Path, *statements: str) -> None:
    """As a version to come might leave it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in (
            "ALTER TABLE flow_runs ADD COLUMN colour TEXT",
            "CREATE TABLE moods (id INTEGER PRIMARY KEY)",
            *statements,
            f"PRAGMA user_version = {database.SCHEMA_VERSION + 2}",
        ):
            db.execute(statement)


def test_a_newer_history_can_be_looked_at_and_no_engine_of_ours_touches_it(project: Project) -> None:
    stopped(project)
    path = project.state_dir / "history.db"
    make_newer(path)
    before = path.read_bytes()
    for words, shown in LOOKS:
        done = project.tui_flow(*words)
        assert (done.returncode, shown in done.stdout) == (0, True), done
        assert done.stderr.startswith("note: a newer tui_flow wrote this history")
    for words in (["run", "greeting"], ["engine", "start"]):
        done = project.tui_flow(*words)
        assert (done.returncode, "newer tui_flow" in done.stderr, "pip install --upgrade" in done.stderr) == (
            4,
            True,
            True,
        )
    assert path.read_bytes() == before


def test_what_a_newer_history_means_by_words_of_its_own_is_not_guessed(project: Project) -> None:
    stopped(project)
    make_newer(
        project.state_dir / "history.db",
        "PRAGMA ignore_check_constraints = ON",
        "UPDATE flow_runs SET state = 'dreaming'",
    )
    done = project.tui_flow("runs")
    assert (done.returncode, "Traceback" in done.stderr) == (4, False), done
    assert "does not understand what a newer tui_flow wrote" in done.stderr


@pytest.fixture
def newer(tmp_path: Path) -> Iterator[Seeded]:
    seeded = Seeded(tmp_path / "project")
    seed_etl(seeded)
    seeded.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    make_newer(tmp_path / "project" / ".tui_flow" / "history.db")
    seeded.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield seeded
    seeded.close()


async def test_the_console_shows_a_newer_history_and_says_why_it_only_reads(newer: Seeded) -> None:
    why = _why_read_only(newer.settings, asked=False)
    assert why is not None
    async with console(newer, read_only=why) as page:
        await page.shows("etl_daily", "read-only", "a newer tui_flow wrote this history")
        await page.press("enter")
        await page.shows("load failed")
        await page.press("r")
        await page.shows("a newer tui_flow wrote this history")


def test_a_reader_refuses_a_newer_history_unless_it_is_told_to_look(newer: Seeded) -> None:
    with pytest.raises(HistoryError, match="newer tui_flow"):
        database.open_reader(newer.settings.state_dir)
    database.open_reader(newer.settings.state_dir, newer=True).close()


def test_a_history_of_this_version_is_not_just_to_be_looked_at(tmp_path: Path) -> None:
    database.open_writer(tmp_path).close()
    assert looking.why_only_to_look_at(tmp_path) == ""
    assert looking.written_version(tmp_path) == database.SCHEMA_VERSION
    with pytest.raises(ValueError), looking.as_far_as_understood(tmp_path):
        raise ValueError
