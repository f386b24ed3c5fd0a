"""Flows that wait for people: what they ask, what fits, and what becomes of them when engine, worker or patience end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.project import TUI_FLOW, Project, temporary_project
from tests.terminal import Terminal
from tests.waiting import wait_until
from tui_flow import flow, pause_flow_run, suspend_flow_run, task
from tui_flow.contract import questions, rundir
from tui_flow.input import send_input

ASKS = """
    import asyncio, time
    from typing import Literal
    from pydantic import BaseModel, Field, SecretStr, field_validator
    from tui_flow import (flow, task, pause_flow_run, apause_flow_run, suspend_flow_run, resume_flow_run)
    from tui_flow.exceptions import FlowPauseTimeout
    from tui_flow.input import RunInput, receive_input, send_input
    from tui_flow.runtime import flow_run

    class Approval(RunInput):
        approve: bool
        reason: str = "none"
        level: Literal["low", "high"] = "low"
        count: int = Field(default=1, ge=1, description="How many.")

        @field_validator("reason")
        def says_something(cls, reason):
            if reason == "kaput":
                raise ValueError("says nothing")
            return reason

    @task
    def load(n: int = 3) -> int:
        print("loading", flush=True)
        return n

    @flow
    def approval():
        found = pause_flow_run(wait_for_input=Approval.with_initial_data(description="Ship it?", count=2))
        print("told", type(found).__name__, found.approve, found.reason, found.level, found.count)

    class Login(RunInput):
        password: SecretStr

    @flow
    def logs_in():
        found = pause_flow_run(wait_for_input=Login)
        print("told", found, found.password.get_secret_value())

    @flow
    def agrees():
        found = pause_flow_run(wait_for_input=Approval.with_initial_data(approve=True))
        print("told", found.approve, found.reason)

    @flow
    def go_ahead(timeout: float | None = None):
        print("told", pause_flow_run(timeout=timeout))

    @flow
    async def awaits():
        print("told", await pause_flow_run(wait_for_input=list[int]), await apause_flow_run(wait_for_input=str, key="second"))

    @flow(on_crash="retry")
    def fails_after(how: str = "error"):
        n = pause_flow_run(wait_for_input=int)
        print("told", n, flush=True)
        if n == 1:
            raise ValueError("one")
        if n == 2:
            time.sleep(60)

    @flow
    def catches():
        try:
            pause_flow_run(timeout=0.05)
        except FlowPauseTimeout as error:
            print("told", error)

    @flow
    def suspends(timeout: float | None = None):
        n = load()
        given = suspend_flow_run(wait_for_input=Approval, timeout=timeout)
        print("told", given.reason, n, load(4), flow_run.run_count)

    @flow
    def nested():
        def inner(): ...
        go_ahead()
        go_ahead()

    @flow
    def answers(run: int):
        resume_flow_run(run, run_input={"approve": True, "reason": "by a flow"})

    class Number(RunInput):
        number: int

    @flow
    def squares(timeout: float = 20):
        for found in Number.receive(timeout=timeout):
            found.respond(Number(number=found.number ** 2))
            break
        print("told", [text for text in receive_input(str, timeout=0.3)])

    @flow
    async def sends(run: int):
        await Number(number=7).send_to(run)
        await send_input("hello", run)
        print("told", (await Number.receive(timeout=20).next()).number)

    if __name__ == "__main__":
        approval()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("project")) as found:
        found.write("asks.py", ASKS)
        yield found


def start(project: Project, flow: str, *options: str) -> int:
    """A run of the flow, in the engine."""
    return int(project.tui_flow("run", flow, "--detach", *options).stdout)


def paused(project: Project, flow: str, *options: str) -> int:
    """The same, once it waits for an answer."""
    run_id = start(project, flow, *options)
    project.wait_for_state(run_id, "paused")
    return run_id


def told(project: Project, run_id: int, state: str = "completed") -> list[str]:
    """What the run printed that it was told, once it is over."""
    found = project.wait_for_state(run_id, "completed", "failed", "cancelled", "crashed", timeout=20)
    assert found["state"] == state, found
    return [line.partition(" told ")[2] for line in said(project, run_id).splitlines() if " told " in line]


def said(project: Project, run_id: int) -> str:
    """The run's log."""
    return (project.state_dir / "runs" / str(run_id) / "log").read_text()


def open_keys(project: Project, run_id: int) -> list[str]:
    """What the run asks for now."""
    return [one.key for one in questions.open_questions(project.state_dir / "runs" / str(run_id))]


def answer(project: Project, run_id: int, *options: str) -> "subprocess.CompletedProcess[str]":
    return project.tui_flow("answer", str(run_id), *options)


def kill_engine(project: Project) -> None:
    os.kill(project.ask("engine", "status")["pid"], signal.SIGKILL)


def test_it_waits_for_an_answer_that_fits_and_says_which_field_does_not(project: Project) -> None:
    run_id = paused(project, "approval")
    shown = project.tui_flow("show", str(run_id)).stdout
    assert "‖ paused" in shown and "approve: boolean, reason: string = " in shown
    asked = answer(project, run_id, "--show").stdout
    assert "Ship it?" in asked and "count: integer = 2  How many." in asked
    for options, wrong in (
        ((), "approve: is missing"),
        (("-p", "approve=true", "-p", "colour=red"), "colour: there is no such field"),
        (
            ("-p", "approve=perhaps", "-p", "level=middle", "-p", "count=0"),
            "approve: needs a true or false",
        ),
        (("-p", "count=0"), "approve: is missing\n  count: has to be at least 1"),
        (("-p", "count=0"), "it asks for approve: boolean, reason: string, level: "),
    ):
        refused = answer(project, run_id, *options)
        assert refused.returncode == 2 and wrong in refused.stderr, refused
    assert project.ask("show", str(run_id))["state"] == "paused"
    done = answer(project, run_id, "-p", "approve=yes", "-p", "reason=checked twice", "-p", "level=high")
    assert (done.returncode, done.stdout) == (0, f"run {run_id} has its answer, and goes on\n")
    assert told(project, run_id) == ["Approval True checked twice high 2"]
    late = answer(project, run_id, "-p", "approve=yes")
    assert late.returncode == 2 and "is over: completed" in late.stderr


def test_a_go_ahead_is_an_answer_too_and_its_engine_may_die_meanwhile(project: Project) -> None:
    run_id = paused(project, "go-ahead")
    kill_engine(project)
    assert project.ask("show", str(run_id))["state"] == "paused"
    assert answer(project, run_id).returncode == 0
    assert told(project, run_id) == ["None"]


def test_defaults_are_an_answer_where_somebody_says_so_and_a_terminal_asks(project: Project) -> None:
    run_id = paused(project, "agrees")
    refused = answer(project, run_id)
    assert refused.returncode == 2 and "approve: boolean = true; reason: string" in refused.stderr
    assert open_keys(project, run_id), "it waits still"
    assert answer(project, run_id, "--defaults").returncode == 0
    assert told(project, run_id) == ["True none"]
    run_id = paused(project, "approval")
    terminal = Terminal(
        [TUI_FLOW, "answer", str(run_id), "-p", "reason"], cwd=project.root, env=project.environment
    )
    try:
        terminal.wait_for("reason (text) [none]:")
        terminal.press("fine", "enter")
        terminal.wait_for("Ship it?", "approve (true or false):")
        terminal.press("perhaps", "enter")
        terminal.wait_for("needs a true or false")
        terminal.press("yes", "enter")
        assert terminal.wait_exit() == 0
    finally:
        terminal.close()
    assert told(project, run_id) == ["Approval True fine low 2"]


def test_a_secret_among_the_answers_is_hidden_and_gone_with_the_run(project: Project) -> None:
    run_id = paused(project, "logs-in")
    assert answer(project, run_id, "-p", "password=hidden-answer").returncode == 0
    assert told(project, run_id) == ["password=SecretStr('**********') ********"]
    files = [path for path in project.state_dir.rglob("*") if path.is_file() and path.suffix != ".sock"]
    assert [path for path in files if b"hidden-answer" in path.read_bytes()] == []


def test_coroutines_wait_and_types_are_asked_for(project: Project) -> None:
    run_id = paused(project, "awaits")
    assert answer(project, run_id, "-p", "value=[1,2]").returncode == 0
    wait_until(lambda: open_keys(project, run_id) == ["second"])
    assert answer(project, run_id, "--key", "first").returncode == 2
    assert answer(project, run_id, "--key", "second", "-p", "value=Ada").returncode == 0
    assert told(project, run_id) == ["[1, 2] Ada"]


def test_nobody_answers_in_time(project: Project) -> None:
    run_id = start(project, "go-ahead", "-p", "timeout=0.05")
    assert told(project, run_id, "failed") == []
    failure = project.ask("show", str(run_id))["failure"]
    assert failure["type"] == "FlowPauseTimeout" and "never resumed" in failure["message"]
    assert told(project, start(project, "catches")) == ["Flow run was paused and never resumed."]


def test_a_paused_run_can_be_cancelled(project: Project) -> None:
    run_id = paused(project, "go-ahead")
    assert project.tui_flow("cancel", str(run_id)).returncode == 0
    assert told(project, run_id, "cancelled") == []


def test_each_nested_flow_asks_for_itself(project: Project) -> None:
    run_id = paused(project, "nested")
    assert answer(project, run_id).returncode == 0
    wait_until(lambda: open_keys(project, run_id) == ["go-ahead-2"])
    assert answer(project, run_id).returncode == 0
    assert told(project, run_id) == ["None", "None"]
    found = project.ask("show", str(run_id))
    nested = [one["id"] for one in found["tasks"] if one["kind"] == "flow"]
    assert [one["task_run"] for one in found["waited"]] == nested


def test_a_rerun_asks_anew(project: Project) -> None:
    run_id = paused(project, "fails-after")
    answer(project, run_id, "-p", "value=1")
    assert told(project, run_id, "failed") == ["1"]
    assert project.tui_flow("rerun", str(run_id), "--detach").returncode in (0, 2)
    project.wait_for_state(run_id, "paused")
    answer(project, run_id, "-p", "value=3")
    assert told(project, run_id) == ["1", "3"]


def test_an_attempt_that_follows_a_crash_has_the_answer_already(project: Project) -> None:
    run_id = paused(project, "fails-after")
    answer(project, run_id, "-p", "value=2")
    wait_until(lambda: "told 2" in said(project, run_id))
    journal = (project.state_dir / "runs" / str(run_id) / "journal").read_text().splitlines()
    worker = next(one["worker_pid"] for one in map(json.loads, journal) if one["event"] == "RunStarted")
    os.kill(worker, signal.SIGKILL)
    found = project.wait_for_state(run_id, "retrying")
    assert found["crashes"] == 1
    project.tui_flow("cancel", str(run_id))


def test_a_suspended_run_has_no_process_and_its_answer_begins_the_next_attempt(project: Project) -> None:
    run_id = paused(project, "suspends")
    found = project.ask("show", str(run_id))
    assert found["state_name"] == "Suspended"
    wait_until(lambda: not [line for line in project.processes().values() if f"runs/{run_id}" in line])
    assert project.ask("engine", "status")["runs"]["running"] == 0
    kill_engine(project)
    refused = answer(project, run_id, "-p", "nonsense=1")
    assert refused.returncode == 2 and "approve: is missing" in refused.stderr
    refused = answer(project, run_id, "-p", "approve=perhaps", "-p", "count=0", "-p", "reason=kaput")
    assert refused.returncode == 2 and "approve: needs a true or false" in refused.stderr
    assert "count: has to be at least 1" in refused.stderr and "Input should" not in refused.stderr
    assert "reason: Value error, says nothing" in refused.stderr, "the author's own validators are asked"
    assert project.ask("show", str(run_id))["state"] == "paused"
    assert answer(project, run_id, "-p", "approve=yes", "-p", "reason=fine").returncode == 0
    assert told(project, run_id) == ["fine 3 4 2"]
    over = project.ask("show", str(run_id))
    assert (over["run_name"], over["attempt"], over["tries"]) == (found["run_name"], 2, 2)
    assert [one["state_name"] for one in over["earlier_attempts"]] == ["Suspended"]
    assert said(project, run_id).count(" loading") == 2, "what had succeeded ran once"
    usual = project.ask("plan", "suspends")["seconds"]["p50"]
    assert usual == pytest.approx(over["duration_seconds"], abs=0.01), "its duration is of all its work"
    (wait,) = over["waited"]
    assert wait["since"] < wait["until"] and 0 < over["duration_seconds"] < over["waited_seconds"] + 60
    shown = project.tui_flow("show", str(run_id)).stdout
    assert "attempt     2, after suspended" in shown and "waiting for an answer" in shown


def test_a_suspended_run_that_nobody_answers_fails_and_one_can_be_cancelled(project: Project) -> None:
    run_id = start(project, "suspends", "-p", "timeout=0.3")
    assert told(project, run_id, "failed") == []
    found = project.ask("show", str(run_id))
    assert (found["reason"], found["message"]) == ("timeout", "was suspended, and no answer came in time")
    run_id = paused(project, "suspends")
    project.tui_flow("cancel", str(run_id))
    assert told(project, run_id, "cancelled") == []


def test_a_flow_may_answer_another_and_a_script_may_ask(project: Project) -> None:
    run_id = rundir.last_run_id(project.state_dir) + 1
    script = subprocess.Popen(
        [sys.executable, str(project.root / "flows" / "asks.py")], cwd=project.root, env=project.environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    wait_until(lambda: open_keys(project, run_id))
    assert told(project, start(project, "answers", "-p", f"run={run_id}")) == []
    out, _ = script.communicate(timeout=20)
    assert out == "told Approval True by a flow low 2\n"
    failed = start(project, "answers", "-p", f"run={run_id}")
    assert told(project, failed, "failed") == []
    assert project.ask("show", str(failed))["failure"]["type"] == "NotWaiting"


def test_runs_send_each_other_what_they_have(project: Project) -> None:
    receiver = start(project, "squares")
    sender = start(project, "sends", "-p", f"run={receiver}")
    assert told(project, sender) == ["49"]
    assert told(project, receiver) == ["['hello']"]
    nobody = start(project, "sends", "-p", "run=987654")
    assert told(project, nobody, "failed") == []


def test_a_secret_is_not_left_as_a_message(project: Project) -> None:
    run_id = paused(project, "go-ahead")
    directory = rundir.run_dir(project.state_dir, run_id)
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(ValueError, match="key is a secret, and is not sent"),
    ):
        patch.setenv("TUI_FLOW_PROJECT", str(project.root))
        send_input({"key": SecretStr("hidden-1")}, run_id)
    assert not [path for path in directory.rglob("*.json") if b"hidden-1" in path.read_bytes()]
    project.tui_flow("cancel", str(run_id))


def test_only_a_flow_can_wait() -> None:
    @task
    def in_a_task() -> None:
        pause_flow_run()

    @flow
    def around() -> None:
        in_a_task()

    @flow
    def suspends() -> None:
        suspend_flow_run()

    with pytest.raises(RuntimeError, match="from within a flow run"):
        pause_flow_run()
    with pytest.raises(RuntimeError, match="call this in the flow"):
        around()
    with pytest.raises(RuntimeError, match="script's own run"):
        suspends()


@pytest.fixture(autouse=True)
def own_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Flows that a test calls itself have their runs there."""
    monkeypatch.setenv("TUI_FLOW_PROJECT", str(tmp_path))
