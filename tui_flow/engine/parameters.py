"""Whether a flow takes the parameters that it is to be run with, by name. Their values are the worker's to check."""

import json
from typing import Any

from tui_flow.contract.errors import BadParameters
from tui_flow.contract.secret_parameters import not_kept
from tui_flow.store.records import Flow


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
    return ", ".join(_one(name, schema, name in required) for name, schema in properties.items())


def _one(name: str, schema: Any, is_required: bool) -> str:
    schema = schema if isinstance(schema, dict) else {}
    typed = f"{name}: {schema['type']}" if isinstance(schema.get("type"), str) else name
    return typed if is_required or "default" not in schema else f"{typed} = {json.dumps(schema['default'])}"
