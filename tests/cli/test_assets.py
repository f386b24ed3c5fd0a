"""`tui-flow assets`."""

from collections.abc import Iterator

import pytest

from tests.project import Project, temporary_project

ETL = """
    from tui_flow import flow
    from tui_flow.assets import Asset, AssetProperties, add_asset_metadata, materialize

    @materialize("s3://bucket/raw.csv", asset_deps=["https://api.example.org/rates"])
    def extract():
        add_asset_metadata("s3://bucket/raw.csv", {"rows": "3 \\x1b]0;owned\\x07"})
        return [1]

    @materialize(Asset(key="file:///tmp/clean.csv", properties=AssetProperties(name="Clean")), by="dbt")
    def clean(rows):
        return rows

    @flow
    def etl():
        clean(extract())
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("assets")) as found:
        found.write("etl.py", ETL)
        for _ in range(2):
            assert found.tui_flow("run", "etl").returncode == 0
        yield found


def test_all_assets_are_listed_with_their_last_time_and_origin(project: Project) -> None:
    listed = project.tui_flow("assets").stdout
    assert listed.count("s3://bucket/raw.csv") == 2 and "dbt" in listed  # once as what the other is made from
    found = project.ask("assets")["assets"]
    assert [(one["key"], one["run_id"], one["upstream"]) for one in found] == [
        ("file:///tmp/clean.csv", 2, ["s3://bucket/raw.csv"]),
        ("s3://bucket/raw.csv", 2, ["https://api.example.org/rates"]),
    ]
    assert [one["key"] for one in project.ask("assets", "1")["assets"]] == [
        "s3://bucket/raw.csv",
        "file:///tmp/clean.csv",
    ]


def test_one_asset_is_shown_with_all_times_that_it_was_made_and_safe(project: Project) -> None:
    shown = project.tui_flow("assets", "s3://bucket/raw.csv").stdout
    assert "1-1" in shown and "2-1" in shown and "made from it  file:///tmp/clean.csv" in shown
    assert "rows  3 ␛]0;owned" in shown and "\x1b]" not in shown


def test_one_that_no_flow_makes_says_what_is_made_from_it_or_that_nobody_knows_it(project: Project) -> None:
    assert (
        "made from it: s3://bucket/raw.csv"
        in project.tui_flow("assets", "https://api.example.org/rates").stdout
    )
    done = project.tui_flow("assets", "s3://nowhere/x")
    assert done.returncode == 2 and "no flow has made" in done.stderr
