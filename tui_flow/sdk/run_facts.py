"""What Prefect's run objects also say, for hooks and `get_run_context()`: true where it is known here, else None or empty."""

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from tui_flow.sdk.runs import RunTree
    from tui_flow.sdk.states import State


class RunFacts:
    """Of a flow run or task run. All datetimes are in UTC."""

    __slots__ = ()

    if TYPE_CHECKING:
        tree: RunTree
        state: State[Any]
        began_at: float
        ended_at: float

    cache_expiration = next_scheduled_start_time = None
    auto_scheduled = False

    @property
    def labels(self) -> dict[str, Any]:
        return {}

    @property
    def state_id(self) -> "UUID":
        return self.state.id

    @property
    def start_time(self) -> "datetime | None":
        """When its first try began."""
        return _datetime(self.began_at)

    @property
    def end_time(self) -> "datetime | None":
        return _datetime(self.ended_at)

    @property
    def expected_start_time(self) -> "datetime | None":
        """When the whole run was to begin, where it was to at a time; else when this one did."""
        at = self.tree.spec.scheduled_for if self.tree.spec else None
        return _datetime(at or self.began_at)

    @property
    def created(self) -> "datetime | None":
        """When the whole run was asked for; else when this one began."""
        return _datetime(self.tree.spec.created_at if self.tree.spec else self.began_at)

    @property
    def updated(self) -> "datetime":
        """When it came into its state."""
        return self.state.timestamp

    @property
    def total_run_time(self) -> "timedelta":
        """From its beginning to its end; nothing while it goes on."""
        return _span(self.began_at, self.ended_at)

    @property
    def estimated_run_time(self) -> "timedelta":
        """From its beginning to its end, or until now."""
        return _span(self.began_at, self.ended_at or time.time())

    @property
    def estimated_start_time_delta(self) -> "timedelta":
        """So late it began."""
        at = self.tree.spec.scheduled_for if self.tree.spec else None
        return _span(at or self.began_at, self.began_at)


def _datetime(at: float) -> "datetime | None":
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC) if at else None


def _span(first: float, last: float) -> "timedelta":
    from datetime import timedelta

    start, end = _datetime(first), _datetime(last)  # the difference of what is told, to the microsecond
    return max(end - start, timedelta(0)) if start and end else timedelta(0)
