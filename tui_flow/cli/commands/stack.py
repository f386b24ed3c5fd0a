"""`tui-flow stack RUN`: the line that each thread of a running run is at."""

import time
from typing import Any

import click

from tui_flow.cli.history import RunCommand, find_run, run_argument, up_to_date
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import print_json, print_lines, style
from tui_flow.cli.paint import took
from tui_flow.safe import safe
from tui_flow.store.sources import source_lines
from tui_flow.tui.presentation.stacks import SourceOf, stack_lines
from tui_flow.tui.presentation.tracebacks import is_library

_STYLES: dict[str, dict[str, Any]] = {
    "process": {"bold": True}, "thread": {"fg": "cyan"}, "own": {}, "source": {"fg": "yellow"},
    "library": {"dim": True}, "note": {"dim": True},
}  # fmt: skip


@new_command("tui-flow stack latest\ntui-flow stack 12 --all", cls=RunCommand)
@run_argument
@click.option(
    "--all", "all_frames", is_flag=True, help="Every frame of every thread, those of libraries too."
)
def command(run: str, all_frames: bool) -> None:
    """Show where a running run stands: the line of each of its threads, and the task that it works on.

    The innermost call comes last, as in a traceback. It works while the run hangs, too, and lets it go on.
    """
    from tui_flow.client.stacks import ask_for_stacks
    from tui_flow.store import tasks

    found = settings()
    with up_to_date(found) as db:
        wanted = find_run(db, run)
        at_work = [task.run_name for task in tasks.list_tasks(db, wanted.id) if task.state == "running"]
    processes = ask_for_stacks(found.state_dir, wanted)
    source_of = source_lines(found.state_dir, wanted)
    if wants_json():
        told = [_object(process._asdict(), source_of) for process in processes]
        print_json({"run_id": wanted.id, "flow": wanted.flow, "state": wanted.state, "processes": told})
        return
    click.echo(f"run {wanted.id} of {safe(wanted.flow)}: {wanted.state} for {took(wanted, time.time())}")
    if at_work and any(
        one.how == "dumped" or one.note for one in processes
    ):  # they do not say who works on what
        click.echo(style(f"at work: {safe(', '.join(at_work))}", dim=True))
    lines = stack_lines(processes, found.project, source_of, all_frames=all_frames)
    print_lines(style(line.text, **_STYLES[line.role]) for line in lines)


def _object(process: dict[str, Any], source_of: SourceOf) -> dict[str, Any]:
    threads = process.pop("standings")
    return {
        **process,
        "threads": [
            {
                **standing._asdict(),
                "frames": [
                    {
                        **frame._asdict(),
                        "is_library": is_library(frame.path),
                        "source": "" if is_library(frame.path) else source_of(frame),
                    }
                    for frame in standing.frames
                ],
            }
            for standing in threads
        ],
    }
