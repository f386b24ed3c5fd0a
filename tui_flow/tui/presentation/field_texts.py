"""What is typed into a field, and the value that it means: one way and the other.

The engine and the worker check the values again with the flow's own types; this catches what can be told at once.
"""

import json
import re
import time
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from tui_flow.contract.parameter_fit import from_json, misfit
from tui_flow.safe import safe
from tui_flow.tui.presentation import times
from tui_flow.tui.presentation.fields import Field
from tui_flow.tui.presentation.patterns import matches

_TRUE, _FALSE = ("true", "yes", "y", "1", "on"), ("false", "no", "n", "0", "off")
MOMENTS = ("date", "date-time", "start")
"""The formats that take "today" and its like."""
_STEP = re.compile(r"([+-])(\d{1,5})([smhdw])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d([T ]\d.*)")
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def as_text(value: Any) -> str:
    """How a value is typed."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def typed(value: Any) -> str:
    """The text that a field begins with: as JSON escapes it where a terminal would obey it as it stands."""
    text = as_text(value)
    return text if safe(text) == text and "\t" not in text else quoted(value)


def quoted(value: Any) -> str:
    """As JSON, in letters that no terminal obeys."""
    text = json.dumps(value, ensure_ascii=False)
    return text if safe(text) == text else json.dumps(value).replace("\x7f", "\\u007f")


def text_for(field: Field, value: Any) -> str:
    """The same for a field: the plainest text that is read back as that value, such as `null` for None, and `"null"` for
    the text. Where none is, as it would be typed."""
    if isinstance(value, str) and is_moment_word(field, value):
        return value
    texts = texts_of(field, value, ", ")
    found = next((text for text in texts if _means(field, text, value)), None)
    if found is not None:
        return found
    # No text means it, so it does not fit: it must not look like one that does.
    return texts[-1] if isinstance(value, str) and _means(field, texts[0]) else texts[0]


def texts_of(field: Field, value: Any, comma: str) -> list[str]:
    """The texts that may stand for a value, the plainest first."""
    lists = [comma.join(map(typed, value))] if field.is_plain_list and isinstance(value, list) else []
    return [*lists, label_of(field, value), quoted(value)]


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are one: 1 is neither true nor 1.0 nor "1"."""
    return json.dumps(one) == json.dumps(other)


def _means(field: Field, text: str, *values: Any) -> bool:
    """Whether a text means this value; or any at all."""
    try:
        meant = read(field, text)
    except ValueError:
        return False
    return all(same(meant, value) for value in values)


def is_moment_word(field: Field, text: str) -> bool:
    """Whether a text means another moment each day: "today"."""
    return field.format in MOMENTS and is_relative(text)


def label_of(field: Field, value: Any) -> str:
    """What one of a field's choices is called; of any other value, how it is typed."""
    places = [place for place, one in enumerate(field.choices) if same(one, value)]
    return field.labels[places[0]] if field.labels and places else typed(value)


def start_of(field: Field) -> str:
    """The text that a field begins with: its default."""
    if field.is_secret or not field.has_default:
        return ""
    return text_for(field, field.default)


def are_same(field: Field, one: str, other: str) -> bool:
    """Whether two texts mean the same: blanks around them count in a text only."""
    takes_text = "string" in field.types or not field.types
    is_text = takes_text and field.format not in MOMENTS and not field.choices
    return one == other if is_text else one.strip() == other.strip()


def parse(field: Field, text: str, now: float | None = None) -> Any:
    """The value that a text means. Raises ValueError, with what is wrong, where it means none."""
    return fitting(field, read(field, text, now))


def fitting(field: Field, value: Any) -> Any:
    """The value. Raises ValueError, with what is wrong, where it surely does not fit."""
    if found := misfit(field.schema, value, field.definitions, matches):
        raise ValueError(str(found))
    return value


def read(field: Field, text: str, now: float | None = None) -> Any:
    """The value that a text means, whether it fits or not. Raises ValueError where it means none."""
    try:
        return _parse(field, text, time.time() if now is None else now)
    except ValueError:
        if not field.is_lenient or not text.strip():
            raise
        return json_or_text(text)


def json_or_text(text: str) -> Any:
    """What a text means where anything may come: what JSON says, else the text."""
    try:
        return from_json(text)
    except ValueError:
        return text


def _parse(field: Field, text: str, now: float) -> Any:
    stripped = text.strip()
    if field.choices:
        return choice(field, text)
    if field.is_plain_list and (stripped or not field.required):
        return listed(text, field.items)
    if not stripped and "string" not in field.types:
        raise ValueError(f"needs a {field.hint}")
    if not stripped and field.required:
        raise ValueError(
            f"needs a {field.hint}"
            if field.format or field.is_secret
            else 'needs a text; "" is the empty one'
        )
    for type_ in ("null", "integer", "number", "boolean"):
        if type_ in field.types:
            value, fits = _simple(type_, stripped)
            if fits:
                return value
    if field.format in MOMENTS:
        return moment(field, stripped, now)
    if not field.types:  # it takes anything, as `-p` does
        return json_or_text(text)
    return _string(text) if "string" in field.types else _json(field, stripped)


def choice(field: Field, text: str) -> Any:
    """The value of that name, or that is typed so. Raises ValueError."""
    for name_of in (partial(label_of, field), as_text):
        for one in field.choices:
            if name_of(one) in (text, text.strip()):
                return one
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


def listed(text: str, items: tuple[str, ...]) -> list[Any]:
    """The values of "core, rerun", or of a JSON list. Raises ValueError."""
    stripped = text.strip()
    if stripped.startswith("["):
        try:
            return list(from_json(stripped))
        except (ValueError, TypeError):
            raise ValueError("needs a list, as a, b") from None
    item = Field(("",), items, False, None)
    return [parse(item, one.strip()) for one in stripped.split(",")] if stripped else []


def is_relative(text: str) -> bool:
    """Whether a text is a moment that depends on now: "today", "-3d"."""
    text = text.strip()
    return text in ("now", *_DAYS) or _STEP.fullmatch(text) is not None


def moment(field: Field, text: str, now: float) -> str:
    """A moment as ISO 8601, of a text that is one, or says how far it is from now, in the zone in which times are shown.
    Raises ValueError."""
    if field.format == "start":
        return _start(text, field, now)
    if is_relative(text):
        return _from_now(text, field.format, now)
    for read in (datetime.fromisoformat, float):
        try:
            read(text)
        except ValueError:
            continue
        return text
    raise ValueError(f"needs a {field.hint}")


def day_of(field: Field, text: str, now: float) -> date:
    """The day that a text means, or today."""
    try:
        return date.fromisoformat(moment(field, text.strip(), now)[:10])
    except ValueError:
        return times.local(now).date()


def with_day(field: Field, text: str, day: date) -> str:
    """The text for another day, at the same time of day."""
    if field.format == "date":
        return day.isoformat()
    match = _DAY.fullmatch(text.strip())
    return f"{day.isoformat()}{match[1] if match else 'T00:00'}"


def _from_now(text: str, format: str, now: float) -> str:
    wall, step = times.local(now), _STEP.fullmatch(text)
    if step is not None:
        sign, count, unit = step.groups()
        wall += _UNITS[unit] * int(sign + count)
    elif text != "now":
        wall = wall.replace(hour=0, minute=0, second=0) + timedelta(days=_DAYS[text])
    return wall.date().isoformat() if format == "date" else _with_zone(wall)


def _start(text: str, field: Field, now: float) -> str:
    """When a run is to start, which is not over; a time of day means the next one."""
    found = _from_now(text, "start", now) if is_relative(text) else _start_at(text, field, now)
    if datetime.fromisoformat(found).timestamp() < now - 1:  # they have whole seconds
        raise ValueError("that is in the past")
    return found


def _start_at(text: str, field: Field, now: float) -> str:
    day, _, clock = text.rpartition(" ")
    try:
        if not _CLOCK.fullmatch(clock):
            return _with_zone(datetime.fromisoformat(text))
        at = datetime.strptime(clock, "%H:%M:%S" if clock.count(":") == 2 else "%H:%M").time()
        today = times.local(now)
        if day in _DAYS or not day:
            wall = datetime.combine(today + timedelta(days=_DAYS.get(day, 0)), at)
            return _with_zone(wall + timedelta(days=not day and wall <= today))
        return _with_zone(datetime.combine(datetime.fromisoformat(day), at))
    except (ValueError, OverflowError):
        raise ValueError(f"needs a {field.hint}") from None


def _with_zone(wall: datetime) -> str:
    at = wall if wall.tzinfo else datetime.fromtimestamp(times.moment_of(wall)).astimezone()
    return at.isoformat(timespec="seconds")


def _string(text: str) -> str:
    """A text as it stands; in double quotes, what JSON says that it means."""
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == '"':
        try:
            return str(from_json(stripped))
        except ValueError:
            return text
    return text


def _json(field: Field, text: str) -> Any:
    try:
        value = from_json(text)
    except ValueError:
        raise ValueError(f"needs a {field.hint}") from None
    wanted = {"array": list, "object": dict}
    classes = tuple(wanted[type_] for type_ in field.types if type_ in wanted)
    if not isinstance(value, classes):
        raise ValueError(f"needs a {field.hint}")
    return value
