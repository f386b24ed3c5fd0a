"""How the console keeps up with the engine, and does without one."""

import asyncio
import time

import pytest

from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import Project
from tui_flow import __version__
from tui_flow.contract import changes, commands
from tui_flow.contract.errors import EngineError
from tui_flow.contract.schedules import Cron
from tui_flow.store.database import SCHEMA_VERSION


async def test_a_saved_file_shows_up_by_itself(etl: Project) -> None:
    async with console(etl) as page:
        etl.flow("brand_new")
        page.engine.tell(changes.FlowFileChanged("flows/brand_new.py", "ok"))
        await page.shows("brand_new", "Flows 5")


async def test_a_gap_in_the_changes_reads_everything_anew(etl: Project) -> None:
    async with console(etl) as page:
        await page.shows("engine ok")
        etl.flow("missed")
        page.engine.tell(changes.TasksChanged(1), skipping=3)
        await page.shows("missed")


async def test_an_engine_that_dies_is_said_to_be_gone_and_found_again(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_flow.tui.bridge.RETRY_SECONDS", (0.02,))
    async with console(etl) as page:
        await page.shows("engine ok")
        page.engine.die()
        await page.shows("engine gone")
        etl.flow("meanwhile")
        page.engine.is_up = True
        await page.shows("engine ok", "meanwhile")


class Startable(FakeEngine):
    """One that is there for whoever starts it."""

    async def connect(self, settings: object, *, start: bool) -> FakeEngine:
        self.is_up = start
        return await super().connect(settings, start=start)


async def restart(page: Page) -> None:
    await page.press("colon")
    await page.type("restart")
    await page.press("enter")
    await page.shows("the engine runs, and stays until it is stopped", "engine ok")


async def test_a_stopped_engine_is_not_started_by_a_console_that_only_looks(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_flow.tui.bridge.RETRY_SECONDS", (0.02,))
    etl.schedule("cleanup_tmp", Cron("0 3 * * *", "UTC"), at=time.time())
    engine = Startable()
    engine.answers[commands.RunFlow] = {"run_id": 900}
    async with console(etl, engine=engine) as page:
        await page.shows("engine ok")
        engine.tell(changes.EngineStopping())
        await page.shows("engine stopped")
        await page.until(lambda: len(engine.starts) > 3, "it to be looked for")
        await page.shows(" engine stopped (:restart): no schedule fires, running runs go on")
        assert "engine stopped (:restart)" in page.lines[0]
        with pytest.raises(EngineError, match="the engine is stopped"):
            await asyncio.wait_for(page.app.bridge.ask(commands.GetStatus()), 1)
        await page.press("4")
        await page.shows("engine stopped: nothing fires until it runs")
        assert page.line_with("cleanup_tmp").split()[2:4] == ["-", "cleanup_tmp"]
        assert not any(engine.starts[1:])
        await restart(page)
        assert engine.asked_for(commands.KeepEngine)
        await page.hides("nothing fires until it runs")
        engine.tell(changes.EngineStopping())
        await page.shows("engine stopped")
        await page.press("1", "G", "r")
        await page.shows("run 900 of cleanup_tmp is on its way")
        assert engine.starts[-1]


async def test_an_engine_of_another_version_is_replaced_by_a_restart(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_flow.tui.bridge.RETRY_SECONDS", (0.02,))
    engine = Startable()

    def stop(_: object) -> dict[str, object]:
        engine.answers[commands.GetStatus] = {"version": __version__, "schema": SCHEMA_VERSION}
        engine.tell(changes.EngineStopping())
        return {}

    engine.answers[commands.GetStatus] = {"version": __version__, "schema": SCHEMA_VERSION - 1}
    engine.answers[commands.StopEngine] = stop
    async with console(etl, engine=engine) as page:
        await page.shows("engine of another version")
        assert page.app.needs_restart
        await restart(page)
        assert engine.asked_for(commands.KeepEngine)
