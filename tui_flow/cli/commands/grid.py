"""`tui-flow grid FLOW`: how each task of a flow went in its last runs."""

import shutil

import click

from tui_flow.cli.commands.runs import flow_name
from tui_flow.cli.complete import flow_names
from tui_flow.cli.history import up_to_date
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, print_lines
from tui_flow.cli.paint import painted, plain_ascii
from tui_flow.safe import safe
from tui_flow.tui.presentation import grid as shown
from tui_flow.tui.presentation.glyphs import ASCII, UNICODE


@new_command("tui-flow grid etl_daily\ntui-flow grid etl_daily --limit 10 --json | jq '.tasks.load'")
@click.argument("flow", shell_complete=lambda ctx, _, text: flow_names(ctx, text))
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=shown.MOST_RUNS,
    show_default=True,
    help="At most this many runs.",
)
def command(flow: str, limit: int) -> None:
    """Show the tasks of a flow against its last runs, the newest on the right.

    A cell is the gravest state of the task's runs in that run; a dot says that the run did not call it.
    """
    from tui_flow.store import runs, task_history

    with up_to_date(settings()) as db:
        name = flow_name(db, flow)
        last = runs.list_runs(db, flow=name, limit=limit)
        tasks = task_history.grid_of(db, name, runs.newest_id(db), limit)
    found = shown.Grid(last, tasks)
    if wants_json():
        print_json(
            {
                "runs": [{"run_id": run.id, "state": run.state} for run in reversed(last)],
                "tasks": {
                    task: {str(run.id): found.state(task, run) for run in reversed(last)}
                    for task in found.names
                },
            }
        )
    elif not last:
        note(f"{safe(name)} has no runs yet; start one with: tui-flow run {safe(name)}")
    else:
        marks, width = ASCII if plain_ascii() else UNICODE, shutil.get_terminal_size().columns
        columns = shown.columns(found, width)
        lines = [shown.head_line(found, width, len(columns) - 1, marks), *shown.rows(found, width, marks)]
        print_lines(map(painted, lines))
