"""Artifacts in the history."""

import sqlite3

from tests.store.rows import a_run
from tui_flow.contract.journal import ArtifactCreated, ArtifactUpdated
from tui_flow.store import artifacts, runs

MADE = ArtifactCreated(5.0, "c0ffee", "markdown", "report", "daily", "# One", 3)


def test_an_artifact_counts_once_and_its_last_update_counts(writer: sqlite3.Connection) -> None:
    runs.insert_run(writer, a_run(7))
    later = ArtifactUpdated(9.0, "c0ffee", None, "# Two")
    artifacts.keep_all(writer, [MADE, later, MADE, later._replace(at=6.0, data="# Late")], 7)
    (found,) = artifacts.list_of_run(writer, 7)
    assert (found.data, found.description, found.task_run) == ("# Two", "daily", 3)
    assert (found.created_at, found.updated_at) == (5.0, 9.0)
    assert artifacts.list_of_run(writer, 7, since=9.0) == [found]
    assert artifacts.list_of_run(writer, 7, since=9.1) == []


def test_artifacts_of_one_key_are_versions(writer: sqlite3.Connection) -> None:
    runs.insert_run(writer, a_run(7))
    second = MADE._replace(id="b", data={"a": [1]}, type="table")
    artifacts.keep_all(writer, [MADE, second, MADE._replace(id="c", key=None)], 7)
    assert [one.id for one in artifacts.list_versions(writer, "report")] == ["b", "c0ffee"]
    assert [one.id for one in artifacts.list_latest(writer)] == ["c", "b"]
    assert artifacts.list_versions(writer, "report")[0].data == {"a": [1]}


def test_artifacts_go_with_their_run_and_those_of_none_stay(writer: sqlite3.Connection) -> None:
    runs.insert_run(writer, a_run(7))
    artifacts.keep_all(writer, [MADE], 7)
    artifacts.keep_all(writer, [MADE._replace(id="script")], None)
    artifacts.keep_all(writer, [MADE._replace(id="gone")], 99)
    writer.execute("DELETE FROM flow_runs WHERE id = 7")
    assert [(one.id, one.run_id) for one in artifacts.list_latest(writer)] == [("gone", None)]
    assert [one.id for one in artifacts.list_versions(writer, "report")] == ["gone", "script"]


def test_text_that_no_database_can_hold_is_kept_as_far_as_possible(writer: sqlite3.Connection) -> None:
    artifacts.keep_all(writer, [MADE._replace(description="bad \udc80", data="bad \udc80\x00")], None)
    (found,) = artifacts.list_latest(writer)
    assert found.description is not None and found.description.startswith("bad ")
