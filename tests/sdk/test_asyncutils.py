"""What authors take from Prefect's utilities: plain code and coroutines that call each other, and hashes."""

import asyncio
import threading

import pytest

from tests.sdk.history import History
from tui_flow import flow, task
from tui_flow.context import TagsContext
from tui_flow.logging import print_as_log
from tui_flow.sdk.asyncutils import gather, run_coro_as_sync, run_sync_in_worker_thread, sync_compatible
from tui_flow.sdk.hashing import hash_objects, stable_hash
from tui_flow.sdk.runtime import flow_run


async def double(x: int) -> int:
    await asyncio.sleep(0)
    return 2 * x


def test_a_coroutine_gives_its_result_in_plain_code_also_inside_of_a_loop() -> None:
    async def inside() -> int:
        return run_coro_as_sync(double(2))

    assert (run_coro_as_sync(double(1)), asyncio.run(inside())) == (2, 4)


def test_a_plain_function_in_another_thread_knows_its_run(history: History) -> None:
    def where() -> tuple[str, bool]:
        return str(flow_run.flow_name), threading.current_thread() is threading.main_thread()

    @flow(name="around")
    async def my_flow() -> tuple[str, bool]:
        return await run_sync_in_worker_thread(where)

    assert asyncio.run(my_flow()) == ("around", False)  # type: ignore[arg-type]


def test_a_compatible_function_is_called_in_plain_code_and_awaited_in_coroutines(history: History) -> None:
    found = sync_compatible(double)

    @task
    def plain() -> int:
        return found(4)  # type: ignore[no-any-return]

    @flow
    async def my_flow() -> list[int]:
        return [await found(3), plain(), *await gather(lambda: double(5), lambda: double(6))]

    assert found(1) == 2
    assert asyncio.run(my_flow()) == [6, 8, 10, 12]  # type: ignore[arg-type]


def test_hashes_are_equal_for_equal_values_and_none_for_what_has_none() -> None:
    assert (
        hash_objects([1, "a"], key={"b": 2}) == hash_objects([1, "a"], key={"b": 2}) != hash_objects([2, "a"])
    )
    assert hash_objects(threading.Lock()) is None
    with pytest.raises(ValueError):
        hash_objects(threading.Lock(), raise_on_failure=True)
    assert stable_hash("a", b"b") == stable_hash("ab")


def test_the_tags_around_and_a_print_that_is_logged(history: History) -> None:
    from tui_flow import tags

    @flow
    def my_flow() -> set[str]:
        print_as_log("one", 2, sep="-")
        with tags("a", "b"):
            return TagsContext.get().current_tags

    assert my_flow() == {"a", "b"}
    assert history.last.logged("one-2")
