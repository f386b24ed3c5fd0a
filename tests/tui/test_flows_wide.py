"""The Flows view where there is room: more columns, all there is to say of one flow, and what surrounds them."""

import time
from typing import Any

import pytest

from tests.tui.pages import FakeEngine, console
from tests.tui.project import Project
from tui_flow.contract import changes, commands
from tui_flow.contract.schedules import Cron
from tui_flow.contract.states import FlowRunState, TaskRunState
from tui_flow.settings import Settings
from tui_flow.store.tasks import TaskSummary
from tui_flow.tui.presentation import flow_detail, flow_foot, text_of
from tui_flow.tui.presentation.flow_foot import Day
from tui_flow.tui.presentation.flow_list import EMPTY
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
        ([summary(f"t{n}", T.FAILED if n == 99 else T.COMPLETED) for n in range(100)], ["✗ t99", "and 84 more tasks, which are well"]),
    ],
    ids=["one", "two columns", "mapped", "very many"],
)  # fmt: skip
def test_tasks_are_told_by_name_those_that_are_not_well_in_any_case(
    tasks: list[TaskSummary], told: list[str]
) -> None:
    lines = [text_of(line).rstrip() for line in flow_detail._tasks(tasks, UNICODE, 50)]
    assert all(any(text in line for line in lines) for text in told), lines
    assert max(map(len, lines)) <= 50


def test_the_foot_says_what_the_last_day_was_like_and_which_limits_are_full(tmp_path: Any) -> None:
    settings = Settings(project=tmp_path, max_concurrent_runs=1, tag_limits={"io": 2})
    overview = EMPTY._replace(counts={FlowRunState.RUNNING: 1})
    day = Day(5.0, {FlowRunState.COMPLETED: 1107, FlowRunState.FAILED: 29, FlowRunState.RUNNING: 1})
    told = "\n".join(
        text_of(line) for line in flow_foot.lines(overview, day, settings, UNICODE, heights=True)
    )
    assert "last 24h: 1,137 runs, 97.4% ok" in told and "slots: all 1/1 full, io 0/2" in told
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
