"""The fields of a form, from the JSON schema of an object: what each one takes, in which kind of control.

An object whose own fields are known becomes a group: a row to unfold, and below it a row for each of its fields.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tui_flow.contract.parameter_fit import FORMATS, LABELS, LENIENT, WORDS, choices
from tui_flow.contract.secret_parameters import NAMES, definitions_of, is_secret, resolved

_FORMATS = FORMATS | {
    "date": "date, as 2026-08-20, today or -3d",
    "date-time": "date and time, as 2026-08-20T14:30, now or -3h",
    "path": "path",
    "start": "time, as 14:30, +2h, tomorrow 03:00, or now",
}
"""What a text has to be in the formats that people type."""
_PYTHON = {
    "string": "str", "integer": "int", "number": "float", "boolean": "bool", "array": "list", "object": "dict", "null": "None",
    "date": "date", "date-time": "datetime", "time": "time", "path": "Path", "duration": "timedelta", "uuid": "UUID",
    "password": "Secret", "start": "time",
}  # fmt: skip
MAX_DEPTH = 8
"""So deep objects are unfolded; what is deeper, or a model inside of itself, is typed as JSON."""


class Field(NamedTuple):
    """One parameter, or one field of one."""

    path: tuple[str, ...]
    """Its name, after those of the groups that it is in."""
    types: tuple[str, ...]
    """Names of JSON types; empty takes anything: JSON, else the text."""
    required: bool
    default: Any
    description: str = ""
    choices: tuple[Any, ...] = ()
    """The only values that fit; empty where any will do."""
    format: str = ""
    """What kind of text it takes, in JSON schema's words."""
    has_default: bool = False
    items: tuple[str, ...] = ()
    """Of a list: the types of what is in it."""
    is_group: bool = False
    is_optional: bool = False
    """Of a group: it may be None."""
    title: str = ""
    """Of an object whose fields are known: the name of its class; of one of several, their names."""
    is_secret: bool = False
    """Never shown, and never kept."""
    labels: tuple[str, ...] = ()
    """What its choices are called, where they do not say themselves what they mean."""
    is_lenient: bool = False
    """It takes more than its schema says."""
    schema: Mapping[str, Any] = {}
    """All that JSON schema says of it."""
    definitions: Mapping[str, Any] = {}
    """What that refers to."""

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def dotted(self) -> str:
        """The whole path: "config.batch"."""
        return ".".join(self.path)

    @property
    def is_day(self) -> bool:
        """A day, or a moment of one."""
        return self.format in ("date", "date-time") and not self.choices

    @property
    def is_flag(self) -> bool:
        """On or off, and never neither."""
        return (
            self.types == ("boolean",)
            and not self.choices
            and isinstance(self.default, bool)
            and not self.is_secret
        )

    @property
    def options(self) -> tuple[Any, ...]:
        """All values that there are, if they are few."""
        if self.is_secret:
            return ()
        if self.choices:
            return self.choices
        if self.types and set(self.types) <= {"boolean", "null"} and "boolean" in self.types:
            return (True, False, *([None] if "null" in self.types else []))
        return ()

    @property
    def is_plain_list(self) -> bool:
        """A list that can be typed with commas."""
        return self.types == ("array",) and bool(self.items) and not {"array", "object"} & set(self.items)

    @property
    def hint(self) -> str:
        """What the field takes, in words."""
        if self.choices:
            return " | ".join(self.labels or map(_label, self.choices))
        kinds = [
            _FORMATS.get(self.format, WORDS[name]) if name == "string" else WORDS[name]
            for name in self.types
            if name in WORDS
        ]
        if self.is_plain_list:
            return "list, as a, b"
        return " or ".join(dict.fromkeys(kinds)) or "text or JSON"

    @property
    def type_word(self) -> str:
        """What the signature would say: "int | None", "list[str]", "choice"."""
        if self.choices:
            return "choice"
        words = [self._word(name) for name in self.types]
        return " | ".join(dict.fromkeys(words)) or "any"

    def _word(self, type_: str) -> str:
        if type_ == "array":
            return self._list_word()
        if type_ == "object" and self.title:
            return self.title
        if self.format == "decimal" and type_ in ("number", "string"):
            return "Decimal"
        return _PYTHON.get(self.format if type_ == "string" else type_, _PYTHON.get(type_, type_))

    def _list_word(self) -> str:
        options = _options(self.schema, self.definitions) if len(self.path) <= MAX_DEPTH else []
        items = [resolved(option.get("items"), self.definitions) for option in options]
        fields = [_field((*self.path, ""), item, False, self.definitions) for item in items if item]
        words = " | ".join(dict.fromkeys(field.type_word for field in fields))
        return f"list[{words}]" if words else "list"


def fields_of(schema: Mapping[str, Any]) -> list[Field]:
    """The fields of an object's schema, in the order of the flow's signature, those of a group behind it."""
    definitions = definitions_of(schema)
    return list(_fields(schema, (), None, definitions))


def field_of(schema: Mapping[str, Any], path: tuple[str, ...]) -> Field:
    """One field of an object's schema; one that takes anything where the schema does not have it."""
    definitions = definitions_of(schema)
    return _field(path, dict(part_of(schema, path)), False, definitions)


def part_of(schema: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    """The schema of one field of an object's schema; empty where there is none."""
    definitions = definitions_of(schema)
    part = schema
    for name in path:
        inside = (_object(part, definitions) or part) if part is not schema else part
        part = resolved(inside.get("properties", {}).get(name), definitions)
    return part


def needs(group: Field, name: str) -> bool:
    """Whether the group's class has no default of its own for that field."""
    return name in (_object(group.schema, group.definitions) or {}).get("required", ())


def unknown_in(group: Field, names: Iterable[str]) -> list[str]:
    """Those that no field of the group is called, where it takes no others: it would drop them without a word."""
    inside = _object(group.schema, group.definitions) or {}
    if group.is_lenient or inside.get("additionalProperties"):
        return []
    fields = inside.get("properties", {})
    known = {name for own, one in fields.items() for name in (own, *one.get(NAMES, ()))}
    return [name for name in names if name not in known]


def _fields(
    schema: Mapping[str, Any],
    above: tuple[str, ...],
    given: Any,
    definitions: Mapping[str, Any],
    around: frozenset[str] = frozenset(),
) -> Iterable[Field]:
    """`given` is the default of the whole object, if it has one; `around` are the models that it is in."""
    required = schema.get("required", [])
    properties = schema.get("properties", {})
    for name, part in sorted(properties.items(), key=lambda item: _position(item[1])):
        part = resolved(part, definitions)
        if isinstance(given, dict):
            # The object as it stands, not what its class would begin with.
            part = {key: value for key, value in part.items() if key != "default"}
            part |= {"default": given[name]} if name in given else {}
        is_required = name in required and "default" not in part
        field = _field((*above, name), part, is_required, definitions, around)
        yield field
        inside = _object(part, definitions)
        if field.is_group and inside is not None:
            within = around | {str(inside.get("$ref"))}
            yield from _fields(inside, field.path, part.get("default"), definitions, within)


def _object(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any] | None:
    """The one object whose fields are known that a part of a schema takes, beside None; or there is no such one."""
    options = _options(part, definitions)
    objects = [option for option in options if option.get("properties")]
    others = [option for option in options if not option.get("properties")]
    is_one = len(objects) == 1 and all(_types(option) == ["null"] for option in others)
    return objects[0] if is_one else None


def _options(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [resolved(option, definitions) for option in part.get("anyOf") or part.get("oneOf") or [part]]


def _position(part: Any) -> int:
    position = part.get("position", 0) if isinstance(part, dict) else 0
    return position if isinstance(position, int) else 0


def _field(
    path: tuple[str, ...],
    part: dict[str, Any],
    required: bool,
    definitions: Mapping[str, Any],
    around: frozenset[str] = frozenset(),
) -> Field:
    options = _options(part, definitions)
    inside = _object(part, definitions)
    items = [
        resolved(option.get(name), definitions)
        for option in options
        for name in ("items", "additionalProperties")
    ]
    hidden = any(map(is_secret, (part, *options, *items)))
    is_group = (
        inside is not None and not hidden and len(path) <= MAX_DEPTH and inside.get("$ref") not in around
    )
    types = tuple(dict.fromkeys(name for option in options for name in _types(option)))
    found, labels = _choices_with_labels(options, has_none="null" in types)
    formats = {str(option.get("format", "")) for option in options if "string" in _types(option)}
    return Field(
        path,
        types,
        required,
        part.get("default"),
        str(part.get("description", "")),
        tuple(found),
        formats.pop() if len(formats) == 1 else "",
        "default" in part,
        tuple(name for option in options for name in _types(resolved(option.get("items"), definitions))),
        is_group,
        is_group and len(options) > 1,
        " | ".join(
            dict.fromkeys(str(one["title"]) for one in options if {"properties", "title"} <= one.keys())
        ),
        hidden,
        tuple(labels),
        any(one.get(LENIENT) for one in (part, *options)),
        part,
        definitions,
    )


def _choices_with_labels(
    options: Sequence[Mapping[str, Any]], *, has_none: bool
) -> tuple[list[Any], list[str]]:
    """What can be chosen, and how each is called; no names where they are called as they are written."""
    from tui_flow.tui.presentation.field_texts import quoted

    if not all(choices(option) or _types(option) == ["null"] for option in options):
        return [], []
    found = [choice for option in options for choice in choices(option)]
    labels = [label for option in options for label in option.get(LABELS, map(_label, choices(option)))]
    if found and has_none and None not in found:
        found.append(None)
        labels.append(_label(None))
    # A text that reads as another choice needs its quotes: 1 | "1".
    labels = [
        quoted(choice) if isinstance(choice, str) and labels.count(label) > 1 else label
        for choice, label in zip(found, labels, strict=False)
    ]
    return found, labels if labels != list(map(_label, found)) else []


def _label(choice: Any) -> str:
    from tui_flow.tui.presentation.field_texts import as_text

    return as_text(choice)


def _types(schema: Mapping[str, Any]) -> list[str]:
    found = schema.get("type")
    return [str(name) for name in found] if isinstance(found, list) else [str(found)] if found else []
