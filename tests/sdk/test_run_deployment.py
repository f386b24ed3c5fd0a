"""`run_deployment` against a real engine: what it gives, what the run that asked shows, and what it does with failures."""

import asyncio
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.project import Project, temporary_project
from tests.waiting import wait_until

CHILD = """
    import time
    from typing import NamedTuple
    from pydantic import SecretStr
    from tui_flow import flow, serve
    from tui_flow.runtime import deployment, flow_run

    @flow
    def child(n: int = 1, seconds: float = 0):
        time.sleep(seconds)
        if n < 0:
            raise ValueError("negative")
        print(deployment.name, n, flow_run.tags)

    @flow
    def guarded(token: SecretStr):
        print("told", token, len(token.get_secret_value()))

    class Sum(NamedTuple):
        total: int
        parent: str | None

    @flow(persist_result=True)
    def adds(numbers: list[int]):
        if not numbers:
            raise LookupError("none")
        return Sum(sum(numbers), flow_run.parent_flow_run_id)

    if __name__ == "__main__":
        serve(
            child.to_deployment("one", parameters={"n": 10}, tags=["t"]), child.to_deployment("two"),
            adds.to_deployment("now"), guarded.to_deployment("now"),
        )
"""
PARENT = """
    import asyncio
    from datetime import UTC, datetime, timedelta
    from pydantic import SecretStr
    from tui_flow import flow, task
    from tui_flow.deployments import arun_deployment, run_deployment

    def told(run):
        print("told", run.id, run.state.type.value, run.flow_name, run.parameters, run.tags, run.deployment_id)

    @flow
    def parent(name: str = "child/one", parameters: dict = {}, timeout: float | None = None, subflow: bool = True):
        told(run_deployment(name, parameters=parameters, timeout=timeout, tags=["mine"], as_subflow=subflow))

    @task
    def in_a_task():
        told(run_deployment("child/two"))

    @flow
    def deep():
        in_a_task()

    @flow
    async def awaits():
        told(await run_deployment("child/one"))
        told((await asyncio.gather(arun_deployment("child/two"), arun_deployment("child/two")))[1])

    @flow
    def keyed():
        told(run_deployment("child/one", idempotency_key="today", flow_run_name="named"))
        told(run_deployment("child/one", idempotency_key="today"))

    @task
    def three():
        return 3

    @task
    def breaks():
        raise ValueError("no number")

    @flow
    def takes_what_it_gives(subflow: bool = True):
        run = run_deployment("adds/now", parameters={"numbers": [three.submit(), 4]}, as_subflow=subflow)
        print("told", run.id, run.parent_task_run_id, run.state.result().total, run.state.result().parent)

    @flow
    def hands_on(token: SecretStr):
        told(run_deployment("guarded/now", parameters={"token": token}))

    @flow
    def takes_what_was_not_kept():
        run_deployment("child/one").state.result()

    @flow
    def takes_what_it_raised():
        state = run_deployment("adds/now", parameters={"numbers": []}).state
        print("told", state.name, repr(state.result(raise_on_failure=False)))

    @flow
    def waits_in_vain():
        run_deployment("adds/now", parameters={"numbers": [breaks.submit()]})

    @flow
    async def awaits_what_it_gives():
        run = await run_deployment("adds/now", parameters={"numbers": [three.submit()]}, as_subflow=False)
        print("told", run.id, run.state.result().total)

    @flow
    def later(seconds: float):
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        run = run_deployment("child/two", scheduled_time=at, timeout=None if seconds < 5 else 0)
        print("told", run.id, run.state.name, run.start_time is not None and run.start_time >= at)

    @flow
    def does_not_wait():
        print("told", run_deployment("child/two", timeout=0, as_subflow=False).name)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One in which a script serves the flow "child" as "one" and "two"."""
    import subprocess

    with temporary_project(tmp_path_factory.mktemp("project")) as found:
        path = found.write("child.py", CHILD)
        found.write("parent.py", PARENT)
        script = subprocess.Popen(
            [sys.executable, str(path)], cwd=found.root, env=found.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        wait_until(lambda: found.tui_flow("run", "child/two").returncode == 0)
        yield found
        script.terminate()
        script.wait(20)


def run(project: Project, flow: str, *options: str) -> tuple[dict[str, Any], list[str]]:
    """The run of a parent as `show` tells it, and what it printed of the runs it asked for."""
    id = project.tui_flow("run", flow, "--detach", *options).stdout.strip()
    found = project.wait_for_state(int(id), "completed", "failed", timeout=30)
    lines = (project.state_dir / "runs" / id / "log").read_text().splitlines()
    return found, [line.partition("told ")[2] for line in lines if "told " in line]


def test_it_runs_with_what_it_is_served_with_and_is_shown_in_the_run_that_asked(project: Project) -> None:
    found, (told,) = run(project, "parent")
    id, state, rest = told.split(" ", 2)
    assert (state, rest) == ("COMPLETED", "child {'n': 10, 'seconds': 0} ['mine', 't'] child/one")
    child = project.ask("show", id)
    (task,) = found["tasks"]
    assert (child["trigger"], child["state"]) == (f"run {found['run_id']}-{task['id']}", "completed")
    assert child["parent"] == {"run_id": found["run_id"], "task": task["id"]}
    assert f"run {found['run_id']}, as its task {task['id']}" in project.tui_flow("show", id).stdout
    assert (task["run_name"], task["state"]) == ("child/one", "completed")


def test_its_failure_raises_nothing_and_is_the_state_of_what_stands_for_it(project: Project) -> None:
    found, (told,) = run(project, "parent", "-p", 'parameters={"n": -1}')
    assert told.split()[1] == "FAILED" and found["state"] == "completed"
    (task,) = found["tasks"]
    assert task["state"] == "failed" and "ValueError: negative" in task["message"]


def test_without_as_subflow_nothing_stands_for_it(project: Project) -> None:
    found, (told,) = run(project, "parent", "-p", "subflow=false")
    id, state, *_ = told.split()
    assert state == "COMPLETED" and found["tasks"] == []
    assert project.ask("show", id)["parent"] is None


@pytest.mark.parametrize("subflow", ["true", "false"])
def test_its_state_has_what_the_flow_returned_and_futures_are_waited_for(
    project: Project, subflow: str
) -> None:
    found, (told,) = run(project, "takes_what_it_gives", "-p", f"subflow={subflow}")
    _, parent, total, seen_by_child = told.split()
    assert total == "7"
    if subflow == "true":
        task = found["tasks"][-1]
        assert (parent, seen_by_child) == (f"{found['run_id']}-{task['id']}", str(found["run_id"]))
        assert task["upstream"] == [found["tasks"][0]["id"]]
    else:
        assert (parent, seen_by_child) == ("None", "None")
    if subflow == "false":
        _, (told,) = run(project, "awaits_what_it_gives")
        assert told.split()[1] == "3"


def test_a_secret_is_handed_on_and_stands_nowhere(project: Project) -> None:
    _, (told,) = run(project, "hands-on", "-p", "token=hidden-1234")
    id, state, rest = told.split(" ", 2)
    assert state == "COMPLETED" and "{'token': '**********'}" in rest
    log = (project.state_dir / "runs" / id / "log").read_text()
    assert "told ********** 11" in log and not list((project.state_dir / "runs").rglob("given.json"))


def test_what_was_not_persisted_is_missed_in_words(project: Project) -> None:
    _, (told,) = run(project, "takes_what_it_raised")
    assert told == "Failed LookupError('none')"
    found, _ = run(project, "takes_what_was_not_kept")
    assert found["state"] == "failed" and found["failure"]["type"].endswith("MissingResult")
    assert "persist_result=True" in found["failure"]["message"]


def test_a_parameter_that_fails_to_come_keeps_the_run_from_being_made(project: Project) -> None:
    found, _ = run(project, "waits_in_vain")
    assert found["state"] == "failed" and "did not reach a 'COMPLETED' state" in found["failure"]["message"]
    assert [task["state"] for task in found["tasks"]] == ["failed", "upstream_failed"]


def test_it_begins_when_it_is_to_and_not_before(project: Project) -> None:
    _, (told,) = run(project, "later", "-p", "seconds=0.4")
    assert told.split()[1:] == ["Completed", "True"]
    _, (told,) = run(project, "later", "-p", "seconds=3600")
    id, name, _ = told.split()
    assert name == "Scheduled" and "it is to begin " in project.tui_flow("show", id).stdout
    assert project.tui_flow("cancel", id).returncode == 0


def test_it_has_its_name_before_it_begins(project: Project) -> None:
    _, (name,) = run(project, "does_not_wait")
    assert name.count("-") == 1
    wait_until(lambda: name in [one["run_name"] for one in project.ask("runs")["runs"]])


@pytest.mark.parametrize("timeout", [0, 0.2])
def test_it_waits_no_longer_than_it_is_to(project: Project, timeout: float) -> None:
    _, (told,) = run(project, "parent", "-p", f"timeout={timeout}", "-p", 'parameters={"seconds": 60}')
    id, state, *_ = told.split()
    assert state in ("PENDING", "RUNNING")
    assert project.tui_flow("cancel", id).returncode == 0


def test_it_can_be_called_in_a_task_and_awaited(project: Project) -> None:
    found, (told,) = run(project, "deep")
    outer, inner = found["tasks"]
    assert told.split()[1] == "COMPLETED" and inner["parent"] == outer["id"]
    _, several = run(project, "awaits")
    assert [one.split()[1] for one in several] == ["COMPLETED", "COMPLETED"]


def test_an_equal_key_gives_the_run_of_then(project: Project) -> None:
    _, (first, again) = run(project, "keyed")
    assert first.split()[0] == again.split()[0]
    assert project.ask("show", first.split()[0])["run_name"] == "named"


def test_what_is_not_served_fails_the_run_that_asked(project: Project) -> None:
    found, told = run(project, "parent", "-p", "name=child/three")
    assert told == [] and found["state"] == "failed"
    assert "no flow is served as child/three" in found["failure"]["message"]
    assert found["failure"]["type"].endswith("ObjectNotFound")


def test_a_script_may_ask_too(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui_flow.contract.errors import UnknownRun
    from tui_flow.sdk.deployments import arun_deployment, run_deployment
    from tui_flow.sdk.exceptions import FlowWaitTimeout
    from tui_flow.sdk.flow_runs import wait_for_flow_run

    monkeypatch.setenv("TUI_FLOW_PROJECT", str(project.root))
    assert "TUI_FLOW_RUN_DIR" not in os.environ
    found = run_deployment("child/two", parameters={"n": 3})
    assert (found.state_type.value, found.state_name, found.name != "") == ("COMPLETED", "Completed", True)
    assert found.end_time >= found.start_time >= found.created
    assert asyncio.run(wait_for_flow_run(found.id)).state.is_completed()
    late = run_deployment("child/two", {}, parameters={"seconds": 60}, timeout=0)
    with pytest.raises(FlowWaitTimeout, match=late.id):
        asyncio.run(wait_for_flow_run(late.id, timeout=0.1))
    project.tui_flow("cancel", late.id)
    with pytest.raises(UnknownRun):
        asyncio.run(wait_for_flow_run("987654"))
    assert asyncio.run(arun_deployment("child/two", {"n": 3})).state.is_completed()
