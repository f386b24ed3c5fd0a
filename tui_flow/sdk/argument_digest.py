"""A digest of a call's arguments: equal for equal ones in every process, and another for any others.

What has no sure digest has none (`Undigestible`): the call is then never reused, which costs time and not truth.
"""

import sys
from collections.abc import Callable, Iterable
from hashlib import blake2b
from types import FunctionType
from typing import Any

MAX_DEPTH = 64
_SIZE = 16
_LONG, _MANY = 4096, 16
_SCALARS = frozenset({type(None), bool, int, float, str})


class Undigestible(Exception):
    """A value of which it cannot be told whether it equals one of another process. The message names its type."""


files_looked_at = 0
"""Rises whenever a digest looks at a file: a call whose arguments made it rise may have changed that file."""


def digest(args: tuple[Any, ...], kwargs: dict[str, Any], more: tuple[Any, ...] = ()) -> str:
    """Of the arguments as they are given, and of what else the call depends on. Raises Undigestible."""
    parts: list[bytes] = []
    _encode(args, parts, 0)
    if kwargs:
        _encode(kwargs, parts, 0)
    if more:
        _encode(more, parts, 0)
    return blake2b(b"".join(parts), digest_size=_SIZE).hexdigest()


def register_hasher(cls: type, hasher: Callable[[Any], Any]) -> None:
    """Lets objects of a class (and of its subclasses) be reused as arguments: `hasher(value)` gives what they are made
    of, in values that have a digest themselves, such as a tuple of fields."""
    _registered[cls] = hasher


_registered: dict[type, Callable[[Any], Any]] = {}
Parts = list[bytes]


def _encode(value: Any, parts: Parts, depth: int) -> None:
    encoder = _PLAIN.get(type(value))
    if depth > MAX_DEPTH:
        raise Undigestible("a collection that holds itself, or is nested too deeply")
    if encoder is not None:
        encoder(value, parts, depth)
    else:
        _encode_other(value, parts, depth)


def _none(_: None, parts: Parts, __: int) -> None:
    parts.append(b"N")


def _bool(value: bool, parts: Parts, _: int) -> None:
    parts.append(b"T" if value else b"F")


def _int(value: int, parts: Parts, _: int) -> None:
    parts.append(b"i%x;" % value if value >= 0 else b"i-%x;" % -value)


def _float(value: float, parts: Parts, _: int) -> None:
    parts.append(b"f%b;" % repr(value).encode())


def _complex(value: complex, parts: Parts, _: int) -> None:
    parts.append(b"c%b;" % repr(value).encode())


def _str(value: str, parts: Parts, _: int) -> None:
    text = value.encode("utf-8", "surrogatepass")
    parts.append(b"s%d:%b" % (len(text), text))


def _bytes(value: bytes, parts: Parts, _: int) -> None:
    if len(value) > _LONG:  # not copied
        parts.append(b"B%d:%b" % (len(value), blake2b(value, digest_size=_SIZE).digest()))
    else:
        parts.append(b"b%d:%b" % (len(value), value))


def _plain_items(value: list[Any] | tuple[Any, ...], parts: Parts) -> bool:
    """Many scalars by their text, which tells them apart and is written at once. False where it is not so simple."""
    if len(value) < _MANY or not _SCALARS.issuperset(map(type, value)):
        return False
    try:
        text = repr(value).encode("utf-8", "surrogatepass")
    except ValueError:  # a number with too many digits
        return False
    _bytes(text, parts, 0)
    return True


def _list(value: list[Any], parts: Parts, depth: int) -> None:
    parts.append(b"l%d:" % len(value))
    if _plain_items(value, parts):
        return
    for item in value:
        _encode(item, parts, depth + 1)


def _tuple(value: tuple[Any, ...], parts: Parts, depth: int) -> None:
    parts.append(b"t%d:" % len(value))
    if _plain_items(value, parts):
        return
    for item in value:
        _encode(item, parts, depth + 1)


def _dict(value: dict[Any, Any], parts: Parts, depth: int) -> None:
    items = []
    for key, item in value.items():
        pair: Parts = []
        _encode(key, pair, depth + 1)
        _encode(item, pair, depth + 1)
        items.append(b"".join(pair))
    parts.append(b"d%d:" % len(items))
    parts.extend(sorted(items))


def _set(value: Iterable[Any], parts: Parts, depth: int) -> None:
    items = []
    for item in value:
        one: Parts = []
        _encode(item, one, depth + 1)
        items.append(b"".join(one))
    parts.append((b"Z%d:" if isinstance(value, frozenset) else b"S%d:") % len(items))
    parts.extend(sorted(items))


_PLAIN: dict[type, Callable[[Any, Parts, int], None]] = {
    type(None): _none, bool: _bool, int: _int, float: _float, complex: _complex, str: _str, bytes: _bytes,
    list: _list, tuple: _tuple, dict: _dict, set: _set, frozenset: _set,
}  # fmt: skip


def _encode_other(value: Any, parts: Parts, depth: int) -> None:
    """Tagged with its class, so that a subclass never equals its base, and with the code of one of the project's."""
    cls = type(value)
    parts.append(f"o{cls.__module__}.{cls.__qualname__}:{_code_of(cls)}:".encode("utf-8", "surrogatepass"))
    _encode(_content(value, cls), parts, depth + 1)


def _content(value: Any, cls: type) -> Any:
    """What makes up an object, in values that can be encoded. Raises Undigestible."""
    for known, hasher in _registered.items():
        if isinstance(value, known):
            return hasher(value)
    for base in cls.__mro__:
        content = _BY_NAME.get(f"{base.__module__}.{base.__qualname__}")
        if content is not None:
            return content(value)
    if hasattr(cls, "__dataclass_fields__"):
        return {name: getattr(value, name, None) for name in cls.__dataclass_fields__}
    if hasattr(cls, "__pydantic_fields_set__"):
        return (value.__dict__, value.__pydantic_extra__, value.__pydantic_private__)
    if isinstance(value, BaseException):
        return (value.args, {name: item for name, item in vars(value).items() if name != "__notes__"})
    for base, content in _SUBCLASSES.items():
        if isinstance(value, base):
            return content(value)
    raise Undigestible(f"{cls.__module__}.{cls.__qualname__}")


def _path(value: Any) -> Any:
    """A file counts by its size and time of change; what is no file, by its name alone."""
    import stat

    global files_looked_at
    files_looked_at += 1
    try:
        found = value.stat()
    except (OSError, ValueError):
        return (str(value), None)
    if not stat.S_ISREG(found.st_mode):
        return (str(value), "a folder")
    return (str(value), found.st_size, found.st_mtime_ns)


def _function(value: Any) -> Any:
    from tui_flow.sdk.code_digest import code_digest_of

    if value.__module__ == "builtins":
        return value.__qualname__
    code = code_digest_of(value)
    if not code:
        raise Undigestible(f"the function {value.__qualname__}")
    return (value.__qualname__, code, captured(value))


def may_change(args: tuple[Any, ...], kwargs: dict[str, Any], more: tuple[Any, ...]) -> bool:
    """Whether a call could change one of these in place: not where there are only numbers and texts."""
    return not all(type(value) in _SCALARS for value in (*args, *kwargs.values(), *more))


def captured(fn: Any) -> tuple[Any, ...]:
    """What a function was made with besides its code: the values that it closes over, and the object that it is a
    method of."""
    if type(fn) is FunctionType and fn.__closure__ is None:  # most tasks
        return ()
    if hasattr(fn, "func") and hasattr(fn, "keywords"):
        return (fn.args, fn.keywords, captured(fn.func))
    if not hasattr(fn, "__code__"):
        return () if hasattr(fn, "__qualname__") else (fn,)
    cells = fn.__closure__ or ()
    try:
        found = tuple(cell.cell_contents for cell in cells)
    except ValueError:
        raise Undigestible("a variable that has no value yet") from None
    instance = getattr(fn, "__self__", None)
    return found if instance is None else (*found, instance)


def _class(value: type) -> Any:
    return (f"{value.__module__}.{value.__qualname__}", _code_of(value))


def _code_of(cls: type) -> str:
    """Empty for a class that is not the project's."""
    from tui_flow.sdk.code_digest import code_digest_of

    return code_digest_of(cls)


def _partial(value: Any) -> Any:
    return (value.func, value.args, value.keywords)


def _array(value: Any) -> Any:
    if value.dtype.hasobject:
        return (str(value.dtype), value.shape, value.tolist())
    return (value.dtype.descr if value.dtype.names else value.dtype.str, value.shape, value.tobytes())


def _scalar(value: Any) -> Any:
    return (value.dtype.str, value.tobytes())


def _frame(value: Any) -> Any:
    """By content: names and types of the columns, the index, and a hash of every row."""
    hashes = sys.modules["pandas"].util.hash_pandas_object
    try:
        rows = hashes(value, index=True).to_numpy().tobytes()
    except TypeError:  # cells that cannot be hashed, such as lists
        raise Undigestible("a pandas object with cells that have no hash") from None
    columns = (
        [(name, str(kind)) for name, kind in value.dtypes.items()] if value.ndim == 2 else str(value.dtype)
    )
    return (columns, getattr(value, "name", None), list(value.index.names), rows)


def _index(value: Any) -> Any:
    return (str(value.dtype), list(value.names), _frame(value.to_frame(index=False)))


def _polars(value: Any) -> Any:
    import io

    file = io.BytesIO()
    value.write_ipc(file)
    return file.getvalue()


def _arrow(value: Any) -> Any:
    arrow = sys.modules["pyarrow"]
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, value.schema) as writer:
        writer.write(value)
    return sink.getvalue().to_pybytes()


_BY_NAME: dict[str, Callable[[Any], Any]] = {
    "builtins.function": _function, "builtins.method": _function, "builtins.type": _class,
    "builtins.builtin_function_or_method": lambda value: (value.__module__, value.__qualname__),
    "builtins.module": lambda value: value.__name__, "builtins.bytearray": bytes,
    "builtins.range": lambda value: (value.start, value.stop, value.step),
    "builtins.slice": lambda value: (value.start, value.stop, value.step),
    "builtins.memoryview": bytes, "builtins.ellipsis": lambda _: None,
    "functools.partial": _partial, "enum.Enum": lambda value: value.name or value.value, "re.Pattern": lambda value: (value.pattern, value.flags),
    "pathlib.PurePath": str, "pathlib.Path": _path,
    "datetime.datetime": lambda value: (value.isoformat(), value.fold, repr(value.tzinfo)),
    "datetime.date": lambda value: value.isoformat(), "datetime.time": lambda value: (value.isoformat(), value.fold),
    "datetime.timedelta": lambda value: (value.days, value.seconds, value.microseconds),
    "datetime.timezone": repr, "zoneinfo.ZoneInfo": str, "decimal.Decimal": lambda value: str(value.as_tuple()),
    "fractions.Fraction": str, "uuid.UUID": lambda value: value.bytes, "ipaddress._IPAddressBase": str,
    "collections.deque": lambda value: (list(value), value.maxlen), "types.SimpleNamespace": vars,
    "numpy.ndarray": _array, "numpy.generic": _scalar, "numpy.dtype": str,
    "pandas.core.frame.DataFrame": _frame, "pandas.core.series.Series": _frame,
    "pandas.core.indexes.base.Index": _index, "pandas._libs.tslibs.timestamps.Timestamp": lambda value: (value.isoformat(), str(value.tz)),
    "polars.dataframe.frame.DataFrame": _polars, "polars.series.series.Series": lambda value: _polars(value.to_frame()),
    "pyarrow.lib.Table": _arrow, "pyarrow.lib.RecordBatch": _arrow,
    "tui_flow.sdk.tasks.Task": lambda value: _function(value.fn), "tui_flow.sdk.flows.Flow": lambda value: _function(value.fn),
}  # fmt: skip
"""By the full name of a class, so that nothing has to be imported to know it."""
_BY_NAME.update(
    {
        f"pandas.{name}": _BY_NAME[old]
        for name, old in (
            ("DataFrame", "pandas.core.frame.DataFrame"),
            ("Series", "pandas.core.series.Series"),
            ("Index", "pandas.core.indexes.base.Index"),
            ("Timestamp", "pandas._libs.tslibs.timestamps.Timestamp"),
        )
    }
)  # as pandas 3 has its classes say
_SUBCLASSES: dict[type, Callable[[Any], Any]] = {
    tuple: tuple, list: lambda value: (list(value), getattr(value, "__dict__", None)),
    dict: lambda value: (dict(value), getattr(value, "default_factory", None), getattr(value, "__dict__", None)),
    str: str.__str__, int: int.__int__, float: float.__float__, bytes: bytes,
}  # fmt: skip
