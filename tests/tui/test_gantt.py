"""The rows of the tree of task runs: their bars on the time axis, and what stands beside them."""

from pathlib import Path
from typing import Any

import pytest

from tests.store.rows import a_run, a_task
from tests.tui.project import NOON, the_task
from tui_flow.contract.states import FlowRunState, TaskRunState
from tui_flow.store.records import FlowRun, TaskRun, Try
from tui_flow.store.waits import Wait
from tui_flow.tui.presentation import about, gantt, glyphs, silence, text_of, tree_columns
from tui_flow.tui.presentation.tree import ROOT, Row, TaskForest

RUN = a_run(state=FlowRunState.COMPLETED, created_at=NOON, started_at=NOON, ended_at=NOON + 10)
LIVE = RUN._replace(state=FlowRunState.RUNNING, ended_at=None)
TWICE = (Try(NOON, NOON + 2, "ValueError: no"), Try(NOON + 4, NOON + 10, ""))


def forest(*tasks: TaskRun) -> TaskForest:
    found = TaskForest()
    found.update(tasks)
    return found


def forest_of_tries(task: TaskRun) -> list[Row]:
    """The row of a task and those of its tries."""
    found = forest(task)
    found.fold(("task", task.id), False)
    return found.rows("flow")[1:]


def bar(
    task: TaskRun,
    width: int = 10,
    *,
    row: int = 1,
    run: FlowRun = RUN,
    marks: glyphs.Marks = glyphs.UNICODE,
    **more: Any,
) -> str:
    found = forest(task)
    found.fold(("task", task.id), False)
    axis = gantt.axis_of(run, NOON + 10, width)
    return text_of(gantt.bar(found.rows("flow")[row], run, axis, NOON + 10, marks, **more))


def test_bars_show_waiting_work_and_how_it_ended() -> None:
    waited = the_task(1, "a", at=4, took=3)._replace(created_at=NOON + 2)
    assert bar(waited) == "  ░░████"
    assert bar(the_task(1, "a", "failed", at=0, took=4)) == "✗✗✗✗✗"
    assert bar(the_task(1, "a", "cancelled", at=0, took=4)) == "████⊘"
    assert bar(the_task(1, "a", "running", at=8)) == "        ██"
    assert bar(the_task(1, "a", "cached", at=5)) == "      ="
    assert bar(the_task(1, "a", "upstream_failed", at=9), 30).endswith("upstream failed")


def test_what_has_not_begun_waits_until_now_and_says_for_what() -> None:
    waits = the_task(1, "a", "pending", at=5)
    assert bar(waits, run=LIVE) == "     ░░░░"
    slot = the_task(1, "a", "running", at=0, message="waits for database (5/5)")
    assert bar(slot, 40, run=LIVE, why=forest(slot).why(slot)).endswith("██waits for database (5/5)")
    assert bar(waits, 30, run=LIVE, why="after load") == "    after load ░░░░░░░░░░░░░░"


def test_each_try_is_a_bar_of_its_own_with_the_back_off_between_them() -> None:
    task = the_task(1, "a", at=0, took=10, tries=2, max_tries=2, tried=TWICE)
    assert bar(task, 20) == "✗✗✗✗✗···████████████"
    assert bar(task, 40, row=2) == "✗✗✗✗✗✗✗✗✗ ValueError: no"
    assert bar(task, 20, row=3) == "        ████████████"
    assert bar(task, 20, marks=glyphs.ASCII) == "XXXXX,,,++++++++++++"


def test_in_ascii_what_a_bar_is_made_of_is_the_shape_of_no_state() -> None:
    marks = glyphs.ASCII
    parts = {marks.bar, marks.waiting, marks.back_off, marks.expected}
    assert len({marks.bar, marks.waiting, marks.back_off}) == 3
    assert not parts & {marks.glyph(state) for state in glyphs.LEGEND}
    assert text_of(tree_columns.legend(marks, 120)).split("  ")[:4] == [
        f" {marks.waiting} waiting", f" {marks.bar} at work", " X failed try", f" {marks.back_off} back-off",
    ]  # fmt: skip


def test_what_waits_for_its_next_try_counts_down_to_it() -> None:
    tried = (Try(NOON, NOON + 2, "no"),)
    task = the_task(1, "a", "retrying", max_tries=3, due_at=NOON + 22, tried=tried)
    assert bar(task, 40, run=LIVE) == "✗✗✗✗✗✗✗✗✗···············↻ try 2/3 in 12s"
    due = task._replace(due_at=NOON + 10)
    assert gantt.due_text(due, NOON + 10, glyphs.UNICODE) == "↻ try 2/3 now"
    twice = task._replace(tries=2, tried=(*tried, Try(NOON + 5, NOON + 6, "no")))
    assert [gantt.period_of(row, LIVE).state for row in forest_of_tries(twice)] == [
        "retrying",
        "failed",
        "failed",
    ]
    late = task._replace(tried=(Try(NOON + 8, NOON + 9, "no"),))
    assert bar(late, 40, run=LIVE) == " " * 15 + "↻ try 2/3 in 12s ✗✗✗✗✗···"


@pytest.mark.parametrize(
    ("headway", "text"),
    [
        (gantt.Headway(0.5, 75.0), "███████████───────────  50% ~1m15s"),
        (gantt.Headway(1.0, None), "█████████████████████████ 100%"),
    ],
    ids=["half", "done"],
)
def test_a_task_that_says_how_far_it_is_shows_that(headway: gantt.Headway, text: str) -> None:
    found = bar(the_task(1, "a", "running", at=0), 30, run=LIVE, headway=headway)
    assert len(found) == 30
    assert found.split() == [part for part in found.split() if part]
    assert found.rstrip().endswith(text.split(" ", 1)[1].strip())
    assert ("─" in found) is (headway.share < 1)


def test_an_old_history_that_knows_no_tries_shows_one_bar() -> None:
    assert bar(the_task(1, "a", at=0, took=10, tries=2, max_tries=2), 10) == "██████████"


@pytest.mark.parametrize(
    ("seconds", "width", "labels"),
    [
        (192.0, 51, "0s         45s         1m30s       2m15s      3m"),
        (0.4, 42, "0s        0.1s      0.2s      0.3s"),
        (7200.0, 30, "0s             1h"),
    ],
    ids=["minutes", "a part of a second", "hours"],
)
def test_the_axis_has_round_times(seconds: float, width: int, labels: str) -> None:
    text = gantt.axis_labels(gantt.Axis(NOON, NOON + seconds, width), NOON)
    assert text.split() == labels.split()
    assert len(text) <= width


def test_a_part_of_the_axis_keeps_the_times_since_the_run_began() -> None:
    axis = gantt.axis_of(RUN, NOON, 30, (0.5, 0.75))
    assert (axis.start, axis.end) == (NOON + 5, NOON + 7.5)
    assert gantt.axis_labels(axis, NOON).split() == ["5s", "6s", "7s"]
    outside = forest(the_task(1, "a", at=0, took=2)).rows("flow")[1]
    assert text_of(gantt.bar(outside, RUN, axis, NOON, glyphs.UNICODE)) == ""


def test_the_columns_say_state_wait_run_and_try() -> None:
    task = the_task(1, "a", at=4, took=6, tries=2, max_tries=3)._replace(created_at=NOON + 2)
    for each, words in (
        (task, ["ok", "2.0s", "6.0s", "2/3"]),
        (the_task(2, "b", "cached"), ["cached", "—", "cached", "="]),
        (the_task(3, "c", "upstream_failed"), ["upstream", "—", "—", "—"]),
        (the_task(4, "d", "pending"), ["queued", "10s", "—", "—"]),
    ):
        row = forest(each).rows("flow")[1]
        text = text_of(tree_columns.columns(row, RUN, each.state, NOON + 10, glyphs.UNICODE))
        assert len(text) == tree_columns.COLUMNS_WIDTH == len(tree_columns.column_heads())
        assert text.split() == words


def test_folding_all_keeps_the_run_open_and_a_second_time_shows_what_was_shown_at_first() -> None:
    found = forest(
        the_task(1, "branch", kind="flow"),
        the_task(2, "inside", parent=1),
        the_task(3, "single", map_id=3, map_index=0),
        the_task(4, "again", tries=2),
    )
    first = [row.key for row in found.rows("flow")]
    found.fold(("task", 4), False)
    found.fold_all()
    assert [row.key for row in found.rows("flow")] == [ROOT, ("task", 1), ("map", 3), ("task", 4)]
    found.fold_all()
    assert [row.key for row in found.rows("flow")] == first


def test_only_where_there_may_be_other_rows_they_are_made_anew() -> None:
    first, mapped = the_task(1, "a", "running"), the_task(2, "b", "pending", map_id=2, map_index=0)
    found = forest()
    assert found.update([first, mapped]) is None
    assert found.update([first._replace(state=TaskRunState.COMPLETED), mapped]) == [1, 2]
    assert found.update([]) == []
    assert found.update([first._replace(tries=2)]) is None, "its tries are rows"
    assert found.update([the_task(3, "c")]) is None


def test_what_is_at_work_is_the_tasks_and_not_the_flows_around_them() -> None:
    found = forest(
        the_task(1, "branch", "running", kind="flow"),
        the_task(2, "inside", "retrying", parent=1),
        the_task(3, "alone", "running", kind="flow"),
        the_task(4, "over", parent=3),
    )
    assert found.at_work() == {2, 3}


UPSTREAM = the_task(1, "extract", "failed", run_name="extract")


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (the_task(2, "load", "running"), "load-2 has written nothing yet"),
        (the_task(2, "load"), "load-2 wrote nothing"),
        (the_task(2, "load", "upstream_failed", upstream=[1]), "load-2 never ran: upstream failed: extract"),
        (the_task(2, "load", "skipped", message="full=False"), "load-2 never ran: full=False"),
        (the_task(2, "load", "cached"), "load-2 never ran: its result was stored already"),
        (the_task(2, "load", "pending"), "load-2 has not begun"),
    ],
    ids=["running", "over", "upstream", "skipped", "cached", "pending"],
)
def test_an_empty_log_says_why_it_is_empty(task: TaskRun, said: str) -> None:
    found = forest(UPSTREAM, task)
    assert silence.why_silent(LIVE, found.rows("flow")[2], found) == said


def test_the_empty_log_of_what_crashed_says_how_its_process_ended() -> None:
    run = RUN._replace(state=FlowRunState.CRASHED, message="the process was ended by SIGKILL")
    found = forest(the_task(1, "nap", "crashed"), the_task(2, "load"))
    how = "crashed: the process was ended by SIGKILL"
    assert silence.why_silent(run, None, found) == f"run 1 wrote nothing; it {how}"
    rows = found.rows("flow")
    assert silence.why_silent(run, rows[1], found) == f"nap-1 wrote nothing; run 1 {how}"
    assert silence.why_silent(run, rows[2], found) == "load-2 wrote nothing"
    mapped = forest(*(the_task(n, "nap", "crashed", map_id=9, map_index=n) for n in range(1, 4)))
    assert silence.why_silent(run, mapped.rows("flow")[1], mapped) == f"nap wrote nothing; run 1 {how}"


def test_a_task_that_waits_says_for_which_one() -> None:
    waits = the_task(2, "load", "pending", upstream=[1])
    found = forest(UPSTREAM._replace(state=TaskRunState.RUNNING), waits)
    assert found.why(waits) == "after extract"
    assert (
        silence.why_silent(LIVE, found.rows("flow")[2], found)
        == "load-2 has not begun: it comes after extract"
    )


def test_a_run_that_has_not_begun_or_never_did_says_so() -> None:
    waits = LIVE._replace(state=FlowRunState.PENDING, started_at=None)
    assert silence.why_silent(waits, None, forest(), "4 of 4 run") == "run 1 has not begun: 4 of 4 run"
    never = RUN._replace(state=FlowRunState.CANCELLED, started_at=None, message="cancelled by ops")
    assert silence.why_silent(never, None, forest()) == "run 1 never began: cancelled by ops"


def test_a_run_that_is_paused_is_at_work_until_it_asks() -> None:
    paused = LIVE._replace(state=FlowRunState.PAUSED, waited=(Wait(NOON + 5, None),))
    (row,) = TaskForest().rows("flow")
    axis = gantt.axis_of(RUN, NOON + 10, 10)
    told = gantt.bar(row, paused, axis, NOON + 10, glyphs.UNICODE, waits=paused.waited)
    assert text_of(told) == "█████‖‖‖‖‖"
    assert gantt.elapsed(row, paused, NOON + 10, glyphs.UNICODE, paused.waited) == "5s"


def test_a_wait_is_drawn_and_not_counted_in_what_waited_also_after_the_answer() -> None:
    run = RUN._replace(waited=(Wait(NOON + 2, NOON + 6, 2),))
    begun = {"state": TaskRunState.COMPLETED, "started_at": NOON, "ended_at": NOON + 10}
    found = TaskForest()
    found.update(
        [a_task(1, kind="flow", **begun), a_task(2, kind="flow", parent=1, **begun), a_task(3, **begun)]
    )
    axis = gantt.axis_of(RUN, NOON + 10, 10)
    drawn = []
    for row in found.rows("flow"):
        waits = found.waits_of(run, row.task)
        took = gantt.elapsed(row, run, NOON + 10, glyphs.UNICODE, waits)
        drawn.append((text_of(gantt.bar(row, run, axis, NOON + 10, glyphs.UNICODE, waits=waits)), took))
    assert drawn == [("███‖‖‖████", "6.0s")] * 3 + [("██████████", "10.0s")]
    details = about.run_details(run, glyphs.UNICODE, NOON + 10, Path("/srv"))
    assert any(text_of(line).endswith("(6.0s)") for line in details)
    assert "         and 4.0s waiting for an answer" in map(text_of, details)
