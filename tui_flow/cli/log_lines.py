"""The lines of a run's log, as commands print them."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from tui_flow.cli.paint import painted
from tui_flow.contract.log import KEEPER, LEVELS, LogRecord
from tui_flow.tui.presentation import log_lines


class LogReader:
    """Hands out the records of a log file once each, also while it grows."""

    def __init__(self, path: Path, *, level: str = LEVELS[0], first_line: int = 0) -> None:
        from tui_flow.store.logs import LogFile

        self._file = LogFile(path)
        self._level = LEVELS.index(level)
        self._next = first_line
        self._last = ""

    def new_records(
        self, task_runs: Collection[int] | None = None, *, whole: bool = True
    ) -> Iterator[LogRecord]:
        """The records since the last call, of these task runs only. Unless `whole` says that the file is done, the
        last one waits for a call that finds the file as it was: its further lines may be on their way."""
        before, generation = len(self._file), self._file.generation
        self._file.refresh()
        if self._file.generation != generation:
            before, self._next = 0, self._resume()
        grew = len(self._file) > before
        end = self._begin_of_last() if grew and not whole else len(self._file)
        for line in self._file.select(task_runs, level=self._level, since=self._next, heads_only=True):
            if line >= end:
                break
            yield self._file.record(line) or LogRecord("", "", None, 1, "", self._file.text(line))
        self._next = end
        self._last = self._file.text(end - 1) if end else ""

    def _resume(self) -> int:
        """Where to go on in a log that was cut: behind the line that was handed out last, or where the cut is."""
        where = -1
        for line in self._file.find(self._last):
            if self._file.text(line) == self._last:
                where = line
        return where + 1 or next(self._file.find(f"{KEEPER}: "), 0)

    def _begin_of_last(self) -> int:
        return max(self._next, self._file.record_lines(len(self._file) - 1).start)

    def close(self) -> None:
        self._file.close()


def record_lines(record: LogRecord, who: Callable[[int], str]) -> list[str]:
    """The record for a person: local time, level, whose it is, and the message, further lines indented. Safe to
    print; `who` gives a task run's name."""
    first, *more = record.message.replace("\r\n", "\n").split("\n")
    name = who(record.task_run) if record.task_run is not None else ""
    head = log_lines.read_line(log_lines.seconds(record.time), record.level, name, first, "clock")
    return [painted(line) for line in (head, *([("    ", ""), (line, "")] for line in more))]


def record_object(record: LogRecord, who: Callable[[int], str]) -> dict[str, Any]:
    """The record for a program."""
    name = None if record.task_run is None else who(record.task_run)
    return {**record._asdict(), "task_run_name": name}
