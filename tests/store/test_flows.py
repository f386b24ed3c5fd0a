"""Flow files and flows in the history."""

import sqlite3

import pytest

from tests.store.rows import a_file, a_flow, a_run
from tui_flow.store import flows, runs


@pytest.fixture(autouse=True)
def some_flows(writer: sqlite3.Connection) -> None:
    flows.save_described(writer, a_file("flows/daily.py"), [a_flow("etl-daily", "flows/daily.py", line=4)])
    flows.save_described(
        writer,
        a_file("flows/two.py"),
        [a_flow("second", "flows/two.py", line=9), a_flow("first", "flows/two.py", line=2)],
    )


def test_flows_come_by_file_and_line(writer: sqlite3.Connection) -> None:
    assert [flow.name for flow in flows.list_flows(writer)] == ["etl-daily", "first", "second"]
    assert [file.path for file in flows.list_flow_files(writer)] == ["flows/daily.py", "flows/two.py"]


@pytest.mark.parametrize("name", ["etl-daily", "etl_daily", "ETL-Daily", "daily", "DAILY"])
def test_a_flow_is_found_however_its_name_is_written(writer: sqlite3.Connection, name: str) -> None:
    flow = flows.get_flow(writer, name)
    assert flow is not None and flow.name == "etl-daily"


@pytest.mark.parametrize("name", ["two", "daily.py", "", "etl"])
def test_a_name_that_fits_none_or_several_finds_nothing(writer: sqlite3.Connection, name: str) -> None:
    assert flows.get_flow(writer, name) is None


def test_the_nearest_names_come_first(writer: sqlite3.Connection) -> None:
    assert flows.nearest_names(writer, "elt_dayly") == ["etl-daily"]
    assert flows.nearest_names(writer, "frist")[0] == "first"
    assert flows.nearest_names(writer, "xyzzy") == []


def test_a_broken_file_keeps_the_flows_of_its_last_good_version(writer: sqlite3.Connection) -> None:
    broken = a_file("flows/daily.py", state="broken", error="SyntaxError: no", error_line=3)
    flows.save_described(writer, broken, [])
    assert flows.get_flow(writer, "etl-daily") is not None
    assert flows.list_flow_files(writer)[0] == broken


def test_a_new_version_replaces_the_flows_of_the_file(writer: sqlite3.Connection) -> None:
    flows.save_described(writer, a_file("flows/two.py", sha="1" * 64), [a_flow("third", "flows/two.py")])
    assert [flow.name for flow in flows.list_flows(writer)] == ["etl-daily", "third"]


def test_a_file_that_is_gone_takes_its_flows_but_not_their_runs(writer: sqlite3.Connection) -> None:
    runs.insert_run(writer, a_run(1, flow="etl-daily"))
    flows.delete_file(writer, "flows/daily.py")
    assert flows.get_flow(writer, "etl-daily") is None
    assert runs.get_run(writer, 1) is not None


def test_a_namesake_is_found_in_another_file_only(writer: sqlite3.Connection) -> None:
    assert flows.get_namesake(writer, "etl_daily", "flows/daily.py") is None
    namesake = flows.get_namesake(writer, "etl_daily", "flows/other.py")
    assert namesake is not None and namesake.path == "flows/daily.py"
