"""Many schedules, of all kinds: each of their fire times fires once, and in time."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.house import House, every
from tests.store.rows import a_flow
from tui_flow.contract.schedules import At, Cron, Interval, RRule, Schedule, to_json
from tui_flow.engine.timetable import Timetable
from tui_flow.fire_times import fires_between
from tui_flow.store import runs, schedules

DAY = 86_400.0


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.soak)])
def test_a_herd_is_decided_at_once_and_started_within_the_limit(
    make_house: Callable[..., House], count: int
) -> None:
    house = make_house(fake=True, max_concurrent_runs=50)
    house.describe(*(a_flow(f"flow-{n}", schedules=[every(3600)]) for n in range(count)))
    house.scheduler.changed()
    house.tick(2600.0)
    house.tick()
    assert runs.count(house.db) == count
    assert (len(house.fake.running), house.dispatcher.pending) == (50, count - 50)
    while house.ingest.active:
        for id in house.fake.running:
            house.fake.end(id)
        house.tick()
    assert house.fake.most_at_once == 50
    assert house.fake.order == sorted(house.fake.order)
    assert {run.state for run in runs.list_runs(house.db, limit=100_000)} == {"completed"}


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.soak)])
def test_many_schedules_for_an_hour_fire_every_slot_once(
    make_house: Callable[..., House], count: int
) -> None:
    periods = [300.0, 600.0, 900.0, 1800.0, 3600.0, 700.0, 1234.5, 3599.0, 2400.0, 450.0]
    house = make_house(fake=True)
    more: Any = [{"jitter_seconds": float(n % 3) * 20, "overlap": "allow"} for n in range(count)]
    house.describe(
        *(a_flow(f"flow-{n}", schedules=[every(periods[n % 10], **more[n])]) for n in range(count))
    )
    house.scheduler.changed()
    began, fired = house.clock.now, 0
    for _ in range(240):
        house.clock.now += 15.0
        house.scheduler.tick(house.clock.now)
    for schedule in schedules.list_schedules(house.db):
        table = house.scheduler.timetable(schedule)
        assert table is not None
        found = schedules.list_fire_times(house.db, schedule.id, limit=1000)
        assert [one.fire_at for one in found][::-1] == list(table.walk(began, house.clock.now))
        assert all(one.outcome == "run" and one.decided_at - one.fire_at < 15.0 for one in found)
        fired += len(found)
    assert runs.count(house.db) == fired > 3 * count


def test_a_timetable_counts_and_finds_the_last_without_walking_all_the_way() -> None:
    asked = 0

    def next_second(after: float) -> float:
        nonlocal asked
        asked += 1
        return float(math.floor(after) + 1)

    table = Timetable(next_second)
    assert table.last(0.0, 1e6, 2) == [999_999.0, 1_000_000.0]
    assert table.count(0.0, 500.0) == 500
    assert table.count(0.0, 1e6) == 1_000_000
    assert asked < 2_000


MIXED = (
    Cron("*/5 * * * *", "Europe/Paris"),
    Cron("7,23 * * * *", "Asia/Kolkata"),
    Interval(420.0),
    Interval(1234.5, 77.0),
    Interval(DAY, 0.0, "Africa/Monrovia", "00:40"),
    RRule("FREQ=MINUTELY;INTERVAL=11", "UTC", "1970-01-01T00:00:00"),
    RRule("FREQ=HOURLY;BYMINUTE=3,33", "UTC", "1970-01-01T00:00:00"),
    At((1_500.0, 2_500.0, 2_501.0, 99_999.0)),
)


@pytest.mark.parametrize("count", [48, pytest.param(1000, marks=pytest.mark.soak)])
def test_schedules_of_all_kinds_for_an_hour_fire_every_slot_once(
    make_house: Callable[..., House], count: int
) -> None:
    house = make_house(fake=True)
    declared = {
        f"flow-{n}": Schedule(MIXED[n % len(MIXED)], "mixed", overlap="allow", jitter_seconds=n % 3 * 20.0)
        for n in range(count)
    }
    house.describe(*(a_flow(name, schedules=[to_json(one)]) for name, one in declared.items()))
    house.scheduler.changed()
    began, fired = house.clock.now, 0
    while house.clock.now < began + 3600.0:
        due = house.scheduler.tick(house.clock.now)
        house.clock.now = min(max(due, house.clock.now + 1e-3), began + 3600.0)
    house.scheduler.tick(house.clock.now)
    for schedule in schedules.list_schedules(house.db):
        found = schedules.list_fire_times(house.db, schedule.id, limit=1000)
        wanted = fires_between(declared[schedule.flow], began, house.clock.now, 1000, schedule.flow)
        assert [one.fire_at for one in found][::-1] == wanted
        assert all(one.outcome == "run" and 0 <= one.decided_at - one.fire_at < 0.01 for one in found)
        fired += len(found)
    assert runs.count(house.db) == fired > 3 * count
