"""Every place of the console has an address, and the address leads there."""

import pytest

from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import Project
from tui_flow.contract import commands
from tui_flow.tui import keystrokes
from tui_flow.tui.app import Console
from tui_flow.tui.presentation.address import Address, Spot


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address("runs", run_id=812, at=Spot(76, "load-7")), "run/812/load-7:77"),
        (Address("runs", run_id=812), "run/812"),
        (Address("alerts", alert_id=12), "alert/12"),
        (Address("logs", "timeout|refused"), "logs/timeout|refused"),
        (Address(), "flows"),
    ],
)
def test_an_address_is_written_as_it_is_typed(address: Address, text: str) -> None:
    assert str(address) == text


@pytest.mark.parametrize("view", ["flows", "runs", "logs", "schedule", "alerts"])
async def test_a_view_is_opened_at_once(etl: Project, view: str) -> None:
    async with console(etl, begin=Address(view)) as page:
        await page.shows(f" {view.capitalize()}]")


async def test_a_filter_comes_with_its_view(etl: Project) -> None:
    async with console(etl, begin=Address("flows", "cleanup")) as page:
        await page.shows("Flows 1 of", "cleanup_tmp")
    async with console(etl, begin=Address("runs", "state:failed")) as page:
        await page.shows("[2 Runs]", "state:failed")
        assert "cleanup_tmp" not in page.text


async def test_a_task_and_a_line_of_a_run_are_gone_to_and_escape_leads_to_the_runs(etl: Project) -> None:
    async with console(etl, begin=Address("runs", run_id=812, at=Spot(task="extract"))) as page:
        await page.shows("etl_daily", "FAILED", "Log extract")
    for id in range(813, 840):
        etl.run(id, "cleanup_tmp")
    async with console(etl, begin=Address("runs", run_id=812, at=Spot(40))) as page:
        await page.shows("line 41 of the log")
        await page.press("escape")
        await page.shows("[2 Runs]", "> ✗ 812", "  ✓ 813", "  ✓ 811")


async def test_keys_that_are_typed_before_the_run_is_there_wait_for_it_and_start_no_other_flow(
    etl: Project,
) -> None:
    engine = FakeEngine()
    app = Console(etl.settings, connect=engine.connect, begin=Address("runs", run_id=812))
    async with app.run_test(size=(80, 24)) as pilot:
        page = Page(pilot, engine)
        await page.press("r")
        await page.shows("Run etl_daily again: run 812")
        assert not engine.asked_for(commands.RunFlow)


async def test_an_enter_that_was_typed_before_the_console_had_the_terminal_is_one(etl: Project) -> None:
    engine = FakeEngine()
    app = Console(etl.settings, connect=engine.connect)
    async with app.run_test(size=(80, 24)) as pilot:
        page = Page(pilot, engine)
        await page.press("ctrl+j", "r")
        await page.shows("Run etl_daily again: run 812")
        assert not engine.asked_for(commands.RunFlow)


async def test_a_line_or_a_task_that_is_not_there_is_told_of(etl: Project) -> None:
    async with console(etl, begin=Address("runs", run_id=812, at=Spot(40, "lode"))) as page:
        await page.shows("line 41 of the log; the run has no task lode")
    async with console(etl, begin=Address("runs", run_id=812, at=Spot(1000))) as page:
        await page.shows("the log has no line 1,001: it has 58 lines now")


async def test_keys_for_a_place_that_does_not_come_in_time_are_dropped_and_reach_nothing_else(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving = [True]
    monkeypatch.setattr(keystrokes, "HELD_SECONDS", 0.05)
    monkeypatch.setattr(Console, "is_arriving", lambda _: arriving[0])
    async with console(etl) as page:
        await page.press("R")
        await page.shows("1 key not taken: what was to be opened is not there yet", "[1 Flows]")
        assert "Run with parameters" not in page.text
        arriving[0] = False
        await page.press("enter")
        await page.shows("Log load_warehouse")
