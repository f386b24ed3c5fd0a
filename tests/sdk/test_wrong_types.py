"""What is of a wrong type is refused where it is said, by its name."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.sdk.history import History
from tui_flow import flow, task
from tui_flow.artifacts import create_table_artifact
from tui_flow.serializers import JSONSerializer


@pytest.mark.parametrize(
    ("use", "error", "says"),
    [
        (
            lambda: task(cache_policy="x")(print),
            TypeError,
            "cache policy such as INPUTS for 'cache_policy'; got 'x'",
        ),
        (lambda: task(retry_delay_seconds="10")(print), TypeError, "'retry_delay_seconds'; got '10'"),
        (lambda: task(retry_delay_seconds=[1, None])(print), TypeError, "'retry_delay_seconds'"),
        (lambda: create_table_artifact(3), TypeError, "a list of rows, or a dict of columns, not 3"),
        (lambda: JSONSerializer(jsonlib="orjson"), ValueError, "jsonlib='orjson' does not work here"),
    ],
    ids=["cache_policy", "retry_delay_seconds", "retry delays", "table", "jsonlib"],
)
def test_it_is_named(use: Callable[[], Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        use()


def test_a_timedelta_is_as_good_as_seconds() -> None:
    def work() -> None: ...

    waits: Any = timedelta(minutes=1)
    assert task(retries=2, retry_delay_seconds=waits)(work).retry_delays == 60
    assert task(retries=2, retry_delay_seconds=[waits, 5])(work).retry_delays == [60, 5]
    made: Any = flow(retries=1, retry_delay_seconds=waits, timeout_seconds=waits)(work)
    assert (made.retry_delays, made.timeout_seconds) == (60, 60)


def test_results_of_a_map_that_take_too_long_say_how_long_was_waited(history: History) -> None:
    go_on = threading.Event()

    @task
    def hold(number: int) -> int:
        go_on.wait()
        return number

    @flow
    def waiting() -> list[int]:
        futures = hold.map([1, 2])
        try:
            with pytest.raises(TimeoutError, match=r"'hold-0' did not complete within 0\.05 seconds"):
                futures.result(timeout=0.05)
        finally:
            go_on.set()
        return futures.result()

    assert waiting() == [1, 2]
