"""Stories of rows that are marked, and of keys that act on all of them."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.tui.pages import FakeEngine, console
from tests.tui.project import NOON, Project
from tui_flow.contract import changes, commands
from tui_flow.contract.errors import NotCancellable
from tui_flow.contract.schedules import At, Cron, Interval
from tui_flow.store import schedules
from tui_flow.tui.presentation import marking, text_of
from tui_flow.tui.presentation.marking import Left


def answering(**answers: Callable[[Any], object] | dict[str, Any]) -> FakeEngine:
    engine = FakeEngine()
    engine.answers |= {getattr(commands, name): answer for name, answer in answers.items()}
    return engine


async def test_marks_are_seen_named_taken_back_and_cleared_one_step_at_a_time(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("V")
        assert "mark the row where the range begins first" in page.message
        await page.press("space")
        assert "1 marked: etl_daily  (r, p, x, a, m, c act on it; Esc clears)" in page.message
        assert page.line_with("etl_daily  ").startswith("│ ▌✗"), "a shape tells it, and the cursor went on"
        await page.press("j", "V")
        assert "3 marked: etl_daily and 2 more  (r, p, x, a, m, c act on them; Esc clears)" in page.message
        await page.press("k", "space")
        assert "2 marked: etl_daily, ingest_s3" in page.message
        await page.press("u")
        assert "undone: marks in flows" in page.message
        await page.press("j")
        assert "3 marked: etl_daily and 2 more" in page.message
        await page.look_for("clean")
        assert "3 marked, 3 of them hidden" in page.message, "a filter hides rows, and no marks"
        await page.press("escape")
        assert "Flows 4" in page.text and "3 marked" in page.message
        await page.press("escape")
        assert "marked" not in page.message and "▌" not in page.text
        await page.press("u")
        assert page.text.count("▌") == 3
        await page.press("escape", "2")
        await page.shows("812  etl_daily")
        await page.press("u")
        assert "nothing to undo" in page.message, "what u brings back is seen"
        await page.press("1")
        assert "▌" not in page.text


async def test_no_key_acts_on_a_marked_row_that_a_filter_hides(etl: Project) -> None:
    for flow in ("etl_daily", "ingest_s3"):
        etl.schedule(flow, Cron("0 3 * * *", "UTC"), at=NOON)
    async with console(etl) as page:
        await page.press("space", "space", "space")
        await page.look_for("ingest")
        await page.shows("3 marked, 2 of them hidden")
        await page.press("p")
        await page.until(lambda: page.engine.asked_for(commands.PauseSchedules), "a pause")
        assert [one.flow for one in page.engine.asked_for(commands.PauseSchedules)] == ["ingest_s3"]


async def test_a_mark_stays_with_its_row_and_goes_with_it(etl: Project) -> None:
    async with console(etl, ascii=True) as page:
        await page.press("space")
        assert page.line_with("etl_daily  ").startswith("| *X")
        etl.flow("aaa_new", broken="SyntaxError", line=1)
        page.engine.tell(changes.FlowFileChanged("flows/aaa_new.py", "ok"))
        await page.shows("aaa_new")
        await page.press("g")
        assert page.line_with("etl_daily  ")[2] == "*" and page.text.count("*X") == 1
        etl.db.execute("DELETE FROM flows WHERE name = 'etl_daily'")
        page.engine.tell(changes.FlowFileChanged("flows/aaa_new.py", "ok"))
        await page.hides("1 marked")


async def test_what_can_be_done_is_done_for_all_that_is_marked_and_the_rest_is_said(etl: Project) -> None:
    for flow in ("etl_daily", "ingest_s3"):
        etl.schedule(flow, Cron("0 3 * * *", "UTC"), at=NOON)
    async with console(etl) as page:
        await page.press("space", "space", "space", "space", "p")
        await page.shows("2 flows paused; u undoes; reports_v2, cleanup_tmp: no schedule")
        paused = {command.flow for command in page.engine.asked_for(commands.PauseSchedules)}
        assert paused == {"etl_daily", "ingest_s3"}
        await page.press("u")
        await page.shows("2 flows no longer paused")
        assert {one.flow for one in page.engine.asked_for(commands.ResumeSchedules)} == paused
        await page.press("R")
        await page.shows("parameters are asked for one run at a time")
        await page.press("m", "h")
        await page.shows("4 flows muted for an hour; u undoes")
        await page.press("a")
        await page.shows("none acknowledged; ")


async def test_one_question_lists_what_will_stop_and_enter_changes_nothing(etl: Project) -> None:
    etl.run(813, "cleanup_tmp", "running", started_at=NOON)
    engine = answering(
        CancelRun=lambda asked: (
            NotCancellable("run 813 is over") if asked.run_id == 813 else {"state": "cancelling"}
        )
    )
    async with console(etl, engine=engine) as page:
        await page.press("space", "space", "space", "space", "x")
        await page.shows(
            "Cancel 2 runs?", "run 501 of ingest_s3 is running", "run 813 of cleanup_tmp is running"
        )
        await page.shows("not etl_daily: no active run", ">[ Keep them running ]")
        await page.press("enter")
        assert not engine.asked_for(commands.CancelRun)
        await page.press("x", "tab", "enter")
        await page.shows("1 run asked to end; etl_daily, reports_v2: no active run; cleanup_tmp: run 813")


async def test_marked_runs_run_again_by_one_menu_that_says_what_starts(etl: Project) -> None:
    engine = answering(RerunRun={"attempt": 2}, RunFlow={"run_id": 900})
    etl.run(813, "ingest_s3", "running", started_at=NOON)
    async with console(etl, engine=engine) as page:
        await page.press("2")
        await page.shows("813  ingest_s3")
        await page.press("space", "space", "space")
        assert "3 marked: ingest_s3 813 and 2 more  (r, x, X, a, m, c act" in page.message
        await page.press("r")
        await page.shows("Run 3 marked again", "2 of 3: reuse 10, run 6", "etl_daily 812  reuse 5, run 3")
        await page.shows("ingest_s3 813  not: is running")
        await page.press("r")
        await page.shows("2 runs given another attempt; ingest_s3 813: is running")
        assert sorted(one.run_id for one in engine.asked_for(commands.RerunRun)) == [811, 812]
        await page.press("r", "n")
        await page.shows("2 runs started; etl_daily 811: needs date")
        etl.db.execute("DELETE FROM flow_runs WHERE id = 811")
        engine.tell(changes.RunChanged(813, "ingest_s3", "running"))
        await page.press("j")
        await page.shows("2 marked: ingest_s3 813 and 1 more")


def test_as_many_names_stand_there_as_there_is_room_for() -> None:
    names = ["etl_daily", "billing_sync", "a_flow_of_a_long_name", "another_one"]
    assert text_of(marking.marked_line(names, ["r", "p"], 120)).startswith(
        " 4 marked: etl_daily, billing_sync, a_flow_of_a_long_name, another_one  (r, p act"
    )
    assert "4 marked: etl_daily and 3 more  (r, p act on them; Esc clears)" in text_of(
        marking.marked_line(names, ["r", "p"], 70)
    )
    assert text_of(marking.marked_line(names, ["r"], 40)) == " 4 marked  (r act on them; Esc clears)"


def test_an_outcome_says_how_many_and_why_not_the_others() -> None:
    left = [Left("a", "no schedule"), Left("b", "paused already"), Left("c", "no schedule")]
    assert marking.outcome(["x", "y"], "paused", left, undoes=True) == (
        "2 paused; u undoes; a, c: no schedule; b: paused already"
    )
    assert marking.outcome(["x"], "asked to end", noun="run") == "1 run asked to end"
    assert marking.outcome([], "asked to end", left[:1], noun="run") == "no run asked to end; a: no schedule"
    assert marking.outcome([], "paused", left[:1], undoes=True) == "none paused; a: no schedule"


async def test_marked_fire_times_are_skipped_and_their_schedules_paused(etl: Project) -> None:
    now = time.time()
    etl.schedule("etl_daily", Interval(3600.0), at=now - 60)
    etl.schedule("ingest_s3", Interval(7200.0), at=now - 60)
    async with console(etl) as page:
        await page.press("4")
        await page.shows("etl_daily", "ingest_s3")
        await page.press("space", "space")
        assert "2 marked" in page.message and "(p, x act on them; Esc clears)" in page.message
        await page.press("x")
        await page.shows("2 fire times skipped; u undoes")
        assert len(page.engine.asked_for(commands.SkipFireTime)) == 2
        await page.press("u")
        await page.shows("2 fire times no longer skipped")
        await page.press("p")
        await page.shows(" paused; u undoes")
        paused = [one.flow for one in page.engine.asked_for(commands.PauseSchedules)]
        assert len(paused) == len(set(paused)), (
            "a schedule is paused once, however many of its fire times are marked"
        )
        await page.press("s")
        assert "in the order of time" in page.message


async def test_marks_go_with_schedules_that_are_paused_and_resumed_at_once(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_flow.tui.screens.schedule.PAUSE_SECONDS", 3600.0)
    now = time.time()
    often = etl.schedule("cleanup_tmp", Interval(300.0), at=now - 60)
    seldom = etl.schedule("etl_daily", At((now + 3600.0, now + 7200.0)), at=now - 60)
    async with console(etl) as page:
        await page.press("4")
        await page.shows("cleanup_tmp", "etl_daily")
        await page.press("space", "space", "space")
        await page.shows("3 marked")
        for one in (often, seldom):
            schedules.pause(etl.db, one.id, "uid 0", "", now)
        page.engine.tell(changes.ScheduleChanged("etl_daily", "nightly"))
        await page.shows("2 marked: cleanup_tmp, etl_daily")
        await page.press("x")
        await page.shows("no fire time skipped; cleanup_tmp, etl_daily: paused")
        for one in (often, seldom):
            schedules.resume(etl.db, one.id)
        page.engine.tell(changes.ScheduleChanged("etl_daily", "nightly"))
        await page.shows("fires of 2 flows")
        assert page.text.count("▌") == 2
        await page.press("p")
        await page.shows("2 schedules paused; u undoes")
