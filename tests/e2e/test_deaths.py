"""Whatever dies, the runs go on and the history is whole."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.project import Project
from tests.waiting import wait_until


def start_gated(project: Project) -> int:
    """A run that has done its first tasks and waits at the gate."""
    run_id = project.ask("run", "gated", "--detach")["run_id"]
    log = project.state_dir / "runs" / str(run_id) / "log"
    wait_until(lambda: log.exists() and "waiting at the gate" in log.read_text())
    return run_id


def assert_history_is_whole(project: Project, run_id: int) -> None:
    """Every task run that the journal tells of is in the history, once, and completed."""
    told = project.ask("show", str(run_id))
    journal = (project.state_dir / "runs" / str(run_id) / "journal").read_text().splitlines()
    created = [event["id"] for event in map(json.loads, journal) if event["event"] == "TaskCreated"]
    assert told["state"] == "completed"
    assert len(created) == 101
    assert [task["id"] for task in told["tasks"]] == sorted(created)
    assert {task["state"] for task in told["tasks"]} == {"completed"}


def test_an_engine_that_is_killed_loses_no_run_and_no_event(project: Project, gate: Path) -> None:
    run_id = start_gated(project)
    os.kill(project.ask("engine", "status")["pid"], signal.SIGKILL)
    gate.touch()
    adopted = project.wait_for_state(run_id, "completed")
    assert adopted["reason"] == "returned"
    assert_history_is_whole(project, run_id)


def test_a_run_that_ends_while_no_engine_is_there_is_in_the_history(project: Project, gate: Path) -> None:
    run_id = start_gated(project)
    assert project.tui_flow("engine", "stop").returncode == 0
    gate.touch()
    project.wait_for_quiet()
    assert project.ask("show", str(run_id))["state"] == "completed"
    assert_history_is_whole(project, run_id)


def test_a_keeper_that_is_killed_leaves_a_crashed_run_and_no_process(project: Project, gate: Path) -> None:
    run_id = start_gated(project)
    journal = (project.state_dir / "runs" / str(run_id) / "journal").read_text().splitlines()
    started = next(event for event in map(json.loads, journal) if event["event"] == "RunStarted")
    os.kill(started["keeper_pid"], signal.SIGKILL)
    crashed = project.wait_for_state(run_id, "crashed")
    assert crashed["reason"] == "vanished"
    wait_until(lambda: not os.path.exists(f"/proc/{started['worker_pid']}"))


def test_a_worker_that_is_killed_is_a_crash_with_its_signal(project: Project, gate: Path) -> None:
    run_id = start_gated(project)
    journal = (project.state_dir / "runs" / str(run_id) / "journal").read_text().splitlines()
    started = next(event for event in map(json.loads, journal) if event["event"] == "RunStarted")
    os.kill(started["worker_pid"], signal.SIGKILL)
    crashed = project.wait_for_state(run_id, "crashed")
    assert (crashed["reason"], crashed["signal"]) == ("signal", "SIGKILL")
    assert {task["state"] for task in crashed["tasks"]} == {"completed", "crashed"}


def test_a_command_that_is_killed_ends_no_run(project: Project, gate: Path) -> None:
    with project.start("run", "gated") as watcher:
        assert watcher.stdout is not None
        while "waiting at the gate" not in watcher.stdout.readline():
            assert watcher.poll() is None
        watcher.kill()
    run_id = project.ask("show", "latest")["run_id"]
    gate.touch()
    assert project.wait_for_state(run_id, "completed", "failed", "crashed")["state"] == "completed"


def test_a_flow_that_is_called_by_a_script_is_in_the_history(project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "flows/tiny.py"],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done
    assert "hello script" in done.stderr
    assert not (project.state_dir / "engine.sock").exists()
    run = project.ask("show", "latest")
    assert (run["flow"], run["state"], run["trigger"]) == ("quick", "completed", "script")
    assert "hello script" in project.tui_flow("logs", "latest").stdout


def test_two_engines_started_at_once_become_one(project: Project) -> None:
    commands = [project.start("engine", "start", "--json") for _ in range(4)]
    told = [json.loads(command.communicate(timeout=20)[0]) for command in commands]
    assert len({status["pid"] for status in told}) == 1
    second = subprocess.run(
        [sys.executable, "-m", "tui_flow.engine", "--project", str(project.root)],
        env=project.environment, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert second.returncode == 3
    assert str(told[0]["pid"]) in second.stderr
