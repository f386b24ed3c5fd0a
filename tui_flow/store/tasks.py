"""Task runs. Every function raises HistoryError where the database cannot be used."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tui_flow.contract.failure import Failure
from tui_flow.contract.states import TASK_TRANSITIONS, TaskRunState
from tui_flow.store import queries, rows
from tui_flow.store.records import TaskRun
from tui_flow.store.runs import IllegalTransition, reachable

LAST_ID = 2**62
"""No task run has it: where the last attempt ends."""
_REACHABLE = reachable(TASK_TRANSITIONS)


def list_tasks(db: sqlite3.Connection, run_id: int, since_revision: int = -1) -> list[TaskRun]:
    """The task runs of a run's last attempt in id order; with `since_revision` only those that changed after it."""
    if since_revision < 0:
        found = queries.rows(db, "list_tasks", [run_id])
    else:
        found = queries.rows(db, "list_tasks_since", [run_id, since_revision])
    return list(map(rows.task_run, found))


def list_of_attempt(db: sqlite3.Connection, run_id: int, first: int, end: int) -> list[TaskRun]:
    """The task runs of an attempt, by the first ids of it and of the attempt after it."""
    return list(map(rows.task_run, queries.rows(db, "list_tasks_between", [run_id, first, end])))


def last_id(db: sqlite3.Connection, run_id: int) -> int:
    """The highest id that a task run of any attempt has; 0 where there is none."""
    return int((queries.row(db, "last_task_id", [run_id]) or (None,))[0] or 0)


def list_active(db: sqlite3.Connection, run_id: int) -> list[TaskRun]:
    """The task runs of a run that are not over."""
    return list(map(rows.task_run, queries.rows(db, "list_active_tasks", [run_id])))


def list_names(db: sqlite3.Connection, run_id: int) -> list[str]:
    """The names of the tasks that any attempt called, in the order of their first calls."""
    return [name for (name,) in queries.rows(db, "list_task_names", [run_id])]


def get_task(db: sqlite3.Connection, run_id: int, id: int) -> TaskRun | None:
    row = queries.row(db, "get_task", [run_id, id])
    return None if row is None else rows.task_run(row)


def get_tasks(db: sqlite3.Connection, run_id: int, ids: Collection[int]) -> dict[int, TaskRun]:
    """Those of the task runs that the history has, by id."""
    found = queries.rows(db, "get_tasks", [run_id, rows.to_list(sorted(ids))]) if ids else []
    return {row[1]: rows.task_run(row) for row in found}


def count_by_state(db: sqlite3.Connection, run_id: int) -> dict[TaskRunState, int]:
    """How many task runs of a run are in each state; states without any are left out."""
    found = queries.rows(db, "count_tasks_by_state", [run_id])
    return {TaskRunState(state): count for state, count in found}


def first_failures(db: sqlite3.Connection, run_ids: Collection[int]) -> dict[int, Failure]:
    """By run, what the task run that failed first says; what came after may only be its echo. Runs of which none says
    anything are left out."""
    found = queries.rows(db, "first_failures", [rows.to_list(sorted(run_ids))])
    return {id: failure for id, text in found if (failure := rows.to_failure(text)) is not None}


def first_failed(
    db: sqlite3.Connection, run_id: int, first: int, end: int = LAST_ID
) -> tuple[str, Failure] | None:
    """The name of the task that failed first in an attempt, and what it says. None where none says anything."""
    row = queries.row(db, "first_failed_task", [run_id, first, end])
    failure = None if row is None else rows.to_failure(row[1])
    return None if row is None or failure is None else (str(row[0]), failure)


def names_in_state(
    db: sqlite3.Connection, run_id: int, first: int, end: int, state: TaskRunState, limit: int = 8
) -> list[str]:
    """The names of the tasks of an attempt that are in a state, each once."""
    found = queries.rows(db, "list_task_names_in_state", [run_id, first, end, state, limit])
    return [str(name) for (name,) in found]


class TaskSummary(NamedTuple):
    """The calls of one task in a run that are in one state."""

    name: str
    state: TaskRunState
    calls: int
    first_id: int
    tries: int
    """The most that one of them needed."""
    seconds: float | None
    """The longest of them; None while none has ended."""


def summary(db: sqlite3.Connection, run_id: int, limit: int = 200) -> list[TaskSummary]:
    """The tasks of a run's last attempt, in the order of their first calls; some 10 ms for each 20,000 calls."""
    found = map(TaskSummary._make, queries.rows(db, "summarize_tasks", [run_id, limit]))
    return [one._replace(state=TaskRunState(one.state)) for one in found]


def failed_runs_by_task(db: sqlite3.Connection, run_ids: Collection[int], limit: int = 5) -> dict[str, int]:
    """In how many of some runs each task failed, those that failed most first."""
    return dict(queries.rows(db, "count_failed_runs_by_task", [rows.to_list(sorted(run_ids)), limit]))


def insert_tasks(db: sqlite3.Connection, tasks: Iterable[TaskRun]) -> None:
    queries.change_many(db, "insert_task", map(rows.task_run_row, tasks))


def update_tasks(db: sqlite3.Connection, changes: Sequence[tuple[TaskRun, TaskRun]]) -> None:
    """The one function that changes task runs: pairs of before and after.

    Raises IllegalTransition where the second state cannot follow from the first, or a row is no longer as it was.
    """
    for before, after in changes:
        if after.state is not before.state and after.state not in _REACHABLE[before.state]:
            raise IllegalTransition(f"task run {before.run_id}/{before.id}: {before.state} → {after.state}")
    if changes and queries.change_many(db, "update_task", map(_update_row, changes)) != len(changes):
        raise IllegalTransition(f"task runs of run {changes[0][0].run_id} are no longer as they were read")


def _update_row(pair: tuple[TaskRun, TaskRun]) -> rows.Row:
    """In the order of the query."""
    before, after = pair
    failure = None if after.failure is None else rows.from_failure(after.failure)
    return (
        *map(rows.storable, after[5:11]),
        *after[17:20],
        failure,
        after.revision,
        rows.from_tries(after.tried),
        after.run_id,
        after.id,
        before.state,
    )
