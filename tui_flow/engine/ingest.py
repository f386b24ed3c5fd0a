"""Ingest: journals into the history, the only path by which a run's progress gets there.

The offset of what was read and the rows that it made are one transaction, so every event counts exactly once,
whenever the engine dies. The journals of runs that are not over are polled: soon after something came, less often
while nothing does, and not at all while no run is active.
"""

import time
from collections.abc import Callable
from pathlib import Path

from tui_flow.contract import journal, questions
from tui_flow.contract.asked_by import is_by_itself
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.rundir import JOURNAL, forget_secrets, run_dir
from tui_flow.contract.states import TERMINAL, FlowRunState
from tui_flow.engine.bus import Bus
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.folding import Fold
from tui_flow.engine.tail import Tail
from tui_flow.store import artifacts, assets, runs, tasks
from tui_flow.store import events as events_of
from tui_flow.store.database import Connection, Refused, transaction
from tui_flow.store.records import FlowRun

SOON_SECONDS = 0.02
"""Between two looks at the journals while something comes."""
LATER_SECONDS = 0.05
"""The same, when nothing came for a while."""
QUIET_SECONDS = 1.0
TASK_EVENTS = (
    journal.TaskCreated, journal.TaskStarted, journal.TaskRenamed, journal.TaskRetrying, journal.TaskFinished,
    journal.SlotsAwaited,
)  # fmt: skip
NONSENSE = (Refused, ValueError, TypeError, AttributeError, OverflowError, runs.IllegalTransition)
"""What a line raises that is JSON, and yet no event of ours."""


class ActiveRun:
    """A run that is not over, as the engine has it in memory."""

    def __init__(self, run: FlowRun, directory: Path) -> None:
        self.id = run.id
        self.directory = directory
        self.run = run
        """As the history has it."""
        self.tail = Tail(directory / JOURNAL, run.ingested_bytes)
        self.cancelling_seen = False
        """Its keeper has answered a cancel request."""
        self.has_last_word = False
        """The rescuer has written `RunEnded` for it."""
        self.is_queued = False
        """It waits for a slot: no keeper of it is alive, unless one outlived another engine."""
        self.trouble = ""
        """What was said of it last, so that it is not said every second."""

    @property
    def is_quiet(self) -> bool:
        """Nobody writes its journal."""
        return self.is_queued or self.run.awaits_attempt

    @property
    def is_script(self) -> bool:
        return is_by_itself(self.run.trigger, self.run.attempt)


class Ingest:
    def __init__(
        self,
        db: Connection,
        state_dir: Path,
        bus: Bus,
        log: EngineLog,
        on_end: Callable[[FlowRun], None] = lambda _: None,
    ) -> None:
        """Takes up every run of the history that is not over. `on_end` is told of ends in their transactions."""
        self._on_end = on_end
        self.active: dict[int, ActiveRun] = {}
        self._db, self._state_dir, self._bus, self._log = db, state_dir, bus, log
        self._last_news = 0.0
        for run in runs.list_active(db):
            self._take_up(run)

    def add(self, run: FlowRun) -> ActiveRun:
        """Puts a new run into the history."""
        runs.insert_run(self._db, run)
        return self.take_up(run)

    def take_up(self, run: FlowRun) -> ActiveRun:
        """Follows a run that the history says is not over, and tells of it."""
        self._bus.run_changed(run)
        return self._take_up(run)

    def tick(self, now: float) -> float:
        """Reads once from every journal."""
        polled = [active for active in self.active.values() if not active.is_quiet]
        news = [self._try_read(active, now) for active in polled]
        if any(news):
            self._last_news = now
            return now
        if not polled:
            return float("inf")
        return now + (SOON_SECONDS if now - self._last_news < QUIET_SECONDS else LATER_SECONDS)

    def read(self, active: ActiveRun, now: float | None = None) -> bool:
        """Ingests the next events of one run. False where there are none."""
        if active.id not in self.active:
            return False
        lines, end = active.tail.read()
        if not lines:
            return False
        try:
            self._store(active, lines, end, now)
        except NONSENSE:
            self._store_each(active, lines, now)
        return True

    def _try_read(self, active: ActiveRun, now: float) -> bool:
        """Reads, and says once where a journal cannot be read, so that no other has to wait for it."""
        try:
            return self.read(active, now)
        except OSError as error:
            if active.trouble != str(error):
                active.trouble = str(error)
                self._log.warn(f"run {active.id}: cannot read its journal: {error}")
            return False

    def read_all(self, active: ActiveRun) -> None:
        """Ingests what one run has written so far."""
        while self.read(active):
            continue

    def move(self, active: ActiveRun, state: FlowRunState, name: str) -> None:
        """Changes the state of a run for a reason that its journal does not tell yet."""
        after = active.run._replace(state=state, state_name=name)
        runs.save_run(self._db, active.run, after, runs.get_report(self._db, active.id))
        active.run = after
        self._bus.run_changed(after)

    def _take_up(self, run: FlowRun) -> ActiveRun:
        active = self.active[run.id] = ActiveRun(run, run_dir(self._state_dir, run.id))
        return active

    def _store_each(self, active: ActiveRun, lines: list[bytes], now: float | None) -> None:
        """Line by line, so that one that cannot be stored costs nothing but itself."""
        for line in lines:
            end = active.tail.offset + len(line) + 1
            if active.id not in self.active:
                return
            try:
                self._store(active, [line], end, now)
            except NONSENSE as error:
                self._log.warn(f"run {active.id}: skipped a line of its journal: {error}: {line[:200]!r}")
                active.tail.offset = end

    def _store(self, active: ActiveRun, lines: list[bytes], end: int, now: float | None) -> None:
        """The events of some lines, and the offset behind them: one transaction."""
        db, before = self._db, active.run
        events = [event for event in map(journal.decode, lines) if event is not None]
        with transaction(db):
            touched = {event.id for event in events if isinstance(event, TASK_EVENTS)}
            fold = Fold(before, runs.get_report(db, active.id), tasks.get_tasks(db, active.id, touched), end)
            for event in events:
                fold.apply(event)
            if fold.has_ended_attempt:
                fold.close_tasks(tasks.list_active(db, active.id))
            after = fold.run._replace(ingested_bytes=end)
            new, changed = fold.new_tasks, fold.changed_tasks
            tasks.insert_tasks(db, new)
            tasks.update_tasks(db, changed)
            runs.save_run(db, before, after, fold.report)
            runs.keep_attempts(db, fold.ended_attempts)
            events_of.keep_emitted(db, after, fold.emitted)
            artifacts.keep_all(db, fold.artifacts, after.id)
            assets.keep_all(db, fold.assets, after.id)
            if fold.is_over:
                events_of.keep_run_end(db, after)
                forget_secrets(active.directory)
                questions.forget_answers(active.directory)
                self._on_end(after)
            failpoint("ingest-before-commit")
        failpoint("ingest-after-commit")
        active.run, active.tail.offset = after, end
        if after.awaits_attempt:
            active.has_last_word = False  # of the next attempt
        active.cancelling_seen = active.cancelling_seen or fold.cancelling_seen
        self._tell(
            active, before, bool(new or changed or fold.artifacts), time.monotonic() if now is None else now
        )

    def _tell(self, active: ActiveRun, before: FlowRun, tasks_changed: bool, now: float) -> None:
        after = active.run
        if tasks_changed:
            self._bus.tasks_changed(after.id, now)
        if (after.state, after.run_name, after.message) != (before.state, before.run_name, before.message):
            self._bus.run_changed(after)
        if after.state in TERMINAL:
            active.tail.close()
            del self.active[active.id]
