"""What the Runs view reads of the history, in the reader's thread. Every function raises HistoryError."""

from typing import Any, NamedTuple

from tui_flow.store.records import FlowRun
from tui_flow.store.spans import Span
from tui_flow.tui.first_failures import FirstFailures
from tui_flow.tui.presentation import run_list
from tui_flow.tui.presentation.filters import Filter
from tui_flow.tui.presentation.run_list import MOST, PAGE
from tui_flow.tui.searching import new_runs


class RunSearch(NamedTuple):
    """Reads the runs that a filter lets through now, each with what went wrong in it first."""

    filter: Filter
    now: float
    failures: FirstFailures

    def older(self, db: Any, before: int) -> tuple[list[FlowRun], int | None]:
        """A page of runs below an id, and where to go on."""
        from tui_flow.store import runs

        found, rest = runs.search(db, run_list.wanted(self.filter, self.now), before, PAGE)
        return self.failures.told(db, self._matching(db, found)), rest

    def newer(self, db: Any, after: int, limit: int = PAGE) -> tuple[list[FlowRun], int | None]:
        """The same above an id."""
        from tui_flow.store import runs

        found, rest = runs.search_newer(db, run_list.wanted(self.filter, self.now), after, limit)
        return self.failures.told(db, self._matching(db, found)), rest

    def neighbour(self, db: Any, run: FlowRun, *, older: bool) -> FlowRun | None:
        """The next run of the same flow; no farther than a window would go."""
        from tui_flow.store import runs

        found: FlowRun | None = run
        for _ in range(MOST):
            found = runs.get_neighbour(db, found, older=older) if found else None
            if found is None or self._matching(db, [found]):
                return found
        return None

    def again(self, db: Any, ids: list[int]) -> tuple[list[FlowRun], set[int]]:
        """What has become of runs, and which of them the filter lets through no more."""
        from tui_flow.store import runs

        found = self.failures.told(db, runs.get_runs(db, ids))
        return found, {run.id for run in found} - {run.id for run in self._matching(db, found)}

    def _matching(self, db: Any, found: list[FlowRun]) -> list[FlowRun]:
        new = new_runs(db, self.filter, self.now)
        return [run for run in found if self.filter.matches(run_list.subject(run, self.now, new), self.now)]


def spans_since(db: Any, at: float) -> list[Span]:
    from tui_flow.store import spans

    return spans.since(db, at)
