"""Stories of going from the console of one project to that of another."""

from pathlib import Path

import pytest

from tests.tui.pages import console
from tests.tui.project import Project
from tui_flow.client import projects


async def test_the_menu_names_the_other_projects_and_leads_to_one(etl: Project, tmp_path: Path) -> None:
    file, here = tmp_path / "projects.json", etl.settings.project
    other, gone = tmp_path / "reports", tmp_path / "gone"
    (other / "flows").mkdir(parents=True)
    async with console(etl, projects=file) as page:
        await page.press("at")
        await page.shows("no other project has been opened yet")
        for project in (gone, other, here):
            projects.note_opened(file, project)
        await page.press("at")
        await page.shows(
            "Go to another project; here is demo", "reports  engine stopped", "gone     the folder is gone"
        )
        assert "1  reports" in page.text and "2  gone" in page.text, (
            "the one that was opened last comes first"
        )
        await page.press("2")
        await page.shows("the folder is gone, and listed no more: ")
        await page.press("at")
        await page.shows("reports  engine stopped")
        await page.hides("gone     the folder")
        await page.press("1")
        assert page.app.elsewhere == other


def test_the_other_console_begins_anew_with_the_same_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui_flow.cli import console as cli_console

    ran: list[list[str]] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.execv", lambda _, words: ran.append(words))
    other = tmp_path / "other"
    other.mkdir()
    cli_console._open_other(other, cli_console.Looks(True, True, "tui-flow-light", True))
    assert ran[0][-6:] == ["--no-mouse", "--read-only", "--theme", "tui-flow-light", "--project", str(other)]
    assert "--ascii" in ran[0] and Path.cwd() == other
