"""Schedules, their fire times and their pauses survive what happens to the flows that declare them."""

import sqlite3
from typing import Any

import pytest

from tests.store.rows import a_file, a_fire_time, a_flow, a_run
from tui_flow.contract.states import FireOutcome, FireReason, FlowRunState, ScheduleState
from tui_flow.store import database, flows, runs, schedules
from tui_flow.store.records import Schedule

NIGHTLY = {"kind": "cron", "slug": "nightly", "cron": "0 3 * * *", "active": True}


def declare(
    db: sqlite3.Connection, *specs: dict[str, Any], at: float = 100.0, path: str = "flows/etl.py"
) -> None:
    flows.save_described(db, a_file(path, described_at=at), [a_flow(path=path, schedules=list(specs))])


def get(db: sqlite3.Connection, slug: str = "nightly") -> Schedule:
    found = schedules.get_schedule(db, "etl", slug)
    assert found is not None
    return found


def test_a_flow_file_registers_what_it_declares(writer: sqlite3.Connection) -> None:
    declare(writer, NIGHTLY, {**NIGHTLY, "slug": "hourly", "active": False}, at=100.0)
    found = schedules.list_schedules(writer, "etl")
    assert [(one.slug, one.state, one.registered_at, one.cursor) for one in found] == [
        ("hourly", ScheduleState.PAUSED, 100.0, 100.0),
        ("nightly", ScheduleState.ACTIVE, 100.0, 100.0),
    ]
    assert found[0].paused_by == schedules.AUTHOR and found[1].spec == NIGHTLY


def test_the_same_text_again_changes_nothing(writer: sqlite3.Connection) -> None:
    declare(writer, NIGHTLY)
    schedules.move_cursors(writer, [(get(writer).id, 500.0, 600.0)])
    before = get(writer)
    declare(writer, NIGHTLY, at=900.0)
    assert get(writer) == before


def test_another_text_begins_anew_and_a_cursor_never_moves_back(writer: sqlite3.Connection) -> None:
    declare(writer, NIGHTLY)
    schedules.move_cursors(writer, [(get(writer).id, 500.0, 600.0)])
    schedules.move_cursors(writer, [(get(writer).id, 400.0, 600.0)])
    assert get(writer).cursor == 500.0
    declare(writer, {**NIGHTLY, "cron": "0 4 * * *"}, at=300.0)
    found = get(writer)
    assert (found.cursor, found.registered_at, found.next_at) == (500.0, 300.0, None)
    schedules.reset_cursor(writer, found.id, 200.0)
    assert get(writer).cursor == 200.0


def test_a_schedule_outlives_its_file_and_comes_back_as_it_was(writer: sqlite3.Connection) -> None:
    declare(writer, NIGHTLY)
    known = get(writer)
    assert schedules.pause(writer, known.id, "uid 0", "too noisy", 150.0)
    assert not schedules.pause(writer, known.id, "uid 0", "twice", 160.0)
    flows.delete_file(writer, "flows/etl.py")
    gone = get(writer)
    assert (gone.state, gone.paused_by) == (ScheduleState.GONE, "uid 0")
    declare(writer, NIGHTLY, at=900.0, path="flows/moved.py")
    back = get(writer)
    assert (back.id, back.state, back.paused_why, back.cursor, back.registered_at) == (
        known.id, ScheduleState.PAUSED, "too noisy", 100.0, 900.0,
    )  # fmt: skip
    schedules.resume(writer, back.id)
    assert get(writer).state is ScheduleState.ACTIVE


def test_a_broken_file_keeps_its_schedules(writer: sqlite3.Connection) -> None:
    declare(writer, NIGHTLY)
    flows.save_described(writer, a_file(state="broken", error="boom", described_at=200.0), [])
    assert get(writer).state is ScheduleState.ACTIVE


def test_a_schedule_that_is_declared_no_longer_is_gone_and_a_served_one_is_not(
    writer: sqlite3.Connection,
) -> None:
    declare(writer, NIGHTLY)
    served = schedules.Declared("etl", "served", "cron", NIGHTLY)
    schedules.declare(writer, served, "serve", 100.0)
    declare(writer, at=200.0)
    assert get(writer).state is ScheduleState.GONE
    assert get(writer, "served").state is ScheduleState.ACTIVE


def test_the_author_resumes_what_the_author_paused_and_nothing_else(writer: sqlite3.Connection) -> None:
    declare(writer, {**NIGHTLY, "active": False})
    declare(writer, NIGHTLY, at=200.0)
    assert get(writer).state is ScheduleState.ACTIVE
    schedules.pause(writer, get(writer).id, "uid 0", "", 250.0)
    declare(writer, {**NIGHTLY, "cron": "1 3 * * *"}, at=300.0)
    assert get(writer).state is ScheduleState.PAUSED


def test_a_fire_time_is_decided_once(writer: sqlite3.Connection) -> None:
    declare(writer, NIGHTLY)
    id = get(writer).id
    assert schedules.insert_fire_times(writer, [a_fire_time(id, 200.0), a_fire_time(id, 300.0)]) == 2
    again = a_fire_time(id, 200.0, reason=FireReason.PAUSED)
    assert schedules.insert_fire_times(writer, [again]) == 0
    assert [one.reason for one in schedules.list_fire_times(writer, id)] == [FireReason.OVERLAP] * 2
    runs.insert_run(writer, a_run(7))
    filled = again._replace(outcome=FireOutcome.RUN, reason=FireReason.BACKFILL, run_id=7)
    schedules.replace_fire_time(writer, filled)
    assert [one.run_id for one in schedules.fire_times_between(writer, id, 200.0, 300.0)] == [7, None]
    found = schedules.fire_time_of_run(writer, 7)
    assert found is not None and found.fire_at == 200.0


def test_several_that_were_missed_share_a_row_and_stand_in_nobodys_way(writer: sqlite3.Connection) -> None:
    declare(writer, NIGHTLY)
    id = get(writer).id
    many = a_fire_time(id, 200.0, times=3, until=400.0, outcome=FireOutcome.MISSED, reason=FireReason.DOWN)
    assert schedules.insert_fire_times(writer, [many, a_fire_time(id, 200.0)]) == 2


def test_a_triggers_event_fires_once_whatever_the_time(writer: sqlite3.Connection) -> None:
    declare(writer, NIGHTLY)
    id = get(writer).id
    event = a_fire_time(id, 200.0, event_key="a.csv:1")
    assert not schedules.knows_event(writer, id, "a.csv:1")
    assert schedules.insert_fire_times(writer, [event, event._replace(fire_at=300.0)]) == 1
    assert schedules.insert_fire_times(writer, [event._replace(event_key="b.csv:1")]) == 1
    assert schedules.knows_event(writer, id, "a.csv:1")
    schedules.save_memory(writer, id, {"seen": ["a.csv"]})
    assert get(writer).memory == {"seen": ["a.csv"]}


def test_a_fire_time_that_made_a_run_names_it(writer: sqlite3.Connection) -> None:
    declare(writer, NIGHTLY)
    with pytest.raises(database.Refused):
        writer_only = a_fire_time(get(writer).id, 200.0, outcome=FireOutcome.RUN)
        schedules.replace_fire_time(writer, writer_only)


def test_pauses_of_whole_flows_are_remembered_when_they_are_over(writer: sqlite3.Connection) -> None:
    schedules.pause_flow(writer, "etl", "uid 0", "holidays", 100.0)
    assert schedules.resume_flow(writer, "etl", 200.0)
    assert not schedules.resume_flow(writer, "etl", 300.0)
    schedules.pause_flow(writer, "", "uid 0", "", 400.0)
    assert [(one.flow, one.resumed_at) for one in schedules.list_pauses(writer)] == [
        ("", None),
        ("etl", 200.0),
    ]


def test_the_last_success_is_told_by_what_it_ran_for(writer: sqlite3.Connection) -> None:
    assert runs.last_success(writer, "etl") is None
    ended = {"state": FlowRunState.COMPLETED, "reason": "returned", "started_at": 1.0}
    runs.insert_run(writer, a_run(1, ended_at=5.0, **ended))
    assert runs.last_success(writer, "etl") == 5.0
    runs.insert_run(writer, a_run(2, ended_at=9.0, scheduled_for=7.0, schedule="nightly", **ended))
    assert runs.last_success(writer, "etl") == 7.0
    assert runs.succeeded_for(writer, "etl", "nightly", 7.0) == 2
    assert runs.succeeded_for(writer, "etl", "nightly", 8.0) is None
    assert runs.last_ends(writer, "etl", 3, 0.0) == ["completed"]
