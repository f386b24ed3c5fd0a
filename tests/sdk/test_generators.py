"""Flows and tasks that yield."""

from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from tests.sdk.flaky import Flaky
from tests.sdk.history import History
from tests.sdk.tiny_tasks import double
from tui_flow import flow, get_run_context, task
from tui_flow.contract import journal
from tui_flow.sdk.exceptions import FlowRunTimeoutError, TaskRunTimeoutError


@task
def count(to: int) -> Generator[int, str | None, str]:
    yield from range(to)
    return "the end"


@task
async def count_async(to: int) -> AsyncGenerator[int, None]:
    for number in range(to):
        yield number


def test_a_task_yields_while_it_runs(history: History) -> None:
    @flow
    def my_flow() -> list[int]:
        found = []
        for number in count(3):
            found.append(double(number))
        return found

    assert my_flow() == [0, 2, 4]
    names = [event.name for event in history.last.of(journal.TaskCreated)]
    assert names == ["count", "double", "double", "double"]
    assert history.last.states("count") == ["completed"]
    ends = [event.id for event in history.last.of(journal.TaskFinished)]
    assert ends == [2, 3, 4, 1]
    assert {event.parent for event in history.last.of(journal.TaskCreated)} == {0}


def test_the_body_knows_its_run_and_the_code_around_it_the_flow(history: History) -> None:
    @task
    def names() -> Generator[str, None, None]:
        yield get_run_context().task_run.name  # type: ignore[union-attr]
        yield get_run_context().task_run.name  # type: ignore[union-attr]

    @flow(flow_run_name="around")
    def my_flow() -> list[str]:
        return [f"{name} in {get_run_context().flow_run.name}" for name in names()]  # type: ignore[union-attr]

    assert my_flow() == ["names-0 in around"] * 2


def test_nothing_runs_before_the_first_step_and_arguments_are_looked_at_at_once(history: History) -> None:
    @flow
    def my_flow() -> None:
        count(3)
        with pytest.raises(TypeError, match="missing a required argument"):
            count()  # type: ignore[call-arg]

    my_flow()
    assert history.last.created("count") == []


def test_what_is_sent_thrown_and_returned_goes_through(history: History) -> None:
    @task
    def echo() -> Generator[str, str, str]:
        said = yield "first"
        try:
            yield f"you said {said}"
        except KeyError:
            yield "you threw"
        return "bye"

    @flow
    def my_flow() -> list[str]:
        talk = echo()
        found = [next(talk), talk.send("hello"), talk.throw(KeyError("x"))]
        with pytest.raises(StopIteration) as end:
            next(talk)
        return [*found, end.value.value]

    assert my_flow() == ["first", "you said hello", "you threw", "bye"]


def test_who_stops_early_has_a_completed_task_whose_cleanup_ran(history: History) -> None:
    cleaned = []

    @task
    def endless() -> Generator[int, None, None]:
        try:
            while True:
                yield 1
        finally:
            cleaned.append(True)

    @flow
    def my_flow() -> None:
        for _ in endless():
            break

    my_flow()
    assert cleaned == [True]
    assert history.last.states("endless") == ["completed"]


def test_an_error_reaches_who_iterates_after_the_values_before_it_and_retries_begin_anew(
    history: History,
) -> None:
    flaky = Flaky(2)

    @task(retries=1)
    def unsteady() -> Generator[str, None, None]:
        yield "a"
        flaky()
        yield "b"

    @flow
    def my_flow() -> list[str]:
        found = []
        with pytest.raises(ConnectionError):
            for letter in unsteady():
                found.append(letter)
        return [*found, *unsteady()]

    assert my_flow() == ["a", "a", "a", "b"]
    assert history.last.states("unsteady") == ["failed", "completed"]


def test_submitted_mapped_and_returned_generators_become_lists(history: History) -> None:
    @task
    def gives() -> Generator[int, None, None]:
        return (number for number in (7, 8))  # type: ignore[return-value]

    @flow
    def my_flow() -> Any:
        state: Any = count(2, return_state=True)
        return [
            count.submit(2).result(),
            count.map([1, 2]).result(),
            count_async.submit(2).result(),
            state.result(),
            gives(),
        ]

    assert my_flow() == [[0, 1], [[0], [0, 1]], [0, 1], [0, 1], [7, 8]]


def test_a_generator_that_a_flow_returns_is_consumed(history: History) -> None:
    @flow
    def my_flow() -> Any:
        return count(3)

    assert my_flow() == [0, 1, 2]
    assert history.last.states("count") == ["completed"]


def test_a_flow_yields_outside_of_and_inside_other_flows(history: History) -> None:
    @flow
    def numbers(to: int) -> Generator[int, None, None]:
        for number in range(int(to)):
            yield double(number)

    @flow
    def around() -> list[int]:
        return list(numbers(2))

    assert list(numbers("3")) == [0, 2, 4]  # type: ignore[arg-type]
    assert history.last.states("double") == ["completed"] * 3
    assert history.last.ended.state == "completed"
    assert around() == [0, 2]
    assert history.last.states("numbers") == ["completed"]


def test_time_is_up_in_the_middle(history: History) -> None:
    @task(timeout_seconds=0.1)
    def slow() -> Generator[int, None, None]:
        yield 1
        while True:
            pass

    @flow(timeout_seconds=0.1)
    def slow_flow() -> Generator[int, None, None]:
        yield 1
        while True:
            pass

    @flow
    def my_flow() -> None:
        with pytest.raises(TaskRunTimeoutError):
            list(slow())
        with pytest.raises(FlowRunTimeoutError):
            list(slow_flow())

    my_flow()


async def test_async_generators(history: History) -> None:
    closed = []

    @task
    async def echo() -> AsyncGenerator[str, str]:
        try:
            said = yield get_run_context().task_run.name  # type: ignore[union-attr]
            try:
                yield said
            except KeyError:
                yield "threw"
            while True:
                yield "more"
        finally:
            closed.append(True)

    @flow
    async def numbers() -> AsyncGenerator[int, None]:
        async for number in count_async(3):
            yield double(number)

    @flow
    async def my_flow() -> list[Any]:
        talk = echo()
        said = [
            await anext(talk),
            await talk.asend("hello"),
            await talk.athrow(KeyError()),
            await anext(talk),
        ]
        await talk.aclose()
        return [*said, [number async for number in numbers()]]

    assert await my_flow() == ["echo-0", "hello", "threw", "more", [0, 2, 4]]
    assert closed == [True]
    assert history.last.states("echo") == history.last.states("numbers") == ["completed"]
    assert [number async for number in numbers()] == [0, 2, 4]
    assert history.last.ended.state == "completed"


async def test_an_async_generator_that_raises(history: History) -> None:
    @task
    async def broken() -> AsyncGenerator[int, None]:
        yield 1
        raise KeyError("x")

    @flow
    async def my_flow() -> list[int]:
        found = []
        with pytest.raises(KeyError):
            async for number in broken():
                found.append(number)
        return found

    assert await my_flow() == [1]
    assert history.last.states("broken") == ["failed"]
