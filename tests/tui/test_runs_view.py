"""Stories of the Runs view, and of going from view to view."""

import re
import time

import pytest

from tests.tui.pages import FakeEngine, console
from tests.tui.project import NOON, REFUSED, Project, seed_many, the_task
from tui_flow.contract import changes, commands
from tui_flow.contract.failure import Failure
from tui_flow.contract.states import FlowRunState
from tui_flow.store import runs
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import filters, run_list, times
from tui_flow.tui.presentation.filters import BadFilter
from tui_flow.tui.screens.runs_reading import RunSearch


async def test_one_to_five_go_to_the_views_from_anywhere(etl: Project) -> None:
    async with console(etl) as page:
        for key, tab in (("2", "[2 Runs]"), ("3", "[3 Logs]"), ("4", "[4 Schedule]"), ("5", "[5 Alerts]")):
            await page.press(key)
            assert tab in page.lines[1]
            assert page.footer.endswith("? help")
        await page.shows("Nothing is wrong")
        await page.press("1")
        await page.shows("[1 Flows]", "sort: attention")
        await page.press("enter")
        await page.shows("run 812", "FAILED")
        await page.press("2")
        await page.shows("[2 Runs]", "sort: newest")
        await page.pilot.click("#tabs", offset=(3, 0))
        await page.shows("[1 Flows]")


async def test_keys_typed_ahead_of_a_view_that_was_never_opened_reach_it(etl: Project) -> None:
    from textual import events

    async with console(etl) as page:
        for key in ("2", "slash", "r", "x", "enter"):
            page.app.post_message(events.Key(key, "/" if key == "slash" else key if len(key) == 1 else None))
        await page.shows("[2 Runs]", "only: rx")
        assert page.engine.asked == [commands.Subscribe()]


async def test_all_runs_stand_there_newest_first_and_open(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("2")
        await page.shows("Runs 15", "812  etl_daily")
        assert page.order_of(" 812 ", " 811 ", " 803 ") == [" 812 ", " 811 ", " 803 "]
        assert "OperationalError" in page.line_with(" 812 ") and "3m12s" in page.line_with(" 812 ")
        await page.shows(
            "run 812  etl_daily  failed", "flows/etl_daily.py:4 in load_warehouse", "date=2026-08-20"
        )
        await page.press("enter")
        await page.shows("run 812", "FAILED")
        etl.run(813, "cleanup_tmp")
        await page.press("escape")
        await page.shows("  ✓ 813", "> ✗ 812", "sort: newest")
        await page.press("j", "enter")
        await page.shows("run 811", "COMPLETED")
        etl.run(814, "cleanup_tmp")
        page.engine.tell(changes.RunChanged(814, "cleanup_tmp", "completed"))
        await page.press("escape")
        await page.shows("[2 Runs]", "> ✓ 811", "1 newer, g shows them")
        await page.press("1", "2")
        await page.shows("> ✓ 811", "1 newer, g shows them")


async def test_the_filter_speaks_one_language_and_says_what_it_does_not_understand(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("2", "slash")
        await page.type("state:failed dur>1m")
        await page.shows("Runs 1 ", "only: state:failed dur>1m")
        await page.press("enter")
        assert "812" in page.text and "803" not in page.text
        await page.press("escape")
        await page.shows("Runs 15")
        await page.press("slash")
        await page.type("state:bogus")
        await page.shows("This is no filter", "no state bogus; there are scheduled, pending", "─ Runs ─")
        assert "0+" not in page.text
        await page.press("escape")
        await page.shows("Runs 15")
        await page.press("slash")
        await page.type("nowhere")
        await page.shows("No run has nowhere. Esc shows all.")
        await page.look_for("812")
        await page.shows("run:812 is the run of that number. Esc shows all.")
        await page.press("escape", "1", "slash")
        await page.type("state:failed")
        await page.shows("Flows 1 of 4")


async def test_nothing_is_counted_as_more_than_nothing_while_runs_are_searched(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def older(self: RunSearch, db: object, before: int) -> tuple[list[FlowRun], int]:
        time.sleep(0.005)
        return [], before - 1

    async with console(etl) as page:
        await page.press("2")
        await page.shows("Runs 15")
        monkeypatch.setattr(RunSearch, "older", older)
        await page.look_for("nowhere")
        await page.shows("searched down to run", "Runs 0 ")


async def test_runs_change_in_place_and_newer_ones_wait_for_g(etl: Project) -> None:
    etl.run(813, "ingest_s3", "running", started_at=time.time())
    async with console(etl) as page:
        await page.press("2")
        await page.shows("813  ingest_s3")
        await page.press("j")
        etl.set_run(813, "completed")
        etl.run(814, "cleanup_tmp", "pending")
        page.engine.tell(changes.RunChanged(813, "ingest_s3", "completed"))
        await page.shows("✓ 813", "1 newer, g shows them")
        assert "> ✗ 812" in page.text and " 814 " not in page.text
        await page.press("g")
        await page.shows("> ◌ 814", "sort: newest")


async def test_a_run_that_leaves_the_filter_stays_dimmed_until_g(etl: Project) -> None:
    etl.run(813, "cleanup_tmp", "running", started_at=time.time())
    async with console(etl) as page:
        await page.press("2")
        await page.look_for("state:running")
        await page.shows("Runs 2 ", "> ▸ 813")
        etl.set_run(813, "cancelled", message="cancelled by ada")
        page.engine.tell(changes.RunChanged(813, "cleanup_tmp", "cancelled"))
        await page.shows("> ⊘ 813", "  cancelled by ada", "1 matches no more, g drops it")
        assert "cancelled: " not in page.text
        table = page.app.screen.section.table
        assert {role for _, role in table.spans(0, 78)[2:]} == {"dim"}
        await page.press("g")
        await page.shows("Runs 1 ", "> ▸ 501", "sort: newest")


async def test_a_run_that_waits_says_for_what_in_its_row_and_below(etl: Project) -> None:
    later = time.time() + 7200
    etl.run(813, "ingest_s3", "pending", scheduled_for=later)
    etl.run(814, "ingest_s3", "pending")
    engine = FakeEngine()
    why = {813: ("", "it is to begin at three"), 814: ("tag io", "2 runs with tag io go on, and 2 may")}
    engine.answers[commands.GetQueue] = {
        "waiting": [{"run_id": id, "limit": limit, "why": text} for id, (limit, text) in why.items()]
    }
    async with console(etl, engine=engine) as page:
        await page.press("2")
        await page.shows("queued: tag io", "waits  2 runs with tag io go on, and 2 may")
        begins = f"begins {times.moment(later, time.time())}"
        assert begins in page.line_with(" 813 ")
        await page.press("j")
        await page.shows(f"waits  it {begins}")
        await page.press("o")
        await page.shows("run 813 has no log yet")
        await page.press("v")
        await page.shows("run 813 has run no code yet")


async def test_what_failed_first_is_the_cause_in_every_row(etl: Project) -> None:
    echo = Failure(
        "UpstreamTaskError", "Upstream task run 'load-0' did not reach", "", path="flows/a.py", line=9
    )
    for id in (813, 814):
        etl.run(id, "cleanup_tmp", "failed", failure=echo)
        etl.tasks(
            id,
            [
                the_task(1, "load", "failed", failure=REFUSED),
                the_task(2, "save", "failed", at=5, failure=echo),
            ],
        )
    async with console(etl) as page:
        await page.press("2")
        await page.shows("814  cleanup_tmp", "OperationalError: connection", "flows/etl_daily.py:4 in load")
        assert "OperationalError" in page.line_with(" 813 ") and "Upstream" not in page.text
        etl.run(815, "cleanup_tmp", "failed", failure=echo)
        await page.press("g", "1", "2")
        await page.shows("815  cleanup_tmp", "UpstreamTaskError: Upstream")


async def test_what_can_be_done_with_a_run_can_be_done_in_the_list(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers |= {commands.CancelRun: {"state": "cancelling"}, commands.RunFlow: {"run_id": 900}}
    etl.run(813, "cleanup_tmp", "running", started_at=time.time())
    async with console(etl, engine=engine) as page:
        await page.press("2")
        await page.shows("813  cleanup_tmp")
        await page.press("x")
        await page.shows("Cancel run 813?", ">[ Keep it running ]")
        await page.press("right", "enter")
        await page.shows("run 813 was asked to end")
        await page.press("u")
        await page.shows("u cannot bring run 813 back: it had begun; r runs it again")
        await page.press("j", "x")
        assert "run 812 is over" in page.message
        await page.press("r", "n")
        await page.shows("run 900 of etl_daily is on its way")


async def test_a_queued_run_that_was_cancelled_waits_again_with_u(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers |= {
        commands.CancelRun: {"state": "cancelled"},
        commands.RerunRun: {"run_id": 814, "attempt": 2},
    }
    etl.run(814, "cleanup_tmp", "pending")
    etl.run(815, "cleanup_tmp", "pending", parameters={"token": "**********"})
    async with console(etl, engine=engine) as page:
        await page.press("2")
        await page.shows("814  cleanup_tmp")
        await page.press("x", "right", "enter")
        await page.shows("run 815 is cancelled")
        assert "u undoes" not in page.message
        await page.press("u")
        await page.shows("u cannot bring run 815 back: it had a secret, which is gone")
        await page.press("j", "x", "right", "enter")
        await page.shows("run 814 is cancelled; u undoes")
        await page.press("u")
        await page.shows("undone: run 814 waits again")
        assert engine.asked_for(commands.RerunRun) == [commands.RerunRun(814)]


async def test_what_began_while_the_question_stood_there_is_not_said_to_come_back(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.CancelRun] = {"state": "cancelling"}
    etl.run(814, "cleanup_tmp", "pending")
    async with console(etl, engine=engine) as page:
        await page.press("2")
        await page.shows("814  cleanup_tmp")
        await page.press("x", "right", "enter")
        await page.shows("run 814 was asked to end")
        assert "u undoes" not in page.message
        await page.press("u")
        await page.shows("u cannot bring run 814 back: it had begun")


async def test_the_older_and_newer_run_of_a_flow_is_gone_to_past_those_of_others(etl: Project) -> None:
    etl.run(813, "ingest_s3", "completed")
    async with console(etl) as page:
        await page.press("2")
        await page.shows("813  ingest_s3")
        await page.press("comma")
        assert "> ▸ 501" in page.text
        await page.press("comma")
        await page.shows("this is the oldest run of ingest_s3")
        await page.press("full_stop")
        assert "> ✓ 813" in page.text
        await page.press("j", "i")
        assert "run 812  etl_daily  failed" not in page.text
        await page.press("i")
        await page.look_for("state:failed")
        await page.shows("Runs 2 ")
        await page.press("comma")
        assert "> ✗ 803" in page.text
        await page.press("comma")
        await page.shows("this is the oldest run of etl_daily with state:failed")


async def test_an_empty_history_says_which_key_helps(project: Project) -> None:
    async with console(project) as page:
        await page.press("2")
        await page.shows("Nothing has run yet", "tui-flow run FLOW")
        assert "mark" not in page.footer and "sort" not in page.footer
        await page.press("enter", "r", "x", "X", "e", "G", "g")
        assert page.app.is_running


async def test_a_long_history_is_read_around_the_cursor_only(project: Project) -> None:
    seed_many(project, 30_000)
    project.db.execute("UPDATE flow_runs SET flow = 'rare' WHERE id IN (20000, 30000)")
    async with console(project) as page:
        await page.press("2")
        await page.shows("Runs 200+", "30000")
        await page.press("comma")
        await page.shows("> ✓ 20000  rare", "20001  many", "19999  many")
        await page.press("full_stop")
        await page.shows("> ✓ 30000  rare", "29999  many")
        await page.press("G")
        await page.shows("> ✓   1 ")
        for _ in range(20):
            await page.press("pageup")
        await page.shows("Runs ")
        assert len(page.app.screen.section.table.window.runs) < 1500
        assert page.app.screen.section.table.selected.id > 190
        await page.press("g")
        await page.shows("> ✓ 30000")
        await page.press("slash")
        await page.type("disk full")
        await page.shows("Runs 3 ", "29997", "19998", "9999")
        await page.press("escape", "slash")
        await page.type("since:2025-08-21T00:00")
        await page.shows("only: since:2025-08-21T00:00")


def test_a_window_lets_go_of_what_is_far_from_the_cursor(project: Project) -> None:
    seed_many(project, 300)
    found = [run._replace(id=n) for n in range(12_000, 0, -1) for run in [runs.get_run(project.db, 1)] if run]
    window = run_list.RunWindow()
    assert window.add_older(found[:4_000], 8_001) == 0
    assert window.add_older(found[4_000:8_000], 4_001) == 3_000
    assert (len(window.runs), window.newer, window.older) == (5_000, 9_000, 4_001)
    assert window.add_newer(found[2_000:3_000][::-1], None) == 1_000
    assert (window.runs[0].id, window.runs[-1].id, window.older) == (10_000, 5_001, 5_001)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", [3, 2, 1]), ("boom", [2]), ("BOOM", []), ("-boom", [3, 1]), ('"full disk"', [3]), ("/fu+ll/", [3]),
        ("state:failed", [2]), ("state:f", [2]), ("state:ok", [1]), ("tag:core", [1]), ("-tag:core", [3, 2]),
        ("flow:etl*", [2, 1]), ("flow:ETL_a", [1]), ("dur>5m", [2]), ("dur<5m", [3, 1]), ("is:active", [3]),
        ("is:failed", [2]), ("trigger:schedule", [3]), ("since:2025-08-20", [3]), ("run:2", [2]),
        ("flow:etl* state:failed boom", [2]), ("x%y", []), ("k=v", []), ("wert", [1]),
    ],
)  # fmt: skip
def test_a_filter_finds_the_same_in_memory_and_in_the_history(
    project: Project, text: str, ids: list[int]
) -> None:
    day = NOON - 3 * 86_400
    project.run(1, "etl_a", "completed", created_at=day, tags=["core"], parameters={"key": "wert"})
    project.run(2, "etl_b", "failed", took=400.0, created_at=day + 1, message="all went boom")
    project.run(3, "other", "running", created_at=NOON, trigger="schedule", run_name="a full disk")
    filter, now = filters.parse(text), NOON + 10
    found, older = runs.search(project.db, run_list.wanted(filter, now), 2**62)
    assert older is None
    assert [run.id for run in found if filter.matches(run_list.subject(run, now), now)] == ids
    everything = runs.list_runs(project.db)
    assert [run.id for run in everything if filter.matches(run_list.subject(run, now), now)] == ids


@pytest.mark.parametrize(
    ("text", "says"),
    [("/[/", "is not a regular expression"), ("is:what", "there are active, over"), ("dur>long", "dur>5m"),
     ("stat:failed", 'no word stat:; did you mean state:? "stat:failed" in quotes is a text; there are flow: tag:'), ("duration>5m", "did you mean dur>"),
     ("state=failed", "did you mean state:"), ("foo:bar", '"foo:bar" in quotes is a text'),
     ("dur:5m", "dur>5m"), ("since:soon", "a date as 2026-08-20"), ("level:loud", "DEBUG"), ("run:x", "the number")],
)  # fmt: skip
def test_what_is_no_filter_is_refused_with_what_there_is(text: str, says: str) -> None:
    with pytest.raises(BadFilter, match=re.escape(says)):
        filters.parse(text)


def test_what_looks_like_a_field_but_is_none_is_a_text() -> None:
    assert filters.parse("http://x <none> -").terms[0].value == "http://x"
    assert [term.field for term in filters.parse('"a:b" x>3 k=v 12:30 Error: -').terms] == ["text"] * 6
    assert filters.states_of("run", filters.OF_RUNS.states) == [FlowRunState.RUNNING]


def test_counting_active_runs_looks_at_those_alone(project: Project) -> None:
    project.run(1, "a", "running")
    project.run(2, "a", "completed")
    assert runs.active_counts(project.db) == {FlowRunState.RUNNING: 1}
