"""`tui-flow artifacts`."""

from collections.abc import Iterator

import pytest

from tests.project import Project, temporary_project

REPORTS = """
    from tui_flow import flow, progress, task
    from tui_flow.artifacts import create_markdown_artifact, create_table_artifact

    @task(task_run_name="load-{day}")
    def load(day):
        create_table_artifact([{"day": day}], key="loaded")

    @flow
    def reports():
        for _ in progress(range(3), "loading"):
            create_markdown_artifact("# Day \\x1b]0;owned\\x07", key="report", description="how it went")
        create_table_artifact([{"day": "mon", "rows": 3}], key="totals")
        load("mon")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("artifacts")) as found:
        found.write("reports.py", REPORTS)
        assert found.tui_flow("run", "reports").returncode == 0
        yield found


def test_the_artifacts_of_a_run_are_shown_in_order_and_safe(project: Project) -> None:
    done = project.tui_flow("artifacts", "latest")
    assert (
        done.stdout.index("progress  loading")
        < done.stdout.index("report  how it went")
        < done.stdout.index("totals")
    )
    assert "3/3" in done.stdout and "day  rows" in done.stdout
    assert "\x1b]" not in done.stdout and "␛]0;owned" in done.stdout


def test_a_key_shows_its_versions_and_the_list_only_the_last(project: Project) -> None:
    assert project.tui_flow("artifacts", "report").stdout.count("Day") == 3
    listed = project.tui_flow("artifacts").stdout
    assert listed.count("report") == 1 and "totals" in listed
    found = project.ask("artifacts", "1")["artifacts"]
    assert [one["type"] for one in found] == ["progress", *["markdown"] * 3, "table", "table"]
    assert found[-2]["data"] == [{"day": "mon", "rows": 3}]


def test_each_artifact_names_its_task(project: Project) -> None:
    assert "loaded  of load-mon  run 1" in project.tui_flow("artifacts", "1").stdout
    assert "totals  run 1" in project.tui_flow("artifacts", "totals").stdout
    rows = {line.split()[0]: line.split() for line in project.tui_flow("artifacts").stdout.splitlines()}
    assert [rows[key][3] for key in ("KEY", "loaded", "totals")] == ["TASK", "load-mon", "-"]
    found = project.ask("artifacts")["artifacts"]
    assert {one["key"]: one["task"] for one in found if one["key"]} == {
        "loaded": "load-mon",
        "totals": None,
        "report": None,
    }


def test_what_is_neither_run_nor_key_is_said(project: Project) -> None:
    done = project.tui_flow("artifacts", "nothing-of-that-kind")
    assert done.returncode == 2
    assert "no artifact has the key" in done.stderr
