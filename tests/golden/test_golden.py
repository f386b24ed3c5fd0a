"""What a released version has written stays readable: `tests/golden/<version>/` is never changed once it is released."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.engine.house import House
from tests.sdk.history import Run, require_legal
from tui_flow.contract import rundir
from tui_flow.contract.states import TERMINAL
from tui_flow.store import database, runs, tasks
from tui_flow.store.logs import LogFile

VERSIONS = sorted(path for path in Path(__file__).parent.iterdir() if (path / "history.db").exists())
ENDS = {1: "failed", 2: "completed"}


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def golden(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def state_dir(golden: Path, tmp_path: Path) -> Path:
    """A project of ours with that version's run directories, and no history."""
    found = rundir.open_state_dir(tmp_path)
    shutil.copytree(golden / "runs", found / "runs", dirs_exist_ok=True)
    return found


def all_rows(folder: Path) -> list[Any]:
    db = database.open_reader(folder)
    try:
        found = runs.list_runs(db)
        return [(run, tasks.list_tasks(db, run.id)) for run in found]
    finally:
        db.close()


def test_every_line_of_a_journal_is_understood(golden: Path) -> None:
    for run_id in ENDS:
        require_legal(Run(golden / "runs" / str(run_id)).events)


def test_a_log_is_read_record_by_record(golden: Path) -> None:
    file = LogFile(golden / "runs" / "1" / "log")
    file.refresh()
    said = [record.message for line in range(len(file)) if (record := file.record(line)) is not None]
    file.close()
    assert "one fails, one is not run" in said


def test_a_history_opens_and_tells_what_it_told(golden: Path, tmp_path: Path) -> None:
    shutil.copy(golden / "history.db", tmp_path / "history.db")
    database.open_writer(tmp_path).close()
    assert {run.id: run.state for run, _ in all_rows(tmp_path)} == ENDS


def test_a_lost_history_is_built_anew_from_the_journals(
    golden: Path, state_dir: Path, tmp_path: Path
) -> None:
    house = House(tmp_path)
    house.tick()
    while any(house.ingest.read(active) for active in list(house.ingest.active.values())):
        house.tick()
    assert {run_id: house.state(run_id) for run_id in ENDS} == ENDS
    assert not house.ingest.active
    assert all(house.state(run_id) in TERMINAL for run_id in ENDS)
    house.crash()
    kept = tmp_path / "kept"
    kept.mkdir()
    shutil.copy(golden / "history.db", kept / "history.db")
    database.open_writer(kept).close()
    assert [(run.state, run.reason, run.failure) for run, _ in all_rows(state_dir)] == [
        (run.state, run.reason, run.failure) for run, _ in all_rows(kept)
    ]
    assert [
        [(task.id, task.run_name, task.state, task.upstream, task.tries) for task in found]
        for _, found in all_rows(state_dir)
    ] == [
        [(task.id, task.run_name, task.state, task.upstream, task.tries) for task in found]
        for _, found in all_rows(kept)
    ]
