"""Schedules are paused, resumed, skipped, reset and filled by command, and the queue says why a run waits."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.engine.house import House
from tests.store.rows import a_flow
from tui_flow.contract import wire
from tui_flow.contract.commands import (
    Backfill,
    GetQueue,
    ListSchedules,
    PauseSchedules,
    ResetSchedule,
    ResumeSchedules,
    SkipFireTime,
    UnskipFireTime,
)
from tui_flow.contract.errors import BadParameters, UnknownSchedule
from tui_flow.contract.schedules import Interval, OnEvent, Schedule, to_json
from tui_flow.engine import schedule_answers
from tui_flow.store import runs, schedules

SOMEBODY: Any = SimpleNamespace(user="ada")


@pytest.fixture
def ask(make_house: Callable[..., House]) -> Callable[..., Any]:
    """Asks a house whose flow "etl" has a schedule "tick" every ten minutes from 1000 on, without processes."""
    house: Any = make_house(fake=True, max_concurrent_runs=1)
    house.describe(a_flow(schedules=[to_json(Schedule(Interval(600.0), "tick"))]))
    house.scheduler.changed()
    house.tick()
    house.room, house.wake = SimpleNamespace(reason=""), lambda: None

    async def ask(command: Any) -> dict[str, Any]:
        line = wire.encode_request(1, command)
        return await schedule_answers.VERBS[type(command)](house, SOMEBODY, wire.decode_request(line)[1])

    ask.house = house  # type: ignore[attr-defined]
    return ask


def outcomes(house: House) -> list[tuple[float, str, str, int]]:
    schedule = schedules.list_schedules(house.db)[0]
    found = schedules.list_fire_times(house.db, schedule.id, limit=1000)
    return [
        (one.fire_at, one.outcome, one.reason, one.times)
        for one in sorted(found, key=lambda one: one.fire_at)
    ]


async def test_a_schedule_is_listed_with_the_times_to_come(ask: Any) -> None:
    (one,) = (await ask(ListSchedules("ETL", 3)))["schedules"]
    assert (one["slug"], one["state"], one["next"], one["next_at"]) == (
        "tick",
        "active",
        [1200.0, 1800.0, 2400.0],
        1200.0,
    )
    with pytest.raises(UnknownSchedule, match="no flow"):
        await ask(ListSchedules("nobody"))


@pytest.mark.parametrize("what", [("etl", "tick"), ("etl", ""), ("", "")])
async def test_what_is_paused_fires_nothing_and_what_it_left_out_is_told(
    ask: Any, what: tuple[str, str]
) -> None:
    house = ask.house
    await ask(PauseSchedules(*what, why="holidays"))
    house.tick(3000.0)
    assert outcomes(house) == [] and not house.scheduler.is_needed
    told = await ask(ListSchedules())
    assert told["schedules"][0]["next"] == []
    with pytest.raises(BadParameters, match="etl/tick is paused: there is no fire time to skip") as refused:
        await ask(SkipFireTime("etl"))
    resumed = "/".join(filter(None, what)) or "--all"
    assert refused.value.next == f"tui-flow schedule resume {resumed}"
    assert (await ask(SkipFireTime("etl", "tick", 4200.0)))["fire_at"] == 4200.0, "once it fires again"
    await ask(UnskipFireTime("etl", "tick", 4200.0))
    resumed = await ask(ResumeSchedules(*what))
    assert (resumed["skipped"], resumed["was_paused"], resumed["still_paused"]) == (5, True, [])
    assert not (await ask(ResumeSchedules(*what)))["was_paused"]
    assert outcomes(house) == [(1200.0, "skipped", "paused", 5)]
    house.tick(600.0)
    assert [run.scheduled_for for run in runs.list_runs(house.db)] == [4200.0]


async def test_a_flow_without_a_schedule_is_not_paused(ask: Any) -> None:
    ask.house.describe(a_flow("boom"))
    with pytest.raises(UnknownSchedule, match="boom has no schedule to pause"):
        await ask(PauseSchedules("boom"))
    assert (await ask(ListSchedules()))["pauses"] == []


async def test_a_pause_may_be_caught_up(ask: Any) -> None:
    await ask(PauseSchedules("etl"))
    ask.house.tick(3100.0)
    await ask(ResumeSchedules("etl", catchup=True))
    ask.house.tick()
    assert outcomes(ask.house) == [(1200.0, "missed", "down", 4), (3600.0, "run", "catch_up", 1)]


async def test_a_schedule_whose_flow_is_paused_stays_so(ask: Any) -> None:
    await ask(PauseSchedules("etl"))
    await ask(PauseSchedules("etl", "tick"))
    assert (await ask(ResumeSchedules("etl", "tick")))["still_paused"] == ["etl"]
    ask.house.tick(3000.0)
    assert runs.count(ask.house.db) == 0


async def test_resuming_what_is_not_paused_skips_nothing(ask: Any) -> None:
    ask.house.clock.now += 250.0
    assert (await ask(ResumeSchedules("etl")))["skipped"] == 0
    ask.house.tick()
    assert outcomes(ask.house) == [(1200.0, "run", "on_time", 1)]


async def test_one_fire_time_is_skipped(ask: Any) -> None:
    assert (await ask(SkipFireTime("etl")))["fire_at"] == 1200.0
    assert (await ask(SkipFireTime("etl", "tick", 2400.0)))["fire_at"] == 2400.0
    (one,) = (await ask(ListSchedules("etl", 2)))["schedules"]
    assert (one["next"], one["next_at"]) == ([1800.0, 3000.0], 1800.0)
    for seconds in (200.0, 600.0, 600.0, 600.0):
        ask.house.tick(seconds)
    assert [(at, reason) for at, _, reason, _ in outcomes(ask.house)] == [
        (1200.0, "asked"), (1800.0, "on_time"), (2400.0, "asked"), (3000.0, "overlap"),
    ]  # fmt: skip
    for wrong in (1200.0, 2500.0, 3600.5 + 100):
        with pytest.raises(BadParameters, match="no such fire time"):
            await ask(SkipFireTime("etl", "tick", wrong))


async def test_a_fire_time_that_was_to_be_skipped_makes_its_run_after_all(ask: Any) -> None:
    house = ask.house
    await ask(SkipFireTime("etl", "tick", 1800.0))
    house.tick(200.0)  # 1200 fires, and the cursor moves over 1800
    house.fake.end(1)
    assert (await ask(UnskipFireTime("etl")))["fire_at"] == 1800.0
    house.tick(600.0)
    assert [(at, reason) for at, _, reason, _ in outcomes(house)] == [
        (1200.0, "on_time"),
        (1800.0, "on_time"),
    ]
    for wrong in (None, 1800.0, 2400.0):
        with pytest.raises(BadParameters, match="is to skip no such fire time"):
            await ask(UnskipFireTime("etl", "tick", wrong))


async def test_a_backfill_runs_what_has_not_completed_one_after_another(ask: Any) -> None:
    house = ask.house
    house.tick(200.0)
    house.tick()
    house.fake.end(1)
    house.tick(2000.0)
    told = await ask(Backfill("etl", 1000.0, 2400.0, dry_run=True))
    assert [(slot["fire_at"], slot["action"]) for slot in told["slots"]] == [
        (1200.0, "skip"), (1800.0, "run"), (2400.0, "run"),
    ]  # fmt: skip
    before = runs.count(house.db)
    told = await ask(Backfill("etl", 1000.0, 2400.0))
    assert runs.count(house.db) == before + 2
    order = []
    for _ in range(4):
        house.tick()
        order += [house.run(id).scheduled_for for id in house.fake.running]
        for id in house.fake.running:
            house.fake.end(id)
        house.tick()
    assert order[-2:] == [1800.0, 2400.0] and house.fake.most_at_once == 1
    again = await ask(Backfill("etl", 1000.0, 2400.0))
    assert {slot["action"] for slot in again["slots"]} == {"skip"}
    forced = await ask(Backfill("etl", 1200.0, 1200.0, force=True))
    assert [slot["action"] for slot in forced["slots"]] == ["run"]
    times = [at for at, _, _, many in outcomes(house) if many == 1]
    assert len(times) == len(set(times))


async def test_a_backfill_that_makes_no_sense_is_refused(ask: Any) -> None:
    with pytest.raises(BadParameters, match="future"):
        await ask(Backfill("etl", 1000.0, 9000.0))
    ask.house.clock.now += 1e6
    with pytest.raises(BadParameters, match="more than 1,000"):
        await ask(Backfill("etl", 0.0, 1e6))


async def test_a_trigger_has_no_fire_times_to_fill(ask: Any) -> None:
    ask.house.describe(a_flow(schedules=[to_json(Schedule(OnEvent("go"), "go"))]))
    ask.house.scheduler.changed()
    with pytest.raises(BadParameters, match="is a trigger"):
        await ask(Backfill("etl", 0.0, 10.0))
    assert ask.house.scheduler.is_needed


async def test_a_schedule_is_named_where_there_are_several(ask: Any) -> None:
    specs = [to_json(Schedule(Interval(600.0), slug)) for slug in ("tick", "tock")]
    ask.house.describe(a_flow(schedules=specs))
    with pytest.raises(UnknownSchedule) as caught:
        await ask(ResetSchedule("etl"))
    assert "etl/tick, etl/tock" in caught.value.next
    await ask(ResetSchedule("etl", "tock"))


async def test_the_queue_says_why_a_run_waits(ask: Any) -> None:
    house = ask.house
    first = house.make_run()
    house.tick(200.0)
    house.tick(61.0)
    queue = await ask(GetQueue())
    (waiting,) = queue["waiting"]
    assert (queue["running"], queue["limit"], house.state(first)) == (1, 1, "running")
    assert waiting["limit"] == "slots 1/1"
    assert (
        "max_concurrent_runs" in waiting["why"] and waiting["is_late"] and waiting["scheduled_for"] == 1200.0
    )
    caught_up = house.ingest.active[waiting["run_id"]]
    caught_up.run = caught_up.run._replace(created_at=house.clock.time())
    (waiting,) = (await ask(GetQueue()))["waiting"]
    assert not waiting["is_late"], "nobody could have begun it before it was made"
