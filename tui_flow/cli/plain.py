"""A run on an output that is no terminal: one line for each thing that happens, nothing is ever redrawn."""

import time
from datetime import datetime

import click

from tui_flow.cli.log_lines import record_lines
from tui_flow.cli.paint import shape
from tui_flow.cli.tree_lines import group_facts, task_facts
from tui_flow.cli.watch import Step
from tui_flow.contract.log import LogRecord
from tui_flow.contract.states import TASK_TERMINAL, TaskRunState
from tui_flow.safe import safe
from tui_flow.store.records import TaskRun

_GROUP_SECONDS = 5.0
"""A map call that goes on says so this often at most."""

_News = tuple[float, str]
"""When something happened, and what."""


class SilentView:
    """For --json: what there is to say is said at the end."""

    def show(self, step: Step) -> None:
        """Says nothing."""

    def close(self) -> None:
        """There is nothing to put back."""


class PlainView:
    """Log lines, and task runs as they begin and end; those of one map call together."""

    def __init__(self, *, log: bool) -> None:
        self._log = log
        self._states: dict[int, TaskRunState] = {}
        self._group_said_at: dict[int, float] = {}
        self._begun = False

    def show(self, step: Step) -> None:
        if not self._begun:
            self._begun = True
            click.echo(f"run {step.run.id} of {safe(step.run.flow)}")
        groups = dict.fromkeys(task.map_id for task in step.changed if task.map_id is not None)
        news = [
            *(
                (_time(record), "\n".join(record_lines(record, step.who)))
                for record in step.records
                if self._log
            ),
            *(
                self._of_task(step, task)
                for task in step.changed
                if task.map_id is None and self._is_news(task)
            ),
            *(self._of_group(step, map_id) for map_id in groups if self._is_group_news(step, map_id)),
        ]
        for _, text in sorted(news, key=lambda one: one[0]):
            click.echo(text)

    def close(self) -> None:
        """There is nothing to put back."""

    def _is_news(self, task: TaskRun) -> bool:
        before = self._states.get(task.id)
        self._states[task.id] = task.state
        return task.state is not before and task.state is not TaskRunState.PENDING

    def _of_task(self, step: Step, task: TaskRun) -> _News:
        at = (task.ended_at if task.state in TASK_TERMINAL else task.started_at) or task.created_at
        facts = task_facts(task, time.time(), step.forest.waits_of(step.run, task))
        return _news(at, task.state, safe(task.run_name), facts)

    def _is_group_news(self, step: Step, map_id: int) -> bool:
        now, over = time.time(), step.forest.groups[map_id].state in TASK_TERMINAL
        if not over and now - self._group_said_at.get(map_id, 0.0) < _GROUP_SECONDS:
            return False
        self._group_said_at[map_id] = now
        return True

    def _of_group(self, step: Step, map_id: int) -> _News:
        group = step.forest.groups[map_id]
        over = group.state in TASK_TERMINAL
        at = group.ended_at if over and group.ended_at else time.time()
        return _news(
            at, group.state, f"{safe(group.name)}[{len(group.members)}]", group_facts(group, time.time())
        )


def _news(at: float, state: str, name: str, facts: str) -> _News:
    clock = datetime.fromtimestamp(at).strftime("%H:%M:%S.%f")[:-3]
    return at, f"{clock} {shape(state)} {name}  {facts.strip()}".rstrip()


def _time(record: LogRecord) -> float:
    """Seconds since the epoch; 0 for what a torn write left."""
    try:
        return datetime.fromisoformat(record.time).timestamp()
    except ValueError:
        return 0.0
