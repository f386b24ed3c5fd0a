"""`tui-flow profiles`: the projects whose console was opened here."""

import time

from tui_flow.cli.options import new_command, wants_json
from tui_flow.cli.output import note, print_json, print_table
from tui_flow.client import projects
from tui_flow.iso_time import iso
from tui_flow.safe import safe
from tui_flow.tui.presentation.times import moment


@new_command(
    "tui-flow profiles\ntui-flow profiles --json | jq -r '.profiles[] | select(.engine == \"running\").path'"
)
def command() -> None:
    """List the projects whose console you have opened, the last one first, and whether their engines run.

    The console goes to one of them with @.
    """
    found = [
        (one, *projects.engine_of(one.project)) for one in projects.list_opened(projects.path_of_projects())
    ]
    if wants_json():
        print_json(
            {
                "profiles": [
                    {
                        "name": one.name,
                        "path": str(one.project),
                        "engine": engine,
                        "pid": pid,
                        "opened_at": iso(one.opened_at),
                    }
                    for one, engine, pid in found
                ]
            }
        )
    elif not found:
        note("no console has been opened yet; tui-flow opens one")
    else:
        now = time.time()
        rows = [
            (safe(one.name), engine, moment(one.opened_at, now), safe(str(one.project)))
            for one, engine, _ in found
        ]
        print_table(("NAME", "ENGINE", "OPENED", "PATH"), rows)
