"""What became of the runs of each day: what a calendar is made of.

Ids rise as time does, so a day is a range of ids, and its runs are counted within an index: a month of a million runs
takes some tens of milliseconds. Every function raises HistoryError where the database cannot be used.
"""

import json
import sqlite3
from collections.abc import Sequence
from itertools import pairwise

from tui_flow.contract.states import WENT_WRONG, FlowRunState
from tui_flow.store import queries, runs
from tui_flow.store.records import FlowRun

Counts = dict[FlowRunState, int]


def count_by_day(db: sqlite3.Connection, starts: Sequence[float]) -> list[Counts]:
    """How many runs were made from each of these moments until the next one, by the state that they are in."""
    ids = [runs.first_id_since(db, at) for at in starts]
    days = [[low, high] for low, high in pairwise(ids)]
    found: list[Counts] = [{} for _ in days]
    wanted = {"days": json.dumps(days), "states": json.dumps(list(FlowRunState))}
    for day, state, count in queries.rows(db, "count_runs_by_day", wanted):
        if count:
            found[day][FlowRunState(state)] = count
    return found


def missed_by_day(db: sqlite3.Connection, starts: Sequence[float]) -> list[int]:
    """How many fire times between each of these moments and the next one made no run although they should have. Those that
    share a row are spread over the time that it spans."""
    counts = [0.0] * (len(starts) - 1)
    for first, last, times in queries.rows(
        db, "list_missed_between", {"start": starts[0], "end": starts[-1]}
    ):
        for place, (low, high) in enumerate(pairwise(starts)):
            if last == first or times == 1:
                counts[place] += times if low <= last < high else 0
            else:
                counts[place] += times * max(0.0, min(last, high) - max(first, low)) / (last - first)
    return [round(count) for count in counts]


def has_failures(counts: Counts) -> bool:
    return any(state in counts for state in WENT_WRONG)


def first_failure(db: sqlite3.Connection, start: float, end: float) -> FlowRun | None:
    """The first run made between two moments that failed or crashed."""
    low, high = runs.first_id_since(db, start), runs.first_id_since(db, end)
    rows = [queries.row(db, "first_run_in_state", [state, low, high]) for state in WENT_WRONG]
    return runs.get_run(db, min(row[0] for row in rows if row)) if any(rows) else None
