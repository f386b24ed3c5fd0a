"""However often, whenever and over whatever death a run is cancelled: it is over in the end, and what is over stays so."""

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
from tui_flow.contract import rundir
from tui_flow.contract.failure import Failure
from tui_flow.contract.journal import FlowRetrying, FlowStarted
from tui_flow.contract.states import RERUNNABLE, TERMINAL, TRANSITIONS, FlowRunState

F = FlowRunState
LIMIT = 2
MOST_RUNS = 6
NO_LUCK = Failure("ValueError", "no luck", "")
FAR = 1_000.0
"""Seconds, in which every retry of this model has become due."""


def following(state: FlowRunState) -> set[FlowRunState]:
    """Every state that may be seen after this one, however many lie between two looks."""
    found, new = {state}, {state}
    while new:
        new = set().union(*(TRANSITIONS[one] for one in new)) - found
        found |= new
    return found


class Cancelling(RuleBasedStateMachine):
    """A few runs that are asked for, retry, end, die and are cancelled, in an engine that is killed at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.project = Path(tempfile.mkdtemp())
        (self.project / "flows").mkdir()
        self.house: Any = None
        self.seen: dict[int, FlowRunState] = {}
        self.unmade: set[int] = set()
        """Runs that were cancelled while they waited: no line of them may run."""
        self.cancelled: set[int] = set()

    @initialize(on_crash=st.sampled_from(["fail", "retry"]))
    def begin(self, on_crash: str) -> None:
        self.on_crash = on_crash
        self.build()

    def build(self) -> None:
        self.house = House(self.project, fake=True, max_concurrent_runs=LIMIT)
        self.house.describe(a_flow(on_crash=self.on_crash))

    @precondition(lambda self: len(self.seen) < MOST_RUNS)
    @rule()
    def a_run_is_asked_for(self) -> None:
        run_id = self.house.make_run()
        self.seen[run_id] = self.house.state(run_id)

    @rule(seconds=st.sampled_from([0.0, 1.0, 15.0, FAR]))
    def time_passes(self, seconds: float) -> None:
        self.house.tick(seconds)

    @precondition(lambda self: self.seen)
    @rule(which=st.integers(0, MOST_RUNS), kill=st.booleans(), is_read_first=st.booleans())
    def a_run_is_cancelled(self, which: int, kill: bool, is_read_first: bool) -> None:
        """Unread, the keeper says something between the engine's look at the journal and its request."""
        run_id = 1 + which % len(self.seen)
        active = self.house.ingest.active.get(run_id)
        if active is None:
            assert self.house.state(run_id) in TERMINAL
            return
        if is_read_first:
            self.house.ingest.read_all(active)
        if active.run.state in TERMINAL:
            return
        is_waiting = self.house.dispatcher.is_queued(run_id) or active.run.awaits_attempt
        state = self.house.rescuer.cancel(active, "uid 0", kill)
        assert state in (F.CANCELLING, F.CANCELLED)
        self.cancelled.add(run_id)
        if is_waiting:
            assert state == F.CANCELLED
            self.unmade.add(run_id)

    @precondition(lambda self: self.house and self.house.fake.running)
    @rule(which=st.integers(0, LIMIT))
    def a_keeper_hears_of_its_cancel(self, which: int) -> None:
        self.house.fake.hear(self.one_running(which))

    @precondition(lambda self: self.house and self.house.fake.running)
    @rule(which=st.integers(0, LIMIT))
    def a_flow_waits_for_its_next_try(self, which: int) -> None:
        at = self.house.clock.time()
        self.house.fake.say(self.one_running(which), FlowRetrying(at, 1, at + 5.0, NO_LUCK))

    @precondition(lambda self: self.house and self.house.fake.running)
    @rule(which=st.integers(0, LIMIT))
    def a_flow_begins_its_next_try(self, which: int) -> None:
        started = FlowStarted(self.house.clock.time(), "etl", "fake", 2, "", {}, [])
        self.house.fake.say(self.one_running(which), started)

    @precondition(lambda self: self.house and self.house.fake.running)
    @rule(which=st.integers(0, LIMIT), how=st.sampled_from(["completed", "failed", "crash", "vanish"]))
    def a_run_ends(self, which: int, how: str) -> None:
        run_id, fake = self.one_running(which), self.house.fake
        if how in ("crash", "vanish"):
            getattr(fake, how)(run_id)
        else:
            fake.end(run_id, how)

    @rule(are_keepers_killed=st.booleans())
    def the_engine_is_killed_and_starts_again(self, are_keepers_killed: bool) -> None:
        before = self.house
        before.crash()
        self.build()
        self.house.clock.now = before.clock.now
        if not are_keepers_killed:
            self.house.fake.adopt(before.fake)
        self.house.tick()

    def one_running(self, which: int) -> int:
        running: list[int] = self.house.fake.running
        return running[which % len(running)]

    @invariant()
    def states_follow_each_other_as_the_contract_says(self) -> None:
        for run_id, before in self.seen.items():
            now = self.house.state(run_id)
            assert now in following(before), f"run {run_id}: {before} → {now}"
            assert not (run_id in self.unmade and now != F.CANCELLED)
            self.seen[run_id] = now

    @invariant()
    def no_more_runs_are_at_work_than_may(self) -> None:
        assert self.house is None or self.house.fake.most_at_once <= LIMIT

    def teardown(self) -> None:
        if self.house is None:
            return
        try:
            self.come_to_rest()
        finally:
            self.house.crash()
            shutil.rmtree(self.project)

    def come_to_rest(self) -> None:
        """Once every keeper has heard, no cancelled run goes on, or waits for anything."""
        for _ in range(4):
            for run_id in self.house.fake.running:
                self.house.fake.hear(run_id)
            self.house.tick(FAR)
            self.states_follow_each_other_as_the_contract_says()
        for run_id in self.cancelled:
            assert self.seen[run_id] in RERUNNABLE, f"run {run_id} is {self.seen[run_id]} for ever"
            assert (self.house.directory(run_id) / rundir.JOURNAL).read_text().count('"RunEnded"') >= 1


@pytest.mark.parametrize(
    "how",
    [
        SimpleNamespace(examples=30, steps=15),
        pytest.param(SimpleNamespace(examples=10_000, steps=30), marks=pytest.mark.soak),
    ],
    ids=["few", "ten thousand"],
)
def test_a_run_that_somebody_cancelled_is_over_in_the_end(how: Any) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    chosen = settings(
        max_examples=how.examples,
        stateful_step_count=how.steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        derandomize=how.examples < 100,
    )
    run_state_machine_as_test(Cancelling, settings=chosen)  # type: ignore[no-untyped-call]
