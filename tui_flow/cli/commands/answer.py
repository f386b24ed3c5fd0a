"""`tui-flow answer RUN`: answers a run that waits for people, and lets it go on."""

import json
from collections.abc import Mapping
from typing import Any

import click

from tui_flow.cli.history import RunCommand, find_run, run_argument, up_to_date
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json
from tui_flow.cli.parameters import assigned, read_object, texts_of
from tui_flow.contract import questions
from tui_flow.contract.commands import AnswerRun
from tui_flow.contract.parameter_fit import kind
from tui_flow.contract.questions import Question
from tui_flow.contract.rundir import run_dir
from tui_flow.contract.secret_parameters import definitions_of
from tui_flow.safe import safe


@new_command(
    "tui-flow answer 12\n"
    "tui-flow answer latest -p approve=true -p reason=checked\n"
    "tui-flow answer 12 --params @answer.json\n"
    "tui-flow answer 12 --defaults\n"
    "tui-flow answer 12 --show",
    cls=RunCommand,
)
@run_argument
@click.option(
    "-p",
    "--param",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="A field; JSON or text; without =VALUE it is asked for.",
)
@click.option("--params", metavar="JSON|@FILE|-", help="All fields, as a JSON object.")
@click.option("--key", default="", help="Which of several questions; the oldest one by default.")
@click.option(
    "--defaults", is_flag=True, help="Take the default of each field that is not given, and ask for none."
)
@click.option("--show", is_flag=True, help="Only tell what the run asks for.")
def command(
    run: str, assignments: tuple[str, ...], params: str | None, key: str, defaults: bool, show: bool
) -> None:
    """Answer a run that is paused or suspended (pause_flow_run, suspend_flow_run), so that it goes on.

    With no field given, a terminal asks for each, and for a needed one that is missing; elsewhere --defaults has to say
    that the defaults are the answer. What does not fit what the run asks for is refused, with the reason for each field.
    """
    from tui_flow.client import connect

    found = settings()
    with up_to_date(found) as db:
        wanted = find_run(db, run)
    asked = [
        one for one in questions.open_questions(run_dir(found.state_dir, wanted.id)) if key in ("", one.key)
    ]
    if show:
        _show(wanted.id, asked)
        return
    values = read_object(params or "{}")
    values |= assigned(texts_of(assignments), asked[0].schema if asked else {}, values)
    if asked and not defaults:
        values |= _filled_in(asked[0], values, is_begun=bool(assignments or params is not None))
    with connect(found) as connection:
        told = connection.ask(AnswerRun(wanted.id, values, key))
    if wants_json():
        print_json({"run_id": wanted.id, **told})
    else:
        click.echo(f"run {wanted.id} has its answer, and goes on")


def _filled_in(question: Question, given: dict[str, Any], is_begun: bool) -> dict[str, Any]:
    """The fields that a person at the terminal has to say yet. Raises click.UsageError where nothing was answered, and
    nobody is there to be asked."""
    from tui_flow.cli.asking import ask_fields, can_ask

    needed = [name for name in question.schema.get("required") or () if name not in given]
    left = (
        needed
        if is_begun
        else [name for name in question.schema.get("properties") or {} if name not in given]
    )
    if left and can_ask():
        note(safe(question.description) or f"{safe(question.key)} asks for")
        return ask_fields(question.schema, left)
    if left and not needed:
        raise click.UsageError(
            f"no answer was given to {'; '.join(field_lines(question))}: give -p NAME=VALUE, or --defaults"
        )
    return {}


def _show(run_id: int, asked: list[Question]) -> None:
    if wants_json():
        print_json({"run_id": run_id, "questions": [one._asdict() for one in asked]})
    elif not asked:
        click.echo(f"run {run_id} does not wait for an answer")
    for one in asked if not wants_json() else ():
        click.echo(f"{safe(one.key)}: {safe(one.description) or 'asks for'}")
        for line in field_lines(one) or ["nothing but to go on"]:
            click.echo(f"  {line}")


def field_lines(question: Question) -> list[str]:
    """What it asks for: "approve: boolean", "reason: string = "none"", safe to print."""
    required, definitions = question.schema.get("required") or [], definitions_of(question.schema)
    properties: dict[str, Any] = question.schema.get("properties") or {}
    return [
        safe(_field(name, one, definitions, is_required=name in required)) for name, one in properties.items()
    ]


def _field(name: str, schema: Any, definitions: Mapping[str, Any], *, is_required: bool) -> str:
    schema = schema if isinstance(schema, dict) else {}
    default = "" if is_required or "default" not in schema else f" = {json.dumps(schema['default'])}"
    told = f"  {schema['description']}" if schema.get("description") else ""
    return f"{name}: {kind(schema, definitions)}{default}{told}"
