"""Tries, their delays and conditions, and the time that a task has."""

import signal
import threading
import time

import pytest

from tests.sdk.flaky import Flaky
from tests.sdk.history import History
from tests.waiting import wait_until
from tui_flow import State, exponential_backoff, flow, get_run_context, task
from tui_flow.contract import journal
from tui_flow.sdk.context import TaskRunContext
from tui_flow.sdk.exceptions import (
    TaskRunTimeoutError,
)


def test_a_task_is_tried_again_until_it_works(history: History) -> None:
    flaky = Flaky(2)

    @task(retries=3, retry_delay_seconds=[0.01, 0.02])
    def counted() -> int:
        return flaky()

    @flow
    def my_flow() -> int:
        return counted()

    assert my_flow() == 3
    run = history.last
    retries = run.of(journal.TaskRetrying)
    assert [(event.tries, event.failure.message) for event in retries] == [(1, "try 1"), (2, "try 2")]
    assert [round(event.due_at - event.at, 3) for event in retries] == [0.01, 0.02]
    assert run.created("counted")[0].max_tries == 4
    warnings = [record for record in run.records if record.level == "WARNING"]
    assert [(record.task_run, record.tries) for record in warnings] == [(1, 1), (1, 2)]


def test_a_task_that_has_no_try_left_fails(history: History) -> None:
    flaky = Flaky(9)

    @task(retries=2)
    def counted() -> int:
        return flaky()

    @flow
    def my_flow() -> State[int]:
        return counted(return_state=True)

    assert my_flow(return_state=True).is_failed()
    assert flaky.calls == 3
    (error,) = [record for record in history.last.records if record.level == "ERROR" and record.task_run == 1]
    assert error.tries == 3
    assert "ConnectionError: try 3" in error.message and "Traceback" in error.message


@pytest.mark.parametrize(
    ("delays", "retries", "expected"),
    [
        (3, 2, 3.0),
        (None, 2, 0.0),
        ([1, 2], 3, [1.0, 2.0]),
        (exponential_backoff(backoff_factor=10), 3, [10.0, 20.0, 40.0]),
        (lambda retries: [5] * retries, 2, [5.0, 5.0]),
    ],
)
def test_delays_come_as_numbers_lists_and_functions(delays: object, retries: int, expected: object) -> None:
    assert task(retries=retries, retry_delay_seconds=delays)(print).retry_delays == expected  # type: ignore[call-overload]


def test_jitter_makes_delays_longer_by_at_most_its_factor() -> None:
    from tui_flow.sdk.retries import delay_before

    found = [delay_before(2, 10.0, 0.5) for _ in range(200)]
    assert 10 <= min(found) < max(found) <= 15


@pytest.mark.parametrize("condition", [lambda *_: False, lambda *_: 1 / 0])
def test_a_condition_that_says_no_or_raises_ends_the_retries(history: History, condition: object) -> None:
    flaky = Flaky(9)

    @task(retries=5, retry_condition_fn=condition)  # type: ignore[arg-type]
    def counted() -> int:
        return flaky()

    @flow
    def my_flow() -> bool:
        return counted(return_state=True).is_failed()

    assert my_flow()
    assert flaky.calls == 1


def test_a_condition_sees_the_task_its_run_and_the_failed_state(history: History) -> None:
    flaky = Flaky(1)
    seen: list[object] = []

    def is_connection_error(task: object, task_run: object, state: State[object]) -> bool:
        seen.append((task.name, task_run.run_count, state.type))  # type: ignore[attr-defined]
        return isinstance(state.result(raise_on_failure=False), ConnectionError)

    @task(retries=1, retry_condition_fn=is_connection_error)
    def counted() -> int:
        return flaky()

    @flow
    def my_flow() -> int:
        return counted()

    assert my_flow() == 2
    assert seen == [("counted", 1, "FAILED")]


def test_a_task_that_blocks_is_ended_at_its_timeout_in_the_main_thread(history: History) -> None:
    @task(timeout_seconds=0.1)
    def slow() -> None:
        time.sleep(30)

    @flow
    def my_flow() -> State[None]:
        with pytest.raises(TimeoutError):
            slow()
        return slow(return_state=True)

    state = my_flow(return_state=True)
    assert state.name == "TimedOut"
    assert isinstance(state.result(raise_on_failure=False), TaskRunTimeoutError)
    assert [event.reason for event in history.last.finished("slow")] == ["timeout", "timeout"]


def test_a_submitted_task_is_ended_at_its_timeout(history: History) -> None:
    released = threading.Event()

    @task(timeout_seconds=0.1)
    def slow() -> None:
        released.wait(30)

    @flow
    def my_flow() -> str:
        future = slow.submit()
        future.wait()
        return future.state.name

    try:
        assert my_flow() == "TimedOut"
    finally:
        released.set()


def test_a_task_that_swallows_its_timeout_is_timed_out_all_the_same(history: History) -> None:
    @task(timeout_seconds=0.05)
    def stubborn() -> str:
        try:
            time.sleep(30)
        except BaseException:
            return "as if nothing had been"
        return "slept"

    @flow
    def my_flow() -> str:
        return stubborn(return_state=True).name

    assert my_flow() == "TimedOut"


def test_timeouts_nest(history: History) -> None:
    @task(timeout_seconds=30)
    def patient() -> str:
        time.sleep(0.01)
        return "done"

    @task(timeout_seconds=0.1)
    def hasty() -> str:
        patient()
        time.sleep(30)
        return "done"

    @flow(timeout_seconds=20)
    def my_flow() -> list[str]:
        return [hasty(return_state=True).name, patient(return_state=True).name]

    assert my_flow() == ["TimedOut", "Completed"]


def test_a_timeout_of_the_authors_own_is_no_timeout_of_the_run(history: History) -> None:
    @task(timeout_seconds=30)
    def connect() -> None:
        raise TimeoutError("the server's")

    @flow
    def my_flow() -> State[None]:
        return connect(return_state=True)

    assert my_flow(return_state=True).name == "Failed"


def test_a_timed_out_task_is_tried_again(history: History) -> None:
    calls: list[int] = []

    @task(timeout_seconds=0.1, retries=1)
    def slow_at_first() -> int:
        calls.append(1)
        if len(calls) == 1:
            time.sleep(30)
        return len(calls)

    @flow
    def my_flow() -> int:
        return slow_at_first()

    assert my_flow() == 2


def test_the_authors_own_alarm_is_put_back(history: History) -> None:
    import signal

    def mine(*_: object) -> None:
        """Never called."""

    before = signal.signal(signal.SIGALRM, mine)
    try:

        @flow(timeout_seconds=30)
        def my_flow() -> None:
            pass

        my_flow()
        assert signal.getsignal(signal.SIGALRM) is mine
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_the_authors_own_alarm_rings_also_after_a_task_with_a_timeout(history: History) -> None:
    @task(timeout_seconds=20)
    def quick() -> None:
        pass

    rang: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: rang.append(number))

    @flow
    def my_flow() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        quick()
        wait_until(lambda: rang)

    try:
        my_flow()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rang == [signal.SIGALRM]


def test_every_try_calls_the_running_hooks_and_further_ones_are_retrying(history: History) -> None:
    heard: list[str] = []
    inside: list[tuple[str, str]] = []
    flaky, flaky_flow = Flaky(1), Flaky(1)

    def hook(of: object, run: object, state: State[object]) -> None:
        heard.append(f"{run.name} {state.name} {state.type}")  # type: ignore[attr-defined]

    def note_state(of: str) -> None:
        context = get_run_context()
        run = context.task_run if isinstance(context, TaskRunContext) else context.flow_run
        inside.append((of, run.state.name))

    @task(retries=1, on_running=[hook])
    def counted() -> None:
        note_state("task")
        flaky()

    @flow(retries=1, on_running=[hook], flow_run_name="r")
    def my_flow() -> None:
        note_state("flow")
        counted()
        flaky_flow()

    my_flow()
    assert heard == [
        "r Running RUNNING",
        "counted-0 Running RUNNING", "counted-0 Retrying RUNNING",
        "r Retrying RUNNING", "counted-1 Running RUNNING",
    ]  # fmt: skip
    assert inside == [
        ("flow", "Running"), ("task", "Running"), ("task", "Retrying"), ("flow", "Retrying"), ("task", "Running"),
    ]  # fmt: skip
