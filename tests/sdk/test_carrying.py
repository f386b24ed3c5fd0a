"""`with_context`: the run goes with a function into processes and threads of the author's own."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sdk.history import History
from tui_flow import flow, get_run_logger, task
from tui_flow.context import get_run_context, with_context


def double(item: int) -> tuple[int, str]:
    get_run_logger().info("doubling %d", item)
    return item * 2, str(get_run_context().flow_run_id)  # type: ignore[union-attr]


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_processes_of_a_pool_log_for_the_task_that_made_them(history: History, method: str) -> None:
    @task
    def parallel() -> list[tuple[int, str]]:
        with multiprocessing.get_context(method).Pool(1) as pool:
            return pool.map(with_context(double), [1, 2])

    @flow
    def my_flow() -> list[tuple[int, str]]:
        return parallel()

    found = my_flow()
    assert [value for value, _ in found] == [2, 4] and len({id for _, id in found}) == 1
    assert [(one.task_run, one.message) for one in history.last.logged("doubling")] == [
        (1, "doubling 1"), (1, "doubling 2"),
    ]  # fmt: skip


def test_threads_are_in_the_run_too(history: History) -> None:
    @task
    def parallel() -> list[tuple[int, str]]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(with_context(double), [1, 2]))

    @flow
    def my_flow() -> list[tuple[int, str]]:
        return parallel()

    assert [value for value, _ in my_flow()] == [2, 4]
    assert {one.task_run for one in history.last.logged("doubling")} == {1}


def test_outside_of_runs_it_is_the_function() -> None:
    assert with_context(len)("abc") == 3
