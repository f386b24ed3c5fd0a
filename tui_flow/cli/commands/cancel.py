"""`tui-flow cancel RUN`: ends a run."""

import click

from tui_flow.cli.history import RunCommand, find_run, opened, run_argument
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import print_json
from tui_flow.contract.commands import CancelRun


@new_command("tui-flow cancel 12\ntui-flow cancel latest --kill", cls=RunCommand)
@run_argument
@click.option("--kill", is_flag=True, help="No grace: KILL the whole process tree at once.")
def command(run: str, kill: bool) -> None:
    """End a run and its whole process tree.

    It is asked first (TERM), and killed after `grace_seconds`. Returns once the engine has taken the order. A run that waits for a slot is cancelled at once; one that is
    over already is an error (2).
    """
    from tui_flow.client import connect

    found = settings()
    with connect(found) as connection:
        with opened(found) as db:
            wanted = find_run(db, run)
        state = connection.ask(CancelRun(wanted.id, kill=kill))["state"]
    if wants_json():
        print_json({"run_id": wanted.id, "state": state})
    else:
        click.echo(f"run {wanted.id} is {state}")
