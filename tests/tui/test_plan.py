"""The plan beside the form: what the runs before tell of the next one, and what is in its way."""

from tests.store.rows import a_flow, a_run
from tests.tui.pages import FakeEngine, console
from tests.tui.project import NOON, Project, the_task
from tui_flow.contract import commands
from tui_flow.contract.states import FlowRunState
from tui_flow.store import flows, precedents, runs, spans
from tui_flow.store.precedents import Precedents, UsualTask
from tui_flow.tui.presentation import fires, flow_list, glyphs, plan, plots, text_of
from tui_flow.tui.presentation.plan import Slots, Typed

TYPED = Typed([], ["limit"], [], None, False)
TASKS = [UsualTask("extract", 1, "cached", 3.0), UsualTask("load", 200, "run", 12.0), UsualTask("hook", 1, "skipped", None)]  # fmt: skip
GOOD = a_run(811, state=FlowRunState.COMPLETED)
KNOWN = Precedents(a_run(812), GOOD, GOOD, [178.0, 180.0, 220.0], TASKS)


def test_it_is_read_from_the_last_good_run_with_medians_of_those_before(project: Project) -> None:
    project.flow("etl")
    assert precedents.read(project.db, "etl") == Precedents(None, None, None, [], [])
    for id, took in ((1, 2.0), (2, 4.0), (3, 9.0)):
        project.run(id, "etl", "completed", took=took)
        state = "cached" if id == 3 else "completed"
        project.tasks(id, [the_task(1, "extract", state, took=1), the_task(2, "load", took=took)])
    project.run(4, "etl", "failed")
    found = precedents.read(project.db, "etl")
    assert found.last is not None and found.good is not None
    assert (found.last.id, found.good.id, found.durations) == (4, 3, [9.0, 4.0, 2.0])
    assert found.task_names == ["extract", "load"]
    assert [(task.name, task.how, task.seconds) for task in found.tasks] == [
        ("extract", "cached", 1.0), ("load", "run", 4.0),
    ]  # fmt: skip


def test_a_rerun_that_reused_results_tells_nothing_of_how_the_next_run_will_be(project: Project) -> None:
    project.flow("etl")
    for id, took in ((1, 30.0), (2, 1.0)):
        project.run(id, "etl", "completed", took=took, is_partial=id == 2)
        project.tasks(id, [the_task(1, "extract", "cached" if id == 2 else "completed", took=took)])
    found = precedents.read(project.db, "etl")
    assert found.good is not None and found.good.id == 2
    assert (found.durations, found.tasks) == ([30.0], [UsualTask("extract", 1, "run", 30.0)])
    assert text_of(plan.summary(found, TYPED)) == "1 task: 1 run; about 30.0s  by run 1"
    overview = flow_list.EMPTY._replace(runs=runs.last_runs(project.db))
    assert overview.usual_run("etl") == found.usual
    assert fires.usual_seconds(overview.runs["etl"]) == 30.0
    for known in (spans.of_flow(project.db, "etl"), list(map(plots.span_of, overview.runs["etl"]))):
        assert plots.percentile(known, 0.95) == 30.0
    only_partial = found._replace(usual=None, durations=[], tasks=[])
    assert "no run of it did all of it in its last attempt" in text_of(plan.summary(only_partial, TYPED))


async def test_a_flow_that_ran_only_inside_another_is_said_to_have(project: Project) -> None:
    for name in ("fanout", "part"):
        project.flow(name)
    project.run(1, "fanout", "completed")
    project.tasks(1, [the_task(1, "part", took=2, kind="flow"), the_task(2, "fanout", took=1)])
    found = precedents.read(project.db, "part")
    assert text_of(plan.summary(found, TYPED)).startswith("it ran only inside fanout: how long")
    assert flows.callers(project.db) == {"part": "fanout"}
    async with console(project) as page:
        await page.shows("only inside fanout")
    project.run(2, "part", "completed")
    assert flows.callers(project.db) == {}


def test_the_summary_counts_and_says_from_where_it_knows() -> None:
    assert text_of(plan.summary(KNOWN, TYPED)) == (
        "202 tasks: 200 run, 1 were cached, 1 skipped; about 3m00s (p95 3m40s)  by run 811"
    )
    assert "1 were cached, and run" in text_of(plan.summary(KNOWN, TYPED._replace(refreshes=True)))
    without = TYPED._replace(left_out=["load", "other"])
    assert text_of(plan.summary(KNOWN, without)).startswith(
        "202 tasks: 1 were cached, 1 skipped, 200 left out;"
    )
    assert text_of(plan.task_lines(TASKS, without, glyphs.UNICODE)[1]).split() == [
        "»",
        "load",
        "x200",
        "is",
        "left",
        "out",
    ]
    assert "no estimate" in text_of(plan.summary(Precedents(None, None, None, [], []), TYPED))
    rows = [text_of(line).split() for line in plan.task_lines(TASKS, TYPED, glyphs.UNICODE)]
    assert rows == [
        ["=", "extract", "was", "cached"], ["·", "load", "x200", "run", "~12.0s"], ["»", "hook", "was", "skipped"],
    ]  # fmt: skip


def test_what_is_in_its_way_is_said() -> None:
    flow, free = a_flow("etl"), Slots(3, 8)
    going = a_run(811, state=FlowRunState.RUNNING)

    def said(slots: Slots | str, typed: Typed = TYPED, **limits: object) -> str:
        return text_of(plan.way(slots, flow._replace(**limits), [going], typed, NOON))

    assert said(free) == "a slot is free: 3 of 8 are taken"
    assert said(Slots(1, 8)) == "a slot is free: 1 of 8 is taken"
    assert said(Slots(1, 1)) == "waits for a slot: the only one is taken"
    assert said(Slots(8, 8)) == "waits for a slot: all 8 are taken"
    assert said(free, exclusive=True) == "waits for run 811: 1 of its runs at once"
    assert said(Slots(0, 8, "the disk is full")) == "no run is started: the disk is full"
    assert said(free, TYPED._replace(starts_at=NOON + 60)).startswith("begins ")
    assert said("the engine is stopped") == "the engine is stopped"


async def test_the_plan_follows_what_is_typed(etl: Project) -> None:
    etl.spec(811, parameters={"date": "2026-08-19"})
    etl.spec(812, parameters={"date": "2026-08-20"})
    engine = FakeEngine()
    engine.answers[commands.GetStatus] = {"running": 3, "limit": 8, "paused": ""}
    async with console(etl, engine=engine) as page:
        await page.press("R")
        await page.shows("a slot is free: 3 of 8 are taken", "by run 811")
        await page.press("tab", *"x")
        await page.shows("1 problem: limit needs a whole number")
        await page.press("ctrl+t")
        await page.shows("Plan: run etl_daily", "differs from run 811  date, limit", "1 problem")
        await page.press("escape")
        await page.shows("Run with parameters")
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("r", "e")
        await page.shows("reuse 5, run 3 (3 failed)")
        await page.press("ctrl+u", *"2026-08-21")
        await page.shows("calls that get other arguments run, too")
