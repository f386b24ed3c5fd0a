"""The form for parameters: what is typed, what it means, and the stories of those who fill it in."""

import json
import shlex
import time
from datetime import UTC, date, datetime
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import Project
from tui_flow.cli.parameters import assigned, split
from tui_flow.contract import changes, commands
from tui_flow.contract.errors import BrokenFlow
from tui_flow.sdk import params
from tui_flow.store import presets
from tui_flow.tui.presentation import text_of, times
from tui_flow.tui.presentation.field_texts import parse, start_of, with_day
from tui_flow.tui.presentation.fields import fields_of
from tui_flow.tui.presentation.form import Form, command_line, differing
from tui_flow.tui.presentation.form_remarks import remark
from tui_flow.tui.presentation.patterns import matches
from tui_flow.tui.presentation.run_options import START

NOW = 1_755_691_200.0
CONFIG = {
    "title": "Config",
    "type": "object",
    "properties": {
        "host": {"type": "string", "default": "wh-2"},
        "batch": {"type": "integer", "default": 100, "maximum": 500},
    },
}
SCHEMA: dict[str, Any] = {
    "properties": {
        "count": {"type": "integer", "position": 1},
        "name": {"type": "string", "default": "Ada", "position": 0},
        "maybe": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None, "position": 2},
        "mode": {"$ref": "#/$defs/Mode", "position": 3},
        "rows": {"type": "array", "default": [], "position": 4},
        "sure": {"type": "boolean", "default": True, "position": 5},
        "any": {"default": 1, "position": 6},
        "day": {"type": "string", "format": "date", "position": 7},
        "file": {
            "anyOf": [{"type": "string", "format": "path"}, {"type": "null"}],
            "default": None,
            "position": 8,
        },
        "when": {
            "anyOf": [{"type": "string", "format": "date"}, {"type": "string"}],
            "default": "",
            "position": 9,
        },
        "tags": {"type": "array", "items": {"type": "string"}, "default": ["core"], "position": 10},
        "ids": {"type": "array", "items": {"type": "integer"}, "maxItems": 2, "default": [], "position": 11},
        "config": {"$ref": "#/$defs/Config", "default": {"host": "wh-9", "batch": 100}, "position": 12},
        "token": {"type": "string", "format": "password", "writeOnly": True, "default": "**********", "position": 13},
        "at": {"type": "string", "format": "date-time", "default": "2026-01-01T00:00:00", "position": 14},
    },
    "required": ["count", "mode", "day"],
    "$defs": {"Mode": {"enum": ["fast", "slow"], "type": "string"}, "Config": CONFIG},
}  # fmt: skip
BY_NAME = {field.dotted: field for field in fields_of(SCHEMA)}
NEEDED = {"count": 1, "mode": "slow", "day": "2026-08-20"}


def test_fields_come_in_the_order_of_the_signature_and_say_what_they_take() -> None:
    told = [(field.dotted, field.type_word, field.hint, start_of(field)) for field in BY_NAME.values()]
    assert told == [
        ("name", "str", "text", "Ada"),
        ("count", "int", "whole number", ""),
        ("maybe", "float | None", "number or null", "null"),
        ("mode", "choice", "fast | slow", ""),
        ("rows", "list", "JSON list", "[]"),
        ("sure", "bool", "true or false", "true"),
        ("any", "any", "JSON", "1"),
        ("day", "date", "date, as 2026-08-20, today or -3d", ""),
        ("file", "Path | None", "path or null", "null"),
        ("when", "str", "text", ""),
        ("tags", "list[str]", "list, as a, b", "core"),
        ("ids", "list[int]", "list, as a, b", ""),
        ("config", "Config", "JSON object", '{"host": "wh-9", "batch": 100}'),
        ("config.host", "str", "text", "wh-9"),
        ("config.batch", "int", "whole number", "100"),
        ("token", "Secret", "text", ""),
        ("at", "datetime", "date and time, as 2026-08-20T14:30, now or -3h", "2026-01-01T00:00:00"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("name", " two words ", " two words "), ("name", '"\\n"', "\n"), ("name", '""', ""), ("count", " 7 ", 7),
        ("maybe", "none", None), ("maybe", "1e3", 1000.0), ("mode", "slow", "slow"), ("rows", '[1, "a"]', [1, "a"]),
        ("sure", "No", False), ("any", '{"a": null}', {"a": None}),
        ("day", "2026-08-20", "2026-08-20"), ("day", "2026-08-20T00:00", "2026-08-20T00:00"), ("file", "a b", "a b"),
        ("when", "tomorrow", "tomorrow"), ("day", "today", "2025-08-20"), ("day", "yesterday", "2025-08-19"),
        ("day", "-3d", "2025-08-17"), ("at", "+90s", "2025-08-20T12:01:30+00:00"), ("day", "+2w", "2025-09-03"), ("tags", "core, rerun", ["core", "rerun"]),
        ("tags", '["a,b"]', ["a,b"]), ("tags", "", []), ("ids", "1,2", [1, 2]),
    ],
)  # fmt: skip
def test_texts_become_values(name: str, text: str, value: object) -> None:
    assert parse(BY_NAME[name], text, NOW) == value


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("count", "7.5", "needs a whole number"), ("count", "", "needs a whole number"), ("mode", "slo", "one of fast | slow"),
        ("rows", "{}", "needs a JSON list"), ("rows", "[1", "needs a JSON list"), ("sure", "perhaps", "needs a true or false"),
        ("day", "2026-13-01", "needs a date, as"), ("day", "", "needs a date, as"), ("day", "in May", "needs a date, as"),
        ("day", "-3x", "needs a date, as"), ("ids", "1, x", "needs a whole number"), ("ids", "1,2,3", "at most"),
        ("config.batch", "501", "has to be at most 500"), pytest.param("rows", "[" * 9_000, "needs a JSON list", id="deep"),
    ],
)  # fmt: skip
def test_texts_that_mean_nothing_are_refused_with_a_reason(name: str, text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong.replace("|", r"\|")):
        parse(BY_NAME[name], text, NOW)


@pytest.mark.parametrize("text", ["2020-01-01T03:00", "-2h", "yesterday", "today 00:00", "2020-01-01 03:00"])
def test_a_start_that_is_over_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="that is in the past"):
        parse(START, text)
    assert parse(START, "now")


def test_only_what_is_not_the_default_is_said_and_a_group_is_said_whole() -> None:
    form = Form(SCHEMA, NEEDED)
    assert form.values() == NEEDED
    form.texts["config", "batch"] = "7"
    form.texts["tags",] = "core, rerun"
    assert form.values() == {**NEEDED, "tags": ["core", "rerun"], "config": {"host": "wh-9", "batch": 7}}
    assert [field.dotted for field in form.changed] == ["tags", "config.batch"]
    assert differing(form, NEEDED) == ["tags", "config.batch"]
    form.texts["config", "batch"] = "x"
    assert "config" not in form.values()
    assert form.problems == {("config", "batch"): "needs a whole number"}


def test_blanks_around_what_is_no_text_change_nothing() -> None:
    form = Form(SCHEMA, NEEDED)
    for name in ("day", "at", "count", "mode", "sure", "tags"):
        form.texts[name,] += " "
    assert form.changed == [] and form.values() == NEEDED
    form.texts["name",] += " "
    assert [field.dotted for field in form.changed] == ["name"]
    assert form.values() == {**NEEDED, "name": "Ada "}


def test_the_command_does_the_same_and_never_says_a_secret() -> None:
    form = Form(SCHEMA, {**NEEDED, "name": "it's\n", "token": "hunter2"})
    form.texts["config", "batch"] = "7"
    form.texts["tags",] = ""
    form.texts["ids",] = "1, 2"
    line = command_line("etl", form.words("X"))
    assert "hunter2" not in line
    assert line.endswith("-p tags= -p ids=1,2 -p config.batch=7 -p token")
    assert [field.dotted for field in form.asked_for] == ["token"]
    words = [word for word in shlex.split(line)[3:] if word not in ("-p", "token")]
    assert assigned(dict(map(split, words)), SCHEMA) == {
        name: value for name, value in form.values().items() if name != "token"
    }
    form.texts["count",] = "x"
    assert "-p count=X" in form.words("X")


def test_a_secret_of_an_earlier_run_is_given_on_unseen_until_it_is_reset() -> None:
    form = Form(SCHEMA, {**NEEDED, "token": "hunter2"})
    token = BY_NAME["token"]
    assert form.values()["token"] == "hunter2"
    assert text_of(remark(form, token, "run 7")) == "as in run 7, not shown"
    assert "hunter2" not in form.as_json()
    form.take_json(form.as_json())
    assert form.values()["token"] == "hunter2"
    form.reset(token)
    assert "token" not in form.values()


def test_secrets_that_are_typed_as_json_are_taken_and_shown_no_more() -> None:
    form = Form(CHECKED, {"login": {"host": "a", "password": "**********"}, "api": {"token": "**********"}})
    edited = {
        **json.loads(form.as_json()),
        "login": {"host": "b", "password": "5"},
        "api": {"apiToken": "hidden-8"},
    }
    form.take_json(json.dumps(edited))
    assert form.values()["login"] == {"host": "b", "password": "5"} and form.values()["api"] == {
        "apiToken": "hidden-8"
    }
    form.take_json(form.as_json())
    assert form.values()["login"] == {"host": "b", "password": "5"} and form.problems == {}
    assert "hidden-8" not in form.as_json() + str(form.plain_values())
    assert form.words("X") == ["-p login.host=b", "-p login.password", "-p api.apiToken"]


def test_json_that_cannot_be_read_changes_nothing_and_says_its_line() -> None:
    form = Form(SCHEMA, NEEDED)
    values = json.loads(form.as_json())
    assert values["config"] == {"host": "wh-9", "batch": 100}
    with pytest.raises(ValueError, match="line 2"):
        form.take_json('{"count": 7,\n "mode": ,}')
    with pytest.raises(ValueError, match="too deep"):
        form.take_json("[" * 9_000)
    with pytest.raises(ValueError, match="no parameter 'cuont'"):
        form.take_json(json.dumps({**values, "cuont": 1}))
    assert form.values() == NEEDED
    with pytest.raises(ValueError, match="config has no field 'bacth'"):
        form.take_json(json.dumps({**values, "config": {"host": "x", "bacth": 1}}))
    assert form.values() == NEEDED
    form.take_json(json.dumps({**values, "count": "many", "config": {"host": "x"}}))
    assert form.problems == {("count",): "needs a whole number"}
    assert form.values()["config"] == {"host": "x", "batch": 100}


def test_what_an_earlier_run_had_beyond_the_fields_stays_and_is_said() -> None:
    form = Form(SCHEMA, {**NEEDED, "config": {"host": "wh-9", "batch": 100, "more": 1}})
    form.take_json(form.as_json())
    assert form.values()["config"] == {"host": "wh-9", "batch": 100, "more": 1}
    assert form.words("X")[-1] == "-p config.more=1"


class Cat(BaseModel):
    lives: int = 9


class Dog(BaseModel):
    name: str = ""


def unions(
    one: Literal[1, "1", True, None], pet: Cat | Dog, days: list[date], pets: list[Cat | Dog], deep: list[list[int | str]], maybe: list[Path] | None
) -> None: ...  # fmt: skip


def test_choices_and_types_are_told_apart() -> None:
    one, *others = fields_of(params.schema(unions))
    assert one.hint == '1 | "1" | true | null' and [parse(one, text) for text in one.labels] == [
        1,
        "1",
        True,
        None,
    ]
    assert [(field.name, field.type_word) for field in others] == [
        ("pet", "Cat | Dog"), ("days", "list[date]"), ("pets", "list[Cat | Dog]"), ("deep", "list[list[int | str]]"), ("maybe", "list[Path] | None"),
    ]  # fmt: skip


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Login(BaseModel):
    host: str = "wh-2"
    password: SecretStr


LOGIN = Login(password=SecretStr("hidden-default"))


class Api(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    token: SecretStr = Field(alias="apiToken")


def checked(
    shares: dict[str, int] | None = None, code: Annotated[str, Field(pattern="^([a-z]+)+[0-9]$")] = "abc0", level: Level | None = Level.LOW,
    loose: Annotated[int, BeforeValidator(len)] = 1, login: Login = LOGIN, api: Api | None = None,
) -> None: ...  # fmt: skip


CHECKED = params.schema(checked)


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("shares", '{"a": 1, "b": "x"}', "b: needs a whole number"), ("code", "a" * 60, "has to match ^([a-z]+)+[0-9]$"),
        ("level", "MIDDLE", "one of LOW | HIGH | null"), ("loose", "", "needs a whole number"),
    ],
)  # fmt: skip
def test_what_is_inside_and_how_it_has_to_look_is_checked_too(name: str, text: str, wrong: str) -> None:
    form = Form(CHECKED)
    assert form.problems == {}
    form.texts[name,] = text
    assert form.problems == {(name,): wrong}


def test_what_takes_more_than_its_type_says_is_not_refused() -> None:
    assert matches("(?=a)b", "c"), "pydantic would leave it to Python, and so to the flow"
    form = Form(CHECKED, {"loose": "some text"})
    assert form.problems == {} and form.values() == {"loose": "some text"}


def test_the_values_of_an_enum_go_by_their_names_where_they_are_no_texts() -> None:
    form = Form(CHECKED, {"level": 2})
    level = form.by_path["level",]
    assert form.texts["level",] == "HIGH" and form.values() == {"level": 2}
    assert (level.hint, start_of(level)) == ("LOW | HIGH | null", "LOW")
    assert form.words("X") == ["-p level=HIGH"]
    assert [assigned({"level": text}, CHECKED)["level"] for text in ("HIGH", "2", "null")] == [2, 2, None]


def test_a_field_that_a_run_was_given_under_another_name_is_that_field() -> None:
    form = Form(CHECKED, {"api": {"token": "**********"}})
    assert form.problems == {("api", "apiToken"): "needs a text"}
    form.texts["api", "apiToken"] = "hidden-7"
    assert form.values() == {"api": {"apiToken": "hidden-7"}}
    assert form.words("X")[-1] == "-p api.apiToken"


def test_a_secret_of_the_flows_own_is_asked_for_where_the_rest_of_its_group_is_another() -> None:
    form = Form(CHECKED)
    assert form.values() == {}
    form.texts["login", "host"] = "wh-9"
    assert form.problems == {("login", "password"): "needed: type it"}
    form.texts["login", "password"] = "another"
    assert form.values() == {"login": {"host": "wh-9", "password": "another"}}
    assert assigned({"login.host": "wh-9"}, CHECKED) == {"login": {"host": "wh-9"}}


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


@pytest.mark.parametrize(
    ("name", "text", "taken"),
    [
        ("day", "2026-08-20", "2026-09-01"), ("day", "soon", "2026-09-01"), ("at", "2026-01-01T14:30", "2026-09-01T14:30"),
        ("at", "2026-01-01 14:30+02:00", "2026-09-01 14:30+02:00"), ("at", "now", "2026-09-01T00:00"),
    ],
)  # fmt: skip
def test_a_day_takes_the_place_of_the_day_and_leaves_the_time(name: str, text: str, taken: str) -> None:
    assert with_day(BY_NAME[name], text, date(2026, 9, 1)) == taken
    assert parse(BY_NAME[name], taken, NOW) == taken


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
        await page.shows("only  list, as a, b  of extract, load_warehouse")
        await page.shows("--only extract --skip mail --skip", "'load*'")
        await page.press("ctrl+r")
        await page.until(lambda: engine.asked_for(commands.RunFlow), "the run to be asked for")
    (asked,) = engine.asked_for(commands.RunFlow)
    assert (asked.only, asked.skip) == (["extract"], ["mail", "load*"])
    assert len(engine.asked_for(commands.DescribeFile)) == 1


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
