"""What the keys do to a flow: run it, end its run, edit its file."""

import time
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from textual import events

from tests.tui.pages import FakeEngine, console
from tests.tui.project import Project
from tui_flow.contract import changes, commands
from tui_flow.contract.errors import BadParameters


async def test_r_runs_a_flow_and_enter_opens_it(etl: Project) -> None:
    engine = FakeEngine()

    def start(command: commands.RunFlow) -> dict[str, int]:
        etl.run(813, command.flow, "pending")
        engine.tell(changes.RunChanged(813, command.flow, "pending"))
        return {"run_id": 813}

    engine.answers[commands.RunFlow] = start
    async with console(etl, engine=engine) as page:
        await page.press("G", "r")
        await page.shows("run 813 of cleanup_tmp is on its way")
        assert engine.asked_for(commands.RunFlow) == [commands.RunFlow("cleanup_tmp", trigger="console")]
        await page.shows("◌  cleanup_tmp", "run 813 of cleanup_tmp is on its way")
        etl.set_run(813, "running", started_at=time.time())
        engine.tell(changes.RunChanged(813, "cleanup_tmp", "running"))
        await page.shows("▸  cleanup_tmp", "run 813 of cleanup_tmp is running")
        etl.set_run(813, "paused")
        engine.tell(changes.RunChanged(813, "cleanup_tmp", "paused"))
        await page.shows("run 813 of cleanup_tmp is paused")
        etl.set_run(813, "running")
        engine.tell(changes.RunChanged(813, "cleanup_tmp", "running"))
        await page.shows("run 813 of cleanup_tmp is running")
        await page.press("u")
        assert "u does not take back run 813: x cancels it while it goes on" in page.message
        await page.press("enter")
        await page.shows("Flows › cleanup_tmp › run 813", "RUNNING")


async def test_a_flow_that_never_ran_says_which_key_helps(project: Project) -> None:
    project.flow("fresh")
    async with console(project) as page:
        await page.press("enter")
        assert "r runs it" in page.message


async def test_a_flow_with_required_parameters_asks_for_them(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = {"run_id": 900}
    async with console(etl, engine=engine) as page:
        await page.press("r")
        await page.shows("etl_daily › Run with parameters", "date *", "required")
        await page.press("ctrl+r")
        await page.shows("needs a text")
        await page.type("2026-08-21")
        await page.press("tab", "ctrl+u")
        await page.type("x")
        await page.shows("needs a whole number")
        await page.press("backspace")
        await page.type("7")
        await page.shows("$ tui-flow run etl_daily -p date=2026-08-21 -p limit=7")
        await page.press("ctrl+r")
        await page.until(lambda: len(engine.asked) > 1, "the run to be asked for")
        assert engine.asked[-1].parameters == {"date": "2026-08-21", "limit": 7}


async def test_what_the_engine_refuses_is_said(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = BadParameters("limit: not a number", next="see tui-flow flows")
    async with console(etl, engine=engine) as page:
        await page.press("G", "r")
        await page.shows("limit: not a number")


async def test_x_asks_and_enter_alone_keeps_the_run(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.CancelRun] = {"state": "cancelling"}
    async with console(etl, engine=engine) as page:
        await page.press("j", "j", "x")
        await page.shows("Cancel run 501?", ">[ Keep it running ]")
        await page.press("enter")
        await page.hides("Cancel run 501?")
        assert commands.CancelRun(501) not in engine.asked
        await page.press("x")
        await page.shows("Cancel run 501?")
        await page.press("tab", "enter")
        await page.shows("run 501 was asked to end")
        assert commands.CancelRun(501) in engine.asked


async def test_x_on_a_flow_that_does_not_run_says_so(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("x")
        assert "no active run" in page.message


async def test_x_on_a_run_that_is_being_cancelled_says_that_it_is(project: Project) -> None:
    project.flow("ingest_s3")
    project.run(501, "ingest_s3", "cancelling")
    async with console(project) as page:
        assert "cancel" not in page.footer
        await page.press("x")
        assert "run 501 is being cancelled" in page.message


async def test_e_opens_the_editor_where_it_failed(etl: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    path = etl.settings.project / "flows/etl_daily.py"

    def run(words: list[str], **_: Any) -> SimpleNamespace:
        called.append(words)
        if len(called) == 1:
            path.write_text(path.read_text() + "# mended\n")
        return SimpleNamespace(returncode=0)

    monkeypatch.setenv("EDITOR", "vi")
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    async with console(etl) as page:
        monkeypatch.setattr(page.app, "suspend", nullcontext)
        monkeypatch.setattr("subprocess.run", run)
        await page.press("e")
        await page.shows("edited etl_daily.py, line 4")
        await page.press("e")
        await page.until(lambda: page.message == "etl_daily.py is as it was", "that nothing was changed")
        monkeypatch.setenv("EDITOR", "unheard-of")
        await page.press("e")
        await page.shows("etl_daily.py is as it was; opened not at line 4: unheard-of")
    file = str(path)
    assert called == [["vi", "+4", file], ["vi", "+4", file], ["unheard-of", file]]


async def test_a_burst_of_keys_goes_where_the_keys_before_it_led(etl: Project) -> None:
    async with console(etl) as page:
        for key in "/report":
            page.app.post_message(events.Key("slash" if key == "/" else key, key))
        await page.shows("only: report")
        assert page.engine.asked == [commands.Subscribe()]
