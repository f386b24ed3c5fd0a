"""`tui-flow debug RUN`: runs a run again, here, and looks at its first exception with pdb."""

import os
import sys

from tui_flow.cli.history import RunCommand, find_run, run_argument, up_to_date
from tui_flow.cli.options import new_command, settings
from tui_flow.contract.errors import NotRerunnable
from tui_flow.contract.rundir import ENV_PROJECT, read_spec, run_dir
from tui_flow.contract.states import TERMINAL


@new_command("tui-flow debug latest\ntui-flow debug 12", cls=RunCommand, json=False)
@run_argument
def command(run: str) -> None:
    """Run a run again in this terminal, as a run of its own, and look at its first exception with pdb.

    The flow file is taken as it is now. A task call that succeeded before, with equal arguments and equal code, gives the
    result that it gave. `breakpoint()` works, too. Leave the debugger with q: the run then ends as failed.
    """
    found = settings()
    with up_to_date(found) as db:
        wanted = find_run(db, run)
    directory = run_dir(found.state_dir, wanted.id)
    if wanted.state not in TERMINAL:
        raise NotRerunnable(
            f"run {wanted.id} is not over: {wanted.state}",
            next=f"see where it stands: tui-flow stack {wanted.id}",
        )
    spec = read_spec(directory)
    if spec is None or not spec.path:
        raise NotRerunnable(
            f"no flow file holds what run {wanted.id} ran", next="debug the script itself: python -m pdb"
        )
    if not sys.stdin.isatty():
        raise NotRerunnable("the debugger needs a terminal, and this is not one")
    os.environ[ENV_PROJECT] = str(found.project)
    # This process becomes the run: its terminal and its signals are the ones that one expects.
    os.execv(sys.executable, [sys.executable, "-m", "tui_flow.sdk.debugging", str(directory)])  # noqa: S606
