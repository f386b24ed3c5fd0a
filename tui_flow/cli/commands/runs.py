"""`tui-flow runs`: the newest runs."""

import time
from typing import Any

import click

from tui_flow.cli.complete import flow_names
from tui_flow.cli.history import up_to_date
from tui_flow.cli.options import limit_option, new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, print_table
from tui_flow.cli.paint import state_text, took
from tui_flow.cli.shapes import run_object
from tui_flow.cli.waiting import why_they_wait
from tui_flow.contract.errors import UnknownFlow
from tui_flow.contract.states import FlowRunState
from tui_flow.safe import safe
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import orders
from tui_flow.tui.presentation.times import moment


@new_command(
    "tui-flow runs\n"
    "tui-flow runs --flow etl_daily --state failed --state crashed\n"
    "tui-flow runs --limit 1000 --sort duration\n"
    "tui-flow runs --limit 1000 --json | jq '.runs[] | select(.duration_seconds > 60) | .run_id'"
)
@click.option(
    "--flow", shell_complete=lambda ctx, _, text: flow_names(ctx, text), help="Only runs of this flow."
)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in FlowRunState]),
    metavar="STATE",
    help="Only runs in this state; may be given several times.",
)
@limit_option(20)
@click.option(
    "--sort",
    "order",
    type=click.Choice([order.name for order in orders.RUNS]),
    default=orders.RUNS[0].name,
    show_default=True,
    help="The order in which those newest ones are listed.",
)
def command(flow: str | None, states: tuple[str, ...], limit: int, order: str) -> None:
    """List the newest runs, the last one first; of one that waits, why it does."""
    from tui_flow.store import runs

    project = settings()
    with up_to_date(project) as db:
        name = flow_name(db, flow) if flow else None
        wanted = {FlowRunState(state) for state in states} or None
        found = runs.list_runs(db, flow=name, states=wanted, limit=limit)
    found = orders.runs(found, order, time.time())
    waits = why_they_wait(project, found)
    if wants_json():
        print_json({"runs": [{**run_object(run), "waits": waits.get(run.id)} for run in found]})
        return
    if not found:
        note("no runs" if flow or states else "no runs yet; start one with: tui-flow run FLOW")
        return
    now = time.time()
    print_table(("RUN", "FLOW", "STATE", "MADE", "TOOK", "NAME"), [_row(run, waits, now) for run in found])


def flow_name(db: Any, name: str) -> str:
    """The flow's own name. A flow that is gone, but has runs, is meant by its exact name."""
    from tui_flow.store import flows, runs

    known = flows.get_flow(db, name)
    if known is not None:
        return known.name
    if runs.list_runs(db, flow=name, limit=1):
        return name
    near = ", ".join(flows.nearest_names(db, name))
    raise UnknownFlow(
        f"there is no flow {name!r}, and no run of one",
        next=f"did you mean {near}?" if near else "tui-flow flows",
    )


def _row(run: FlowRun, waits: dict[int, str], now: float) -> tuple[str, ...]:
    """Of a run that waits, why it does stands beside its name, which it mostly has not got yet."""
    made = moment(run.created_at, now)
    name = "  ".join(filter(None, (safe(run.run_name), waits.get(run.id, ""))))
    return str(run.id), safe(run.flow), state_text(run.state), made, took(run, now), name
