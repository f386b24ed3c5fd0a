"""Flow runs. Every function raises HistoryError where the database cannot be used."""

import heapq
import json
import sqlite3
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tui_flow.contract.failure import Failure
from tui_flow.contract.states import RERUNNABLE, TRANSITIONS, FlowRunState
from tui_flow.store import queries, rows
from tui_flow.store.database import transaction
from tui_flow.store.records import Attempt, FlowRun

if TYPE_CHECKING:
    from tui_flow.contract.journal import FlowFinished

State = TypeVar("State")


def reachable(transitions: dict[State, frozenset[State]]) -> dict[State, frozenset[State]]:
    """From each state, those that may follow after any number of steps: events are saved many at once."""

    def beyond(state: State, seen: frozenset[State]) -> frozenset[State]:
        for following in transitions[state] - seen:
            seen = beyond(following, seen | {following})
        return seen

    return {state: beyond(state, frozenset()) for state in transitions}


class Wanted(NamedTuple):
    """Which runs a search is for. It may find a few too many: whoever asks looks at them once more."""

    flow: str | None = None
    """In small letters, with the wildcards of GLOB."""
    states: tuple[FlowRunState, ...] | None = None
    since: float | None = None
    """None older than that."""
    until: float | None = None
    """Only what was made before that."""
    word: str | None = None
    """In ASCII letters and digits: stands somewhere in what is written of the run."""


SPAN = 10_000
"""The ids that one step of a search looks at, so that nobody waits long for the history."""
_REACHABLE = reachable(TRANSITIONS)
_NEWEST = 2**62


class IllegalTransition(Exception):
    """A state that may not follow, or a row that is no longer what the caller read: a defect of this program."""


def list_runs(
    db: sqlite3.Connection,
    *,
    flow: str | None = None,
    states: Collection[FlowRunState] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[FlowRun]:
    """The newest runs first: of one flow, in one of some states, with ids below `before`."""
    wanted = {"flow": flow, "before": _NEWEST if before is None else before, "limit": limit}
    name = "list_runs" if flow is None else "list_runs_of_flow"
    if states is None:
        return _runs(db, name, wanted)
    # One walk down an index for each state: SQLite would sort all rows of an IN list.
    found = [_runs(db, f"{name}_in_state", {**wanted, "state": state}) for state in states]
    return list(heapq.merge(*found, key=lambda run: -run.id))[:limit]


def search(
    db: sqlite3.Connection, wanted: Wanted, before: int, limit: int = 200
) -> tuple[list[FlowRun], int | None]:
    """The newest first, of ids below `before`, and the `before` to go on with; None where there are no more.

    One step looks at `SPAN` ids at most, so it may find none and yet not be at the end.
    """
    before = min(before, _end(db, wanted))
    floor = max(0, before - SPAN)
    found = _runs(db, "search_runs", {**_values(wanted), "before": before, "floor": floor, "limit": limit})
    if len(found) == limit:
        return found, found[-1].id
    return found, floor if floor > 1 and not _is_too_old(db, wanted, floor) else None


def search_newer(
    db: sqlite3.Connection, wanted: Wanted, after: int, limit: int = 200
) -> tuple[list[FlowRun], int | None]:
    """The same in the other direction: the oldest first, of ids above `after`, and the `after` to go on with."""
    newest = _end(db, wanted) - 1
    ceiling = min(newest, after + SPAN)
    values = {**_values(wanted), "after": after, "ceiling": ceiling, "limit": limit}
    found = _runs(db, "search_newer_runs", values)
    if len(found) == limit:
        return found, found[-1].id
    return found, ceiling if ceiling < newest else None


def _end(db: sqlite3.Connection, wanted: Wanted) -> int:
    """The id above all that a search can find."""
    return newest_id(db) + 1 if wanted.until is None else first_id_since(db, wanted.until)


def first_id_since(db: sqlite3.Connection, at: float) -> int:
    """The lowest id of the runs made since then. Ids rise as time does, so it takes some twenty looks at a million."""
    low, high = 1, newest_id(db) + 1
    while low < high:
        middle = (low + high) // 2
        row = queries.row(db, "created_at_or_after", [middle])
        if row is None or row[0] >= at:
            high = middle
        else:
            low = middle + 1
    return low


def newest_id(db: sqlite3.Connection) -> int:
    """0 where there is no run."""
    return int((queries.row(db, "newest_run_id") or (0,))[0] or 0)


def _is_too_old(db: sqlite3.Connection, wanted: Wanted, id: int) -> bool:
    """Whether the runs below an id were made before the time that is wanted: ids rise as time does."""
    if wanted.since is None:
        return False
    row = queries.row(db, "created_at_or_after", [id])
    return row is not None and row[0] < wanted.since - 3600.0


def _values(wanted: Wanted) -> dict[str, Any]:
    return {
        "flow": wanted.flow,
        "states": None if wanted.states is None else json.dumps(wanted.states),
        "since": wanted.since,
        "word": None if wanted.word is None else f"%{wanted.word}%",
    }


def list_active(db: sqlite3.Connection) -> list[FlowRun]:
    """The runs that are not over, oldest first."""
    return _runs(db, "list_active_runs")


def list_ids(db: sqlite3.Connection, above: int = 0) -> set[int]:
    return {id for (id,) in queries.rows(db, "list_run_ids", [above])}


def last_success(db: sqlite3.Connection, flow: str) -> float | None:
    """What the last completed run of a flow was scheduled for, else when it ended."""
    row = queries.row(db, "last_success", [flow])
    return None if row is None else float(row[0])


def succeeded_for(db: sqlite3.Connection, flow: str, schedule: str, fire_at: float) -> int | None:
    """The run of that fire time that completed."""
    row = queries.row(db, "run_for_fire_time", [flow, schedule, fire_at])
    return None if row is None else int(row[0])


def last_of_schedule(db: sqlite3.Connection, flow: str, schedule: str) -> FlowRun | None:
    """The run of the schedule's last fire time."""
    return next(iter(_runs(db, "last_run_of_schedule", [flow, schedule])), None)


def last_ends(db: sqlite3.Connection, flow: str, limit: int, since: float) -> list[FlowRunState]:
    """How the last runs that schedules made of a flow ended after `since`, the newest first."""
    wanted = {"flow": flow, "limit": limit, "since": since}
    return [FlowRunState(state) for (state,) in queries.rows(db, "last_ends_of_flow", wanted)]


def get_run(db: sqlite3.Connection, id: int) -> FlowRun | None:
    row = queries.row(db, "get_run", [id])
    return None if row is None else rows.flow_run(row)


def get_runs(db: sqlite3.Connection, ids: Collection[int]) -> list[FlowRun]:
    """Those of the runs that the history has."""
    return _runs(db, "get_runs", [json.dumps(sorted(ids))]) if ids else []


def get_neighbour(db: sqlite3.Connection, run: FlowRun, *, older: bool) -> FlowRun | None:
    """The run of the same flow that came before, or after, this one."""
    if older:
        return next(iter(list_runs(db, flow=run.flow, before=run.id, limit=1)), None)
    return next(iter(_runs(db, "newer_run_of_flow", [run.flow, run.id])), None)


def last_runs(db: sqlite3.Connection, per_flow: int = 14) -> dict[str, list[FlowRun]]:
    """For each flow that there is now, its last runs, newest first; if need be, beyond them the last one that began, and
    those that wait for an answer."""
    found: dict[str, list[FlowRun]] = {name: [] for name, _ in queries.rows(db, "list_flow_names")}
    for run in _runs(db, "last_runs", {"per_flow": per_flow}):
        found[run.flow].append(run)
    return found


def counts(db: sqlite3.Connection) -> dict[FlowRunState, int]:
    """How many runs are in each state; states without runs are left out."""
    return {FlowRunState(state): count for state, count in queries.rows(db, "count_runs_by_state")}


def active_counts(db: sqlite3.Connection) -> dict[FlowRunState, int]:
    """The same of the runs that are not over, without a look at all the others."""
    found = queries.rows(db, "count_active_runs_by_state")
    return {FlowRunState(state): count for state, count in found}


def count(db: sqlite3.Connection) -> int:
    return int((queries.row(db, "count_runs") or (0,))[0])


def run_of_key(db: sqlite3.Connection, flow: str, served: str, key: str) -> FlowRun | None:
    """The run of a served flow that was asked for with this idempotency key."""
    return next(iter(_runs(db, "run_of_key", [flow, served, key])), None)


def served_runs_above(db: sqlite3.Connection, id: int) -> list[FlowRun]:
    """The runs of served flows with higher ids, the oldest first."""
    return _runs(db, "served_runs_above", [id])


def insert_run(db: sqlite3.Connection, run: FlowRun) -> None:
    """Adds a run, scheduled or pending."""
    queries.change(db, "insert_run", rows.flow_run_row(run))


def get_report(db: sqlite3.Connection, id: int) -> "FlowFinished | None":
    """What the worker of a run that is not over has reported; the keeper's last word is still to come."""
    text = (queries.row(db, "get_report", [id]) or (None,))[0]
    if text is None:
        return None
    from tui_flow.contract.journal import FlowFinished

    fields = json.loads(text)
    failure = fields.pop("failure")
    return FlowFinished(**fields, failure=None if failure is None else Failure(**failure))


def save_run(
    db: sqlite3.Connection, before: FlowRun, after: FlowRun, report: "FlowFinished | None" = None
) -> None:
    """The one function that changes a run, its state included.

    Raises IllegalTransition where the second state cannot follow from the first, or the row is no longer as it was
    in `before`.
    """
    if after.state is not before.state and after.state not in _REACHABLE[before.state]:
        raise IllegalTransition(f"run {before.id}: {before.state} → {after.state}")
    values = {
        **rows.flow_run_row(after),
        "report": _report_text(report),
        "old_state": before.state,
        "old_ingested_bytes": before.ingested_bytes,
    }
    if queries.change(db, "update_run", values) != 1:
        raise IllegalTransition(f"run {before.id} is no longer {before.state} at {before.ingested_bytes}")


def begin_attempt(db: sqlite3.Connection, before: FlowRun, after: FlowRun) -> None:
    """The one way out of an end: a run that is over becomes pending as its next attempt, and how the attempt before
    ended is kept; one that never began becomes pending as the attempt that it was to be.

    Raises IllegalTransition where it is not that, or the row is no longer as it was in `before`.
    """
    is_next = before.state in RERUNNABLE and after.state is FlowRunState.PENDING
    if not is_next or after.attempt < before.attempt + (not before.never_began):
        raise IllegalTransition(f"run {before.id}: {before.state} → {after.state} as attempt {after.attempt}")
    values = {
        **rows.flow_run_row(after),
        "report": None,
        "old_state": before.state,
        "old_ingested_bytes": before.ingested_bytes,
    }
    with transaction(db):
        if after.attempt > before.attempt:
            queries.change(db, "keep_attempt", [before.id])
        if queries.change(db, "update_run", values) != 1:
            raise IllegalTransition(f"run {before.id} is no longer {before.state} at {before.ingested_bytes}")


def keep_attempts(db: sqlite3.Connection, attempts: Iterable[Attempt]) -> None:
    """How attempts ended that a run is to leave behind. What is kept already stays as it is."""
    queries.change_many(db, "insert_attempt", map(rows.attempt_row, attempts))


def list_attempts(db: sqlite3.Connection, id: int) -> list[Attempt]:
    """How the earlier attempts at a run ended, the first one first; the last attempt is the run itself."""
    return [rows.attempt(row) for row in queries.rows(db, "list_attempts", [id])]


def _runs(db: sqlite3.Connection, name: str, wanted: queries.Parameters = ()) -> list[FlowRun]:
    return [rows.flow_run(row) for row in queries.rows(db, name, wanted)]


def _report_text(report: "FlowFinished | None") -> str | None:
    if report is None:
        return None
    fields: dict[str, Any] = report._asdict()
    fields["failure"] = report.failure and report.failure._asdict()
    return json.dumps(fields)
