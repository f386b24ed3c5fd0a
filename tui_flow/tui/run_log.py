"""A run's log as a person reads it outside of the console: copied, or in the pager."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tui_flow.contract.log import ERROR
from tui_flow.store import tasks
from tui_flow.store.logs import LogFile
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import log_lines


class RunLog:
    """The log of one run with the names of those who wrote it; `limit` is how many bytes of it are looked at, about."""

    def __init__(self, db: Any, run: FlowRun, path: Path, limit: int | None) -> None:
        """Raises HistoryError."""
        self._log = LogFile(path)
        self._log.refresh(limit)
        writers = {writer for line in self._lines if (writer := self._log.head(line).task_run) is not None}
        self._names = {0: run.flow}
        for id, task in tasks.get_tasks(db, run.id, writers - {0}).items():
            self._names[id] = task.run_name or task.name

    @property
    def _lines(self) -> range:
        return range(len(self._log))

    @property
    def is_empty(self) -> bool:
        return not self._lines

    def first_error(self) -> int:
        """Its line, from 0; 0 where there is none."""
        return next(iter(self._log.select(level=ERROR, heads_only=True)), 0)

    def texts(self, *, kept: bool) -> Iterator[str]:
        """All lines as a person reads them elsewhere; what is `kept` has day and zone with each."""
        mode = "stamp" if kept else "clock"
        return log_lines.texts(self._log, self._lines, lambda task: self._names.get(task, ""), mode)

    def close(self) -> None:
        self._log.close()
