"""`tui-flow show RUN`: one run, with its tasks, parameters and error."""

import json
import re
import time

import click

from tui_flow.cli.history import RunCommand, find_run, run_argument, up_to_date
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import print_json, style
from tui_flow.cli.paint import failure_lines, state_text, took
from tui_flow.cli.shapes import attempt_object, run_object, task_object
from tui_flow.cli.waiting import why_they_wait
from tui_flow.contract.asked_by import parent_of
from tui_flow.contract.errors import UnknownRun
from tui_flow.contract.left_out import in_words
from tui_flow.contract.rundir import LOG, read_spec, run_dir
from tui_flow.contract.states import FlowRunState
from tui_flow.safe import safe
from tui_flow.settings import Settings
from tui_flow.store.records import Attempt, FlowRun, TaskRun
from tui_flow.tui.presentation.about import used, waited_text
from tui_flow.tui.presentation.times import moment

_TASK_RUN = re.compile(r"(\d{1,18})-(\d{1,9})")


@new_command(
    "tui-flow show latest\ntui-flow show 12-5\ntui-flow show 12 --json | jq '.tasks[] | select(.state == \"failed\")'",
    cls=RunCommand,
)
@run_argument
def command(run: str) -> None:
    """Show one run, with its tasks and its error; of 12-5, the fifth task run of run 12 with those below it.

    The task runs of one map call share a line, and some that failed have their own; --json has them all. Behind each
    stands what it was called with.
    """
    from tui_flow.cli.tree_lines import tree_lines
    from tui_flow.store import runs, schedules, tasks
    from tui_flow.tui.presentation.tree import TaskForest

    found = settings()
    with up_to_date(found) as db:
        of_task = _TASK_RUN.fullmatch(run)
        wanted = find_run(db, of_task[1] if of_task else run)
        task_runs = tasks.list_tasks(db, wanted.id)
        if of_task:
            task_runs = _below(task_runs, int(of_task[2]), wanted.id)
        attempts = runs.list_attempts(db, wanted.id)
        decided = schedules.fire_time_of_run(db, wanted.id)
    spec = read_spec(run_dir(found.state_dir, wanted.id))
    if wants_json():
        parent = parent_of(wanted.trigger)
        print_json(
            {
                **run_object(wanted),
                "parent": dict(zip(("run_id", "task"), parent, strict=True)) if parent else None,
                "fired_by": decided.cause if decided else None,
                "skip": spec.skip if spec else [],
                "only": spec.only if spec else [],
                "tasks": [task_object(task) for task in task_runs],
                "earlier_attempts": [attempt_object(attempt) for attempt in attempts],
            }
        )
        return
    waits = why_they_wait(found, [wanted])
    for name, text in (
        *_facts(wanted, attempts, decided.message if decided and decided.cause else ""),
        *([("waits", waits[wanted.id])] if wanted.id in waits else []),
        *([("left out", safe(in_words(spec.skip, spec.only)))] if spec and (spec.skip or spec.only) else []),
        *_questions(found, wanted),
        ("log", safe(str(run_dir(found.state_dir, wanted.id) / LOG))),
    ):
        click.echo(f"{style(f'{name:<11}', dim=True)} {text}")
    click.echo()
    forest = TaskForest()
    forest.update(task_runs)
    click.echo("\n".join(tree_lines(wanted, forest, in_detail=True)))
    failure = task_runs[0].failure if of_task else wanted.failure
    if failure is not None:
        click.echo("\n" + "\n".join(failure_lines(failure, found.project, traceback=True)))


def _below(task_runs: list[TaskRun], number: int, run_id: int) -> list[TaskRun]:
    """The task run of that number, as if nothing were above it, and those below it. Raises UnknownRun."""
    found = [one._replace(parent=0) for one in task_runs if one.id == number]
    if not found:
        raise UnknownRun(
            f"run {run_id} has no task run {number}", next=f"list them with: tui-flow show {run_id}"
        )
    known = {number}
    for one in task_runs:  # a parent has its number before those below it
        if one.parent in known:
            known.add(one.id)
            found.append(one)
    return found


def _questions(found: Settings, run: FlowRun) -> list[tuple[str, str]]:
    """What it asks people, while it is paused."""
    from tui_flow.cli.commands.answer import field_lines
    from tui_flow.contract import questions

    if run.state is not FlowRunState.PAUSED:
        return []
    told = []
    for one in questions.open_questions(run_dir(found.state_dir, run.id)):
        told.append(("asks for", ", ".join(field_lines(one)) or safe(one.description) or "a go-ahead"))
    return told


def _facts(run: FlowRun, attempts: list[Attempt], fired_by: str) -> list[tuple[str, str]]:
    """What there is to say in one line each; what is empty is left out."""
    now = time.time()
    waited = run.waited_seconds(now)
    began = (
        f"{moment(run.started_at, now)}, {took(run, now)}" + (f", {waited_text(waited)}" if waited else "")
        if run.started_at
        else f"not yet; asked for {moment(run.created_at, now)}"
    )
    name = f" ({safe(run.state_name)})" if run.state_name.lower() != run.state else ""
    parent = parent_of(run.trigger)
    told = run.state is FlowRunState.COMPLETED or run.failure is not None or not run.message
    why = "" if told else f": {safe(run.message)}"
    facts = [
        ("run", f"{run.id} {safe(run.run_name)}"),
        ("flow", f"{safe(run.flow)}  {safe(run.path)}"),
        ("state", f"{state_text(run.state)}{name}{why}"),
        ("began", began),
        ("asked by", safe(f"{run.trigger} {run.schedule or ''}".rstrip())),
        ("parent", "" if parent is None else f"run {parent[0]}, as its task {parent[1]}"),
        ("fired by", safe(fired_by)),
        ("served as", safe(f"{run.flow}/{run.served}") if run.served else ""),
        ("runs for", "" if run.scheduled_for is None else moment(run.scheduled_for, now)),
        ("due", "" if run.due_at is None else moment(run.due_at, now)),
        (
            "parameters",
            "  ".join(safe(f"{key}={json.dumps(value)}") for key, value in run.parameters.items()),
        ),
        ("priority", str(run.priority) if run.priority else ""),
        ("tags", safe(", ".join(run.tags))),
        ("attempt", _attempts(run, attempts)),
        ("tries", str(run.tries) if run.tries > 1 else ""),
        ("exit", "" if not run.exit_code else f"code {run.exit_code}"),
        ("signal", safe(run.signal or "")),
        ("used", used(run)),
    ]
    return [(name, text) for name, text in facts if text]


def _attempts(run: FlowRun, attempts: list[Attempt]) -> str:
    """ "3, after failed, crashed"; empty for the first one."""
    before = ", ".join(
        "suspended" if attempt.state_name == "Suspended" else attempt.state for attempt in attempts
    )
    return f"{run.attempt}, after {before}" if before else ""
