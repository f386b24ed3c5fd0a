"""`tui-flow open PLACE`: the console, at a place of which somebody gave the address."""

import re
from typing import Any

import click

from tui_flow.cli.console import looks_options, open_console
from tui_flow.cli.history import find_alert, find_run, up_to_date
from tui_flow.cli.options import new_command, settings
from tui_flow.contract.errors import BadParameters
from tui_flow.tui.presentation.address import VIEWS, Address, Spot

_ALERT = re.compile(r"alert/(\d{1,18})")
_RUN = re.compile(r"run/(?P<run>[^/:]+)(?:/(?P<task>.+?))?(?::(?P<line>\d+))?")


@new_command(
    "tui-flow open run/812\ntui-flow open run/latest/load\ntui-flow open run/812/load:77\n"
    "tui-flow open alert/12\ntui-flow open logs/timeout\ntui-flow open 'runs/state:failed since:24h'\ntui-flow open schedule/etl",
    json=False,
)
@click.argument("place")
@looks_options
@click.pass_context
def command(ctx: click.Context, place: str) -> None:
    """Open the console at PLACE.

    PLACE is run/RUN, run/RUN/TASK, or with :LINE at its end a line of that log; alert/ALERT; or flows, runs, logs, schedule or
    alerts, with what to filter by or to look for behind a slash. TASK is a task's name, its run's name, or its number.
    """
    ctx.exit(open_console(address_of(place)))


def address_of(place: str) -> Address:
    """Raises BadParameters for what leads nowhere, UnknownRun, and UnknownAlert."""
    view, _, text = place.strip().strip("/").partition("/")
    if view in VIEWS:
        return Address(view, text)
    if alert := _ALERT.fullmatch(place.strip().strip("/")):
        with up_to_date(settings()) as db:
            return Address("alerts", alert_id=find_alert(db, int(alert[1])).id)
    found = _RUN.fullmatch(place.strip().strip("/"))
    if found is None:
        raise BadParameters(
            f"{place!r} is not a place in the console",
            next=f"try run/latest, run/812/load:77, alert/12, or one of {', '.join(VIEWS)}",
        )
    with up_to_date(settings()) as db:
        run = find_run(db, found["run"])
        task = (
            "" if found["task"] is None else _task(db, run.id, found["task"], is_needed=found["line"] is None)
        )
    line = None if found["line"] is None else max(0, int(found["line"]) - 1)
    return Address("runs", run_id=run.id, at=Spot(line, task))


def _task(db: Any, run_id: int, name: str, *, is_needed: bool) -> str:
    """The last task run of the run that is called so. With a line of the log, the console tells of one that is no more."""
    from tui_flow.store import tasks

    for task in reversed(tasks.list_tasks(db, run_id)):
        if name in (task.name, task.run_name, str(task.id)):
            return task.run_name
    if not is_needed:
        return name
    raise BadParameters(
        f"run {run_id} has no task {name!r}", next=f"list its tasks with: tui-flow show {run_id}"
    )
