"""Flows in real scripts: `python flows/hello.py`, and what becomes of their runs."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sdk.history import History, Run, require_legal
from tests.waiting import wait_until
from tui_flow.contract import journal, rundir

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a script in `flows/` of a project, without TUI_FLOW_PROJECT unless given."""
    started: list[subprocess.Popen[str]] = []
    (tmp_path / "project" / "flows").mkdir(parents=True)

    def start(text: str, *args: str, **environment: str) -> "subprocess.Popen[str]":
        path = tmp_path / "project" / "flows" / "script.py"
        path.write_text(textwrap.dedent(text))
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TUI_FLOW")}
        process = subprocess.Popen(
            [sys.executable, str(path), *args],
            cwd=tmp_path, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env={**kept, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), **environment},
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[History]:
    found = History(tmp_path / "project")
    yield found
    for run in found.runs:
        require_legal(run.events)


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


HELLO = """
    from tui_flow import flow, task, get_run_logger

    @task
    def greet(name):
        get_run_logger().info("hello %s", name)
        return len(name)

    @flow
    def hello(name: str = "world"):
        return greet(name)

    if __name__ == "__main__":
        print(hello())
"""


def test_a_script_runs_its_flow_and_leaves_a_whole_run_directory(start: Start, runs: History) -> None:
    code, out, err = finish(start(HELLO))
    assert (code, out) == (0, "5\n")
    assert "Task run 'greet-0' - hello world" in err
    (run,) = runs.runs
    assert [type(event).__name__ for event in run.events] == [
        "RunStarted", "FlowStarted", "TaskCreated", "TaskFinished", "FlowFinished", "RunEnded",
    ]  # fmt: skip
    started, ended = run.one(journal.RunStarted), run.one(journal.RunEnded)
    assert started.keeper_pid == started.worker_pid
    assert (ended.state, ended.reason, ended.exit_code, ended.signal) == ("completed", "returned", None, None)
    spec = rundir.read_spec(run.directory)
    assert spec is not None
    assert (spec.flow, spec.function, spec.trigger, spec.parameters) == ("hello", "hello", "script", {})
    assert spec.path == str(runs.project / "flows" / "script.py")
    assert rundir.lock_holder(run.directory / rundir.LOCK) is None
    assert not (runs.project / ".tui_flow" / "history.db").exists()


def test_the_lock_is_held_while_the_script_runs(start: Start, runs: History) -> None:
    process = start(
        """
        from tui_flow import flow
        @flow
        def ask():
            print("at work", flush=True)
            input()
        ask()
        """
    )
    assert process.stdout and process.stdout.readline() == "at work\n"
    lock = rundir.run_dir(runs.project / ".tui_flow", 1) / rundir.LOCK
    assert rundir.lock_holder(lock) == process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    assert rundir.lock_holder(lock) is None
    assert not runs.last.of(journal.FlowFinished) and not runs.last.of(journal.RunEnded)


def test_a_script_with_an_async_flow_on_its_top_level_runs(start: Start, runs: History) -> None:
    code, out, err = finish(
        start(
            """
            import asyncio
            from tui_flow import flow
            @flow
            async def first():
                await asyncio.sleep(0)
                return "fine"
            @flow
            async def second():
                return await first()
            print(asyncio.run(first()), asyncio.run(second()))
            """
        )
    )
    assert (code, out) == (0, "fine fine\n"), err
    assert [run.ended.state for run in runs.runs] == ["completed", "completed"]
    assert runs.last.states("first") == ["completed"]


@pytest.mark.parametrize("body", ["time.sleep(30)", "wait.map(range(3)).wait()"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_a_signal_crashes_the_run_and_ends_the_script_by_it(
    start: Start, runs: History, body: str, number: signal.Signals, code: int
) -> None:
    process = start(
        f"""
        import time
        from tui_flow import flow, task
        @task
        def wait(_):
            while True:
                time.sleep(0.01)
        def clean(flow, run, state):
            print("hook:", state.name, flush=True)
        @flow(on_cancellation=[clean], on_crashed=[clean])
        def my_flow():
            try:
                print("at work", flush=True)
                {body}
            finally:
                print("finally", flush=True)
        my_flow()
        """
    )
    assert process.stdout and process.stdout.readline() == "at work\n"
    process.send_signal(number)
    found, out, err = finish(process)
    assert found == code, err
    assert out == "finally\nhook: Crashed\n"
    assert (runs.last.ended.state, runs.last.ended.reason) == ("crashed", "interrupted")
    assert runs.last.one(journal.RunEnded).state == "crashed"
    assert set(runs.last.states("wait")) <= {"cancelled", "crashed"}


def test_sigterm_cancels_a_script_that_somebody_asked_to_end(
    start: Start, runs: History, tmp_path: Path
) -> None:
    process = start(
        """
        import time
        from tui_flow import flow
        @flow(on_cancellation=[lambda flow, run, state: print(state.name, flush=True)])
        def my_flow():
            print("at work", flush=True)
            time.sleep(30)
        my_flow()
        """
    )
    assert process.stdout and process.stdout.readline() == "at work\n"
    (spec,) = tmp_path.rglob(rundir.SPEC)
    rundir.write_cancel(spec.parent, rundir.CancelRequest(1.0, "uid 1000", kill=False))
    process.terminate()
    code, out, _ = finish(process)
    assert (code, out) == (-signal.SIGTERM, "Cancelled\n")
    assert (runs.last.ended.state, runs.last.ended.reason) == ("cancelled", "cancelled")


def test_sigterm_reaches_an_async_flow(start: Start, runs: History) -> None:
    process = start(
        """
        import asyncio
        from tui_flow import flow
        @flow
        async def my_flow():
            try:
                print("at work", flush=True)
                await asyncio.sleep(30)
            finally:
                print("finally", flush=True)
        asyncio.run(my_flow())
        """
    )
    assert process.stdout and process.stdout.readline() == "at work\n"
    process.terminate()
    code, out, _ = finish(process)
    assert (code, out) == (-signal.SIGTERM, "finally\n")
    assert (runs.last.ended.state, runs.last.ended.reason) == ("crashed", "interrupted")


def test_sys_exit_in_a_flow_gives_its_exit_code(start: Start, runs: History) -> None:
    code, _, _ = finish(start("import sys\nfrom tui_flow import flow\nflow(name='f')(lambda: sys.exit(7))()"))
    assert code == 7
    assert (runs.last.one(journal.RunEnded).state, runs.last.one(journal.RunEnded).reason) == (
        "failed",
        "exit",
    )


def test_a_failing_flow_ends_the_script_with_its_traceback(start: Start, runs: History) -> None:
    code, _, err = finish(
        start(
            """
            from tui_flow import flow
            @flow
            def my_flow():
                raise ValueError("no luck")
            my_flow()
            """
        )
    )
    assert code == 1
    assert "ValueError: no luck" in err
    assert runs.last.one(journal.RunEnded).message.endswith("ValueError: no luck")


def test_two_flows_in_two_threads_are_two_runs(start: Start, runs: History) -> None:
    code, _, err = finish(
        start(
            """
            import threading
            from tui_flow import flow, task
            barrier = threading.Barrier(2, timeout=30)
            @task
            def meet():
                barrier.wait()
            @flow
            def my_flow():
                meet()
            threads = [threading.Thread(target=my_flow) for _ in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            """
        )
    )
    assert code == 0, err
    assert [run.states("meet") for run in runs.runs] == [["completed"], ["completed"]]


def test_a_child_that_forks_and_leaves_the_flow_writes_no_last_word(start: Start, runs: History) -> None:
    code, _, err = finish(
        start(
            """
            import os, sys
            from tui_flow import flow, task
            @task
            def work(): return os.getpid()
            @flow
            def my_flow():
                pid = os.fork()
                if pid == 0:
                    work()
                    return work()
                os.waitpid(pid, 0)
                return work()
            my_flow()
            """
        )
    )
    assert code == 0, err
    assert len(runs.last.of(journal.RunEnded)) == len(runs.last.of(journal.FlowFinished)) == 1
    assert len(runs.last.created("work")) == 1


FORKS = """
    import os, sys
    from tui_flow import flow, task
    told = lambda *_: os.write(1, b"told ")
    @task(retries=2, on_failure=[told])
    def work():
        pid = os.fork()
        if pid == 0:
            sys.exit(7)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    @flow(retries=2, on_failure=[told])
    def my_flow():
        own = work.fn()
        return [own, %s]
    print(my_flow())
    """


@pytest.mark.parametrize("call", ["work()", "work.submit().result()", "7"])
def test_a_forked_child_that_exits_ends_nothing_but_itself(start: Start, runs: History, call: str) -> None:
    code, out, err = finish(start(FORKS % call))
    # A child of a thread that is not the main one exits with 0, as in any Python program.
    assert (code, out) in [(0, "[7, 7]\n"), (0, "[7, 0]\n")], err
    assert "Failed" not in err
    assert runs.last.ended.state == "completed"


def test_a_child_that_is_terminated_dies_without_a_word(start: Start, runs: History) -> None:
    code, out, err = finish(
        start(
            """
            import os, signal, time
            from tui_flow import flow
            @flow
            def my_flow():
                ready, told = os.pipe()
                pid = os.fork()
                if pid == 0:
                    os.write(told, b"!")
                    time.sleep(10)
                    os._exit(1)
                os.read(ready, 1)
                os.kill(pid, signal.SIGTERM)
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            print(my_flow())
            """
        )
    )
    assert (code, out) == (0, "-15\n"), err
    assert "TerminationSignal" not in err


def test_multiprocessing_in_a_flow_works(start: Start, runs: History) -> None:
    code, out, err = finish(
        start(
            """
            import multiprocessing
            from tui_flow import flow, task
            def square(n): return n * n
            @task
            def total(numbers):
                with multiprocessing.get_context("fork").Pool(2) as pool:
                    return sum(pool.map(square, numbers))
            @flow
            def my_flow():
                return total.submit([1, 2, 3]).result()
            print(my_flow())
            """
        )
    )
    assert (code, out) == (0, "14\n"), err


def test_the_named_project_wins_and_a_script_without_one_uses_the_users_data(
    start: Start, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert finish(start(HELLO, TUI_FLOW_PROJECT=str(other)))[0] == 0
    assert len(History(other).runs) == 1
    alone = tmp_path / "alone.py"
    alone.write_text(textwrap.dedent(HELLO))
    environment = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "PATH": os.environ["PATH"]}
    subprocess.run(
        [sys.executable, str(alone)], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    (found,) = (tmp_path / "data").rglob("journal")
    assert Run(found.parent).ended.state == "completed"


def test_a_named_project_that_is_not_there_is_one_clear_error(start: Start, tmp_path: Path) -> None:
    code, _, err = finish(start(HELLO, TUI_FLOW_PROJECT=str(tmp_path / "nowhere")))
    assert code == 1
    assert "no such project folder\n" in err and "check TUI_FLOW_PROJECT" in err


def test_a_script_killed_at_any_time_leaves_a_journal_that_can_be_read(start: Start, runs: History) -> None:
    process = start(
        """
        from tui_flow import flow, task
        @task
        def nothing(n): pass
        @flow
        def my_flow():
            while True:
                nothing.map(range(100)).wait()
        my_flow()
        """
    )
    path = rundir.run_dir(runs.project / ".tui_flow", 1) / rundir.JOURNAL
    wait_until(lambda: path.exists() and path.stat().st_size > 200_000)
    process.kill()
    process.wait(30)
    assert len(runs.last.of(journal.TaskFinished)) > 100


def test_processes_that_a_script_starts_carry_the_marks_of_its_run(start: Start, runs: History) -> None:
    code, out, _ = finish(
        start(
            """
            import os, subprocess
            from tui_flow import flow
            @flow
            def my_flow():
                subprocess.run(["env"])
            my_flow()
            print("after:", os.environ.get("TUI_FLOW_COOKIE"))
            """
        )
    )
    spec = rundir.read_spec(runs.last.directory)
    assert code == 0 and spec is not None
    assert f"{rundir.ENV_COOKIE}={spec.cookie}\n" in out
    assert f"{rundir.ENV_RUN_DIR}={runs.last.directory}\n" in out
    assert out.endswith("after: None\n")


def test_a_secret_that_a_script_gives_its_flow_is_kept_nowhere(start: Start, runs: History) -> None:
    code, out, _ = finish(
        start(
            """
            from pydantic import SecretStr
            from tui_flow import flow

            @flow
            def hello(token: SecretStr, n: int = 1):
                print("got", len(token.get_secret_value()))

            if __name__ == "__main__":
                hello("hidden-" + "1234")
            """
        )
    )
    assert (code, out) == (0, "got 11\n")
    directory = runs.last.directory
    assert not [
        path for path in directory.rglob("*") if path.is_file() and b"hidden-1234" in path.read_bytes()
    ]
    spec = rundir.read_spec(directory)
    assert spec is not None and spec.parameters == {"token": "**********"}
