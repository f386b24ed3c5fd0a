"""How far a run is: what is said of it in its row, from what, and what is not said."""

from pathlib import Path
from typing import Any

import pytest

from tests.store.rows import a_file, a_flow, a_run, a_task
from tui_flow.contract.states import FlowRunState, ScheduleState, TaskRunState
from tui_flow.store.advance import Advance, Pace
from tui_flow.store.records import Artifact, FlowRun, Schedule
from tui_flow.store.waits import Wait
from tui_flow.tui.presentation import about, flow_list, flow_status, outlook, text_of
from tui_flow.tui.presentation.flow_list import FlowRow
from tui_flow.tui.presentation.glyphs import ASCII, UNICODE

NOW = 10_000.0
T = TaskRunState
THIRDS = Pace(7, 3, (0.1, 0.5, 1.0))


def running(seconds: float, **changes: Any) -> FlowRun:
    return a_run(
        9, state=FlowRunState.RUNNING, created_at=NOW - seconds, started_at=NOW - seconds, tries=1, **changes
    )


def good(took: float, id: int = 7) -> FlowRun:
    return a_run(id, state=FlowRunState.COMPLETED, started_at=100.0, ended_at=100.0 + took)


def progress(done: float, total: float | None) -> Advance:
    data = {"done": done, "total": total, "unit": ""}
    return Advance(progress=Artifact(1, "x", 9, 0, "progress", None, None, data, NOW - 10, NOW))


@pytest.mark.parametrize(
    ("elapsed", "done", "share", "left"),
    [
        (5.0, 0, 0.05, 95.0),  # time goes on …
        (60.0, 0, 0.1, 540.0),  # … but not past what the tasks allow; at this pace it takes six times as long
        (5.0, 1, 0.1, 90.0),  # tasks that were quick bring it forward
        (30.0, 1, 0.3, 70.0),
        (40.0, 2, 0.5, 50.0),
    ],
    ids=["begins", "slow", "quick", "as usual", "half"],
)
def test_time_and_tasks_together_say_how_far_it_is(
    elapsed: float, done: int, share: float, left: float
) -> None:
    advance = Advance({T.COMPLETED: done, T.RUNNING: 3 - done})
    found = outlook.of_run(running(elapsed), [good(100.0), good(100.0, 6)], advance, THIRDS, NOW)
    assert found and found.share == pytest.approx(share) and found.seconds_left == pytest.approx(left)
    assert f"{done} of 3 tasks done, at the pace of run 7; it usually takes 1m40s" in found.basis


def test_a_run_of_more_tasks_than_the_last_one_is_measured_by_its_own_number() -> None:
    advance = Advance({T.COMPLETED: 6, T.PENDING: 6})
    found = outlook.of_run(running(1.0), [good(100.0)], advance, THIRDS, NOW)
    assert found and found.share == 0.1 and "6 of 12 tasks" in found.basis


@pytest.mark.parametrize(
    "advance", [None, Advance({T.COMPLETED: 3})], ids=["without tasks", "all tasks done"]
)
def test_what_goes_on_is_never_done_and_what_takes_too_long_says_so(advance: Advance | None) -> None:
    pace = THIRDS if advance else None
    found = outlook.of_run(running(900.0), [good(100.0)], advance, pace, NOW)
    assert found and (found.share, found.seconds_left, found.is_slow) == (outlook.MOST, None, True)
    assert text_of(flow_status.bar_line(found, 4, UNICODE)) == "███▉ 99%  slow"


def test_nothing_is_slow_that_has_only_begun() -> None:
    for advance, pace in ((None, None), (Advance({T.COMPLETED: 3}), THIRDS)):
        found = outlook.of_run(running(0.4), [good(0.1)], advance, pace, NOW)
        assert found and (found.share, found.is_slow) == (outlook.MOST, False)
        assert flow_status.time_left(found) == ""


def test_the_usual_time_is_the_median_of_those_that_completed() -> None:
    earlier = [good(took, id) for id, took in enumerate((10.0, 40.0, 500.0))]
    found = outlook.of_run(running(10.0), earlier, None, None, NOW)
    assert found and (found.share, found.seconds_left) == (0.25, 30.0)


def test_waiting_for_an_answer_makes_no_run_slower() -> None:
    asked = good(7240.0)._replace(waited=(Wait(110.0, 7310.0),))
    resumed = running(3610.0, waited=(Wait(NOW - 3605, NOW - 5),))
    found = outlook.of_run(resumed, [asked], None, None, NOW)
    assert found and (found.share, found.seconds_left) == (0.25, 30.0) and "took 40.0s" in found.basis


def test_without_an_earlier_run_only_its_own_word_counts() -> None:
    found = outlook.of_run(running(10.0), [], progress(20, 60), None, NOW)
    assert found and found.share == pytest.approx(1 / 3) and found.seconds_left == pytest.approx(20.0)
    assert outlook.of_run(running(10.0), [], progress(20, None), None, NOW) is None
    assert outlook.of_run(running(10.0), [], Advance({T.COMPLETED: 3}), None, NOW) is None
    assert outlook.of_run(good(1.0), [good(1.0)], None, None, NOW) is None


def row(run: FlowRun | None = None, *earlier: FlowRun, **changes: Any) -> FlowRow:
    known = (run,) if run else ()
    return FlowRow("etl", "etl", "flows/etl.py", a_flow(), None, (*known, *earlier), None, **changes)


def said(one: FlowRow, width: int = 28, **how: Any) -> str:
    line = flow_status.told(one, NOW, width, how.get("marks", UNICODE), says_late=how.get("says_late", False))
    assert len(text_of(line)) <= width
    return text_of(line)


def retrying(name: str = "load", due: float | None = NOW + 12.4) -> Advance:
    return Advance(retrying=a_task(4, name=name, state=T.RETRYING, tries=2, max_tries=3, due_at=due))


def queued() -> FlowRun:
    return a_run(9, state=FlowRunState.PENDING, created_at=NOW - 12)


def later() -> FlowRun:
    return queued()._replace(scheduled_for=NOW + 300)


def dropped() -> FlowRun:
    """Cancelled before it began."""
    return queued()._replace(state=FlowRunState.CANCELLED, ended_at=NOW - 1)


def failed() -> FlowRun:
    return a_run(8, state=FlowRunState.FAILED, started_at=NOW - 150, ended_at=NOW - 120)


def asked() -> FlowRun:
    return a_run(8, state=FlowRunState.PAUSED, started_at=NOW - 150)


@pytest.mark.parametrize(
    ("one", "width", "text"),
    [
        (row(running(74.0), good(100.0)), 28, "███████▍   74%  ~26s"),
        (row(running(74.0), good(100.0)), 20, "█████▉   74%  ~26s"),
        (row(running(5.0), advance=Advance({T.PENDING: 4, T.COMPLETED: 14, T.RUNNING: 2})), 28, "running  ✓14 ▸2 ◌4"),
        (row(running(5.0)), 28, "running"),
        (row(running(5.0), advance=progress(1, 4)), 28, "██▌        25%  ~30s"),
        (row(running(5.0), advance=retrying()), 28, "↻ load: try 3/3 in 12s"),
        (row(running(5.0), advance=retrying("load_warehouse")), 20, "↻ load_w… 3/3 in 12s"),
        (row(running(5.0), advance=retrying(due=NOW - 1)), 28, "↻ load: try 3/3 now"),
        (row(running(5.0)._replace(state=FlowRunState.RETRYING, due_at=NOW + 3)), 28, "↻ try 2 in 3s"),
        (row(queued(), limit="tag io"), 28, "queued 12s: tag io"),
        (row(queued()), 28, "queued 12s"),
        (row(running(74.0), running(80.0), good(100.0)), 34, "███████▍   74%  ~26s (and 1 more)"),
        (row(), 28, "never run"),
        (row(later(), failed()), 30, "failed 2m ago; begins 02:51:40"),
        (row(queued(), failed()), 28, "failed 2m ago; queued"),
        (row(dropped(), failed()), 28, "failed 2m ago"),
        (row(later(), good(100.0)), 30, "ok 2h ago; begins 02:51:40"),
        (row(queued(), good(100.0)), 28, "queued 12s"),
        (row(dropped()), 28, "cancelled just now"),
        (row(queued(), asked(), failed()), 28, "paused (and 1 more)"),
        (row(running(5.0), asked()), 28, "paused (and 1 more)"),
    ],
    ids=[
        "bar", "narrow bar", "counts", "nothing known", "progress", "retry", "narrow retry", "retry now",
        "retry of the flow", "queued", "queued, engine silent", "several", "never",
        "failed, one for later", "failed, one queued", "failed, one cancelled before it began", "well, one for later",
        "well, one queued", "none began", "one waits for a person, one is queued", "one waits for a person, one runs",
    ],
)  # fmt: skip
def test_a_row_says_what_the_flow_does_now(one: FlowRow, width: int, text: str) -> None:
    assert said(one, width) == text


def test_in_ascii_a_bar_needs_no_other_character() -> None:
    assert said(row(running(74.0), good(100.0)), marks=ASCII) == "+++++++___ 74%  ~26s"
    assert said(row(running(5.0), advance=retrying()), marks=ASCII).isascii()


def new(one: FlowRow) -> FlowRow:
    from tui_flow.contract.states import AlertKind, AlertState
    from tui_flow.store.records import Alert

    alert = Alert(1, AlertKind.FAILURE, "", AlertState.NEW, "etl", "", "", "", 0, 1, 1.0, 1.0, (), 1.0, "")
    return one._replace(alerts=(alert,))


@pytest.mark.parametrize(
    ("one", "width", "text"),
    [
        (row(good(1.0)._replace(state=FlowRunState.FAILED, ended_at=NOW - 2460)), 28, "failed 41m ago ● new"),
        (row(good(1.0)._replace(state=FlowRunState.CRASHED, ended_at=NOW - 2460)), 20, "crashed 41m ● new"),
        (row()._replace(broken=a_file(state="broken", error="x", error_line=31)), 20, "import error ● new"),
        (row(running(5.0), advance=retrying()), 20, "↻ load 3/3 in 12s ●"),
        (row(running(74.0), good(100.0)), 20, "████▍  74%  ~26s ●"),
    ],
    ids=["room", "narrow", "broken", "retrying", "bar"],
)
def test_what_nobody_has_seen_is_marked_however_narrow_the_row(one: FlowRow, width: int, text: str) -> None:
    assert said(new(one), width) == text


def test_a_flow_that_should_have_fired_says_so_where_no_other_column_does() -> None:
    late = row(good(1.0), standing="active", next_at=NOW - 240)
    assert flow_list.state_span(late, NOW, UNICODE) == ("?", "warn")
    assert said(late, says_late=True) == "LATE 4m" and said(late).startswith("ok ")
    assert flow_list.next_fire(late, NOW) == ("LATE 4m", "bad")
    one = Schedule(
        1, "etl", "x", "cron", {}, "file", ScheduleState.ACTIVE, None, None, None, 0, 0, NOW - 240, None
    )
    overview = flow_list.EMPTY._replace(flows=[a_flow("etl")], schedules=[one])
    assert flow_list.late_seconds(flow_list.rows_of(overview)[0], NOW) == 240


def test_the_lower_pane_says_what_an_estimate_is_taken_from(tmp_path: Any) -> None:
    lines = about.flow_lines(row(running(74.0), good(100.0)), tmp_path, NOW)
    assert "estimate  it took 1m40s in the only run that did all of it" in map(text_of, lines)


def test_what_is_queued_or_was_dropped_hides_no_failure_from_those_who_look_what_failed() -> None:
    ran = {
        "a": [good(1.0)],
        "b": [queued(), good(1.0)],
        "c": [running(1.0)],
        "d": [dropped(), failed()],
        "e": [later(), failed()],
    }
    flows = [a_flow(name, f"flows/{name}.py") for name in ran]
    rows = flow_list.rows_of(flow_list.EMPTY._replace(flows=flows, runs=ran))
    assert [row.name for row in rows] == ["d", "e", "c", "b", "a"]
    assert flow_list.state_span(rows[0], NOW, UNICODE)[0] == UNICODE.glyph(FlowRunState.FAILED)
    assert about.flow_title(rows[1]) == "e  run 8  failed"
    assert [text_of(line) for line in about.flow_lines(rows[1], Path("/"), NOW)][0:2] == [
        "waits  run 9: begins 02:51:40",
        "takes  no parameters",
    ]
