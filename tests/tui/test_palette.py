"""The palette: everything by name."""

import time
from pathlib import Path

import pytest

from tests.tui.pages import console
from tests.tui.project import LOAD, Project
from tui_flow.contract import commands
from tui_flow.contract.schedules import Cron
from tui_flow.tui import saved_views
from tui_flow.tui.actions import ACTIONS
from tui_flow.tui.offers import offers_of
from tui_flow.tui.presentation import times
from tui_flow.tui.presentation.address import Address
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


VERBS = [
    ("rerun", "rerun"), ("cancel", "cancel"), ("kill", "kill"), ("skip", "skip"), ("pause", "pause"), ("resume", "pause"),
    ("ack", "ack"), ("acknowledge", "ack"), ("mute", "mute"), ("comment", "note"), ("note", "note"), ("edit", "edit"),
    ("code", "code"), ("diff", "diff"), ("pager", "pager"), ("save", "save"), ("copy", "copy"), ("follow", "follow"),
    ("wrap", "wrap"), ("time", "time"), ("level", "level"), ("log", "view('logs')"), ("search", "search"), ("only", "only"),
    ("older", "older"), ("newer", "newer"), ("mark", "mark"), ("range", "mark_range"), ("sort", "sort"), ("fold", "fold"),
    ("zoom", "zoom"), ("details", "details"), ("scale", "scale_up"), ("backfill", "backfill"), ("back-fill", "backfill"),
    ("month", "month"), ("undo", "undo"), ("profile", "profiles"), ("zone", "zone"), ("filter", "filter"),
    ("saved views", "saved_views"), ("redraw", "redraw"), ("suspend", "suspend_process"), ("quit", "leave"),
    ("detach", "leave"), ("help", "help"), ("run with parameters", "run_with"), ("artifacts", "artifacts"), ("grid", "grid"),
    ("answer", "answer"), ("tutorial", "tutorial"), ("flows", "view('flows')"),
]  # fmt: skip
"""What the keys do, in a word, and the action's id."""


async def test_every_verb_of_the_keys_is_found_by_its_name_wherever_one_is(etl: Project) -> None:
    ids = {action.name: action.id for action in ACTIONS}
    async with console(etl) as page:
        for where in ("flows", "runs"):
            await page.app.action_view(where)
            offers = offers_of(page.app, page.app.screen)
            found = {verb: [ids.get(one.name) for one in matching(offers, f"> {verb}")] for verb, _ in VERBS}
            assert {verb: ids[:3] for verb, ids in found.items() if dict(VERBS)[verb] not in ids[:3]} == {}


async def test_a_prefix_finds_what_it_stands_for_and_enter_opens_it(
    etl: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    views = tmp_path / "views.toml"
    saved_views.save(views, {"what failed": Address("runs", "is:failed")})
    monkeypatch.setattr(saved_views, "path_of_views", lambda: views)
    for number, flow in enumerate(("cleanup_tmp", "etl_daily", "ingest_s3")):
        etl.alert(LOAD._replace(flow=flow, what=f"{flow} is late"), at=time.time() - number)
    yesterday = time.time() - 86_400
    etl.set_run(812, "failed", created_at=yesterday)
    async with console(etl) as page:
        await page.press("colon")
        await page.type("#812")
        assert times.moment(yesterday, time.time()) in page.line_with(">Open run 812")
        await page.press("escape", "colon")
        await page.type("!etl_daily")
        await page.shows(">Alert: etl_daily", "new  etl_daily is la")
        await page.press("enter")
        await page.shows("[5 Alerts")
        await page.until(
            lambda: page.app.screen.section.table.selected.flow == "etl_daily", "the cursor to be there"
        )
        await page.press("colon", "'")
        await page.shows(">View: what failed", "runs/is:failed")
        await page.press("enter")
        await page.shows("[2 Runs]", "is:failed")
        await page.press("colon")
        await page.type("?half a page")
        await page.shows(">Half a page down")


async def test_a_flow_is_found_with_all_that_can_be_done_with_it(etl: Project) -> None:
    etl.flow_beside("etl_other", "flows/etl_daily.py")
    etl.schedule("etl_daily", Cron("0 3 * * *", "UTC"), at=time.time())
    async with console(etl) as page:
        page.engine.answers[commands.RerunRun] = {"attempt": 2}
        await page.press("colon")
        await page.type("@etl_daily")
        await page.shows(
            ">Run etl_daily", "Run etl_daily with params…", "Rerun etl_daily from failed", "Rerun etl_daily all",
            "Open etl_daily", "Logs: search in etl_daily", "Pause schedule of etl_daily", "Kill run 812  ",
        )  # fmt: skip
        assert page.text.count("Edit flows/etl_daily.py") == 1
        await page.press("escape", "colon")
        await page.type("kill run 812")
        await page.shows("not possible: it has ended")
        await page.press("enter")
        await page.shows("Kill run 812: not possible, it has ended")
        await page.press("colon")
        await page.type("rerun etl_daily all")
        await page.press("enter")
        await page.until(lambda: page.engine.asked_for(commands.RerunRun), "the run to be rerun")
        assert page.engine.asked_for(commands.RerunRun)[0].force
        await page.press("colon")
        await page.type("logs: search in etl_daily")
        await page.press("enter")
        await page.shows("[3 Logs]", "flow:etl_daily")
        await page.press("escape", "colon")
        await page.type("wrap")
        await page.shows(">Wrap long lines", "not possible: it works in a run only")
