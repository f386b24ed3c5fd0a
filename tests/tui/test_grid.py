"""The tasks of a flow against its last runs."""

from collections import Counter

import pytest

from tests.store.rows import a_run
from tests.tui.pages import console
from tests.tui.project import NOON, Project, the_task
from tui_flow.contract.states import FlowRunState, TaskRunState
from tui_flow.store.task_history import Past
from tui_flow.tui.presentation import glyphs, grid, text_of
from tui_flow.tui.presentation.grid import Grid

DONE, FAILED = TaskRunState.COMPLETED, TaskRunState.FAILED
RUNS = [
    a_run(id, flow="etl", state=state, started_at=NOON, ended_at=NOON + 5)
    for id, state in ((3, FlowRunState.FAILED), (2, FlowRunState.COMPLETED), (1, FlowRunState.COMPLETED))
]


def past(run_id: int, *states: TaskRunState) -> Past:
    return Past(run_id, Counter(states), NOON, NOON + 2)


SHOWN = Grid(
    RUNS, {"load": {3: past(3, DONE, FAILED), 1: past(1, DONE)}, "a very long name " * 4: {2: past(2, DONE)}}
)


def test_a_row_is_a_task_and_a_column_a_run_the_newest_on_the_right() -> None:
    lines = list(map(text_of, grid.rows(SHOWN, 60, glyphs.UNICODE)))
    assert [line.split("│")[1].split() for line in lines] == [
        ["✓", "✓", "✗"],
        ["✓", "·", "✗"],
        ["·", "✓", "·"],
    ]
    assert "…" in lines[2] and len({line.index("│") for line in lines}) == 1
    assert text_of(grid.head_line(SHOWN, 60, 2, glyphs.UNICODE)).strip() == "▾ run 3"


def test_where_room_is_short_the_oldest_runs_go_first() -> None:
    narrow = Grid(RUNS, {"load": {}})
    assert [run.id for run in grid.columns(narrow, 12)] == [2, 3]
    for width in (12, 20, 40):
        assert all(len(text_of(line)) <= width for line in grid.rows(narrow, width, glyphs.ASCII))
        assert len(text_of(grid.head_line(narrow, width, 0, glyphs.ASCII))) <= width


def test_a_cell_says_what_it_is() -> None:
    assert (
        grid.about(SHOWN, RUNS[0], "load", glyphs.UNICODE, NOON) == "load[2] in run 3  failed  12:00:00  2.0s"
    )
    assert grid.about(SHOWN, RUNS[1], "load", glyphs.UNICODE, NOON) == "run 2 of 12:00:00 did not call load"
    assert grid.about(SHOWN, RUNS[1], None, glyphs.UNICODE, NOON) == "run 2  ok  12:00:00  5.0s"
    assert grid.rows(Grid([], {}), 80, glyphs.UNICODE) == []


@pytest.fixture
def history(etl: Project) -> Project:
    for id, state in ((809, "completed"), (811, "failed")):
        etl.tasks(id, [the_task(1, "load_warehouse", state, at=id * 60.0, took=12.1)])
    return etl


async def test_the_grid_leads_to_another_run_at_the_same_task(history: Project) -> None:
    async with console(history, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("H")
        await page.shows(
            "The tasks of etl_daily in its last 13 runs", "load_warehouse in run 812  failed", "▾ run 812"
        )
        assert page.line_with("load_warehouse │").split("│")[2].split()[-4:] == ["✓", "·", "✗", "✗"]
        await page.press("h", "h", "h")
        await page.shows("load_warehouse in run 809  ok", "12.1s")
        await page.press("enter")
        await page.shows("run 809", "Log load_warehouse-1")
        await page.press("H", "g")
        await page.shows("run 809  ok")
        await page.press("escape")
        await page.hides("The tasks of")
