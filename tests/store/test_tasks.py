"""Task runs in the history."""

import sqlite3

import pytest

from tests.store.rows import a_run, a_task
from tui_flow.contract.failure import Failure
from tui_flow.contract.states import EndReason, TaskRunState
from tui_flow.store import runs, tasks
from tui_flow.store.runs import IllegalTransition

FAILED = {"state": TaskRunState.FAILED, "reason": EndReason.ERROR, "ended_at": 9.0}


@pytest.fixture(autouse=True)
def a_run_for_them(writer: sqlite3.Connection) -> None:
    runs.insert_run(writer, a_run(1))


def test_task_runs_come_in_the_order_of_their_ids(writer: sqlite3.Connection) -> None:
    tasks.insert_tasks(writer, [a_task(id) for id in (10, 2, 1)])
    assert [task.id for task in tasks.list_tasks(writer, 1)] == [1, 2, 10]
    assert tasks.list_tasks(writer, 2) == []


def test_only_what_is_newer_is_read_again(writer: sqlite3.Connection) -> None:
    tasks.insert_tasks(writer, [a_task(1, revision=100), a_task(2, revision=200)])
    assert [task.id for task in tasks.list_tasks(writer, 1, 100)] == [2]
    first = tasks.get_task(writer, 1, 1)
    assert first
    tasks.update_tasks(writer, [(first, first._replace(run_name="renamed", revision=300))])
    assert [task.run_name for task in tasks.list_tasks(writer, 1, 200)] == ["renamed"]


def test_a_failure_is_kept_whole(writer: sqlite3.Connection) -> None:
    failure = Failure("ValueError", "no \x1b[31m", "Traceback …", "flows/etl.py", 3, "load")
    task = a_task()
    tasks.insert_tasks(writer, [task])
    tasks.update_tasks(writer, [(task, task._replace(failure=failure, **FAILED))])
    found = tasks.get_task(writer, 1, 1)
    assert found and found.failure == failure
    assert found.state is TaskRunState.FAILED
    assert tasks.count_by_state(writer, 1) == {TaskRunState.FAILED: 1}
    assert tasks.list_active(writer, 1) == []


def test_the_first_failure_is_the_one_that_ended_first(writer: sqlite3.Connection) -> None:
    assert tasks.first_failures(writer, [1]) == {}
    found = [a_task(1), a_task(2), a_task(3), a_task(4)]
    tasks.insert_tasks(writer, found)
    ends = {1: 120.0, 2: 110.0, 3: 110.0}
    after = [
        task._replace(
            failure=Failure("ValueError", f"task {task.id}", ""), **{**FAILED, "ended_at": ends[task.id]}
        )
        for task in found[:3]
    ]
    tasks.update_tasks(writer, list(zip(found, after, strict=False)))
    assert {id: first.message for id, first in tasks.first_failures(writer, [1, 2]).items()} == {1: "task 3"}


def test_text_that_is_no_unicode_is_kept_readable(writer: sqlite3.Connection) -> None:
    task = a_task(run_name="load caf\udce9.csv ✓", message="\ud800")
    tasks.insert_tasks(writer, [task])
    tasks.update_tasks(writer, [(task, task._replace(message="\udfff"))])
    found = tasks.get_task(writer, 1, 1)
    assert found and (found.run_name, found.message) == ("load caf\\udce9.csv ✓", "\\udfff")


def test_what_is_over_stays_over(writer: sqlite3.Connection) -> None:
    task = a_task(**FAILED)
    tasks.insert_tasks(writer, [task])
    with pytest.raises(IllegalTransition):
        tasks.update_tasks(
            writer, [(task, task._replace(state=TaskRunState.RUNNING, ended_at=None, reason=None))]
        )


def test_a_row_that_is_not_as_it_was_read_is_not_overwritten(writer: sqlite3.Connection) -> None:
    task = a_task()
    tasks.insert_tasks(writer, [task])
    running = task._replace(state=TaskRunState.RUNNING)
    tasks.update_tasks(writer, [(task, running)])
    with pytest.raises(IllegalTransition):
        tasks.update_tasks(writer, [(task, task._replace(**FAILED))])


def test_a_summary_has_the_calls_of_a_task_by_state_in_the_order_of_their_first(
    writer: sqlite3.Connection,
) -> None:
    done = {"state": TaskRunState.COMPLETED, "reason": EndReason.RETURNED, "started_at": 10.0}
    found = [
        a_task(2, name="load", ended_at=12.0, **done),
        a_task(1, name="read", ended_at=11.0, **done),
        a_task(3, name="load", ended_at=19.0, tries=2, **done),
        a_task(4, name="load"),
    ]
    tasks.insert_tasks(writer, found)
    told = [(one.name, one.state, one.calls, one.tries, one.seconds) for one in tasks.summary(writer, 1)]
    assert told == [
        ("read", "completed", 1, 0, 1.0), ("load", "completed", 2, 2, 9.0), ("load", "pending", 1, 0, None),
    ]  # fmt: skip


def test_the_tasks_that_fail_most_are_counted_once_a_run(writer: sqlite3.Connection) -> None:
    runs.insert_run(writer, a_run(2))
    runs.insert_run(writer, a_run(3))
    failures = [("load", 1), ("load", 1), ("load", 2), ("end", 2), ("read", 3)]
    for id, (name, run) in enumerate(failures, 1):
        tasks.insert_tasks(writer, [a_task(id, run_id=run, name=name, **FAILED)])
    assert tasks.failed_runs_by_task(writer, [1, 2]) == {"load": 2, "end": 1}
