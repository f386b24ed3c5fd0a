"""Digests of arguments: equal for equal values of one type, another for anything else, none where nobody can be sure."""

import dataclasses
import datetime
import enum
import functools
import re
import threading
import uuid
from collections import OrderedDict, namedtuple
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tui_flow.sdk.argument_digest import Undigestible, digest, register_hasher


@dataclasses.dataclass
class Point:
    x: int
    y: Any = None


@dataclasses.dataclass
class Place:
    x: int
    y: Any = None


class Model(BaseModel):
    x: int = 1


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    ONE = 1


Pair = namedtuple("Pair", "a b")


def of(value: Any) -> str:
    return digest((value,), {})


DIFFERENT = [
    None, False, True, 0, 1, -1, 2**70, 1.0, -0.0, 0.0, float("inf"), float("nan"), 1j, "", "1", "a", b"", b"1", b"a",
    [], [1], [1, 2], [[1], 2], [[1, 2]], (), (1,), (1, 2), {}, {"a": 1}, {"a": "1"}, {1: "a"}, {1}, frozenset({1}),
    {1, 2}, "é", "\udcff", list(range(20)), tuple(range(20)), [*range(19), "19"], [*range(19), True], ["a"] * 20, ["a" * 20],
    b"x" * 5000, b"y" * 5000, "x" * 5000, bytearray(b"a"), range(3), range(0, 3, 2), slice(1, 2), ..., int, str, len, max,
    Decimal("1.0"), Decimal("1.00"), datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1),
    datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), datetime.time(1), datetime.timedelta(1), uuid.UUID(int=1),
    Point(1), Point(2), Place(1), Point(1, [1]), Model(x=1), Model(x=2), Colour.RED, Colour.BLUE, Level.ONE,
    Pair(1, 2), OrderedDict(a=1), Path("/nowhere/a"), Path("/nowhere/b"), re.compile("a"), re.compile("a", re.I),
    functools.partial(max, 1), functools.partial(max, 2), ValueError("a"), ValueError("b"), TypeError("a"),
]  # fmt: skip


def test_different_values_have_different_digests() -> None:
    found: dict[str, Any] = {}
    for value in DIFFERENT:
        key = of(value)
        assert key not in found, (value, found[key])
        found[key] = value


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=30,
)


@given(value=VALUES)
def test_copies_have_equal_digests(value: Any) -> None:
    import copy

    assert of(copy.deepcopy(value)) == of(value)


@given(one=VALUES, two=VALUES)
def test_what_differs_in_its_text_differs_in_its_digest(one: Any, two: Any) -> None:
    if repr(one) != repr(two):
        assert of(one) != of(two) or one == two


def test_the_order_of_dictionaries_and_keywords_does_not_count() -> None:
    assert of({"a": 1, "b": 2}) == of({"b": 2, "a": 1})
    assert digest((), {"a": 1, "b": 2}) == digest((), {"b": 2, "a": 1}) != digest((), {"a": 1})


def test_a_file_counts_by_its_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "file"
    before = of(path)
    path.write_text("a")
    there = of(path)
    path.write_text("ab")
    assert len({before, there, of(path)}) == 3
    assert of(str(path)) == of(str(path))


def test_numpy_and_pandas_count_by_content() -> None:
    numpy = pytest.importorskip("numpy")
    assert of(numpy.arange(3)) == of(numpy.arange(3)) != of(numpy.arange(4))
    assert of(numpy.arange(3)) != of(numpy.arange(3.0)) != of(numpy.arange(3).reshape(3, 1))
    assert of(numpy.int64(1)) != of(numpy.int32(1))
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert of(frame) == of(frame.copy()) != of(frame.rename(columns={"a": "c"}))
    assert of(frame) != of(frame.assign(a=[1, 3])) and of(frame["a"]) != of(frame["b"])


def test_what_nobody_can_be_sure_of_has_none() -> None:
    class Opaque:
        pass

    endless: list[Any] = []
    endless.append(endless)
    for value in (Opaque(), threading.Lock(), object(), [1, {"a": Opaque()}], endless, (i for i in ())):
        with pytest.raises(Undigestible):
            of(value)


def test_a_hasher_of_ones_own_makes_a_class_digestible() -> None:
    class Table:
        def __init__(self, name: str) -> None:
            self.name, self.lock = name, threading.Lock()

    register_hasher(Table, lambda table: table.name)
    assert of(Table("a")) == of(Table("a")) != of(Table("b"))
