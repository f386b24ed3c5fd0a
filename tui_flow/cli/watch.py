"""One run, watched until it is over: what is new in its rows and in its log, in steps of at most four a second."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple, Protocol

from tui_flow.cli.history import opened
from tui_flow.cli.log_lines import LogReader
from tui_flow.contract.changes import RunChanged
from tui_flow.contract.commands import Subscribe
from tui_flow.contract.errors import EngineError, UnknownRun
from tui_flow.contract.log import LEVELS, LogRecord
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.contract.states import TERMINAL
from tui_flow.settings import Settings
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.tui.presentation.tree import TaskForest

STEP_SECONDS = 0.25


class Step(NamedTuple):
    """What a watched run is now, and what is new since the step before."""

    run: FlowRun
    forest: TaskForest
    changed: list[TaskRun]
    records: list[LogRecord]

    @property
    def is_last(self) -> bool:
        return self.run.state in TERMINAL

    def who(self, id: int) -> str:
        """The name of a task run, for its log lines."""
        task = self.forest.tasks.get(id)
        return task.run_name if task else self.run.flow


class View(Protocol):
    """Shows a run while it goes on."""

    def show(self, step: Step) -> None: ...

    def close(self) -> None: ...


def steps(settings: Settings, run_id: int, *, level: str = LEVELS[0], first_line: int = 0) -> Iterator[Step]:
    """The steps of a run, the last of which has its end, with log records of this level or graver from that line
    of the log on. An engine that dies meanwhile is started again.

    Raises EngineError where none can be started, UnknownRun where the run is gone.
    """
    from tui_flow.client import connect

    tries = 0
    with opened(settings) as db, closing(Watched(db, settings, run_id, level, first_line)) as watched:
        while True:
            try:
                with connect(settings) as connection:
                    connection.ask(Subscribe())
                    while True:
                        step = watched.step()
                        yield step
                        if step.is_last:
                            return
                        tries = 0
                        _wait(connection, run_id)
            except EngineError:
                tries += 1
                if tries > _TRIES:
                    raise


_TRIES = 3
"""Engines in a row that may die before the watcher gives up."""


def _wait(connection: Any, run_id: int) -> None:
    """Until it is time for the next step, or until the run is over."""
    until = time.monotonic() + STEP_SECONDS
    while (left := until - time.monotonic()) > 0:
        for _, change in connection.changes(timeout=left):
            if isinstance(change, RunChanged) and change.run_id == run_id and change.state in TERMINAL:
                return
            if time.monotonic() > until:
                return


class Watched:
    """What has been read of one run so far."""

    def __init__(self, db: Any, settings: Settings, run_id: int, level: str, first_line: int) -> None:
        self._db, self._run_id = db, run_id
        self._forest, self._first = TaskForest(), 1
        path = run_dir(settings.state_dir, run_id) / LOG
        self._reader = LogReader(path, level=level, first_line=first_line)
        self._waiting: list[LogRecord] = []

    def step(self) -> Step:
        from tui_flow.store import runs, tasks

        run = runs.get_run(self._db, self._run_id)
        if run is None:
            raise UnknownRun(f"run {self._run_id} is no longer in the history")
        if run.first_task_run_id != self._first:  # another attempt has begun
            self._forest, self._first = TaskForest(), run.first_task_run_id
        is_over = run.state in TERMINAL
        self._waiting += self._reader.new_records(whole=is_over)
        changed = tasks.list_tasks(self._db, self._run_id, self._forest.revision)
        self._forest.update(changed)
        records, self._waiting = (self._waiting, []) if is_over else self._known()
        return Step(run, self._forest, changed, records)

    def _known(self) -> tuple[list[LogRecord], list[LogRecord]]:
        """The records that wait, parted at the first of a task run that the history does not have yet."""
        for index, record in enumerate(self._waiting):
            id = record.task_run or 0
            if id >= self._first and id not in self._forest.tasks:
                return self._waiting[:index], self._waiting[index:]
        return self._waiting, []

    def close(self) -> None:
        self._reader.close()
