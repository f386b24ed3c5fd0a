"""`tui-flow artifacts`: what runs show to people."""

import shutil
import time
from collections.abc import Callable
from typing import Any

import click

from tui_flow.cli.history import find_run, up_to_date
from tui_flow.cli.options import limit_option, new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, print_table, style
from tui_flow.cli.paint import plain_ascii
from tui_flow.cli.shapes import artifact_object
from tui_flow.contract.errors import TuiFlowError, UnknownRun
from tui_flow.contract.states import TERMINAL
from tui_flow.safe import safe
from tui_flow.store.records import Artifact, FlowRun, TaskRun
from tui_flow.tui.presentation import artifacts as shown
from tui_flow.tui.presentation import text_of
from tui_flow.tui.presentation.glyphs import ASCII, UNICODE
from tui_flow.tui.presentation.times import moment

MakerOf = Callable[[Artifact], TaskRun | None]


@new_command(
    "tui-flow artifacts\ntui-flow artifacts 12\ntui-flow artifacts daily-report\ntui-flow artifacts 12 --json"
)
@click.argument("what", required=False, metavar="[RUN|KEY]")
@limit_option(100)
def command(what: str | None, limit: int) -> None:
    """Show the artifacts of a run, all versions of a key with the newest first, or list the newest of all."""
    from tui_flow.store import artifacts

    with up_to_date(settings()) as db:
        live = False
        if what is None:
            found = artifacts.list_latest(db, limit)
        else:
            found = artifacts.list_versions(db, what, limit)
            if not found:
                run = _run(db, what)
                found, live = artifacts.list_of_run(db, run.id, limit), run.state not in TERMINAL
        maker_of = _makers(db, found)
    if wants_json():
        print_json({"artifacts": [artifact_object(one, _name(maker_of(one))) for one in found]})
    elif not found:
        note("no artifacts" + ("" if what else ": create_markdown_artifact(…) in a flow makes one"))
    elif what is None:
        _list(found, maker_of)
    else:
        for artifact in found:
            maker = maker_of(artifact)
            is_over = maker is not None and maker.ended_at is not None
            _show(artifact, _name(maker), is_live=live and not is_over)


def _run(db: Any, what: str) -> FlowRun:
    try:
        return find_run(db, what)
    except TuiFlowError as error:
        if what.lstrip("-").isdigit():
            raise
        raise UnknownRun(f"no artifact has the key {what!r}, and it names no run", next=error.next) from None


def _makers(db: Any, found: list[Artifact]) -> MakerOf:
    """What gives the task run that made an artifact; None where it was the flow, or a script."""
    from tui_flow.store import tasks

    wanted: dict[int, set[int]] = {}
    for one in found:
        if one.run_id is not None and one.task_run:
            wanted.setdefault(one.run_id, set()).add(one.task_run)
    known = {run_id: tasks.get_tasks(db, run_id, ids) for run_id, ids in wanted.items()}

    return lambda artifact: known.get(artifact.run_id or 0, {}).get(artifact.task_run)


def _name(maker: TaskRun | None) -> str:
    """As the console has it."""
    return maker.run_name or maker.name if maker else ""


def _list(found: list[Artifact], maker_of: MakerOf) -> None:
    now = time.time()
    print_table(
        ("KEY", "TYPE", "RUN", "TASK", "WHEN", "WHAT"),
        [
            (
                safe(one.key or "-"),
                one.type,
                str(one.run_id or "-"),
                safe(_name(maker_of(one)) or "-"),
                moment(one.updated_at, now),
                safe(one.description or ""),
            )
            for one in found
        ],
    )


def _show(artifact: Artifact, maker: str, *, is_live: bool) -> None:
    now = time.time()
    made = f"run {artifact.run_id}" if artifact.run_id else "a script"
    of = f"  of {safe(maker)}" if maker else ""
    click.echo(
        f"{style(safe(shown.title(artifact)), bold=True)}{of}  {style(f'{made}, {moment(artifact.updated_at, now)}', dim=True)}"
    )
    marks = ASCII if plain_ascii() else UNICODE
    width = shutil.get_terminal_size().columns
    for line in shown.lines(artifact, width, marks, now, is_live=is_live):
        click.echo(safe(text_of(line)))
    click.echo()
