"""Stories of what a run shows to people, in the Run view."""

from typing import Any

from tests.tui.pages import console
from tests.tui.project import NOON, Project, the_task
from tui_flow.contract import changes
from tui_flow.contract.journal import ArtifactCreated, ArtifactUpdated
from tui_flow.store import artifacts

AT = NOON + 900 * 60


def make(
    project: Project, run_id: int, id: str, type: str, data: Any, task: int = 0, key: str | None = None
) -> None:
    event = ArtifactCreated(AT, id, type, key, None, data, task)
    artifacts.keep_all(project.db, [event], run_id)


async def test_a_report_and_a_table_are_read_in_the_run_view(etl: Project) -> None:
    make(etl, 812, "a", "markdown", "# Orders\n\nsee [the page](https://example.org)", 0, "daily-report")
    make(etl, 812, "b", "table", [{"table": "orders", "rows": 31402}], 40)
    async with console(etl, open_run=812) as page:
        await page.shows("│> 49 ", "A 2 artifacts")
        await page.press("A")
        await page.shows("What run 812 of etl_daily shows", "table  of load_warehouse  ")
        await page.shows("orders  31402", "tui-flow artifacts 812")
        assert "Orders" not in page.text, "the cursor is on a task that made one of them"
        await page.press("y")
        await page.shows("copied the artifacts")
        await page.press("A", "g")
        await page.shows("Log whole run")
        await page.press("A")
        await page.shows("daily-report", "Orders", "the page <https://example.org>", "orders  31402")
        await page.press("n", "escape", "i")
        await page.press("tab", "G")
        await page.shows("orders  31402")


async def test_progress_grows_in_the_tree_and_the_details(etl: Project) -> None:
    etl.run(900, "ingest_s3", "running", started_at=AT)
    etl.tasks(900, [the_task(1, "load", "running", at=900 * 60.0)])
    make(etl, 900, "p", "progress", {"done": 3, "total": 10}, 1)
    async with console(etl, open_run=900, size=(160, 45)) as page:
        await page.shows("── 30%")
        await page.press("j")
        await page.shows("30%  3/10")
        artifacts.keep_all(etl.db, [ArtifactUpdated(AT + 5, "p", None, {"done": 7, "total": 10})], 900)
        page.engine.tell(changes.TasksChanged(900))
        await page.shows("70%  7/10")
        assert "load-1 " in page.line_with("── 70%")


async def test_the_progress_of_a_task_that_is_over_has_no_estimate_while_the_run_goes_on(
    etl: Project,
) -> None:
    etl.run(900, "ingest_s3", "running", started_at=AT)
    etl.tasks(900, [the_task(1, "load", at=900 * 60.0), the_task(2, "mail", "running", at=900 * 60.0 + 9)])
    make(etl, 900, "p", "progress", {"done": 99, "total": 100}, 1)
    artifacts.keep_all(etl.db, [ArtifactUpdated(AT + 5, "p", None, {"done": 99, "total": 100})], 900)
    async with console(etl, open_run=900, size=(160, 45)) as page:
        await page.shows("99%  99/100")
        assert "~" not in page.line_with("99%  99/100")
        await page.press("A")
        await page.shows("What run 900", "99%  99/100")
        assert "~" not in page.line_with("99%  99/100")
        await page.press("escape", "j", "j")
        await page.shows("Log mail")
        assert "99%" not in page.text, "it says nothing of the run"


async def test_a_run_that_shows_nothing_says_what_would(etl: Project) -> None:
    async with console(etl, open_run=811) as page:
        await page.shows("COMPLETED")
        assert "artifact" not in page.text
        await page.press("A")
        await page.shows("create_markdown_artifact(...)")
