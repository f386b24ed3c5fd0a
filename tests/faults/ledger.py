"""What must be true of a history whatever died: compared with what the runs themselves left on the disk."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from tui_flow.contract import rundir
from tui_flow.contract.states import TERMINAL
from tui_flow.store import database, runs, tasks
from tui_flow.store.records import FlowRun

STEPS = '''
    """A flow that leaves a mark for every step, on disk and in its log."""
    import os, time
    from pathlib import Path
    from tui_flow import flow, get_run_logger, task

    @task
    def step(n: int) -> int:
        get_run_logger().info("step %d", n)
        return n

    @flow
    def steps(count: int = 5, seconds: float = 0.0):
        with open(Path(os.environ["TUI_FLOW_RUN_DIR"], "bodies"), "a") as file:
            file.write("once\\n")
        for n in range(count):
            step(n)
            time.sleep(seconds)
'''
COUNT = 5
"""The steps of one run."""


def assert_whole(state_dir: Path, run_ids: list[int]) -> None:
    """Every run is over, its body ran once, and history, journal and log tell the same of it."""
    with closing(database.open_reader(state_dir)) as db:
        for run_id in run_ids:
            run = runs.get_run(db, run_id)
            assert run is not None, f"run {run_id} is not in the history"
            assert run.state == "completed", run
            told = tasks.list_tasks(db, run_id)
            assert Counter(task.state for task in told) == {"completed": COUNT}, told
            _assert_as_the_run_says(rundir.run_dir(state_dir, run_id), [task.id for task in told])
    assert_sound(state_dir)


def assert_sound(state_dir: Path) -> None:
    """SQLite finds nothing wrong, and no run or task run stands in the history twice or half."""
    with closing(sqlite3.connect(f"file:{state_dir / rundir.HISTORY}?mode=ro", uri=True)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def all_runs(state_dir: Path) -> list[FlowRun]:
    with closing(database.open_reader(state_dir)) as db:
        return runs.list_runs(db, limit=10_000)


def are_over(state_dir: Path, run_ids: list[int]) -> bool:
    with closing(database.open_reader(state_dir)) as db:
        found = [runs.get_run(db, run_id) for run_id in run_ids]
    return all(run is not None and run.state in TERMINAL for run in found)


def _assert_as_the_run_says(directory: Path, ids: list[int]) -> None:
    events = [json.loads(line) for line in (directory / "journal").read_bytes().splitlines()]
    assert [event["id"] for event in events if event["event"] == "TaskCreated"] == ids
    assert sum(event["event"] == "RunEnded" for event in events) == 1
    log = (directory / "log").read_text()
    assert [log.count(f"step {n}\n") for n in range(COUNT)] == [1] * COUNT
    assert (directory / "bodies").read_text() == "once\n"
