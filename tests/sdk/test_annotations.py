"""Marks on arguments and on return values."""

from typing import Any

import pytest

from tests.sdk.history import History
from tests.sdk.tiny_tasks import double, fail
from tui_flow import allow_failure, flow, quote, task, unmapped
from tui_flow.sdk.annotations import freeze, opaque
from tui_flow.sdk.futures import resolve_futures_to_results, resolve_futures_to_states
from tui_flow.sdk.states import Completed


@task
def same(value: Any) -> Any:
    return value


def test_opaque_gives_a_futures_result_and_looks_no_further(history: History) -> None:
    @flow
    def my_flow() -> list[Any]:
        number = double.submit(2)
        with_future_inside = [number]
        return [same(opaque(number)), same(opaque(with_future_inside)) is with_future_inside]

    assert my_flow() == [4, True]


def test_opaque_waits_for_what_failed_as_any_future_does(history: History) -> None:
    @flow
    def my_flow() -> str:
        return str(same(opaque(fail.submit()), return_state=True).name)  # type: ignore[call-overload]

    assert my_flow() == "NotReady"


def test_quote_hands_a_future_over_as_it_is(history: History) -> None:
    @flow
    def my_flow() -> int:
        number = double.submit(2)
        assert same(quote([number]))[0] is number
        return number.result()

    assert my_flow() == 4


def test_a_quoted_state_is_a_flows_result_and_not_its_state(history: History) -> None:
    from tui_flow.sdk.states import Failed

    @flow
    def my_flow() -> Any:
        return quote(Failed(message="not mine"))

    assert my_flow().unquote().message == "not mine"
    assert history.last.ended.state == "completed"


def test_marks_unwrap_and_compare() -> None:
    assert unmapped([1]) == unmapped([1]) != allow_failure([1])
    assert freeze(3).unfreeze() == quote(3).unquote() == unmapped(3).unwrap() == 3
    assert unmapped[int] is unmapped


def test_futures_inside_of_anything_can_be_resolved(history: History) -> None:
    @flow
    def my_flow() -> Any:
        value = {"a": [double.submit(1)], "b": (double.submit(2), 5)}
        states = resolve_futures_to_states(value)
        assert states["a"][0].is_completed()
        with pytest.raises(ValueError):
            resolve_futures_to_results([fail.submit()])
        return resolve_futures_to_results(value)

    assert my_flow() == {"a": [2], "b": (4, 5)}
    assert resolve_futures_to_results([Completed(data=1)])[0].is_completed()


def test_hooks_of_decorators_stay_with_other_options(history: History) -> None:
    seen: list[str] = []

    @task
    def my_task() -> None:
        pass

    @flow
    def my_flow() -> None:
        my_task.with_options(name="other")()

    my_task.on_completion(lambda task, run, state: seen.append(task.name))
    my_flow.on_completion(lambda flow, run, state: seen.append(flow.name))
    my_flow.with_options(name="renamed")()
    my_flow.with_options(on_completion=[])()
    assert seen == ["other", "renamed", "other"]
