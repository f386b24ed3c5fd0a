"""A herd: very many fire times at the same moment, in a real engine with real runs."""

import time
from statistics import median

import pytest

from tests.engine.running import Running
from tests.faults.ledger import all_runs, assert_sound
from tests.waiting import wait_until
from tui_flow.contract.commands import GetStatus, Sync
from tui_flow.contract.states import TERMINAL
from tui_flow.store.records import FlowRun

HERD = """
    from datetime import datetime, timezone
    from tui_flow import flow
    from tui_flow.schedules import At

    THEN = datetime.fromtimestamp({at}, timezone.utc)

    @flow(priority=10, schedules=[At(THEN, slug=f"u{{n}}") for n in range({urgent})])
    def urgent(): ...

    @flow(schedules=[At(THEN, slug=f"p{{n}}") for n in range({plain})])
    def plain(): ...
"""
LIMIT = 8
AHEAD_SECONDS = 4.0


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.soak)])
def test_a_herd_keeps_to_the_limit_starts_in_order_and_is_run_to_the_last(
    engine: Running, count: int
) -> None:
    engine.serve("--stay", TUI_FLOW_MAX_CONCURRENT_RUNS=str(LIMIT))
    at = time.time() + AHEAD_SECONDS + count / 100
    engine.write("herd.py", HERD.format(at=at, urgent=count // 4, plain=count - count // 4))
    engine.ask(Sync(files=True))
    assert engine.ask(GetStatus())["flows"] == 2
    assert time.time() < at, "the herd was due before it was known"
    took: list[float] = []

    def is_drained() -> bool:
        began = time.monotonic()
        engine.ask(GetStatus())
        took.append(time.monotonic() - began)
        found = all_runs(engine.state_dir)
        return len(found) == count and all(run.state in TERMINAL for run in found)

    wait_until(is_drained, 60 + count * 0.3, "the herd to be over")
    runs = all_runs(engine.state_dir)
    assert {run.state for run in runs} == {"completed"}
    assert most_at_once(runs) <= LIMIT
    assert median(took) < 0.5
    assert_in_order(runs)
    assert_sound(engine.state_dir)


def most_at_once(runs: list[FlowRun]) -> int:
    """By what the runs themselves wrote down."""
    moments = sorted(
        [(run.started_at or 0.0, 1) for run in runs] + [(run.ended_at or 0.0, -1) for run in runs]
    )
    going = most = 0
    for _, change in moments:
        going += change
        most = max(most, going)
    return most


def assert_in_order(runs: list[FlowRun]) -> None:
    """The urgent ones first, and the first come first; those that start at the same time, in any order."""
    started = sorted(runs, key=lambda run: run.started_at or 0.0)
    wanted = sorted(runs, key=lambda run: (run.flow != "urgent", run.id))
    for place, run in enumerate(wanted):
        assert abs(started.index(run) - place) <= LIMIT, f"run {run.id} of {run.flow} was overtaken"
