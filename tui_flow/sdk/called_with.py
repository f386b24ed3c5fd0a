"""What a task was called with, as a short text for people: "currency='USD', rows=result of transform-0".

It is written for every task run, when it is created, so it has to cost little: one to two microseconds for a plain
argument, where a call of a task costs some twenty to fifty. No code of the author's runs: no `__repr__`, no `__len__`,
no property. What is no plain value is told by its type and its size, as far as that is known without asking it.
Defaults are not told, and secrets are stars.
"""

import sys
from collections.abc import Callable, Collection
from enum import Enum
from functools import lru_cache
from typing import Any

from tui_flow.contract.masking import STARS, names_a_secret
from tui_flow.sdk.masking import masker
from tui_flow.sdk.params import signature_of

LONGEST = 200
_LONGEST_VALUE, _LONGEST_NAME = 100, 40
_MOST = 100
"""Arguments that are looked at: more have no room."""
_LONGEST_INT = 256
"""Bits."""
_SHORT = 4
"""A tuple or dict of so many plain values is told whole."""
_STR = frozenset({str})
_PLAIN = frozenset({str, int, float, bool, type(None)})
_HIDDEN = STARS.decode()
_TABLES = frozenset({"numpy", "pandas", "polars", "pyarrow"})
"""Packages whose `shape` is an attribute that is there already."""
_TEXTS = frozenset({
    ("datetime", "date"), ("datetime", "datetime"), ("datetime", "time"), ("datetime", "timedelta"), ("uuid", "UUID"),
    ("decimal", "Decimal"), ("pathlib", "PosixPath"), ("pathlib", "PurePosixPath"), ("zoneinfo", "ZoneInfo"),
    ("pandas._libs.tslibs.timestamps", "Timestamp"),
})  # fmt: skip
"""Classes whose `str` says all, by module and name."""
_COLLECTIONS = (list, tuple, dict, set, frozenset, bytes, bytearray, range)


def called_with(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The arguments by name, in at most LONGEST characters; empty where there are none."""
    if not args and not kwargs:
        return ""
    method = getattr(fn, "__func__", None)
    labels = _labels(method or fn, method is not None)
    parts = []
    for label, value in zip(labels, args, strict=False):
        parts.append(label + _TELL.get(type(value), _other)(value) if label[-1] == "=" else label)
    if len(args) > len(labels):  # of *args
        parts += [_value(value) for value in args[len(labels) : _MOST]]
    for name in kwargs:
        label = _label(name)
        parts.append(label + _value(kwargs[name]) if label[-1] == "=" else label)
        if len(parts) > _MOST:
            break
    text = ", ".join(parts)
    if masker.forms:  # before it is cut: half a secret is not found
        text = masker.mask_text(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _value(value: Any) -> str:
    return _TELL.get(type(value), _other)(value)


@lru_cache(maxsize=4096)
def _labels(fn: Callable[..., Any], is_bound: bool) -> tuple[str, ...]:
    """Of the arguments that may be given by position."""
    named = [one for one in signature_of(fn).parameters.values() if one.kind < one.VAR_POSITIONAL]
    return tuple(_label(one.name) for one in named[is_bound:])


@lru_cache(maxsize=4096)
def _label(name: str) -> str:
    """What stands before the value, or with the stars that stand for it."""
    return f"{_cut(name, _LONGEST_NAME)}={_HIDDEN if names_a_secret(name) else ''}"


def _cut(text: str, most: int = _LONGEST_VALUE) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(value: str) -> str:
    if len(value) > _LONGEST_VALUE:
        value = _cut(_beginning(value))
    return repr(value)


def _beginning(text: str) -> str:
    """The first letters of a long text, without a secret that is cut in two at their end."""
    if not masker.forms:
        return text[: _LONGEST_VALUE + 1]
    some = text[: _LONGEST_VALUE + 1 + masker.overlap]
    return masker.mask_text(some)[: -masker.overlap]


def _int(value: int) -> str:
    bits = value.bit_length()
    return repr(value) if bits <= _LONGEST_INT else f"int of {bits:,} bits"


def _sized(value: Any) -> str:
    return f"{type(value).__name__} of {len(value):,}"


def _tuple(value: tuple[Any, ...]) -> str:
    if not _is_record(value):
        return _sized(value)
    return f"({', '.join(map(_value, value))})"


def _dict(value: dict[Any, Any]) -> str:
    if not _is_record(value.values()) or not _STR.issuperset(map(type, value)):
        return _sized(value)
    items = (f"{_text(key)}: {_HIDDEN if names_a_secret(key) else _value(one)}" for key, one in value.items())
    return f"{{{', '.join(items)}}}"


def _is_record(values: Collection[Any]) -> bool:
    """Whether they are few, and plain: what a task is often mapped over."""
    return 0 < len(values) <= _SHORT and _PLAIN.issuperset(map(type, values))


_TELL: dict[type, Callable[[Any], str]] = {
    str: _text, int: _int, float: repr, bool: repr, type(None): repr, complex: repr,
    **dict.fromkeys(_COLLECTIONS, _sized), tuple: _tuple, dict: _dict,
}  # fmt: skip


def _other(value: Any) -> str:
    """What is of none of Python's plain types."""
    try:
        return _cut(_told(type(value), value))
    except Exception:  # a class may be made in any way
        return "?"


def _told(cls: type, value: Any) -> str:
    kind = getattr(cls, "_tui_flow_kind", None)
    if kind == "future":
        return f"result of {value.run.name}"
    if kind not in (None, "state"):  # a mark around an argument
        return _value(value.value)
    name = cls.__name__
    if names_a_secret(name):
        return _HIDDEN
    if issubclass(cls, Enum):
        return f"{name}.{value._name_}"
    place = (cls.__module__, name)
    if place in _TEXTS and getattr(sys.modules.get(place[0]), name, None) is cls:
        return str(value)
    if cls.__module__.partition(".")[0] in _TABLES:
        shape = getattr(value, "shape", None)
        if shape == () and name != "ndarray":  # one number
            return str(value)
        return f"{name} {' x '.join(f'{count:,}' for count in shape)}" if shape else name
    for base in _COLLECTIONS:
        if issubclass(cls, base):
            return f"{name} of {base.__len__(value):,}"
    return name
