"""Parameters as they stand on the command line, made into the JSON values that the engine takes."""

import sys
import time
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from tui_flow.contract.parameter_fit import from_json
from tui_flow.contract.secret_parameters import without_stars
from tui_flow.tui.presentation.words import is_name, value_for


def read_object(text: str) -> dict[str, Any]:
    """The object of `--params`: JSON itself, `@file`, or `-` for standard input. Raises click.UsageError."""
    where = text if text == "-" or text.startswith("@") else "JSON"
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text("utf-8")
        value = from_json(text)
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--params {where}: {error}") from None
    if not isinstance(value, dict):
        raise click.UsageError(f'--params {where}: an object is needed, such as {{"name": "value"}}')
    return value


def split(assignment: str) -> tuple[str, str]:
    """Name and text of one `-p name=value`. Raises click.UsageError."""
    name, found, text = assignment.partition("=")
    if not found or not is_name(name):
        raise click.UsageError(f"-p {assignment}: write it as name=value")
    return name, text


def texts_of(assignments: Iterable[str]) -> dict[str, str | None]:
    """The texts of `-p` options by name; None for one without a value, which is asked for. Raises click.UsageError."""
    return dict((one, None) if is_name(one) else split(one) for one in assignments)


def assigned(
    texts: Mapping[str, str | None], schema: dict[str, Any], before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The values of `-p` options, by parameter; what has no text is asked for. `-p config.batch=5` sets one field of what
    the parameter is `before`, or by default. `schema` is that of the object of all parameters."""
    from tui_flow.cli.asking import ask
    from tui_flow.tui.presentation.fields import field_of

    found: dict[str, Any] = {}
    for name, text in texts.items():
        *above, last = name.split(".")
        into = found
        for depth, group in enumerate(above):
            if not isinstance(into.get(group), dict):
                known = (before or {}).get(group) if depth == 0 else None
                default = field_of(schema, tuple(above[: depth + 1])).default
                if not isinstance(known, dict):  # of the flow's own secrets only stars are known here
                    known = without_stars(default) if isinstance(default, dict) else {}
                into[group] = deepcopy(known)
            into = into[group]
        field = field_of(schema, (*above, last))
        into[last] = ask(field) if text is None else value_for(field, text)
    return found


def moment_of(text: str) -> float:
    """The moment that `--at` means, as seconds since the epoch. Raises click.UsageError."""
    from tui_flow.tui.presentation.field_texts import moment
    from tui_flow.tui.presentation.run_options import START

    try:
        return datetime.fromisoformat(moment(START, text.strip(), time.time())).timestamp()
    except ValueError as error:
        raise click.UsageError(f"--at {text}: {error}") from None
