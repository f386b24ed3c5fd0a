"""What is the same in every view: the zone of its times, and a pane that is alone."""

import time

import pytest

from tests.tui.pages import console
from tests.tui.project import Project


async def test_all_times_can_be_shown_in_utc(etl: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        async with console(etl, open_run=812) as page:
            await page.shows("load failed")
            there = page.line_with("load failed")
            await page.press("T")
            await page.shows("times in UTC")
            await page.until(lambda: page.line_with("load failed") != there, "the log's times to change")
            await page.press("T")
            await page.hides("times in UTC")
            await page.until(lambda: page.line_with("load failed") == there, "the log's times to change back")
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
async def test_a_pane_of_any_view_has_the_screen_alone_and_gives_it_back(
    etl: Project, size: tuple[int, int]
) -> None:
    async with console(etl, size=size) as page:
        for key, pane in (("1", "Flows"), ("2", "Runs"), ("4", "Next 24h"), ("5", "Alerts")):
            await page.press(key)
            await page.shows(pane)
            section = page.app.screen.section
            before = [(each, each.region) for each in section.children if each.display]
            await page.press("z")
            (alone,) = (each for each in section.children if each.display)
            assert alone.has_focus_within and alone.region == section.region, pane
            await page.press("escape")
            assert [(each, each.region) for each in section.children if each.display] == before
