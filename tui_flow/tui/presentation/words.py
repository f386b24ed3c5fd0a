"""`-p name=text` on the command line: the value that a text stands for, and the text that stands for a value."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tui_flow.tui.presentation.field_texts import (
    choice,
    is_moment_word,
    json_or_text,
    listed,
    moment,
    same,
    texts_of,
)
from tui_flow.tui.presentation.fields import Field

_TYPES = {
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    str: {"string"},
    list: {"array"},
    dict: {"object"},
    type(None): {"null"},
}


def is_name(text: str) -> bool:
    """Whether `-p` takes it as the name of a parameter, or of a field of one."""
    return all(part.isidentifier() for part in text.split("."))


def value_for(field: Field, text: str) -> Any:
    """`value_of`, and what the form takes besides: a list as a,b, a day as -3d, and the names of an enum's values. What
    fits neither is the engine's to refuse."""
    value = value_of(text, field.schema)
    if field.labels and text in field.labels:
        return choice(field, text)
    with suppress(ValueError):
        if field.is_plain_list and not isinstance(value, list):
            return listed(text, field.items)
        if is_moment_word(field, text):
            return moment(field, text.strip(), time.time())
    return value


def word_for(field: Field, value: Any) -> str | None:
    """The plainest text that stands for a value; None where none does."""
    return next((text for text in texts_of(field, value, ",") if same(value_for(field, text), value)), None)


def value_of(text: str, schema: Mapping[str, Any]) -> Any:
    """The value that a parameter's text stands for: JSON where the parameter takes such a value, else the text.

    So `-p id=007` is the string "007" for a parameter that takes a string, and 7 is a number for one that
    takes a number. `schema` is the parameter's own JSON schema; an empty one takes everything.
    """
    value = json_or_text(text)
    allowed = _allowed(schema)
    if not allowed or _TYPES[type(value)] & allowed or "string" not in allowed:
        return value
    return text


def _allowed(schema: Mapping[str, Any]) -> set[str]:
    """The JSON types that a schema names, as far as it says; empty where anything may come."""
    found = schema.get("type", [])
    named = {found} if isinstance(found, str) else set(found)
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        named |= _allowed(option)
    return named
