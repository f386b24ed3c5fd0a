"""`tui-flow emit NAME`: says that something happened, for flows whose trigger waits for it."""

import json
from typing import Any

import click

from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import print_json
from tui_flow.cli.parameters import read_object, split
from tui_flow.contract.commands import EmitEvent
from tui_flow.safe import safe
from tui_flow.tui.presentation.words import value_of


@new_command(
    "tui-flow emit day.closed\n"
    "tui-flow emit file.arrived -p path=/data/in/7.csv --key 7.csv\n"
    "tui-flow emit order.paid --params @order.json"
)
@click.argument("name")
@click.option(
    "-p", "--param", "assignments", multiple=True, metavar="NAME=VALUE", help="A field of it; JSON or text."
)
@click.option("--params", metavar="JSON|@FILE|-", help="All fields, as a JSON object.")
@click.option("--key", help="What makes it that event: of equal ones, only the first counts.")
def command(name: str, assignments: tuple[str, ...], params: str | None, key: str | None) -> None:
    """Say that something happened: flows with on_event(NAME) run for it.

    Such a flow gets, as parameters, those fields that it has parameters for.
    """
    from tui_flow.client import connect

    payload: dict[str, Any] = read_object(params) if params is not None else {}
    payload |= {field: value_of(text, {}) for field, text in map(split, assignments)}
    with connect(settings()) as connection:
        answer = connection.ask(EmitEvent(name, payload, key))
    if wants_json():
        print_json(answer)
        return
    carried = f" {safe(json.dumps(payload))}" if payload else ""
    said = f"event {answer['event_id']}: {safe(name)}{carried}"
    click.echo(said if answer["is_new"] else f"{said} was there already: nothing new happens")
