"""`tui-flow run FLOW`: runs a flow in the engine, and shows it until it is over."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tui_flow.cli.complete import flow_names
from tui_flow.cli.flow_paths import FlowPath, read_flow_path, settings_for, text_of, wait_for_save
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import Shown, note, print_json, style
from tui_flow.cli.paint import failure_lines, shape, took
from tui_flow.cli.parameters import assigned, moment_of, texts_of
from tui_flow.cli.run_requests import (
    current_flow,
    given_parameters,
    parameter_options,
    wish_options,
)
from tui_flow.cli.shapes import run_object
from tui_flow.contract.commands import DescribeFile, RunFile, RunFlow, RunServed
from tui_flow.contract.errors import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_RUN_NOT_COMPLETED,
    BadParameters,
    RequestError,
    UnknownFlow,
)
from tui_flow.contract.states import FlowRunState
from tui_flow.iso_time import iso
from tui_flow.safe import safe
from tui_flow.settings import Settings
from tui_flow.tui.presentation.times import moment

if TYPE_CHECKING:
    from tui_flow.cli.watch import Step, View
    from tui_flow.client.blocking import Connection


@new_command(
    "tui-flow run hello -p name=Ada\n"
    "tui-flow run etl_daily --params @parameters.json --tag nightly\n"
    "tui-flow run etl_daily --params-from 812 -p date=yesterday -p tags=core,rerun -p config.batch=500\n"
    "RUN=$(tui-flow run etl_daily --detach)\n"
    "tui-flow run etl_daily --at 'tomorrow 03:00' --priority 5 --refresh\n"
    "tui-flow run etl_daily --skip 'mail_*' --skip publish\n"
    "tui-flow run hello --json | jq .duration_seconds\n"
    "tui-flow run work/etl.py:daily --watch"
)
@click.argument("flow", shell_complete=lambda ctx, _, text: flow_names(ctx, text))
@parameter_options
@click.option("--name", help="The run's own name.")
@click.option("--tag", "tags", multiple=True, help="A tag of this run; may be given several times.")
@wish_options
@click.option("--detach", is_flag=True, help="Print the run's number and return at once.")
@click.option("--log/--no-log", default=True, help="Show what the run says.  [default: log]")
@click.option("--watch", is_flag=True, help="Run it again whenever its file is saved, until Ctrl+C.")
@click.pass_context
def command(
    ctx: click.Context,
    flow: str,
    assignments: tuple[str, ...],
    params: str | None,
    params_from: str | None,
    preset: str | None,
    name: str | None,
    tags: tuple[str, ...],
    at: str | None,
    priority: int | None,
    refresh: bool,
    skip: tuple[str, ...],
    only: tuple[str, ...],
    detach: bool,
    log: bool,
    watch: bool,
) -> None:
    """Run a flow, and watch it until it is over.

    FLOW is the name of a flow in flows/, or the path of any file with one: work/etl.py, or work/etl.py:daily where it
    has several; or what a script serves, etl/nightly. What says `import prefect` runs as it is.

    A secret is not to stand in a command: `-p token` asks for it, as for one that is needed and missing.

    A task that is left out is not called: it is skipped, gives None to whoever uses it, and runs nothing that it would
    call. A rerun leaves out the same.

    Exits with 0 if it completed, else with 1. Ctrl+C stops the watching only: the run goes on in the engine.
    """
    if watch and (detach or wants_json() or at):
        raise click.UsageError(
            "--watch shows one run after the other: neither --detach, --json nor --at goes with it"
        )
    if not all(map(str.strip, tags)):
        raise click.UsageError("--tag: a tag has at least one letter")
    begins_at = moment_of(at) if at else None
    path = read_flow_path(flow)
    found = settings() if path is None else settings_for(path.file)
    parameters = given_parameters(found, flow, params, params_from, preset)
    asked: dict[str, Any] = {"run_name": name, "tags": list(tags), "scheduled_for": begins_at}
    asked |= {"priority": priority, "refresh": refresh, "skip": list(skip), "only": list(only)}
    wish = Wish(found, flow, path, texts_of(assignments), parameters, asked)
    if watch:
        ctx.exit(_run_at_every_save(wish, log=log))
    run_id = _start(wish)
    if begins_at is not None and begins_at > time.time():
        _tell_start(run_id, begins_at, is_detached=detach)
    elif detach and wants_json():
        print_json({"run_id": run_id})
    elif detach:
        click.echo(run_id)
    else:
        ctx.exit(watch_run(found, run_id, log=log))


class Wish(NamedTuple):
    """What to run."""

    settings: Settings
    flow: str
    path: FlowPath | None
    """Where a file was named."""
    texts: dict[str, str | None]
    """The `-p` options."""
    parameters: dict[str, Any]
    """Those of `--params` and `--params-from`."""
    asked: dict[str, Any]
    """Further fields of the command: name, tags, when it begins."""


def _start(wish: Wish) -> int:
    """Asks the engine for the run, and gives its number. Asks at the terminal for secrets that it misses."""
    from tui_flow.cli.asking import ask_secrets
    from tui_flow.client import connect

    with connect(wish.settings) as connection:
        parameters = wish.parameters
        if wish.texts:
            parameters = parameters | assigned(wish.texts, _schema(connection, wish), parameters)
        try:
            return int(connection.ask(_command(wish, parameters))["run_id"])
        except BadParameters:
            asked = ask_secrets(_schema(connection, wish), parameters)
            if asked == parameters:
                raise
            return int(connection.ask(_command(wish, asked))["run_id"])


def _command(wish: Wish, parameters: dict[str, Any]) -> RunFlow | RunFile | RunServed:
    if wish.path is not None:
        return RunFile(str(wish.path.file), wish.path.flow, parameters, **wish.asked)
    flow, slash, served = wish.flow.partition("/")
    return (
        RunServed(flow, served, parameters, **wish.asked)
        if slash
        else RunFlow(wish.flow, parameters, **wish.asked)
    )


def _schema(connection: "Connection", wish: Wish) -> dict[str, Any]:
    """That of the flow's parameters; empty for an unknown flow, which is the engine's to refuse."""
    if wish.path is None:
        known = current_flow(wish.settings, connection, wish.flow)
        return known.parameters if known else {}
    told = connection.ask(DescribeFile(str(wish.path.file), wish.path.flow))
    return dict(told["parameters"])


def _tell_start(run_id: int, begins_at: float, *, is_detached: bool) -> None:
    if wants_json():
        print_json({"run_id": run_id, "scheduled_for": iso(begins_at)})
        return
    if is_detached:
        click.echo(run_id)
    tell = note if is_detached else click.echo
    tell(f"run {run_id} begins {moment(begins_at, time.time())}, as soon as a slot is free then")
    note(f"  tui-flow cancel {run_id} takes it back")


def _run_at_every_save(wish: Wish, *, log: bool) -> int:
    """Runs, shows, and begins again when the file has been saved, also if that was meanwhile. Gives the exit code of
    Ctrl+C."""
    file = wish.path.file if wish.path else _file_of(wish)
    while True:
        text = text_of(file)
        try:
            if watch_run(wish.settings, _start(wish), log=log) == EXIT_INTERRUPTED:
                return EXIT_INTERRUPTED
        except RequestError as error:  # such as a file that is broken: the next save may mend it
            Shown(error, as_json=False).show()
        note(f"waiting for {safe(file.name)} to be saved; Ctrl+C ends this")
        try:
            wait_for_save(file, text)
        except KeyboardInterrupt:
            return EXIT_INTERRUPTED


def _file_of(wish: Wish) -> Path:
    """The file that a flow is in. Raises UnknownFlow."""
    from tui_flow.client import connect

    with connect(wish.settings) as connection:
        known = current_flow(wish.settings, connection, wish.flow)
    if known is None:
        raise UnknownFlow(
            f"there is no flow {wish.flow!r} to watch", next="tui-flow flows lists those there are"
        )
    return wish.settings.project / known.path


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
