"""How many keys the everyday jobs take, from the moment that the console is open: `.github/KEYSTROKES.md` is held to it.

Words that a person has to type (a date, what is looked for) do not count as keys.
"""

import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import NOON, Project, said
from tui_flow.contract.commands import CancelRun, GetQueue, PauseSchedules, RerunRun, RunFlow
from tui_flow.contract.schedules import Cron
from tui_flow.tui.presentation import times

TABLE = Path(__file__).parents[2] / ".github" / "KEYSTROKES.md"
Story = Callable[[Project, Page], Awaitable[list[str]]]


async def see_what_failed(project: Project, page: Page) -> list[str]:
    assert "etl_daily" in page.lines[4] and "failed" in page.lines[4], "the most urgent one comes first"
    await page.shows("OperationalError: connection to server", "flows/etl_daily.py:4")
    return []


async def read_the_log_at_the_error(project: Project, page: Page) -> list[str]:
    return await did(page, ["enter"], "opened at the first error", "OperationalError")


async def rerun_with_another_date(project: Project, page: Page) -> list[str]:
    keys = await did(page, ["enter"], "opened at the first error")
    keys += await did(page, ["r"], "from failed")
    keys += await did(page, ["e"], "date")
    await page.press("ctrl+u")
    await page.type("2026-08-19")
    keys += await did(page, ["ctrl+r"])
    await page.until(lambda: page.engine.asked_for(RerunRun), "the run to be asked for")
    assert page.engine.asked_for(RerunRun)[0].parameters["date"] == "2026-08-19"
    return keys


async def rerun_one_task(project: Project, page: Page) -> list[str]:
    keys = await did(page, ["enter"], "opened at the first error")
    keys += await did(page, ["r"], "only load_warehouse")
    keys += await did(page, ["o"])
    await page.until(lambda: page.engine.asked_for(RerunRun), "the run to be asked for")
    assert page.engine.asked_for(RerunRun)[0].only == ["load_warehouse"]
    return keys


async def leave_a_task_out(project: Project, page: Page) -> list[str]:
    keys = await did(page, ["R", "up"], "skip  list, as a, b")
    await page.type("load_warehouse")
    keys += await did(page, ["ctrl+r"])
    await page.until(lambda: page.engine.asked_for(RunFlow), "the run to be asked for")
    assert page.engine.asked_for(RunFlow)[0].skip == ["load_warehouse"]
    return keys


async def find_where_it_was_said(project: Project, page: Page) -> list[str]:
    keys = await did(page, ["3", "slash"])
    await page.type("connecting")
    return keys + await did(page, ["enter"], "812", "connecting")


async def pause_a_flow(project: Project, page: Page) -> list[str]:
    keys = await did(page, ["p"])
    await page.until(lambda: page.engine.asked_for(PauseSchedules), "the pause to be asked for")
    return keys


async def rerun_all_that_failed(project: Project, page: Page) -> list[str]:
    keys = await did(page, ["2"], "812  etl_daily")
    keys += await did(page, ["slash"])
    await page.type("state:failed")
    await page.shows("Runs 2 ")
    keys += await did(page, ["enter", "space", "G", "V"], "2 marked")
    keys += await did(page, ["r"], "Run 2 marked again")
    keys += await did(page, ["f"], "2 runs given another attempt")
    assert {one.run_id for one in page.engine.asked_for(RerunRun)} == {803, 812}
    return keys


async def see_what_runs_at_three(project: Project, page: Page) -> list[str]:
    return await did(page, ["4"], "03:00")


async def see_the_month(project: Project, page: Page) -> list[str]:
    return await did(page, ["4", "M"], f"{times.local(time.time()):%B %Y}", "no run yet")


async def compare_with_the_last_good_run(project: Project, page: Page) -> list[str]:
    return await did(page, ["D"], "811")


async def see_since_when_a_task_fails(project: Project, page: Page) -> list[str]:
    return await did(page, ["enter"], "FAILED") + await did(page, ["H"], "load_warehouse in run 812")


async def follow_a_run(project: Project, page: Page) -> list[str]:
    keys = await did(page, ["slash"])
    await page.type("ingest")
    return keys + await did(page, ["enter", "enter"], "ingest_s3", "RUNNING", "f on")


async def copy_a_traceback(project: Project, page: Page) -> list[str]:
    keys = await did(page, ["enter"], "opened at the first error")
    keys += await did(page, ["y", "t"])
    await page.until(lambda: "Traceback" in page.app.clipboard, "the traceback to be copied")
    return keys


async def cancel_a_run(project: Project, page: Page) -> list[str]:
    keys = await did(page, ["slash"])
    await page.type("ingest")
    keys += await did(page, ["enter", "x", "tab", "enter"])
    await page.until(lambda: page.engine.asked_for(CancelRun), "the cancel to be asked for")
    return keys


async def find_why_it_has_not_begun(project: Project, page: Page) -> list[str]:
    keys = await did(page, ["slash"])
    await page.type("cleanup")
    return keys + await did(page, ["enter"], "waits  8 of 8 runs are at work")


async def did(page: Page, keys: list[str], *shows: str) -> list[str]:
    """Presses the keys, one by one; what they are to show, is shown then."""
    for key in keys:
        await page.press(key)
    if shows:
        await page.shows(*shows)
    return keys


JOBS: dict[str, Story] = {
    "see what failed overnight, and why": see_what_failed,
    "read its log at the first error": read_the_log_at_the_error,
    "rerun yesterday's run with another date": rerun_with_another_date,
    "run again the task that failed, and no other": rerun_one_task,
    "run a flow without one of its tasks": leave_a_task_out,
    "find in which runs something was said": find_where_it_was_said,
    "pause a flow": pause_a_flow,
    "rerun all that failed, from where it failed": rerun_all_that_failed,
    "see what runs at 03:00": see_what_runs_at_three,
    "see on which days of the month something failed": see_the_month,
    "compare code and log of the last good run and the failed one": compare_with_the_last_good_run,
    "see since when a task fails": see_since_when_a_task_fails,
    "follow a run": follow_a_run,
    "copy a traceback": copy_a_traceback,
    "cancel a run": cancel_a_run,
    "find why a run has not begun": find_why_it_has_not_begun,
}


def counted() -> dict[str, int]:
    """The table of the document: job, number of keys."""
    rows = re.findall(r"^\| ([^|]+?) \| (\d+) \|", TABLE.read_text("utf-8"), re.MULTILINE)
    return {job: int(number) for job, number in rows}


@pytest.mark.parametrize("job", JOBS)
async def test_a_job_takes_as_many_keys_as_the_table_says(etl: Project, job: str) -> None:
    etl.schedule("etl_daily", Cron("0 3 * * *", "UTC"), at=NOON)
    etl.run(813, "cleanup_tmp", "pending")
    etl.log(811, said("connecting to wh-2"), said("loaded"))
    engine = FakeEngine()
    engine.answers |= {
        CancelRun: {"state": "cancelling"},
        RerunRun: {"attempt": 2},
        RunFlow: {"run_id": 900},
        GetQueue: {"waiting": [{"run_id": 813, "flow": "cleanup_tmp", "why": "8 of 8 runs are at work"}]},
    }
    async with console(etl, engine=engine) as page:
        await page.shows("etl_daily", "engine ok")
        keys = await JOBS[job](etl, page)
        assert len(keys) == counted()[job], keys


def test_the_table_has_no_other_jobs() -> None:
    assert list(counted()) == list(JOBS)
