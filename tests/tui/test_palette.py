"""The palette: everything by name."""

import pytest

from tests.tui.pages import console
from tests.tui.project import Project
from tui_flow.contract import commands
from tui_flow.tui.presentation.palette import Offer, matching


def offer(title: str, about: str = "", kind: str = "action") -> Offer:
    return Offer(kind, title, about, "", lambda: None)


OFFERS = [
    offer("Cancel its run (asks)"),
    offer("Run etl", "✗ failed", "flow"),
    offer("Open run 12", "✗ etl", "run"),
    offer("Run it, with its defaults"),
]


@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        ("", ["Cancel its run (asks)", "Run etl", "Open run 12", "Run it, with its defaults"]),
        ("run", ["Run etl", "Run it, with its defaults", "Cancel its run (asks)", "Open run 12"]),
        ("RUN ETL", ["Run etl", "Open run 12"]),
        ("fail", ["Run etl"]),
        ("@etl", ["Run etl"]),
        ("#", ["Open run 12"]),
        ("> run", ["Run it, with its defaults", "Cancel its run (asks)"]),
        ("no such thing", []),
    ],
)
def test_what_begins_with_the_text_comes_first(typed: str, titles: list[str]) -> None:
    assert [found.title for found in matching(OFFERS, typed)] == titles


async def test_a_flow_is_run_by_its_name(etl: Project) -> None:
    async with console(etl) as page:
        page.engine.answers[commands.RunFlow] = {"run_id": 813}
        await page.press("colon")
        await page.type("run cleanup")
        await page.shows(">Run cleanup_tmp")
        await page.press("enter")
        await page.until(lambda: page.engine.asked_for(commands.RunFlow), "the flow to be run")
        assert page.engine.asked_for(commands.RunFlow)[0].flow == "cleanup_tmp"


async def test_an_action_of_the_run_view_is_found_there(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("FAILED")
        await page.press("ctrl+p")
        await page.type("wrap")
        await page.shows(">Wrap long lines")
        await page.press("enter")
        await page.shows("w off")


async def test_what_would_do_nothing_is_offered_and_says_why_when_chosen(etl: Project) -> None:
    async with console(etl) as page:
        await page.shows("etl_daily")
        await page.press("colon")
        await page.type("cancel its")
        await page.shows("nothing is active here")
        await page.press("enter")
        await page.shows("etl_daily has no active run to cancel")


async def test_a_view_is_reached_and_escape_changes_nothing(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("colon")
        await page.type("newest")
        await page.press("enter")
        await page.shows("[2 Runs]")
        await page.press("colon", "escape")
        await page.shows("[2 Runs]")
        await page.hides("Commands ─")


async def test_the_help_does_what_is_found_in_it(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("question_mark")
        await page.type("schedule")
        await page.press("enter")
        await page.shows("[4 Schedule]")


async def test_names_with_markup_are_shown_as_they_are(project: Project) -> None:
    project.flow("odd[@x][bold]")
    async with console(project) as page:
        await page.press("colon")
        await page.type("[@x]")
        await page.shows("Run odd[@x][bold]")


async def test_what_is_not_there_is_said(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("colon")
        await page.type("xyzzy")
        await page.shows("Commands: nothing matches")
