"""Stories of the sort menu, and the orders themselves."""

import pytest

from tests.store.rows import a_run
from tests.tui.pages import console
from tests.tui.project import NOON, Project, seed_many
from tui_flow.contract.states import FlowRunState
from tui_flow.tui.presentation import orders
from tui_flow.tui.presentation.address import Address


async def test_the_flows_stand_in_the_order_that_was_chosen(etl: Project) -> None:
    async with console(etl) as page:
        await page.shows("sort: attention")
        await page.press("s")
        await page.shows("Sort by", "attention (now)", "whose last run took longest")
        await page.press("n")
        await page.shows("sort: name")
        names = ("cleanup_tmp  ", "etl_daily  ", "ingest_s3  ", "reports_v2  ")
        assert page.order_of(*names) == list(names)
        await page.press("s", "d")
        await page.shows("sort: duration")
        assert page.order_of(*names)[:2] == ["ingest_s3  ", "etl_daily  "]
        await page.press("s", "s")
        await page.shows("sort: attention")
        assert page.order_of(*names)[0] == "etl_daily  "


async def test_an_order_is_part_of_a_saved_view_and_of_its_address(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(etl.settings.project))
    async with console(etl, begin=Address("runs", "flow:etl* sort:duration")) as page:
        await page.shows("Runs 13", "only: flow:etl*  sort: duration")
        assert page.order_of(" 812 ", " 811 ")[0] == " 812 ", (
            "of those that took as long, the newest comes first"
        )
        await page.press("apostrophe", "S")
        await page.type("slow ones")
        await page.press("enter")
        await page.shows("saved as slow ones")
        await page.press("escape", "s", "n")
        await page.shows("Runs 15", "sort: newest")
        await page.press("apostrophe", "1")
        await page.shows("Runs 13", "only: flow:etl*  sort: duration")


async def test_of_a_long_history_the_newest_are_sorted_and_it_says_how_many(project: Project) -> None:
    seed_many(project, 30_000)
    project.db.execute("UPDATE flow_runs SET ended_at = ended_at + 100 WHERE id = 25001 + 7")
    project.db.execute("UPDATE flow_runs SET ended_at = ended_at + 200 WHERE id = 7")
    async with console(project) as page:
        await page.press("2")
        await page.shows("Runs 200+")
        await page.press("s", "d")
        await page.shows("Runs 5,000+", "sort: duration of the newest 5,000", "> ✓ 25008")
        await page.look_for("state:failed")
        await page.shows("Runs 3 ", "only: state:failed  sort: duration")


def test_runs_that_have_not_begun_took_no_time() -> None:
    running = a_run(1, started_at=NOON, state=FlowRunState.RUNNING)
    short = a_run(2, started_at=NOON, ended_at=NOON + 5, state=FlowRunState.FAILED)
    queued = a_run(3, state=FlowRunState.PENDING)
    found = [queued, short, running]
    assert [run.id for run in orders.runs(found, "duration", NOON + 60)] == [1, 2, 3]
    assert next(run.id for run in orders.runs(found, "state", NOON + 60)) == 2
    assert orders.runs(found, "newest", NOON) == found


def test_an_address_that_names_no_order_there_is_leads_to_the_first() -> None:
    assert orders.split("is:failed sort:next-fire", orders.FLOWS) == ("is:failed", "next fire")
    assert orders.split("sort:nonsense etl", orders.FLOWS) == ("etl", "attention")
    assert orders.in_address("", "next fire") == "sort:next-fire"
