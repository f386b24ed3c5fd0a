"""The form for parameters: what is typed, and what it means."""

import json
import shlex
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from tui_flow.cli.parameters import assigned, split
from tui_flow.sdk import params
from tui_flow.tui.presentation import text_of
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
        ("any", "any", "text or JSON", "1"),
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
        ("any", "abc", "abc"), ("any", " a b", " a b"), ("any", '"5"', "5"), ("any", "[1", "[1"),
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
