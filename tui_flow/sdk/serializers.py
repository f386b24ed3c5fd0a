"""Values to bytes and back, by Prefect's names. Nothing that is read here can have anything imported: JSON has a closed
set of types and the data classes that are there already, and what needs more is pickled, which only workers and scripts
ever read."""

import json
from typing import Any, ClassVar

_known: dict[str, Any] = {}
"""Every class of serializers by its type."""
_MARK = "__tui_flow__"
"""The key by which an object of JSON stands for a value that JSON has no word for."""


class Serializer:
    """The base of all serializers. A subclass says `type`, by which options name it, and has `dumps` and `loads`.

    Keywords become attributes.
    """

    type: str = ""

    def __init__(self, **fields: Any) -> None:
        for name, value in fields.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__}() got an unexpected keyword argument {name!r}")
            setattr(self, name, value)

    def __init_subclass__(cls, **_: Any) -> None:
        if isinstance(cls.__dict__.get("type"), str):
            _known[cls.type] = cls

    def dumps(self, obj: Any) -> bytes:
        raise NotImplementedError

    def loads(self, blob: bytes) -> Any:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        fields = "".join(f", {name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}(type={self.type!r}{fields})"


class PickleSerializer(Serializer):
    """Pickles, by cloudpickle unless `picklelib` names another module; base64 makes text of it."""

    type = "pickle"
    picklelib: str = "cloudpickle"

    def dumps(self, obj: Any) -> bytes:
        import base64

        return base64.b64encode(self._module().dumps(obj))

    def loads(self, blob: bytes) -> Any:
        import base64

        return self._module().loads(base64.b64decode(blob))

    def _module(self) -> Any:
        from importlib import import_module

        return import_module(self.picklelib)


class JSONSerializer(Serializer):
    """JSON. Beside JSON's own types it keeps datetimes, dates, times, durations, decimals, UUIDs, paths, bytes, sets,
    dataclasses, pydantic's models, and exceptions with their message; a tuple becomes a list. Raises TypeError for
    anything else, and for the class of an object that is not imported here; ValueError for another `jsonlib`."""

    type = "json"
    jsonlib: str = "json"
    dumps_kwargs: ClassVar[dict[str, Any]] = {}
    loads_kwargs: ClassVar[dict[str, Any]] = {}

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        if self.jsonlib != "json":
            raise ValueError(
                f"jsonlib={self.jsonlib!r} does not work here: leave it out, Python's own json is used"
            )

    def dumps(self, obj: Any) -> bytes:
        return json.dumps(obj, **{"default": _to_json, **self.dumps_kwargs}).encode()

    def loads(self, blob: bytes) -> Any:
        return json.loads(blob, **{"object_hook": _from_json, **self.loads_kwargs})


class CompressedSerializer(Serializer):
    """Another serializer's bytes, compressed by lzma unless `compressionlib` names another module (bz2, zlib, gzip)."""

    type = "compressed"
    serializer: Any = "pickle"
    compressionlib: str = "lzma"

    def __init__(self, serializer: "str | Serializer | None" = None, **fields: Any) -> None:
        super().__init__(**fields)
        self.serializer = resolve(self.serializer if serializer is None else serializer)

    def dumps(self, obj: Any) -> bytes:
        import base64

        return base64.b64encode(self._module().compress(self.serializer.dumps(obj)))

    def loads(self, blob: bytes) -> Any:
        import base64

        return self.serializer.loads(self._module().decompress(base64.b64decode(blob)))

    def _module(self) -> Any:
        from importlib import import_module

        return import_module(self.compressionlib)


class CompressedPickleSerializer(CompressedSerializer):
    type = "compressed/pickle"
    serializer = "pickle"


class CompressedJSONSerializer(CompressedSerializer):
    type = "compressed/json"
    serializer = "json"


def resolve(serializer: Any) -> Serializer:
    """The serializer that an option names, or is. Raises ValueError, which names those there are."""
    if isinstance(serializer, Serializer):
        return serializer
    if isinstance(serializer, type) and issubclass(serializer, Serializer):
        return serializer()
    found = _known.get(serializer) if isinstance(serializer, str) else None
    if found is None and isinstance(serializer, str) and serializer.startswith("compressed/"):
        return CompressedSerializer(serializer=serializer.partition("/")[2])
    if found is None:
        known = ", ".join(repr(name) for name in _known)
        raise ValueError(f"Invalid serializer {serializer!r}: give one of {known}, or a Serializer.")
    made: Serializer = found()
    return made


def _to_json(value: Any) -> dict[str, Any]:
    import datetime
    import decimal
    import pathlib
    import uuid

    for cls, name, encode, _ in _types(datetime, decimal, pathlib, uuid):
        if isinstance(value, cls):
            return {_MARK: name, "value": encode(value)}
    if isinstance(value, BaseException):
        return {_MARK: "exception", "class": _name_of(value), "value": str(value)}
    if hasattr(type(value), "__dataclass_fields__") or hasattr(type(value), "__pydantic_fields_set__"):
        from pydantic import TypeAdapter

        return {
            _MARK: "object",
            "class": _name_of(value),
            "value": TypeAdapter(type(value)).dump_python(value, mode="json"),
        }
    raise TypeError(
        f"{type(value).__module__}.{type(value).__qualname__} has no JSON form that gives it back: "
        'use result_serializer="pickle"'
    )


def _from_json(found: dict[str, Any]) -> Any:
    if _MARK not in found:
        return found
    import datetime
    import decimal
    import pathlib
    import uuid

    for _, name, _, decode in _types(datetime, decimal, pathlib, uuid):
        if found[_MARK] == name:
            return decode(found["value"])
    if found[_MARK] == "exception":
        return _class_of(found, BaseException)(found["value"])
    if found[_MARK] == "object":
        from pydantic import TypeAdapter

        return TypeAdapter(_class_of(found, object)).validate_python(found["value"])
    return found


def _name_of(value: Any) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"


def _class_of(found: dict[str, Any], base: type) -> Any:
    """A class that is imported already: no record can have one imported. Raises TypeError."""
    import sys

    module, _, qualname = found["class"].partition(":")
    cls: Any = sys.modules.get(module)
    for name in qualname.split("."):
        cls = getattr(cls, name, None)
    is_data = hasattr(cls, "__dataclass_fields__") or hasattr(cls, "__pydantic_fields_set__")
    if not isinstance(cls, type) or not issubclass(cls, base) or (base is object and not is_data):
        raise TypeError(
            f"{found['class']} is no class that is imported here, so its object cannot be made again"
        )
    return cls


def _types(datetime: Any, decimal: Any, pathlib: Any, uuid: Any) -> list[tuple[Any, str, Any, Any]]:
    """Class, name, and both ways."""
    import base64

    return [
        (datetime.datetime, "datetime", lambda value: value.isoformat(), datetime.datetime.fromisoformat),
        (datetime.date, "date", lambda value: value.isoformat(), datetime.date.fromisoformat),
        (datetime.time, "time", lambda value: value.isoformat(), datetime.time.fromisoformat),
        (
            datetime.timedelta,
            "timedelta",
            lambda value: [value.days, value.seconds, value.microseconds],
            lambda parts: datetime.timedelta(*parts),
        ),
        (decimal.Decimal, "decimal", str, decimal.Decimal),
        (uuid.UUID, "uuid", str, uuid.UUID),
        (pathlib.PurePath, "path", str, pathlib.Path),
        (bytes, "bytes", lambda value: base64.b64encode(value).decode(), base64.b64decode),
        (frozenset, "frozenset", list, frozenset),
        (set, "set", list, set),
    ]
