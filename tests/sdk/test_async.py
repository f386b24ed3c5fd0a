"""Coroutine functions as flows and tasks: the same run logic, awaited."""

import asyncio
import time

import pytest

from tests.sdk.history import History
from tui_flow import State, flow, get_run_context, task
from tui_flow.contract import journal
from tui_flow.sdk.exceptions import FlowRunTimeoutError, UpstreamTaskError


@task
async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


@task
def add(left: int, right: int) -> int:
    return left + right


@task
async def fail() -> None:
    raise ValueError("as asked")


async def test_an_async_flow_is_awaited(history: History) -> None:
    @flow
    async def my_flow(number: int) -> int:
        return await double(number) + add(1, 2)

    assert await my_flow("4") == 11  # type: ignore[arg-type]
    assert history.last.ended.state == "completed"
    assert history.last.states("double") == history.last.states("add") == ["completed"]


def test_an_async_flow_can_be_run_from_a_script(history: History) -> None:
    @flow
    async def my_flow() -> State[int]:
        return await double(1, return_state=True)

    state = asyncio.run(my_flow(return_state=True))
    assert state.result() == 2


async def test_a_coroutine_that_is_never_awaited_leaves_no_trace(history: History) -> None:
    @flow
    async def my_flow() -> None:
        double(1).close()

    await my_flow()
    assert history.last.created("double") == []


async def test_awaited_tasks_run_side_by_side(history: History) -> None:
    @task
    async def meet(number: int) -> int:
        here.append(number)
        while len(here) < 20:
            await asyncio.sleep(0)
        return get_run_context().parameters["number"]

    here: list[int] = []

    @flow
    async def my_flow() -> list[int]:
        return await asyncio.gather(*(meet(number) for number in range(20)))

    assert await my_flow() == list(range(20))
    assert {event.parent for event in history.last.created("meet")} == {0}


async def test_submit_of_an_async_task_gives_a_future_at_once(history: History) -> None:
    @flow
    async def my_flow() -> object:
        future = double.submit(1)
        mapped = double.map([future, 2])
        with pytest.raises(TypeError):
            await future  # type: ignore[misc]
        return mapped.result(), await double(future)

    assert await my_flow() == ([4, 4], 4)


def test_a_sync_flow_may_submit_async_tasks(history: History) -> None:
    @flow
    def my_flow() -> int:
        return add(double.submit(1), double.submit(2))

    assert my_flow() == 6


async def test_flows_nest_async_in_async(history: History) -> None:
    @flow
    async def inner(number: int) -> int:
        return await double(number)

    @flow
    def sync_inner() -> int:
        return add(1, 1)

    @flow
    async def outer() -> int:
        return await inner(1) + sync_inner()

    assert await outer() == 4
    (run,) = history.runs
    assert run.states("inner") == run.states("sync-inner") == ["completed"]


async def test_an_async_task_is_tried_again(history: History) -> None:
    calls: list[int] = []

    @task(retries=2, retry_delay_seconds=0.01)
    async def flaky() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise ConnectionError
        return len(calls)

    @flow(retries=1)
    async def my_flow() -> int:
        if await flaky() and len(calls) == 3:
            calls.append(1)
            raise OSError
        return len(calls)

    assert await my_flow() == 5
    assert len(history.last.of(journal.TaskRetrying)) == 2
    assert len(history.last.of(journal.FlowRetrying)) == 1


async def test_an_async_task_and_flow_are_ended_at_their_timeouts(history: History) -> None:
    @task(timeout_seconds=0.05)
    async def slow() -> None:
        await asyncio.sleep(30)

    @flow(timeout_seconds=0.2)
    async def my_flow() -> None:
        with pytest.raises(TimeoutError):
            await slow()
        await asyncio.sleep(30)

    started = time.monotonic()
    with pytest.raises(FlowRunTimeoutError):
        await my_flow()
    assert time.monotonic() - started < 5
    assert history.last.finished("slow")[0].state_name == history.last.ended.state_name == "TimedOut"


async def test_a_failed_upstream_stops_an_awaited_task(history: History) -> None:
    @flow
    async def my_flow() -> None:
        with pytest.raises(UpstreamTaskError):
            await double(fail.submit())

    await my_flow()
    assert history.last.states("double") == ["upstream_failed"]


async def test_a_cancelled_coroutine_crashes_its_runs(history: History) -> None:
    began = asyncio.Event()

    @task
    async def endless() -> None:
        began.set()
        await asyncio.sleep(30)

    @flow
    async def my_flow() -> None:
        await endless()

    running = asyncio.create_task(my_flow())
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert history.last.states("endless") == ["crashed"]
    assert (history.last.ended.state, history.last.ended.reason) == ("crashed", "interrupted")


async def test_an_authors_own_timeout_around_a_task_works(history: History) -> None:
    @task
    async def endless() -> None:
        await asyncio.sleep(30)

    @flow
    async def my_flow() -> str:
        try:
            async with asyncio.timeout(0.05):
                await endless()
        except TimeoutError:
            return "timed out"
        return "?"

    assert await my_flow() == "timed out"


async def test_async_hooks_and_conditions_are_awaited(history: History) -> None:
    heard: list[str] = []

    async def hook(task: object, run: object, state: State[object]) -> None:
        await asyncio.sleep(0)
        heard.append(state.name)

    async def condition(task: object, run: object, state: State[object]) -> bool:
        await asyncio.sleep(0)
        heard.append("asked")
        return False

    @task(retries=3, retry_condition_fn=condition, on_failure=[hook])
    async def flaky() -> None:
        raise ConnectionError

    @flow
    async def my_flow() -> bool:
        return (await flaky(return_state=True)).is_failed()

    assert await my_flow()
    assert heard == ["asked", "Failed"]


async def test_submitted_tasks_do_not_block_the_loop_at_the_flows_end(history: History) -> None:
    ticks: list[int] = []

    @task
    def slow() -> None:
        time.sleep(0.1)

    async def tick() -> None:
        while True:
            ticks.append(1)
            await asyncio.sleep(0.01)

    @flow
    async def my_flow() -> None:
        slow.submit()

    ticking = asyncio.create_task(tick())
    await my_flow()
    ticking.cancel()
    assert len(ticks) > 3
    assert history.last.states("slow") == ["completed"]


def test_a_task_whose_coroutine_waits_for_futures_on_one_thread_goes_on(history: History) -> None:
    from tui_flow import ThreadPoolTaskRunner

    @task
    async def outer(number: int) -> int:
        later = double.submit(number)
        return await double(later) + double.submit(number).result()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def my_flow() -> int:
        return outer.submit(1).result()

    assert my_flow() == 6
