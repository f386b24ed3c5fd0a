"""Flow runs in the history: how they are found, and that no state changes but by the table."""

import sqlite3
from itertools import product

import pytest

from tests.store.histories import DONE
from tests.store.rows import a_file, a_flow, a_run, a_task
from tui_flow.contract.failure import Failure
from tui_flow.contract.journal import FlowFinished
from tui_flow.contract.states import TERMINAL, TRANSITIONS, FlowRunState
from tui_flow.store import advance, flows, precedents, runs, spans, tasks
from tui_flow.store.records import FlowRun
from tui_flow.store.waits import Wait

COMPLETED = {"state": FlowRunState.COMPLETED, "reason": "returned", "started_at": 101.0, "ended_at": 102.0}


def in_state(id: int, state: FlowRunState, **more) -> FlowRun:
    ended = {"ended_at": 5.0, "reason": "returned"} if state in TERMINAL else {}
    return a_run(id, state=state, started_at=1.0, **ended, **more)


def test_runs_are_listed_newest_first_and_page_by_page(writer: sqlite3.Connection) -> None:
    for id in range(1, 8):
        runs.insert_run(writer, a_run(id))
    assert [run.id for run in runs.list_runs(writer, limit=3)] == [7, 6, 5]
    assert [run.id for run in runs.list_runs(writer, before=5, limit=3)] == [4, 3, 2]


def test_runs_are_listed_by_flow_and_by_states(writer: sqlite3.Connection) -> None:
    runs.insert_run(writer, a_run(1, **COMPLETED))
    runs.insert_run(writer, a_run(2, flow="other", **COMPLETED))
    runs.insert_run(writer, a_run(3))
    runs.insert_run(writer, in_state(4, FlowRunState.FAILED))
    ended = {FlowRunState.COMPLETED, FlowRunState.FAILED}
    assert [run.id for run in runs.list_runs(writer, states=ended)] == [4, 2, 1]
    assert [run.id for run in runs.list_runs(writer, flow="etl", states=ended)] == [4, 1]
    assert [run.id for run in runs.list_runs(writer, states=ended, limit=1, before=4)] == [2]
    assert runs.list_runs(writer, states=[]) == []
    assert [run.id for run in runs.list_active(writer)] == [3]
    assert runs.counts(writer) == {"completed": 2, "pending": 1, "failed": 1}
    assert runs.count(writer) == 4
    assert runs.list_ids(writer) == {1, 2, 3, 4}


def test_the_neighbours_of_a_run_are_those_of_its_flow(writer: sqlite3.Connection) -> None:
    for id, flow in enumerate(("etl", "other", "etl", "other", "etl"), 1):
        runs.insert_run(writer, a_run(id, flow=flow))
    run = runs.get_run(writer, 3)
    assert run
    older, newer = (runs.get_neighbour(writer, run, older=older) for older in (True, False))
    assert older and newer
    assert (older.id, newer.id) == (1, 5)
    assert runs.get_neighbour(writer, older, older=True) is None
    assert runs.get_neighbour(writer, newer, older=False) is None


def test_each_flow_has_its_last_runs(writer: sqlite3.Connection) -> None:
    flows.save_described(writer, a_file(), [a_flow("etl"), a_flow("idle")])
    for id in range(1, 10):
        runs.insert_run(writer, a_run(id, flow="etl" if id % 2 else "removed"))
    last = runs.last_runs(writer, per_flow=3)
    assert {name: [run.id for run in found] for name, found in last.items()} == {"etl": [9, 7, 5], "idle": []}


def test_runs_that_wait_in_line_hide_neither_the_last_that_began_nor_one_that_is_asked(
    writer: sqlite3.Connection,
) -> None:
    flows.save_described(writer, a_file(), [a_flow("etl")])
    for id in range(1, 10):
        runs.insert_run(writer, a_run(id))
    runs.insert_run(writer, in_state(10, FlowRunState.FAILED))
    for id in range(11, 16):
        runs.insert_run(writer, a_run(id))
    writer.execute("UPDATE flow_runs SET state = 'paused', started_at = 1 WHERE id = 4")
    assert [run.id for run in runs.last_runs(writer, per_flow=3)["etl"]] == [15, 14, 13, 10, 4]


@pytest.mark.parametrize(
    ("old", "new"), [pair for pair in product(FlowRunState, FlowRunState) if pair[0] != pair[1]]
)
def test_a_state_is_saved_if_it_can_follow(
    writer: sqlite3.Connection, old: FlowRunState, new: FlowRunState
) -> None:
    before, after = in_state(1, old), in_state(1, new)
    runs.insert_run(writer, before)
    followers, found = {old}, set()
    while followers - found:
        found |= followers
        followers = {state for one in found for state in TRANSITIONS[one]}
    if new in followers:
        runs.save_run(writer, before, after)
        assert runs.get_run(writer, 1) == after
    else:
        with pytest.raises(runs.IllegalTransition):
            runs.save_run(writer, before, after)
        assert runs.get_run(writer, 1) == before


def test_a_rerun_begins_the_next_attempt_and_keeps_how_the_last_one_ended(writer: sqlite3.Connection) -> None:
    ended = in_state(1, FlowRunState.FAILED)._replace(message="no", parameters={"n": 1})
    runs.insert_run(writer, ended)
    again = a_run(1, attempt=2, first_task_run_id=5)
    with pytest.raises(runs.IllegalTransition):
        runs.begin_attempt(writer, ended, again._replace(attempt=1))
    with pytest.raises(runs.IllegalTransition):
        runs.begin_attempt(writer, ended._replace(ingested_bytes=7), again)
    assert (runs.get_run(writer, 1), runs.list_attempts(writer, 1)) == (ended, [])
    runs.begin_attempt(writer, ended, again)
    assert runs.get_run(writer, 1) == again
    (kept,) = runs.list_attempts(writer, 1)
    assert (kept.attempt, kept.state, kept.message, kept.parameters) == (1, "failed", "no", {"n": 1})
    assert (kept.reason, kept.ended_at, kept.first_task_run_id) == (ended.reason, ended.ended_at, 1)


def test_a_run_that_is_not_over_begins_no_attempt(writer: sqlite3.Connection) -> None:
    running = in_state(1, FlowRunState.RUNNING)
    runs.insert_run(writer, running)
    with pytest.raises(runs.IllegalTransition):
        runs.begin_attempt(writer, running, a_run(1, attempt=2))


def test_the_task_runs_of_earlier_attempts_are_apart(writer: sqlite3.Connection) -> None:
    runs.insert_run(writer, a_run(1, attempt=2, first_task_run_id=3))
    tasks.insert_tasks(writer, [a_task(id=id) for id in (1, 2, 3)])
    assert [task.id for task in tasks.list_tasks(writer, 1)] == [3]
    assert [task.id for task in tasks.list_of_attempt(writer, 1, 1, 3)] == [1, 2]
    assert tasks.count_by_state(writer, 1) == {"pending": 1}
    assert tasks.last_id(writer, 1) == 3


def test_a_run_that_somebody_else_changed_is_not_overwritten(writer: sqlite3.Connection) -> None:
    read = a_run()
    runs.insert_run(writer, read)
    runs.save_run(writer, read, in_state(1, FlowRunState.CANCELLED))
    with pytest.raises(runs.IllegalTransition):
        runs.save_run(writer, read, in_state(1, FlowRunState.RUNNING))
    with pytest.raises(runs.IllegalTransition):
        runs.save_run(writer, a_run(99), in_state(99, FlowRunState.RUNNING))


def test_a_report_waits_for_the_last_word(writer: sqlite3.Connection) -> None:
    run = in_state(1, FlowRunState.RUNNING)
    runs.insert_run(writer, run)
    assert runs.get_report(writer, 1) is None
    failure = Failure("ValueError", "no", "Traceback …", "flows/etl.py", 3, "etl")
    report = FlowFinished(2.0, "failed", "Failed", "error", "no", failure)
    runs.save_run(writer, run, run._replace(ingested_bytes=10), report)
    assert runs.get_report(writer, 1) == report
    assert runs.get_report(writer, 2) is None


def test_when_a_run_waited_for_an_answer_is_kept_and_is_no_time_of_work(writer: sqlite3.Connection) -> None:
    run = a_run(started_at=100.0, state=FlowRunState.RUNNING)
    runs.insert_run(writer, run)
    tasks.insert_tasks(
        writer, [a_task(1, **{**DONE, "ended_at": 105.0}), a_task(2, **{**DONE, "ended_at": 7305.0})]
    )
    waited = (Wait(105.0, 7300.0), Wait(7306.0, None, 2))
    asked = run._replace(state=FlowRunState.PAUSED, waited=waited)
    runs.save_run(writer, run, asked)
    assert runs.get_run(writer, 1) == asked and asked.waited_seconds(7310.0) == 7199.0
    over = asked._replace(**{**COMPLETED, "started_at": 100.0, "ended_at": 7315.0, "waited": (waited[0],)})
    runs.save_run(writer, asked, over)
    assert (
        [span.seconds for span in spans.of_flow(writer, "etl")]
        == [20.0]
        == precedents.read(writer, "etl").durations
    )
    assert advance.pace_of(writer, over).ends == (0.25, 0.5)
    anew = over._replace(
        state=FlowRunState.PENDING, reason=None, started_at=None, ended_at=None, attempt=2, waited=()
    )
    runs.begin_attempt(writer, over, anew)
    assert [(one.waited, one.seconds) for one in runs.list_attempts(writer, 1)] == [((waited[0],), 20.0)]
