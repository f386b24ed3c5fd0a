"""`tui-flow secret`: values that flows read and nobody is shown."""

import os
import sys
import time
from typing import Any
from uuid import uuid4

import click

from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, print_table
from tui_flow.contract.documents import BLOCKS, Documents, checked
from tui_flow.contract.errors import BadParameters
from tui_flow.contract.masking import SHORTEST
from tui_flow.contract.rundir import open_state_dir
from tui_flow.contract.secret_sources import ANY, ENV_PREFIX, FOLDER, env_name
from tui_flow.safe import safe


@click.group(
    epilog="\b\nExamples:\n  tui-flow secret set db-password\n  pass show db | tui-flow secret set db-password\n"
    "  tui-flow secret list\n  tui-flow secret unset db-password"
)
def command() -> None:
    """Set, list and unset secrets, which a flow reads with Secret.load(NAME).get().

    They are kept in the project's state directory, in files that only you may read, or found elsewhere: in the
    environment, or where the settings' table [secrets] says. In a run's log and history stars stand for them. No command prints one.
    """


@new_command("tui-flow secret list\ntui-flow secret list --json")
def list_() -> None:
    """List the names of all secrets that this project knows, and where each comes from."""
    found = _places()
    if wants_json():
        print_json({"secrets": [{"name": name, "from": place} for name, place in found]})
    elif not found:
        note("no secrets: tui-flow secret set NAME")
    else:
        print_table(("NAME", "FROM"), [(safe(name), safe(place)) for name, place in found])


@new_command("tui-flow secret set api-token\npass show api-token | tui-flow secret set api-token")
@click.argument("name")
def set_(name: str) -> None:
    """Keep a secret: it is asked for, or read from standard input."""
    documents, name = _documents(), _checked(name)
    value = _read_value(name)
    if not value:
        raise BadParameters("a secret cannot be empty", next="nothing was changed")
    before = documents.read(name) or {}
    document = {
        "name": name,
        "type": FOLDER,
        "id": before.get("id") or str(uuid4()),
        "updated_at": time.time(),
        "fields": {"value": value},
    }
    documents.write(name, document)
    note(f"{name} is kept: Secret.load({name!r}).get() gives it")
    _warn(name, value)


@new_command("tui-flow secret unset api-token")
@click.argument("name")
def unset(name: str) -> None:
    """Forget a secret that was set here."""
    if not _documents().remove(_checked(name)):
        raise BadParameters(f"no secret {name!r} is kept here", next="list them with: tui-flow secret list")
    note(f"{name} is gone")


def _read_value(name: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.read().removesuffix("\n")


def _warn(name: str, value: str) -> None:
    if max(map(len, value.split("\n"))) < SHORTEST:
        note(
            f"it is short: of fewer than {SHORTEST} characters none are hidden in logs, where they may stand by chance"
        )
    if env_name(name) in os.environ:
        note(f"the environment has {env_name(name)}, which wins over it")
    if name in settings().secrets:
        note("the settings name another source for it in [secrets], which wins over it")


def _places() -> list[tuple[str, str]]:
    """Where each secret comes from, by name: what wins."""
    found = dict.fromkeys(_documents().names(), "kept here")
    for name, source in settings().secrets.items():
        if name != ANY:
            found[name] = f"{source.kind}: {source.what}"
    for variable in os.environ:
        if variable.startswith(ENV_PREFIX):
            named = variable.removeprefix(ENV_PREFIX).lower()
            known = [name for name in found if env_name(name) == variable]
            found.update(dict.fromkeys(known or [named], f"environment: {variable}"))
    rest = settings().secrets.get(ANY)
    return sorted(found.items()) + ([("(all others)", f"{rest.kind}: {rest.what}")] if rest else [])


def _checked(name: str) -> Any:
    try:
        return checked(name)
    except ValueError as error:
        raise BadParameters(str(error)) from None


def _documents() -> Documents:
    return Documents(open_state_dir(settings().project), BLOCKS, FOLDER)


for _name, _command in {"list": list_, "set": set_, "unset": unset}.items():
    command.add_command(_command, _name)
