"""Parameters are validated and coerced by their types."""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path

from prefect import flow
from prefect.exceptions import ParameterBindError, ParameterTypeError
from pydantic import BaseModel, Field


class Colour(Enum):
    RED = "red"


class Model(BaseModel):
    a: int
    b: float = 0.5


@dataclass
class Point:
    x: int


@flow
def my_flow(
    number: int,
    day: date,
    colour: Colour,
    model: Model,
    path: Path,
    point: Point,
    many: list[int] = Field(default=[1]),  # noqa: B008
) -> list:
    return [number, day.year, colour.name, model.b, path.name, point, many]


@flow(validate_parameters=False)
def unchecked(number: int) -> object:
    return number


if __name__ == "__main__":
    print(my_flow("1", "2026-01-02", "red", {"a": "5"}, "x/y", {"x": "3"}, many=("4",)))
    for call in (
        lambda: my_flow.with_options(name="x")("one", 0, 0, 0, 0, 0),
        lambda: my_flow(),
        lambda: my_flow(1, nonsense=2),
    ):
        try:
            call()
        except (ParameterTypeError, ParameterBindError) as error:
            print(type(error).__name__, isinstance(error, TypeError))
    print(unchecked("text"))

# Output:
# [1, 2026, 'RED', 0.5, 'y', Point(x=3), [4]]
# ParameterTypeError False
# ParameterBindError True
# ParameterBindError True
# text
