"""Runs are started first come first served, within the limit, and once, whenever the engine dies."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.house import House, until
from tests.engine.journals import make_run
from tests.store.rows import a_file, a_flow
from tests.waiting import wait_until
from tui_flow.contract import failpoints, rundir
from tui_flow.contract.errors import EngineError, HistoryError
from tui_flow.contract.rundir import lock_holder
from tui_flow.engine import dispatcher
from tui_flow.store import flows, runs

TAKES_A_SECRET = {"properties": {"token": {"type": "string", "format": "password", "writeOnly": True}}}


async def test_a_run_is_asked_for_in_the_history_and_on_disk_before_it_starts(house: House) -> None:
    run_id = house.make_run(tasks=3)
    run, spec = house.run(run_id), rundir.read_spec(house.directory(run_id))
    assert spec is not None
    assert (run.state, run.trigger, run.path, run.parameters) == (
        "pending",
        "command",
        "flows/etl.py",
        {"tasks": 3},
    )
    assert spec.path == str(house.settings.project / "flows/etl.py") and len(spec.cookie) == 32
    assert house.starts(run_id) == 0
    await until(lambda: house.state(run_id) == "completed", house)
    assert house.starts(run_id) == 1


async def test_no_more_than_the_limit_run_at_once_and_the_first_come_first(
    make_house: Callable[..., House],
) -> None:
    house = make_house(max_concurrent_runs=2)
    house.describe()
    gate = house.settings.project / "go"
    ids = [house.make_run(until=str(gate)) for _ in range(5)]
    await until(lambda: [house.starts(id) for id in ids] == [1, 1, 0, 0, 0], house)
    assert (house.dispatcher.pending, house.dispatcher.running) == (3, 2)
    gate.touch()
    await until(lambda: not house.ingest.active, house)
    assert [house.starts(id) for id in ids] == [1] * 5
    started = [house.run(id).started_at or 0.0 for id in ids]
    assert max(started[:2]) < min(started[2:])


@pytest.mark.parametrize(
    "step", ["before the spec", "before the row", "before the queue", "before the start"]
)
async def test_an_engine_that_dies_between_two_steps_starts_a_run_at_most_once(
    house: House, make_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "before the spec":
            patch.setattr(dispatcher, "write_spec", die)
        elif step == "before the row":
            patch.setattr(runs, "insert_run", die)
        elif step == "before the queue":
            patch.setattr(house.dispatcher, "queue", die)
        else:
            patch.setattr(house.supervisor, "start", die)
        with pytest.raises(KeyboardInterrupt):
            house.make_run()
            house.tick()
    house.crash()
    again = make_house()
    if step == "before the spec":
        again.tick(6.0)
        assert runs.list_runs(again.db) == []
        return
    await until(lambda: [run.state for run in runs.list_runs(again.db)] == ["completed"], again)
    assert again.starts(1) == 1


async def test_a_disk_that_does_not_confirm_a_run_is_told_with_the_runs_number(house: House) -> None:
    run_id = house.make_run()
    await house.dispatcher.wait_durable(run_id)
    failpoints.arm("before-durable:1:enospc")
    try:
        with pytest.raises(EngineError, match=f"does not confirm that it keeps run {run_id}") as refused:
            await house.dispatcher.wait_durable(run_id)
    finally:
        failpoints.arm(None)
    assert f"tui-flow show {run_id}" in refused.value.next


async def test_a_keeper_that_outlived_its_engine_is_not_started_again(
    house: House, make_house: Callable[..., House]
) -> None:
    gate = house.settings.project / "go"
    run_id = house.make_run(until=str(gate))
    house.tick()
    house.crash()
    again = make_house()
    again.tick()
    wait_until(lambda: lock_holder(again.directory(run_id) / "lock"))
    await until(lambda: again.state(run_id) == "running", again, 1.0)
    gate.touch()
    await until(lambda: again.state(run_id) == "completed", again)
    assert again.starts(run_id) == 1


async def test_a_script_holds_no_slot(make_house: Callable[..., House]) -> None:
    house = make_house(max_concurrent_runs=1)
    house.describe()
    script, _ = make_run(house.state_dir, trigger="script", created_at=house.clock.now)
    house.arrivals.hint()
    house.tick()
    assert house.state(script) == "pending"
    assert house.dispatcher.running == 0
    run_id = house.make_run()
    await until(lambda: house.state(run_id) == "completed", house)


async def test_a_process_that_cannot_be_had_is_asked_for_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = house.make_run()

    def fail(*_: object) -> None:
        raise OSError(11, os.strerror(11))

    with monkeypatch.context() as patch:
        patch.setattr(house.supervisor, "start", fail)
        house.tick()
        assert house.dispatcher.tick(house.clock.now) == house.clock.now + 1.0
    assert house.state(run_id) == "pending"
    await until(lambda: house.state(run_id) == "completed", house)


async def test_a_run_that_was_refused_for_want_of_room_does_not_start_later(
    house: House, make_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise HistoryError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(runs, "insert_run", full)
        with pytest.raises(HistoryError):
            house.make_run()
    house.crash()
    again = make_house()
    again.tick(6.0)
    assert runs.list_runs(again.db) == []


async def test_the_secrets_of_a_run_that_was_not_made_stay_on_no_disk(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.describe(a_flow(parameters=TAKES_A_SECRET))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(dispatcher, "write_spec", full)
    with pytest.raises(OSError, match="space"):
        house.make_run(token="hidden-1")
    assert list(house.state_dir.rglob(rundir.GIVEN)) == []


def slow(house: House, name: str, count: int = 1, **more: Any) -> list[int]:
    """Runs of a flow of that name with these options, which go on until the test ends them."""
    flow = a_flow(name, f"flows/{name}.py", **more)
    flows.save_described(house.db, a_file(flow.path, described_at=house.clock.now), [flow])
    return [house.dispatcher.make_run(flow, {}, None, [], "command") for _ in range(count)]


def test_a_flow_and_a_tag_have_limits_of_their_own_and_others_pass_by(
    make_house: Callable[..., House],
) -> None:
    house = make_house(fake=True, tag_limits={"heavy": 1})
    one = slow(house, "one", 3, max_concurrent_runs=2)
    heavy = [*slow(house, "two", tags=["heavy"]), *slow(house, "three", tags=["heavy", "net"])]
    other = slow(house, "four")
    house.tick(2.0)
    assert house.fake.running == [*one[:2], heavy[0], *other]
    why = house.dispatcher.obstacles()
    assert why == {
        one[2]: ("flow 2/2", "flow one runs 2 times at once already, and may 2"),
        heavy[1]: ("tag heavy", "1 run with tag heavy goes on, and 1 may (tag_limits)"),
    }
    house.fake.end(heavy[0])
    house.tick()
    house.tick()
    assert heavy[1] in house.fake.running


def test_higher_priority_goes_first_but_not_for_ever(make_house: Callable[..., House]) -> None:
    house = make_house(fake=True, max_concurrent_runs=1)
    (first,) = slow(house, "first")
    house.tick()
    (low,) = slow(house, "low", priority=-2)
    house.clock.now += 100.0
    early = slow(house, "plain", 2)
    house.clock.now += 100.0
    (late,) = slow(house, "plain")
    (high,) = slow(house, "high", priority=100)
    for _ in range(5):
        house.fake.end(house.fake.running[0])
        house.tick()
        house.tick()
    assert house.fake.order == [first, high, *early, low, late]


def test_nobody_overtakes_for_ever_a_run_that_needs_two_tags(make_house: Callable[..., House]) -> None:
    house = make_house(fake=True, tag_limits={"a": 1, "b": 1})
    (holder,) = slow(house, "holder", tags=["a"])
    house.tick()
    (both,) = slow(house, "both", tags=["a", "b"])
    (quick,) = slow(house, "quick", tags=["b"])
    house.tick(2.0)
    assert house.fake.running == [holder, quick]
    house.clock.now += 61.0
    (later,) = slow(house, "later", tags=["b"])
    house.fake.end(quick)
    house.tick()
    house.tick()
    assert house.fake.running == [holder] and "has waited longer" in house.dispatcher.obstacles()[later].why
    house.fake.end(holder)
    for _ in range(3):
        house.tick()
    assert house.fake.running == [both]
