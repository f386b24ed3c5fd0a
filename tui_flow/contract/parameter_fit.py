"""Whether a value can be what a parameter takes, as far as the parameter's JSON schema tells.

Only what surely fails is a misfit: pydantic also takes "5" for a number and "yes" for true, and so does this. What a
schema cannot tell, such as a validator that comes before the type, is marked in it and never found wrong. The flow's own
types decide when it runs.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

from tui_flow.contract.errors import TOO_DEEP
from tui_flow.contract.secret_parameters import NAMES, STARS, is_secret, resolved

VALIDATED = "x-validated"
"""In the schema of all parameters: the flow checks them, and this may do so before."""
LENIENT = "x-lenient"
"""In a part of a schema: it takes more than the part says."""
LABELS = "x-labels"
"""Beside "enum": what its values are called, where they do not say themselves what they mean."""

WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "JSON list",
    "object": "JSON object",
    "null": "null",
}
LIMITS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "minimum": ("at least", ge),
    "maximum": ("at most", le),
    "exclusiveMinimum": ("more than", gt),
    "exclusiveMaximum": ("less than", lt),
    "multipleOf": ("a multiple of", lambda value, of: not _are_whole(value, of) or value % of == 0),
    "minLength": ("at least this many letters:", ge),
    "maxLength": ("at most this many letters:", le),
    "minItems": ("at least this many items:", ge),
    "maxItems": ("at most this many items:", le),
}
"""How a limit is told, and what a value (or how long it is) has to be to it."""
FORMATS = {
    "date": "date, as 2026-08-20",
    "date-time": "date and time, as 2026-08-20T14:30",
    "time": "time, as 14:30",
    "duration": "duration, as PT5M or 01:30:00",
    "uuid": "UUID",
    "decimal": "number",
    "uri": "URL, as https://example.org",
}
"""What a text has to be in a format."""
MOST_ITEMS = 10_000
"""So many are looked at, in each list and object."""
MOST_DIGITS = 4_000
"""Python reads no longer whole numbers."""
_BOOLEANS = frozenset(["0", "off", "f", "false", "n", "no", "1", "on", "t", "true", "y", "yes"])
_NUMBER = re.compile(
    r"\s*[+-]?(\d[\d_]*+(\.[\d_]*+)?|\.\d[\d_]*+)(e[+-]?\d+)?\s*|\s*[+-]?(nan|inf(inity)?)\s*", re.I
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DURATION = re.compile(r"[+-]?(P.*\d|\d+\s*d|\d+:\d\d)", re.I)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
_NO_PART_OF_URL = re.compile("[\x00-\x20]")
_NUMBERED = frozenset(["date", "date-time", "time", "duration", "ipv4", "ipv6", "binary"])
"""The formats of texts that may be given as numbers."""


def from_json(text: str) -> Any:
    """What a JSON text means. Raises ValueError, also where lists or objects are nested too deep."""
    import json

    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


Matches = Callable[[str, str], bool]
"""Of a pattern and a text."""


class Misfit(NamedTuple):
    """What is wrong with a value."""

    place: tuple[str, ...]
    """Where in it; empty for the whole."""
    why: str
    """Such as "needs a whole number"."""

    def __str__(self) -> str:
        return f"{'.'.join(self.place)}: {self.why}" if self.place else self.why


def misfit(
    part: Any, value: Any, definitions: Mapping[str, Any], matches: Matches = lambda *_: True
) -> Misfit | None:
    """The first thing that is wrong with a value by its part of a schema; None where it may fit. `matches` tells of a pattern
    of the author's whether a text does: Python's own regular expressions may take for ever."""
    try:
        return _misfit(part, value, definitions, matches)
    except RecursionError:  # deeper than anybody types
        return None


def _misfit(part: Any, value: Any, definitions: Mapping[str, Any], matches: Matches) -> Misfit | None:
    part = resolved(part, definitions)
    if not part or part.get(LENIENT) or value == STARS:
        return None
    options = part.get("anyOf") or part.get("oneOf")
    if options:
        return _misfit_of_all(options, value, definitions, matches)
    if "enum" in part or "const" in part:
        return None if _is_one_of(choices(part), value) else Misfit((), f"one of {choice_words(part)}")
    types = part.get("type", [])
    types = [types] if isinstance(types, str) else types
    if not types:
        return None
    if _breaks_format(part, value):
        return Misfit((), f"needs a {FORMATS[part['format']]}")
    if not any(_is(type_, value, str(part.get("format", ""))) for type_ in types):
        return Misfit((), f"needs a {' or '.join(WORDS.get(str(type_), str(type_)) for type_ in types)}")
    if broken := broken_limit(part, value):
        return Misfit((), broken)
    if isinstance(value, str) and _breaks_pattern(part, value, matches):
        return Misfit((), f"has to match {part['pattern']}")
    return next(_inside(part, value, definitions, matches), None)


def _misfit_of_all(
    options: list[Any], value: Any, definitions: Mapping[str, Any], matches: Matches
) -> Misfit | None:
    """None where one of the options may take the value."""
    found = [_misfit(option, value, definitions, matches) for option in options]
    told = [one for one in found if one is not None]
    if len(told) < len(found):
        return None
    # The one that got furthest is most likely the one that was meant.
    deepest = max(told, key=lambda one: len(one.place))
    kinds = dict.fromkeys(one.why.removeprefix("needs a ") for one in told)
    all_kinds = all(one.why.startswith("needs a ") for one in told)
    return deepest if deepest.place or not all_kinds else Misfit((), f"needs a {' or '.join(kinds)}")


def _inside(
    part: Mapping[str, Any], value: Any, definitions: Mapping[str, Any], matches: Matches
) -> Iterator[Misfit]:
    """What is wrong with what is in a list or an object, as far as it is looked at."""
    if isinstance(value, dict):
        fields, others = part.get("properties", {}), part.get("additionalProperties", True)
        known = {name for own, one in fields.items() for name in (own, *one.get(NAMES, ()))}
        for name in part.get("required", ()):
            if not {name, *fields.get(name, {}).get(NAMES, ())} & value.keys():
                yield Misfit((str(name),), "is missing")
        for name, one in islice(value.items(), MOST_ITEMS):
            if others is False and name not in known:
                yield Misfit((str(name),), f"is not known, but {', '.join(fields)}")
                continue
            inner = fields.get(name, others if name not in known else None)
            if found := _misfit(inner, one, definitions, matches):
                yield found._replace(place=(str(name), *found.place))
    elif isinstance(value, list):
        first, others = part.get("prefixItems", []), part.get("items")
        parts = [*first, *[others] * (len(value) - len(first))]
        for place, (inner, one) in enumerate(islice(zip(parts, value, strict=False), MOST_ITEMS)):
            if found := _misfit(inner, one, definitions, matches):
                yield found._replace(place=(str(place), *found.place))


def with_own_names(part: Any, value: Any, definitions: Mapping[str, Any]) -> Any:
    """The value with its fields under the names that the schema has for them, where they were given by another one."""
    part = resolved(part, definitions)
    for option in (*part.get("anyOf", ()), *part.get("oneOf", ())):
        value = with_own_names(option, value, definitions)
    if not isinstance(value, dict):
        return value
    fields = part.get("properties", {})
    own = {other: name for name, one in fields.items() for other in one.get(NAMES, ())}
    found = {}
    for name, one in value.items():
        # What is a list or an object may be there for a path into it, which is no name.
        shown = name if isinstance(one, list | dict) else own.get(name, name)
        found[shown if shown not in value else name] = with_own_names(fields.get(shown), one, definitions)
    return found


def choices(part: Mapping[str, Any]) -> list[Any]:
    """The only values that there are; empty where any will do."""
    return list(part.get("enum", [part["const"]] if "const" in part else []))


def choice_words(part: Mapping[str, Any]) -> str:
    """The same, for people: "fast | slow", "1 (LOW) | 2 (HIGH)"."""
    words = [one if isinstance(one, str) else _json(one) for one in choices(part)]
    labels = part.get(LABELS)
    told = [f"{word} ({label})" for word, label in zip(words, labels, strict=False)] if labels else words
    return " | ".join(told)


def kind(part: Any, definitions: Mapping[str, Any]) -> str:
    """What a part of a schema takes, in a word or a few: "integer", "string or null", "fast | slow", or "any"."""
    part = resolved(part, definitions)
    options = part.get("anyOf") or part.get("oneOf")
    if options:
        return " or ".join(dict.fromkeys(kind(option, definitions) for option in options))
    types = part.get("type") or "any"
    return choice_words(part) or (types if isinstance(types, str) else " or ".join(types))


def broken_limit(part: Mapping[str, Any], value: Any) -> str:
    """Which limit of a part of a schema a value does not keep, in words; empty where it keeps them."""
    for name, (words, keeps) in LIMITS.items():
        limit = part.get(name)
        if not isinstance(limit, int | float):
            continue
        is_length = name.endswith(("Length", "Items"))
        measured = _length(name, value, part) if is_length else _number(value)
        if measured is not None and not keeps(measured, limit):
            return f"has to {'have' if is_length else 'be'} {words} {limit}"
    return ""


def _length(name: str, value: Any, part: Mapping[str, Any]) -> int | None:
    """How long a value counts as; None where that limit is not for it, or nobody can tell yet."""
    if name.endswith("Items"):
        is_counted = isinstance(value, list) and not (name == "maxItems" and part.get("uniqueItems"))
        return len(value) if is_counted else None
    if not isinstance(value, str) or part.get("format") == "binary":
        return None
    return len(value.strip() if name == "maxLength" else value)


def _breaks_pattern(part: Mapping[str, Any], value: str, matches: Matches) -> bool:
    pattern = part.get("pattern")
    return isinstance(pattern, str) and not any(matches(pattern, text) for text in (value, value.strip()))


def _are_whole(*values: Any) -> bool:
    """Also as floats, which hold no larger ones."""
    return all(isinstance(value, int) and abs(value) < 2**53 for value in values)


def _is(type_: str, value: Any, form: str) -> bool:
    """Whether a value may be taken for one of that JSON type."""
    if type_ == "null":
        return value is None
    if type_ == "boolean":
        return isinstance(value, int | float) or (isinstance(value, str) and value.lower() in _BOOLEANS)
    if type_ == "integer":
        number = _number(value)
        return number is not None and (not isinstance(number, float) or number.is_integer())
    if type_ == "number":
        return _number(value) is not None
    if type_ == "string":
        return isinstance(value, str) or (form in _NUMBERED and isinstance(value, int | float))
    kinds = {"array": list, "object": dict}
    return type_ not in kinds or isinstance(value, kinds[type_])


def _number(value: Any) -> int | float | None:
    """The number that a value is, or that its text means."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        text = value.replace("_", "")
        return float(text) if set(text.lower()) & set(".enf") or len(text) > MOST_DIGITS else int(text)
    return value if isinstance(value, int | float) else None


def _is_one_of(values: list[Any], value: Any) -> bool:
    if any(one == value for one in values):
        return True
    number = _number(value)
    return number is not None and number in [one for one in values if isinstance(one, int | float)]


def _breaks_format(part: Mapping[str, Any], value: Any) -> bool:
    """Whether a text is surely no day, no moment, no duration, no UUID and no URL, where it has to be one."""
    form = part.get("format")
    if not isinstance(value, str) or is_secret(part):
        return False
    if form == "uuid":
        return not _is_made(value, "uuid")
    if form == "uri":
        return not _SCHEME.match(_NO_PART_OF_URL.sub("", value))
    if _number(value) is not None:
        return False
    if form == "decimal":
        return True
    if form in ("date", "date-time"):
        return not _DAY.match(value) or not _is_made(value[:10], "date")
    if form == "duration":
        return not _DURATION.match(value.strip())
    return form == "time" and not _CLOCK.match(value.strip())


def _is_made(text: str, kind: str) -> bool:
    from datetime import date
    from uuid import UUID

    try:
        date.fromisoformat(text) if kind == "date" else UUID(text)
    except ValueError:
        return False
    return True


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
