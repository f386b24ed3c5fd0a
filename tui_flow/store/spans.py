"""When runs ran and how they ended, and nothing else of them: what plots are made of.

Every function raises HistoryError where the database cannot be used.
"""

import sqlite3
from typing import NamedTuple

from tui_flow.contract.states import FlowRunState
from tui_flow.store import queries, rows, runs
from tui_flow.store.records import FlowRun
from tui_flow.store.waits import Waits, work_seconds

MOST = 50_000
"""Runs that are read at once: some 100 ms."""


class Span(NamedTuple):
    id: int
    state: FlowRunState
    created_at: float
    started_at: float | None
    ended_at: float | None
    waited: Waits = ()
    is_partial: bool = False

    @property
    def seconds(self) -> float | None:
        """How long it was at work; None while it goes on, and where it never began."""
        return work_seconds(self.started_at, self.ended_at, self.waited)


class FlowSpan(NamedTuple):
    """The same with the flow's name, and without the waits: a slot may be held meanwhile."""

    flow: str
    state: FlowRunState
    created_at: float
    started_at: float | None
    ended_at: float | None


def tells_usual(run: Span | FlowRun) -> bool:
    """Whether others are expected to be like it: it completed, and did all of it itself. Durations, paces and plans are
    taken from such runs alone."""
    return run.state is FlowRunState.COMPLETED and not run.is_partial


MOST_OF_ALL = 20_000


def of_all(db: sqlite3.Connection, start: float, end: float, limit: int = MOST_OF_ALL) -> list[FlowSpan]:
    """The runs of all flows that were made between two moments, the newest first, and at most `limit`."""
    ids = [runs.first_id_since(db, start), runs.first_id_since(db, end), limit]
    found = (FlowSpan._make(row) for row in queries.rows(db, "list_spans_between", ids))
    return [span._replace(state=FlowRunState(span.state)) for span in found]


def of_flow(db: sqlite3.Connection, flow: str, limit: int = 100) -> list[Span]:
    """The last runs of a flow, the newest first."""
    return [_span(row) for row in queries.rows(db, "list_spans_of_flow", [flow, limit])]


def since(db: sqlite3.Connection, at: float, limit: int = MOST) -> list[Span]:
    """All runs made since then, the newest first, and at most `limit`."""
    return [_span(row) for row in queries.rows(db, "list_spans_from", [runs.first_id_since(db, at), limit])]


def _span(row: rows.Row) -> Span:
    span = Span._make(row)
    return span._replace(
        state=FlowRunState(span.state), waited=rows.to_waits(row[5]), is_partial=bool(row[6])
    )
