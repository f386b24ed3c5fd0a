"""`tui-flow diff` and `tui-flow grid`, against a real engine."""

from pathlib import Path

from tests.project import temporary_project

FLOW = """
from tui_flow import flow, get_run_logger, task


@task
def load(rows: int) -> int:
    get_run_logger().info("loading %d rows", rows)
    return rows


@flow
def etl(rows: int = 5) -> int:
    return load(rows)
"""


def test_what_changed_since_the_last_success_and_how_each_task_went_is_told(tmp_path: Path) -> None:
    with temporary_project(tmp_path / "project") as project:
        project.write("etl.py", FLOW)
        refused = project.tui_flow("run", "etl", "--no-log")
        assert refused.returncode == 0
        alone = project.tui_flow("diff", "1")
        assert alone.returncode == 2
        assert "no run of etl completed before run 1" in alone.stderr
        project.write("etl.py", FLOW.replace("return rows", 'raise ValueError("refused")'))
        project.tui_flow("run", "etl", "-p", "rows=7", "--no-log")
        done = project.tui_flow("diff", "latest")
        assert done.returncode == 0, done
        for text in (
            "rows  5 → 7",
            "ENVIRONMENT  the same",
            "loading 5 rows",
            "loading 7 rows",
            '+    raise ValueError("refused")',
        ):
            assert text in done.stdout
        found = project.ask("diff", "-1", "-2")
        assert (found["run_id"], found["other"]) == (2, 1)
        assert found["parameters"] == [{"name": "rows", "before": "5", "now": "7"}]
        assert [file["path"] for file in found["files"]] == ["flows/etl.py"]
        assert [
            line.split("│")[1].split() for line in project.tui_flow("grid", "etl").stdout.splitlines()[1:]
        ] == [
            ["✓", "✗"],
            ["✓", "✗"],
        ]
        assert project.ask("grid", "etl")["tasks"] == {"load": {"1": "completed", "2": "failed"}}
        assert "there is no flow 'nothing'" in project.tui_flow("grid", "nothing").stderr
