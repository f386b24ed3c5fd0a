"""Values of the author's as JSON or as text, for people to read. Nothing here fails, and nothing grows without limit."""

import json
from typing import Any

MAX_READABLE = 4_096
"""A value's text is cut to this many characters where it has no JSON form, or too much of it."""


_LONGEST_INT = 4_096
"""Bits. Python refuses to write, and to read, a number that is several times as long."""


def as_json(value: Any) -> Any:
    """The value as JSON can hold it, whole: what a parameter's type makes the same value of again, such as a path's
    text for a Path. A string for what has no JSON form."""
    try:
        return _as_json(value)
    except RecursionError:  # it holds itself
        return short(value)


def _as_json(value: Any) -> Any:
    if value is None or type(value) in (bool, str):
        return value
    if isinstance(value, (int, float)):
        return _number(value)
    if type(value) is dict:
        return {_key(key): _as_json(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return [_as_json(item) for item in value]
    from pydantic_core import to_jsonable_python

    try:
        return to_jsonable_python(value, fallback=short)
    except Exception:  # the author's own code may raise anything here
        return short(value)


def revealed(value: Any, depth: int = 16) -> Any:
    """The value with what pydantic's secrets in it hold, for a run that is to get them: `as_json` has stars for those."""
    cls = type(value)
    if not depth:
        return value
    if hasattr(cls, "get_secret_value"):
        return revealed(value.get_secret_value(), depth - 1)
    if hasattr(cls, "__pydantic_fields__") and hasattr(cls, "model_dump"):
        value = value.model_dump(by_alias=True)
    if isinstance(value, dict):
        return {name: revealed(one, depth - 1) for name, one in value.items()}
    return [revealed(one, depth - 1) for one in value] if type(value) in (list, tuple) else value


def readable(value: Any, depth: int = 16) -> Any:
    """The value as JSON can hold it, for people to read; a string where JSON has nothing for it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else short(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        return _cut(str(value))
    if depth and isinstance(value, dict):
        found: Any = {_key(key): readable(item, depth - 1) for key, item in list(value.items())[:1000]}
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        found = [readable(item, depth - 1) for item in list(value)[:1000]]
    elif depth:
        return readable(as_json(value), depth - 1)
    else:
        return short(value)
    return found if len(json.dumps(found)) <= 4 * MAX_READABLE else short(value)


def _number(value: float) -> Any:
    """The number, or its text where JSON has no such number or Python will not write one so long."""
    if isinstance(value, int):
        return value if value.bit_length() < _LONGEST_INT else short(value)
    return value if abs(value) < float("inf") else str(value)


def _key(key: Any) -> str:
    try:
        return str(key)
    except Exception:
        return short(key)


def short(value: Any) -> str:
    try:
        return _cut(repr(value))
    except Exception as error:
        if isinstance(value, int):  # too long for Python to write in decimal
            return _cut(hex(value))
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_READABLE else text[: MAX_READABLE - 1] + "…"
