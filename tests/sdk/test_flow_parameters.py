"""What a flow takes, and what becomes of arguments that do not fit."""

from typing import Any

import pytest

from tests.sdk.history import History
from tui_flow import flow
from tui_flow.contract import journal
from tui_flow.sdk.exceptions import (
    ParameterBindError,
    ParameterTypeError,
)


def test_parameters_are_coerced_to_the_declared_types(history: History) -> None:
    from datetime import date

    @flow
    def my_flow(count: int, day: date, names: list[str], rate: float = 1) -> object:
        return count, day, names, rate

    assert my_flow("3", "2026-11-23", ("a", "b")) == (3, date(2026, 11, 23), ["a", "b"], 1)
    assert history.last.one(journal.FlowStarted).parameters["day"] == "2026-11-23"


def test_parameters_of_the_wrong_type_are_named(history: History) -> None:
    @flow
    def my_flow(count: int, names: list[int]) -> None:
        pass

    with pytest.raises(
        ParameterTypeError, match=r"parameters: count: Input should be a valid integer.*\n - names.1: "
    ):
        my_flow("many", [1, "x"])
    assert (history.last.ended.state, history.last.ended.reason) == ("failed", "refused")
    assert "count" in history.last.ended.message


def test_parameters_that_do_not_fit_are_refused_before_there_is_a_run(history: History) -> None:
    @flow
    def my_flow(count: int) -> None:
        pass

    with pytest.raises(ParameterBindError, match="missing a required argument: 'count'"):
        my_flow()
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        my_flow(1, other=2)
    assert history.runs == []


def test_validation_can_be_switched_off(history: History) -> None:
    @flow(validate_parameters=False)
    def my_flow(count: int) -> object:
        return count

    assert my_flow("3") == "3"


def test_a_flow_takes_any_arguments_that_its_function_takes(history: History) -> None:
    @flow
    def my_flow(first: int, /, *rest: int, key: str = "k", **more: int) -> object:
        return first, rest, key, more

    assert my_flow("1", "2", 3, key="x", extra="4") == (1, (2, 3), "x", {"extra": 4})


def test_fields_give_defaults_and_limits(history: History) -> None:
    from pydantic import BaseModel, Field

    class Window(BaseModel):
        size: int

    @flow
    def my_flow(window: Window, count: int = Field(default=3, gt=2)) -> object:
        return window.size, count

    assert my_flow({"size": "5"}) == (5, 3)
    with pytest.raises(ParameterTypeError, match="count: Input should be greater than 2"):
        my_flow(Window(size=1), 1)


def test_defaults_are_each_calls_own_and_of_the_declared_class(history: History) -> None:
    from datetime import date

    from pydantic import BaseModel

    class Window(BaseModel):
        size: int

    @flow
    def my_flow(
        seen: list[list[int]] = [[1]],  # noqa: B006
        day: date = "2026-11-23",  # type: ignore[assignment]
        odd: int = "many",  # type: ignore[assignment]
        window: Window = {"size": "3"},  # type: ignore[assignment]  # noqa: B006
        anything: Any = 5,
        shared=[],  # type: ignore[no-untyped-def]  # noqa: B006
    ) -> object:
        seen[0].append(2)
        shared.append(3)
        return seen, day, odd, shared, window

    first, second = my_flow(), my_flow()
    assert first[:3] == second[:3] == ([[1, 2]], date(2026, 11, 23), "many")
    assert second[4] == Window(size=3)
    assert second[3] == [3, 3], "nothing is said of it: it is Python's one default"
