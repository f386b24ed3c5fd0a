"""The first line: what time it is, and how the engine is by its last answer."""

import asyncio
import time
from typing import Any

import pytest

from tests.tui.pages import FakeEngine, console
from tests.tui.project import LOAD, NOON, Project
from tui_flow.contract import commands
from tui_flow.contract.errors import EngineSilent
from tui_flow.tui import bridge


class Hanging(FakeEngine):
    """One that may stop to answer, with its socket open."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def ask(self, command: Any) -> dict[str, Any]:
        if isinstance(command, commands.GetStatus):
            await self.may_answer.wait()
        return await super().ask(command)


async def test_an_engine_that_hangs_is_called_stale_for_as_long_as_it_is_silent(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "PULSE_SECONDS", 0.01)
    monkeypatch.setattr(bridge, "STALE_SECONDS", 0.05)
    engine = Hanging()
    async with console(etl, engine=engine) as page:
        await page.shows("engine ok")
        engine.may_answer.clear()
        await page.shows("engine stale")
        engine.may_answer.set()
        await page.shows("engine ok")
        engine.die()
        await page.shows("engine gone")


@pytest.mark.parametrize(
    ("size", "shown", "hidden"),
    [
        (
            (160, 45),
            ["4 flows (1 broken file)  ▸1 running  ✗2 new alerts", "engine ok  Wed 2025-08-20 12:00 +00:00"],
            [],
        ),
        ((80, 24), ["▸1  !1 broken file  ✗2 new alerts", "engine ok  12:00"], ["4 flows", "2025"]),
        ((60, 20), ["▸1  !1 broken file  ✗2 new alerts", "engine ok"], ["@etl-01"]),
        ((42, 20), ["▸1  !1 broken  ✗2 new", "engine ok"], ["tui_flow", "12:00", "running  "]),
    ],
    ids=["wide", "80", "60", "narrow"],
)
async def test_it_says_as_much_as_there_is_room_for_and_what_no_state_is_counted_by_keeps_a_word(
    etl: Project, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], shown: list[str], hidden: list[str]
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOSTNAME", "etl-01")
    time.tzset()
    monkeypatch.setattr(time, "time", lambda: NOON)
    for task in ("load_warehouse", "publish"):
        etl.alert(LOAD._replace(place=task), at=NOON)
    async with console(etl, size=size) as page:
        await page.shows(*shown)
        assert not [text for text in hidden if text in page.line_of(0)]
    monkeypatch.undo()
    time.tzset()


async def test_a_long_host_name_leaves_room_for_what_runs(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTNAME", f"ip-10-20-30-40{'-and-on' * 9}.compute.internal")
    async with console(etl) as page:
        await page.shows("@ip-10-20-30-40-a", "▸1 running", "engine ok")


class Silent(FakeEngine):
    """One that lives, and hangs from the beginning."""

    async def connect(self, settings: Any, *, start: bool) -> FakeEngine:
        raise EngineSilent(
            "the engine did not answer within 15 s", where="/srv", next="kill -9 7183 ends it; runs go on"
        )


async def test_an_engine_that_hangs_from_the_beginning_is_stale_and_how_to_end_it_is_said_whole(
    etl: Project,
) -> None:
    async with console(etl, engine=Silent()) as page:
        await page.shows("engine stale", "did not answer within 15 s; ", "kill -9 7183 ends it; runs go on")


async def test_what_an_engine_was_asked_that_then_hangs_is_said_to_be_perhaps_still_done(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "ANSWER_SECONDS", 0.05)
    engine = FakeEngine()
    may_answer = asyncio.Event()

    async def ask(command: Any) -> dict[str, Any]:
        if isinstance(command, commands.RunFlow):
            await may_answer.wait()
        return await FakeEngine.ask(engine, command)

    async with console(etl, engine=engine) as page:
        await page.shows("engine ok")
        monkeypatch.setattr(engine, "ask", ask)
        await page.press("G", "r")
        await page.shows("the engine does not answer, and may still do it")
