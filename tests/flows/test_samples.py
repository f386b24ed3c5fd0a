"""The sample flows do what they say: each of them runs, guarded by a keeper, in a project of its own."""

import ast
import csv
import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.sdk.keeping import Kept, keeping
from tui_flow.contract import journal

SAMPLES = sorted((Path(__file__).parents[2] / "flows").glob("*.py"))
Run = Callable[..., Kept]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs a sample to its end, with these parameters."""
    made = keeping(tmp_path)
    make = next(made)

    def through(name: str, /, **parameters: object) -> Kept:
        path = tmp_path / "flows" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        (sample,) = (sample for sample in SAMPLES if sample.stem == name)
        shutil.copy(sample, path)
        kept = make(flow=name, function=name, path=str(path), parameters=parameters)
        kept.run()
        return kept

    yield through
    next(made, None)


def tasks(kept: Kept, state: str) -> list[int]:
    return [
        event.id for event in kept.events if isinstance(event, journal.TaskFinished) and event.state == state
    ]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_sample_is_a_page_of_the_standard_library_alone(sample: Path) -> None:
    source = sample.read_text()
    tree = ast.parse(source)
    assert len(source.splitlines()) < 60
    assert ast.get_docstring(tree)
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    foreign = {str(module).split(".")[0] for module in modules} - sys.stdlib_module_names
    assert foreign == {"tui_flow"}


def test_hello_greets_as_often_as_it_is_told(run: Run) -> None:
    kept = run("hello", name="Ada", times="2")
    assert kept.ended.state == "completed"
    assert all(text in kept.log for text in (b"Hello, Ada!", b"Hello again, Ada!"))
    assert len(tasks(kept, "completed")) == 4


def test_hello_refuses_what_is_no_number(run: Run) -> None:
    kept = run("hello", times="many")
    assert (kept.ended.state, kept.ended.reason) == ("failed", "refused")
    (report,) = [event for event in kept.events if isinstance(event, journal.FlowFinished)]
    assert report.failure and "times" in report.failure.message


def test_code_census_counts_every_file_into_a_csv_and_a_table(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "code"
    root.mkdir()
    (root / "a.py").write_text("class A:\n    def f(self):\n        async def g(): pass\n")
    (root / "b.py").write_text("try:\n    pass\nexcept ValueError:\n    def f(): pass\n")
    (root / "broken.py").write_text("def f(:\n")
    kept = run("code_census", root=str(root))
    assert kept.ended.state == "completed"
    assert b"broken.py does not parse" in kept.log
    expected = [("a.py", 3, 2, 1), ("b.py", 4, 1, 0), ("broken.py", 1, 0, 0)]
    with (tmp_path / "flows/out/code_census.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["path", "lines", "functions", "classes"]
    assert [(path, *map(int, counts)) for path, *counts in rows] == expected
    with closing(sqlite3.connect(tmp_path / "flows/out/code_census.db")) as database:
        assert database.execute("SELECT * FROM files ORDER BY path").fetchall() == expected


def test_host_health_remembers_what_it_read(run: Run, tmp_path: Path) -> None:
    for _ in range(3):
        assert run("host_health", keep=2).ended.state == "completed"
    past = json.loads((tmp_path / "flows/out/host_health.json").read_text())
    assert len(past) == 2
    assert all(0 <= reading["disk"] <= 100 for reading in past)


def test_host_health_fails_where_the_disk_is_too_full(run: Run) -> None:
    kept = run("host_health", full_above=-1)
    assert (kept.ended.state, kept.ended.reason) == ("failed", "error")


def test_flaky_api_survives_what_its_retries_can(run: Run) -> None:
    kept = run("flaky_api")
    assert kept.ended.state == "completed"
    assert kept.kinds.count("TaskRetrying") == 2


def test_flaky_api_shows_what_failure_looks_like(run: Run) -> None:
    kept = run("flaky_api", failures=9)
    assert (kept.ended.state, kept.ended.reason) == ("failed", "error")
    assert (tasks(kept, "failed"), tasks(kept, "upstream_failed")) == ([1], [2])


def test_zone_report_reports_every_zone_of_an_area(run: Run) -> None:
    kept = run("zone_report", area="Australia")
    assert kept.ended.state == "completed"
    assert b"Australia change their clocks within a year" in kept.log
    assert b"Australia/Sydney" in (kept.directory / "journal").read_bytes()


def test_zone_report_fails_where_there_is_no_such_area(run: Run) -> None:
    assert "Atlantis" in run("zone_report", area="Atlantis").ended.message
