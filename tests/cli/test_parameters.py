import io

import click
import pytest

from tui_flow.cli.parameters import assigned, read_object, split
from tui_flow.tui.presentation.words import value_of


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("3", {"type": "integer"}, 3),
        ("3", {"type": "string"}, "3"),
        ("007", {"type": "string"}, "007"),
        ("3", {}, 3),
        ("Ada", {"type": "integer"}, "Ada"),
        ("[1, 2]", {"type": "array"}, [1, 2]),
        ("null", {"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ("5", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "5"),
        ("true", {"type": "boolean"}, True),
        ("true", {"type": "string"}, "true"),
        ("2026-01-01", {"type": "string", "format": "date"}, "2026-01-01"),
        ("1", {"type": "number"}, 1),
        ('"quoted"', {"type": "integer"}, "quoted"),
        ("", {"type": "string"}, ""),
    ],
)
def test_text_becomes_what_the_parameter_takes(text: str, schema: dict[str, object], value: object) -> None:
    assert value_of(text, schema) == value
    assert type(value_of(text, schema)) is type(value)


def test_an_assignment_is_split_at_its_first_equals_sign() -> None:
    assert split("query=a=b") == ("query", "a=b")


@pytest.mark.parametrize("assignment", ["name", "=value", "not a name=1"])
def test_what_is_no_assignment_is_refused(assignment: str) -> None:
    with pytest.raises(click.UsageError, match="name=value"):
        split(assignment)


def test_an_object_is_read_from_text_file_and_standard_input(tmp_path, monkeypatch) -> None:
    path = tmp_path / "parameters.json"
    path.write_text('{"a": 1}')
    monkeypatch.setattr("sys.stdin", io.StringIO('{"b": 2}'))
    assert read_object('{"c": 3}') == {"c": 3}
    assert read_object(f"@{path}") == {"a": 1}
    assert read_object("-") == {"b": 2}


@pytest.mark.parametrize("text", ["[1]", "{", "@/nowhere/at/all", "3", pytest.param("[" * 9_000, id="deep")])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="--params"):
        read_object(text)


@pytest.mark.parametrize("schema", [{}, {"type": "array", "items": {"type": "integer"}}, {"type": "object"}])
def test_what_lies_too_deep_is_a_text_whatever_the_parameter_takes(schema: dict[str, object]) -> None:
    deep = "[" * 9_000
    assert assigned({"it": deep}, {"properties": {"it": schema}}) == {"it": deep}
