"""Views that are saved under a name, and found again."""

from pathlib import Path

import pytest

from tests.tui.pages import console
from tests.tui.project import Project
from tui_flow.tui import saved_views
from tui_flow.tui.presentation.address import Address


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config" / "views.toml"
    monkeypatch.setattr(saved_views, "path_of_views", lambda: path)
    return path


async def test_a_view_is_saved_with_its_filter_and_found_from_anywhere(etl: Project, file: Path) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("FAILED")
        await page.press("apostrophe")
        await page.shows("there is no saved view yet")
        await page.press("2")
        await page.look_for("is:failed")
        await page.shows("only: is:failed")
        await page.press("apostrophe", "S")
        await page.type("what failed")
        await page.press("enter")
        await page.shows("saved as what failed; ' goes there, u undoes", "only: is:failed")
        assert saved_views.load(file) == {"what failed": Address("runs", "is:failed")}
        await page.press("escape", "1", "enter")
        await page.shows("run 812", "FAILED")
        await page.press("apostrophe")
        await page.shows("Saved views", "what failed", "runs/is:failed", str(file)[:20])
        await page.press("1")
        await page.shows("[2 Runs]", "only: is:failed")
        await page.press("S")
        await page.shows("this view is saved already, as what failed")
        await page.press("1", "S")
        await page.type("all flows")
        await page.press("enter")
        await page.shows("saved as all flows; ' goes there")
        await page.press("apostrophe", "2", "apostrophe")
        await page.shows("x deletes it")
        await page.press("x")
        await page.shows("what failed is deleted; u undoes")
        assert list(saved_views.load(file)) == ["all flows"]
        await page.press("u")
        await page.shows("undone: what failed is there again")
        assert list(saved_views.load(file)) == ["what failed", "all flows"], "in its place"
        await page.press("u")
        await page.shows("undone: all flows is saved no more")
        assert saved_views.load(file) == {"what failed": Address("runs", "is:failed")}


async def test_leaving_the_name_open_saves_nothing(etl: Project, file: Path) -> None:
    async with console(etl) as page:
        await page.press("apostrophe", "apostrophe")
        await page.type("j")
        assert page.app.screen.focused is page.app.screen.prompt  # type: ignore[attr-defined]
        await page.press("escape")
        await page.press("slash")
        await page.type("core")
        await page.shows("only: core")
        assert not file.exists()


async def test_a_file_that_is_none_is_told_and_left_alone(etl: Project, file: Path) -> None:
    file.parent.mkdir()
    file.write_text('"a" = "nowhere/x"\n')
    async with console(etl, size=(200, 24)) as page:
        await page.press("apostrophe")
        await page.shows("'a' is to begin with one of flows, runs")
    assert file.read_text() == '"a" = "nowhere/x"\n'


@pytest.mark.parametrize("name", ['quotes " and \\', "é ✓", "a = b # c", "line\nbreak \x1b"], ids=repr)
def test_any_name_and_filter_comes_back(file: Path, name: str) -> None:
    views = {name: Address("logs", f"/{name}/"), "other": Address("flows")}
    saved_views.save(file, views)
    assert saved_views.load(file) == views
