"""Whatever happens to engine, disk, clock and triggers: everything that happened is decided, once."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.engine.house import House
from tests.store.rows import a_file, a_flow
from tui_flow.contract import failpoints
from tui_flow.contract.failpoints import FailpointReached
from tui_flow.contract.journal import EventEmitted
from tui_flow.contract.schedules import OnEvent, OnFile, OnFlow, Schedule, to_json
from tui_flow.contract.states import FireReason
from tui_flow.store import events, flows, runs, schedules

POINTS = ("fire-dir-made", "fire-before-commit", "fire-committed", "fire-spec-written", "trigger-fired")
DECLARED = {
    "event": Schedule(OnEvent("go"), "event", overlap="allow"),
    "file": Schedule(OnFile("in/*"), "file", overlap="allow"),
    "flow": Schedule(OnFlow(("load",)), "flow", overlap="allow"),
}


class Life(RuleBasedStateMachine):
    """A project with a trigger of each kind, and an engine that dies wherever it hurts."""

    def __init__(self) -> None:
        super().__init__()
        self.project = Path(tempfile.mkdtemp())
        (self.project / "flows").mkdir()
        (self.project / "in").mkdir()
        self.house: Any = None
        self.happened = dict.fromkeys(DECLARED, 0)
        self.names = 0
        self.is_paused = False

    @initialize(limit=st.integers(1, 3))
    def begin(self, limit: int) -> None:
        self.limit = limit
        self.house = House(self.project, fake=True, max_concurrent_runs=limit)
        self.declare("")
        self.settle()

    def declare(self, slug_of_changed: str) -> None:
        """The flow file is saved; one of the triggers has other words."""
        specs = [to_json(one._replace(parameters={"n": 1} if kind == slug_of_changed else {})) for kind, one in DECLARED.items()]  # fmt: skip
        known = {"parameters": {"type": "object", "properties": {"n": {}}}}
        self.house.describe(a_flow(schedules=specs, **known))
        flows.save_described(self.house.db, a_file("flows/load.py"), [a_flow("load", "flows/load.py")])
        self.house.scheduler.changed()

    def settle(self) -> None:
        """Until every file has been still, and all that happened is decided."""
        for _ in range(8):
            self.house.tick(1.0)
        while self.house.triggers.tick(self.house.clock.now) <= self.house.clock.now:
            self.house.tick()

    @rule(count=st.sampled_from([1, 3, 70]))
    def events_come(self, count: int) -> None:
        for _ in range(count):
            self.names += 1
            event = EventEmitted(self.house.clock.time(), str(self.names), "go", None, {}, None, 0)
            events.keep(self.house.db, event, None, event.at)
        self.happened["event"] += count

    @rule(count=st.sampled_from([1, 2, 60]))
    def files_come(self, count: int) -> None:
        for _ in range(count):
            self.names += 1
            (self.project / "in" / str(self.names)).touch()
        self.happened["file"] += count
        self.settle()

    @precondition(lambda self: self.house and any((self.project / "in").iterdir()))
    @rule()
    def a_file_changes(self) -> None:
        self.settle()
        self.names += 1
        path = min((self.project / "in").iterdir())
        os.utime(path, ns=(self.names, self.names))
        self.happened["file"] += 1
        self.settle()

    @rule(state=st.sampled_from(["completed", "failed"]))
    def a_run_of_load_ends(self, state: str) -> None:
        flow = flows.get_flow(self.house.db, "load")
        assert flow is not None
        run_id = self.house.dispatcher.make_run(flow, {}, None, [], "command")
        while run_id not in self.house.fake.running:
            self.runs_end()
        self.house.fake.end(run_id, state)
        self.happened["flow"] += state == "completed"
        self.house.tick()

    @rule()
    def runs_end(self) -> None:
        for run_id in self.house.fake.running:
            if self.house.run(run_id).flow == "etl":
                self.house.fake.end(run_id)
        self.house.tick()

    @rule(seconds=st.sampled_from([0.0, 0.5, 3.0, 4_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.house.tick(seconds)

    @rule(seconds=st.sampled_from([-100_000.0, -61.0, 61.0, 100_000.0]))
    def the_clock_is_set(self, seconds: float) -> None:
        self.settle()  # a clock that goes to and fro between an event and the next look is beyond all help
        self.house.clock.set(seconds)
        self.house.tick()

    @rule(point=st.sampled_from(["", *POINTS]), nth=st.integers(1, 2), seconds=st.sampled_from([0.0, 500.0]))
    def the_engine_dies_and_starts_again(self, point: str, nth: int, seconds: float) -> None:
        if point:
            failpoints.arm(f"{point}:{nth}:raise")
            with suppress(FailpointReached):
                self.settle()
            failpoints.arm(None)
        before = self.house
        before.crash()
        self.house = House(self.project, fake=True, max_concurrent_runs=self.limit)
        self.house.clock.now, self.house.clock.ahead = before.clock.now + seconds, before.clock.ahead
        self.house.tick()

    @rule(kind=st.sampled_from(list(DECLARED)))
    def the_flow_file_is_saved(self, kind: str) -> None:
        self.declare(kind)

    @rule(catchup=st.booleans(), busy=st.booleans())
    def the_flow_is_paused_for_a_while(self, catchup: bool, busy: bool) -> None:
        house = self.house
        self.settle()
        schedules.pause_flow(house.db, "etl", "uid 0", "", house.clock.time())
        house.scheduler.changed()
        house.tick(10.0)
        if busy:
            self.events_come(3)
            self.files_come(2)
        schedules.resume_flow(house.db, "etl", house.clock.time())
        for schedule in schedules.list_schedules(house.db, "etl") if not catchup else ():
            house.triggers.close(schedule, FireReason.PAUSED, "")
        house.scheduler.changed()
        self.settle()

    @rule(seconds=st.sampled_from([1.0, 100.0]))
    def the_disk_is_full_for_a_while(self, seconds: float) -> None:
        self.house.triggers._may_start = lambda: False
        self.house.tick(seconds)
        self.house.triggers._may_start = lambda: True
        self.house.tick()

    def teardown(self) -> None:
        failpoints.arm(None)
        if self.house is not None:
            self.settle()
            self.check()
            self.house.crash()
        shutil.rmtree(self.project)

    def check(self) -> None:
        """Each thing has its one row, each row of a run its one run, and there are no other runs."""
        made = []
        for schedule in schedules.list_schedules(self.house.db, "etl"):
            rows = schedules.list_fire_times(self.house.db, schedule.id, limit=10**6)
            assert sum(row.times for row in rows) == self.happened[schedule.slug], schedule.slug
            made += [row.run_id for row in rows if row.run_id is not None]
        assert len(made) == len(set(made))
        assert set(made) == {run.id for run in runs.list_runs(self.house.db, flow="etl", limit=10**6)}


checks = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.parametrize(
    "how",
    [
        SimpleNamespace(examples=15, steps=15),
        pytest.param(SimpleNamespace(examples=300, steps=50), marks=pytest.mark.soak),
    ],
    ids=["few", "many"],
)
def test_nothing_that_happens_is_lost_or_doubled(how: Any) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    chosen = settings(
        max_examples=how.examples,
        stateful_step_count=how.steps,
        deadline=None,
        suppress_health_check=checks,
        derandomize=how.examples < 100,
    )
    run_state_machine_as_test(Life, settings=chosen)
