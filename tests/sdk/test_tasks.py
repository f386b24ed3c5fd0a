"""Tasks that are called, as their authors see them."""

import signal
import threading
import time
from dataclasses import dataclass

import pytest

from tests.sdk.history import History
from tests.waiting import wait_until
from tui_flow import State, allow_failure, exponential_backoff, flow, get_run_context, quote, task
from tui_flow.contract import journal
from tui_flow.sdk import states
from tui_flow.sdk.cache_policies import INPUTS, NO_CACHE
from tui_flow.sdk.exceptions import (
    ParameterBindError,
    TaskRunTimeoutError,
    UnfinishedRun,
    UnsupportedFeature,
    UpstreamTaskError,
)


@task
def double(number: int) -> int:
    return 2 * number


@task
def fail(why: str = "as asked") -> None:
    raise ValueError(why)


class Flaky:
    """Fails so many times, then counts."""

    def __init__(self, failures: int) -> None:
        self.failures, self.calls = failures, 0

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError(f"try {self.calls}")
        return self.calls


def test_a_call_writes_two_lines(history: History) -> None:
    @flow
    def my_flow() -> int:
        return double(4)

    assert my_flow() == 8
    about_tasks = [event for event in history.last.events if hasattr(event, "id")]
    assert [type(event).__name__ for event in about_tasks] == ["TaskCreated", "TaskFinished"]
    assert (about_tasks[0].state, about_tasks[0].run_name) == ("running", "double-0")


def test_a_task_outside_of_flows_works_and_leaves_no_history(history: History) -> None:
    flaky = Flaky(1)

    @task(retries=1)
    def counted() -> int:
        return flaky()

    assert counted() == 2
    assert double.submit(4).result() == 8
    assert double.map([1, 2]).result() == [2, 4]
    assert fail(return_state=True).is_failed()
    assert history.runs == []


def test_a_task_in_a_task_is_its_child(history: History) -> None:
    @task
    def outer(number: int) -> int:
        return double(number) + double.submit(number).result()

    @flow
    def my_flow() -> int:
        return outer(1)

    assert my_flow() == 4
    assert [event.parent for event in history.last.created("double")] == [1, 1]


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


def test_a_task_that_returns_a_state_ends_in_it(history: History) -> None:
    @task
    def refuse() -> State[None]:
        return states.Failed(message="no data today")

    @task
    def accept() -> State[int]:
        return states.Completed(message="fine", data=3)

    @flow
    def my_flow() -> object:
        assert refuse(return_state=True).message == "no data today"
        return accept(return_state=True).message, accept()

    assert my_flow() == ("fine", 3)
    assert history.last.states("refuse") == ["failed"]


def test_run_names_come_from_templates_and_functions(history: History) -> None:
    @task(task_run_name="load-{day}-{n}")
    def by_template(day: str, n: int = 3) -> str:
        return get_run_context().task_run.name

    @task(task_run_name=lambda: "by-" + get_run_context().parameters["day"])
    def by_function(day: str) -> None:
        pass

    @flow
    def my_flow() -> str:
        by_function("today")
        future = double.submit(1)
        by_template.submit("late", future).wait()
        return by_template("monday")

    assert my_flow() == "load-monday-3"
    run = history.last
    assert [event.run_name for event in run.of(journal.TaskCreated)] == [
        "by-today", "double-0", "by_template-0", "load-monday-3",
    ]  # fmt: skip
    assert run.one(journal.TaskRenamed).run_name == "load-late-2"


def test_hooks_hear_of_every_end(history: History) -> None:
    heard: list[str] = []

    def hook(task: object, task_run: object, state: State[object]) -> None:
        heard.append(f"{task_run.name} {state.name}")  # type: ignore[attr-defined]

    @task(on_completion=[hook], on_failure=[hook], retries=1)
    def sometimes(is_fine: bool) -> None:
        if not is_fine:
            raise ValueError

    sometimes.on_running(hook)

    @flow
    def my_flow() -> None:
        sometimes(True)
        sometimes.submit(False).wait()

    my_flow()
    assert heard == [
        "sometimes-0 Running", "sometimes-0 Completed", "sometimes-1 Running", "sometimes-1 Failed",
    ]  # fmt: skip


def test_futures_are_resolved_wherever_they_are(history: History) -> None:
    @dataclass(frozen=True)
    class Pair:
        left: object
        right: object

    @task
    def show(*values: object) -> object:
        return values

    @flow
    def my_flow() -> object:
        one = double.submit(1)
        state = double(5, return_state=True)
        return show([one, 1], (one,), {"k": {one}}, Pair(one, "r"), state, quote([one]) and "quoted")

    left = my_flow()
    assert left == ([2, 1], (2,), {"k": {2}}, Pair(2, "r"), 10, "quoted")
    assert history.last.created("show")[0].upstream == [1]


def test_collections_without_futures_are_handed_over_as_they_are(history: History) -> None:
    big = [[1, 2], {"a": [object()]}]

    @task
    def is_same(value: object) -> bool:
        return value is big

    @flow
    def my_flow() -> bool:
        future = double.submit(1)
        return is_same(big, wait_for=[future]) and is_same(quote(big)) and is_same.submit(big).result()

    assert my_flow()


def test_a_collection_that_holds_itself_is_no_trap(history: History) -> None:
    @flow
    def my_flow() -> int:
        double.submit(1).wait()
        ring: list[object] = [1]
        ring.append(ring)
        return task(len)(ring)

    assert my_flow() == 2


def test_a_failed_upstream_stops_a_call_with_a_reason(history: History) -> None:
    called: list[int] = []

    @task
    def after(value: object) -> None:
        called.append(1)

    @flow
    def my_flow() -> str:
        with pytest.raises(UpstreamTaskError, match="'fail-0' did not reach a 'COMPLETED' state"):
            after(fail.submit())
        with pytest.raises(UnfinishedRun):
            after(1, wait_for=[fail(return_state=True)])
        state = after(fail.submit(), return_state=True)
        return f"{state.type} {state.name}"

    assert my_flow() == "PENDING NotReady"
    assert called == []
    assert history.last.states("after") == ["upstream_failed"] * 3
    assert {event.reason for event in history.last.finished("after")} == {"upstream"}


def test_a_failure_can_be_allowed(history: History) -> None:
    @task
    def after(value: object) -> str:
        return repr(value)

    @flow
    def my_flow() -> list[str]:
        failed = fail.submit()
        never = double.submit(failed)
        return [
            after(allow_failure(failed)),
            after([allow_failure(failed)]),
            after(allow_failure(never))[:17],
        ]

    assert my_flow() == ["ValueError('as asked')", "[ValueError('as asked')]", "UpstreamTaskError"]


def test_arguments_that_do_not_fit_are_refused_before_there_is_a_run(history: History) -> None:
    @flow
    def my_flow() -> None:
        with pytest.raises(ParameterBindError, match="missing a required argument: 'number'"):
            double()
        with pytest.raises(ParameterBindError, match="too many positional arguments"):
            double.submit(1, 2)
        with pytest.raises(ParameterBindError, match="multiple values for argument 'number'"):
            double.map([1], number=[2])

    my_flow()
    assert history.last.created("double") == []


def test_caching_is_refused_at_decoration_and_no_caching_is_not() -> None:
    assert task(cache_policy=NO_CACHE)(print).name == "print"
    for options in ({"cache_policy": INPUTS}, {"cache_key_fn": print}, {"refresh_cache": True}):
        with pytest.raises(
            UnsupportedFeature, match=r"@task: .* does not work here\ntasks are not cached yet"
        ):
            task(**options)  # type: ignore[call-overload]


def test_a_thread_of_the_authors_own_belongs_to_the_flow_that_is_running(history: History) -> None:
    found: list[int] = []

    @flow
    def my_flow() -> None:
        thread = threading.Thread(target=lambda: found.append(double(21)))
        thread.start()
        thread.join()

    my_flow()
    assert found == [42]
    assert history.last.states("double") == ["completed"]


def test_a_forked_child_adds_nothing_to_the_journal(history: History) -> None:
    import os

    @flow
    def my_flow() -> int:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = double(3) + double.submit(4).result() - 14
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    assert my_flow() == 0
    assert history.last.created("double") == []


def test_ten_thousand_characters_of_message_are_cut(history: History) -> None:
    @flow
    def my_flow() -> bool:
        return fail("x" * 100_000, return_state=True).is_failed()

    assert my_flow()
    failure = history.last.finished("fail")[0].failure
    assert (
        failure
        and len(failure.message) == len(failure.message.encode("ascii", "ignore")) + 1 == journal.MAX_TEXT
    )


def test_an_exception_that_cannot_be_told_is_told_all_the_same(history: History) -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    @task
    def hostile() -> None:
        raise Hostile

    @flow
    def my_flow() -> bool:
        return hostile(return_state=True).is_failed()

    assert my_flow()
    failure = history.last.finished("hostile")[0].failure
    assert failure and "cannot be told" in failure.message


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
