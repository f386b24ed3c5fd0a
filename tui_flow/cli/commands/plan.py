"""`tui-flow plan FLOW`: what a run would do, as the console's form says beside its fields. Starts nothing."""

import time
from typing import TYPE_CHECKING, Any

import click

from tui_flow.cli.complete import flow_names
from tui_flow.cli.flow_paths import FlowPath, read_flow_path, settings_for
from tui_flow.cli.history import opened
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import print_json, print_lines
from tui_flow.cli.paint import painted, plain_ascii
from tui_flow.cli.parameters import assigned, moment_of, texts_of
from tui_flow.cli.run_requests import (
    current_flow,
    given_parameters,
    parameter_options,
    wish_options,
)
from tui_flow.contract.commands import DescribeFile, GetStatus
from tui_flow.contract.errors import EXIT_USAGE, UnknownFlow
from tui_flow.contract.states import ACTIVE
from tui_flow.iso_time import iso
from tui_flow.settings import Settings
from tui_flow.tui.presentation import plan, run_options, text_of
from tui_flow.tui.presentation.form import Form
from tui_flow.tui.presentation.glyphs import ASCII, UNICODE
from tui_flow.tui.presentation.run_options import RunOptions

if TYPE_CHECKING:
    from tui_flow.client.blocking import Connection
    from tui_flow.store.precedents import Precedents
    from tui_flow.store.records import Flow


@new_command(
    "tui-flow plan etl_daily -p date=yesterday\n"
    "tui-flow plan etl_daily --params-from 812 --skip 'mail_*'\n"
    "tui-flow plan etl_daily --json | jq .seconds.p95"
)
@click.argument("flow", shell_complete=lambda ctx, _, text: flow_names(ctx, text))
@parameter_options
@wish_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    flow: str,
    assignments: tuple[str, ...],
    params: str | None,
    params_from: str | None,
    preset: str | None,
    at: str | None,
    **wishes: Any,
) -> None:
    """Say what a run would do, and start nothing.

    Nobody can tell from the code, which is not run for it: this is what the last run did that did all of it, how long that takes,
    whether a slot is free, what differs from the last runs, and what is wrong with what was asked for. It takes what
    `run` takes. Exits with 0 where nothing is wrong, else with 2.
    """
    from tui_flow.client import connect
    from tui_flow.store import asked_for, precedents, runs

    if at:
        moment_of(at)
    path = read_flow_path(flow)
    found = settings() if path is None else settings_for(path.file)
    parameters = given_parameters(found, flow, params, params_from, preset)
    with connect(found) as connection:
        known = _flow(found, connection, flow, path)
        parameters |= assigned(texts_of(assignments), known.parameters, parameters)
        if path is None:
            parameters = {**_served_with(found, flow), **parameters}
        options = _options(found, connection, known, {"start": at or "now", **wishes})
        slots = plan.slots_of(connection.ask(GetStatus()))
    with opened(found) as db:
        before = precedents.read(db, known.name)
        active = runs.list_runs(db, flow=known.name, states=ACTIVE)
    options.know_called(before.task_names)
    last, good = (
        asked_for.asked_parameters(found.state_dir, run) if run else None
        for run in (before.last, before.good)
    )
    typed = plan.typed(Form(known.parameters, parameters), options, last, good)
    typed = typed._replace(problems=[*_unknown(known, parameters), *typed.problems])
    way = plan.way(slots, known, active, typed, time.time())
    if wants_json():
        print_json(_object(known, before, typed, text_of(way)))
    else:
        marks = ASCII if plain_ascii() else UNICODE
        lines = plan.whole(plan.summary(before, typed), way, before.tasks, before, typed, known.name, marks)
        print_lines(map(painted, lines))
    if typed.problems:
        ctx.exit(EXIT_USAGE)


def _flow(found: Settings, connection: "Connection", name: str, path: FlowPath | None) -> "Flow":
    """Raises UnknownFlow."""
    from tui_flow.store import flows
    from tui_flow.store.records import Flow

    if path is not None:
        told = connection.ask(DescribeFile(str(path.file), path.flow))
        with opened(found) as db:
            known = flows.get_flow(db, told["flow"])
        if known is None or found.project / known.path != path.file:
            known = Flow(told["flow"], str(path.file), path.flow, 1, "", {}, [], None)
        return known._replace(parameters=told["parameters"])
    known = current_flow(found, connection, name)
    if known is None:
        with opened(found) as db:
            near = flows.nearest_names(db, name)
        hint = f"did you mean {' or '.join(near)}?" if near else "tui-flow flows lists those there are"
        raise UnknownFlow(f"there is no flow {name!r}", next=hint)
    return known


def _served_with(found: Settings, name: str) -> dict[str, Any]:
    """The parameters of what a script serves under that name."""
    from tui_flow.store import served

    flow, slash, under = name.partition("/")
    if not slash:
        return {}
    with opened(found) as db:
        one = served.find_served(db, flow, under)
    return dict(one.parameters) if one else {}


def _options(found: Settings, connection: "Connection", flow: "Flow", wishes: dict[str, Any]) -> RunOptions:
    options = run_options.form_of(flow)
    wishes = {name: list(value) if isinstance(value, tuple) else value for name, value in wishes.items()}
    options.fill(
        {**{name: one for name, one in wishes.items() if one is not None}, "reuse": not wishes["refresh"]}
    )
    if wishes["skip"] or wishes["only"]:
        asked = DescribeFile(str(found.project / flow.path), flow.function, tasks=True)
        options.know_all(connection.ask(asked)["tasks"])
    return options


def _unknown(flow: "Flow", parameters: dict[str, Any]) -> list[str]:
    known = flow.parameters.get("properties", {})
    takes_any = flow.parameters.get("additionalProperties")
    return [] if takes_any else [f"it has no parameter {name}" for name in parameters if name not in known]


def _object(flow: "Flow", before: "Precedents", typed: plan.Typed, way: str) -> dict[str, Any]:
    """The same for programs."""
    p50, p95 = plan.usual_seconds(before) or (None, None)
    return {
        "flow": flow.name,
        "good_run": before.good.id if before.good else None,
        "usual_run": before.usual.id if before.usual else None,
        "last_run": before.last.id if before.last else None,
        "tasks": [
            {"name": task.name, "calls": task.calls, "how": task.how, "seconds": task.seconds}
            for task in plan.as_asked(before.tasks, typed)
        ],
        "seconds": {"p50": p50, "p95": p95},
        "begins_at": iso(typed.starts_at),
        "way": way,
        "differs_from_last": list(typed.differs_last),
        "differs_from_good": list(typed.differs_good),
        "problems": list(typed.problems),
    }
