"""`tui-flow logs RUN`: what a run says."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from tui_flow.cli.history import RunCommand, find_run, run_argument, up_to_date
from tui_flow.cli.log_lines import LogReader, record_lines, record_object
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import json_line, print_lines
from tui_flow.cli.watch import steps
from tui_flow.contract.errors import RequestError
from tui_flow.contract.log import LEVELS, LogRecord
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.contract.states import TERMINAL
from tui_flow.store.records import FlowRun, TaskRun


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
    help="This level or higher.",
)
def command(run: str, follow: bool, task: str | None, level: str) -> None:
    """Print a run's log, times in the local zone. With --json: one object a line, times in UTC.

    The file itself is plain text: .tui_flow/runs/<RUN>/log
    """
    found = settings()
    with up_to_date(found) as db:
        wanted = find_run(db, run)
        path = run_dir(found.state_dir, wanted.id) / LOG
        _require_readable(path, wanted)
        if not follow:
            reader = LogReader(path, level=level)
            _print(
                reader.new_records(_task_runs(db, wanted.id, task) if task else None), _Names(db, wanted).of
            )
            return
    for step in steps(found, wanted.id, level=level):
        chosen = _matching(step.forest.tasks.values(), task) if task else None
        _print((record for record in step.records if chosen is None or record.task_run in chosen), step.who)


def _require_readable(path: Path, run: FlowRun) -> None:
    """Raises RequestError where there is a log to be had, and it cannot be read."""
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        never_began = run.started_at is None or run.state not in TERMINAL
        if isinstance(error, FileNotFoundError) and never_began:
            return
        raise RequestError(
            f"cannot read the log of run {run.id}: {error.strerror}",
            where=str(path),
            next=f"what the history has of it: tui-flow show {run.id}",
        ) from None


def _print(records: Iterable[LogRecord], who: Callable[[int], str]) -> None:
    if wants_json():
        print_lines(json_line(record_object(record, who)) for record in records)
    else:
        print_lines(line for record in records for line in record_lines(record, who))


class _Names:
    """The names of task runs, each read when it is first needed."""

    def __init__(self, db: Any, run: FlowRun) -> None:
        self._db, self._run_id, self._known = db, run.id, {0: run.flow}

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

    chosen = _matching(tasks.list_tasks(db, run_id), task)
    if not chosen:
        raise RequestError(
            f"run {run_id} has no task run {task!r}", next=f"list them with: tui-flow show {run_id}"
        )
    return chosen


def _matching(task_runs: Iterable[TaskRun], task: str) -> set[int]:
    """The same for task runs in the order of their ids; empty where there is none."""
    chosen: set[int] = set()
    for found in task_runs:
        if task in (str(found.id), found.name, found.run_name) or found.parent in chosen:
            chosen.add(found.id)
    return chosen
