"""The Flows view where there is room: more columns, all there is to say of one flow, and what surrounds them."""

import time
from typing import Any

import pytest

from tests.store.rows import a_file, a_flow, a_run
from tests.tui.pages import FakeEngine, console
from tests.tui.project import NOON, REFUSED, Project, the_task
from tui_flow.alerts.happenings import Happening
from tui_flow.contract import changes, commands
from tui_flow.contract.schedules import Cron
from tui_flow.contract.states import AlertKind, AlertState, FlowRunState, TaskRunState
from tui_flow.settings import Settings
from tui_flow.store.records import Alert, Pause
from tui_flow.store.tasks import TaskSummary
from tui_flow.tui.presentation import activity, flow_detail, flow_foot, plots, text_of, times
from tui_flow.tui.presentation.flow_detail import More
from tui_flow.tui.presentation.flow_foot import Day, FullLimit
from tui_flow.tui.presentation.flow_list import EMPTY, FlowRow
from tui_flow.tui.presentation.glyphs import UNICODE

WIDE = (160, 45)
T = TaskRunState


async def test_a_wide_screen_tells_all_of_a_flow_beside_the_table(etl: Project) -> None:
    for id in range(700, 716):
        etl.run(id, "etl_daily", took=20.0)
    etl.schedule("etl_daily", Cron("0 3 * * *", "UTC"), at=time.time())
    etl.db.execute("UPDATE flow_runs SET source_sha = 'abcdef0123' WHERE id = 812")
    etl.db.execute("UPDATE flows SET sha = '1234567890' WHERE name = 'etl_daily'")
    at, engine = time.time() + 7200, FakeEngine()
    etl.db.execute("UPDATE schedules SET next_at = ?", [at])
    engine.answers[commands.ListSchedules] = {"schedules": [{"next": [at, at + 86_400]}]}
    async with console(etl, size=WIDE, engine=engine) as page:
        await page.shows("etl,core", "P95", "LAST 2", "FIRST ERROR", "slots: all 1/8")
        row = page.line_with("✗  etl_daily")
        assert "██████▅▅▅✗▅▅" in row, "heights, and a shape in place of one"
        await page.shows(
            "failures in 29 runs  load_warehouse 1, upload 1", "p50 20.0s", "slowest load_warehouse 1m02s"
        )
        await page.shows("code     abcdef0  the file is now 1234567, D diff", "trigger  command")
        await page.shows("✗ upload[20]", "✗ load_warehouse", "▿ publish", "not run")
        await page.shows("(1h), then ")
        asked = engine.asked_for(commands.ListSchedules)
        assert asked == [commands.ListSchedules("etl_daily", 2)]
        await page.press("i")
        await page.hides("FIRST ERROR")
        assert len(page.line_with("✗  etl_daily").rstrip()) == 160
        (etl.settings.project / "tui_flow.toml").write_text("max_concurrent_runs = 3")
        page.engine.tell(changes.SettingsChanged())
        await page.shows("the saved settings apply now", "slots: all 1/3")
        page.engine.tell(changes.SettingsChanged("cannot read the settings: Invalid value"))
        await page.shows("the earlier settings still apply: cannot read the settings", "slots: all 1/3")
        await page.press("i", "D")
        await page.shows("What changed: run 811 to run 812")


def summary(name: str, state: T = T.COMPLETED, calls: int = 1, **changes: Any) -> TaskSummary:
    return TaskSummary(name, state, calls, 1, 1, 2.0)._replace(**changes)


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        ([summary("load")], ["✓ load              2.0s"]),
        ([summary("load", T.FAILED, tries=3), summary("end", T.UPSTREAM_FAILED)], ["✗ load                x3  ▿ end            not run"]),
        ([summary("map", calls=7), summary("map", T.RUNNING, 3, seconds=None)], ["▸ map[10]        running"]),
        ([summary(f"t{n}", T.FAILED if n == 99 else T.COMPLETED) for n in range(100)], ["✗ t99", "and 84 more tasks, all well"]),
    ],
    ids=["one", "two columns", "mapped", "very many"],
)  # fmt: skip
def test_tasks_are_told_by_name_those_that_are_not_well_in_any_case(
    tasks: list[TaskSummary], told: list[str]
) -> None:
    lines = [text_of(line).rstrip() for line in flow_detail._tasks(tasks, UNICODE, 50)]
    assert all(any(text in line for line in lines) for text in told), lines
    assert max(map(len, lines)) <= 50


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((0, 0, 0), ""),
        ((2, 1, 3), "2 runs continue, 1 waits for you, 3 are queued"),
        ((0, 2, 1), "2 runs wait for you, 1 is queued"),
    ],
)
def test_who_leaves_hears_which_runs_continue_and_which_wait(counts: tuple[int, int, int], told: str) -> None:
    states = (FlowRunState.RUNNING, FlowRunState.PAUSED, FlowRunState.PENDING)
    assert str(EMPTY._replace(counts=dict(zip(states, counts, strict=True))).going) == told


def test_the_foot_says_what_the_last_day_was_like_and_which_limits_are_full(tmp_path: Any) -> None:
    settings = Settings(project=tmp_path, max_concurrent_runs=1, tag_limits={"io": 2})
    overview = EMPTY._replace(counts={FlowRunState.RUNNING: 1})
    day = Day(
        5.0,
        {
            FlowRunState.COMPLETED: 1107,
            FlowRunState.FAILED: 29,
            FlowRunState.RUNNING: 1,
            FlowRunState.CANCELLED: 3,
        },
    )
    full = [FullLimit("database", 5, 5), FullLimit("api", 10.5, 10)]
    lines = flow_foot.lines(overview, day, settings, UNICODE, heights=True, full=full)
    told = "\n".join(map(text_of, lines))
    assert "io 0/2    limits: database 5/5 full, api 10.5/10 full" in told
    assert "last 24h: 1,140 runs, 97.4% ok" in told and "slots: all 1/1 full, io 0/2" in told
    assert "height is its time against p95" in told
    bare = flow_foot.lines(EMPTY, Day(), settings, UNICODE, heights=False)
    assert "24h" not in "".join(map(text_of, bare)), "nothing is said that was not read"


async def test_nothing_more_is_read_where_there_is_no_room(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_flow.tui.screens.flows.read_surroundings", None)
    engine = FakeEngine()
    async with console(etl, engine=engine) as page:
        await page.shows("etl_daily")
        engine.tell(changes.RunChanged(812, "etl_daily", "failed"))
        await page.shows("p95")
        await page.press("i")
        await page.hides("p95")
        assert engine.asked == [commands.Subscribe()]


async def test_a_large_screen_has_what_runs_what_is_wrong_and_what_happened(etl: Project) -> None:
    etl.alert(at=NOON)
    broken = Happening(AlertKind.BROKEN_FILE, "", "flows/reports_v2.py", "SyntaxError", NOON - 1, None, "flows/reports_v2.py", 3)  # fmt: skip
    etl.alert(broken, at=NOON - 1)
    etl.tasks(501, [the_task(1, "list"), the_task(2, "upload", "running", map_index=7)])
    etl.run(821, "cleanup_tmp", "failed")
    etl.tasks(821, [the_task(1, "load", "failed", failure=REFUSED._replace(function="drop_old"))])
    etl.run(822, "cleanup_tmp", "pending")
    engine = FakeEngine()
    engine.answers[commands.GetQueue] = {
        "waiting": [{"run_id": 822, "why": "8 runs go on", "limit": "slots 8/8"}]
    }
    engine.answers[commands.CancelRun] = {"state": "cancelling"}
    async with console(etl, size=WIDE, engine=engine) as page:
        await page.shows(
            "Running now 1 (+1 queued)", "upload[7]", "waits: 8 runs go on", "Alerts: 2 new", "Activity"
        )
        await page.shows("✗ run 812 etl_daily failed in load_warehouse after 3m12s")
        await page.shows("✗ run 821 cleanup_tmp failed in drop_old after")
        etl.tasks(
            501,
            [the_task(2, "upload", "retrying", map_index=7, tries=1, max_tries=2, due_at=time.time() + 70)],
        )
        engine.tell(changes.TasksChanged(501))
        await page.ticks_until("✓1 ↻1", "upload[7], try 2/2 in 1m")
        await page.press("tab", "tab")
        assert page.app.focused is page.app.screen.query_one("#running")
        await page.shows("▸ RUNNING  run 501")
        await page.press("space")
        assert "marked among the flows" in page.message
        await page.press("x")
        await page.shows("Cancel run 501?")
        await page.press("escape", "j", "enter")
        await page.shows("› run 822")
        await page.press("q", "tab", "a")
        await page.until(lambda: engine.asked_for(commands.AcknowledgeAlerts), "the alert to be acknowledged")
        await page.press("j")
        await page.shows("─ reports_v2 ─", "SyntaxError: invalid syntax")
        await page.press("k", "enter")
        await page.shows("› run 812", "opened at the first error")


async def test_the_keyboard_is_in_the_table_once_it_was_filtered_from_another_pane(etl: Project) -> None:
    async with console(etl, size=WIDE) as page:
        await page.shows("Running now 1")
        await page.press("tab", "tab")
        await page.shows("▸ RUNNING  run 501")
        await page.press("z")
        await page.look_for("cleanup")
        await page.shows("1 of 4", "> ✓  cleanup_tmp")
        assert page.app.focused is page.app.screen.query_one("#flows")
        await page.press("escape")
        await page.hides("1 of 4")
        assert page.app.focused is page.app.screen.query_one("#flows")


async def test_no_status_is_cut_while_names_and_strips_have_more_room_than_they_must(etl: Project) -> None:
    now = time.time()
    etl.flow("a_rather_long_name_of_a_flow_here")
    etl.schedule("cleanup_tmp", Cron("0 3 * * *", "UTC"), at=now)
    etl.db.execute("UPDATE flow_runs SET started_at = ?, ended_at = ? WHERE id = 812", [now - 50, now])
    etl.alert(at=now)
    later = now + 9 * 86_400
    etl.run(950, "cleanup_tmp", "pending", scheduled_for=later)
    engine = FakeEngine()
    engine.answers[commands.GetQueue] = {
        "waiting": [{"run_id": 950, "why": "it is to begin Fri 27 Nov 21:00:00", "limit": "its time"}]
    }
    async with console(etl, size=WIDE, engine=engine) as page:
        await page.shows("Running now 1 (+1 queued)", "a_rather_long_name_…")
        assert "failed just now ● new " in page.line_with("> ✗  etl_daily")
        assert f" begins {times.moment(later, now)} " in page.line_with("950  cleanup_tmp")


async def test_empty_panes_say_so_and_which_key_helps(project: Project) -> None:
    project.flow("fresh")
    async with console(project, size=WIDE) as page:
        await page.shows(
            "Nothing runs. r runs the flow under the cursor.",
            "Nothing is wrong.",
            "flows/fresh.py read: 1 flow",
        )
        await page.pilot.resize_terminal(80, 24)
        await page.hides("Activity")
        await page.press("tab", "tab")
        assert page.app.focused is page.app.screen.query_one("#flows"), "no pane that is not there is entered"


def test_activity_is_what_happened_last_first() -> None:
    pause = Pause("archive", 30.0, "ops", "", 50.0)
    acked = Alert(
        1, AlertKind.FAILURE, "", AlertState.ACKNOWLEDGED, "etl", "load", "", "", 0, 1, 1, 1, (), 40.0, "ada"
    )
    done = a_run(7, flow="etl", state=FlowRunState.COMPLETED, started_at=10.0, ended_at=20.0)
    now = a_run(8, flow="etl", state=FlowRunState.RUNNING, started_at=60.0)
    overview = EMPTY._replace(
        files=[a_file(described_at=5.0)],
        flows=[a_flow()],
        runs={"etl": [now, done]},
        pauses=[pause],
        alerts=[acked],
    )
    told = [event.text for event in activity.events_of(overview, 9)]
    assert told == [
        "run 8 etl began", "archive fires again", "ada acknowledged etl load", "ops paused archive", "run 7 etl 10.0s",
        "flows/etl.py read: 1 flow",
    ]  # fmt: skip
    assert len(activity.events_of(overview, 2)) == 2


async def test_the_time_left_goes_on_without_any_news(project: Project) -> None:
    project.flow("long")
    project.run(1, "long", took=600.0)
    project.run(2, "long", "running", started_at=time.time() - 60)
    async with console(project, size=WIDE) as page:
        await page.shows("CURRENT TASK", "its own code", "~8m5")

        def left() -> str:
            return page.line_with("its own code").partition("~")[2].split()[0]

        before = left()
        await page.until(lambda: left() != before, "the time left to be less")


@pytest.mark.parametrize(
    ("count", "told", "by_task"),
    [
        (1, "its only run failed", "failures in 1 run  "),
        (3, "3 of the last 3 runs failed", "failures in 3 runs  "),
    ],
)
def test_how_often_a_flow_failed_is_said_of_one_run_as_of_several(
    etl: Project, count: int, told: str, by_task: str
) -> None:
    run = etl.run(900, "other", "failed")
    row = FlowRow("other", "other", "flows/other.py", None, None, (run,), None)
    more = More("other", run.id, spans=[plots.span_of(run)] * count, failures={"load": count})
    waits = plots.span_of(run)._replace(state=FlowRunState.PENDING, started_at=None, ended_at=None)
    queued = more._replace(spans=[waits, *more.spans])
    assert told in text_of(flow_detail.failure_context(row, queued, NOON)[-1]), (
        "one that waits is none of them"
    )
    assert told in text_of(flow_detail.failure_context(row, more, NOON)[-1])
    assert by_task in text_of(flow_detail._failures(more)[0])
    crashed = [span._replace(state=FlowRunState.CRASHED) for span in more.spans]
    for spans, word in ((crashed, "crashed"), ([*more.spans, *crashed], "failed or crashed")):
        line = text_of(flow_detail.failure_context(row, more._replace(spans=spans), NOON)[-1])
        assert line.partition(",")[0].endswith(f" {word}"), line
