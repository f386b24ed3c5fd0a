"""`run_spec`: the outermost flow run of a worker."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.history import History, Run
from tui_flow import flow, get_run_context, runtime, task
from tui_flow.contract import journal, rundir
from tui_flow.sdk.flow_run import run_spec
from tui_flow.sdk.recorder import RunRecorder


@pytest.fixture
def run(history: History) -> Callable[..., tuple[bool, Run]]:
    """Runs a flow as a worker would, in this process, with the keeper's first word already written."""

    def run(flow: Any, **changes: Any) -> tuple[bool, Run]:
        state_dir = rundir.open_state_dir(history.project)
        run_id, directory = rundir.make_run_dir(state_dir)
        fields: dict[str, Any] = {
            "run_id": run_id, "flow": flow.name, "path": __file__, "function": flow.__name__, "parameters": {},
            "run_name": None, "tags": [], "trigger": "command", "created_at": time.time(),
            "project": str(history.project), "cookie": "c", "timeout_seconds": None, "grace_seconds": 10.0,
        }  # fmt: skip
        spec = rundir.RunSpec(**{**fields, **changes})
        first = journal.RunStarted(time.time(), 1, 1, 2, "host", "3.11")
        (directory / rundir.JOURNAL).write_bytes(journal.encode(first))
        completed = run_spec(flow, spec, directory, RunRecorder(directory))
        return completed, Run(directory)

    return run


Runner = Callable[..., tuple[bool, Run]]


def test_it_runs_the_flow_as_the_spec_says(run: Runner) -> None:
    seen: list[object] = []

    @flow
    def my_flow(count: int, day: str = "monday") -> None:
        seen.append((count, day))

    completed, found = run(
        my_flow, parameters={"count": "3"}, run_name="mine", tags=["b", "a"], first_task_run_id=7
    )
    assert completed and seen == [(3, "monday")]
    started = found.one(journal.FlowStarted)
    assert (started.run_name, started.tags) == ("mine", ["a", "b"])
    assert started.parameters == {"count": 3, "day": "monday"}
    assert len(started.source_sha) == 64
    assert found.ended.state == "completed"
    assert not found.of(journal.RunEnded)


def test_task_runs_are_numbered_from_where_the_spec_says(run: Runner) -> None:
    @flow
    def my_flow() -> None:
        task(len)("abc")

    _, found = run(my_flow, first_task_run_id=7)
    assert found.one(journal.TaskCreated).id == 7


@pytest.mark.parametrize("parameters", [{}, {"count": "many"}, {"count": 1, "other": 2}])
def test_parameters_that_do_not_fit_are_refused_by_name(run: Runner, parameters: dict[str, Any]) -> None:
    @flow
    def my_flow(count: int) -> None:
        raise AssertionError("called")

    completed, found = run(my_flow, parameters=parameters)
    assert not completed
    assert (found.ended.state, found.ended.reason) == ("failed", "refused")
    assert ("other" if "other" in parameters else "count") in found.ended.message
    assert found.logged("The parameters do not fit")
    assert not found.of(journal.FlowStarted)


@pytest.mark.parametrize(
    ("raised", "state", "reason"),
    [
        (ValueError("no"), "failed", "error"),
        (SystemExit(0), "failed", "exit"),
        (KeyboardInterrupt(), "crashed", "interrupted"),
        (GeneratorExit(), "crashed", "interrupted"),
        (BaseException("odd"), "crashed", "error"),
        (MemoryError(), "failed", "error"),
        (RecursionError("deep"), "failed", "error"),
        (StopIteration(3), "failed", "error"),
    ],
)
def test_nothing_that_the_author_raises_comes_out(
    run: Runner, raised: BaseException, state: str, reason: str
) -> None:
    @flow
    def my_flow() -> None:
        raise raised

    @flow
    async def my_async_flow() -> None:
        raise raised

    for one in (my_flow, my_async_flow):
        if one is my_async_flow and isinstance(raised, (StopIteration, GeneratorExit)):
            continue
        completed, found = run(one)
        assert not completed
        assert (found.ended.state, found.ended.reason) == (state, reason)


def test_sigterm_cancels_the_flow_with_its_hooks(run: Runner) -> None:
    heard: list[str] = []

    @task
    def endless() -> None:
        while True:
            time.sleep(0.01)

    @flow(on_cancellation=[lambda flow, run, state: heard.append(state.name)])
    def my_flow() -> None:
        endless.submit()
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(30)
        except Exception:
            heard.append("swallowed")
        finally:
            heard.append("finally")

    before = signal.getsignal(signal.SIGTERM)
    completed, found = run(my_flow)
    assert not completed
    assert heard == ["finally", "Cancelled"]
    assert (found.ended.state, found.ended.reason) == ("cancelled", "cancelled")
    assert found.states("endless") == ["cancelled"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_sigterm_cancels_an_async_flow(run: Runner) -> None:
    import asyncio

    heard: list[str] = []

    @flow(on_cancellation=[lambda flow, run, state: heard.append(state.name)])
    async def my_flow() -> None:
        asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.SIGTERM)
        try:
            await asyncio.sleep(30)
        finally:
            heard.append("finally")

    completed, found = run(my_flow)
    assert not completed
    assert heard == ["finally", "Cancelled"]
    assert (found.ended.state, found.ended.reason) == ("cancelled", "cancelled")


def test_sigterm_is_not_lost_where_an_event_loop_is_just_ending(run: Runner) -> None:
    import asyncio

    heard: list[str] = []

    async def ending() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)

    @flow
    def my_flow() -> None:
        asyncio.run(ending())
        heard.append("not cancelled yet")
        task(heard.append)("called")

    completed, found = run(my_flow)
    assert not completed
    assert heard == ["not cancelled yet"]
    assert (found.ended.state, found.ended.reason) == ("cancelled", "cancelled")


def test_a_task_that_does_not_heed_the_signal_is_called_cancelled_in_the_end(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui_flow.sdk import run_logic

    monkeypatch.setattr(run_logic, "SETTLE_SECONDS", 0.1)
    released = threading.Event()

    @task
    def deaf() -> None:
        released.wait(30)

    @flow
    def my_flow() -> None:
        deaf.submit()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)

    try:
        _, found = run(my_flow)
        assert found.states("deaf") == ["cancelled"]
    finally:
        released.set()


def test_a_flow_called_in_a_thread_of_the_authors_own_is_nested(run: Runner) -> None:
    @flow
    def inner() -> None:
        pass

    @flow
    def my_flow() -> None:
        thread = threading.Thread(target=inner)
        thread.start()
        thread.join()

    completed, found = run(my_flow)
    assert completed
    assert found.states("inner") == ["completed"]


def test_log_lines_do_not_go_to_stderr_in_a_worker(run: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    @flow
    def my_flow() -> None:
        pass

    run(my_flow)
    assert capsys.readouterr().err == ""
    assert Path(__file__).name


def test_a_defect_of_our_own_is_told_as_a_failure_and_not_as_a_cancel(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise NameError("a slip in the machinery")

    monkeypatch.setattr("tui_flow.sdk.flow_run._driven", broken)
    completed, found = run(flow(lambda: None, name="mine"))
    assert not completed
    assert (found.ended.state, found.ended.reason) == ("failed", "error")
    assert "a slip in the machinery" in found.ended.message


def test_a_flow_reads_what_time_it_runs_for_and_its_last_success(run: Runner) -> None:
    told: list[Any] = []

    @task
    def inside() -> None:
        told.append(get_run_context().scheduled_for)

    @flow
    def timed() -> None:
        found = get_run_context()
        told.extend([found.scheduled_for, found.fired_at, found.previous_success])
        told.append(runtime.flow_run.scheduled_start_time)
        inside()

    run(timed, scheduled_for=60.0, fired_at=61.5, previous_success=0.0)
    assert [None if one is None else one.timestamp() for one in told] == [60.0, 61.5, 0.0, 60.0, 60.0]
    told.clear()
    run(timed)
    assert told[:3] == [None, None, None]


def test_a_further_attempt_has_the_tries_that_are_left(run: Runner) -> None:
    @flow(retries=2)
    def failing() -> None:
        raise ValueError("boom")

    _, found = run(failing, tries_before=1, attempt=2)
    assert [event.tries for event in found.of(journal.FlowStarted)] == [2, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        {"priority": 101}, {"priority": "high"}, {"max_concurrent_runs": 0}, {"max_concurrent_runs": True},
        {"pause_on_failure": 0}, {"on_crash": "hope"},
    ],
)  # fmt: skip
def test_what_the_engine_is_to_know_of_a_flow_makes_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
        flow(**wrong)(lambda: None)
