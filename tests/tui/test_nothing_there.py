"""A console on a project that has nothing to show, or none of it that can be read."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import Project
from tui_flow.contract import changes
from tui_flow.contract.errors import READS_ONLY, HistoryError, ProjectError, ReadOnly
from tui_flow.contract.rundir import STATE_DIR
from tui_flow.settings import Settings
from tui_flow.tui.app import Console
from tui_flow.tui.bridge import Bridge


async def test_an_empty_project_says_what_to_do_and_what_is_wrong_in_its_settings(project: Project) -> None:
    mistake = ProjectError("there is no setting 'nosuch'", where="tui_flow.toml:3")
    project.settings = replace(project.settings, mistakes=(mistake,))
    async with console(project) as page:
        await page.shows("Save a Python file in", "from tui_flow import flow")
        await page.shows("tui_flow.toml:3: there is no setting 'nosuch'")
        await page.press("R")
        assert page.message == "there is no flow here that takes parameters"
        await page.press("question_mark")
        await page.type("rerun")
        await page.shows("not possible: it works in")
        await page.type("xyz")
        await page.shows("Help: nothing matches", "Nothing is called so")


async def test_where_nothing_was_kept_and_nothing_can_run_the_reason_is_all_there_is(
    project: Project,
) -> None:
    async with console(project, read_only=ReadOnly("the disk is read-only: this is what was there")) as page:
        await page.shows("this is what was there", "Nothing was kept here, and nothing can run")
        assert "engine start" not in page.text, "which would not help"
        await page.press("enter", "r", "R", "x", "e", "slash")
        assert page.app.is_running
        await page.press("escape")
        for name in ("zeta", "alpha"):
            project.flow(name)
            page.engine.tell(changes.FlowFileChanged(f"flows/{name}.py", "ok"))
            await page.shows(f"│>    {name} ")
        await page.press("j", "k")
        project.flow("aaa")
        page.engine.tell(changes.FlowFileChanged("flows/aaa.py", "ok"))
        await page.shows("aaa", "│>    alpha ")


async def test_a_project_without_a_history_is_empty_too(project: Project) -> None:
    for path in project.settings.state_dir.glob("history.db*"):
        path.unlink()
    async with console(project) as page:
        await page.shows("Save a Python file in")


async def test_a_history_that_cannot_be_read_says_what_where_and_what_next(project: Project) -> None:
    project.db.execute("PRAGMA user_version = 99")
    app = Console(project.settings, connect=FakeEngine().connect)
    async with app.run_test(size=(80, 24)) as pilot:
        page = Page(pilot, FakeEngine())
        await page.shows("This needs your attention", "newer tui_flow", "pip install --upgrade")
        assert "/demo/.tui_flow/history.db" in page.text.replace("│\n│", "")


@pytest.mark.parametrize("view", "1245")
async def test_no_view_calls_a_project_well_or_new_whose_history_cannot_be_read(
    project: Project, view: str
) -> None:
    project.db.execute("PRAGMA user_version = 99")
    app = Console(project.settings, connect=FakeEngine().connect)
    async with app.run_test(size=(80, 24)) as pilot:
        page = Page(pilot, FakeEngine())
        await page.shows("This needs your attention")
        await page.press(view)
        await page.shows("This needs your attention", "newer tui_flow")
        assert "All is well" not in page.text and "Nothing has run yet" not in page.text
        await page.press("r")
        assert "newer tui_flow wrote" in page.message


async def test_a_state_directory_that_is_a_link_is_not_looked_into(etl: Project, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / STATE_DIR).symlink_to(etl.settings.state_dir)
    app = Console(Settings(tmp_path / "mine"), connect=FakeEngine().connect)
    async with app.run_test(size=(80, 24)) as pilot:
        page = Page(pilot, FakeEngine())
        await page.shows("This needs your attention", "is not a plain directory", "remove or rename it")
        assert str(tmp_path / "mine" / STATE_DIR)[:60] in page.text.replace("│\n│", "")
        assert "etl_daily" not in page.text


async def test_flow_files_that_no_engine_has_read_yet_are_said_to_be_read(project: Project) -> None:
    folder = project.settings.project / "flows"
    folder.mkdir(exist_ok=True)
    for name in ("one.py", "two.py", "_helper.py", "notes.txt"):
        (folder / name).write_text("")
    async with console(project) as page:
        await page.shows("Reading the 2 files in flows/")
        project.flow("one")
        page.engine.tell(changes.FlowFileChanged("flows/one.py", "ok"))
        await page.shows("│>    one ")


async def test_a_console_that_only_reads_says_that_no_engine_has_kept_anything(project: Project) -> None:
    for path in project.settings.state_dir.glob("history.db*"):
        path.unlink()
    async with console(project, read_only=READS_ONLY) as page:
        for view in "125":
            await page.press(view)
            await page.shows(
                "Nothing was kept here yet", "this console starts none", "tui-flow engine start does."
            )
            assert "there is no history" not in page.text


async def test_while_a_history_takes_long_to_read_the_view_says_that_it_is_being_read(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_read = threading.Event()
    read = Bridge._read_overview

    def slowly(self: Bridge, db: object) -> object:
        may_read.wait()
        return read(self, db)

    monkeypatch.setattr(Bridge, "_read_overview", slowly)
    app = Console(etl.settings, connect=FakeEngine().connect)
    async with app.run_test(size=(80, 24)) as pilot:
        page = Page(pilot, FakeEngine())
        try:
            await page.shows("The history is being read.")
        finally:
            may_read.set()
        await page.shows("etl_daily")


async def test_what_is_to_be_known_at_the_start_comes_a_sentence_after_the_other(
    etl: Project, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text('flows.nosuch = "Z"\n')
    mistakes = [
        ProjectError(f"there is no setting 'no{number}'", where="tui_flow.toml:3") for number in (1, 2)
    ]
    etl.settings = replace(etl.settings, mistakes=tuple(mistakes))
    async with console(etl, keys=keys) as page:
        await page.shows("tui_flow.toml:3: there is no setting 'no1' (and 1 more mistake)")
        await page.press("j")
        await page.shows("keys.toml, line 1: there is no action 'flows.nosuch'")
        page.app.tell("etl_daily: it failed; 5 shows it", "bad")
        assert "nosuch" in page.message, "which nobody has read yet"
        await page.press("k")
        await page.shows("etl_daily: it failed; 5 shows it")
        await page.press("j")
        assert page.message.strip() == ""


async def test_why_nothing_can_change_stands_there_from_the_start_and_after_each_key(etl: Project) -> None:
    engine = FakeEngine()
    engine.is_up = False
    why = ReadOnly("a newer tui_flow wrote this history: it is shown as far as this one can")
    async with console(etl, engine=engine, read_only=why) as page:
        await page.shows("engine stopped", "a newer tui_flow wrote this history")
        await page.press("j")
        assert "a newer tui_flow wrote this history" in page.message


async def test_what_is_said_outlives_an_engine_that_comes_back(etl: Project) -> None:
    async with console(etl) as page:
        await page.shows("engine ok")
        page.engine.die()
        await page.shows("engine gone")
        page.app.say("run 5 of etl is on its way", stays=True)
        page.engine.is_up = True
        await page.shows("engine ok")
        assert "run 5 of etl is on its way" in page.message


async def test_a_view_that_goes_with_the_console_is_told_of_no_trouble(etl: Project) -> None:
    async with console(etl) as page:
        for place in ("flows", "schedule"):
            section = await page.app.screen.switch(place)  # type: ignore[attr-defined]
            await section.remove()
            page.app.take_trouble(HistoryError("it cannot be read"))
            page.app.take_overview(page.app.overview)
            page.app.take_advances(page.app.overview)
