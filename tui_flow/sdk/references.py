"""Futures and states inside of arguments: finding them, and putting results in their place."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tui_flow.sdk.futures import PrefectFuture
    from tui_flow.sdk.states import State

seen = False
"""Whether the author ever held a future, a state or a marked value. Until then there is nothing to look for."""

MAX_DEPTH = 32
"""Collections inside of collections are searched so deep: one that holds itself has no end."""

_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, bytearray, range})


def is_plain(values: "Any") -> bool:
    """Whether none of these values can hold a future. Cheap, also for a million of them."""
    return _PLAIN.issuperset(map(type, values))


class Upstream:
    """What a run waits for: futures in its arguments and in `wait_for`."""

    __slots__ = ("forgiven", "futures", "marked", "states")

    def __init__(self) -> None:
        self.futures: dict[PrefectFuture[Any], None] = {}
        """In the order in which they were met."""
        self.states: list[State[Any]] = []
        """States that were passed as arguments: they have ended already, or never will."""
        self.forgiven: set[int] = set()
        """`id()` of the futures and states whose failure does not matter (`allow_failure`)."""
        self.marked = False
        """Whether there is a mark to take off."""

    def __bool__(self) -> bool:
        """Whether the arguments have to be replaced before the call."""
        return self.marked or bool(self.futures) or bool(self.states)


def find(*values: "Any") -> Upstream:
    """Every future and state in the values, also inside of lists, tuples, sets, dicts, dataclasses and pydantic's
    models."""
    upstream = Upstream()
    if seen:
        for value in values:
            _find(value, upstream, False, MAX_DEPTH)
    return upstream


def _find(value: "Any", upstream: Upstream, forgiven: bool, depth: int) -> None:
    if type(value) in _PLAIN or depth == 0:
        return
    kind = _kind(value)
    if kind is None:
        for inner in _parts(value):
            _find(inner, upstream, forgiven, depth - 1)
        return
    if kind in ("future", "state") and forgiven:
        upstream.forgiven.add(id(value))
    if kind == "future":
        upstream.futures[value] = None
    elif kind == "state":
        upstream.states.append(value)
    else:
        upstream.marked = True
        if kind != "quote":
            inner_depth = 1 if kind == "opaque" else depth - 1
            _find(value.value, upstream, forgiven or kind == "allow_failure", inner_depth)


def is_quoted(value: "Any") -> bool:
    """Whether nothing is to be looked for in it."""
    return _kind(value) == "quote"


def _kind(value: "Any") -> str | None:
    """ "future", "state", the name of a mark, or None for everything else."""
    return getattr(type(value), "_tui_flow_kind", None)


def _parts(value: "Any") -> "Any":
    """What a collection holds, as far as it could be a future."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return () if is_plain(value) else value
    if isinstance(value, dict):
        return [part for parts in (value.keys(), value.values()) if not is_plain(parts) for part in parts]
    if _is_dataclass(value):
        return [getattr(value, field.name, None) for field in _fields(value)]
    if _is_model(value):
        parts = [*value.__dict__.values(), *(value.__pydantic_extra__ or {}).values()]
        return () if is_plain(parts) else parts
    return ()


def _is_dataclass(value: "Any") -> bool:
    return hasattr(type(value), "__dataclass_fields__")


def _fields(value: "Any") -> "Any":
    import dataclasses

    return dataclasses.fields(value)


def _is_model(value: "Any") -> bool:
    """Whether it is an instance of a pydantic model."""
    return hasattr(type(value), "__pydantic_fields_set__")


def replace(value: "Any", result_of: "Callable[[Any], Any]", depth: int = MAX_DEPTH) -> "Any":
    """The value with `result_of(it)` in the place of every future and state, and without marks.

    A collection that holds none is handed over as it is, not copied.
    """
    if type(value) in _PLAIN or depth == 0:
        return value
    kind = _kind(value)
    if kind in ("future", "state"):
        return result_of(value)
    if kind == "quote":
        return value.value
    if kind is not None:
        return replace(value.value, result_of, 1 if kind == "opaque" else depth - 1)
    return _replace_inside(value, result_of, depth - 1)


def _replace_inside(value: "Any", result_of: "Callable[[Any], Any]", depth: int) -> "Any":
    if isinstance(value, dict):
        old: list[Any] = [part for item in value.items() for part in item]
    else:
        old = list(_parts(value))
    new = [replace(part, result_of, depth) for part in old]
    if all(after is before for after, before in zip(new, old, strict=True)):
        return value
    if isinstance(value, dict):
        return _like(value, dict(zip(new[::2], new[1::2], strict=True)))
    if _is_dataclass(value):
        return _replaced_dataclass(value, new)
    if _is_model(value):
        return _replaced_model(value, new)
    if hasattr(value, "_fields"):
        return type(value)(*new)
    return _like(value, new)


def _like(value: "Any", content: "Any") -> "Any":
    """The content in a collection of the value's own class, or, where that cannot be built from it, as it is."""
    try:
        return type(value)(content)
    except TypeError:
        return content


def _replaced_dataclass(value: "Any", replaced: "list[Any]") -> "Any":
    """Made anew, as Prefect does, so that `__post_init__` sees what was resolved; a copy where its `__init__` takes what
    the object has not kept."""
    import copy
    import dataclasses

    items = dict(zip(_fields(value), replaced, strict=True))
    if any(field._field_type is dataclasses._FIELD_INITVAR for field in value.__dataclass_fields__.values()):  # type: ignore[attr-defined]
        new, late = copy.copy(value), items
    else:
        given = {field.name: item for field, item in items.items() if field.init}
        new = dataclasses.replace(value, **given)
        late = {field: item for field, item in items.items() if not field.init}
    for field, item in late.items():
        if item is not getattr(value, field.name, None):
            object.__setattr__(new, field.name, item)
    return new


def _replaced_model(value: "Any", replaced: "list[Any]") -> "Any":
    import copy

    new = copy.copy(value)
    extra = value.__pydantic_extra__ or {}
    items = dict(zip([*value.__dict__, *extra], replaced, strict=True))
    new.__dict__.update({name: items[name] for name in value.__dict__})
    if extra:
        new.__pydantic_extra__.update({name: items[name] for name in extra})
    return new
