"""Histories with some runs in them, in tests."""

import sqlite3
from pathlib import Path

from tests.store.rows import a_run, a_task
from tui_flow.contract.states import EndReason, FlowRunState, TaskRunState
from tui_flow.store import database, runs, tasks

OVER = {
    "state": FlowRunState.COMPLETED,
    "state_name": "Completed",
    "reason": EndReason.RETURNED,
    "started_at": 101.0,
    "ended_at": 109.0,
}
FAILED = {**OVER, "state": FlowRunState.FAILED, "state_name": "Failed", "reason": EndReason.ERROR}
DONE = {
    "state": TaskRunState.COMPLETED,
    "state_name": "Completed",
    "reason": EndReason.RETURNED,
    "ended_at": 104.0,
}


def fill(db: sqlite3.Connection, count: int, tasks_each: int = 3, first: int = 1) -> None:
    """So many runs that are over, each with its task runs."""
    with database.transaction(db):
        for id in range(first, first + count):
            runs.insert_run(db, a_run(id, **OVER))
            tasks.insert_tasks(db, [a_task(number, run_id=id, **DONE) for number in range(1, tasks_each + 1)])


def a_history(state_dir: Path, count: int = 10, tasks_each: int = 3) -> None:
    """A history on the disk, closed."""
    db = database.open_writer(state_dir)
    fill(db, count, tasks_each)
    db.close()


def counted(state_dir: Path) -> int:
    db = database.open_reader(state_dir)
    try:
        return runs.count(db)
    finally:
        db.close()


def is_whole(state_dir: Path) -> bool:
    db = database.open_reader(state_dir)
    try:
        return db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        db.close()
