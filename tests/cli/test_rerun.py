"""`tui-flow rerun`: from where it failed, with what to expect said before."""

from collections.abc import Iterator

import pytest

from tests.project import Project, temporary_project

ETL = """
    from pathlib import Path
    from tui_flow import flow, get_run_logger, task

    @task
    def extract(day: int) -> list[int]:
        get_run_logger().info("extracting day %d", day)
        return [day, day]

    @task
    def clean(row: int) -> int:
        return row

    @task
    def load(rows: list[int]) -> int:
        raise ValueError("the table is gone")

    @flow
    def etl(day: int = 1):
        return load(clean.map(extract(day)).result())
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("rerun")) as found:
        yield found


@pytest.fixture
def run_id(project: Project) -> str:
    """A run that failed in its last task."""
    project.write("etl.py", ETL)
    run = project.tui_flow("run", "etl", "--json")
    assert run.returncode == 1
    return str(project.ask("show", "latest")["run_id"])


def test_a_mended_run_completes_and_reuses_the_rest(project: Project, run_id: str) -> None:
    project.write("etl.py", ETL.replace('raise ValueError("the table is gone")', "return sum(rows)"))
    preview = project.tui_flow("rerun", run_id, "--preview")
    assert (preview.returncode, preview.stdout) == (0, "reuse 3, run 1 (1 failed)\n")
    assert project.ask("show", run_id)["attempt"] == 1
    done = project.tui_flow("rerun", run_id)
    assert done.returncode == 0, done
    assert "reuse 3, run 1" in done.stdout and f"run {run_id} completed" in done.stdout
    assert "extracting" not in done.stdout and "the table is gone" not in done.stdout
    shown = project.ask("show", run_id)
    assert [(task["name"], task["state_name"]) for task in shown["tasks"]] == [
        ("extract", "Reused"), ("clean", "Reused"), ("clean", "Reused"), ("load", "Completed"),
    ]  # fmt: skip
    assert [(one["attempt"], one["state"]) for one in shown["earlier_attempts"]] == [(1, "failed")]
    assert "2, after failed" in project.tui_flow("show", run_id).stdout


def test_the_preview_names_changed_code(project: Project, run_id: str) -> None:
    project.write("etl.py", ETL.replace("return row", "return row + 1"))
    told = project.ask("rerun", run_id, "--preview")
    assert (told["reuse"], told["changed"], told["failed"], told["changed_tasks"]) == (1, 2, 1, ["clean"])
    told = project.ask("rerun", run_id, "--preview", "--only-failed")
    assert (told["reuse"], told["changed"]) == (3, 0)
    told = project.ask("rerun", run_id, "--preview", "--original-code")
    assert (told["reuse"], told["changed"]) == (3, 0)
    told = project.ask("rerun", run_id, "--preview", "--from", "clean")
    assert (told["reuse"], told["asked"]) == (1, 2)
    told = project.ask("rerun", run_id, "--preview", "--force")
    assert (told["reuse"], told["asked"]) == (0, 3)


def test_new_parameters_and_detach(project: Project, run_id: str) -> None:
    assert project.ask("rerun", run_id, "-p", "day=2", "--detach") == {"run_id": int(run_id), "attempt": 2}
    shown = project.wait_for_state(int(run_id), "failed")
    assert shown["parameters"] == {"day": 2}
    assert [task["state"] for task in shown["tasks"]] == ["completed"] * 3 + ["failed"]


def test_what_makes_no_sense_is_refused(project: Project, run_id: str) -> None:
    both = project.tui_flow("rerun", run_id, "--force", "--only-failed")
    assert (both.returncode, "contradict each other" in both.stderr) == (2, True)
    unknown = project.tui_flow("rerun", "999")
    assert (unknown.returncode, "there is no run 999" in unknown.stderr) == (2, True)
    wrong = project.tui_flow("rerun", run_id, "-p", "dya=2", "--detach")
    assert (wrong.returncode, "has no parameter 'dya'" in wrong.stderr) == (2, True)
    nowhere = project.tui_flow("rerun", run_id, "--from", "laod", "--preview")
    assert (nowhere.returncode, "has called no task 'laod'" in nowhere.stderr) == (2, True)
    assert "it called extract, clean, load" in nowhere.stderr


def test_the_preview_says_that_other_parameters_may_change_more(project: Project, run_id: str) -> None:
    told = project.tui_flow("rerun", run_id, "--preview", "-p", "day=2")
    assert (told.returncode, told.stdout) == (0, "reuse 0 to 3, run 1 to 4 (1 failed)\n")
    assert "may get other values, and then run: extract, clean" in told.stderr
    same = project.tui_flow("rerun", run_id, "--preview", "-p", "day=1")
    assert same.stdout == "reuse 3, run 1 (1 failed)\n" and "other values" not in same.stderr


def test_the_preview_follows_values_into_other_files_of_the_project(project: Project) -> None:
    project.write(
        "lib.py",
        "from tui_flow import flow, task\n@task\ndef far(x):\n    return x\n"
        "def helper(x):\n    return far(x)\n",
    )
    project.write(
        "across.py",
        "from lib import far, helper\nfrom tui_flow import flow, task\n@task\ndef near(x):\n    return x\n"
        "@flow\ndef across(p: int = 1, q: int = 2):\n    near(p)\n    far(5)\n    helper(q)\n",
    )
    assert project.tui_flow("run", "across").returncode == 0
    told = project.ask("rerun", "latest", "--preview", "-p", "p=7")
    assert (told["reuse"], told["perhaps"], told["perhaps_tasks"]) == (3, 1, ["near"])
    told = project.ask("rerun", "latest", "--preview", "-p", "q=7")
    assert told["perhaps"] == 3, "what a function of another file calls is not told from this file"
