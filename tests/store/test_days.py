"""The runs of each day, counted by state."""

from pathlib import Path

import pytest

from tests.store.rows import a_fire_time
from tests.tui.project import NOON, Project
from tui_flow.contract.schedules import Interval
from tui_flow.contract.states import FireOutcome, FireReason, FlowRunState
from tui_flow.store import days, runs, schedules
from tui_flow.store.runs import Wanted

MINUTE = 60.0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A run a minute: the 20th and the 25th failed, the 30th goes on."""
    project = Project(tmp_path)
    for id in range(1, 31):
        state = {20: "failed", 25: "crashed", 30: "running"}.get(id, "completed")
        project.run(id, "etl", state)
    return project


def test_runs_are_counted_from_each_moment_until_the_next_by_their_state(project: Project) -> None:
    starts = [NOON + MINUTE * minute - 1 for minute in (1, 11, 31, 60)]
    first, second, third = days.count_by_day(project.db, starts)
    assert first == {FlowRunState.COMPLETED: 10}
    assert second == {
        FlowRunState.COMPLETED: 17,
        FlowRunState.FAILED: 1,
        FlowRunState.CRASHED: 1,
        FlowRunState.RUNNING: 1,
    }
    assert third == {}
    assert days.has_failures(second) and not days.has_failures(first)
    bad = days.first_failure(project.db, starts[1], starts[2])
    assert bad is not None and bad.id == 20
    assert days.first_failure(project.db, starts[0], starts[1]) is None
    project.close()


def test_missed_fire_times_are_counted_on_the_days_that_they_span(project: Project) -> None:
    at = NOON + 100.0
    schedule = project.schedule("etl", Interval(60.0), at=NOON)
    missed = {"outcome": FireOutcome.MISSED, "reason": FireReason.DOWN}
    rows = [
        a_fire_time(schedule.id, at, **missed),
        a_fire_time(schedule.id, at + 50, until=at + 250, times=5, **missed),
        a_fire_time(schedule.id, at + 60, reason=FireReason.OVERLAP),
        a_fire_time(schedule.id, at + 900, **missed),
    ]
    schedules.insert_fire_times(project.db, rows)
    starts = [at, at + 100, at + 200, at + 300]
    assert days.missed_by_day(project.db, starts) == [2, 2, 1]
    project.close()


def test_a_search_ends_where_what_is_wanted_does(project: Project) -> None:
    wanted = Wanted(since=NOON + MINUTE * 5 - 1, until=NOON + MINUTE * 9 - 1)
    found, _ = runs.search(project.db, wanted, 2**62)
    assert [run.id for run in found] == [8, 7, 6, 5]
    found, newer = runs.search_newer(project.db, wanted, 6)
    assert ([run.id for run in found], newer) == ([7, 8], None)
    project.close()
