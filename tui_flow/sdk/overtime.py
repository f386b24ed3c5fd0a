"""When a flow that has a timeout is past it by so much that its worker can no longer be trusted to end it."""

import math
import time

from tui_flow.contract.journal import FlowFinished, FlowRetrying, FlowStarted
from tui_flow.sdk.appending import Journal

MARGIN_SECONDS = 5.0
"""The worker ends a try that ran too long; the keeper does so this much later, if the worker could not."""


class Overtime:
    """Every try of a flow has the limit for itself, so the journal is asked when the last one began."""

    def __init__(self, journal: Journal, limit: float | None) -> None:
        """`limit` is the flow's timeout in seconds; None never comes."""
        self._journal = journal
        self.limit = limit or 0.0
        self._whole = math.inf if limit is None else limit + MARGIN_SECONDS
        self.at = math.inf
        """When to look again, on the monotonic clock."""

    def begin(self) -> None:
        """The run has begun."""
        self.at = time.monotonic() + self._whole

    def stop(self) -> None:
        self.at = math.inf

    def is_over(self) -> bool:
        if time.monotonic() < self.at:
            return False
        left = self._try_began_at() + self._whole - time.time()
        if left > 0:
            self.at = time.monotonic() + left
        return left <= 0

    def _try_began_at(self) -> float:
        """When the last try began, or will begin; long ago where none has."""
        last = self._journal.last(FlowStarted, FlowRetrying, FlowFinished)
        if isinstance(last, FlowRetrying):
            return last.due_at
        return last.at if last else 0.0
