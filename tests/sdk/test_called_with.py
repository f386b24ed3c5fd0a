"""What a call was made with, in a short text: without the author's code, and without secrets."""

import dataclasses
import datetime
import enum
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from tests.sdk.history import History
from tui_flow import flow, task, unmapped
from tui_flow.blocks.system import Secret
from tui_flow.contract import journal
from tui_flow.contract.masking import Masker
from tui_flow.sdk import called_with as told
from tui_flow.sdk import masking


def call(*args: Any, **kwargs: Any) -> str:
    return told.called_with(load, args, kwargs)


def load(rows: Any, table: Any = "", *more: Any, **options: Any) -> None: ...


class Mode(enum.Enum):
    APPEND = "append"


class Hostile(type):
    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError(f"asked for {name}")


class Untouchable(metaclass=Hostile):
    pass


class Author:
    """Code of the author's, which must not run."""

    def __len__(self) -> int:
        raise AssertionError("asked for its length")

    __repr__ = __str__ = __len__  # type: ignore[assignment]
    __class__ = property(__len__)  # type: ignore[assignment]


class Rows(list[int]):
    def __len__(self) -> int:
        raise AssertionError("asked for its length")


@dataclasses.dataclass
class Order:
    number: int


@pytest.fixture
def masker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Masker]:
    found = Masker()
    monkeypatch.setattr(told, "masker", found)
    return found


CASES: list[tuple[Any, str]] = [
    ("USD", "'USD'"), (3, "3"), (2.5, "2.5"), (True, "True"), (None, "None"), (Mode.APPEND, "Mode.APPEND"),
    (datetime.date(2026, 11, 24), "2026-11-24"), (datetime.timedelta(hours=3), "3:00:00"), (Path("/srv/x"), "/srv/x"),
    (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    ([1, 2, 3], "list of 3"), ({1, 2}, "set of 2"), (b"abc", "bytes of 3"), (range(1200), "range of 1,200"),
    (Rows([1, 2]), "Rows of 2"), (defaultdict(int, a=1), "defaultdict of 1"),
    (("EUR", 3), "('EUR', 3)"), ({"id": 3, "token": "x"}, "{'id': 3, 'token': ********}"),
    ((1, [2]), "tuple of 2"), ({"rows": []}, "dict of 1"), ({}, "dict of 0"), (tuple(range(9)), "tuple of 9"),
    (Order(3), "Order"), (Author(), "Author"), (Author, "type"), (Untouchable(), "?"), (print, "builtin_function_or_method"),
    (10**400, "int of 1,329 bits"), ("a\x1b[31m\n", r"'a\x1b[31m\n'"), (Secret(value="x"), "********"),
    (SecretStr("hunter2"), "********"), (unmapped("USD"), "'USD'"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(CASES)), ids=[text for _, text in CASES])
def test_a_plain_value_is_told_and_any_other_by_its_type_and_size(case: int) -> None:
    value, text = CASES[case]
    assert call(value) == f"rows={text}"


def test_tables_are_told_by_their_shape() -> None:
    class DataFrame:
        shape = (1200, 8)

    class Lazy:
        @property
        def shape(self) -> Any:
            raise RuntimeError("slow")

    class int64(int):
        shape = ()

    for cls in (DataFrame, Lazy, int64):
        cls.__module__ = "pandas.core.frame"
    assert call(DataFrame()) == "rows=DataFrame 1,200 x 8"
    assert call(Lazy()) == "rows=?"
    assert call(int64(5)) == "rows=5"


def test_every_argument_has_its_name_and_defaults_are_left_out() -> None:
    assert call(1, "t", 5, 6, mode="append") == "rows=1, table='t', 5, 6, mode='append'"
    assert call() == ""
    assert told.called_with(Order(1).__init__, (7,), {}) == "number=7"  # type: ignore[misc]


def test_what_is_named_like_a_secret_is_stars() -> None:
    assert call(1, db_password="x", apiKey="y", token=3) == (
        "rows=1, db_password=********, apiKey=********, token=********"
    )
    assert call(1, passengers=3, max_tokens=5, monkey="m") == "rows=1, passengers=3, max_tokens=5, monkey='m'"


def test_it_is_never_long() -> None:
    assert call("x" * 10_000) == f"rows='{'x' * 99}…'"
    assert len(call(*range(10_000))) == len(call(**{f"n{n}": n for n in range(1000)})) == told.LONGEST


@pytest.mark.parametrize("before", [0, 80, 95, 99, 100, 105])
def test_no_part_of_a_known_secret_is_told_wherever_the_text_is_cut(masker: Masker, before: int) -> None:
    masker.learn("correct-horse-battery-staple")
    text = call(
        "x" * before + "correct-horse-battery-staple" + "y" * 300,
        "z" * before,
        "x" * 60,
        "correct-horse-battery-staple",
    )
    assert "corr" not in text and "staple" not in text
    assert len(text) <= told.LONGEST


def test_the_journal_has_what_each_task_run_was_called_with(history: History) -> None:
    @task
    def fetch(currency: str, day: int = 1) -> str:
        return currency

    @flow
    def inner(rates: list[str]) -> None: ...

    class Store:
        @task
        def save(self, rate: str) -> None: ...

    @flow
    def rates() -> None:
        found = fetch.map(["EUR", "USD"], day=unmapped(3))
        Store().save(found[1])  # type: ignore[arg-type]
        inner(["EUR"])

    rates()
    created = [(one.run_name, one.arguments) for one in history.last.of(journal.TaskCreated)]
    assert created[:3] == [
        ("fetch-0", "currency='EUR', day=3"), ("fetch-1", "currency='USD', day=3"), ("save-0", "rate=result of fetch-1"),
    ]  # fmt: skip
    assert created[3][1] == "rates=list of 1"


def test_a_secret_in_an_argument_is_in_no_journal(history: History) -> None:
    @task
    def connect(address: str, n: int) -> None: ...

    @flow
    def etl() -> None:
        masking.learn("hunter2-and-more")
        connect("postgresql://etl:hunter2-and-more@wh", 1)

    etl()
    assert history.last.one(journal.TaskCreated).arguments == "address='postgresql://etl:********@wh', n=1"
