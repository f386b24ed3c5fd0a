"""What subscribers hear, and that a slow one costs the engine nothing."""

from tests.engine.house import Listener
from tests.store.rows import a_run
from tui_flow.contract.changes import FlowFileChanged, RunChanged, Snapshot, TasksChanged
from tui_flow.engine.bus import MAX_WAITING_BYTES, Bus

SNAPSHOT = Snapshot(1, 2.0)


def subscribed() -> tuple[Bus, Listener]:
    bus, listener = Bus(SNAPSHOT), Listener()
    bus.subscribe(listener)
    return bus, listener


def test_a_snapshot_comes_first_and_numbers_rise_by_one() -> None:
    bus, listener = subscribed()
    bus.run_changed(a_run())
    bus.publish(FlowFileChanged("flows/etl.py", "ok"))
    assert listener.changes == [
        SNAPSHOT,
        RunChanged(1, "etl", "pending"),
        FlowFileChanged("flows/etl.py", "ok"),
    ]
    seqs = [seq for seq, _ in listener.heard]
    assert seqs == list(range(seqs[0], seqs[0] + 3))


def test_task_changes_of_a_run_are_told_four_times_a_second_at_most() -> None:
    bus, listener = subscribed()
    now, due_at = 100.0, 100.0
    for step in range(1000):
        now = 100.0 + step / 500
        bus.tasks_changed(1, now)
        due_at = bus.tick(now)
    told = listener.changes[1:]
    assert set(told) == {TasksChanged(1)}
    assert 8 <= len(told) <= 9
    bus.tick(due_at)
    assert len(listener.changes[1:]) == len(told) + 1
    assert bus.tick(due_at + 10) == float("inf")


def test_the_first_change_of_each_run_is_told_at_once() -> None:
    bus, listener = subscribed()
    for run_id in (1, 2, 3):
        bus.tasks_changed(run_id, 100.0)
    assert listener.changes[1:] == [TasksChanged(1), TasksChanged(2), TasksChanged(3)]


def test_a_slow_reader_gets_a_gap_and_then_a_snapshot() -> None:
    bus, listener = subscribed()
    quick = Listener()
    bus.subscribe(quick)
    listener.waiting = MAX_WAITING_BYTES + 1
    for _ in range(1000):
        bus.run_changed(a_run())
    assert len(listener.heard) == 1
    assert len(quick.heard) == 1001
    assert bus.tick(0.0) <= 0.25
    listener.waiting = 0
    bus.tick(1.0)
    assert isinstance(listener.changes[-1], Snapshot)
    assert listener.heard[-1][0] > listener.heard[0][0] + 1000
    bus.run_changed(a_run())
    assert listener.heard[-1][0] == quick.heard[-1][0]


def test_who_has_gone_is_forgotten() -> None:
    bus, listener = subscribed()
    bus.unsubscribe(listener)
    bus.unsubscribe(listener)
    bus.run_changed(a_run())
    assert len(listener.heard) == 1
