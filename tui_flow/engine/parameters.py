"""Whether a flow takes the parameters that it is to be run with, as far as its schema tells. The worker has the last word."""

import json
from collections.abc import Iterator
from typing import Any

from tui_flow.contract.errors import BadParameters
from tui_flow.contract.parameter_fit import VALIDATED, misfit
from tui_flow.contract.secret_parameters import STARS, definitions_of, not_kept, starred
from tui_flow.store.records import Flow

MAX_SHOWN = 60
"""Characters of a value that is refused."""

MOST_LISTED = 8
"""So many parameters are listed where one is wrong."""


def check(flow: Flow, given: dict[str, Any]) -> None:
    """Raises BadParameters, which names what the flow does not know, what is missing, or what surely does not fit."""
    wrong = list(_wrong(flow, given)) if flow.parameters.get(VALIDATED) else []
    if wrong:
        raise BadParameters(
            f"flow {flow.name!r} does not take its parameters: {'; '.join(wrong)}",
            where=f"{flow.path}:{flow.line}",
            next=f"its parameters: {signature(flow)}",
        )
    check_names(flow, given)


def _wrong(flow: Flow, given: dict[str, Any]) -> Iterator[str]:
    """Such as "mode=foo: one of fast | slow"; no secret is shown, nor what may hold one."""
    known, definitions = flow.parameters.get("properties", {}), definitions_of(flow.parameters)
    shown = starred(flow.parameters, given)
    for name, value in given.items():
        found = misfit(known.get(name), value, definitions)
        if found is None:
            continue
        at = shown[name]
        for step in found.place:
            at = at[int(step)] if isinstance(at, list) else at.get(step) if isinstance(at, dict) else None
        is_plain = at != STARS and isinstance(at, str | int | float) and "JSON" not in found.why
        told = f"={at if isinstance(at, str) else json.dumps(at)}"[:MAX_SHOWN] if is_plain else ""
        yield f"{'.'.join((name, *found.place))}{told}: {found.why}"


def check_names(flow: Flow, given: dict[str, Any]) -> None:
    """Raises BadParameters, which names the unknown and the missing ones, and those that the flow takes."""
    known: dict[str, Any] = flow.parameters.get("properties", {})
    takes_any = bool(flow.parameters.get("additionalProperties"))
    unknown = [] if takes_any else [name for name in given if name not in known]
    missing = [name for name in flow.parameters.get("required", []) if name not in given]
    if not unknown and not missing:
        return
    what = [f"has no parameter {', '.join(map(repr, unknown))}"] if unknown else []
    what += [f"needs {', '.join(map(repr, missing))}"] if missing else []
    raise BadParameters(
        f"flow {flow.name!r} {' and '.join(what)}",
        where=f"{flow.path}:{flow.line}",
        next=f"its parameters: {signature(flow)}" if known else "it takes no parameters",
    )


def require_secrets(given: dict[str, Any]) -> None:
    """Raises BadParameters for the parameters of an earlier run, whose secrets are only stars."""
    for place in not_kept(given):
        raise BadParameters(f"{place} is a secret and was not kept", next=f"give -p {place}=…")


def signature(flow: Flow) -> str:
    """The parameters as a person would write them: "name: string = "world", times: integer"."""
    required = flow.parameters.get("required", [])
    properties: dict[str, Any] = flow.parameters.get("properties", {})
    names = sorted(properties, key=lambda name: name not in required)  # those that are needed come first
    told = [_one(name, properties[name], name in required) for name in names[:MOST_LISTED]]
    more = len(names) - len(told)
    return ", ".join(told) + (f", and {more} more, which tui-flow flows lists" if more else "")


def _one(name: str, schema: Any, is_required: bool) -> str:
    schema = schema if isinstance(schema, dict) else {}
    typed = f"{name}: {schema['type']}" if isinstance(schema.get("type"), str) else name
    return typed if is_required or "default" not in schema else f"{typed} = {json.dumps(schema['default'])}"
