"""The wall clock of a real engine is set, by libfaketime where that is installed: no fire time comes twice, and no storm."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract.commands import Sync
from tui_flow.contract.states import FireOutcome
from tui_flow.store import database, schedules
from tui_flow.store.records import FireTime

TICKING = """
    from tui_flow import flow
    from tui_flow.schedules import Interval

    @flow(schedule=Interval(1.0, slug="second", overlap="allow"))
    def ticking(): ...
"""
ON_TIME_SECONDS = 60
"""What is no more late than that is on time, and runs."""
SLACK = 30
"""Fire times that come while the test looks on."""
HOUR, MONTH = 3600, 30 * 86400
PLACES = ("usr/lib/*/faketime/libfaketimeMT.so.1", "usr/local/lib/faketime/libfaketimeMT.so.1")


@pytest.fixture
def library() -> Path:
    found = [path for place in PLACES for path in Path("/").glob(place)]
    if not found:
        pytest.skip("no libfaketime here")
    return found[0]


def fires(engine: Running) -> list[FireTime]:
    engine.ask(Sync())
    with closing(database.open_reader(engine.state_dir)) as db:
        (schedule,) = schedules.list_schedules(db)
        return schedules.list_fire_times(db, schedule.id, limit=1_000)[::-1]


@pytest.mark.parametrize("jump", [HOUR, MONTH, -HOUR, -MONTH], ids=["+1 h", "+30 d", "-1 h", "-30 d"])
def test_a_clock_that_jumps_under_a_real_engine_fires_nothing_twice_and_no_storm(
    engine: Running, library: Path, tmp_path: Path, jump: int
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0")
    engine.write("ticking.py", TICKING)
    engine.serve(
        "--stay", LD_PRELOAD=str(library), FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1",
    )  # fmt: skip
    engine.ask(Sync(files=True))
    wait_until(lambda: len(fires(engine)) >= 2)
    before = len(fires(engine))
    clock.write_text(f"{jump:+d}")
    log = engine.state_dir / "engine.log"
    wait_until(lambda: f"the clock went {abs(jump)} s" in log.read_text(), 15)
    if jump > 0:
        wait_until(lambda: len(fires(engine)) >= before + 4)
    rows = fires(engine)
    slots = [row.fire_at for row in rows]
    assert slots == sorted(set(slots)), "a fire time came twice"
    made = [row for row in rows[before:] if row.outcome is FireOutcome.RUN]
    assert len(made) <= ON_TIME_SECONDS + SLACK, "a storm"
    if jump < 0:
        assert rows[-1].fire_at < rows[0].fire_at + 60 and "fires nothing for" in log.read_text()
    else:
        assert sum(row.times for row in rows) == slots[-1] - slots[0] + 1
