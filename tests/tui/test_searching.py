"""How a search in all logs goes on: how far it came, where it stops, and what it says of what it did not read."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from tests.tui.pages import console
from tests.tui.project import Project
from tui_flow.contract import changes
from tui_flow.contract.errors import HistoryError
from tui_flow.store import database
from tui_flow.tui import searching


def a_slow_search(monkeypatch: pytest.MonkeyPatch, after: int = 0) -> Event:
    """Has searches tell of each log, and wait after so many, until the event is set."""
    monkeypatch.setattr(searching, "TELL_SECONDS", 0.0)
    go_on, real = Event(), searching.search_logs

    def slow(*args: Any) -> Iterator[searching.Found]:
        for count, found in enumerate(real(*args)):
            yield found
            if count >= after:
                go_on.wait(10)

    monkeypatch.setattr(searching, "search_logs", slow)
    return go_on


async def test_a_search_that_the_history_refused_is_made_again_when_it_can_be_read(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = database.open_reader
    async with console(said_often) as page:

        def refuse(*_: object, **__: object) -> None:
            raise HistoryError("the history is from an older version")

        monkeypatch.setattr(database, "open_reader", refuse)
        await page.press("3")
        await page.look_for("connecting again")
        await page.shows("the history is from an older version")
        monkeypatch.setattr(database, "open_reader", real)
        page.engine.tell(changes.RunChanged(812, "etl_daily", "failed"))
        await page.shows("1 hit in 1 run", "Matches by run  WARN 1")


async def test_a_search_stops_at_its_cap_and_says_so(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MAX_HITS", 40)
    async with console(said_often) as page:
        await page.press("3")
        await page.look_for("row flow:etl_* -run:812")
        await page.shows(
            "first 40 hits in 1 run", "Matches by run  INFO 40+", "303 INFO  row 299", "40+ hits"
        )
        await page.shows("the newest 40; 2 older files not read: narrow it")


async def test_a_search_that_found_just_as_much_as_it_keeps_is_whole(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MAX_HITS", 7)
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("timeout")
        await page.shows(" 7 hits in 5 runs", "done")


async def test_escape_stops_a_search_and_keeps_what_was_found(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = a_slow_search(monkeypatch)
    async with console(said_often) as page:
        await page.press("3")
        await page.look_for("timeout")
        await page.shows("2 hits in 1 run", "searching, Esc stops")
        await page.press("escape")
        go_on.set()
        await page.shows("stopped: 1 of 5 files read", "2 hits in 1 run")
        await page.press("escape")
        await page.shows("finds text in the logs of all runs")


async def test_a_search_in_vain_that_was_stopped_does_not_speak_of_what_it_did_not_read(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = a_slow_search(monkeypatch)
    async with console(said_often) as page:
        await page.press("3")
        await page.look_for("nobody said this")
        await page.shows("1 file,")
        await page.press("escape")
        go_on.set()
        await page.shows("stopped: 1 of 5 files read", "None of the logs that were read says nobody said")


async def test_a_long_search_says_how_far_it_has_come(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = a_slow_search(monkeypatch, 3)
    async with console(said_often) as page:
        await page.press("3")
        await page.look_for("nobody said this")
        await page.shows("3 files", "searching, Esc stops", "Searching ─", "Looking, the newest runs first")
        go_on.set()
        await page.shows("5 files", "done", "No log says")
