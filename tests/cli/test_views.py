"""How a run is shown while it goes on, from rows alone."""

import re
from pathlib import Path
from typing import Any

import click
import pytest

from tests.store.rows import PENDING_RUN, PENDING_TASK
from tui_flow.cli.live import LiveView
from tui_flow.cli.paint import failure_lines
from tui_flow.cli.plain import PlainView
from tui_flow.cli.tree_lines import tree_lines
from tui_flow.cli.watch import Step
from tui_flow.contract.failure import Failure
from tui_flow.contract.log import LogRecord
from tui_flow.contract.states import EndReason, FlowRunState, TaskRunState
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.tui.presentation.tree import TaskForest

RUNNING = PENDING_RUN._replace(id=7, run_name="brave-otter", state=FlowRunState.RUNNING, started_at=100.0)
DONE = RUNNING._replace(state=FlowRunState.COMPLETED, reason=EndReason.RETURNED, ended_at=104.2)


@pytest.fixture(autouse=True)
def utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("tui_flow.cli.paint.plain_ascii", lambda: False)


def task(id: int, state: TaskRunState = TaskRunState.COMPLETED, **changes: Any) -> TaskRun:
    ended = state not in (TaskRunState.PENDING, TaskRunState.RUNNING, TaskRunState.RETRYING)
    times = {"started_at": 100.0, "ended_at": 101.5 if ended else None}
    row = PENDING_TASK._replace(id=id, run_name=f"load-{id}", tries=1, state=state, revision=id, **times)
    return row._replace(**changes)


def mapped(id: int, state: TaskRunState = TaskRunState.COMPLETED) -> TaskRun:
    return task(id, state, map_id=1, map_index=id - 1, name="parse", run_name=f"parse-{id}")


def step(run: FlowRun, *tasks: TaskRun, forest: TaskForest | None = None, said: str = "") -> Step:
    forest = forest or TaskForest()
    forest.update(tasks)
    records = [LogRecord("1970-01-01T00:01:40.500000Z", "INFO", 1, 1, "flow", said)] if said else []
    return Step(run, forest, list(tasks), records)


def lines(run: FlowRun, *tasks: TaskRun, limit: int | None = None) -> list[str]:
    return [click.unstyle(line) for line in tree_lines(run, step(run, *tasks).forest, limit=limit)]


def test_the_tree_indents_what_was_called_inside() -> None:
    flow, inner = task(1, kind="flow", run_name="inner"), task(2, parent=1)
    found = lines(DONE, flow, inner)
    assert found[0].startswith("✓ etl #7 ")
    assert found[0].rstrip().endswith("4.2s brave-otter")
    assert [re.match(" *", line)[0] for line in found] == ["", "  ", "    "]


def test_a_map_call_is_one_line_with_counts() -> None:
    *_, line = lines(RUNNING, mapped(1), mapped(2, TaskRunState.FAILED), mapped(3, TaskRunState.RUNNING))
    assert "▸ parse[3]" in line
    assert "2/3" in line
    assert "✗ 1 failed" in line


def test_a_failed_task_says_why_and_a_retried_one_which_try_it_is() -> None:
    failed = task(1, TaskRunState.FAILED, message="ValueError: \x1b[31mno\nmore")
    again = task(2, TaskRunState.RETRYING, tries=2, max_tries=3, due_at=100.0)
    found = lines(RUNNING, failed, again)
    assert found[1].endswith("ValueError: ␛[31mno")
    assert "try 2/3  again in 0s" in found[2]


def test_of_too_many_lines_those_at_work_and_those_that_failed_are_kept() -> None:
    many = [task(id) for id in range(1, 40)]
    many[4] = task(5, TaskRunState.FAILED)
    many[7] = task(8, TaskRunState.RUNNING)
    found = lines(RUNNING, *many, limit=6)
    assert len(found) == 6
    assert "✗ load-5" in found[1]
    assert "▸ load-8" in found[2]
    assert "✓ load-39" in found[4]
    assert found[5] == "  and 35 more"


def test_without_a_terminal_each_task_is_told_when_it_begins_and_when_it_ends(capsys: Any) -> None:
    view, forest = PlainView(log=True), TaskForest()
    view.show(step(RUNNING, task(1, TaskRunState.RUNNING), forest=forest, said="first\n\x1b]0;second"))
    view.show(step(RUNNING, forest=forest))
    view.show(step(DONE, task(1), forest=forest))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    first, *rest = out.splitlines()
    assert first == "run 7 of etl"
    assert "▸ load-1" in rest[0]
    assert rest[1].endswith("INFO     load-1: first")
    assert rest[2] == "    ␛]0;second"
    assert rest[3].endswith("✓ load-1  1.5s")
    assert len(rest) == 4


def test_without_a_terminal_a_map_call_is_told_together(capsys: Any) -> None:
    view, forest = PlainView(log=False), TaskForest()
    view.show(step(RUNNING, *(mapped(id, TaskRunState.RUNNING) for id in range(1, 101)), forest=forest))
    view.show(step(RUNNING, *(mapped(id) for id in range(1, 51)), forest=forest))
    view.show(step(DONE, *(mapped(id) for id in range(51, 101)), forest=forest))
    _, begun, ended = capsys.readouterr().out.splitlines()
    assert "▸ parse[100]" in begun
    assert "✓ parse[100]" in ended
    assert ended.endswith("100/100")


def test_in_a_terminal_the_tree_is_drawn_over_and_the_cursor_given_back(capsys: Any) -> None:
    view, forest = LiveView(log=True), TaskForest()
    view.show(step(RUNNING, task(1, TaskRunState.RUNNING), forest=forest))
    view.show(step(DONE, task(1), forest=forest, said="hello"))
    view.close()
    out = capsys.readouterr().out
    assert out.startswith("\x1b[?25l")
    assert out.endswith("\x1b[?25h")
    assert out.count("\x1b[2A\r\x1b[J") == 1
    assert out.index("\x1b[J") < out.index("hello") < out.rindex("etl #7")


def test_a_failure_without_a_line_names_its_file_alone() -> None:
    failure = Failure("BrokenFlow", "gone", "", "/p/flows/a.py", 0)
    assert failure_lines(failure, Path("/p"))[-1] == "flows/a.py"
