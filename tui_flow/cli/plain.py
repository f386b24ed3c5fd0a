"""A run on an output that is no terminal: one line for each thing that happens, nothing is ever redrawn."""

import time

import click

from tui_flow.cli.log_lines import record_lines
from tui_flow.cli.paint import shape
from tui_flow.cli.tree_lines import group_facts, task_facts
from tui_flow.cli.watch import Step
from tui_flow.contract.states import TASK_TERMINAL, TaskRunState
from tui_flow.safe import safe
from tui_flow.store.records import TaskRun
from tui_flow.tui.presentation.times import clock

_GROUP_SECONDS = 5.0
"""A map call that goes on says so this often at most."""


class SilentView:
    """For --json: what there is to say is said at the end."""

    def show(self, step: Step) -> None:
        """Says nothing."""

    def close(self) -> None:
        """There is nothing to put back."""


class PlainView:
    """Task runs as they begin and end; those of one map call together."""

    def __init__(self, *, log: bool) -> None:
        self._log = log
        self._states: dict[int, TaskRunState] = {}
        self._group_said_at: dict[int, float] = {}
        self._begun = False

    def show(self, step: Step) -> None:
        if not self._begun:
            self._begun = True
            click.echo(f"run {step.run.id} of {safe(step.run.flow)}: {safe(step.run.run_name)}")
        if self._log:
            for record in step.records:
                click.echo("\n".join(record_lines(record, step.who)))
        groups = dict.fromkeys(task.map_id for task in step.changed if task.map_id is not None)
        for task in step.changed:
            if task.map_id is None:
                self._tell_task(task)
        for map_id in groups:
            self._tell_group(step, map_id)

    def close(self) -> None:
        """There is nothing to put back."""

    def _tell_task(self, task: TaskRun) -> None:
        before = self._states.get(task.id)
        self._states[task.id] = task.state
        if task.state is before or task.state is TaskRunState.PENDING:
            return
        at = (task.ended_at if task.state in TASK_TERMINAL else task.started_at) or task.created_at
        facts = task_facts(task, time.time()).strip()
        click.echo(f"{clock(at)}     {shape(task.state)} {safe(task.run_name)}  {facts}".rstrip())

    def _tell_group(self, step: Step, map_id: int) -> None:
        group, now = step.forest.groups[map_id], time.time()
        over = group.state in TASK_TERMINAL
        if not over and now - self._group_said_at.get(map_id, 0.0) < _GROUP_SECONDS:
            return
        self._group_said_at[map_id] = now
        name = f"{safe(group.name)}[{len(group.members)}]"
        click.echo(
            f"{clock(now)}     {shape(group.state)} {name}  {group_facts(group, now).strip()}".rstrip()
        )
