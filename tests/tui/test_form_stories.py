"""The form for parameters: the stories of those who fill it in."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import Project, the_task
from tests.tui.test_form import NEEDED, SCHEMA
from tui_flow.contract import changes, commands
from tui_flow.contract.errors import BadParameters, BrokenFlow
from tui_flow.store import presets
from tui_flow.tui.presentation import times


async def test_fields_are_filled_in_checked_and_reset_and_esc_asks(etl: Project) -> None:
    etl.flow("typed", parameters=SCHEMA)
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = {"run_id": 900}
    async with console(etl, engine=engine) as page:
        await page.press("G", "R")
        await page.shows("Flows › typed › Run with parameters", "count *", "▸ { host, batch }", "F3 reset")
        etl.run(899, "ingest_s3", "running")
        page.engine.tell(changes.RunChanged(899, "ingest_s3", "running"))
        await page.shows("▸2 running")
        await page.type("x")
        await page.shows("-p count=✗")
        await page.press("backspace", *"3", "tab", "tab", "right", "right", "tab", "tab", "space")
        await page.shows("(●)slow", "[ ] off", "~ was on")
        await page.press("f3")
        await page.shows("[x] on")
        await page.press("ctrl+r")  # goes to the day, which is missing
        await page.type("2026-08-20")
        await page.press("tab", "tab", "tab", "tab", "tab", "enter", "tab", "tab")
        await page.shows("▾ { host, batch }")
        await page.press("ctrl+u", *"7", "escape")
        await page.shows("Leave the form?", "count, mode, day, config.batch", "> [ Stay ]".strip("> "))
        await page.press("enter")
        await page.shows("$ tui-flow run typed -p count=3 -p mode=slow -p day=2026-08-20 -p")
        engine.answers[commands.RunFlow] = BrokenFlow("the flow file is broken", where="flows/typed.py:3")
        await page.press("ctrl+r")
        await page.shows("the flow file is broken; flows/typed.py:3", "-p count=3 -p mode=slow")
        engine.answers[commands.RunFlow] = {"run_id": 900}
        await page.press("ctrl+r")
        await page.shows("run 900 of typed is on its way")
        await page.press("R", "escape")
        await page.hides("Run with parameters")
    refused, asked = engine.asked_for(commands.RunFlow)
    assert refused == asked
    assert asked.parameters == {
        "count": 3, "mode": "slow", "day": "2026-08-20", "config": {"host": "wh-9", "batch": 7},
    }  # fmt: skip


async def test_a_flow_that_is_saved_meanwhile_rebuilds_the_form_and_keeps_what_was_typed(
    etl: Project,
) -> None:
    etl.flow(
        "typed",
        parameters={
            "properties": {
                "count": {"type": "integer", "default": 1},
                "old": {"type": "string", "default": ""},
            }
        },
    )
    now = {
        "properties": {"count": {"type": "string", "default": "1"}, "more": {"type": "integer", "default": 7}}
    }
    async with console(etl) as page:
        await page.press("G", "R", "ctrl+u", *"42")
        await page.shows("-p count=42")
        etl.db.execute("UPDATE flows SET parameters = ? WHERE name = 'typed'", [json.dumps(now)])
        page.engine.tell(changes.FlowFileChanged("flows/typed.py", "ok"))
        await page.shows("typed changed: more is new, old is gone, count has changed", "[ 7 ", "-p count=42")
        await page.press("3", "down", "9")
        await page.shows("-p count=423 -p more=79")
        await page.press("home", *"9" * 170)
        await page.shows("99 …")


async def test_a_day_is_taken_from_the_month(etl: Project) -> None:
    etl.flow("typed", parameters=SCHEMA)
    async with console(etl) as page:
        await page.press("G", "R", "f5")
        await page.shows("the month is for a field that takes a date")
        await page.press("tab", "tab", "tab", "tab", "tab", "tab")
        await page.type("2026-08-20")
        await page.shows("] ▾", "F5 month")
        await page.press("f5")
        await page.shows("Thu 20 August 2026", "Mo   Tu   We")
        await page.press("j", "l", "full_stop", "comma", "comma", "k", "up", "left")
        await page.shows("Mon 13 July 2026")
        await page.press("escape")
        await page.shows("[ 2026-08-20")
        await page.press("f5", "right", "enter")
        await page.shows("[ 2026-08-21", "-p day=2026-08-21")
        await page.press("ctrl+u", *"9999-12-31", "f5", "down", "full_stop", "enter")
        await page.shows("[ 9999-12-31")


async def test_what_the_form_can_do_is_found_by_name(etl: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(etl) as page:
        monkeypatch.setattr(page.app, "action_suspend_process", lambda: page.app.screen.say("suspended"))
        await page.press("R", "ctrl+c")
        await page.shows("Esc leaves the form", "^P lists the keys")
        assert "^P keys" in page.footer
        await page.press("ctrl+z")
        await page.shows("suspended")
        await page.press("ctrl+p")
        await page.shows("Commands", "all that it will do", "^T")
        await page.press(*"all that", "enter")
        await page.shows("Plan: run etl_daily")


async def test_what_is_wrong_is_said_where_the_cursor_is_already(etl: Project) -> None:
    etl.flow("typed", parameters=SCHEMA)
    async with console(etl) as page:
        await page.press("G", "R")
        await page.shows("> count *", "count  whole number")
        await page.press("ctrl+r")
        await page.shows("count  needs a whole number")
        page.app.screen.update()  # such as when the runs before have been read
        await page.shows("count  needs a whole number")
        await page.press("7")
        await page.shows("count  whole number")


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_a_refusal_is_readable_whole(etl: Project, size: tuple[int, int]) -> None:
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = BadParameters(
        "the parameters do not fit: limit has to be at most 500, and date is none of the days for which there are files",
        where="flows/etl_daily.py:12, in etl_daily",
        next="see tui-flow describe etl_daily for what it takes, and mend them",
    )
    async with console(etl, size=size, engine=engine) as page:
        await page.press("R", "ctrl+r")
        await page.shows("the parameters do not fit")
        refusal = page.text[page.text.index("the parameters do not fit") :]
        assert (
            "limit has to be at most 500, and date is none of the days for which there are files; "
            "flows/etl_daily.py:12, in etl_daily; see tui-flow describe etl_daily for what it takes, and mend them"
        ) in " ".join(refusal.split())
        assert "^R run" in page.footer and "> date *" in page.text
        await page.press("backspace")
        await page.hides("flows/etl_daily.py:12")
        assert page.message.startswith("date ")


async def test_all_values_are_edited_as_json_and_a_slip_loses_nothing(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[tuple[str, int]] = []

    def edit(text: str, name: str, line: int) -> str:
        texts.append((text, line))
        assert Path(name).suffix == ".json"
        return text.replace("100", "5,,") if len(texts) == 1 else text.replace("5,,", "5")

    monkeypatch.setenv("VISUAL", "no-such-editor")
    async with console(etl) as page:
        await page.press("R", "ctrl+e")
        await page.shows("there is no command no-such-editor here; set VISUAL to another")
        monkeypatch.setattr(page.app, "edit_text", edit)
        await page.press("ctrl+e")
        await page.shows("not taken: line 3: a name is needed, enclosed in double quotes; ^E mends it")
        assert "limit" in page.line_with("100")
        await page.press("ctrl+e")
        await page.shows("-p limit=5")
    assert texts[1] == (texts[0][0].replace("100", "5,,"), 3)


async def test_the_wide_form_has_the_last_good_run_beside_each_field(etl: Project) -> None:
    etl.spec(811, parameters={"date": "2026-08-19", "limit": 7})
    etl.spec(812, parameters={"date": "2026-08-20"})
    async with console(etl, size=(160, 45)) as page:
        await page.press("R")
        await page.shows("LAST OK RUN 811", "values: run 812")
        assert "~ 2026-08-19" in page.line_with("date *")
        assert_columns(page, "limit", "100", "~ 7")


def assert_columns(page: Page, name: str, *texts: str) -> None:
    line = page.line_with(name)
    assert all(text in line for text in texts), line


async def test_a_run_may_be_asked_for_later_with_a_priority_and_without_cached_results(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = {"run_id": 900}
    async with console(etl, engine=engine) as page:
        await page.press(
            "R", "up", "up", "up", *"urgent", "up", "ctrl+u", *"5", "up", "space", "up", "ctrl+u"
        )
        await page.type("tomorrow 03:00")
        await page.shows("03:00:00'", "--refresh --priority 5 --tag urgent", "~ was now", "[ ] off")
        await page.press("ctrl+r")
        await page.shows("run 900 of etl_daily begins", "x takes it back")
    (asked,) = engine.asked_for(commands.RunFlow)
    assert (asked.priority, asked.refresh, asked.tags) == (5, True, ["urgent"])
    assert 0 < asked.scheduled_for - time.time() < 2 * 86_400


async def test_tasks_are_left_out_and_a_name_that_no_task_has_is_said(etl: Project) -> None:
    engine = FakeEngine()
    tasks = ["extract", "load_warehouse", "load_orders", "mail"]
    engine.answers |= {commands.RunFlow: {"run_id": 900}, commands.DescribeFile: {"tasks": tasks}}
    async with console(etl, engine=engine) as page:
        await page.press("R", "up", *"mial")
        await page.shows("there is no task 'mial'; mail?", "1 problem")
        await page.press("ctrl+u", *"mail, x*", "ctrl+r")
        await page.shows("there is no task 'x*'")
        await page.press("backspace", "backspace", *"load*", "up", *"extract")
        await page.shows("only  list, as a, b  of extract_orders, extract_fx")
        await page.shows("--only extract --skip mail --skip", "'load*'")
        await page.press("ctrl+r")
        await page.until(lambda: engine.asked_for(commands.RunFlow), "the run to be asked for")
    (asked,) = engine.asked_for(commands.RunFlow)
    assert (asked.only, asked.skip) == (["extract"], ["mail", "load*"])
    assert len(engine.asked_for(commands.DescribeFile)) == 1


async def test_tasks_that_the_last_runs_called_are_offered_before_those_that_the_file_only_holds(
    etl: Project,
) -> None:
    etl.flow("small")
    etl.run(900, "small", "completed")
    etl.tasks(900, [the_task(1, "extract"), the_task(2, "load")])
    etl.run(901, "small", "failed")
    etl.tasks(901, [the_task(1, "extract"), the_task(2, "clean")])
    engine = FakeEngine()
    engine.answers[commands.DescribeFile] = {"tasks": ["alone", "clean", "extract", "load"]}
    async with console(etl, engine=engine, size=(100, 24)) as page:
        await page.press("slash", *"small", "enter", "R", "up")
        await page.shows("skip  list, as a, b  of extract, load, clean")
        assert "all 3" in page.line_with("only")
        await page.press(*"alo")
        await page.shows("there is no task 'alo'; alone?")
        await page.press(*"ne")
        await page.shows("of extract, load, clean; not called lately: alone")
        assert "all 3" in page.line_with("only")


async def test_presets_are_saved_chosen_deleted_and_never_hold_a_secret(etl: Project) -> None:
    etl.flow("typed", parameters=SCHEMA)
    state_dir = etl.settings.state_dir
    etl.run(900, "typed", "completed")
    etl.spec(900, parameters={"token": "hunter2", **NEEDED})
    presets.save(
        state_dir,
        "typed",
        "quick \x1b]0;x".replace("\x1b", ""),
        {**NEEDED, "mode": "fast", "tags": ["first", *["more"] * 9]},
    )
    async with console(etl) as page:
        await page.press("G", "R")
        await page.shows("F2 presets", "F4 save")
        await page.press("ctrl+u", *"Eve", "f4")
        await page.shows("Save 4 values as a preset")
        await page.press(*"eve", "enter")
        await page.shows("saved as eve")
        assert presets.get(state_dir, "typed", "eve") == {**NEEDED, "name": "Eve"}
        await page.press("x", "f4", *"eve", "enter")
        await page.shows("Overwrite eve?", "it has: ", "name=Eve")
        await page.press("enter", "backspace", "f2")
        await page.shows("d  defaults", "l  last run", "g  last good run", "2  eve", "name=Eve")
        assert "hunter2" not in page.text
        await page.press("1")
        await page.shows("values: preset quick", "(●)fast", "as in", "[ first, more, more")
        await page.press("f2", "down", "down", "down", "down")
        await page.shows("x deletes it", "$ tui-flow presets typed --forget eve")
        await page.press("x")
        await page.shows("eve is deleted")
        await page.press("escape", "right", "enter", "u")
        await page.shows("eve is there again")
    assert presets.get(state_dir, "typed", "eve") == {**NEEDED, "name": "Eve"}


async def test_a_run_for_later_says_when_and_does_not_hide_one_that_runs(etl: Project) -> None:
    later = time.time() + 86_400
    etl.run(900, "cleanup_tmp", "running")
    etl.flow("monthly")
    for id, flow in ((901, "cleanup_tmp"), (902, "monthly")):
        etl.run(id, flow, "pending", scheduled_for=later)
    async with console(etl) as page:
        assert "▸  cleanup_tmp" in page.text and "1 more" in page.line_with("cleanup_tmp")
        await page.shows("begins ")
        assert "begins " in page.line_with("monthly") and "queued" not in page.line_with("monthly")
        page.app.overview.waiting[902] = "it is to begin by the engine's clock"
        await page.press("T", "2")
        await page.shows(f"begins {datetime.fromtimestamp(later, UTC):%a %d %b %H:%M}")
        page.app.open_run(902)
        await page.shows(
            f"run 902 has not begun: it begins {datetime.fromtimestamp(later, UTC):%a %d %b %H:%M}"
        )
        await page.press("T")
        await page.shows(f"run 902 has not begun: it begins {times.moment(later, time.time())}")


async def test_the_form_says_which_of_how_many_fields_it_is_in(project: Project) -> None:
    fields = {f"p{n}": {"type": "string", "format": "date"} for n in range(12)}
    project.flow("wide", parameters={"properties": fields, "required": list(fields)})
    async with console(project) as page:
        await page.press("r")
        await page.shows("field 1 of 18", "p0  date, as 2026-08-20")
        await page.press("tab", "tab")
        await page.shows("field 3 of 18")
