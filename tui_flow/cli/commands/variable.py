"""`tui-flow variable`: the values that flows share."""

import json
import time
from typing import Any

import click

from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, print_table
from tui_flow.contract.documents import VARIABLES, Documents, checked_value
from tui_flow.contract.errors import BadParameters
from tui_flow.contract.rundir import open_state_dir
from tui_flow.iso_time import iso
from tui_flow.safe import safe
from tui_flow.tui.presentation.times import moment
from tui_flow.tui.presentation.words import value_of


@click.group(
    epilog="\b\nExamples:\n  tui-flow variable list\n  tui-flow variable set region eu-west-1\n"
    "  tui-flow variable set limits '{\"rows\": 1000}'\n  tui-flow variable get region"
)
def command() -> None:
    """List, get, set and unset variables: named values that flows share, with Variable.get(NAME).

    They are not for secrets: whoever may see the project may see them.
    """


@new_command("tui-flow variable list\ntui-flow variable list --json | jq '.variables[].name'")
def list_() -> None:
    """List all variables."""
    documents = _documents()
    found = [document for name in documents.names() if (document := documents.read(name)) is not None]
    if wants_json():
        print_json({"variables": [{**one, "updated_at": iso(one.get("updated_at"))} for one in found]})
    elif not found:
        note("no variables: tui-flow variable set NAME VALUE")
    else:
        now = time.time()
        print_table(
            ("NAME", "VALUE", "TAGS", "SET"),
            [
                (
                    safe(one["name"]),
                    safe(json.dumps(one["value"], ensure_ascii=False)),
                    safe(" ".join(one.get("tags") or [])),
                    moment(one["updated_at"], now),
                )
                for one in found
            ],
        )


@new_command("tui-flow variable get region\ntui-flow variable get limits | jq .rows")
@click.argument("name")
def get(name: str) -> None:
    """Print the value of a variable: a text as it is, anything else as JSON."""
    found = _checked(_documents().read, name)
    if found is None:
        raise BadParameters(f"there is no variable {name!r}", next="list them with: tui-flow variable list")
    if wants_json():
        _print_document(found)
    else:
        value = found["value"]
        click.echo(safe(value) if isinstance(value, str) else json.dumps(value))


@new_command(
    "tui-flow variable set region eu-west-1\ntui-flow variable set limits '{\"rows\": 1000}' --tag etl"
)
@click.argument("name")
@click.argument("value")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag of it; may be given several times.")
def set_(name: str, value: str, tags: tuple[str, ...]) -> None:
    """Set a variable, whether it is there or not. VALUE is JSON, or else a text."""
    document = {
        "name": name,
        "value": _checked(checked_value, value_of(value, {})),
        "tags": list(tags),
        "updated_at": time.time(),
    }
    _checked(_documents().write, name, document)
    if wants_json():
        _print_document(document)
        return
    note(f"{name} is {safe(json.dumps(document['value'], ensure_ascii=False))}")


@new_command("tui-flow variable unset region")
@click.argument("name")
def unset(name: str) -> None:
    """Delete a variable."""
    if not _checked(_documents().remove, name):
        raise BadParameters(f"there is no variable {name!r}", next="list them with: tui-flow variable list")
    if wants_json():
        print_json({"name": name, "state": "gone"})
        return
    note(f"{name} is gone")


def _print_document(document: dict[str, Any]) -> None:
    print_json({**document, "updated_at": iso(document.get("updated_at"))})


def _checked(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except ValueError as error:
        raise BadParameters(str(error)) from None


def _documents() -> Documents:
    return Documents(open_state_dir(settings().project), VARIABLES)


for _name, _command in {"list": list_, "get": get, "set": set_, "unset": unset}.items():
    command.add_command(_command, _name)
