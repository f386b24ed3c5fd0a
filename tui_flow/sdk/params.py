"""Arguments and signatures: binding, validation, JSON schema, and a form that people can read."""

import inspect
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from tui_flow.contract.parameter_fit import LABELS, LENIENT, LIMITS
from tui_flow.contract.secret_parameters import NAMES
from tui_flow.sdk.exceptions import ParameterBindError, ParameterTypeError
from tui_flow.sdk.readable import as_json, short

_EXACT: dict[Any, type] = {
    **{cls: cls for cls in (str, int, float, bool)},
    "str": str, "int": int, "float": float, "bool": bool, "None": type(None), None: type(None),
}  # fmt: skip


_COLLECTIONS = frozenset({list, dict, set})
_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Shape(NamedTuple):
    """What a call of a plain function must look like."""

    positional: tuple[str, ...]
    """Names that may be given by position."""
    keywords: frozenset[str]
    """Names that may be given by keyword."""
    required: frozenset[str]


def signature_of(fn: Callable[..., Any]) -> inspect.Signature:
    """The function's signature; one that takes anything, for those written in C that do not tell."""
    # A method is not remembered: it would keep its instance.
    return _signature(fn) if hasattr(fn, "__self__") else _remembered_signature(fn)


def _signature(fn: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(fn)
    except ValueError:
        return _ANYTHING


_remembered_signature = lru_cache(maxsize=4096)(_signature)
_ANYTHING = inspect.signature(lambda *args, **kwargs: None)  # noqa: ARG005


@lru_cache(maxsize=4096)
def _shape_of(fn: Callable[..., Any]) -> Shape | None:
    """None for a function that takes any number of arguments."""
    parameters = signature_of(fn).parameters.values()
    if any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in parameters):
        return None
    return Shape(
        tuple(one.name for one in parameters if one.kind is not one.KEYWORD_ONLY),
        frozenset(one.name for one in parameters if one.kind is not one.POSITIONAL_ONLY),
        frozenset(one.name for one in parameters if one.default is one.empty),
    )


def require_fit(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raises ParameterBindError for arguments that the function cannot be called with."""
    shape = None if hasattr(fn, "__self__") else _shape_of(fn)
    if shape is None or not _fits(shape, args, kwargs):
        bind(fn, args, kwargs)


def _fits(shape: Shape, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call fits; quick, and False where it takes a closer look to tell."""
    given = shape.positional[: len(args)]
    if len(given) != len(args):
        return False
    if not kwargs:
        return len(given) == len(shape.positional) == len(shape.keywords) or shape.required.issubset(given)
    if not shape.keywords.issuperset(kwargs) or any(name in kwargs for name in given):
        return False
    return all(name in kwargs or name in given for name in shape.required)


def bind(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments:
    """The arguments by name, without defaults. Raises ParameterBindError."""
    signature = signature_of(fn)
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        name = getattr(fn, "__name__", repr(fn))
        raise ParameterBindError(
            f"Error binding parameters for function '{name}': {error}.\n"
            f"Function '{name}' has signature '{str(signature)[1:].rpartition(')')[0]}' "
            f"but received args: {short(args)} and kwargs: {short(list(kwargs))}."
        ) from None


def arguments_by_name(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """The arguments by name, with defaults; empty where they do not fit the function."""
    try:
        bound = bind(fn, args, kwargs)
    except ParameterBindError:
        return {}
    return with_defaults(bound)


def with_defaults(bound: inspect.BoundArguments) -> dict[str, Any]:
    """All arguments by name. A default that is pydantic's `Field(...)` stands for the default inside of it."""
    bound.apply_defaults()
    return {name: _default_value(value) for name, value in bound.arguments.items()}


def _default_value(value: Any) -> Any:
    if _is_field(value):
        return value.get_default(call_default_factory=True)
    return value


def _is_field(value: Any) -> bool:
    cls = type(value)
    return cls.__name__ == "FieldInfo" and cls.__module__.startswith("pydantic")


def split(fn: Callable[..., Any], parameters: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """`with_defaults`' way back: what to call the function with."""
    bound = inspect.BoundArguments(signature_of(fn), dict(parameters))
    return bound.args, bound.kwargs


def validated(fn: Callable[..., Any], bound: inspect.BoundArguments) -> dict[str, Any]:
    """All arguments by name, coerced to the types that the function declares; defaults are taken as they are.

    Values that are exactly of a plain type (str, int, float, bool, None) or that nothing is declared for cost
    nothing. Raises ParameterTypeError, with one line for each problem: the first one stands where only one line is shown.
    """
    parameters = signature_of(fn).parameters
    doubtful = [
        name
        for name, value in bound.arguments.items()
        if not _is_exactly(parameters[name], value)
    ]  # fmt: skip
    if not doubtful:
        return _with_fresh_defaults(fn, bound)
    hints = _hints(fn)
    problems: list[str] = []
    for name in doubtful:
        parameter = parameters[name]
        value, found = _validated(name, _declared(parameter, hints), bound.arguments[name])
        bound.arguments[name] = value
        problems += found
    if problems:
        raise ParameterTypeError("Flow run received invalid parameters: " + "\n - ".join(problems))
    return _with_fresh_defaults(fn, bound)


def _with_fresh_defaults(fn: Callable[..., Any], bound: inspect.BoundArguments) -> dict[str, Any]:
    """All arguments by name. Defaults that are declared are as validation would give them: collections of their own for
    each call, and values of the declared class where they can be made that; what cannot is taken as it is."""
    given, parameters = frozenset(bound.arguments), signature_of(fn).parameters
    found = with_defaults(bound)
    for name, value in found.items():
        parameter = parameters[name]
        if name in given or value is None or parameter.annotation is parameter.empty:
            continue
        if parameter.kind in _MANY or _is_exactly(parameter, value):
            continue
        hint = _hints(fn).get(name)
        if _is_of_another_class(value, hint):
            found[name] = _validated(name, hint, value)[0]
        elif type(value) in _COLLECTIONS:
            found[name] = _fresh(value)
    return found


def _is_of_another_class(value: Any, hint: Any) -> bool:
    try:
        return isinstance(hint, type) and not isinstance(value, hint) and (hint, type(value)) != (float, int)
    except TypeError:  # such as Any, and protocols
        return False


def _fresh(value: Any) -> Any:
    if type(value) is dict:
        return {key: _fresh(item) for key, item in value.items()}
    return type(value)(map(_fresh, value)) if type(value) in _COLLECTIONS else value


def _is_exactly(parameter: inspect.Parameter, value: Any) -> bool:
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return not _is_field(parameter.default)
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or _is_field(parameter.default):
        return False
    try:
        return _EXACT.get(annotation) is type(value)
    except TypeError:
        return False


def _hints(fn: Callable[..., Any]) -> dict[str, Any]:
    """The function's annotations, as objects. One that cannot be resolved counts as not being there."""
    import typing

    target = inspect.unwrap(fn)
    target = getattr(target, "__func__", target)
    if not hasattr(target, "__annotations__"):
        target = type(fn).__call__
    try:
        return typing.get_type_hints(target, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError):
        return {
            name: hint
            for name, hint in getattr(target, "__annotations__", {}).items()
            if not isinstance(hint, str)
        }


def _declared(parameter: inspect.Parameter, hints: dict[str, Any]) -> Any:
    """What a parameter's value must be, as pydantic reads it."""
    from typing import Annotated

    hint = hints.get(parameter.name, Any)
    if _is_field(parameter.default):
        hint = Annotated[hint, parameter.default]
    if parameter.kind is parameter.VAR_POSITIONAL:
        return tuple.__class_getitem__((hint, ...))
    if parameter.kind is parameter.VAR_KEYWORD:
        return dict.__class_getitem__((str, hint))
    return hint


def _adapter(hint: Any) -> Any:
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # a model or dataclass brings its own configuration
        return TypeAdapter(hint)


def _validated(name: str, hint: Any, value: Any) -> tuple[Any, list[str]]:
    """The coerced value, and what is wrong with it."""
    from pydantic import PydanticSchemaGenerationError, ValidationError

    try:
        return _adapter(hint).validate_python(value), []
    except PydanticSchemaGenerationError:  # a type that pydantic knows nothing of
        return value, []
    except ValidationError as error:
        return value, [
            f"{'.'.join(map(str, (name, *problem['loc'])))}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_context=False)
        ]


def schema(fn: Callable[..., Any]) -> dict[str, Any]:
    """The JSON schema of an object with one property for each parameter, in their order, with defaults.

    A type that has no JSON schema gives a property without a type.
    """
    hints = _hints(fn)
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    required = []
    for parameter in signature_of(fn).parameters.values():
        found = _property(_declared(parameter, hints))
        definitions.update(found.pop("$defs", {}))
        found.setdefault("title", parameter.name)
        default = _default_value(parameter.default)
        optional = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if parameter.default is not parameter.empty and type(default).__name__ != "PydanticUndefinedType":
            found["default"] = as_json(default)
        elif not optional:
            required.append(parameter.name)
        properties[parameter.name] = found
    whole: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    return {**whole, "$defs": definitions} if definitions else whole


def _property(hint: Any) -> dict[str, Any]:
    plain = {str: "string", int: "integer", float: "number", bool: "boolean"}
    if hint is Any or hint is inspect.Parameter.empty:
        return {}
    if isinstance(hint, type) and hint in plain:
        return {"type": plain[hint]}
    from pydantic import PydanticInvalidForJsonSchema, PydanticUserError

    try:
        return dict(_adapter(hint).json_schema(schema_generator=schema_generator()))
    except (PydanticInvalidForJsonSchema, PydanticUserError):
        return {}


@lru_cache(maxsize=1)
def schema_generator() -> Any:
    """pydantic's, for schemas that also say what is a secret, what else a field is called, what the values of an enum
    are called, and what takes more than its schema says."""
    from pydantic.json_schema import GenerateJsonSchema

    class Generator(GenerateJsonSchema):
        _coerces = False
        """Whether a text may be given as a number here."""

        def generate_inner(self, schema: Any) -> dict[str, Any]:
            before, config = self._coerces, schema.get("config") or {}
            self._coerces = schema.get("coerce_numbers_to_str") or config.get("coerce_numbers_to_str", before)
            found = super().generate_inner(schema)
            takes_more = _takes_more(schema) or (schema["type"] == "str" and self._coerces)
            self._coerces = before
            return {**found, LENIENT: True} if takes_more else found

        def json_or_python_schema(self, schema: Any) -> dict[str, Any]:
            found = super().json_or_python_schema(schema)
            serialized = schema.get("serialization", {}).get("function")
            is_secret = getattr(serialized, "__name__", "").startswith("_serialize_secret")
            return {**found, "writeOnly": True} if is_secret else found

        def decimal_schema(self, schema: Any) -> dict[str, Any]:
            """Its text is not any text."""
            found = super().decimal_schema(schema)
            options = found.get("anyOf", [])
            texts = [{**one, "format": "decimal"} for one in options if one.get("type") == "string"]
            numbers = [one for one in options if one.get("type") != "string"]
            return {**found, "anyOf": [*numbers, *texts]} if texts else found

        def enum_schema(self, schema: Any) -> dict[str, Any]:
            found = super().enum_schema(schema)
            is_plain = all(isinstance(value, str) for value in found["enum"])
            return found if is_plain else {**found, LABELS: [one.name for one in schema["members"]]}

        def model_fields_schema(self, schema: Any) -> dict[str, Any]:
            return self._with_names(super().model_fields_schema(schema), schema["fields"].items())

        def dataclass_args_schema(self, schema: Any) -> dict[str, Any]:
            fields = [(field["name"], field) for field in schema["fields"]]
            return self._with_names(super().dataclass_args_schema(schema), fields)

        def _with_names(self, found: dict[str, Any], fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
            properties = self.resolve_ref_schema(found)["properties"]
            for name, field in fields:
                names = {name, *_aliases(field.get("validation_alias"))}
                for shown in names & properties.keys() if len(names) > 1 else ():
                    properties[shown] = {**properties[shown], NAMES: sorted(names - {shown})}
            return found

    return Generator


def _takes_more(schema: Any) -> bool:
    """Whether the author's code decides what fits, or wrote the schema, so that this says too little."""
    metadata = schema.get("metadata") or {}
    own = getattr(schema.get("cls"), "model_config", {}) if schema["type"] == "model" else {}
    extra = metadata.get("pydantic_js_extra") or own.get("json_schema_extra") or {}
    return (
        (schema["type"] in _OWN_WAYS and not _is_url(schema))
        or (schema["type"] == "enum" and _finds_missing(schema["cls"]))
        or bool(metadata.get("pydantic_js_annotation_functions"))
        or not isinstance(extra, dict)
        or bool(_TELLING & extra.keys())
    )


def _is_url(schema: Any) -> bool:
    """Whether it is pydantic's own wrapping of one."""
    wraps = getattr(schema.get("function", {}).get("function"), "__module__", "")
    return schema["type"] == "function-wrap" and wraps == "pydantic.networks"


def _finds_missing(cls: Any) -> bool:
    from enum import Enum

    return getattr(cls._missing_, "__func__", None) is not Enum._missing_.__func__  # type: ignore[attr-defined]


_OWN_WAYS = frozenset({
    "function-before", "function-wrap", "function-plain", "chain", "generator", "named-tuple", "call", "arguments",
})  # fmt: skip
"""Of pydantic's core schemas: those that take more than their JSON schema says."""
_TELLING = frozenset({
    "type", "enum", "const", "format", "pattern", "anyOf", "oneOf", "items", "properties", "required", *LIMITS,
})  # fmt: skip
"""What an author's own part of a schema may say, and pydantic does not hold to."""


def _aliases(alias: Any) -> Iterable[str]:
    """All names under which a field may be given; of a path into another value, where that begins."""
    if isinstance(alias, str):
        yield alias
    elif isinstance(alias, list):
        paths = alias if isinstance(alias[0], list) else [alias]
        yield from (str(path[0]) for path in paths)
