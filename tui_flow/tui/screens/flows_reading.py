"""What the Flows view reads besides the overview, in the reader's thread: what one row means, and what surrounds all."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.states import FlowRunState
from tui_flow.store.records import FlowRun
from tui_flow.store.spans import Span
from tui_flow.tui.presentation.flow_detail import RUNS, More
from tui_flow.tui.presentation.flow_foot import DAY, Day, FullLimit
from tui_flow.tui.presentation.flow_list import STRIP, Overview

DAY_SECONDS = 10.0
"""The runs of the last day are counted no oftener."""


class Surroundings(NamedTuple):
    """What a wide screen shows of all flows."""

    earlier: Mapping[str, Sequence[Span]] = {}
    """The last runs of each flow that had more than the overview has, the newest first."""
    day: Day = Day()
    full: Sequence[FullLimit] = ()
    """The named limits that nobody gets a slot of now."""

    def stale_flows(self, overview: Overview) -> list[str]:
        """The flows of which there is, or may be, more to know."""
        return [
            flow
            for flow, runs in overview.runs.items()
            if len(runs) == STRIP and (not (known := self.earlier.get(flow)) or known[0].id < runs[-1].id)
        ]

    def is_stale(self, overview: Overview, now: float) -> bool:
        return now - self.day.at > DAY_SECONDS or bool(self.full or self.stale_flows(overview))


def read_surroundings(db: Any, known: Surroundings, overview: Overview, state_dir: Path) -> Surroundings:
    """What has become of them."""
    from tui_flow.store import days, spans

    now = time.time()
    earlier = {flow: spans.of_flow(db, flow, RUNS) for flow in known.stale_flows(overview)}
    day = known.day
    if now - day.at > DAY_SECONDS:
        day = Day(now, days.count_by_day(db, [now - DAY, now + DAY])[0])
    return Surroundings({**known.earlier, **earlier}, day, _full_limits(state_dir))


def _full_limits(state_dir: Path) -> list[FullLimit]:
    from tui_flow.contract import limits

    try:
        active = [limit for limit in limits.list_limits(state_dir) if limit.is_active]
        found = [FullLimit(limit.name, limits.in_use(state_dir, limit), limit.limit) for limit in active]
    except OSError:  # one was removed meanwhile
        return []
    return [one for one in found if one.used >= one.most]


def read_spans(db: Any, flow: str) -> More:
    """How long the last runs of a flow took."""
    from tui_flow.store import spans

    return More(flow, spans=spans.of_flow(db, flow))


def read_more(db: Any, flow: str, run: FlowRun) -> More:
    """And which tasks its latest run has, and which failed in the last ones."""
    from tui_flow.store import spans, tasks

    last = spans.of_flow(db, flow)
    bad = [span.id for span in last[:RUNS] if span.state is FlowRunState.FAILED]
    failed = tasks.failed_runs_by_task(db, bad) if bad else {}
    return More(flow, run.id, last, tasks.summary(db, run.id), failed)
