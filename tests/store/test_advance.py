"""How far a run is, and at what pace an earlier one went."""

import sqlite3

import pytest

from tests.store.rows import a_run, a_task
from tui_flow.contract.journal import ArtifactCreated
from tui_flow.contract.states import EndReason, FlowRunState, TaskRunState
from tui_flow.store import advance, artifacts, runs, tasks

DONE = {"state": TaskRunState.COMPLETED, "reason": EndReason.RETURNED}


def test_a_run_says_what_it_works_on_and_what_it_tries_again(writer: sqlite3.Connection) -> None:
    runs.insert_run(writer, a_run(1, first_task_run_id=2))
    found = [
        a_task(1, ended_at=1.0, **DONE),  # of an earlier attempt
        a_task(2, ended_at=2.0, **DONE),
        a_task(3, state=TaskRunState.RUNNING),
        a_task(4, name="late", state=TaskRunState.RETRYING, due_at=90.0),
        a_task(5, name="soon", state=TaskRunState.RETRYING, due_at=60.0),
        a_task(6),
    ]
    tasks.insert_tasks(writer, found)
    for number, at, task in ((1, 5.0, 3), (2, 4.0, 3), (3, 6.0, 2)):
        progress = {"done": number, "total": 9, "unit": ""}
        event = ArtifactCreated(at=at, id=str(number), task_run=task, type="progress", key=None, description=None, data=progress)  # fmt: skip
        artifacts.keep_all(writer, [event], 1)
    now = advance.of_run(writer, 1)
    assert (now.done, now.known) == (1, 5)
    assert now.retrying and now.retrying.name == "soon"
    assert [task.id for task in now.running] == [3]
    assert now.progress and now.progress.id == "1", "task 2, which spoke later, is over"
    assert advance.of_run(writer, 9) == advance.Advance({})


@pytest.mark.parametrize("count", [3, 5000], ids=["few", "many"])
def test_the_pace_of_a_run_is_when_its_tasks_ended(writer: sqlite3.Connection, count: int) -> None:
    over = {"state": FlowRunState.COMPLETED, "reason": EndReason.RETURNED, "ended_at": 200.0}
    run = a_run(1, started_at=100.0, **over)
    runs.insert_run(writer, run)
    tasks.insert_tasks(
        writer, [a_task(n, ended_at=100 + 50 * n / count, **DONE) for n in range(count, 0, -1)]
    )
    pace = advance.pace_of(writer, run)
    assert pace.tasks == count and len(pace.ends) <= advance.POINTS
    assert list(pace.ends) == sorted(pace.ends)
    assert pace.ends[0] == pytest.approx(0.5 / count) and pace.ends[-1] == pytest.approx(0.5, abs=0.01)
