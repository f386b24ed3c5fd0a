"""What flows and tasks have in common where they are defined. Imports nothing: every flow file pays for it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_CO_GENERATOR, _CO_COROUTINE, _CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200


def _code_flags(fn: "Any") -> int:
    """The flags of the code that a call of `fn` runs, through partials, methods and callable objects."""
    while True:
        if hasattr(fn, "__code__"):
            return int(fn.__code__.co_flags)
        if hasattr(fn, "__func__"):
            fn = fn.__func__
        elif hasattr(fn, "func") and callable(fn.func):
            fn = fn.func
        elif not isinstance(fn, type) and hasattr(type(fn).__call__, "__code__"):
            fn = type(fn).__call__
        else:
            return 0


def is_async_function(fn: "Callable[..., Any]") -> bool:
    """Whether a call gives a coroutine or an async generator (as `inspect` says, without importing it)."""
    return bool(_code_flags(fn) & (_CO_COROUTINE | _CO_ASYNC_GENERATOR))


def is_generator_function(fn: "Callable[..., Any]") -> bool:
    """Whether a call gives a generator, async or not."""
    return bool(_code_flags(fn) & (_CO_GENERATOR | _CO_ASYNC_GENERATOR))


def checked_function(fn: "Any", decorator: str, reserved: "tuple[str, ...]") -> "Any":
    """The function behind what was decorated. Raises TypeError or ReservedArgumentError for what cannot be one."""
    if isinstance(fn, (classmethod, staticmethod)):
        fn = fn.__func__
    if not callable(fn):
        raise TypeError(f"@{decorator} is for functions, not for {fn!r}")
    code = getattr(fn, "__code__", None)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
    for name in reserved:
        if name in names:
            from tui_flow.sdk.exceptions import ReservedArgumentError

            raise ReservedArgumentError(
                f"{name!r} is a reserved argument name and cannot be used in {decorator}s."
            )
    return fn


def _name_of(fn: "Any") -> str:
    return str(getattr(fn, "__name__", type(fn).__name__))


def name_of(fn: "Any", name: "str | None", decorator: str) -> str:
    """The author's name, or the function's. Raises TypeError or InvalidNameError."""
    if name is None:
        return _name_of(fn).replace("<lambda>", "unknown-lambda")
    if not isinstance(name, str):
        raise TypeError(f"Expected string for {decorator} name; got {type(name).__name__} instead.")
    if not name or any(character in name for character in "/%&><"):
        from tui_flow.sdk.exceptions import InvalidNameError

        raise InvalidNameError(
            f"Name {name!r} contains an invalid character. Must not be empty or contain any of: / % & > <"
        )
    return name


def description_of(fn: "Any", description: "str | None") -> str:
    """What the author says, or the docstring, with its indentation taken off."""
    if description is not None:
        return description
    doc = getattr(fn, "__doc__", None)
    if not doc:
        return ""
    import inspect

    return inspect.cleandoc(doc)


def checked_run_name(run_name: "Any", option: str) -> "Any":
    """A template, a function, or None. Raises TypeError."""
    if run_name is not None and not isinstance(run_name, str) and not callable(run_name):
        raise TypeError(f"Expected string or callable for {option!r}; got {type(run_name).__name__} instead.")
    return run_name


def checked_hooks(hooks: "Any", option: str) -> "list[Callable[..., Any]]":
    """The hooks as a list of their own. Raises TypeError for what is not a list of functions."""
    if hooks is None:
        return []
    if callable(hooks) or isinstance(hooks, str) or not hasattr(hooks, "__iter__"):
        raise TypeError(f"Expected iterable for {option!r}; got {type(hooks).__name__} instead. "
                        f"Please provide a list of hooks to {option!r}: {option}=[my_hook]")  # fmt: skip
    found: list[Callable[..., Any]] = list(hooks)
    for hook in found:
        if not callable(hook):
            raise TypeError(f"Expected callables in {option!r}; got {type(hook).__name__} instead.")
    return found


def checked_callable(value: "Any", option: str) -> "Any":
    """Raises TypeError for what is neither None nor can be called."""
    if value is not None and not callable(value):
        raise TypeError(f"Expected a function for {option!r}; got {type(value).__name__} instead.")
    return value


def checked_serializer(serializer: "Any") -> "Any":
    """Raises ValueError for what is no serializer, nor the name of one."""
    if serializer is not None:
        from tui_flow.sdk.serializers import resolve

        resolve(serializer)
    return serializer


def warn(message: str) -> None:
    """A warning about how a flow or task is defined, at the line of the author's that does so."""
    import sys
    import warnings

    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and "/tui_flow/sdk/" in frame.f_code.co_filename:
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, stacklevel=depth)


_RETRY_DEFAULTS = frozenset(
    f"PREFECT_{kind}_DEFAULT_{what}"
    for kind in ("TASKS", "FLOWS")
    for what in ("RETRIES", "RETRY_DELAY_SECONDS")
)


def retry_options(kind: str, retries: "Any", delays: "Any") -> "tuple[Any, Any]":
    """Both options; what is not said, Prefect's variables may say for all TASKS or FLOWS. Raises ValueError."""
    import sys

    os = sys.modules.get("os")  # every interpreter has it, unless it was told to begin with nothing at all
    if os is None or _RETRY_DEFAULTS.isdisjoint(os.environ):
        return retries, delays
    from tui_flow.sdk.retries import default_delays, default_retries

    return (
        default_retries(kind) if retries is None else retries,
        default_delays(kind) if delays is None else delays,
    )


def checked_retries(retries: "int | None") -> int:
    """Raises TypeError or ValueError for what is not a whole number of at least 0."""
    if retries is None:
        return 0
    if not isinstance(retries, int):
        raise TypeError(f"Expected a whole number for 'retries'; got {retries!r}.")
    if retries < 0:
        raise ValueError(f"'retries' must not be negative; got {retries}.")
    return retries


def checked_count(count: "int | None", option: str) -> "int | None":
    """Raises TypeError or ValueError for what is neither None nor a whole number of at least 1."""
    if count is not None and (isinstance(count, bool) or not isinstance(count, int)):
        raise TypeError(f"Expected a whole number for {option!r}; got {count!r}.")
    if count is not None and count < 1:
        raise ValueError(f"{option!r} must be at least 1; got {count}.")
    return count


def checked_priority(priority: int) -> int:
    """Raises TypeError or ValueError for what is not a whole number from -100 to 100."""
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise TypeError(f"Expected a whole number for 'priority'; got {priority!r}.")
    if not -100 <= priority <= 100:
        raise ValueError(f"'priority' must be from -100 to 100; got {priority}.")
    return priority


def checked_word(word: "Any", option: str, known: "tuple[str, ...]") -> str:
    """Raises ValueError for a word that the option does not know."""
    if word not in known:
        raise ValueError(f"{option!r} must be one of {', '.join(map(repr, known))}; got {word!r}.")
    return str(word)


def checked_seconds(seconds: "Any", option: str) -> "float | None":
    """Seconds, or None for no limit (0 counts as none, as in Prefect); a timedelta will do. Raises TypeError or
    ValueError."""
    if hasattr(seconds, "total_seconds"):
        seconds = seconds.total_seconds()
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float, type(None))):
        raise TypeError(f"Expected a number of seconds for {option!r}; got {seconds!r}.")
    if seconds is not None and seconds < 0:
        raise ValueError(f"{option!r} must not be negative; got {seconds}.")
    return float(seconds) if seconds else None


def checked_cache_policy(policy: "Any") -> "Any":
    """The same policy. Raises TypeError for what is none."""
    if policy is None or policy is ... or hasattr(policy, "compute_key"):
        return policy
    raise TypeError(f"Expected a cache policy such as INPUTS for 'cache_policy'; got {policy!r}.")


def dress(definition: "Any", fn: "Any") -> None:
    """Lets a flow or task look like its function, as `functools.update_wrapper` does."""
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        value = getattr(fn, attribute, None)
        if value is not None:
            setattr(definition, attribute, value)
    definition.__wrapped__ = fn


def changed_options(definition: "Any", changes: "Any") -> "dict[str, Any]":
    """The options of a flow or task with changes; its hooks as they are now."""
    now = definition.__dict__
    hooks = {option: now[f"{option}_hooks"] for option in definition._options if f"{option}_hooks" in now}
    return {**definition._options, **hooks, **changes}


def bound(definition: "Any", instance: object, owner: object) -> "Any":
    """The definition as a class or its instance gives it: as a method, if its function would be one there."""
    decorated = definition.decorated
    method = decorated.__get__(instance, owner) if hasattr(decorated, "__get__") else decorated
    if method is definition.fn:
        return definition
    copy = object.__new__(type(definition))
    copy.__dict__.update(definition.__dict__)
    copy.fn = copy.decorated = copy.__wrapped__ = method
    return copy
