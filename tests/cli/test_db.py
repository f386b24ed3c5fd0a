"""`tui-flow db`, as its user types it."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import Project, temporary_project
from tests.waiting import wait_until
from tui_flow.contract.rundir import ENGINE_LOCK, lock_holder

QUICK = """
    from tui_flow import flow, task

    @task
    def double(x: int) -> int:
        return 2 * x

    @flow
    def quick():
        return sum(double.map(range(3)).result())
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Three runs of three tasks."""
    with temporary_project(tmp_path_factory.mktemp("project")) as found:
        found.write("quick.py", QUICK)
        for _ in range(3):
            found.ask("run", "quick")
        yield found


def stop_engine(project: Project) -> None:
    assert project.tui_flow("engine", "stop").returncode == 0
    wait_until(lambda: lock_holder(project.state_dir / ENGINE_LOCK) is None)


def test_a_check_and_a_backup_while_the_engine_runs(project: Project) -> None:
    told = project.ask("db", "check")
    assert (told["ok"], told["runs"], told["tasks"], told["without_directory"]) == (True, 3, 9, [])
    made = project.ask("db", "backup")
    assert (made["runs"], made["tasks"]) == (3, 9)
    assert stat.S_IMODE(Path(made["path"]).stat().st_mode) == 0o600
    assert "ok" in project.tui_flow("db", "check").stdout
    again = project.tui_flow("db", "backup", made["path"])
    assert again.returncode == 4
    assert "there is a file already" in again.stderr


def test_a_restore_waits_for_the_engine_to_stop_and_loses_no_run(project: Project) -> None:
    """Runs that the backup does not know come back from their journals."""
    made = project.ask("db", "backup")
    later = project.ask("run", "quick")["run_id"]
    refused = project.tui_flow("db", "restore", made["path"])
    assert refused.returncode == 3
    assert "--stop-engine" in refused.stderr
    told = project.ask("db", "restore", made["path"], "--stop-engine")
    assert told["runs"] == made["runs"]
    assert Path(told["old"]).exists()
    assert project.ask("show", str(later))["state"] == "completed"
    assert project.ask("db", "check")["ok"]


def test_a_damaged_history_is_refused_with_what_to_do_and_recovered(project: Project) -> None:
    stop_engine(project)
    path = project.state_dir / "history.db"
    content = path.read_bytes()
    for junk in (b"x" * len(content), content[:100] + b"\xff" * 4000 + content[4100:]):
        path.write_bytes(junk)
        refused = project.tui_flow("runs")
        assert refused.returncode == 4, refused
        assert "db recover" in refused.stderr
        assert project.tui_flow("db", "check").returncode == 4
        assert path.read_bytes() == junk
        told = project.ask("db", "recover")
        assert told["runs"] == told["from_journals"] >= 3
        assert Path(told["old"]).read_bytes() == junk
        assert {run["state"] for run in project.ask("runs")["runs"]} == {"completed"}
        stop_engine(project)


def test_a_missing_history_is_built_from_the_journals_and_said(project: Project) -> None:
    stop_engine(project)
    count = len(os.listdir(project.state_dir / "runs")) - 1
    (project.state_dir / "history.db").unlink()
    assert len(project.ask("runs")["runs"]) == count
    said = (project.state_dir / "engine.log").read_text()
    assert f"there was no history: it is built from the journals of {count} runs" in said


def test_a_prune_says_first_what_it_would_do(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.root / "tui_flow.toml").write_text("keep_runs = 2\n")
    stop_engine(project)
    before = len(project.ask("runs")["runs"])
    stop_engine(project)
    told = project.ask("db", "prune", "--dry-run")
    assert told == {"dry_run": True, "runs": before - 2, "by": {"count": before - 2}}
    assert f"{before - 2} beyond keep_runs" in project.tui_flow("db", "prune", "--dry-run").stdout
    told = project.ask("db", "prune")
    assert told["runs"] <= before - 2  # the engine may have begun by itself
    assert len(project.ask("runs")["runs"]) == 2
    assert len(os.listdir(project.state_dir / "runs")) == 3


def test_errors_are_json_for_programs(project: Project, tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("no database")
    done = project.tui_flow("db", "restore", str(tmp_path / "no.db"), "--stop-engine", "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["kind"] == "HistoryDamaged"
