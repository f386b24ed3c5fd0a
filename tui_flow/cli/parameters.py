"""Parameters as they stand on the command line, made into the JSON values that the engine takes."""

import json
import sys
from pathlib import Path
from typing import Any

import click

_TYPES = {
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    str: {"string"},
    list: {"array"},
    dict: {"object"},
    type(None): {"null"},
}


def read_object(text: str) -> dict[str, Any]:
    """The object of `--params`: JSON itself, `@file`, or `-` for standard input. Raises click.UsageError."""
    where = text if text == "-" or text.startswith("@") else "JSON"
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text("utf-8")
        value = json.loads(text)
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--params {where}: {error}") from None
    if not isinstance(value, dict):
        raise click.UsageError(f'--params {where}: an object is needed, such as {{"name": "value"}}')
    return value


def split(assignment: str) -> tuple[str, str]:
    """Name and text of one `-p name=value`. Raises click.UsageError."""
    name, found, text = assignment.partition("=")
    if not found or not name.isidentifier():
        raise click.UsageError(f"-p {assignment}: write it as name=value")
    return name, text


def value_of(text: str, schema: dict[str, Any]) -> Any:
    """The value that a parameter's text stands for: JSON where the parameter takes such a value, else the text.

    So `-p id=007` is the string "007" for a parameter that takes a string, and 7 is a number for one that
    takes a number. `schema` is the parameter's own JSON schema; an empty one takes everything.
    """
    try:
        value = json.loads(text)
    except ValueError:
        return text
    allowed = _allowed(schema)
    if not allowed or _TYPES[type(value)] & allowed or "string" not in allowed:
        return value
    return text


def _allowed(schema: dict[str, Any]) -> set[str]:
    """The JSON types that a schema names, as far as it says; empty where anything may come."""
    found = schema.get("type", [])
    named = {found} if isinstance(found, str) else set(found)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        named |= _allowed(choice)
    return named
