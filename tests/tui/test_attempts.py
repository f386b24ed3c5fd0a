"""Stories of a run that was begun anew: its earlier attempts, with their tasks and log lines."""

import pytest

from tests.store.rows import a_run
from tests.tui.pages import FakeEngine, console
from tests.tui.project import NOON, REFUSED, Project, said, the_task
from tui_flow.contract import changes, commands
from tui_flow.contract.log import stamp_of
from tui_flow.contract.rundir import SOURCES
from tui_flow.contract.states import EndReason, FlowRunState
from tui_flow.store import runs
from tui_flow.store.records import Attempt
from tui_flow.tui.presentation import attempts, text_of
from tui_flow.tui.presentation.glyphs import ASCII

AT = 60.0 * 812
FIRST = Attempt(
    812, 1, FlowRunState.FAILED, "", EndReason.ERROR, "refused", 1, {"date": "2026-08-19"}, "", NOON + AT, NOON + AT + 192, 1, None,
    REFUSED, 1,
)  # fmt: skip


@pytest.fixture
def again(etl: Project) -> Project:
    """Run 812 completed in its second attempt."""
    runs.keep_attempts(etl.db, [FIRST])
    etl.db.execute(
        "UPDATE flow_runs SET attempt = 2, state = 'completed', reason = 'returned', failure = NULL, exit_code = 0, "
        "first_task_run_id = 50, started_at = ?, ended_at = ? WHERE id = 812",
        (NOON + AT + 1000, NOON + AT + 1010),
    )
    etl.tasks(812, [the_task(50, "load_warehouse", at=AT + 1001, run_name="load again")])
    etl.log(812, said("anew", at=AT + 1000.5), said("loaded at last", task=50, at=AT + 1002))
    return etl


async def test_the_older_attempt_comes_before_the_older_run(again: Project) -> None:
    async with console(again, open_run=812) as page:
        await page.shows("COMPLETED", "attempt 2/2", "load again", "anew", "2 lines")
        assert "publish" not in page.text and "31402 rows" not in page.text
        await page.press("comma")
        await page.shows("FAILED", "attempt 1/2", "publish", "│> 49 ", "error 1/2")
        await page.press("g")
        await page.shows("Log whole run", "58 lines")
        assert "anew" not in page.text
        await page.press("comma")
        await page.shows("run 811")
        assert "attempt" not in page.text
        await page.press("full_stop")
        await page.shows("run 812", "attempt 1/2", "FAILED")
        await page.press("full_stop")
        await page.shows("attempt 2/2", "COMPLETED", "anew", "2 lines")


async def test_news_of_the_run_leave_the_earlier_attempt_on_the_screen(again: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.RerunRun] = {"run_id": 812, "attempt": 3}
    async with console(again, engine=engine, open_run=812) as page:
        await page.shows("attempt 2/2")
        await page.press("comma")
        await page.shows("attempt 1/2", "│> 49 ")
        page.engine.tell(changes.RunChanged(812, "etl_daily", "completed"))
        page.engine.tell(changes.TasksChanged(812))
        await page.press("x")
        assert "run 812 is over: completed" in page.message, (
            "what can be done is done with the run as it is now"
        )
        await page.press("r", "f")
        await page.shows("begins attempt 3", "attempt 1/2")


def begin_another(etl: Project, engine: FakeEngine) -> None:
    """Run 812 is at its second attempt, which has called one task."""
    runs.keep_attempts(etl.db, [FIRST])
    etl.set_run(
        812, "running", attempt=2, first_task_run_id=50, started_at=NOON + AT + 1000,
        **dict.fromkeys(("ended_at", "reason", "failure", "exit_code")),
    )  # fmt: skip
    etl.tasks(812, [the_task(50, "extract", at=AT + 1001)])
    engine.tell(changes.RunChanged(812, "etl_daily", "running"))


async def test_whoever_went_elsewhere_and_back_is_not_taken_to_the_task_of_the_attempt_before(
    etl: Project,
) -> None:
    engine = FakeEngine()
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("│> 49 ")
        begin_another(etl, engine)
        await page.shows("RUNNING", "extract-50", "│> ▾ ▸ etl_daily")
        await page.press("j", "k")
        etl.tasks(812, [the_task(51, "load_warehouse", "running", at=AT + 1002, run_name="load_warehouse")])
        engine.tell(changes.TasksChanged(812))
        await page.shows("▸ load_warehouse", "│> ▾ ▸ etl_daily")
        await page.pilot.pause()
        assert "│> ▾ ▸ etl_daily" in page.text


async def test_a_new_attempt_and_a_new_run_leave_the_cursor_on_its_task(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = {"run_id": 900}
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("│> 49 ")
        begin_another(etl, engine)
        await page.shows("RUNNING", "extract-50", "│> ▾ ▸ etl_daily")
        etl.tasks(812, [the_task(51, "load_warehouse", "running", at=AT + 1002, run_name="load_warehouse")])
        engine.tell(changes.TasksChanged(812))
        await page.shows("│>     ▸ load_warehouse", "Log load_warehouse")
        etl.run(900, "etl_daily", "running")
        etl.tasks(900, [the_task(1, "publish"), the_task(2, "load_warehouse", run_name="load_warehouse")])
        await page.press("r", "n")
        await page.shows("run 900  ▸", "│>     ✓ load_warehouse", "Log load_warehouse")


async def test_a_line_that_was_found_opens_the_attempt_that_said_it(again: Project) -> None:
    async with console(again) as page:
        await page.press("3")
        await page.look_for("connecting again")
        await page.shows("1 hit in 1 run")
        assert "2025-08-21 01:34 " in page.line_with("run 812 etl_daily"), "when it was written"
        await page.press("enter")
        await page.shows("attempt 1/2", "line 50 of the log", "│> 50 ", "Log load_warehouse")


async def test_an_alert_tells_of_the_attempt_that_failed_and_of_the_code_that_it_ran(again: Project) -> None:
    path = again.settings.project / "flows/etl_daily.py"
    alert = again.alert(at=NOON + AT + 192)
    async with console(again) as page:
        await page.press("5")
        await page.shows("runs     812 2025-08-21 01:35", "# etl_daily", "not run because of it  ▿ publish")
        path.write_text("# mended\n" * 5)
        page.engine.tell(changes.AlertChanged(alert.id, "new"))
        await page.shows("the file has changed since, or is gone")
        (again.settings.state_dir / SOURCES / "a1.py").write_text("# as it failed\n" * 5)
        again.db.execute("UPDATE run_attempts SET source_sha = 'a1'")
        page.engine.tell(changes.AlertChanged(alert.id, "new"))
        await page.shows("# as it failed")
        await page.press("enter")
        await page.shows("FAILED", "attempt 1/2", "publish", "│> 49 ")


async def test_the_details_tell_how_earlier_attempts_ended(again: Project) -> None:
    async with console(again, open_run=812, size=(160, 45)) as page:
        await page.shows("attempt 2/2", "EARLIER ATTEMPTS  , goes there", "1  ✗ failed")
        await page.press("comma")
        await page.shows("attempt 1/2")
        await page.hides("EARLIER ATTEMPTS")


def test_an_attempt_has_its_own_part_of_the_log() -> None:
    latest = a_run(812, attempt=3, started_at=300.0)
    earlier = [FIRST._replace(started_at=100.0), FIRST._replace(attempt=2, started_at=None)]
    assert attempts.log_bounds(latest, earlier, 1) == ("", stamp_of(300.0))
    assert attempts.log_bounds(latest, earlier, 2) == (attempts.NEVER, stamp_of(300.0))
    assert attempts.log_bounds(latest, earlier, 3) == (stamp_of(300.0), "")
    assert attempts.log_bounds(a_run(1), [], 1) == ("", "")
    assert [attempts.attempt_at(latest, earlier, stamp_of(at)) for at in (50.0, 200.0, 300.0)] == [1, 1, 3]


def test_an_attempt_that_never_began_is_told_of() -> None:
    lines = attempts.attempt_lines([FIRST._replace(started_at=None, failure=None)], ASCII, NOON)
    assert "  1  X failed" in text_of(lines[-1]) and text_of(lines[-1]).endswith("refused")
