"""How far runs are that go on: their task runs in numbers, and at what pace an earlier run of the flow went.

Every function raises HistoryError where the database cannot be used.
"""

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from tui_flow.contract.states import TASK_TERMINAL, TaskRunState
from tui_flow.store import queries, rows, tasks
from tui_flow.store.records import Artifact, FlowRun, TaskRun
from tui_flow.store.waits import waited_seconds

POINTS = 500
"""A pace keeps so many ends of task runs; of more of them, every so-manieth."""


class Advance(NamedTuple):
    """Where a run is."""

    counts: Mapping[TaskRunState, int] = MappingProxyType({})
    """Its task runs, by state."""
    retrying: TaskRun | None = None
    """The one whose next try is due first."""
    running: tuple[TaskRun, ...] = ()
    """Some of those at work, the first that began first."""
    progress: Artifact | None = None
    """The last that it said of its progress itself, or a task that is not over."""

    @property
    def done(self) -> int:
        return sum(count for state, count in self.counts.items() if state in TASK_TERMINAL)

    @property
    def known(self) -> int:
        """All task runs so far."""
        return sum(self.counts.values())


class Pace(NamedTuple):
    """How a run that completed went."""

    run_id: int
    tasks: int
    ends: tuple[float, ...]
    """When its task runs ended, as shares of its time at work, rising."""


def of_run(db: sqlite3.Connection, run_id: int) -> Advance:
    retrying = _in_state(db, run_id, TaskRunState.RETRYING, 50)
    row = queries.row(db, "last_progress_of_run", [run_id])
    return Advance(
        tasks.count_by_state(db, run_id),
        min(retrying, key=lambda task: task.due_at or 0.0, default=None),
        tuple(_in_state(db, run_id, TaskRunState.RUNNING, 3)),
        None if row is None else rows.artifact(row),
    )


def pace_of(db: sqlite3.Connection, run: FlowRun) -> Pace:
    """Of a run that completed."""
    begun, took = run.started_at or 0.0, run.seconds() or 0.0
    ended = [at for (at,) in queries.rows(db, "list_task_ends", [run.id])]
    kept = ended if len(ended) <= POINTS else ended[:: -(-len(ended) // POINTS)]
    shares = (
        tuple(min(1.0, max(0.0, (at - begun - waited_seconds(begun, at, run.waited)) / took)) for at in kept)
        if took > 0
        else ()
    )
    return Pace(run.id, len(ended), shares)


def _in_state(db: sqlite3.Connection, run_id: int, state: TaskRunState, limit: int) -> list[TaskRun]:
    return list(map(rows.task_run, queries.rows(db, "list_tasks_in_state", [run_id, state, limit])))
