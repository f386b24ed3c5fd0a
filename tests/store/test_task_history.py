"""How a task went in the last runs, and what a call of it gave."""

import sqlite3
from pathlib import Path

import pytest

from tests.store.rows import a_run, a_task
from tui_flow.contract import calls, rundir
from tui_flow.contract.states import TaskRunState
from tui_flow.store import queries, rows, tasks
from tui_flow.store.task_history import Output, grid_of, output_of, past_of

DONE, FAILED = TaskRunState.COMPLETED, TaskRunState.FAILED


def ended(run_id: int, id: int, state: TaskRunState, name: str = "load", **changes: object) -> object:
    return a_task(
        id, run_id=run_id, name=name, state=state, started_at=100.0 + id, ended_at=110.0 + id, **changes
    )


@pytest.fixture
def history(writer: sqlite3.Connection) -> sqlite3.Connection:
    for id, flow in ((1, "etl"), (2, "etl"), (3, "other"), (4, "etl"), (5, "etl")):
        queries.change(
            writer,
            "insert_run",
            rows.flow_run_row(a_run(id, flow=flow, first_task_run_id=3 if id == 4 else 1)),
        )
    tasks.insert_tasks(
        writer,
        [
            ended(1, 1, DONE), ended(2, 1, DONE), ended(2, 2, FAILED), ended(2, 3, DONE, "extract"),
            ended(3, 1, DONE), ended(4, 1, FAILED), ended(4, 3, DONE), ended(5, 1, DONE),
        ],
    )  # fmt: skip
    return writer


def test_the_last_runs_of_the_flow_tell_how_a_task_went(history: sqlite3.Connection) -> None:
    found = past_of(history, "etl", "load", newest=4)
    assert [(one.run_id, dict(one.counts)) for one in found] == [
        (4, {DONE: 1}),  # of its last attempt alone
        (2, {DONE: 1, FAILED: 1}),
        (1, {DONE: 1}),
    ]
    assert found[1].seconds == 11.0
    assert past_of(history, "etl", "nothing", newest=5) == []


def test_all_tasks_of_the_last_runs_are_told_the_newest_runs_first(history: sqlite3.Connection) -> None:
    found = grid_of(history, "etl", newest=5, limit=3)
    assert list(found) == ["load", "extract"]
    assert {run_id: dict(past.counts) for run_id, past in found["load"].items()} == {
        5: {DONE: 1},
        4: {DONE: 1},
        2: {DONE: 1, FAILED: 1},
    }
    assert list(found["extract"]) == [2]


def call(id: int, attempt: int, form: str = "json", ref: str = "") -> calls.Call:
    return calls.Call("load[0]", "load", id, attempt, "completed", "a", "", "c", form, ref)


def test_what_a_call_gave_is_told_without_unpickling_it(tmp_path: Path) -> None:
    directory = rundir.run_dir(tmp_path, 7)
    directory.mkdir(parents=True)
    sha = "ab" * 32
    big = tmp_path / rundir.RESULTS / "sha256" / sha[:2] / sha
    big.parent.mkdir(parents=True)
    big.write_bytes(b"x" * 5000)
    (directory / rundir.CALLS).write_bytes(
        calls.encode(call(1, 1), "41")
        + calls.encode(call(1, 2), "42")
        + calls.encode(call(2, 2, "pickle"), '"gASVAA=="')
        + calls.encode(call(3, 2, "json", sha))
        + calls.encode(call(4, 2, ""))
        + calls.encode(call(5, 2), f'"{"y" * 5000}"')
        + calls.encode(call(6, 2), "1")[:-9]
    )
    assert output_of(tmp_path, 7, 2, 1) == Output("json", 2, "42")
    assert output_of(tmp_path, 7, 1, 1) == Output("json", 2, "41")
    assert output_of(tmp_path, 7, 2, 2) == Output("pickle", 7, None)
    assert output_of(tmp_path, 7, 2, 3) == Output("json", 5000, None)
    assert output_of(tmp_path, 7, 2, 4) == Output("", 0, None)
    assert output_of(tmp_path, 7, 2, 5) == Output("json", 5002, None)
    assert output_of(tmp_path, 7, 2, 6) is None and output_of(tmp_path, 8, 1, 1) is None
    big.unlink()
    assert output_of(tmp_path, 7, 2, 3) == Output("", 0, None)
