"""`tui-flow logs RUN`: what a run says."""

import time
from typing import Any

import click

from tui_flow.cli.history import RunCommand, find_run, run_argument, up_to_date
from tui_flow.cli.log_lines import LogReader, record_lines, record_object
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import json_line, print_lines
from tui_flow.contract.errors import RequestError
from tui_flow.contract.log import LEVELS
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.contract.states import TERMINAL
from tui_flow.store.records import FlowRun

_POLL_SECONDS = 0.2


@new_command(
    "tui-flow logs 12\n"
    "tui-flow logs latest -f\n"
    "tui-flow logs 12 --task load-3 --level WARNING\n"
    "tui-flow logs 12 --json | jq -r .message",
    cls=RunCommand,
)
@run_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the run is over.")
@click.option(
    "--task", metavar="ID|NAME", help="Only this task run, or all runs of this task, with what they called."
)
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default=LEVELS[0],
    help="This level or graver.",
)
def command(run: str, follow: bool, task: str | None, level: str) -> None:
    """Print a run's log, times in the local zone. With --json: one object a line, times in UTC.

    The file itself is plain text: .tui_flow/runs/<RUN>/log
    """
    found = settings()
    with up_to_date(found) as db:
        wanted = find_run(db, run)
        names = _Names(db, wanted.id)
        reader = LogReader(run_dir(found.state_dir, wanted.id) / LOG, level=level)
        while True:
            over = not follow or _is_over(db, wanted)
            task_runs = _task_runs(db, wanted.id, task) if task else None
            records = reader.new_records(task_runs, whole=over)
            if wants_json():
                print_lines(json_line(record_object(record, names.of)) for record in records)
            else:
                print_lines(line for record in records for line in record_lines(record, names.of))
            if over:
                return
            time.sleep(_POLL_SECONDS)


def _is_over(db: Any, run: FlowRun) -> bool:
    from tui_flow.store import runs

    now = runs.get_run(db, run.id)
    return now is None or now.state in TERMINAL


class _Names:
    """The names of task runs, each read when it is first needed."""

    def __init__(self, db: Any, run_id: int) -> None:
        self._db, self._run_id, self._known = db, run_id, {0: "flow"}

    def of(self, id: int) -> str:
        from tui_flow.store import tasks

        if id not in self._known:
            found = tasks.get_task(self._db, self._run_id, id)
            if found is None:
                return f"task {id}"
            self._known[id] = found.run_name
        return self._known[id]


def _task_runs(db: Any, run_id: int, task: str) -> set[int]:
    """The ids of a task run or of all runs of a task, and of what was called in them. Raises RequestError."""
    from tui_flow.store import tasks

    wanted: set[int] = set()
    for found in tasks.list_tasks(db, run_id):
        if task in (str(found.id), found.name, found.run_name) or found.parent in wanted:
            wanted.add(found.id)
    if not wanted:
        raise RequestError(
            f"run {run_id} has no task run {task!r}", next=f"list them with: tui-flow show {run_id}"
        )
    return wanted
