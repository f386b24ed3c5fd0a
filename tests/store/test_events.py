"""Events, and what triggers remember of files."""

import sqlite3

import pytest

from tests.store.rows import a_run
from tui_flow.contract.commands import EmitEvent
from tui_flow.contract.errors import BadParameters
from tui_flow.contract.journal import EventEmitted
from tui_flow.contract.states import EndReason, FlowRunState
from tui_flow.store import events, schedules
from tui_flow.store.schedules import Declared

CLOSED = EventEmitted(5.0, "c0ffee", "day.closed", None, {"n": 1}, {"id": "shop"}, 0)
OVER = a_run(
    7,
    state=FlowRunState.FAILED,
    reason=EndReason.ERROR,
    started_at=1.0,
    ended_at=9.0,
    created_at=1.0,
    attempt=2,
)


def test_an_event_counts_once_by_its_id_and_by_its_key(writer: sqlite3.Connection) -> None:
    assert events.keep(writer, CLOSED, 3, 6.0)
    assert not events.keep(writer, CLOSED, 3, 7.0)
    assert events.keep(writer, CLOSED._replace(id="other", key="monday"), None, 8.0)
    assert not events.keep(writer, CLOSED._replace(id="third", key="monday", payload={}), None, 9.0)
    assert events.keep(writer, CLOSED._replace(name="night.closed", key="monday"), None, 9.0)
    first, second, third = events.list_after(writer, 0, 10)
    assert (first.name, first.key, first.at, first.run_id) == ("day.closed", "c0ffee", 5.0, 3)
    assert (first.payload, first.resource, second.key, third.name) == (
        {"n": 1}, {"id": "shop"}, "monday", "night.closed",
    )  # fmt: skip
    assert events.last_id(writer) == third.id


def test_the_end_of_a_run_is_kept_once_for_each_attempt_where_a_trigger_waits(
    writer: sqlite3.Connection,
) -> None:
    events.keep_run_end(writer, OVER)
    assert events.last_id(writer) == 0
    schedules.declare(writer, Declared("report", "after", "flow", {"names": ["etl"]}), "file", 1.0)
    for attempt in (2, 2, 3):
        events.keep_run_end(writer, OVER._replace(attempt=attempt))
    found = events.list_after(writer, 0, 10)
    assert [(one.name, one.key, one.state, one.run_id, one.at) for one in found] == [
        ("etl", "7/2", "failed", 7, 9.0),
        ("etl", "7/3", "failed", 7, 9.0),
    ]
    cancelled = OVER._replace(attempt=4, state=FlowRunState.CANCELLED, started_at=None)
    for run in (cancelled, OVER._replace(attempt=4)):
        events.keep_run_end(writer, run)
    assert [one.key for one in events.list_after(writer, 2, 10)] == ["7/4 not begun", "7/4"], (
        "it began after all"
    )


def test_old_events_go_once_they_are_handled_and_ids_never_come_twice(writer: sqlite3.Connection) -> None:
    for number in range(5):
        events.keep(writer, CLOSED._replace(id=str(number)), None, float(number))
    assert events.delete_old(writer, handled=2, before=100.0, limit=100) == 2
    assert events.delete_old(writer, handled=100, before=4.0, limit=1) == 1
    assert events.delete_old(writer, handled=100, before=100.0, limit=100) == 1
    assert [one.id for one in events.list_after(writer, 0, 10)] == [5]
    events.keep(writer, CLOSED._replace(id="next"), None, 9.0)
    assert events.last_id(writer) == 6


def test_seen_files_are_renewed_and_forgotten(writer: sqlite3.Connection) -> None:
    schedules.declare(writer, Declared("etl", "in", "file", {"glob": "in/*"}), "file", 1.0)
    (schedule,) = schedules.list_schedules(writer)
    events.save_seen(writer, schedule.id, {"in/a": "1 1", "in/b": "1 2"})
    events.save_seen(writer, schedule.id, {"in/a": "2 1"})
    events.forget_seen(writer, schedule.id, ["in/b"])
    assert events.seen_files(writer, schedule.id) == {"in/a": "2 1"}


@pytest.mark.parametrize(
    "command",
    [EmitEvent(" "), EmitEvent("x" * 201), EmitEvent("e", key=""), EmitEvent("e", {"x": "y" * 70_000})],
)
def test_a_command_that_names_no_event_is_refused(command: EmitEvent) -> None:
    with pytest.raises(BadParameters):
        events.event_of(command, 1.0)
