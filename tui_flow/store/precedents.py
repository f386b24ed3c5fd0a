"""What a run of a flow is going to be like, by those before it: nobody can tell from the code, which is not run for it."""

import sqlite3
from statistics import median
from typing import NamedTuple

from tui_flow.contract.states import FlowRunState, TaskRunState
from tui_flow.store import flows, runs, task_history, tasks
from tui_flow.store.records import FlowRun
from tui_flow.store.spans import tells_usual

MAX_RUNS = 100
"""So many of the last good runs say how long one takes."""
MAX_TASK_RUNS = 10
"""So many say how long a task takes: each has all its task runs counted."""
LAST_RUNS = 3
"""So many of the last runs tell which tasks a flow calls."""
_DONE_BEFORE = {TaskRunState.CACHED: "cached", TaskRunState.SKIPPED: "skipped"}


class UsualTask(NamedTuple):
    """The task runs of one task in the last good run."""

    name: str
    calls: int
    how: str
    """"run", "cached" or "skipped": what all of them were; what most did where they differ."""
    seconds: float | None
    """From the first one's begin to the last one's end, in the median of the last runs; None where none ran."""


class Precedents(NamedTuple):
    last: FlowRun | None
    good: FlowRun | None
    """The last run that completed."""
    usual: FlowRun | None
    """The last good one that did all of it itself: what reused results or left tasks out tells nothing of the next."""
    durations: list[float]
    """Of such runs, in seconds at work, the newest first."""
    tasks: list[UsualTask]
    """Of the last such run, in the order of their first calls; nested flows among them."""
    task_names: list[str] = []  # noqa: RUF012
    """Those that the last runs called."""
    caller: str = ""
    """The flow inside which it ran, where it never ran by itself."""


def read(db: sqlite3.Connection, flow: str) -> Precedents:
    """Raises HistoryError."""
    last = next(iter(runs.list_runs(db, flow=flow, limit=1)), None)
    good = runs.list_runs(db, flow=flow, states={FlowRunState.COMPLETED}, limit=MAX_RUNS)
    usual = list(filter(tells_usual, good))
    took = [seconds for run in usual if (seconds := run.seconds()) is not None]
    return Precedents(
        last,
        good[0] if good else None,
        usual[0] if usual else None,
        took,
        _tasks(db, usual) if usual else [],
        called_lately(db, flow),
        "" if last else flows.callers(db, flow).get(flow, ""),
    )


def called_lately(db: sqlite3.Connection, flow: str) -> list[str]:
    """The names of the tasks that the last good run of a flow called, and the last ones."""
    good = runs.list_runs(db, flow=flow, states={FlowRunState.COMPLETED}, limit=1)
    lately = runs.list_runs(db, flow=flow, limit=LAST_RUNS)
    return list(dict.fromkeys(name for run in [*good, *lately] for name in tasks.list_names(db, run.id)))


def _tasks(db: sqlite3.Connection, usual: list[FlowRun]) -> list[UsualTask]:
    """`usual` are the runs that tell what is, the newest first."""
    found, newest, ids = [], usual[0], {run.id for run in usual}
    for name, by_run in task_history.grid_of(db, newest.flow, newest.id, MAX_TASK_RUNS).items():
        if newest.id not in by_run:
            continue
        counts = by_run[newest.id].counts
        most = counts.most_common(1)[0][0]
        took = [past.seconds for id, past in by_run.items() if id in ids and past.seconds is not None]
        found.append(
            UsualTask(name, counts.total(), _DONE_BEFORE.get(most, "run"), median(took) if took else None)
        )
    return found
