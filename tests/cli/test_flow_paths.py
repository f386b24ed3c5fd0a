"""`tui-flow run` with the path of a file, and `--watch`."""

import signal
from pathlib import Path
from textwrap import dedent

import pytest

from tests.project import Project
from tests.waiting import wait_until
from tui_flow.cli.flow_paths import read_flow_path
from tui_flow.contract.errors import BrokenFlow

FILE = """
    from prefect import flow, task
    from helper import FACTOR

    @task
    def times(number: int) -> int:
        return FACTOR * number

    @flow(log_prints=True)
    def one(number: int = 1, who: str = "me"):
        print("it is", times(number), who)

    @flow
    def two():
        raise ValueError("no")
"""


@pytest.fixture(scope="module")
def work(project: Project) -> Path:
    """A folder with a flow file, beside `flows/`."""
    folder = project.root / "work"
    folder.mkdir()
    (folder / "several.py").write_text(dedent(FILE))
    (folder / "helper.py").write_text("FACTOR = 10\n")
    return folder


def test_a_path_is_told_from_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "etl.py"
    file.touch()
    assert read_flow_path("etl") is None
    assert read_flow_path("etl.py") == read_flow_path("./etl.py") == (file, "")
    assert read_flow_path(f"{file}:daily") == (file, "daily")
    with pytest.raises(BrokenFlow, match="no such flow file"):
        read_flow_path("work/etl.py")
    assert read_flow_path("etl/nightly") is None, "a flow, and the name that it is served under"


def test_a_file_that_is_not_in_flows_runs_by_its_path(project: Project, work: Path) -> None:
    done = project.tui_flow("run", "work/several.py:one", "-p", "number=4", "-p", "who=007")
    assert done.returncode == 0, done
    assert "it is 40 007" in done.stdout
    run = project.ask("show", "latest")
    assert (run["flow"], run["path"], run["parameters"]) == (
        "one",
        "work/several.py",
        {"number": 4, "who": "007"},
    )
    failed = project.tui_flow("run", str(work / "several.py") + ":two", "--json")
    assert failed.returncode == 1


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("work/several.py", "the file has 2 flows: one, two"),
        ("work/several.py:three", "the file has no flow 'three'"),
        ("work/gone.py", "there is no such flow file"),
        ("work/helper.py", "the file has no flow"),
        ("work/broken.py", "the flow file is broken: SyntaxError"),
    ],
)
def test_what_is_wrong_with_a_path_is_told(project: Project, work: Path, target: str, what: str) -> None:
    (work / "broken.py").write_text("x =\n")
    done = project.tui_flow("run", target)
    assert done.returncode == 2
    assert what in done.stderr


def test_watching_goes_with_one_shown_run_after_the_other_only(project: Project) -> None:
    assert "--detach" in project.tui_flow("run", "tiny", "--watch", "--detach").stderr


def test_a_watched_file_runs_again_when_it_is_saved_and_outlives_a_broken_save(
    project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "watched.py"
    text = "from tui_flow import flow\n\n@flow(log_prints=True)\ndef watched():\n    print('this is {}')\n"
    path.write_text(text.format("first"))
    out = tmp_path / "out"
    with (
        out.open("w") as file,
        project.start("run", str(path), "--watch", stdout=file, stderr=file) as process,
    ):
        try:
            for written, seen in (
                (None, "this is first"),
                ("def", "SyntaxError"),
                (text.format("second"), "this is second"),
            ):
                if written:
                    path.write_text(written)
                wait_until(lambda: seen in out.read_text() and out.read_text().endswith("ends this\n"), 20)  # noqa: B023
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
