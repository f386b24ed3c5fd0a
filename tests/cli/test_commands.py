"""The commands against a real engine, in one project."""

import json
import os
import signal
import sqlite3
from collections.abc import Iterator

import pytest

from tests.project import TUI_FLOW, Project
from tests.terminal import Terminal
from tests.waiting import wait_until


@pytest.fixture
def slow(project: Project) -> Iterator[int]:
    """A run that is at work, and is ended after the test."""
    run_id = project.ask("run", "slow", "--detach")["run_id"]
    project.wait_for_state(run_id, "running")
    yield run_id
    project.tui_flow("cancel", str(run_id), "--kill")
    project.wait_for_state(run_id, "cancelled")


def test_flows_lists_flows_and_broken_files(project: Project) -> None:
    broken = project.write("broken.py", "x = 1\n\ndef oops(:\n")
    try:
        done = project.tui_flow("flows")
        found = project.ask("flows")
    finally:
        broken.unlink()
    assert done.returncode == 0
    assert "flows/tiny.py:" in done.stdout
    assert "[number] [text]" in done.stdout
    assert "Double some numbers." in done.stdout
    assert "broken  flows/broken.py:3" in done.stdout
    assert {flow["name"] for flow in found["flows"]} == {"tiny", "bad", "upstream", "slow"}
    assert [file["line"] for file in found["broken_files"]] == [3]


def test_a_run_that_completes_exits_0_and_shows_what_happened(project: Project) -> None:
    done = project.tui_flow("run", "tiny", "-p", "number=4", "-p", "text=7")
    assert done.returncode == 0, done
    assert "working on 7" in done.stdout
    assert "from print" in done.stdout
    assert "double[4]" in done.stdout
    assert "completed" in done.stdout.splitlines()[-1]
    assert "\x1b" not in done.stdout


def test_json_prints_one_object_at_the_end(project: Project) -> None:
    found = project.ask(
        "run", "tiny", "--name", "my run", "--tag", "a", "--tag", "b", "--params", '{"number": 2}'
    )
    assert found["flow"] == "tiny"
    assert found["run_name"] == "my run"
    assert found["state"] == "completed"
    assert found["parameters"]["number"] == 2
    assert found["tasks"] == {"completed": 2}
    assert set(found["tags"]) == {"a", "b"}
    assert found["started_at"].endswith("Z")
    assert found["duration_seconds"] > 0
    assert found["exit_code"] == 0


def test_a_run_that_fails_exits_1_and_says_where_to_look(project: Project) -> None:
    done = project.tui_flow("run", "bad", "--no-log")
    assert done.returncode == 1
    *_, error, place, next_step = done.stdout.splitlines()
    line = (project.root / "flows" / "tiny.py").read_text().splitlines().index("def explode() -> None:") + 2
    assert error.strip() == "ValueError: no such luck ␛[31m"
    assert place.strip() == f"flows/tiny.py:{line} in explode"
    assert next_step.strip().startswith("tui-flow logs ")
    assert "\x1b" not in done.stdout
    assert project.tui_flow("run", "bad", "--json").returncode == 1


def test_a_failed_upstream_is_told_together_with_what_depended_on_it(project: Project) -> None:
    done = project.tui_flow("run", "upstream", "--no-log")
    assert done.returncode == 1
    end = done.stdout.partition("failed after")[2]
    assert "Upstream" in end
    assert "first failed: explode-0\n  ValueError: no such luck" in end
    assert " in explode\n" in end


def test_an_unknown_flow_is_refused_with_the_nearest_names(project: Project) -> None:
    done = project.tui_flow("run", "tinny", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["kind"] == "UnknownFlow"
    assert "tiny" in done.stderr


def test_parameters_that_do_not_fit_are_refused_by_name(project: Project) -> None:
    before = len(project.ask("runs")["runs"])
    wrong = project.tui_flow("run", "tiny", "-p", "number=many")
    unknown = project.tui_flow("run", "tiny", "-p", "colour=red")
    assert wrong.returncode == 2
    assert "does not take its parameters: number=many: needs a whole number" in wrong.stderr
    assert project.tui_flow("plan", "tiny", "-p", "number=many").returncode == 2
    assert unknown.returncode == 2
    assert "colour" in unknown.stderr
    assert len(project.ask("runs")["runs"]) == before


def test_parameters_that_the_flow_reads_in_its_own_way_are_the_flows_to_refuse(project: Project) -> None:
    project.write(
        "loose.py",
        """
        from typing import Annotated

        from pydantic import BeforeValidator
        from tui_flow import flow

        @flow(validate_parameters=False)
        def unchecked(number: int):
            print("got", repr(number))

        @flow
        def read(number: Annotated[int, BeforeValidator(len)]):
            print("got", repr(number))
        """,
    )
    for name, got in (("unchecked", "got 'many'"), ("read", "got 4")):
        assert project.tui_flow("plan", name, "-p", "number=many").returncode == 0
        done = project.tui_flow("run", name, "-p", "number=many")
        assert done.returncode == 0 and got in done.stdout


def test_a_detached_run_prints_only_its_number(project: Project) -> None:
    done = project.tui_flow("run", "tiny", "--detach")
    assert done.returncode == 0
    assert done.stdout == f"{int(done.stdout)}\n"
    assert project.wait_for_state(int(done.stdout), "completed")["trigger"] == "command"


def test_a_run_is_found_by_number_by_latest_and_counted_from_the_end(project: Project) -> None:
    older, newer = (project.ask("run", "tiny", "--params", "{}")["run_id"] for _ in range(2))
    assert project.ask("show", "latest")["run_id"] == newer
    assert project.ask("show", "-1")["run_id"] == newer
    assert project.ask("show", "-2")["run_id"] == older
    assert project.ask("show", str(older))["run_id"] == older
    for wrong in ("999999", "-999", "nonsense"):
        done = project.tui_flow("show", wrong)
        assert done.returncode == 2
        assert wrong in done.stderr


def test_show_tells_the_tree_the_parameters_and_the_traceback(project: Project) -> None:
    project.tui_flow("run", "bad")
    done = project.tui_flow("show", "latest")
    assert done.returncode == 0
    assert "✗ failed" in done.stdout
    assert "Traceback (most recent call last)" in done.stdout
    assert "explode" in done.stdout
    assert project.ask("show", "latest")["tasks"][0]["failure"]["type"] == "ValueError"


def test_show_tells_what_task_runs_were_called_with_and_which_of_a_map_failed(project: Project) -> None:
    path = project.write(
        "mapped.py",
        """
        from tui_flow import flow, task, unmapped

        @task
        def fetch(currency, days):
            assert currency != "C7"

        @flow
        def mapped():
            fetch.map([f"C{n}" for n in range(30)], unmapped([1, 2]))
        """,
    )
    try:
        project.tui_flow("run", "mapped")
    finally:
        path.unlink()
    shown = project.tui_flow("show", "latest").stdout
    assert "fetch[30]" in shown
    (line,) = [line for line in shown.splitlines() if "fetch-" in line]
    assert "✗ fetch-7" in line and line.endswith("currency='C7', days=list of 2")
    told = project.ask("show", "latest")
    assert told["tasks"][7]["arguments"] == "currency='C7', days=list of 2"
    one = f"{told['run_id']}-{told['tasks'][7]['id']}"
    assert [task["id"] for task in project.ask("show", one)["tasks"]] == [told["tasks"][7]["id"]]
    shown = project.tui_flow("show", one).stdout
    assert "fetch-7" in shown and "fetch[30]" not in shown and "AssertionError" in shown
    refused = project.tui_flow("show", f"{told['run_id']}-99")
    assert refused.returncode == 2 and "has no task run 99" in refused.stderr


def test_runs_can_be_narrowed_to_a_flow_and_to_states(project: Project) -> None:
    project.tui_flow("run", "bad")
    project.tui_flow("run", "tiny")
    failed = project.ask("runs", "--state", "failed", "--state", "crashed", "--limit", "5")["runs"]
    assert {run["state"] for run in failed} == {"failed"}
    assert failed[0]["flow"] == "bad"
    assert {run["flow"] for run in project.ask("runs", "--flow", "TINY")["runs"]} == {"tiny"}
    assert len(project.ask("runs", "-n", "1")["runs"]) == 1
    assert "✗ failed" in project.tui_flow("runs").stdout
    assert project.tui_flow("runs").stdout.split()[:4] == ["RUN", "FLOW", "STATE", "MADE"]
    assert project.tui_flow("runs", "--flow", "tinny").returncode == 2


def test_logs_can_be_narrowed_to_a_task_and_to_a_level(project: Project) -> None:
    run_id = str(project.ask("run", "tiny")["run_id"])
    everything = project.tui_flow("logs", run_id).stdout
    assert "working on a" in everything
    assert "working on" not in project.tui_flow("logs", run_id, "--task", "double").stdout
    assert "working on" not in project.tui_flow("logs", run_id, "--level", "error").stdout
    records = [json.loads(line) for line in project.tui_flow("logs", run_id, "--json").stdout.splitlines()]
    assert next(record for record in records if record["message"] == "working on a")["level"] == "INFO"
    assert project.tui_flow("logs", run_id, "--task", "no such").returncode == 2


def test_a_log_that_is_gone_is_told_and_not_shown_as_empty(project: Project) -> None:
    run_id = project.ask("run", "tiny")["run_id"]
    (project.state_dir / "runs" / str(run_id) / "log").unlink()
    done = project.tui_flow("logs", str(run_id))
    assert done.returncode == 2
    assert f"cannot read the log of run {run_id}: No such file" in done.stderr


def test_a_followed_log_grows_until_the_run_is_over(project: Project) -> None:
    run_id = project.ask("run", "slow", "--detach")["run_id"]
    with project.start("logs", str(run_id), "-f") as follower:
        assert follower.stdout is not None
        while "sleeping" not in follower.stdout.readline():
            assert follower.poll() is None
        cancelled = project.ask("cancel", str(run_id))
        assert cancelled["state"] in ("cancelling", "cancelled")
        assert follower.wait(20) == 0
    assert project.wait_for_state(run_id, "cancelled")["reason"] == "cancelled"


def test_a_followed_log_ends_with_the_run_although_the_engine_dies(project: Project) -> None:
    run_id = project.ask("run", "slow", "-p", "seconds=1", "--detach")["run_id"]
    with project.start("logs", str(run_id), "-f") as follower:
        assert follower.stdout is not None
        while "sleeping" not in follower.stdout.readline():
            assert follower.poll() is None
        os.kill(project.ask("engine", "status")["pid"], signal.SIGKILL)
        assert "Completed" in follower.communicate(timeout=20)[0]
    assert follower.returncode == 0


def test_a_run_that_is_over_cannot_be_cancelled(project: Project) -> None:
    run_id = project.ask("run", "tiny")["run_id"]
    done = project.tui_flow("cancel", str(run_id), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["kind"] == "NotCancellable"


def test_ctrl_c_ends_the_watching_and_not_the_run(project: Project) -> None:
    with project.start("run", "slow") as watcher:
        assert watcher.stdout is not None
        while "sleeping" not in watcher.stdout.readline():
            assert watcher.poll() is None
        watcher.send_signal(signal.SIGINT)
        _, err = watcher.communicate(timeout=10)
    assert watcher.returncode == 130
    run_id = project.ask("show", "latest")["run_id"]
    assert f"tui-flow logs {run_id} -f" in err
    assert f"tui-flow cancel {run_id}" in err
    assert project.ask("show", "latest")["state"] == "running"
    project.ask("cancel", "latest", "--kill")
    project.wait_for_state(run_id, "cancelled")


def test_engine_status_counts_runs_and_stop_leaves_them_running(project: Project, slow: int) -> None:
    status = project.ask("engine", "status")
    assert status["state"] == "running"
    assert status["runs"]["running"] == 1
    assert os.path.isdir(f"/proc/{status['pid']}")
    assert status["started_at"].endswith("Z")
    assert project.tui_flow("engine", "stop").returncode == 0
    assert project.tui_flow("engine", "status").returncode == 3
    assert json.loads(project.tui_flow("engine", "status", "--json").stdout) == {"state": "stopped"}
    assert project.ask("show", str(slow))["state"] == "running"
    assert project.ask("engine", "status")["pid"] != status["pid"]


def test_a_watcher_outlives_the_engine(project: Project, slow: int) -> None:
    with project.start("run", "slow", "-p", "seconds=2", "--json") as watcher:
        wait_until(
            lambda: project.ask("runs", "--flow", "slow", "--state", "running")["runs"][0]["run_id"] > slow
        )
        os.kill(project.ask("engine", "status")["pid"], signal.SIGKILL)
        out, err = watcher.communicate(timeout=20)
    assert watcher.returncode == 0, err
    assert json.loads(out)["state"] == "completed"


def test_doctor_looks_at_everything_and_finds_the_engine(project: Project) -> None:
    project.ask("engine", "start")
    done = project.tui_flow("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0
    assert checks["engine"]["found"].startswith("pid ")
    assert checks["history"]["status"] == "ok"


def test_flow_names_and_runs_are_completed_without_starting_an_engine(project: Project) -> None:
    project.ask("run", "tiny")
    assert project.tui_flow("engine", "stop").returncode == 0

    def complete(words: str) -> str:
        asked = {"_TUI_FLOW_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "2"}
        with project.start(env={**project.environment, **asked}) as process:
            return process.communicate(timeout=10)[0]

    assert complete("tui-flow run t") == "plain,tiny\n"
    assert "plain,1\n" in complete("tui-flow show ")
    assert project.tui_flow("engine", "status").returncode == 3


def test_a_history_from_a_newer_version_is_refused_and_kept(project: Project) -> None:
    assert project.tui_flow("engine", "stop").returncode == 0
    with sqlite3.connect(project.state_dir / "history.db") as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        db.execute(f"PRAGMA user_version = {version + 1}")
    try:
        done = project.tui_flow("runs")
        doctor = project.tui_flow("doctor")
    finally:
        with sqlite3.connect(project.state_dir / "history.db") as db:
            db.execute(f"PRAGMA user_version = {version}")
    assert done.returncode == 4
    assert "newer" in done.stderr
    assert doctor.returncode == 1
    assert project.tui_flow("runs").returncode == 0


def test_in_a_terminal_the_tree_is_drawn(project: Project) -> None:
    terminal = Terminal([TUI_FLOW, "run", "tiny"], cwd=project.root, env=project.environment)
    try:
        assert terminal.wait_exit() == 0
        screen = terminal.wait_for("✓ double[3]", "completed after")
        assert screen.count("double[3]") == 1
        assert "working on a" in screen
    finally:
        terminal.close()


def test_a_secret_is_asked_for_in_a_terminal_and_stands_in_no_command(project: Project) -> None:
    project.write(
        "secretive.py",
        """
        from pydantic import BaseModel, SecretStr
        from tui_flow import flow

        class Login(BaseModel):
            host: str = "wh"
            password: SecretStr

        LOGIN = Login(password=SecretStr("of-the-flow"))

        @flow
        def secretive(token: SecretStr, login: Login = LOGIN):
            print("got", len(token.get_secret_value()), login.host, len(login.password.get_secret_value()))
        """,
    )
    refused = project.tui_flow("run", "secretive")
    assert refused.returncode == 2 and "needs 'token'" in refused.stderr
    refused = project.tui_flow("run", "secretive", "-p", "token")
    assert refused.returncode == 2 and "no terminal to ask" in refused.stderr
    command = [TUI_FLOW, "run", "secretive", "-p", "login.host=other"]
    terminal = Terminal(command, cwd=project.root, env=project.environment)
    try:
        terminal.wait_for("login.password (not shown):")
        terminal.press("12345678", "enter")
        terminal.wait_for("token (not shown):")
        terminal.press("123456789", "enter")
        assert terminal.wait_exit() == 0
        assert "12345678" not in terminal.wait_for("got 9 other 8")
    finally:
        terminal.close()
    run_id = project.ask("runs")["runs"][0]["run_id"]
    again = Terminal([TUI_FLOW, "rerun", str(run_id)], cwd=project.root, env=project.environment)
    try:
        again.wait_for("login.password (not shown):")
        again.press("1234567890", "enter")
        again.wait_for("token (not shown):")
        again.press("12345678901", "enter")
        again.wait_for("got 11 other 10")
        assert again.wait_exit() == 0
    finally:
        again.close()
    interrupted = Terminal([TUI_FLOW, "run", "secretive"], cwd=project.root, env=project.environment)
    try:
        interrupted.wait_for("token (not shown):")
        interrupted.press("ctrl+c")
        assert interrupted.wait_exit() == 130
        assert "Aborted" not in interrupted.text and project.ask("runs")["runs"][0]["run_id"] == run_id
    finally:
        interrupted.close()
    shown = project.tui_flow("show", str(run_id)).stdout
    assert 'login={"host": "other", "password": "**********"}' in shown and "priority" not in shown
