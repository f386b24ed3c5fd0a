"""A run whose process vanished begins anew where it was asked to, once it is due, and whatever happens to the engine."""

from collections.abc import Callable, Iterator

import pytest

from tests.engine.house import House
from tests.store.rows import a_flow
from tui_flow.contract import attempts, failpoints, journal, rundir
from tui_flow.contract.failpoints import FailpointReached
from tui_flow.contract.failure import Failure
from tui_flow.contract.states import TERMINAL
from tui_flow.store import runs, tasks


@pytest.fixture
def quick(make_house: Callable[..., House]) -> House:
    """A house without processes, with a flow that begins anew after a crash."""
    house = make_house(fake=True)
    house.describe(a_flow(on_crash="retry"))
    return house


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


def begun(house: House) -> int:
    run_id = house.make_run()
    house.tick()
    house.tick()
    assert house.state(run_id) == "running"
    return run_id


def test_a_crashed_run_waits_and_begins_anew_in_its_own_directory(quick: House) -> None:
    run_id = begun(quick)
    quick.fake.say(
        run_id, journal.TaskCreated(1.0, 1, 0, "task", "a", "a-0", "running", None, None, [], [], 1)
    )
    quick.fake.crash(run_id)
    quick.tick()
    run = quick.run(run_id)
    assert (run.state, run.state_name, run.awaits_attempt, run.crashes) == (
        "retrying",
        "AwaitingRetry",
        True,
        1,
    )
    assert run.due_at is not None and 8.0 <= run.due_at - quick.clock.now <= 12.0
    assert [(one.state, one.ended_at) for one in tasks.list_tasks(quick.db, run_id)] == [
        ("crashed", quick.clock.now)
    ]
    quick.tick(7.0)
    assert quick.fake.order == [run_id]
    quick.tick(5.1)
    quick.tick()
    run = quick.run(run_id)
    assert (run.state, run.attempt, run.awaits_attempt, run.due_at) == ("running", 2, False, None)
    spec = rundir.read_spec(quick.directory(run_id))
    assert spec is not None and (spec.attempt, spec.crashes, spec.first_task_run_id) == (2, 1, 2)
    quick.fake.end(run_id)
    quick.tick()
    assert quick.state(run_id) == "completed"
    assert [(one.attempt, one.state, one.signal) for one in runs.list_attempts(quick.db, run_id)] == [
        (1, "crashed", "SIGKILL")
    ]


def test_a_run_that_crashes_again_and_again_stays_crashed(quick: House) -> None:
    run_id = begun(quick)
    for crashes in range(attempts.MAX_CRASHES):
        quick.fake.crash(run_id)
        quick.tick()
        assert quick.run(run_id).crashes == crashes + 1
        quick.tick(700.0)
        quick.tick()
    quick.fake.crash(run_id)
    quick.tick()
    run = quick.run(run_id)
    assert (run.state, run.attempt) == ("crashed", 4) and "crashed 4 times" in run.message
    assert len(quick.fake.order) == 4 and not quick.ingest.active


def test_without_on_crash_a_crash_is_the_end(quick: House) -> None:
    quick.describe()
    run_id = begun(quick)
    quick.fake.crash(run_id)
    quick.tick()
    assert quick.state(run_id) == "crashed"


def test_a_waiting_run_holds_no_slot(make_house: Callable[..., House]) -> None:
    house = make_house(fake=True, max_concurrent_runs=1)
    house.describe(a_flow(on_crash="retry"))
    first = begun(house)
    house.fake.crash(first)
    house.tick()
    assert house.dispatcher.running == 0
    second = begun(house)
    house.tick(20.0)
    assert (house.state(first), house.run(first).attempt, house.dispatcher.pending) == ("pending", 2, 1)
    house.fake.end(second)
    house.tick()
    house.tick()
    assert house.state(first) == "running"


def test_a_waiting_run_can_be_cancelled(quick: House) -> None:
    run_id = begun(quick)
    quick.fake.crash(run_id)
    quick.tick()
    quick.rescuer.cancel(quick.ingest.active[run_id], "uid 0", False)
    quick.tick(60.0)
    assert quick.state(run_id) == "cancelled" and quick.fake.order == [run_id]


def test_a_run_whose_keeper_vanished_begins_anew_too(quick: House) -> None:
    run_id = begun(quick)
    quick.fake.vanish(run_id)
    quick.tick(1.0)
    quick.tick()
    assert quick.run(run_id).awaits_attempt
    quick.tick(15.0)
    quick.tick()
    assert (quick.state(run_id), quick.run(run_id).attempt) == ("running", 2)


def test_a_run_that_waited_between_two_tries_goes_on_with_those_that_are_left(
    quick: House, make_house: Callable[..., House]
) -> None:
    quick.describe()  # on_crash is "fail": this is no matter of crashes
    run_id = begun(quick)
    failure = Failure("ValueError", "boom", "")
    due_at = quick.clock.now + 300.0
    quick.fake.say(run_id, journal.FlowRetrying(quick.clock.now, 1, due_at, failure))
    quick.tick()
    assert (quick.state(run_id), quick.run(run_id).awaits_attempt) == ("retrying", False)
    quick.crash()
    house = make_house(fake=True)
    house.clock.now = quick.clock.now + 2.0
    house.tick()
    house.tick(1.0)
    run = house.run(run_id)
    assert (run.state, run.awaits_attempt, run.due_at, run.crashes) == ("retrying", True, due_at, 0)
    house.tick(299.0)
    house.tick()
    run = house.run(run_id)
    spec = rundir.read_spec(house.directory(run_id))
    assert spec is not None and (run.state, run.attempt, run.tries, spec.tries_before) == ("running", 2, 2, 1)


@pytest.mark.parametrize("point", ["attempt-spec-written", "attempt-saved"])
def test_an_engine_that_dies_at_each_step_leaves_the_next_one_to_begin_the_attempt_once(
    quick: House, make_house: Callable[..., House], point: str
) -> None:
    run_id = begun(quick)
    quick.fake.crash(run_id)
    quick.tick()
    failpoints.arm(f"{point}:1:raise")
    with pytest.raises(FailpointReached):
        quick.tick(15.0)
    failpoints.arm(None)
    quick.crash()
    house = make_house(fake=True)
    house.clock.now = quick.clock.now
    for _ in range(4):
        house.tick(1.0)
    assert (house.state(run_id), house.run(run_id).attempt) == ("running", 2)
    assert house.fake.order == [run_id]


def test_the_journal_folded_anew_tells_the_same(quick: House, make_house: Callable[..., House]) -> None:
    run_id = begun(quick)
    quick.fake.crash(run_id)
    quick.tick()
    waiting = quick.run(run_id)
    quick.tick(15.0)
    quick.tick()
    quick.fake.end(run_id, "failed")
    quick.tick()
    over, earlier = quick.run(run_id), runs.list_attempts(quick.db, run_id)
    quick.crash()
    (quick.state_dir / rundir.HISTORY).unlink()
    house = make_house(fake=True)
    for _ in range(3):
        house.tick()
    again = house.run(run_id)
    assert again == over._replace(created_at=again.created_at)
    assert [one[:6] for one in runs.list_attempts(house.db, run_id)] == [one[:6] for one in earlier]
    assert over.state in TERMINAL and over.crashes == waiting.crashes == 1
