"""Asks at the terminal for what a command line leaves open: secrets, which it must not hold, and the fields of an answer."""

import sys
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

import click

from tui_flow.cli.output import note, style
from tui_flow.contract.parameter_fit import misfit
from tui_flow.contract.secret_parameters import STARS, definitions_of
from tui_flow.safe import safe
from tui_flow.tui.presentation.field_texts import parse, start_of
from tui_flow.tui.presentation.fields import Field, field_of, fields_of, needs
from tui_flow.tui.presentation.form import Form

_answers: dict[tuple[str, ...], Any] = {}
"""By the field's path."""


def can_ask() -> bool:
    return sys.stdin.isatty()


def ask(field: Field) -> Any:
    """The value of a field, asked for until it fits; a secret is not shown meanwhile. Raises click.UsageError where there
    is no terminal. What was asked once is not asked again, such as by `run --watch`."""
    if field.path not in _answers:
        _answers[field.path] = parse(field, _typed(field))
    return _answers[field.path]


def ask_secrets(schema: Mapping[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters with the secrets that are needed and missing, and those of an earlier run, of which only stars were
    kept. Without a terminal, or where something else is wrong, they are left to be refused."""
    if not can_ask():
        return parameters
    given = deepcopy(parameters)
    fields = {field.path: field for field in fields_of(schema)}
    for path, field in fields.items():
        inside, group = _at(given, path[:-1]), fields.get(path[:-1])
        is_needed = needs(group, field.name) if group else field.name in schema.get("required", ())
        if field.is_secret and is_needed and isinstance(inside, dict):
            inside.setdefault(field.name, STARS)
    is_wrong_otherwise = misfit(schema, given, definitions_of(schema)) is not None
    return parameters if is_wrong_otherwise else _without_stars(schema, given, ())


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def ask_fields(schema: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The values of these fields of an object's schema; a group is asked for field by field."""
    form, wanted = Form(schema), set(names)
    for field in form.leaves:
        if field.path[0] in wanted and not form.is_inside_unset(field):
            form.texts[field.path] = _typed(field)
    return {name: form.value(form.by_path[name,]) for name in wanted}


def _typed(field: Field) -> str:
    """What is typed for a field, once that means something."""
    if not can_ask():
        raise click.UsageError(
            f"-p {field.dotted}: there is no terminal to ask for it at; write {field.dotted}=VALUE"
        )
    takes = "not shown" if field.is_secret else safe(field.hint)
    start = start_of(field)
    told = f"{safe(field.dotted)} {style(f'({takes})', dim=True)}" + (f" [{safe(start)}]" if start else "")
    while True:
        text = click.prompt(told, default=start, show_default=False, hide_input=field.is_secret, err=True)
        try:
            parse(field, text)
        except ValueError as error:
            note(f"  {safe(str(error))}")
        else:
            return str(text)


def _without_stars(schema: Mapping[str, Any], value: Any, path: tuple[str, ...]) -> Any:
    if value == STARS:
        field = field_of(schema, path)
        return ask(field._replace(required=True, is_secret=True, types=field.types or ("string",)))
    if isinstance(value, dict):
        return {name: _without_stars(schema, one, (*path, name)) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_stars(schema, one, (*path, str(place))) for place, one in enumerate(value)]
    return value
