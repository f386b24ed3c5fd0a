"""What the details of a row say that had to be looked up."""

from collections import Counter
from pathlib import Path

import pytest

from tests.store.rows import a_run
from tests.tui.project import NOON, the_task
from tui_flow.contract.states import FlowRunState, TaskRunState
from tui_flow.store.records import Try
from tui_flow.store.task_history import Output, Past
from tui_flow.tui.presentation import about_tasks, beyond, glyphs, silence, text_of
from tui_flow.tui.presentation.beyond import Beyond
from tui_flow.tui.presentation.tree import Row, TaskForest

DONE, FAILED = TaskRunState.COMPLETED, TaskRunState.FAILED


def told(task: object, found: Beyond) -> str:
    return "\n".join(map(text_of, beyond.task_lines(task, found, glyphs.UNICODE, NOON)))  # type: ignore[arg-type]


def past(run_id: int, *states: TaskRunState) -> Past:
    return Past(run_id, Counter(states), NOON - 60, NOON - 48)


def test_the_past_of_a_task_is_read_from_old_to_new_and_names_its_last_success() -> None:
    found = [past(9, FAILED), past(8, DONE, FAILED), past(6, DONE), past(5, TaskRunState.CACHED)]
    text = told(the_task(1, "load", "failed"), Beyond(found))
    assert "HISTORY  =✓✗✗  its last 4 runs" in text
    assert "LAST OK  run 6" in text and "12.0s" in text
    assert "in none of these 2" in told(the_task(1, "load", "failed"), Beyond(found[:2]))
    assert "LAST OK  in none before this one" in told(the_task(1, "load"), Beyond([found[2], *found[:2]]))


def test_what_a_task_was_called_with_stands_before_what_it_gave() -> None:
    text = told(
        the_task(1, "load", arguments="rows=result of transform, n=3"), Beyond([], Output("json", 2, "42"))
    )
    assert text.splitlines() == ["INPUT    rows=result of transform, n=3", "OUTPUT   42"]
    assert "INPUT" not in told(the_task(1, "load"), beyond.NOTHING)


def test_the_details_say_which_limit_is_waited_for_and_by_how_many() -> None:
    why = "waits for database (5/5)"
    tasks = [the_task(n, "load", "running", map_id=1, map_index=n, message=why) for n in (1, 2)]
    details = about_tasks.task_details(tasks[0], {}, glyphs.UNICODE, NOON, Path())
    assert [text_of(line) for line in details].count(why) == 1
    forest = TaskForest()
    forest.update(tasks)
    lines = about_tasks.group_details(forest.groups[1], tasks, glyphs.UNICODE, NOON)
    assert f"2 of them: {why}" in map(text_of, lines)
    pending = the_task(1, "load", "pending", message="waits for tag heavy (4/4)")
    forest.update([pending])
    row = Row(("task", 1), 1, "load", None, pending, None, None)
    said = silence.why_silent(a_run(state=FlowRunState.RUNNING, started_at=NOON), row, forest)
    assert said == "load-1 has not begun: it waits for tag heavy (4/4)"


def test_each_try_says_how_long_it_took_and_what_it_failed_with() -> None:
    late = Try(NOON, NOON + 30.2, "urllib.error.URLError: timed out after a very long while")
    tried = (late, late, Try(NOON + 40, NOON + 45, ""))
    text = told(the_task(1, "load", tries=3, tried=tried), beyond.NOTHING)
    assert text.splitlines() == [
        "TRIES    1 ✗  30.2s  URLError: timed out after a v…",
        "         2 ✗  30.2s  the same",
        "         3 ✓   5.0s  ",
    ]


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (Output("json", 2, "42"), "42"),
        (Output("json", 9, '"caf\\u00e9"'), '"café"'),
        (Output("json", 400, str(list(range(100)))), "a list of 100  400 B"),
        (Output("json", 300, '{"rows":"' + "x" * 200 + '"}'), "an object of 1: rows  300 B"),
        (Output("json", 2 * 2**20, None), "JSON  2.0 MiB"),
        (Output("pickle", 2048, None), "pickled  2.0 KiB"),
        (Output("", 0, None), "not kept"),
    ],
    ids=["number", "text", "list", "object", "large", "pickle", "nothing"],
)
def test_what_a_task_gave_is_told_in_a_line(output: Output, text: str) -> None:
    assert told(the_task(1, "load"), Beyond([], output)) == f"OUTPUT   {text}"
    assert told(the_task(1, "load", "failed"), Beyond([], output)) == ""


def test_a_rerun_is_offered_with_its_command() -> None:
    run = a_run(5, state=FlowRunState.FAILED)
    lines = list(map(text_of, beyond.rerun_lines(run, "load", "reuse 5, run 3")))
    assert lines == [
        "RERUN    r f  reuse 5, run 3",
        "         r t  from load",
        "CLI      tui-flow rerun 5 --from load",
    ]
    assert text_of(beyond.rerun_lines(run, "", "")[-1]) == "CLI      tui-flow rerun 5"
    good = run._replace(state=FlowRunState.COMPLETED)
    lines = list(map(text_of, beyond.rerun_lines(good, "load", "reuse 8, run nothing")))
    assert lines == ["RERUN    r t  from load", "CLI      tui-flow rerun 5 --from load"], "nothing failed"


def test_a_task_whose_result_was_reused_is_said_to_have_had_no_try() -> None:
    task = the_task(1, "load", "cached", max_tries=2)
    lines = about_tasks.task_details(task, {}, glyphs.UNICODE, NOON, Path())
    assert "CACHED" in text_of(lines[0]) and "try" not in text_of(lines[0])
