"""Stories of the Flows view: what stands in the list and below it, in which order, and at which size."""

import time

import pytest
from textual.geometry import Region

from tests.tui.pages import FakeEngine, console
from tests.tui.project import REFUSED, Project, the_task
from tui_flow.contract import changes, commands
from tui_flow.contract.schedules import Interval
from tui_flow.tui.widgets.flow_table import FlowTable


async def test_the_flows_stand_there_most_urgent_first(etl: Project) -> None:
    async with console(etl) as page:
        await page.shows("etl_daily", "cleanup_tmp", "engine ok")
        assert page.order_of("etl_daily   ", "reports_v2", "ingest_s3", "cleanup_tmp") == [
            "etl_daily   ", "reports_v2", "ingest_s3", "cleanup_tmp",
        ]  # fmt: skip
        row = page.line_with("etl_daily   ")
        assert "✗  etl_daily" in row and "✓✓✓✗✓✓✓✓✓✓✓✓✗" in row and "failed" in row and "3m12s" in row
        assert "import error line 31" in page.line_with("reports_v2")


async def test_the_lower_pane_tells_the_first_error_without_leaving_the_list(etl: Project) -> None:
    async with console(etl) as page:
        await page.shows("etl_daily  run 812  failed", "OperationalError: connection to server")
        assert "flows/etl_daily.py:4 in load_warehouse" in page.text
        assert "date=2026-08-20" in page.line_with("ran with")
        await page.shows("not run because of it  publish, notify")
        await page.shows("2 of the last 13 runs failed, 1 in load_warehouse   last ok run 811, ")
        etl.db.execute("UPDATE flow_runs SET source_sha = 'a' WHERE id = 812")
        etl.db.execute("UPDATE flows SET sha = 'b' WHERE name = 'etl_daily'")
        page.engine.tell(changes.FlowFileChanged("flows/etl_daily.py", "ok"))
        await page.shows("etl_daily  run 812  failed  file edited since")


async def test_a_broken_file_shows_its_error_and_its_line(etl: Project) -> None:
    etl.broken_file("flows/mess.py", "IndentationError: unexpected indent", 7)
    async with console(etl) as page:
        await page.shows("mess.py")
        await page.press("j")
        assert "> !  mess.py" in page.text
        await page.shows("IndentationError: unexpected indent", "flows/mess.py:7")
        await page.press("r")
        assert "does not import" in page.message
        assert page.engine.asked == [commands.Subscribe()]
        etl.db.execute(
            "UPDATE flow_files SET state = 'broken', error = 'no' WHERE path = 'flows/etl_daily.py'"
        )
        page.engine.tell(changes.FlowFileChanged("flows/etl_daily.py", "broken"))
        await page.press("g")
        await page.shows("r is refused until it imports")
        assert "last good version" not in page.text, "it has no schedule"
        etl.schedule("etl_daily", Interval(3600.0), at=time.time())
        page.engine.tell(changes.ScheduleChanged("etl_daily", "nightly"))
        await page.shows("its schedules run its last good version; r is refused until it imports")


async def test_the_filter_narrows_the_list_and_escape_brings_all_back(etl: Project) -> None:
    async with console(etl) as page:
        await page.look_for("core")
        assert "Flows 1 of 4" in page.text and "only: core" in page.text
        await page.press("escape")
        assert "Flows 4 " in page.text
        assert page.app.is_running


async def test_the_filter_goes_to_a_flow_of_that_name_before_one_whose_file_is_called_so(
    project: Project,
) -> None:
    for name in ("child", "nested"):
        project.flow(name, tags=["nested"])
    async with console(project) as page:
        await page.look_for("nested")
        assert "child" in page.text
        assert page.line_with(">").split()[1] == "nested"


async def test_rows_stay_where_they_are_until_g_sorts_them(etl: Project) -> None:
    async with console(etl) as page:
        await page.shows("cleanup_tmp")
        etl.run(820, "cleanup_tmp", "failed", failure=REFUSED, message="no")
        page.engine.tell(changes.RunChanged(820, "cleanup_tmp", "failed"))
        await page.shows("✗  cleanup_tmp", "sort: attention, changed: g sorts")
        assert page.order_of("ingest_s3", "cleanup_tmp") == ["ingest_s3", "cleanup_tmp"]
        await page.press("g")
        assert page.order_of("ingest_s3", "cleanup_tmp") == ["cleanup_tmp", "ingest_s3"]
        assert "sort: attention" in page.text


async def test_no_heading_is_cut_where_the_strip_is_short(etl: Project) -> None:
    async with console(etl, size=(60, 20)) as page:
        assert page.lines[3].split()[1:4] == ["FLOW", "LAST", "NOW"]


async def test_the_screen_is_usable_at_sixty_by_twenty(etl: Project) -> None:
    async with console(etl, size=(60, 20)) as page:
        await page.shows("etl_daily", "OperationalError")
        assert page.footer.endswith("? help")
        assert all(len(line) == 60 for line in page.lines)


async def test_the_time_of_a_running_flow_goes_on(project: Project) -> None:
    project.flow("long")
    project.run(1, "long", "running", started_at=time.time() - 58)
    async with console(project) as page:
        await page.shows("58s")
        await page.shows("1m00s")


async def test_a_row_follows_its_run_from_the_queue_to_its_end(project: Project) -> None:
    project.flow("load")
    project.run(1, "load", took=60.0)
    project.tasks(1, [the_task(n, f"step{n}", at=40 + 20 * n, took=10) for n in (1, 2, 3)])
    project.run(2, "load", "pending")
    engine, now = FakeEngine(), time.time()
    engine.answers[commands.GetQueue] = {
        "waiting": [{"run_id": 2, "why": "1 run with tag io goes on", "limit": "tag io"}]
    }
    async with console(project, engine=engine) as page:
        await page.shows(": tag io")
        project.set_run(2, "running", started_at=now - 5)
        engine.tell(changes.RunChanged(2, "load", "running"))
        await page.shows("estimate  0 of 3 tasks done, at the pace of run 1")
        project.tasks(2, [the_task(1, "step1"), the_task(2, "step2", "running")])
        engine.tell(changes.TasksChanged(2))
        await page.ticks_until("1 of 3 tasks done", " 16%")
        project.tasks(2, [the_task(2, "step2", "retrying", tries=1, max_tries=3, due_at=now + 90)])
        engine.tell(changes.TasksChanged(2))
        await page.ticks_until("↻ step2: try 2/3 in 1m")
        project.set_run(2, "completed", ended_at=now)
        engine.tell(changes.RunChanged(2, "load", "completed"))
        await page.shows("ok just now")


async def test_a_row_draws_only_the_cells_that_have_changed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.flow("load")
    project.flow("other")
    project.run(1, "load", "running", started_at=time.time() - 30)
    drawn: list[Region] = []
    async with console(project) as page:
        table, now = page.app.screen.query_one(FlowTable), time.time() + 7
        monkeypatch.setattr(table, "refresh", lambda *regions, **_: drawn.extend(regions))
        monkeypatch.setattr(time, "time", lambda: now)
        table.redraw()
    assert drawn and all(region.y == 1 and region.width < 4 for region in drawn)


async def test_the_help_of_the_flows_stands_whole_and_straight_at_eighty_by_twenty_four(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("question_mark")
        await page.shows(" FLOW", "MOVE", "EVERYWHERE", "STATES", "cancelled")
        assert "clear, or one step back" in page.text
        assert "back; at the top: detach" in page.text


async def test_a_list_that_is_longer_than_the_screen_says_where_one_is(project: Project) -> None:
    for number in range(40):
        project.flow(f"flow_{number:02}")
    async with console(project) as page:
        await page.shows("sort: attention  1/40")
        await page.press("G")
        await page.shows("sort: attention  40/40")


async def test_who_comes_back_to_a_long_list_finds_the_cursor_where_it_was(project: Project) -> None:
    for number in range(20):
        project.flow(f"flow_{number:02}")
    async with console(project) as page:
        await page.press("j", "j", "2")
        await page.shows("Nothing has run")
        for number in range(3, 20):
            project.run(number, f"flow_{number:02}", "failed", failure=REFUSED, message="no")
            page.engine.tell(changes.RunChanged(number, f"flow_{number:02}", "failed"))
        await page.shows("Runs 17")
        await page.until(lambda: sum(map(len, page.app.overview.runs.values())) == 17, "them to be read")
        await page.press("1")
        await page.shows("sort: attention, changed: g sorts  3/20")
        assert "flow_02" in page.line_with("│> "), "nothing moves under it"
        await page.press("k", "k", "2", "1")
        await page.shows("sort: attention  18/20")
        assert "flow_00" in page.line_with("│> "), (
            "from the top, the list is sorted anew: the row is in sight"
        )
