"""`tui-flow diff RUN [OTHER]`: what changed since the last success."""

import time
from typing import Any

import click

from tui_flow.cli.history import find_run, run_argument, up_to_date
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import print_json, print_lines
from tui_flow.cli.paint import painted, plain_ascii
from tui_flow.contract.errors import UnknownRun
from tui_flow.store import what_changed
from tui_flow.store.what_changed import WhatChanged
from tui_flow.tui.presentation import differences
from tui_flow.tui.presentation.glyphs import ASCII, UNICODE


@new_command("tui-flow diff latest\ntui-flow diff 812 809\ntui-flow diff 812 --json | jq .parameters")
@run_argument
@click.argument("other", required=False, metavar="[OTHER]")
def command(run: str, other: str | None) -> None:
    """Tell what changed between a run and another one: parameters, versions, the first line of the log that differs, and
    the code.

    OTHER is the last run of the same flow that completed before it, unless it is given.
    """
    found = settings()
    with up_to_date(found) as db:
        wanted = find_run(db, run)
        before = find_run(db, other) if other else what_changed.last_success(db, wanted)
        if before is None:
            raise UnknownRun(
                f"no run of {wanted.flow} completed before run {wanted.id}",
                next=f"name the other one: tui-flow diff {wanted.id} OTHER",
            )
        sides = what_changed.read_sides(db, wanted, before)
    changed = what_changed.compare(found.state_dir, sides)
    if wants_json():
        print_json(_object(changed))
        return
    marks = ASCII if plain_ascii() else UNICODE
    print_lines(map(painted, differences.difference_lines(changed, marks, time.time())))


command.context_settings["ignore_unknown_options"] = True  # so that both runs may be called -1, -2 …


def _object(changed: WhatChanged) -> dict[str, Any]:
    log = changed.log
    return {
        "run_id": changed.run.id,
        "other": changed.other.id,
        "files": [change._asdict() for change in changed.files],
        "parameters": [change._asdict() for change in changed.parameters],
        "environment": [change._asdict() for change in changed.environment],
        "log": None if log is None else {
            "who": log.who,
            "before": log.before and {**log.before._asdict(), "line": log.before.line + 1},
            "now": log.now and {**log.now._asdict(), "line": log.now.line + 1},
        },
        "notes": changed.notes,
    }  # fmt: skip
