"""A search through the logs of many runs, and the thread that makes one for the console.

The thread reads files and history by itself, and tells ten times a second at most what it has found. It stops at so
many hits, so that it needs no more memory however long nobody listens.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.errors import HistoryError, TuiFlowError
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.counting import counted
from tui_flow.patterns import TooSlow
from tui_flow.store.log_search import Hit, LogScan
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.tui.presentation import alert_list, log_hits, run_list
from tui_flow.tui.presentation.filters import Filter

MAX_HITS = 10_000
"""A search of the console ends there, and says so."""
MAX_COUNTED = 10_000
"""So many logs are counted that a search did not come to."""
TOGETHER = 500
"""Hits of one run that are handed on at once."""
TELL_SECONDS = 0.1
LONGEST_SECONDS = 7 * 86_400.0
"""With `since:`, runs that began so much earlier may still have written something."""


class Found(NamedTuple):
    """Hits in the log of one run, the newest first."""

    run: FlowRun
    hits: list[Hit]
    names: dict[int, str]
    """Of the task runs that wrote them."""


class News(NamedTuple):
    """What a search has to tell since it last did."""

    search: int
    """Which search this is about."""
    found: list[Found]
    files: int
    bytes: int
    seconds: float
    is_over: bool = False
    is_cut: bool = False
    """It found more than it keeps."""
    is_stopped: bool = False
    """Somebody had enough of it, before it was through."""
    left: int = 0
    """Logs that it did not come to."""
    trouble: TuiFlowError | None = None

    def how_far(self) -> str:
        """ "190 files, 87 MB, 1.9s, done", or what is missing from that."""
        files = counted(self.files, "file")
        if self.trouble is not None:
            return f"given up after {files}"
        if self.is_stopped:
            more = "+" if self.left >= MAX_COUNTED else ""
            return f"stopped: {self.files:,} of {self.files + self.left:,}{more} files read"
        if self.is_cut:
            rest = f"; {unread(self.left)}" if self.left else ""
            return f"the newest {MAX_HITS:,}{rest}: narrow it"
        took = f"{self.seconds:.1f}s, " if self.seconds >= 1.0 else ""
        return f"{files}, {_size(self.bytes)}, {took}{'done' if self.is_over else 'searching, Esc stops'}"


def unread(left: int) -> str:
    """ "185 older files not read"; of many, that there are more than were counted."""
    more = f"{MAX_COUNTED:,}+ older files" if left >= MAX_COUNTED else counted(left, "older file")
    return f"{more} not read"


def _size(count: int) -> str:
    return f"{count / 1e6:,.0f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} kB"


def search_logs(db: Any, state_dir: Path, filter: Filter, now: float, scan: LogScan) -> Iterator[Found]:
    """What stands in the logs of the runs that a filter is about, the newest run first; after each run an item without
    hits. Once somebody has had enough, the logs that are left are counted. Raises HistoryError."""
    for run in _runs(db, filter, now):
        log = run_dir(state_dir, run.id) / LOG
        if scan.is_cancelled:
            scan.left += log.exists()
            if scan.left >= MAX_COUNTED:
                return
            yield Found(run, [], {})
            continue
        names = _Names(db, run, filter)
        waiting: list[Hit] = []
        for hit in scan.hits(log):
            waiting.append(hit)
            if len(waiting) == TOGETHER:
                yield from names.found(waiting)
                waiting = []
        yield from names.found(waiting)
        yield Found(run, [], {})  # so that whoever shows it hears how far it has come


def _runs(db: Any, filter: Filter, now: float) -> Iterator[FlowRun]:
    """The runs whose logs are to be looked through, the newest first."""
    from tui_flow.store import runs

    about_runs, since = log_hits.runs_filter(filter), log_hits.query_of(filter, now).since
    wanted, new = run_list.wanted(about_runs, now), new_runs(db, filter, now)
    if since is not None:
        wanted = wanted._replace(since=since - LONGEST_SECONDS)
    before: int | None = 2**62
    while before is not None:
        found, before = runs.search(db, wanted, before)
        for run in found:
            is_recent = since is None or run.ended_at is None or run.ended_at >= since
            if is_recent and about_runs.matches(run_list.subject(run, now, new), now):
                yield run


def new_runs(db: Any, filter: Filter, now: float) -> frozenset[int]:
    """The runs of alerts that nobody has acknowledged, at most 20 of each; none where the filter does not ask."""
    if not any(term.value == "new" for term in filter.of("is")):
        return frozenset()
    from tui_flow.store import alerts

    return frozenset(id for alert in alert_list.new_ones(alerts.list_open(db), now) for id in alert.runs)


class _Names:
    """Who wrote the lines of one run's log, asked of the history when there is something to tell."""

    def __init__(self, db: Any, run: FlowRun, filter: Filter) -> None:
        self._db, self._run = db, run
        self._filter = filter if filter.of("task") else None
        self._known: dict[int, TaskRun | None] = {0: None}

    def found(self, hits: list[Hit]) -> Iterator[Found]:
        self._read({hit.task_run for hit in hits if hit.task_run})
        if self._filter is not None:
            wanted = self._filter
            hits = [hit for hit in hits if log_hits.is_of_task(wanted, self._chain(hit.task_run))]
        if hits:
            names = {id: task.run_name or task.name for id, task in self._known.items() if task}
            yield Found(self._run, hits, names)

    def _read(self, ids: set[int]) -> None:
        from tui_flow.store import tasks

        missing = ids - set(self._known)
        if missing:
            self._known |= dict.fromkeys(missing) | tasks.get_tasks(self._db, self._run.id, missing)

    def _chain(self, id: int | None) -> tuple[str, ...]:
        """The names of a task run and of those that it was called in."""
        names: list[str] = []
        while id:
            self._read({id})
            task = self._known[id]
            if task is None:
                break
            names += (task.name, task.run_name)
            id = task.parent
        return tuple(names)


class Searcher:
    """One search at a time, in a thread of its own."""

    def __init__(self, state_dir: Path, tell: Callable[[News], object]) -> None:
        self._state_dir, self._tell = state_dir, tell
        self._scan: LogScan | None = None
        self.number = 0
        """Of the search that was begun last: news of another one are old."""

    def start(self, filter: Filter) -> None:
        """Begins a search in place of the one before."""
        self.forget()
        now = time.time()
        self._scan = LogScan(log_hits.query_of(filter, now))
        search = (self.number, self._scan, filter, now)
        threading.Thread(target=self._search, args=search, name="log search", daemon=True).start()

    def stop(self) -> None:
        """Has had enough: what was found is told, and nothing more is looked for."""
        if self._scan is not None:
            self._scan.is_cancelled = True

    def forget(self) -> None:
        """Is not interested any more, not even in what is left."""
        self.stop()
        self.number += 1

    def _search(self, number: int, scan: LogScan, filter: Filter, now: float) -> None:
        begun = told = time.monotonic()
        waiting: list[Found] = []
        count, is_cut = 0, False
        trouble: TuiFlowError | None = None

        def news(**how: Any) -> News:
            return News(number, waiting, scan.files, scan.bytes, time.monotonic() - begun, **how)

        try:
            from tui_flow.store import database

            with closing(database.open_reader(self._state_dir, newer=True)) as db:
                for found in search_logs(db, self._state_dir, filter, now, scan):
                    if number != self.number:
                        return
                    if found.hits and count < MAX_HITS:
                        waiting.append(found._replace(hits=found.hits[: MAX_HITS - count]))
                    count += len(found.hits)
                    if count > MAX_HITS and not is_cut:
                        is_cut = True
                        scan.is_cancelled = True
                    if time.monotonic() - told > TELL_SECONDS:
                        self._tell(news())
                        told, waiting = time.monotonic(), []
        except HistoryError as error:
            trouble = error if database.is_there(self._state_dir) else None
        except TooSlow as error:
            trouble = error
        finally:
            is_stopped = scan.is_cancelled and not is_cut
            self._tell(
                news(is_over=True, is_cut=is_cut, is_stopped=is_stopped, left=scan.left, trouble=trouble)
            )
