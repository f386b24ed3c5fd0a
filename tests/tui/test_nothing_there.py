"""A console on a project that has nothing to show, or none of it that can be read."""

from dataclasses import replace

from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import Project
from tui_flow.contract import changes
from tui_flow.contract.errors import ProjectError, ReadOnly
from tui_flow.tui.app import Console


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
