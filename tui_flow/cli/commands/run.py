"""`tui-flow run FLOW`: runs a flow in the engine, and shows it until it is over."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui_flow.cli.complete import flow_names
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, style
from tui_flow.cli.paint import failure_lines, shape, took
from tui_flow.cli.parameters import read_object, split, value_of
from tui_flow.cli.shapes import run_object
from tui_flow.contract.commands import RunFlow, Sync
from tui_flow.contract.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_RUN_NOT_COMPLETED
from tui_flow.contract.states import FlowRunState
from tui_flow.safe import safe
from tui_flow.settings import Settings

if TYPE_CHECKING:
    from tui_flow.cli.watch import Step, View
    from tui_flow.client.blocking import Connection
    from tui_flow.store.records import Flow


@new_command(
    "tui-flow run hello -p name=Ada\n"
    "tui-flow run etl_daily --params @parameters.json --tag nightly\n"
    "RUN=$(tui-flow run etl_daily --detach)\n"
    "tui-flow run hello --json | jq .duration_seconds"
)
@click.argument("flow", shell_complete=lambda ctx, _, text: flow_names(ctx, text))
@click.option(
    "-p", "--param", "assignments", multiple=True, metavar="NAME=VALUE", help="A parameter; JSON or text."
)
@click.option("--params", metavar="JSON|@FILE|-", help="All parameters, as a JSON object.")
@click.option("--name", help="The run's own name.")
@click.option("--tag", "tags", multiple=True, help="A tag of this run; may be given several times.")
@click.option("--detach", is_flag=True, help="Print the run's number and return at once.")
@click.option("--log/--no-log", default=True, help="Show what the run says.  [default: log]")
@click.pass_context
def command(
    ctx: click.Context,
    flow: str,
    assignments: tuple[str, ...],
    params: str | None,
    name: str | None,
    tags: tuple[str, ...],
    detach: bool,
    log: bool,
) -> None:
    """Run a flow, and watch it until it is over.

    Exits with 0 if it completed, else with 1. Ctrl+C stops the watching only: the run goes on in the engine.
    """
    from tui_flow.client import connect

    found = settings()
    texts = dict(map(split, assignments))
    parameters = read_object(params) if params is not None else {}
    with connect(found) as connection:
        if texts:
            parameters |= parameter_values(found, connection, flow, texts)
        run_id = connection.ask(RunFlow(flow, parameters, name, list(tags), "command"))["run_id"]
    if detach and wants_json():
        print_json({"run_id": run_id})
    elif detach:
        click.echo(run_id)
    else:
        ctx.exit(watch_run(found, run_id, log=log))


def parameter_values(
    found: Settings, connection: "Connection", flow: str, texts: dict[str, str]
) -> dict[str, Any]:
    """The values of `-p` options, read as the flow's parameters ask for. An unknown flow is the engine's to refuse."""
    known = _described(found, flow)
    if known is None:
        connection.ask(Sync(files=True))
        known = _described(found, flow)
    schemas = known.parameters.get("properties", {}) if known else {}
    return {name: value_of(text, schemas.get(name, {})) for name, text in texts.items()}


def _described(found: Settings, name: str) -> "Flow | None":
    """The flow, if the history knows it, and knows it as its file is now."""
    from tui_flow.cli.history import opened
    from tui_flow.store import flows

    with opened(found) as db:
        flow = flows.get_flow(db, name)
        described_at = {file.path: file.described_at for file in flows.list_flow_files(db)}
    try:
        is_current = (
            flow is not None and (found.project / flow.path).stat().st_mtime < described_at[flow.path]
        )
    except OSError:
        return None
    return flow if is_current else None


def watch_run(found: Settings, run_id: int, *, log: bool, first_line: int = 0) -> int:
    """Shows the run to its end, and its log from that line on. Gives the exit code."""
    from tui_flow.cli.watch import steps

    view = _view(log=log)
    try:
        for step in steps(found, run_id, first_line=first_line):
            view.show(step)
    except KeyboardInterrupt:
        view.close()
        note(f"\nrun {run_id} goes on")
        note(f"  follow it with: tui-flow logs {run_id} -f")
        note(f"  cancel it with: tui-flow cancel {run_id}")
        return EXIT_INTERRUPTED
    finally:
        view.close()
    _tell_end(step, found.project)
    return EXIT_OK if step.run.state is FlowRunState.COMPLETED else EXIT_RUN_NOT_COMPLETED


def _view(*, log: bool) -> "View":
    """Redrawn in a terminal, line by line elsewhere; silent with --json."""
    from tui_flow.cli.live import LiveView
    from tui_flow.cli.plain import PlainView, SilentView

    if wants_json():
        return SilentView()
    draws = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return LiveView(log=log) if draws else PlainView(log=log)


def _tell_end(step: "Step", project: Path) -> None:
    run, failure = step.run, step.run.failure
    if wants_json():
        print_json(
            {**run_object(run), "tasks": {state.value: n for state, n in step.forest.counts.items() if n}}
        )
        return
    click.echo(f"{shape(run.state)} run {run.id} {style(run.state, bold=True)} after {took(run)}")
    if run.state is FlowRunState.COMPLETED:
        return
    lines = failure_lines(failure, project) if failure else [safe(run.message)]
    for line in (*lines, *_first_failure(step, project), f"tui-flow logs {run.id}"):
        click.echo(f"  {line}")


def _first_failure(step: "Step", project: Path) -> list[str]:
    """What failed first, where the flow itself tells of something else, such as an upstream that failed."""
    told = step.run.failure
    task = step.forest.cause(told)
    if told is None or task is None or task.failure is None or task.failure[:2] == told[:2]:
        return []
    return [f"first failed: {safe(task.run_name)}", *failure_lines(task.failure, project)]
