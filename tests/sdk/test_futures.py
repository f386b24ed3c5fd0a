"""`submit`, `map`, futures, and the order in which things run."""

import threading
import time
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from tests.sdk.history import History
from tests.sdk.tiny_tasks import add, double, fail
from tests.waiting import wait_until
from tui_flow import (
    PrefectFuture,
    ThreadPoolTaskRunner,
    as_completed,
    flow,
    tags,
    task,
    wait,
)
from tui_flow.contract import journal
from tui_flow.sdk.exceptions import (
    UnfinishedRun,
    UpstreamTaskError,
)


def test_a_submitted_task_writes_three_lines(history: History) -> None:
    @flow
    def my_flow() -> int:
        return double.submit(4).result()

    assert my_flow() == 8
    about_tasks = [event for event in history.last.events if hasattr(event, "id")]
    assert [type(event).__name__ for event in about_tasks] == ["TaskCreated", "TaskStarted", "TaskFinished"]


def test_a_future_knows_its_run(history: History) -> None:
    @flow
    def my_flow() -> None:
        future = double.submit(4)
        called: list[str] = []
        future.add_done_callback(lambda done: called.append(done.task_run_id))
        assert future.wait() is None
        assert future.state.is_completed() and future.state.result() == 8
        future.add_done_callback(lambda done: called.append("at once"))
        wait_until(lambda: len(called) == 2)
        assert set(called) == {"1-1", "at once"} and future.task_run_id == "1-1"

    my_flow()


def test_results_pass_from_future_to_future(history: History) -> None:
    @flow
    def my_flow() -> int:
        first = double.submit(1)
        second = add.submit(first, first)
        return add.submit(second, right=first).result()

    assert my_flow() == 6
    assert [event.upstream for event in history.last.of(journal.TaskCreated)] == [[], [1], [2, 1]]


def test_a_failed_task_raises_where_its_result_is_asked_for(history: History) -> None:
    @flow
    def my_flow() -> None:
        future = fail.submit("no luck")
        assert isinstance(future.result(raise_on_failure=False), ValueError)
        with pytest.raises(ValueError, match="no luck"):
            future.result()

    my_flow()


def test_a_failed_upstream_stops_all_that_follows(history: History) -> None:
    @flow
    def my_flow() -> list[str]:
        second = double.submit(fail.submit())
        third = double.submit(second)
        unrelated = double.submit(2)
        waiting = double.submit(1, wait_for=[third])
        with pytest.raises(UnfinishedRun, match="Upstream task run 'fail-0'"):
            second.result()
        wait([third, unrelated, waiting])
        return [future.state.name for future in (second, third, unrelated, waiting)]

    assert my_flow() == ["NotReady", "NotReady", "Completed", "NotReady"]
    assert history.last.states("double") == [
        "upstream_failed", "upstream_failed", "completed", "upstream_failed",
    ]  # fmt: skip
    ends = history.last.finished("double")
    assert "'double-0' did not reach" in ends[1].message


def test_a_result_that_takes_too_long_is_a_timeout_error(history: History) -> None:
    released = threading.Event()

    @task
    def slow() -> int:
        released.wait(30)
        return 1

    @flow
    def my_flow() -> int:
        future = slow.submit()
        future.wait(timeout=0.01)
        assert not future.state.is_final()
        with pytest.raises(TimeoutError, match=r"did not complete within 0.01 seconds"):
            future.result(timeout=0.01)
        done, not_done = wait([future, double.submit(1)], timeout=0.2)
        assert (len(done), not_done) == (1, {future})
        released.set()
        return future.result(timeout=30)

    assert my_flow() == 1


def test_as_completed_gives_them_as_they_end(history: History) -> None:
    gates = [threading.Event() for _ in range(3)]

    @task
    def wait_for_gate(number: int) -> int:
        gates[number].wait(30)
        return number

    @flow
    def my_flow() -> list[int]:
        futures = wait_for_gate.map(range(3))
        ended = []
        gates[2].set()
        for future in as_completed(futures):
            ended.append(future.result())
            gates[(future.result() + 2) % 3].set()
        return ended

    assert my_flow() == [2, 1, 0]


def test_as_completed_raises_when_time_is_up(history: History) -> None:
    released = threading.Event()

    @flow
    def my_flow() -> None:
        future = task(released.wait).with_options(name="w").submit(30)
        with pytest.raises(TimeoutError, match=r"1 \(of 2\) futures unfinished"):
            list(as_completed([future, double.submit(1)], timeout=0.1))
        released.set()

    my_flow()


def test_submitted_tasks_end_before_their_flow(history: History) -> None:
    ended: list[int] = []

    @task
    def slow(number: int) -> None:
        time.sleep(0.02)
        ended.append(number)
        if number == 0:
            slow.submit(99)

    @flow
    def my_flow() -> None:
        slow.map(range(3))

    my_flow()
    assert sorted(ended) == [0, 1, 2, 99]


def test_a_flow_that_raised_begins_nothing_more(history: History) -> None:
    first_began, released = threading.Event(), threading.Event()

    @task
    def hold() -> None:
        first_began.set()
        released.wait(30)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def my_flow() -> None:
        hold.submit()
        later = double.map(range(3))
        double.submit(later[0])
        first_began.wait(30)
        threading.Timer(0.05, released.set).start()
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        my_flow()
    assert history.last.states("hold") == ["completed"]
    assert history.last.states("double") == ["skipped"] * 4


def test_max_workers_is_a_limit(history: History) -> None:
    lock = threading.Lock()
    active, most = 0, 0

    @task
    def busy(_: int) -> None:
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
        time.sleep(0.005)
        with lock:
            active -= 1

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
    def my_flow() -> None:
        futures = busy.map(range(20))
        for future in reversed(futures):
            future.result()

    my_flow()
    assert most == 3


def test_tasks_do_run_at_the_same_time(history: History) -> None:
    barrier = threading.Barrier(8, timeout=30)

    @flow
    def my_flow() -> int:
        return len(task(lambda _: barrier.wait()).map(range(8)).result())

    assert my_flow() == 8


def test_a_task_with_an_unfinished_upstream_holds_no_thread(history: History) -> None:
    released = threading.Event()

    @task
    def hold() -> int:
        released.wait(30)
        return 1

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def my_flow() -> int:
        first = hold.submit()
        blocked = [double.submit(first) for _ in range(5)]
        assert double.submit(20).result() == 40
        released.set()
        return sum(future.result() for future in blocked)

    assert my_flow() == 10


@pytest.mark.parametrize("workers", [1, 2, 32])
def test_tasks_that_submit_tasks_never_deadlock(history: History, workers: int) -> None:
    @task
    def fibonacci(n: int) -> int:
        if n < 2:
            return n
        left, right = fibonacci.submit(n - 1), fibonacci.submit(n - 2)
        return left.result() + right.result()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=workers))
    def my_flow() -> int:
        return fibonacci.submit(9).result()

    assert my_flow() == 34


def test_submits_nest_as_deep_as_anybody_likes(history: History) -> None:
    @task
    def down(n: int) -> int:
        return 0 if n == 0 else 1 + down.submit(n - 1).result()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def my_flow() -> int:
        return down.submit(300).result()

    assert my_flow() == 300


def test_a_nested_flow_that_needs_a_future_from_around_it_goes_on(history: History) -> None:
    submitted = threading.Event()
    later: list[PrefectFuture[int]] = []

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def inner() -> int:
        return add.submit(later[0], 1).result()

    @task
    def call_inner() -> int:
        submitted.wait(30)
        return inner()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def outer() -> int:
        first = call_inner.submit()
        later.append(double.submit(20))
        submitted.set()
        return first.result()

    assert outer() == 41


def test_a_long_chain_of_futures_ends(history: History) -> None:
    @flow
    def my_flow() -> int:
        future = double.submit(0)
        for _ in range(2000):
            future = add.submit(future, 1)
        return future.result()

    assert my_flow() == 2000


def test_context_goes_with_a_submitted_task(history: History) -> None:
    import contextvars

    mine: contextvars.ContextVar[str] = contextvars.ContextVar("mine", default="unset")

    @task
    def read() -> str:
        return mine.get()

    @flow
    def my_flow() -> list[str]:
        mine.set("set")
        with tags("t"):
            return [read.submit().result()]

    assert my_flow() == ["set"]
    assert history.last.created("read")[0].tags == ["t"]


def test_a_callback_that_raises_is_logged(history: History) -> None:
    @flow
    def my_flow() -> int:
        future = double.submit(1)
        future.wait()
        future.add_done_callback(lambda _: 1 / 0)
        return future.result()

    assert my_flow() == 2
    assert history.last.logged("A callback of future 'double-0' raised")


def test_a_task_that_waits_for_its_retry_holds_no_slot(history: History) -> None:
    calls: list[int] = []

    @task(retries=1, retry_delay_seconds=0.2)
    def flaky() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionError
        return "late"

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def my_flow() -> str:
        late = flaky.submit()
        wait_until(lambda: calls)
        assert double.submit(2).result(timeout=0.15) == 4
        return late.result()

    assert my_flow() == "late"


def test_threads_end_with_their_flow(history: History) -> None:
    @flow
    def my_flow() -> None:
        double.map(range(10)).wait()

    my_flow()
    wait_until(lambda: not [t for t in threading.enumerate() if t.name == "tui_flow-task"])


def test_max_workers_must_be_a_number() -> None:
    for nonsense in (0, -1, "many"):
        with pytest.raises(ValueError, match="at least 1"):
            ThreadPoolTaskRunner(max_workers=nonsense)  # type: ignore[arg-type]


def test_a_nested_flow_whose_upstream_failed_is_not_called(history: History) -> None:
    called: list[int] = []

    @flow
    def inner(number: int) -> None:
        called.append(number)

    @flow
    def outer() -> None:
        with pytest.raises(UpstreamTaskError):
            inner(fail.submit())  # type: ignore[call-overload]
        inner(double.submit(1))  # type: ignore[call-overload]

    outer()
    assert called == [2]
    assert history.last.states("inner") == ["upstream_failed", "completed"]


class Order(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)
    number: Any
    others: list[Any] = []


def test_futures_in_a_pydantic_model_are_replaced_by_their_results(history: History) -> None:
    @task
    def told(order: Order) -> tuple[Any, list[Any]]:
        return order.number, order.others

    @flow
    def my_flow() -> None:
        future = double.submit(4)
        order = Order(number=future, others=[future, 1])
        assert told(order) == told.submit({"in": [order]}["in"][0]).result() == (8, [8, 1])
        assert order.number is future

    my_flow()


@pytest.mark.parametrize(
    "around", [lambda future: future, lambda future: {"a": future}, lambda future: iter([future])]
)
def test_wait_for_takes_one_future_as_well_as_any_collection(history: History, around: Any) -> None:
    @flow
    def my_flow() -> None:
        failed = fail.submit()
        calls = [
            lambda: double(1, wait_for=around(failed)),
            lambda: double.submit(1, wait_for=around(failed)).result(),
            lambda: double.map([1, 2], wait_for=around(failed)).result(),
            lambda: nested(wait_for=around(failed)),
        ]
        for call in calls:
            with pytest.raises(UpstreamTaskError):
                call()
        assert double(2, wait_for=around(double.submit(1))) == 4

    @flow
    def nested() -> None:
        raise AssertionError

    my_flow()


def test_a_flows_time_is_up_also_while_it_waits_for_what_it_submitted(history: History) -> None:
    begun, release = threading.Event(), threading.Event()

    @task
    def slow() -> None:
        begun.set()
        release.wait(20)

    @flow(timeout_seconds=0.2)
    def my_flow() -> None:
        slow.submit()
        begun.wait(20)

    try:
        state = my_flow(return_state=True)
    finally:
        release.set()
    assert state.name == "TimedOut"
    assert history.last.states("slow") == ["cancelled"]
