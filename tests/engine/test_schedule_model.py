"""Whatever happens to engine, clock, disk and runs: every fire time is decided, once, and in order."""

import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.engine.house import House
from tests.store.rows import a_flow
from tui_flow.contract.schedules import CATCHUPS, OVERLAPS, Interval, Schedule, to_json
from tui_flow.contract.states import TERMINAL, FireReason, FlowRunState
from tui_flow.store import runs, schedules

PERIOD, BEGAN = 60.0, 1_000.0


class Life(RuleBasedStateMachine):
    """A project with one schedule, every minute, and an engine that is killed at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.project = Path(tempfile.mkdtemp())
        (self.project / "flows").mkdir()
        self.house: Any = None
        self.ended: dict[int, FlowRunState] = {}

    @initialize(catchup=st.sampled_from(CATCHUPS), overlap=st.sampled_from(OVERLAPS), limit=st.integers(1, 3))
    def begin(self, catchup: str, overlap: str, limit: int) -> None:
        self.limit = limit
        self.house = House(self.project, fake=True, max_concurrent_runs=limit)
        spec = to_json(Schedule(Interval(PERIOD), "tick", catchup=catchup, overlap=overlap))
        self.house.describe(a_flow(schedules=[spec], on_crash="retry"))
        self.house.scheduler.changed()
        self.house.tick()

    @rule(seconds=st.sampled_from([0.0, 1.0, 7.0, 59.0, 60.0, 61.0, 200.0, 4_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.house.tick(seconds)

    @rule(seconds=st.sampled_from([-100_000.0, -3_600.0, -61.0, 61.0, 3_600.0, 100_000.0]))
    def the_clock_is_set(self, seconds: float) -> None:
        self.house.clock.set(seconds)
        self.house.tick()

    @rule(seconds=st.sampled_from([0.0, 30.0, 500.0, 90_000.0]))
    def the_engine_is_killed_and_starts_again(self, seconds: float) -> None:
        before = self.house
        before.crash()
        self.house = House(self.project, fake=True, max_concurrent_runs=self.limit)
        self.house.clock.now, self.house.clock.ahead = before.clock.now + seconds, before.clock.ahead
        self.house.tick()

    @precondition(lambda self: self.house and self.house.fake.running)
    @rule(how=st.sampled_from(["completed", "failed", "crash", "vanish"]))
    def a_run_ends(self, how: str) -> None:
        run_id, fake = self.house.fake.running[0], self.house.fake
        if how in ("crash", "vanish"):
            getattr(fake, how)(run_id)
        else:
            fake.end(run_id, how)
        self.house.tick()

    @rule(seconds=st.sampled_from([10.0, 150.0, 5_000.0]), catchup=st.booleans())
    def the_flow_is_paused_for_a_while(self, seconds: float, catchup: bool) -> None:
        house = self.house
        schedules.pause_flow(house.db, "etl", "uid 0", "", house.clock.time())
        house.scheduler.changed()
        house.tick(seconds)
        schedules.resume_flow(house.db, "etl", house.clock.time())
        if not catchup:
            (schedule,) = schedules.list_schedules(house.db)
            house.scheduler.close(schedule, FireReason.PAUSED, "")
        house.scheduler.changed()
        house.tick()

    @rule(seconds=st.sampled_from([1.0, 100.0]))
    def the_disk_is_full_for_a_while(self, seconds: float) -> None:
        self.house.scheduler._may_start = lambda: False
        self.house.tick(seconds)
        self.house.scheduler._may_start = lambda: True
        self.house.tick()

    @invariant()
    def every_fire_time_up_to_the_cursor_is_decided_once(self) -> None:
        if self.house is None:
            return
        (schedule,) = schedules.list_schedules(self.house.db)
        rows = sorted(
            schedules.list_fire_times(self.house.db, schedule.id, limit=10**6), key=lambda one: one.fire_at
        )
        assert sum(row.times for row in rows) == schedule.cursor // PERIOD - BEGAN // PERIOD
        ends = [BEGAN]
        for row in rows:
            assert row.fire_at > ends[-1] and row.fire_at % PERIOD == 0 and row.reason
            ends.append(row.until or row.fire_at)
        made = [row.run_id for row in rows if row.run_id is not None]
        assert len(made) == len(set(made)) == runs.count(self.house.db)

    @invariant()
    def no_more_run_than_may_and_what_is_over_stays_so(self) -> None:
        if self.house is None:
            return
        assert self.house.fake.most_at_once <= self.limit
        states = {run.id: run.state for run in runs.list_runs(self.house.db, limit=10**6)}
        assert self.ended.items() <= states.items()
        self.ended = {id: state for id, state in states.items() if state in TERMINAL}

    def teardown(self) -> None:
        if self.house is not None:
            self.house.crash()
        shutil.rmtree(self.project)


checks = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.parametrize(
    "how",
    [
        SimpleNamespace(examples=50, steps=20),
        pytest.param(SimpleNamespace(examples=400, steps=60), marks=pytest.mark.soak),
    ],
    ids=["few", "many"],
)
def test_no_fire_time_is_lost_or_doubled(how: Any) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    chosen = settings(
        max_examples=how.examples,
        stateful_step_count=how.steps,
        deadline=None,
        suppress_health_check=checks,
        derandomize=how.examples < 100,
    )
    run_state_machine_as_test(Life, settings=chosen)
