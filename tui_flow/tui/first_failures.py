"""What went wrong first in runs that are over: asked of the history once for each, since it changes no more."""

from collections.abc import Iterable
from typing import Any

from tui_flow.contract.failure import Failure
from tui_flow.contract.states import WENT_WRONG
from tui_flow.store.records import FlowRun

MOST_KNOWN = 5_000
"""Of more runs, it is asked again."""


class FirstFailures:
    """What Flows, Runs and all others say of a failed run: not what the flow raised, but what that came from."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Failure | None] = {}
        """By run and attempt."""

    def of(self, db: Any, found: Iterable[FlowRun]) -> dict[int, Failure | None]:
        """By run, of those that failed or crashed. Raises HistoryError."""
        from tui_flow.store import tasks

        wrong = [run for run in found if run.state in WENT_WRONG]
        unknown = [run for run in wrong if (run.id, run.attempt) not in self._known]
        if unknown:
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
                unknown = wrong
            first = tasks.first_failures(db, [run.id for run in unknown])
            self._known |= {(run.id, run.attempt): first.get(run.id, run.failure) for run in unknown}
        return {run.id: self._known[run.id, run.attempt] for run in wrong}

    def told(self, db: Any, found: list[FlowRun]) -> list[FlowRun]:
        """The runs, each with what went wrong first as its failure."""
        first = self.of(db, found)
        return [run._replace(failure=first[run.id]) if run.id in first else run for run in found]
