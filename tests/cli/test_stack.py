"""`tui-flow stack`: runs that hang in every way there is, and what is said of them."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.project import Project, temporary_project
from tests.waiting import wait_until

HANGING = '''
    import asyncio, ctypes, subprocess, threading, time
    from tui_flow import flow, task
    from tui_flow.task_runners import ProcessPoolTaskRunner

    @task
    def load(n):
        print("here", flush=True)
        time.sleep(100 + n)

    @task
    async def fetch(n):
        await asyncio.sleep(100)

    @flow
    def threads():
        load.map(range(2)).result()

    @flow
    def in_a_lock():
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()  # for ever

    @flow
    def in_c():
        load.submit(1)
        mutex = ctypes.create_string_buffer(64)
        lock = ctypes.PyDLL(None).pthread_mutex_lock
        time.sleep(0.2)
        lock(mutex), lock(mutex)  # for ever, and nothing else runs

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def processes():
        load.submit(7).result()

    @flow
    def child():
        subprocess.run(["sleep", "100"])

    @flow
    async def coroutines():
        await asyncio.gather(fetch(1), fetch(2))

    @flow
    def tiny():
        """Ends at once."""

    if __name__ == "__main__":
        threads()
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("stack")) as found:
        found.write("hanging.py", HANGING)
        yield found


@pytest.fixture
def hanging(project: Project, request: pytest.FixtureRequest) -> Iterator[int]:
    """A run of the flow that the test names."""
    run_id = int(project.tui_flow("run", request.param, "--detach").stdout)
    project.wait_for_state(run_id, "running")
    yield run_id
    assert project.tui_flow("cancel", str(run_id), "--kill").returncode == 0


def told(project: Project, run_id: int, *parts: str) -> str:
    """What is said, once all of that is in it."""
    found = ""

    def says() -> bool:
        nonlocal found
        done = project.tui_flow("stack", str(run_id))
        found = done.stdout
        return done.returncode == 0 and all(part in found for part in parts)

    wait_until(says, 20, f"{parts} in what is told")
    return found


@pytest.mark.parametrize("hanging", ["threads"], indirect=True)
def test_each_thread_is_named_with_its_task_run_and_the_authors_line(project: Project, hanging: int) -> None:
    text = told(project, hanging, "load-0", "load-1", "time.sleep")
    assert re.search(r"MainThread: the flow itself\n +flows/hanging.py:\d+ in threads\n +load.map", text)
    assert re.search(r": load-1\n +flows/hanging.py:\d+ in load\n +time.sleep\(100 \+ n\)\n", text)
    assert "_run_module_as_main" not in text
    assert "_run_module_as_main" in project.tui_flow("stack", str(hanging), "--all").stdout


@pytest.mark.parametrize("hanging", ["threads"], indirect=True)
def test_a_program_gets_all_of_it(project: Project, hanging: int) -> None:
    told(project, hanging, "load-1", "time.sleep")
    found = project.ask("stack", str(hanging))
    assert (found["run_id"], found["state"], len(found["processes"])) == (hanging, "running", 1)
    threads: list[dict[str, Any]] = found["processes"][0]["threads"]
    assert sorted((one["task_run"], one["run_name"]) for one in threads if not one["is_main"]) == [
        (1, "load-0"), (2, "load-1"),
    ]  # fmt: skip
    last = threads[1]["frames"][-1]
    assert (last["function"], last["source"], last["is_library"]) == ("load", "time.sleep(100 + n)", False)


@pytest.mark.parametrize("hanging", ["in_a_lock"], indirect=True)
def test_one_that_waits_for_a_lock_tells_which(project: Project, hanging: int) -> None:
    assert "lock.acquire()  # for ever" in told(project, hanging, "in in_a_lock", "# for ever")


@pytest.mark.parametrize("hanging", ["in_c"], indirect=True)
def test_one_that_hangs_in_c_code_and_holds_the_interpreter_is_read_by_force(
    project: Project, hanging: int
) -> None:
    text = told(project, hanging, "in in_c", "nothing else runs", "its main thread is in C code")
    assert "at work: load-0" in text and "in load\n      time.sleep(100 + n)" in text
    assert project.ask("show", str(hanging))["state"] == "running"


@pytest.mark.parametrize("hanging", ["processes"], indirect=True)
def test_task_processes_tell_too(project: Project, hanging: int) -> None:
    text = told(project, hanging, "task process", "time.sleep(100 + n)")
    assert re.search(r"task process \d+\n  MainThread: load-0\n    flows/hanging.py:\d+ in load\n", text)


@pytest.mark.parametrize("hanging", ["child"], indirect=True)
def test_a_child_that_is_waited_for_is_named(project: Project, hanging: int) -> None:
    text = told(project, hanging, 'subprocess.run(["sleep", "100"])', "sleep 100\n")
    assert re.search(r"process \d+: sleep 100\n", text)


@pytest.mark.parametrize("hanging", ["coroutines"], indirect=True)
def test_coroutines_that_wait_are_told_like_threads(project: Project, hanging: int) -> None:
    text = told(project, hanging, "fetch-0", "fetch-1")
    assert re.search(r"Task-\d+: fetch-1\n    flows/hanging.py:\d+ in fetch\n      await asyncio.sleep", text)


def test_a_script_is_asked_like_a_run_of_the_engines(project: Project) -> None:
    with subprocess.Popen(
        [sys.executable, "flows/hanging.py"], cwd=project.root, env=project.environment, stdout=-1, stderr=-2
    ) as script:
        try:
            wait_until(lambda: project.ask("runs", "--flow", "threads", "--state", "running"))
            run_id = project.ask("show", "latest")["run_id"]
            assert f"process {script.pid}" in told(project, run_id, "load-1", "time.sleep")
            assert script.poll() is None
        finally:
            script.kill()


def test_a_run_that_is_over_says_so(project: Project) -> None:
    run = project.tui_flow("run", "tiny", "--json")
    run_id = json.loads(run.stdout)["run_id"]
    refused = project.tui_flow("stack", str(run_id))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"run {run_id} of tiny is over: completed" in refused.stderr
