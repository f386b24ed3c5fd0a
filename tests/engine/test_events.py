"""What runs and scripts say had happened gets into the history exactly once, whatever dies in between."""

import os
from pathlib import Path

import pytest

from tests.engine.house import House
from tests.engine.journals import append, ended, lines, make_run, started
from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract import failpoints, journal, spool
from tui_flow.contract.commands import EmitEvent
from tui_flow.contract.errors import EngineError
from tui_flow.engine.spool import Spool
from tui_flow.store import database, events
from tui_flow.store.records import EventRecord

CLOSED = journal.EventEmitted(5.0, "c0ffee", "day.closed", None, {"n": 1}, None, 0)


def names(house: House) -> list[tuple[str, int | None]]:
    return [(one.name, one.run_id) for one in events.list_after(house.db, 0, 1_000)]


def in_history(engine: Running) -> list[EventRecord]:
    db = database.open_reader(engine.state_dir)
    try:
        return events.list_after(db, 0, 100)
    finally:
        db.close()


def test_an_event_of_a_run_is_taken_in_with_its_journal_once(house: House) -> None:
    run_id, directory = make_run(house.state_dir)
    append(directory, lines([*started(), CLOSED, CLOSED, *ended()]))
    house.tick()
    house.tick()
    assert names(house) == [("day.closed", run_id)]


def test_what_scripts_left_is_taken_up_in_order_and_removed(house: House) -> None:
    duty = Spool(house.db, house.state_dir, house.clock, house.log)
    for number in range(3):
        spool.leave(house.state_dir, CLOSED._replace(id=str(number), name=f"e{number}"), number or None)
    duty.tick(0.0)
    assert names(house) == [("e0", None), ("e1", 1), ("e2", 2)]
    assert spool.left(house.state_dir, 10) == []


def test_what_is_no_event_is_said_and_costs_nothing_else(house: House, tmp_path: Path) -> None:
    duty = Spool(house.db, house.state_dir, house.clock, house.log)
    spool.leave(house.state_dir, CLOSED._replace(at=1e300, id="bad"), None)
    spool.leave(house.state_dir, CLOSED._replace(id="good"), 10**40)
    folder = house.state_dir / spool.EVENTS
    (folder / "0.json").write_text("{")
    (folder / "1.json").write_text('{"event": "EventEmitted", "at": "noon"}')
    (folder / "2.json").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(folder / "3.json")
    duty.tick(0.0)
    assert [one.key for one in events.list_after(house.db, 0, 10)] == ["good"]
    assert spool.left(house.state_dir, 10) == []
    assert "2.json holds no note" in (house.state_dir / "engine.log").read_text()


def test_a_file_whose_removal_was_prevented_counts_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    duty = Spool(house.db, house.state_dir, house.clock, house.log)
    spool.leave(house.state_dir, CLOSED, None)
    failpoints.arm("spool-stored:1:raise")
    try:
        with pytest.raises(failpoints.FailpointReached):
            duty.tick(0.0)
    finally:
        failpoints.arm(None)
    assert len(spool.left(house.state_dir, 10)) == 1
    duty.tick(5.0)
    assert names(house) == [("day.closed", None)]
    assert spool.left(house.state_dir, 10) == []


def test_an_event_is_durable_when_it_is_acknowledged_and_asked_again_after_a_kill_it_counts_once(
    engine: Running,
) -> None:
    engine.serve("--stay", TUI_FLOW_FAILPOINT="event-stored:1:kill")
    with pytest.raises((EngineError, AssertionError)):
        engine.ask(EmitEvent("day.closed", {"n": 1}, "monday"), timeout=5)
        raise AssertionError
    engine.hang_up()
    answer = engine.ask(EmitEvent("day.closed", {"n": 2}, "monday"))
    assert answer == {"event_id": 1, "is_new": False}
    (found,) = in_history(engine)
    assert found.payload == {"n": 1}


def test_events_of_a_flow_and_of_a_script_arrive_while_no_engine_runs(engine: Running) -> None:
    path = engine.write(
        "shop.py",
        """
        from tui_flow import emit_event, flow

        @flow
        def shop():
            emit_event("day.closed", payload={"n": 2})

        if __name__ == "__main__":
            emit_event("script.begun")
            shop()
        """,
    )
    import subprocess
    import sys

    subprocess.run(
        [sys.executable, str(path)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    engine.serve("--stay")
    wait_until(lambda: len(in_history(engine)) == 2)
    assert {(one.name, one.run_id) for one in in_history(engine)} == {
        ("script.begun", None),
        ("day.closed", 1),
    }
