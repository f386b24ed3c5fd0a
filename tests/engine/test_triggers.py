"""A trigger makes one run for each thing that happens: never two, and none of them silently not."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engine.house import House
from tests.store.rows import a_file, a_flow
from tui_flow.contract import failpoints, rundir
from tui_flow.contract.failpoints import FailpointReached
from tui_flow.contract.journal import EventEmitted
from tui_flow.contract.schedules import OnCondition, OnEvent, OnFlow, Schedule, to_json
from tui_flow.contract.states import FireReason
from tui_flow.engine.condition_watch import Answer
from tui_flow.engine.watches import AT_ONCE
from tui_flow.store import events, flows, retention, runs, schedules
from tui_flow.store.records import FireTime, FlowRun

CLOSED = to_json(Schedule(OnEvent("day.closed"), "closed", overlap="allow"))
AFTER = to_json(Schedule(OnFlow(("load",)), "after", overlap="allow"))


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


@pytest.fixture
def build(make_house: Callable[..., House]) -> Callable[..., House]:
    """A house without processes, at second 1000, whose flow "etl" has these triggers; and a flow "load"."""

    def build(*specs: dict[str, Any], flow: dict[str, Any] | None = None, **settings: Any) -> House:
        house = make_house(fake=True, **settings)
        declare(house, *specs, **(flow or {}))
        return house

    return build


def declare(house: House, *specs: dict[str, Any], **flow: Any) -> None:
    house.describe(a_flow(schedules=list(specs), **flow))
    flows.save_described(house.db, a_file("flows/load.py"), [a_flow("load", "flows/load.py")])
    house.scheduler.changed()
    house.tick()


def emit(house: House, name: str = "day.closed", key: str | None = None, **payload: Any) -> None:
    at = house.clock.time()
    count = events.last_id(house.db)
    events.keep(house.db, EventEmitted(at, f"id-{count}", name, key, payload, None, 0), None, at)


def trigger(house: House) -> Any:
    (found,) = schedules.list_schedules(house.db, "etl")
    return found


def rows(house: House) -> list[FireTime]:
    """What the trigger has decided, the oldest first."""
    return schedules.list_fire_times(house.db, trigger(house).id, limit=10_000)[::-1]


def made(house: House) -> list[FlowRun]:
    """The runs of "etl", the oldest first."""
    return runs.list_runs(house.db, flow="etl", limit=10_000)[::-1]


def spec_of(house: House, run_id: int) -> rundir.RunSpec:
    spec = rundir.read_spec(house.directory(run_id))
    assert spec is not None
    return spec


def again(house: House, make_house: Callable[..., House], seconds: float = 0.0) -> House:
    """The engine is killed, and so much later there is another one."""
    house.crash()
    later = make_house(fake=True)
    later.clock.now = house.clock.now + seconds
    return later


def end_a_run_of_load(house: House, state: str = "completed") -> int:
    flow = flows.get_flow(house.db, "load")
    assert flow is not None
    run_id = house.dispatcher.make_run(flow, {}, None, [], "command")
    house.tick()
    house.fake.end(run_id, state)
    house.tick()
    return run_id


def test_an_event_makes_a_run_that_is_told_of_it(build: Callable[..., House]) -> None:
    house = build(to_json(Schedule(OnEvent("day.closed"), "closed", overlap="allow", into="what")),
                  flow={"parameters": {"type": "object", "properties": {"what": {}}}})  # fmt: skip
    emit(house, "other")
    emit(house, n=2)
    house.tick(5.0)
    (run,) = made(house)
    assert (run.trigger, run.schedule, run.scheduled_for) == ("trigger", "closed", 1000.0)
    assert run.parameters == {"what": {"n": 2}}
    assert spec_of(house, run.id).cause == {
        "kind": "event", "name": "day.closed", "key": "id-1", "payload": {"n": 2}, "happened_at": 1000.0, "run_id": None,
    }  # fmt: skip
    (row,) = rows(house)
    assert (row.outcome, row.reason, row.message, row.run_id) == ("run", "event", "event day.closed", run.id)
    house.tick(60.0)
    assert len(made(house)) == 1


def test_events_from_before_the_trigger_was_there_make_no_run(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = make_house(fake=True)
    emit(house)
    house.tick(10.0)
    declare(house, CLOSED)
    late = EventEmitted(
        1005.0, "late", "day.closed", None, {}, None, 0
    )  # it happened before, and comes in now
    events.keep(house.db, late, None, house.clock.time())
    house.tick()
    assert made(house) == []
    emit(house)
    house.tick()
    assert len(made(house)) == 1


def test_what_happened_while_no_engine_was_there_makes_its_runs(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = build(CLOSED)
    emit(house, n=1)
    emit(house, n=2)
    house = again(house, make_house, 7200.0)
    house.tick()
    assert [spec_of(house, run.id).cause["payload"] for run in made(house)] == [{"n": 1}, {"n": 2}]  # type: ignore[index]


def test_one_event_serves_all_triggers_that_wait_for_it(make_house: Callable[..., House]) -> None:
    house = make_house(fake=True)
    house.describe(a_flow("a", schedules=[CLOSED]), a_flow("b", schedules=[CLOSED]))
    house.scheduler.changed()
    house.tick()
    emit(house)
    house.tick()
    assert {run.flow for run in runs.list_runs(house.db)} == {"a", "b"}


def test_events_that_come_at_once_make_a_run_each_a_few_in_a_step(build: Callable[..., House]) -> None:
    house = build(CLOSED, max_concurrent_runs=3)
    for _ in range(300):
        emit(house)
    house.clock.now += 1.0
    assert house.triggers.tick(house.clock.now) == house.clock.now
    assert len(made(house)) == AT_ONCE
    while house.triggers.tick(house.clock.now) <= house.clock.now:
        continue
    assert len({row.event_key for row in rows(house)}) == len(made(house)) == 300
    house.tick()
    assert len(house.fake.running) == 3 and house.dispatcher.pending == 297


@pytest.mark.parametrize("point", ["fire-dir-made", "fire-before-commit", "fire-committed", "fire-spec-written", "trigger-fired"])  # fmt: skip
def test_an_engine_that_dies_at_each_step_leaves_the_next_one_to_make_the_run_once(
    build: Callable[..., House], make_house: Callable[..., House], point: str
) -> None:
    house = build(CLOSED)
    emit(house, n=1)
    failpoints.arm(f"{point}:1:raise")
    with pytest.raises(FailpointReached):
        house.tick()
    failpoints.arm(None)
    house = again(house, make_house, 1.0)
    for _ in range(3):
        house.tick(1.0)
    assert [(run.state, spec_of(house, run.id).cause["payload"]) for run in made(house)] == [  # type: ignore[index]
        ("running", {"n": 1})
    ]
    assert len(rows(house)) == len(house.fake.order) == 1


def test_a_run_whose_rows_were_lost_is_found_by_its_spec_and_is_not_made_again(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = build(CLOSED)
    before = trigger(house).memory
    emit(house)
    house.tick()
    house.db.execute("DELETE FROM flow_runs")
    house.db.execute("DELETE FROM fire_times")
    schedules.save_memory(house.db, trigger(house).id, before)
    house = again(house, make_house, 1.0)
    for _ in range(3):
        house.tick(1.0)
    assert len(made(house)) == len(rows(house)) == 1
    assert rows(house)[0].cause == spec_of(house, 1).cause


def test_a_pause_lets_events_pass_and_tells_how_many(build: Callable[..., House]) -> None:
    house = build(CLOSED)
    schedules.pause(house.db, trigger(house).id, "uid 0", "", 1000.0)
    house.scheduler.changed()
    house.tick()
    for _ in range(3):
        house.clock.now += 1
        emit(house)
    house.tick()
    assert made(house) == []
    paused = trigger(house)
    schedules.resume(house.db, paused.id)
    assert house.triggers.close(paused, FireReason.PAUSED, "paused by uid 0") == 3
    house.tick()
    (row,) = rows(house)
    assert (row.outcome, row.reason, row.times, row.fire_at, row.until) == (
        "skipped",
        "paused",
        3,
        1001.0,
        1003.0,
    )
    assert made(house) == []
    emit(house)
    house.tick()
    assert len(made(house)) == 1


def test_a_resumed_trigger_may_catch_up(build: Callable[..., House]) -> None:
    house = build(CLOSED)
    schedules.pause(house.db, trigger(house).id, "uid 0", "", 1000.0)
    house.scheduler.changed()
    emit(house)
    house.tick()
    schedules.resume(house.db, trigger(house).id)
    house.scheduler.changed()
    house.tick()
    assert len(made(house)) == 1


def test_the_next_event_can_be_skipped(build: Callable[..., House], make_house: Callable[..., House]) -> None:
    house = build(CLOSED)
    house.triggers.skip(trigger(house))
    house = again(house, make_house)
    house.tick()
    emit(house)
    emit(house)
    house.tick()
    assert [(row.outcome, row.reason) for row in rows(house)] == [("skipped", "asked"), ("run", "event")]


def test_without_room_events_wait(build: Callable[..., House]) -> None:
    house = build(CLOSED)
    house.triggers._may_start = lambda: False
    emit(house)
    house.tick()
    assert made(house) == []
    house.triggers._may_start = lambda: True
    house.tick()
    assert len(made(house)) == 1


def test_a_trigger_that_was_away_begins_anew(build: Callable[..., House]) -> None:
    house = build(CLOSED)
    declare(house)  # the author takes it out
    house.tick(10.0)
    emit(house)
    house.tick(10.0)
    declare(house, CLOSED)
    house.tick()
    assert made(house) == []
    emit(house)
    house.tick()
    assert len(made(house)) == 1


def test_what_an_event_waits_for_is_read_again_after_another_text_and_nothing_is_lost(
    build: Callable[..., House],
) -> None:
    house = build(CLOSED)
    emit(house)
    house.clock.now += 1
    declare(house, {**CLOSED, "overlap": "queue_all"})
    assert len(made(house)) == 1
    declare(house, {**CLOSED, "name": "week.closed"})
    emit(house)
    house.tick()
    assert len(made(house)) == 1


def test_a_restored_history_fires_nothing_of_before(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = build(CLOSED)
    emit(house)
    house.db.execute("INSERT INTO facts VALUES ('restored_at', '1500.0')")
    house = again(house, make_house, 600.0)
    house.tick()
    assert made(house) == []
    emit(house)
    house.tick()
    assert len(made(house)) == 1


def test_the_end_of_a_run_fires_those_that_wait_for_that_state(build: Callable[..., House]) -> None:
    house = build(AFTER)
    end_a_run_of_load(house, "failed")
    assert made(house) == []
    upstream = end_a_run_of_load(house)
    (run,) = made(house)
    assert spec_of(house, run.id).cause == {
        "kind": "flow", "flow": "load", "run_id": upstream, "state": "completed", "ended_at": 1000.0,
    }  # fmt: skip
    assert rows(house)[0].message == f"run {upstream} of load completed"


def test_runs_that_ended_before_the_trigger_was_there_fire_nothing(build: Callable[..., House]) -> None:
    house = build(AFTER)
    declare(house)
    house.clock.now += 5
    flow = flows.get_flow(house.db, "load")
    assert flow is not None
    run_id = house.dispatcher.make_run(flow, {}, None, [], "command")
    house.tick()
    house.fake.end(run_id)  # its journal says so, and the engine reads that when the trigger is there again
    house.clock.now += 5
    declare(house, AFTER)
    house.tick()
    assert house.state(run_id) == "completed" and made(house) == []


def test_flows_that_fire_each_other_stop_after_one_round(make_house: Callable[..., House]) -> None:
    house = make_house(fake=True)
    back = to_json(Schedule(OnFlow(("etl",)), "back", overlap="allow"))
    house.describe(a_flow(schedules=[AFTER]))
    flows.save_described(
        house.db, a_file("flows/load.py"), [a_flow("load", "flows/load.py", schedules=[back])]
    )
    house.scheduler.changed()
    house.tick()
    end_a_run_of_load(house)
    for _ in range(5):
        for id in house.fake.running:
            house.fake.end(id)
        house.tick(1.0)
    assert [run.flow for run in runs.list_runs(house.db)] == ["etl", "load"]
    (loop,) = schedules.list_schedules(house.db, "load")
    (row,) = schedules.list_fire_times(house.db, loop.id)
    assert (row.outcome, row.reason) == ("skipped", "refused") and "it would never end" in row.message


def test_a_clock_that_is_set_back_loses_no_event(build: Callable[..., House]) -> None:
    house = build(CLOSED)
    house.clock.set(-500.0)
    emit(house)
    house.tick()
    assert len(made(house)) == 1


def test_an_event_that_no_trigger_needs_any_more_is_pruned_and_fires_nothing_twice(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = build(CLOSED, AFTER)
    for _ in range(5):
        emit(house)
    house.tick()
    emit(house)
    before = house.clock.time() + 1.0
    assert sum(retention.delete_events(house.db, before)) == 5
    assert sum(retention.delete_fire_times(house.db, before)) == 5
    house = again(house, make_house, 1.0)
    house.tick()
    emitted = [one.key for one in events.list_after(house.db, 0, 100) if one.kind == events.EMITTED]
    assert len(made(house)) == 6 and emitted == ["id-5"]


def test_what_a_condition_has_done_is_never_forgotten(build: Callable[..., House]) -> None:
    house = build(to_json(Schedule(OnCondition("is_ready"), "ready", overlap="allow")))
    house.asker.says = Answer(True, "batch 7")
    house.tick(30.0)
    assert sum(retention.delete_fire_times(house.db, house.clock.time() + 1.0)) == 0
    house.tick(30.0)
    assert len(made(house)) == 1
