import asyncio
import time
from dataclasses import replace

import pytest
from textual.geometry import Region

from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import REFUSED, Project, the_task
from tui_flow import __version__
from tui_flow.contract import changes, commands
from tui_flow.contract.errors import BadParameters, EngineError, ProjectError, ReadOnly
from tui_flow.contract.schedules import Cron, Interval
from tui_flow.store.database import SCHEMA_VERSION
from tui_flow.tui.app import Console
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


async def test_a_long_host_name_leaves_room_for_what_runs(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTNAME", f"ip-10-20-30-40{'-and-on' * 9}.compute.internal")
    async with console(etl) as page:
        await page.shows("@ip-10-20-30-40-a", "▸1 running", "engine ok")


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


async def test_r_runs_a_flow_and_enter_opens_it(etl: Project) -> None:
    engine = FakeEngine()

    def start(command: commands.RunFlow) -> dict[str, int]:
        etl.run(813, command.flow, "pending")
        engine.tell(changes.RunChanged(813, command.flow, "pending"))
        return {"run_id": 813}

    engine.answers[commands.RunFlow] = start
    async with console(etl, engine=engine) as page:
        await page.press("G", "r")
        await page.shows("run 813 of cleanup_tmp is on its way")
        assert engine.asked_for(commands.RunFlow) == [commands.RunFlow("cleanup_tmp", trigger="console")]
        await page.shows("◌  cleanup_tmp", "run 813 of cleanup_tmp is on its way")
        etl.set_run(813, "running", started_at=time.time())
        engine.tell(changes.RunChanged(813, "cleanup_tmp", "running"))
        await page.shows("▸  cleanup_tmp", "run 813 of cleanup_tmp is running")
        await page.press("u")
        assert "run 813 was started: x cancels it, u does not" in page.message
        await page.press("enter")
        await page.shows("Flows › cleanup_tmp › run 813", "RUNNING")


async def test_a_flow_that_never_ran_says_which_key_helps(project: Project) -> None:
    project.flow("fresh")
    async with console(project) as page:
        await page.press("enter")
        assert "r runs it" in page.message


async def test_a_flow_with_required_parameters_asks_for_them(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = {"run_id": 900}
    async with console(etl, engine=engine) as page:
        await page.press("r")
        await page.shows("etl_daily › Run with parameters", "date *", "required")
        await page.press("ctrl+r")
        await page.shows("needs a text")
        await page.type("2026-08-21")
        await page.press("tab", "ctrl+u")
        await page.type("x")
        await page.shows("needs a whole number")
        await page.press("backspace")
        await page.type("7")
        await page.shows("$ tui-flow run etl_daily -p date=2026-08-21 -p limit=7")
        await page.press("ctrl+r")
        await page.until(lambda: len(engine.asked) > 1, "the run to be asked for")
        assert engine.asked[-1].parameters == {"date": "2026-08-21", "limit": 7}


async def test_what_the_engine_refuses_is_said(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = BadParameters("limit: not a number", next="see tui-flow flows")
    async with console(etl, engine=engine) as page:
        await page.press("G", "r")
        await page.shows("limit: not a number")


async def test_x_asks_and_enter_alone_keeps_the_run(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.CancelRun] = {"state": "cancelling"}
    async with console(etl, engine=engine) as page:
        await page.press("j", "j", "x")
        await page.shows("Cancel run 501?", ">[ Keep it running ]")
        await page.press("enter")
        await page.hides("Cancel run 501?")
        assert commands.CancelRun(501) not in engine.asked
        await page.press("x")
        await page.shows("Cancel run 501?")
        await page.press("tab", "enter")
        await page.shows("run 501 was asked to end")
        assert commands.CancelRun(501) in engine.asked


async def test_x_on_a_flow_that_does_not_run_says_so(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("x")
        assert "no active run" in page.message


async def test_the_filter_narrows_the_list_and_escape_brings_all_back(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("slash")
        await page.type("core")
        await page.press("enter")
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
        await page.press("slash")
        await page.type("nested")
        await page.press("enter")
        assert "child" in page.text
        assert page.line_with(">").split()[1] == "nested"


async def test_x_on_a_run_that_is_being_cancelled_says_that_it_is(project: Project) -> None:
    project.flow("ingest_s3")
    project.run(501, "ingest_s3", "cancelling")
    async with console(project) as page:
        assert "cancel" not in page.footer
        await page.press("x")
        assert "run 501 is being cancelled" in page.message


async def test_a_burst_of_keys_goes_where_the_keys_before_it_led(etl: Project) -> None:
    from textual import events

    async with console(etl) as page:
        for key in "/report":
            page.app.post_message(events.Key("slash" if key == "/" else key, key))
        await page.shows("only: report")
        assert page.engine.asked == [commands.Subscribe()]


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


async def test_a_saved_file_shows_up_by_itself(etl: Project) -> None:
    async with console(etl) as page:
        etl.flow("brand_new")
        page.engine.tell(changes.FlowFileChanged("flows/brand_new.py", "ok"))
        await page.shows("brand_new", "Flows 5")


async def test_a_gap_in_the_changes_reads_everything_anew(etl: Project) -> None:
    async with console(etl) as page:
        await page.shows("engine ok")
        etl.flow("missed")
        page.engine.tell(changes.TasksChanged(1), skipping=3)
        await page.shows("missed")


async def test_an_engine_that_dies_is_said_to_be_gone_and_found_again(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_flow.tui.bridge.RETRY_SECONDS", (0.02,))
    async with console(etl) as page:
        await page.shows("engine ok")
        page.engine.die()
        await page.shows("engine gone")
        etl.flow("meanwhile")
        page.engine.is_up = True
        await page.shows("engine ok", "meanwhile")


async def test_a_stopped_engine_is_not_started_by_a_console_that_only_looks(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_flow.tui.bridge.RETRY_SECONDS", (0.02,))
    starts: list[bool] = []

    class Stopping(FakeEngine):
        async def connect(self, settings: object, *, start: bool) -> FakeEngine:
            starts.append(start)
            if len(starts) > 1 and not start:
                self.is_up = False
            elif start:
                self.is_up = True
            return await super().connect(settings, start=start)

    etl.schedule("cleanup_tmp", Cron("0 3 * * *", "UTC"), at=time.time())

    def stop(_: object) -> dict[str, object]:
        engine.answers[commands.GetStatus] = {"version": __version__, "schema": SCHEMA_VERSION}
        engine.tell(changes.EngineStopping())
        return {}

    engine = Stopping()
    engine.answers[commands.RunFlow] = {"run_id": 900}
    async with console(etl, engine=engine) as page:
        await page.shows("engine ok")
        engine.tell(changes.EngineStopping())
        await page.shows("engine stopped")
        await page.until(lambda: len(starts) > 3, "it to be looked for")
        await page.shows(" engine stopped (:restart): no schedule fires, running runs go on")
        assert "engine stopped (:restart)" in page.lines[0]
        with pytest.raises(EngineError, match="the engine is stopped"):
            await asyncio.wait_for(page.app.bridge.ask(commands.GetStatus()), 1)
        await page.press("4")
        await page.shows("engine stopped: nothing fires until it runs")
        assert page.line_with("cleanup_tmp").split()[2:4] == ["-", "cleanup_tmp"]
        assert not any(starts[1:])
        await page.press("colon")
        await page.type("restart")
        await page.press("enter")
        await page.shows("the engine runs, and stays until it is stopped", "engine ok")
        assert page.engine.asked_for(commands.KeepEngine)
        await page.hides("nothing fires until it runs")
        engine.tell(changes.EngineStopping())
        await page.shows("engine stopped")
        await page.press("1", "G", "r")
        await page.shows("run 900 of cleanup_tmp is on its way")
        assert starts[-1]
        engine.answers[commands.GetStatus] = {"version": __version__, "schema": SCHEMA_VERSION - 1}
        engine.answers[commands.StopEngine] = stop
        engine.die()
        engine.is_up = True
        await page.shows("engine of another version")
        assert page.app.needs_restart
        await page.press("colon")
        await page.type("restart")
        await page.press("enter")
        await page.shows("the engine runs, and stays until it is stopped", "engine ok")
        assert len(engine.asked_for(commands.KeepEngine)) == 2


async def test_e_opens_the_editor_where_it_failed(etl: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    called: list[list[str]] = []
    monkeypatch.setenv("EDITOR", "vi")
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    async with console(etl) as page:
        monkeypatch.setattr(page.app, "suspend", nullcontext)
        monkeypatch.setattr(
            "subprocess.run", lambda words, **_: called.append(words) or type("Done", (), {"returncode": 0})
        )
        await page.press("e")
        await page.shows("edited etl_daily.py, line 4")
        monkeypatch.setenv("EDITOR", "unheard-of")
        await page.press("e")
        await page.shows("edited etl_daily.py, not at line 4: unheard-of has no known line option")
    file = str(etl.settings.project / "flows/etl_daily.py")
    assert called == [["vi", "+4", file], ["unheard-of", file]]


async def test_the_form_says_which_of_how_many_fields_it_is_in(project: Project) -> None:
    fields = {f"p{n}": {"type": "string", "format": "date"} for n in range(12)}
    project.flow("wide", parameters={"properties": fields, "required": list(fields)})
    async with console(project) as page:
        await page.press("r")
        await page.shows("field 1 of 18", "p0  date, as 2026-08-20")
        await page.press("tab", "tab")
        await page.shows("field 3 of 18")


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
