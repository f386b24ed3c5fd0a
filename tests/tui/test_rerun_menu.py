"""Stories of the rerun menu."""

import json
from typing import Any

import pytest

from tests.store.rows import a_run
from tests.tui.pages import FakeEngine, console
from tests.tui.project import Project, the_task
from tui_flow.contract import changes, commands
from tui_flow.contract.errors import BrokenFlow
from tui_flow.contract.secret_parameters import STARS
from tui_flow.contract.states import FlowRunState
from tui_flow.tui.presentation import reruns


@pytest.fixture
def engine() -> FakeEngine:
    """One that knows what a rerun would do, and begins attempts."""

    def preview(command: commands.PreviewRerun) -> dict[str, Any]:
        run = 9 if command.force else 3 if command.from_tasks else 2 if command.only_failed else 4
        run = 1 if command.only else run
        changed = ["load_warehouse"] if run == 4 else []
        told = commands.RerunPreview(9 - run, run, len(changed), 2, 0, 0, changed, "pandas 2.1.0 → 2.2.0")
        return told._asdict()

    engine = FakeEngine()
    engine.answers |= {commands.PreviewRerun: preview, commands.RerunRun: {"run_id": 812, "attempt": 2}}
    return engine


async def test_from_launch_a_failed_run_is_read_edited_and_rerun_with_a_key_each(
    etl: Project, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited: list[tuple[str, int]] = []
    async with console(etl, engine=engine) as page:
        monkeypatch.setattr(page.app, "edit", lambda path, line: edited.append((str(path), line)))
        await page.press("enter")
        await page.shows("Log load_warehouse", "1 library frame folded", "load failed", "OperationalError")
        assert "tenacity" not in page.text
        await page.press("e")
        assert edited == [("flows/etl_daily.py", 4)]
        await page.press("r", "f")
        await page.shows("run 812 begins attempt 2")
    assert engine.asked_for(commands.RerunRun) == [commands.RerunRun(812)]


async def test_the_menu_says_what_each_way_would_reuse_and_its_command(
    etl: Project, engine: FakeEngine
) -> None:
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("r")
        await page.shows("Run etl_daily again: run 812, failed", "reuse 6, run 3", "reuse 7, run 2")
        assert "reuse 5, run 4 (1 code changed, 2 failed)" in page.line_with("from failed")
        assert "reuse 0, run 9" in page.line_with("all of it")
        await page.shows("$ tui-flow rerun 812", "code changed  load_warehouse", "pandas 2.1.0 → 2.2.0")
        await page.press("j", "j")
        await page.shows("> t  from load_warehouse", "$ tui-flow rerun 812 --from load_warehouse")
        await page.press("j")
        await page.shows(
            "> o  only load_warehouse", "reuse 8, run 1", "$ tui-flow rerun 812 --only load_warehouse"
        )
        await page.press("escape", "r")
        await page.press("r")
        await page.shows("run 812 begins attempt 2")


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("f", commands.RerunRun(812)), ("a", commands.RerunRun(812, force=True)),
        ("t", commands.RerunRun(812, from_tasks=["load_warehouse"])), ("w", commands.RerunRun(812, only_failed=True)),
        ("o", commands.RerunRun(812, only=["load_warehouse"])),
    ],
)  # fmt: skip
async def test_each_way_is_a_key(
    etl: Project, engine: FakeEngine, key: str, command: commands.RerunRun
) -> None:
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("r", key)
        await page.shows("begins attempt 2")
    assert engine.asked_for(commands.RerunRun) == [command]


async def test_other_parameters_are_asked_for_and_only_the_changed_ones_are_sent(
    etl: Project, engine: FakeEngine
) -> None:
    etl.spec(812, parameters={"date": "2026-08-20", "limit": 5})
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("r", "e")
        await page.shows("etl_daily › Rerun 812", "$ tui-flow rerun 812 -p date=2026-08-20 -p limit=5")
        await page.press(*["backspace"] * 2)
        await page.type("31")
        await page.press("ctrl+r")
        await page.shows("begins attempt 2")
    assert engine.asked_for(commands.RerunRun) == [commands.RerunRun(812, {"date": "2026-08-31"})]


async def test_a_run_that_goes_on_can_only_be_run_anew(etl: Project, engine: FakeEngine) -> None:
    async with console(etl, engine=engine, open_run=501) as page:
        await page.shows("RUNNING")
        await page.press("r")
        await page.shows("> n  a new run")
        assert "from failed" not in page.text
        await page.press("f", "q")
        await page.hides("a new run")
    assert engine.asked_for(commands.RerunRun) == engine.asked_for(commands.PreviewRerun) == []


async def test_what_the_engine_refuses_is_said(etl: Project, engine: FakeEngine) -> None:
    broken = BrokenFlow("the flow file is broken: SyntaxError", where="flows/etl_daily.py:3", next="mend it")
    engine.answers |= {commands.PreviewRerun: broken, commands.RerunRun: broken}
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("r")
        await page.shows("the flow file is broken")
        await page.press("f")
        await page.shows("flows/etl_daily.py:3; mend it")


async def test_a_long_refusal_is_whole_in_the_form(etl: Project, engine: FakeEngine) -> None:
    engine.answers[commands.PreviewRerun] = BrokenFlow(f"the flow file is broken: {'very ' * 20}much so")
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("r", "e")
        await page.shows("the flow file is broken: very very")


async def test_the_next_attempt_takes_the_place_of_the_one_before(etl: Project, engine: FakeEngine) -> None:
    def begin(command: commands.RerunRun) -> dict[str, int]:
        etl.db.execute(
            "UPDATE flow_runs SET state = 'running', attempt = 2, first_task_run_id = 50, ended_at = NULL, "
            "reason = NULL, failure = NULL WHERE id = 812"
        )
        etl.tasks(812, [the_task(50, "extract", "running", revision=900, run_name="extract again")])
        return {"run_id": 812, "attempt": 2}

    engine.answers[commands.RerunRun] = begin
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("r", "f")
        page.engine.tell(changes.RunChanged(812, "etl_daily", "running"))
        await page.shows("RUNNING", "extract again", "begins attempt 2")
        assert "publish" not in page.text
        etl.set_run(812, "completed")
        page.engine.tell(changes.RunChanged(812, "etl_daily", "completed"))
        await page.shows("run 812 of etl_daily is over: completed")


def test_a_parameter_that_goes_back_to_its_default_is_sent() -> None:
    schema = {"properties": {"limit": {"default": 100}, "date": {}, "full": {"default": False}}}
    assert reruns.changed({"limit": 5, "date": "a"}, {"date": "a"}, schema) == {"limit": 100}
    assert reruns.changed({"limit": 5}, {"limit": 5, "date": "b"}, schema) == {"date": "b"}
    assert reruns.changed({}, {}, schema) == {}


def test_only_what_makes_sense_is_offered() -> None:
    over = a_run(7, state=FlowRunState.FAILED)
    assert [way.key for way in reruns.ways(over, "")] == ["f", "a", "w"]
    assert [way.key for way in reruns.ways(over._replace(source_sha="ab"), "load it")] == [
        "f",
        "a",
        "t",
        "o",
        "w",
        "c",
    ]
    assert reruns.command_line(over, reruns.ways(over, "load it")[2]) == "tui-flow rerun 7 --from 'load it'"
    assert (
        reruns.command_line(over, reruns.ways(over, "load [1]")[3]) == "tui-flow rerun 7 --only 'load [[]1]'"
    )
    assert reruns.ways(a_run(7), "") == []
    assert (
        reruns.ways(over._replace(state=FlowRunState.CANCELLED, started_at=None), "")[0].title
        == "as asked for"
    )


async def test_a_secret_that_was_not_kept_is_asked_for_before_the_next_attempt(
    etl: Project, engine: FakeEngine
) -> None:
    secret = {"type": "string", "format": "password", "writeOnly": True}
    schema = {"type": "object", "properties": {"token": secret}, "required": ["token"]}
    etl.db.execute("UPDATE flows SET parameters = ? WHERE name = 'etl_daily'", [json.dumps(schema)])
    etl.spec(812, parameters={"token": STARS})
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("r", "a")
        await page.shows("Rerun 812", "not kept: type it")
        await page.type("hidden-9")
        await page.press("ctrl+r")
        await page.shows("begins attempt 2")
        assert "hidden-9" not in page.text
        await page.press("r", "n")
        await page.shows("not kept: type it")
    assert engine.asked_for(commands.RerunRun) == [commands.RerunRun(812, {"token": "hidden-9"}, force=True)]
