"""`ProcessPoolTaskRunner`: bodies in processes of their own, everything else as with threads."""

import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.sdk.history import History
from tests.sdk.keeping import Kept, is_alive, keeping
from tests.sdk.tiny_tasks import double
from tests.waiting import wait_until
from tui_flow import (
    ProcessPoolTaskRunner,
    ThreadPoolTaskRunner,
    flow,
    get_run_context,
    get_run_logger,
    tags,
    task,
    unmapped,
)
from tui_flow.contract import journal
from tui_flow.sdk import process_pool
from tui_flow.sdk.exceptions import ProcessDied, SerializationError, TaskRunTimeoutError
from tui_flow.sdk.runtime import flow_run, task_run

RUNNER = ProcessPoolTaskRunner(max_workers=2)


class Odd(Exception):
    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")
        self.second = second


@task(log_prints=True)
def look_around(number: int, home: int) -> dict[str, Any]:
    get_run_logger().info("at work on %d", number)
    print("printed", number)
    return {
        "elsewhere": os.getpid() != home,
        "names": (flow_run.name, flow_run.parameters, task_run.name, flow_run.flow_name),
        "tags": task_run.tags,
        "inner": [double(number), double.submit(number).result(), *double.map([1, 2]).result()],
    }


def test_a_body_is_elsewhere_and_knows_where_it_belongs_and_what_it_tells_comes_home(
    history: History,
) -> None:
    @flow(task_runner=RUNNER, name="many", flow_run_name="here")
    def my_flow(size: int) -> list[dict[str, Any]]:
        with tags("a"):
            return look_around.map(range(size), unmapped(os.getpid())).result()

    found = my_flow(3)
    assert all(one["elsewhere"] for one in found)
    assert [one["names"] for one in found] == [
        ("here", {"size": 3}, f"look_around-{n}", "many") for n in range(3)
    ]
    assert [one["inner"] for one in found] == [[2 * n, 2 * n, 2, 4] for n in range(3)]
    assert found[0]["tags"] == ["a"]
    run = history.last
    outer = [event.id for event in run.created("look_around")]
    inner = run.created("double")
    assert run.states("double") == ["completed"] * 12
    assert {event.parent for event in inner} == set(outer)
    assert len({event.run_name for event in inner}) == 12
    (record,) = run.logged("at work on 2")
    assert (record.task_run, record.level) == (outer[2], "INFO")
    assert [record.task_run for record in run.logged("printed 1")] == [outer[1]]


@task
def misbehave(how: str) -> Any:
    if how == "raise":
        raise KeyError("x")
    if how == "odd":
        raise Odd(1, 2)
    if how == "exit":
        raise SystemExit(3)
    if how == "local":

        class Local(Exception):
            def __reduce__(self):  # type: ignore[no-untyped-def]
                raise TypeError("not me")

        raise Local("cannot travel")
    if how == "inner":
        dies()
    if how == "lock":
        return threading.Lock()
    return dies()


@task
def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_errors_come_home_with_their_traceback_and_deaths_are_crashes(history: History) -> None:
    found = {}

    @flow(task_runner=RUNNER)
    def my_flow() -> None:
        for how in ("raise", "odd", "local", "lock", "die", "inner", "raise"):
            found[how] = misbehave.submit(how, return_state=True)
        found["argument"] = misbehave.submit(threading.Lock(), return_state=True)

    my_flow()
    with pytest.raises(KeyError) as caught:
        found["raise"].result()
    assert 'raise KeyError("x")' in str(caught.value.__cause__)
    assert (found["odd"].data.second, str(found["odd"].data)) == (2, "1 and 2")
    assert found["local"].message == "Local: cannot travel"
    for how in ("die", "inner"):
        assert (found[how].type, found[how].message) == (
            "CRASHED",
            "the process of the task run was ended by SIGKILL",
        )
        with pytest.raises(ProcessDied):
            found[how].result()
    with pytest.raises(
        SerializationError, match=r"what task run 'misbehave-3' returned cannot be sent .*lock"
    ):
        found["lock"].result()
    with pytest.raises(
        SerializationError, match=r"arguments of task run .* cannot be sent to another process"
    ):
        found["argument"].result()
    run = history.last
    failure = run.finished("misbehave")[0].failure
    assert failure is not None
    assert failure.type == "KeyError"
    assert "in misbehave" in failure.traceback
    assert run.states("dies") == ["crashed", "crashed"]


def test_sys_exit_ends_the_flow_as_it_does_without_processes(history: History) -> None:
    @flow(task_runner=RUNNER)
    def my_flow() -> None:
        misbehave.submit("exit").result()

    with pytest.raises(SystemExit):
        my_flow()


@task(retries=1)
def second_time() -> int:
    count = get_run_context().task_run.run_count  # type: ignore[union-attr]
    if count == 1:
        raise ValueError("the first time")
    return count


@task
async def coroutine(number: int) -> int:
    return double(number)


@task
def numbers() -> Generator[int, None, None]:
    yield from range(3)


@task(timeout_seconds=0.2)
def sleeps() -> None:
    time.sleep(30)


@task(timeout_seconds=0.2)
def hears_nothing() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGTERM])
    time.sleep(30)


def test_retries_coroutines_generators_and_timeouts(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_pool, "MARGIN_SECONDS", 0.1)
    seen = []
    second_time.on_completion(lambda *_: seen.append(os.getpid()))

    @flow(task_runner=RUNNER)
    def my_flow() -> list[Any]:
        late = [sleeps.submit(), hears_nothing.submit()]
        for one in late:
            with pytest.raises(TaskRunTimeoutError):
                one.result()
        return [second_time.submit().result(), coroutine.submit(2).result(), numbers.submit().result()]

    began = time.monotonic()
    assert my_flow() == [2, 4, [0, 1, 2]]
    assert time.monotonic() - began < 20
    assert seen == [os.getpid()]


def remember(what: str) -> None:
    os.environ["TUI_FLOW_TEST_WHAT"] = what


@task
def recall() -> str | None:
    return os.environ.get("TUI_FLOW_TEST_WHAT")


def test_a_runner_works_by_itself_and_prepares_its_processes() -> None:
    with ProcessPoolTaskRunner(max_workers=1, initializer=remember, initargs=("this",)) as runner:
        futures = [runner.submit(recall, {}), *runner.map(double, {"number": [1, 2]})]
        assert [future.result() for future in futures] == ["this", 2, 4]
    assert recall.submit().result() is None
    with ThreadPoolTaskRunner(max_workers=1) as threads:
        assert threads.submit(double, {"number": 2}).result() == 4
    with ProcessPoolTaskRunner(max_workers=1, initializer=remember) as broken, pytest.raises(TypeError):
        broken.submit(recall, {}).result()


def test_a_runner_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ProcessPoolTaskRunner(max_workers=-1)
    with pytest.raises(TypeError, match="must be a function"):
        ProcessPoolTaskRunner(initializer="nothing")  # type: ignore[arg-type]


@pytest.fixture
def make_run(tmp_path: Path) -> Iterator[Callable[[str], Kept]]:
    made = keeping(tmp_path)
    make = next(made)

    def save(source: str) -> Kept:
        path = tmp_path / "flows" / "sample.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(source))
        path.with_name("pickle.py").write_text(
            "# hides Python's own from flows beside it, and must not from us\n"
        )
        return make(path=str(path))

    yield save
    next(made, None)


def test_a_flow_files_own_classes_travel_and_cancelling_leaves_no_process(
    make_run: Callable[[str], Kept], tmp_path: Path
) -> None:
    kept = make_run(
        """
        import os, time
        from dataclasses import dataclass
        from prefect import flow, task
        from prefect.task_runners import ProcessPoolTaskRunner

        @dataclass
        class Point:
            x: int

        @task
        def move(point: Point) -> Point:
            return Point(point.x + 1)

        @task
        def wait_for_ever():
            with open("pids", "a") as file:
                print(os.getpid(), file=file)
            while True:
                time.sleep(30)

        @flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
        def sample():
            assert move.submit(Point(1)).result() == Point(2)
            wait_for_ever.submit(), wait_for_ever.submit()
        """
    )
    kept.start()
    pids = tmp_path / "pids"
    wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2, 20)
    assert kept.cancel()
    kept.wait()
    assert kept.ended.state == "cancelled", kept.log.decode()
    ends = [event.state for event in kept.events if isinstance(event, journal.TaskFinished)]
    assert ends == ["completed", "cancelled", "cancelled"], kept.log.decode()
    assert not any(is_alive(int(pid)) for pid in pids.read_text().split())
