"""An engine that is killed again and again: its schedule fires every slot once all the same."""

import random
import time

import pytest

from tests.engine.running import Running
from tui_flow.contract.commands import Sync
from tui_flow.store import database, runs, schedules

TICKING = """
    from tui_flow import flow
    from tui_flow.schedules import Interval

    @flow(schedule=Interval(1.0, slug="second", overlap="allow"))
    def ticking(): ...
"""


@pytest.mark.parametrize("seconds", [3.0, pytest.param(600.0, marks=pytest.mark.soak)])
def test_each_second_has_one_row_although_the_engine_dies_all_the_time(
    engine: Running, seconds: float
) -> None:
    engine.write("ticking.py", TICKING)
    engine.ask(Sync(files=True))
    chance, until, kills = random.Random(3), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        time.sleep(chance.uniform(0.2, 2.0))
        engine.kill()
        kills += 1
    engine.ask(Sync())
    time.sleep(1.5)
    engine.ask(Sync())
    db = database.open_reader(engine.state_dir)
    (schedule,) = schedules.list_schedules(db)
    rows = sorted(schedules.list_fire_times(db, schedule.id, limit=10_000), key=lambda one: one.fire_at)
    slots = [row.fire_at for row in rows]
    assert kills >= 2 and slots == [slots[0] + n for n in range(len(slots))]
    assert slots[0] - schedule.registered_at <= 1.0 and slots[-1] == schedule.cursor
    assert {row.outcome for row in rows} == {"run"} and all(row.decided_at >= row.fire_at for row in rows)
    assert sorted(row.run_id or 0 for row in rows) == sorted(
        run.id for run in runs.list_runs(db, limit=10_000)
    )
    db.close()
