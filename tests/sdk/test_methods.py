"""Flows and tasks in classes, with the decorators of methods above them or below."""

from typing import Any

import pytest

from tests.sdk.history import History
from tui_flow import flow, task


class Source:
    factor = 5

    @task
    def of_instance(self, number: int) -> int:
        return self.factor * number

    @task
    @classmethod
    def of_class(cls, number: int) -> int:
        return cls.factor * number

    @classmethod
    @task
    def of_class_below(cls, number: int) -> int:
        return cls.factor * number

    @task(name="named")
    @staticmethod
    def static(number: int) -> int:
        return 2 * number

    @staticmethod
    @task
    def static_below(number: int) -> int:
        return 2 * number

    @flow
    def flow_of_instance(self, number: int) -> int:
        return self.factor * number

    @flow
    @classmethod
    def flow_of_class(cls, number: int) -> int:
        return cls.factor * number

    @flow
    @staticmethod
    def static_flow(number: int) -> int:
        return 2 * number

    @flow
    @classmethod
    async def coroutine_of_class(cls, number: int) -> int:
        return cls.factor * number


class Other(Source):
    factor = 7


METHODS = [
    (Other().of_instance, 21),
    (Other().of_class, 21),
    (Other.of_class, 21),
    (Other().of_class_below, 21),
    (Other().static, 6),
    (Other.static, 6),
    (Other.static_below, 6),
]


@pytest.mark.parametrize("method, expected", METHODS)
def test_a_method_is_a_task(history: History, method: Any, expected: int) -> None:
    @flow
    def my_flow() -> list[int]:
        return [
            method(3),
            method.submit(3).result(),
            *method.map([3]).result(),
            method.with_options(tags=["a"])(3),
        ]

    assert my_flow() == [expected] * 4


def test_a_method_is_a_flow_that_coerces_its_parameters(history: History) -> None:
    assert Other().flow_of_instance("3") == 21
    assert Other.flow_of_class("3") == Other().flow_of_class("3") == 21
    assert Other.static_flow("3") == Other().static_flow("3") == 6


@pytest.mark.asyncio
async def test_a_class_method_may_be_a_coroutine(history: History) -> None:
    assert await Other.coroutine_of_class("3") == 21


def test_a_method_keeps_its_name(history: History) -> None:
    assert (Source.of_class.name, Source.static.name, Source.flow_of_class.name) == (
        "of_class",
        "named",
        "flow-of-class",
    )
