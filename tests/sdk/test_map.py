"""`map`: one task run for each item."""

import threading

import pytest

from tests.sdk.history import History
from tests.sdk.tiny_tasks import add, double, fail
from tui_flow import (
    allow_failure,
    flow,
    task,
    unmapped,
)
from tui_flow.contract import journal
from tui_flow.sdk.exceptions import (
    MappingLengthMismatch,
    MappingMissingIterable,
    UpstreamTaskError,
)


def test_map_calls_once_for_each_item(history: History) -> None:
    @flow
    def my_flow() -> list[list[int]]:
        numbers = double.map([1, 2, 3])
        return [
            numbers.result(),
            add.map(numbers, 10).result(),
            add.map(left=numbers, right=[1, 2, 3]).result(),
            add.map([1, 2], unmapped(5)).result(),
        ]

    assert my_flow() == [[2, 4, 6], [12, 14, 16], [3, 6, 9], [6, 7]]
    created = history.last.of(journal.TaskCreated)
    assert [(event.map_id, event.map_index) for event in created[:4]] == [(1, 0), (1, 1), (1, 2), (4, 0)]
    assert created[3].upstream == [1]


def test_map_waits_for_a_future_and_maps_over_its_result(history: History) -> None:
    @task
    def numbers() -> list[int]:
        return [1, 2]

    @flow
    def my_flow() -> list[int]:
        return double.map(numbers.submit()).result()

    assert my_flow() == [2, 4]
    assert [event.upstream for event in history.last.created("double")] == [[1], [1]]


def test_map_over_a_failed_future_says_so(history: History) -> None:
    @flow
    def my_flow() -> None:
        with pytest.raises(UpstreamTaskError, match="needs a result to map over"):
            double.map(fail.submit())

    my_flow()


def test_one_failed_item_fails_alone(history: History) -> None:
    @task
    def invert(number: int) -> float:
        return 1 / number

    @flow
    def my_flow() -> list[str]:
        inverted = invert.map([1, 0, 2])
        after = double.map(inverted)
        forgiven = task(repr).map(allow_failure(inverted))
        with pytest.raises(ZeroDivisionError):
            inverted.result()
        after.wait()
        assert forgiven.result() == ["1.0", "ZeroDivisionError('division by zero')", "0.5"]
        return [future.state.name for future in after]

    assert my_flow() == ["Completed", "NotReady", "Completed"]


def test_map_refuses_what_cannot_be_mapped(history: History) -> None:
    @flow
    def my_flow() -> list[int]:
        with pytest.raises(MappingMissingIterable, match=r"at least one iterable.*'left', 'right'"):
            add.map(1, "abc")
        with pytest.raises(MappingLengthMismatch, match=r"Got lengths: \[2, 3\]"):
            add.map([1, 2], [1, 2, 3])
        return double.map([]).result()

    assert my_flow() == []


def test_map_takes_generators_and_gives_states(history: History) -> None:
    @flow
    def my_flow() -> list[str]:
        states = double.map((n for n in range(2)), return_state=True)
        return [state.name for state in states]

    assert my_flow() == ["Completed", "Completed"]


@pytest.mark.soak
def test_a_hundred_thousand_tasks_are_all_in_the_journal(history: History) -> None:
    @flow
    def my_flow() -> int:
        return sum(double.map(range(100_000)).result())

    assert my_flow() == 9_999_900_000
    run = history.last
    assert len(run.of(journal.TaskCreated)) == len(run.of(journal.TaskFinished)) == 100_000
    assert {event.state for event in run.of(journal.TaskFinished)} == {"completed"}


def test_the_results_raise_as_soon_as_one_item_fails(history: History) -> None:
    gate = threading.Event()

    @task
    def invert(number: int) -> float:
        if number:
            gate.wait(10)
        return 1 / number

    @flow
    def my_flow() -> bool:
        inverted = invert.map([1, 2, 0])
        with pytest.raises(ZeroDivisionError):
            inverted.result()
        was_early = not gate.is_set()
        gate.set()
        assert [future.result(raise_on_failure=False) for future in inverted[:2]] == [1.0, 0.5]
        with pytest.raises(ZeroDivisionError):
            inverted.result()
        return was_early

    assert my_flow()


def test_the_results_of_many_come_within_their_time_or_not_at_all(history: History) -> None:
    gate = threading.Event()

    @task
    def wait_for_gate(number: int) -> int:
        gate.wait(10)
        return number

    @flow
    def my_flow() -> list[int]:
        waiting = wait_for_gate.map(range(3))
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.05)
        gate.set()
        return waiting.result(timeout=10)

    assert my_flow() == [0, 1, 2]
