"""A form for a flow's parameters, from their JSON schema: what each field takes, and what a typed text means.

The engine and the worker check the values again with the flow's own types; this catches what can be told at once.
"""

import json
from datetime import datetime
from typing import Any, NamedTuple

from tui_flow.safe import safe

_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "JSON list",
    "object": "JSON object",
    "null": "null",
}
_FORMATS = {
    "date": "date, as 2026-08-20",
    "date-time": "date and time, as 2026-08-20T14:30",
    "time": "time, as 14:30",
    "path": "path",
}
"""What a text has to be in the formats that people type."""
_TRUE, _FALSE = ("true", "yes", "y", "1", "on"), ("false", "no", "n", "0", "off")


class Field(NamedTuple):
    """One parameter."""

    name: str
    types: tuple[str, ...]
    """Names of JSON types; empty takes any JSON."""
    required: bool
    default: Any
    description: str
    choices: tuple[Any, ...]
    """The only values that fit; empty where any will do."""
    format: str = ""
    """What kind of text it takes, in JSON schema's words."""

    @property
    def hint(self) -> str:
        """What the field takes, in words."""
        if self.choices:
            return " | ".join(as_text(choice) for choice in self.choices)
        kinds = [
            _FORMATS.get(self.format, _KINDS[name]) if name == "string" else _KINDS[name]
            for name in self.types
            if name in _KINDS
        ]
        return " or ".join(kinds) or "JSON"

    @property
    def start(self) -> str:
        """The text that the field begins with."""
        return "" if self.required else typed(self.default)


def fields_of(schema: dict[str, Any]) -> list[Field]:
    """The fields of an object's schema, in the order of the flow's signature."""
    required = schema.get("required", [])
    definitions = schema.get("$defs") or schema.get("definitions") or {}
    properties = schema.get("properties", {})
    fields = [_field(name, part, name in required, definitions) for name, part in properties.items()]
    return [
        field
        for _, field in sorted(zip(map(_position, properties.values()), fields, strict=True), key=_first)
    ]


def _first(pair: tuple[int, Field]) -> int:
    return pair[0]


def _position(part: Any) -> int:
    position = part.get("position", 0) if isinstance(part, dict) else 0
    return position if isinstance(position, int) else 0


def _field(name: str, part: Any, required: bool, definitions: dict[str, Any]) -> Field:
    part = _resolved(part, definitions)
    options = [_resolved(option, definitions) for option in part.get("anyOf") or part.get("oneOf") or [part]]
    types: dict[str, None] = {}
    choices: list[Any] = []
    formats = {str(option.get("format", "")) for option in options if option.get("type") == "string"}
    format = formats.pop() if len(formats) == 1 else ""
    for option in options:
        found = option.get("type")
        types.update(dict.fromkeys(found if isinstance(found, list) else [found] if found else []))
        choices += option.get("enum", [option["const"]] if "const" in option else [])
    if choices and "null" in types and None not in choices:
        choices.append(None)
    description = str(part.get("description", ""))
    return Field(name, tuple(types), required, part.get("default"), description, tuple(choices), format)


def _resolved(part: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """A part of a schema with the definition that it refers to."""
    if not isinstance(part, dict):
        return {}
    reference = part.get("$ref") or next((inner.get("$ref") for inner in part.get("allOf", [])[:1]), None)
    if not isinstance(reference, str):
        return part
    return {**definitions.get(reference.rpartition("/")[2], {}), **part}


def as_text(value: Any) -> str:
    """How a value is typed."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def typed(value: Any) -> str:
    """The text that a field begins with: as JSON escapes it where a terminal would obey it as it stands."""
    text = as_text(value)
    if safe(text) == text and "\t" not in text:
        return text
    return json.dumps(value).replace("\x7f", "\\u007f")


def parse(field: Field, text: str) -> Any:
    """The value that a text means. Raises ValueError, with what is wrong, where it means none."""
    stripped = text.strip()
    if field.choices:
        return _choice(field, stripped)
    if not stripped and "string" not in field.types:
        raise ValueError(f"needs a {field.hint}")
    if not stripped and field.required:
        if field.format in _FORMATS:
            raise ValueError(f"needs a {field.hint}")
        raise ValueError('needs a text; "" is the empty one')
    for type_ in ("null", "boolean", "integer", "number"):
        if type_ in field.types:
            value, fits = _simple(type_, stripped)
            if fits:
                return value
    if field.format == "date" and not _is_date(stripped):
        raise ValueError(f"needs a {field.hint}")
    if "string" in field.types:
        return _string(text)
    return _json(field, stripped)


def _choice(field: Field, text: str) -> Any:
    for choice in field.choices:
        if text == as_text(choice):
            return choice
    raise ValueError(f"one of {field.hint}")


def _simple(type_: str, text: str) -> tuple[Any, bool]:
    """The value of a text as a type without structure, and whether it is one."""
    lowered = text.lower()
    if type_ == "null":
        return None, lowered in ("null", "none")
    if type_ == "boolean":
        return lowered in _TRUE, lowered in _TRUE + _FALSE
    try:
        return (int(text) if type_ == "integer" else float(text)), True
    except ValueError:
        return None, False


def _is_date(text: str) -> bool:
    """Whether a text is something that pydantic takes for a date."""
    for read in (datetime.fromisoformat, float):
        try:
            read(text)
        except ValueError:
            continue
        return True
    return False


def _string(text: str) -> str:
    """A text as it stands; in double quotes, what JSON says that it means."""
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == '"':
        try:
            return str(json.loads(stripped))
        except ValueError:
            return text
    return text


def _json(field: Field, text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        raise ValueError(f"needs a {field.hint}") from None
    wanted = {"array": list, "object": dict}
    classes = tuple(wanted[type_] for type_ in field.types if type_ in wanted)
    if field.types and not isinstance(value, classes):
        raise ValueError(f"needs a {field.hint}")
    return value


def command_line(flow: str, parameters: dict[str, Any], command: str = "") -> str:
    """The same run as a command; or as another one than `run`."""
    import shlex

    words = [f"-p {shlex.quote(f'{name}={as_text(value)}')}" for name, value in parameters.items()]
    return " ".join(["tui-flow", command or f"run {shlex.quote(flow)}", *words])
