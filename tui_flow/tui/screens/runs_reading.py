"""What the Runs view reads of the history, in the reader's thread. Every function raises HistoryError."""

from typing import Any

from tui_flow.store.records import FlowRun
from tui_flow.store.runs import Wanted
from tui_flow.store.spans import Span
from tui_flow.tui.presentation import run_list
from tui_flow.tui.presentation.filters import Filter
from tui_flow.tui.presentation.run_list import MOST, PAGE
from tui_flow.tui.searching import new_runs


def older(
    db: Any, wanted: Wanted, before: int, filter: Filter, now: float
) -> tuple[list[FlowRun], int | None]:
    """A page of runs below an id, and where to go on."""
    from tui_flow.store import runs

    found, rest = runs.search(db, wanted, before, PAGE)
    return _matching(db, found, filter, now), rest


def newer(
    db: Any, wanted: Wanted, after: int, filter: Filter, now: float, limit: int = PAGE
) -> tuple[list[FlowRun], int | None]:
    """The same above an id."""
    from tui_flow.store import runs

    found, rest = runs.search_newer(db, wanted, after, limit)
    return _matching(db, found, filter, now), rest


def neighbour(db: Any, run: FlowRun, filter: Filter, now: float, *, older: bool) -> FlowRun | None:
    """The next run of the same flow that the filter lets through; no farther than a window would go."""
    from tui_flow.store import runs

    found: FlowRun | None = run
    for _ in range(MOST):
        found = runs.get_neighbour(db, found, older=older) if found else None
        if found is None or _matching(db, [found], filter, now):
            return found
    return None


def by_id(db: Any, ids: list[int]) -> list[FlowRun]:
    from tui_flow.store import runs

    return runs.get_runs(db, ids)


def spans_since(db: Any, at: float) -> list[Span]:
    from tui_flow.store import spans

    return spans.since(db, at)


def _matching(db: Any, found: list[FlowRun], filter: Filter, now: float) -> list[FlowRun]:
    new = new_runs(db, filter, now)
    return [run for run in found if filter.matches(run_list.subject(run, now, new), now)]
