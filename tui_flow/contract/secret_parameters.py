"""Which of a flow's parameters are secrets, as the schema says, and the stars that stand for them where they are kept."""

from collections.abc import Iterable, Mapping
from typing import Any

from tui_flow.contract.errors import too_deep

STARS = "**********"
"""As pydantic writes a secret: so a run reads the same before it began and after."""

NAMES = "x-names"
"""In a part of a schema: what else the field may be called."""


def is_secret(part: Mapping[str, Any]) -> bool:
    """Whether what this part of a schema takes is never to be shown or kept."""
    return part.get("format") == "password" or bool(part.get("writeOnly"))


def resolved(part: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A part of a schema with the definition that it refers to, and that one's name as its "$ref"."""
    if not isinstance(part, dict):
        return {}
    reference = part.get("$ref") or next((inner.get("$ref") for inner in part.get("allOf", [])[:1]), None)
    if not isinstance(reference, str):
        return part
    return {**definitions.get(reference.rpartition("/")[2], {}), **part, "$ref": reference}


def definitions_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return schema.get("$defs") or schema.get("definitions") or {}


def starred(schema: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, with stars in the place of each secret. `schema` is that of the object of them all. Raises
    BadParameters where they are too deep to look through."""
    try:
        found: dict[str, Any] = _starred({**schema}, dict(parameters), definitions_of(schema))
    except RecursionError:
        raise too_deep() from None
    return found


def _starred(part: Any, value: Any, definitions: Mapping[str, Any]) -> Any:
    part = resolved(part, definitions)
    if value is None or not part:
        return value
    if is_secret(part):
        return STARS
    for option in (*part.get("anyOf", ()), *part.get("oneOf", ())):
        value = _starred(option, value, definitions)
    if isinstance(value, dict):
        fields, others = part.get("properties", {}), part.get("additionalProperties")
        named = {name: one for own, one in fields.items() for name in (own, *one.get(NAMES, ()))}
        return {name: _starred(named.get(name, others), one, definitions) for name, one in value.items()}
    if isinstance(value, list):
        first, others = part.get("prefixItems", []), part.get("items")
        parts = [*first, *[others] * (len(value) - len(first))]
        return [_starred(*pair, definitions) for pair in zip(parts, value, strict=False)]
    return value


def starred_like(kept: Any, value: Any) -> Any:
    """The value, with stars where an earlier one has them."""
    if kept == STARS:
        return STARS
    if isinstance(kept, dict) and isinstance(value, dict):
        return {name: starred_like(kept.get(name), one) for name, one in value.items()}
    if isinstance(kept, list) and isinstance(value, list):
        more = [None] * (len(value) - len(kept))
        return [starred_like(*pair) for pair in zip((*kept, *more), value, strict=False)]
    return value


def not_kept(value: Any, above: str = "") -> Iterable[str]:
    """The places of stars in parameters: "outer.password"."""
    if value == STARS:
        yield above
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in items:
        yield from not_kept(one, f"{above}.{name}" if above else str(name))


def without_stars(value: Any) -> Any:
    """The value without its secrets, of which there are only stars."""
    if isinstance(value, dict):
        return {name: without_stars(one) for name, one in value.items() if one != STARS}
    return [without_stars(one) for one in value] if isinstance(value, list) else value


def kept_secrets(schema: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """Which secrets would stand in what is kept for later, and what to do instead; empty where there is none."""
    places = ", ".join(not_kept(starred(schema, parameters)))
    if not places:
        return ""
    return f"{places} is a secret, and would be kept for all to read: let the flow get it, by Secret.load or a default"


def secrets_in(kept: Any, value: Any) -> Iterable[Any]:
    """What stands in the value where only stars were kept."""
    if kept == STARS:
        yield value
    elif isinstance(kept, dict) and isinstance(value, dict):
        for name in kept.keys() & value.keys():
            yield from secrets_in(kept[name], value[name])
    elif isinstance(kept, list) and isinstance(value, list):
        for pair in zip(kept, value, strict=False):
            yield from secrets_in(*pair)
