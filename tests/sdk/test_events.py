"""`emit_event`, in a flow, in a script outside of any, and in processes that a run starts."""

import os
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sdk.history import History
from tui_flow import flow, task
from tui_flow.contract import journal, rundir, spool
from tui_flow.sdk import flow_file
from tui_flow.sdk.events import emit_event


def emitted(history: History) -> list[journal.EventEmitted]:
    return [event for run in history.runs for event in run.of(journal.EventEmitted)]


def test_in_a_run_it_is_in_the_journal_with_who_said_so(history: History) -> None:
    @task
    def load() -> None:
        emit_event(
            "rows.loaded", {"prefect.resource.id": "shop"}, payload={"count": 3, "day": datetime(2026, 1, 2)}
        )

    @flow
    def etl() -> None:
        emit_event("etl.begun", key="once")
        load()

    etl()
    first, second = emitted(history)
    assert (first.name, first.key, first.payload, first.task_run) == ("etl.begun", "once", {}, 0)
    assert (second.name, second.resource, second.task_run) == (
        "rows.loaded",
        {"prefect.resource.id": "shop"},
        1,
    )
    assert second.payload == {"count": 3, "day": "2026-01-02T00:00:00"}
    assert spool.left(rundir.open_state_dir(history.project), 10) == []


def test_outside_of_a_run_it_waits_in_a_file(history: History) -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    said = emit_event("day.closed", payload={"n": 1}, occurred=at)
    (path,) = spool.left(rundir.open_state_dir(history.project), 10)
    found = spool.read(path)
    assert found is not None
    assert found == (
        journal.EventEmitted(at.timestamp(), str(said.id), "day.closed", None, {"n": 1}, None, 0),
        None,
    )
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_forked_child_of_a_run_leaves_a_file_that_names_the_run(history: History) -> None:
    @flow
    def etl() -> None:
        child = os.fork()
        if child == 0:
            try:
                emit_event("from.child")
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    etl()
    (path,) = spool.left(rundir.open_state_dir(history.project), 10)
    found = spool.read(path)
    assert found is not None and found[0].name == "from.child" and found[1] == 1
    assert emitted(history) == []


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"event": ""}, ValueError, "name"),
        ({"event": "x" * 201}, ValueError, "200"),
        ({"event": "e", "payload": [1]}, TypeError, "payload"),
        ({"event": "e", "resource": "shop"}, TypeError, "resource"),
        ({"event": "e", "key": ""}, ValueError, "key"),
        ({"event": "e", "payload": {"x": "y" * 70_000}}, ValueError, "65,536"),
    ],
)
def test_what_is_no_event_is_refused(
    history: History, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        emit_event(**given)


def test_the_import_of_a_flow_file_emits_nothing(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_file, "importing", history.project / "flows/etl.py")
    with pytest.raises(RuntimeError, match="while its file is imported"):
        emit_event("day.closed")
    assert spool.left(rundir.open_state_dir(history.project), 10) == []


def test_an_event_that_is_made_by_hand_is_one_to_follow(history: History) -> None:
    from tui_flow.events.schemas.events import Event

    before = Event(id=uuid.UUID(int=7))
    said = emit_event("day.closed", {"prefect.resource.id": "shop"}, follows=before)
    assert (said.follows, said.resource.id, said.resource["prefect.resource.id"]) == (
        before.id,
        "shop",
        "shop",
    )
    assert emit_event("day.opened", follows=said).follows == said.id
