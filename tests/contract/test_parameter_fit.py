"""What surely is no value for a parameter: never anything that pydantic takes, and the plain mistakes all."""

import dataclasses
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Optional
from uuid import UUID

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    AnyUrl,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    HttpUrl,
    Json,
    Secret,
    SecretBytes,
    SecretStr,
    Strict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)  # fmt: skip

from tui_flow.contract.parameter_fit import misfit
from tui_flow.contract.secret_parameters import definitions_of
from tui_flow.sdk import params
from tui_flow.tui.presentation.patterns import matches


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Any_(Enum):
    A = "a"

    @classmethod
    def _missing_(cls, _: object) -> "Any_":
        return cls.A


class Bare(Enum):
    A = "a"

    @staticmethod
    def _missing_(_: object) -> "Bare":
        return Bare.A


class Named(BaseModel):
    model_config = ConfigDict(populate_by_name=True, coerce_numbers_to_str=True)
    token: SecretStr = Field(alias="apiToken")
    n: int = 1
    text: str = ""


class Before(BaseModel):
    n: int

    @model_validator(mode="before")
    @classmethod
    def read(cls, value: Any) -> Any:
        return {"n": 1} if isinstance(value, str) else value


class FieldBefore(BaseModel):
    n: Annotated[int, Field(json_schema_extra={"position": 1})]
    m: int = 1

    @field_validator("n", mode="before")
    @classmethod
    def read(cls, _: Any) -> int:
        return 1


class Told(BaseModel):
    model_config = ConfigDict(json_schema_extra={"required": ["a", "b"]})
    a: int = 1


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int = 1


class Aliased(BaseModel):
    a: int = Field(validation_alias=AliasChoices("x", AliasPath("y", 0)))
    b: int = Field(validation_alias=AliasPath("z", 0))


class Pair(NamedTuple):
    a: int
    b: str


@dataclasses.dataclass
class Data:
    a: int
    b: str = "x"


class Cat(BaseModel):
    kind: Literal["cat"]
    n: int


class Dog(BaseModel):
    kind: Literal["dog"]


class Tree(BaseModel):
    v: int
    kids: list["Tree"] = []


HINTS: list[Any] = [
    Level, Any_, Bare, Literal[1, 2], Literal["a", "x"], int, float, bool, str, bytes, date, datetime, time, timedelta, UUID, Decimal,
    Path, list[int], Sequence[str], Iterable[int], set[int], frozenset[Level], tuple[int, str], tuple[int, ...], tuple[()],
    deque[int], dict[str, int], dict[int, str], dict[Level, int], Mapping[str, int], Named, Before, FieldBefore, Closed, Aliased, Told,
    Pair, Data, Tree, Optional[int], int | str | None, Cat | Dog, Annotated[Cat | Dog, Field(discriminator="kind")],  # noqa: UP045
    Annotated[int, BeforeValidator(lambda _: 1)], Annotated[int, AfterValidator(lambda n: n + 1)],
    Annotated[int, WithJsonSchema({"type": "string"})], Annotated[int, Field(json_schema_extra={"type": "string"})],
    Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=3, pattern="^[a-z]+$")],
    Annotated[int, Field(ge=0, le=100)], Annotated[float, Field(gt=0, multiple_of=0.5)], Annotated[list[int], Field(max_length=2)],
    Annotated[set[int], Field(max_length=1)], Annotated[Decimal, Field(max_digits=3, gt=0)], Annotated[int, Strict()], SecretStr,
    SecretBytes, Secret[int], IPv4Address, AnyUrl, HttpUrl, dict[str, str], Annotated[int, Field(multiple_of=5)],
    Annotated[float, Field(multiple_of=5)], Annotated[str, Field(coerce_numbers_to_str=True)], list[str], Path | None, ByteSize, Json[list[int]], list[Named], Any,
]  # fmt: skip
VALUES: list[Any] = [
    "1", 1, 1.0, 1.5, True, None, "LOW", "nan", " 1 ", "x", "a", "", "yes", "2026-01-01", "2026-13-01", "today", "P1D", "05:00",
    "86400", "1e3", "1_0", ".5", "ABC", " abc ", "abcd", "1,2", "[1]", '{"a":1}', "http://x", "12345678123456781234567812345678",
    -5, 500, [1], ["a"], [], [1, "b"], [1, 1, 1], [["a", 1]], {}, {"a": 1}, {"a": "x"}, {"a": 1, "b": "x"}, {"1": 1}, {"token": "x"},
    {"apiToken": "x", "text": 5}, {"apiToken": "x", "n": "q"}, {"x": 1, "z": [1]}, {"y": [1], "z": [1]}, {"kind": "cat", "n": 1},
    "25:00", "24:00", "5:00", "05:60", "05:00:00.5Z", "05:00+02:00", " 05:00", "T05:00", "1h 30m", "PT5M", "-P1D", "1 day", "1d 05:00", "01:30:00",
    "1:30", "+1d", "1 days, 05:00:00", "-1 day, 01:00:00", "30:00:00", "http:x", "mailto:a@b", " http://x ", "//x", "ht\ntp://x", "\thttp://x", "7", 10, 5.0, "5.0",
    "{12345678-1234-5678-1234-567812345678}", "urn:uuid:12345678-1234-5678-1234-567812345678", "1.2.3.4", "::1", "1_0.5", "+5", "Infinity",
    {"kind": "dog"}, {"n": "q"}, {"v": 1, "kids": [{"v": "x"}]}, {"v": 1, "kids": [{"v": 2}]}, [{"apiToken": "x"}],
]  # fmt: skip


def wrong(hint: Any, value: Any) -> str:
    part = params._property(hint)
    found = misfit(part, value, definitions_of(part), matches)
    return str(found) if found else ""


@pytest.mark.parametrize("hint", HINTS, ids=[re.sub(" at 0x[0-9a-f]+", "", str(hint)) for hint in HINTS])
def test_nothing_that_pydantic_takes_is_found_wrong(hint: Any) -> None:
    adapter = params._adapter(hint)
    for value in VALUES:
        try:
            adapter.validate_python(value)
        except ValidationError:
            continue
        assert not wrong(hint, value), value


@pytest.mark.parametrize(
    ("hint", "value", "why"),
    [
        (Literal["fast", "slow"], "foo", "one of fast | slow"),
        (Level, "MIDDLE", "one of 1 (LOW) | 2 (HIGH)"),
        (int, "x", "needs a whole number"),
        (int, 1.5, "needs a whole number"),
        (int | None, "x", "needs a whole number or null"),
        (bool, "perhaps", "needs a true or false"),
        (date, "2026-13-01", "needs a date, as 2026-08-20"),
        (list[int], "x", "needs a JSON list"),
        (list[int], [1, "x"], "1: needs a whole number"),
        (dict[str, int], {"a": 1, "b": "x"}, "b: needs a whole number"),
        (Annotated[str, Field(pattern="^[a-z]+$")], "A1", "has to match ^[a-z]+$"),
        (Annotated[int, Field(le=5)], "6", "has to be at most 5"),
        (Annotated[str, Field(min_length=2)], "a", "has to have at least this many letters: 2"),
        (Data, {"a": "x"}, "a: needs a whole number"),
        (Data, {"b": "x"}, "a: is missing"),
        (Closed, {"b": 1}, "b: is not known, but a"),
        (Named, {"n": 1}, "apiToken: is missing"),
        (Tree, {"v": 1, "kids": [{"v": "x"}]}, "kids.0.v: needs a whole number"),
        (Annotated[int, Field(multiple_of=5)], 7, "has to be a multiple of 5"),
        (time, "25:00", "needs a time, as 14:30"),
        (timedelta, "1h 30m", "needs a duration, as PT5M or 01:30:00"),
        (UUID, 123, "needs a text"),
        (UUID, "123", "needs a UUID"),
        (AnyUrl, "nope", "needs a URL, as https://example.org"),
        (Decimal, "abc", "needs a number"),
        (dict[str, str], {"a": 1}, "a: needs a text"),
        (str, 5, "needs a text"),
    ],
)
def test_what_surely_fails_is_told_with_its_place_and_what_fits(hint: Any, value: Any, why: str) -> None:
    assert wrong(hint, value) == why
    with pytest.raises(ValidationError):
        TypeAdapter(hint).validate_python(value)


def test_nothing_is_too_much_to_look_at() -> None:
    assert misfit({"type": "integer"}, "9" * 100_000, {}) is not None
    assert misfit({"type": "string"}, "9" * 100_000 + "x", {}) is None
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]
    within = {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}}
    assert misfit(within["list"], deep, within) is None
