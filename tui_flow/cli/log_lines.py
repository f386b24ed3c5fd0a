"""The lines of a run's log, as commands print them."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from tui_flow.cli.output import style
from tui_flow.contract.log import KEEPER, LEVELS, LogRecord
from tui_flow.safe import safe, safe_lines

LEVEL_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


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
    first, *more = safe_lines(record.message)
    name = safe(who(record.task_run)) if record.task_run is not None else "-"
    level = style(f"{record.level:<8}", fg=LEVEL_COLOURS.get(record.level))
    return [
        f"{style(_clock(record.time), dim=True)} {level} {name}: {first}",
        *(f"    {line}" for line in more),
    ]


def record_object(record: LogRecord, who: Callable[[int], str]) -> dict[str, Any]:
    """The record for a program."""
    name = None if record.task_run is None else who(record.task_run)
    return {**record._asdict(), "task_run_name": name}


def _clock(stamp: str) -> str:
    """The local time of day of a record's time, to the millisecond."""
    return _second(stamp[:19]) + stamp[19:23]


@lru_cache(maxsize=4)
def _second(stamp: str) -> str:
    """The same, to the second. Cached, since log lines come many to the second."""
    try:
        return datetime.fromisoformat(f"{stamp}Z").astimezone().strftime("%H:%M:%S")
    except ValueError:
        return "-" * 8
