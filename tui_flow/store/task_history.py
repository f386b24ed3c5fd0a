"""What is known of a task beyond its row: how it went in the last runs, and what a call of it gave.

Reading the history raises HistoryError where the database cannot be used; what lies in files is None where it is gone.
"""

import sqlite3
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract import calls
from tui_flow.contract.rundir import CALLS, RESULTS, run_dir
from tui_flow.contract.states import TaskRunState
from tui_flow.store import queries

LAST_RUNS = 15
MAX_VALUE = 4_096
"""Bytes of a result that are given; of a longer one only what it is."""


class Past(NamedTuple):
    """The task runs of one task in one run."""

    run_id: int
    counts: Counter[TaskRunState]
    started_at: float | None
    ended_at: float | None

    @property
    def seconds(self) -> float | None:
        """From the first one's begin to the last one's end."""
        return None if self.started_at is None or self.ended_at is None else self.ended_at - self.started_at


class Output(NamedTuple):
    """What a task call gave, as it is kept for a rerun: never one that holds a secret, and never unpickled here."""

    form: str
    """"json", "pickle", or empty where it was not kept."""
    size: int
    """Bytes."""
    value: str | None
    """The JSON of a short one."""


def past_of(db: sqlite3.Connection, flow: str, name: str, newest: int) -> list[Past]:
    """How the task went in those of the flow's last runs that called it, up to the run `newest`, which comes first."""
    found: dict[int, Past] = {}
    for run_id, *counted in queries.rows(db, "list_task_past", [flow, newest, name, LAST_RUNS]):
        found[run_id] = _with(found.get(run_id), run_id, *counted)
    return list(found.values())


def grid_of(db: sqlite3.Connection, flow: str, newest: int, limit: int) -> dict[str, dict[int, Past]]:
    """The same of all tasks and nested flows that the last runs called, in the order of their first calls, the newest
    run's first: by name, and by run."""
    found: dict[str, dict[int, Past]] = {}
    for run_id, name, *counted in queries.rows(db, "list_task_grid", [flow, newest, limit]):
        row = found.setdefault(name, {})
        row[run_id] = _with(row.get(run_id), run_id, *counted)
    return found


def _with(
    before: Past | None, run_id: int, state: str, count: int, started_at: float | None, ended_at: float | None
) -> Past:
    """What was counted so far, and some more task runs, which are all in one state."""
    before = before or Past(run_id, Counter(), None, None)
    begins = [at for at in (before.started_at, started_at) if at is not None]
    ends = [at for at in (before.ended_at, ended_at) if at is not None]
    counts = before.counts + Counter({TaskRunState(state): count})
    return Past(run_id, counts, min(begins, default=None), max(ends, default=None))


def output_of(state_dir: Path, run_id: int, attempt: int, task_run: int) -> Output | None:
    """What a task run gave; None where nothing tells."""
    mark = b'"id":%d,"attempt":%d,' % (task_run, attempt)
    try:
        with (run_dir(state_dir, run_id) / CALLS).open("rb") as file:
            found = [calls.decode(line) for line in file if mark in line]
    except OSError:
        return None
    for entry, value in (each for each in reversed(found) if each is not None):
        if isinstance(entry, calls.Call) and (entry.id, entry.attempt) == (task_run, attempt):
            return _output(state_dir, entry, value)
    return None


def _output(state_dir: Path, call: calls.Call, value: bytes) -> Output:
    if call.ref:
        try:
            return Output(
                call.form, (state_dir / RESULTS / "sha256" / call.ref[:2] / call.ref).stat().st_size, None
            )
        except OSError:
            return Output("", 0, None)
    if call.form == "json":
        return Output("json", len(value), value.decode("ascii") if len(value) <= MAX_VALUE else None)
    return Output(call.form, len(value) * 3 // 4, None)
