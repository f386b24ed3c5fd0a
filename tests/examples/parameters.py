"""Parameters: coerced to their types, models of pydantic's, and what does not fit."""

from datetime import date, timedelta
from pathlib import Path

from prefect import flow
from prefect.exceptions import ParameterTypeError
from pydantic import BaseModel


class Model(BaseModel):
    a: int
    b: float = 0.5


@flow
def my_flow(
    day: date, every: timedelta, where: Path, model: Model, names: list[str], limit: int | None = None
) -> None:
    print(day.year, every.total_seconds(), where.name, model, names, limit)


@flow(validate_parameters=False)
def unchecked(x: int) -> None:
    print(type(x).__name__)


if __name__ == "__main__":
    my_flow("2024-02-29", 90, "/data/in.csv", {"a": "1"}, ("x", "y"))
    my_flow(date(2024, 1, 1), timedelta(1), Path("a"), Model(a=2, b=3), [], limit="5")
    unchecked("7")
    try:
        my_flow("no day", 1, "x", {"a": "b"}, [])
    except ParameterTypeError as error:
        print("day" in str(error), "model.a" in str(error))
    print(
        my_flow.validate_parameters(
            {"day": "2024-01-01", "every": 1, "where": "x", "model": {"a": 1}, "names": []}
        )["day"]
    )
    print(my_flow.serialize_parameters({"day": date(2024, 1, 1), "model": Model(a=1)}))

# Output:
# 2024 90.0 in.csv a=1 b=0.5 ['x', 'y'] None
# 2024 86400.0 a a=2 b=3.0 [] 5
# str
# True True
# 2024-01-01
# {'day': '2024-01-01', 'model': {'a': 1, 'b': 0.5}}
