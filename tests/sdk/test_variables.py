"""Variables, from flows, coroutines and scripts."""

import asyncio
import threading
from contextlib import suppress
from typing import Any

import pytest

from tests.sdk.history import History
from tui_flow import flow, task
from tui_flow.contract import rundir
from tui_flow.sdk.variables import Variable


def test_a_variable_keeps_its_json_value_until_it_is_unset(history: History) -> None:
    for value in ("eu", 3, 1.5, True, None, [1, {"x": "ü"}]):
        Variable.set("my_region-1", value, overwrite=True)
        assert Variable.get("my_region-1") == value
    assert Variable.unset("my_region-1") is True
    assert Variable.unset("my_region-1") is False
    assert Variable.get("my_region-1") is None
    assert Variable.get("my_region-1", default=42) == 42


def test_a_variable_that_is_there_is_replaced_only_where_that_is_asked_for(history: History) -> None:
    made = Variable.set("answer", 41, tags=["life"])
    assert (made.name, made.value, made.tags) == ("answer", 41, ["life"])
    with pytest.raises(ValueError, match=r"'answer' already exists\. Use `overwrite=True`"):
        Variable.set("answer", 42)
    assert Variable.get("answer") == 41


def test_of_many_who_make_it_at_once_one_does(history: History) -> None:
    won: list[int] = []

    def attempt(number: int) -> None:
        with suppress(ValueError):
            Variable.set("winner", number)
            won.append(number)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [Variable.get("winner")]
    assert [path.name for path in (history.project / ".tui_flow/variables").iterdir()] == ["winner.json"]


def test_a_damaged_one_is_named_and_the_longest_name_has_room(history: History) -> None:
    Variable.set("x" * 200, 1)
    (path,) = (history.project / ".tui_flow/variables").iterdir()
    path.write_text("{")
    with pytest.raises(ValueError, match=r"x\.json is damaged: remove it"):
        Variable.get("x" * 200)


def test_in_a_coroutine_it_is_awaited_and_in_its_tasks_it_is_the_same_one(history: History) -> None:
    @task
    def read() -> Any:
        return Variable.get("answer")

    @task
    async def read_later() -> Any:
        return await Variable.get("answer")

    @flow
    async def my_flow() -> list[Any]:
        await Variable.set("answer", 1)
        await Variable.aset("answer", 2, overwrite=True)
        assert Variable.get("answer", _sync=True) == 2
        return [await Variable.get("answer"), await Variable.aget("nope", 7), read(), await read_later()]

    assert asyncio.run(my_flow()) == [2, 7, 2, 2]  # type: ignore[arg-type]
    assert asyncio.run(Variable.aunset("answer"))


@pytest.mark.parametrize(
    "name", ["", "Upper", "with space", "../../etc/passwd", "a/b", "a.b", "x" * 201, None]
)
def test_a_name_that_could_lead_elsewhere_is_refused(history: History, name: Any) -> None:
    for use in (lambda: Variable.set(name, 1), lambda: Variable.get(name), lambda: Variable.unset(name)):
        with pytest.raises(ValueError, match="lowercase letters"):
            use()


@pytest.mark.parametrize(
    "value", [object(), float("nan"), {1, 2}, "x" * 5_000], ids=["object", "nan", "set", "long"]
)
def test_what_is_no_value_is_refused(history: History, value: Any) -> None:
    with pytest.raises(ValueError, match="a variable holds"):
        Variable.set("answer", value)
    assert Variable.get("answer") is None


def test_its_file_is_the_owners_alone(history: History) -> None:
    Variable.set("answer", 1)
    path = rundir.open_state_dir(history.project) / "variables" / "answer.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
