"""Signatures, and what becomes of arguments."""

import enum
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from tests.sdk.history import History
from tui_flow import flow, task
from tui_flow.contract import journal
from tui_flow.sdk.exceptions import ParameterTypeError
from tui_flow.sdk.readable import MAX_READABLE, as_json, readable, revealed


class Colour(enum.Enum):
    RED = "red"


class Window(BaseModel):
    size: int


class Place(BaseModel):
    at: Path
    key: SecretStr


class Unknown:
    """A class that pydantic knows nothing of."""


@dataclass
class Point:
    x: int


def test_a_schema_has_every_parameter_with_its_default() -> None:
    @flow
    def my_flow(
        day: str, count: Annotated[int, Field(ge=1)] = 3, colour: Colour = Colour.RED, window: Window | None = None,
        thing: Unknown | None = None, mode: Literal["a", "b"] = "a", anything=None, *rest: int, **more: Any,
    ) -> None:  # fmt: skip
        pass

    schema = my_flow.parameter_schema()
    assert list(schema["properties"]) == [
        "day", "count", "colour", "window", "thing", "mode", "anything", "rest", "more",
    ]  # fmt: skip
    assert schema["required"] == ["day"]
    assert schema["properties"]["day"] == {"type": "string", "title": "day"}
    assert (schema["properties"]["count"]["minimum"], schema["properties"]["count"]["default"]) == (1, 3)
    assert schema["properties"]["mode"]["enum"] == ["a", "b"]
    assert "type" not in schema["properties"]["thing"]
    assert schema["$defs"]["Window"]["properties"]["size"]["type"] == "integer"


def test_a_schema_of_a_flow_with_annotations_that_cannot_be_resolved_has_no_types() -> None:
    def fn(day: "Nowhere", count: "int" = 3) -> None:  # type: ignore[name-defined]  # noqa: F821
        pass

    assert flow(fn).parameter_schema()["properties"]["day"] == {"title": "day"}
    assert flow(fn).validate_parameters({"day": 1}) == {"day": 1, "count": 3}


def test_what_pydantic_does_not_know_is_taken_as_it_is() -> None:
    @flow
    def my_flow(thing: Unknown, point: Point) -> None:
        pass

    thing = Unknown()
    assert my_flow.validate_parameters({"thing": thing, "point": {"x": "3"}}) == {
        "thing": thing,
        "point": Point(3),
    }
    with pytest.raises(ParameterTypeError, match="thing: Input should be an instance of Unknown"):
        my_flow.validate_parameters({"thing": 3, "point": {"x": 3}})


def test_defaults_are_not_validated() -> None:
    @flow
    def my_flow(count: int = None) -> None:  # type: ignore[assignment]  # noqa: RUF013
        pass

    assert my_flow.validate_parameters({}) == {"count": None}


def test_a_bool_is_no_exact_int_and_an_int_no_exact_float() -> None:
    @flow
    def my_flow(count: int = 0, rate: float = 0.0) -> None:
        pass

    found = my_flow.validate_parameters({"count": True, "rate": 3})
    assert (type(found["count"]), type(found["rate"])) == (int, float)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (2**70, str(2**70)),
        (float("nan"), "nan"),
        ({1: (2, {3})}, {"1": [2, [3]]}),
        (Colour.RED, "red"),
        (SecretStr("hidden"), "**********"),
        (b"bytes", "bytes"),
        (b"\xff", "b'\\xff'"),
        (Path("/data/in"), "/data/in"),
        (date(2026, 8, 20), "2026-08-20"),
        (Place(at=Path("/a"), key=SecretStr("hidden")), {"at": "/a", "key": "**********"}),
        ([Path("/a"), {"at": Path("/b")}], ["/a", {"at": "/b"}]),
    ],
)
def test_parameters_are_told_as_json_or_as_text(value: object, expected: object) -> None:
    assert readable(value) == expected


def test_secrets_are_revealed_for_the_run_that_is_to_get_them_alone() -> None:
    place = Place(at=Path("/a"), key=SecretStr("hidden"))
    given = {"places": [place], "key": SecretStr("other"), "n": (1,)}
    told = {"places": [{"at": "/a", "key": "hidden"}], "key": "other", "n": [1]}
    assert as_json(revealed(given)) == told
    assert as_json(given)["key"] == as_json(place)["key"] == "**********"


def test_defaults_in_the_schema_are_what_the_types_take_back() -> None:
    @flow
    def my_flow(
        root: Path = Path("/data"), day: date = date(2026, 8, 20), colour: Colour = Colour.RED
    ) -> None: ...

    properties = my_flow.parameter_schema()["properties"]
    defaults = {name: found["default"] for name, found in properties.items()}
    assert defaults == {"root": "/data", "day": "2026-08-20", "colour": "red"}
    assert my_flow.validate_parameters(defaults) == {
        "root": Path("/data"),
        "day": date(2026, 8, 20),
        "colour": Colour.RED,
    }


def test_parameters_for_a_run_are_never_cut() -> None:
    assert as_json({"numbers": list(range(5000)), "names": ["x" * 10**5]}) == {
        "numbers": list(range(5000)),
        "names": ["x" * 10**5],
    }


def test_telling_parameters_never_fails_and_never_floods() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    ring: list[object] = []
    ring.append(ring)
    assert "Hostile" in readable(Hostile())
    assert "Hostile" in str(readable({Hostile(): 1}))
    assert "Hostile" in str(as_json({Hostile(): 1}))
    assert readable(ring) is not None
    assert as_json({"ring": ring}) is not None
    assert len(str(readable(list(range(10**6))))) < 20_000
    assert len(readable("x" * 10**6)) <= MAX_READABLE


@pytest.mark.parametrize("number", [10**5000, float("nan"), float("-inf")], ids=["long", "nan", "infinite"])
def test_numbers_that_json_cannot_hold_are_told_as_text(history: History, number: float) -> None:
    @flow
    def my_flow(whole: Any, parts: Any = [number]) -> Any:  # noqa: B006
        return whole

    assert my_flow({number: [number]}) == {number: [number]}
    told = [history.last.one(journal.FlowStarted).parameters, my_flow.parameter_schema()]
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_functions_that_tell_no_signature_take_anything() -> None:
    assert task(min)(3, 2) == 2
    assert task(min).submit([3, 1]).result() == 1
