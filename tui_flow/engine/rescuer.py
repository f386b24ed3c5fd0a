"""Sees to the runs that no living keeper of this engine guards: adopts them, starts them, or writes their last word.

A run whose lock is held is adopted: its journal tells all. One whose lock is free and that never began is started, if
this engine has not tried that already. Any other has lost its keeper: the rescuer takes the lock, ends what is left
of its processes, and writes `RunEnded` into the journal, from where ingest takes it like any other.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

from tui_flow.contract import journal, questions
from tui_flow.contract.attempts import anew
from tui_flow.contract.errors import HistoryError
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.journal import RunEnded
from tui_flow.contract.rundir import (
    LOCK,
    CancelRequest,
    lock_holder,
    read_cancel,
    read_spec,
    signal_holder,
    take_lock,
    write_cancel,
)
from tui_flow.contract.states import EndReason, FlowRunState
from tui_flow.engine.clock import Clock
from tui_flow.engine.dispatcher import Dispatcher
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.ingest import ActiveRun, Ingest
from tui_flow.engine.stragglers import end_stragglers
from tui_flow.engine.supervisor import Supervisor
from tui_flow.store import runs
from tui_flow.store.database import Connection

LOOK_SECONDS = 1.0
"""Between two looks at the locks of runs whose keeper is not a child of this engine."""
YOUNG_SECONDS = 2.0
"""A script has so long between its spec and its lock."""


class Rescuer:
    def __init__(
        self,
        db: Connection,
        clock: Clock,
        ingest: Ingest,
        dispatcher: Dispatcher,
        supervisor: Supervisor,
        log: EngineLog,
    ) -> None:
        self._db, self._clock, self._log = db, clock, log
        self._ingest, self._dispatcher, self._supervisor = ingest, dispatcher, supervisor
        self._guarded: set[int] = set()
        self._suspects: set[int] = set()
        self._next_at = 0.0

    def tick(self, now: float) -> float:
        """Looks at the locks once a second, and at once where a keeper of this engine's own has gone."""
        guarded = {id for id in self._ingest.active if self._supervisor.guards(id)}
        self._suspects |= self._guarded - guarded
        self._guarded = guarded
        if now >= self._next_at:
            self._next_at = now + LOOK_SECONDS
            self._repeat_cancels()
            self._suspects |= set(self._ingest.active)
        self._suspects -= {id for id in sorted(self._suspects) if self._try_settle(id)}
        if self._suspects:
            return now
        return self._next_at if self._ingest.active else float("inf")

    def cancel(self, active: ActiveRun, by: str, kill: bool) -> FlowRunState:
        """Asks for a run's end, and gives the state that it is in then."""
        try:
            write_cancel(active.directory, CancelRequest(self._clock.time(), by, kill))
        except OSError:
            # A full disk must not keep a run alive, which may be what fills it: its keeper takes the bare signal too.
            if not signal_holder(active.directory / LOCK, signal.SIGTERM):
                raise
            return FlowRunState.CANCELLING
        failpoint("cancel-requested")
        if self._dispatcher.is_queued(active.id) or active.run.awaits_attempt:
            self._dispatcher.withdraw(active.id)
            self._end(active)
        signal_holder(active.directory / LOCK, signal.SIGTERM)
        if active.id in self._ingest.active and active.run.state is not FlowRunState.CANCELLING:
            with suppress(HistoryError):  # of a full disk: the request is made all the same
                self._ingest.move(active, FlowRunState.CANCELLING, "Cancelling")
            return FlowRunState.CANCELLING
        return active.run.state

    def _repeat_cancels(self) -> None:
        """A request that met no keeper, or one that could not listen yet, is made again."""
        for active in self._ingest.active.values():
            if active.run.state is FlowRunState.CANCELLING and not active.cancelling_seen:
                signal_holder(active.directory / LOCK, signal.SIGTERM)

    def _try_settle(self, id: int) -> bool:
        """Settles, and says once where a run's directory cannot be used: it is looked at again with the others."""
        try:
            return self._settle(id)
        except OSError as error:
            active = self._ingest.active[id]
            if active.trouble != str(error):
                active.trouble = str(error)
                self._log.warn(f"run {id}: cannot see to it: {error}")
            return True

    def _settle(self, id: int) -> bool:
        """Does what one run needs, if anything. False where its journal is to be read further first."""
        active = self._ingest.active.get(id)
        if active is None or self._supervisor.guards(id) or self._dispatcher.is_queued(id):
            return True
        if active.run.awaits_attempt and active.run.state in (FlowRunState.RETRYING, FlowRunState.PAUSED):
            if self._is_overdue(active):
                self._end(active)
            return True
        if lock_holder(active.directory / LOCK) is not None or self._is_young(active):
            return True
        if self._ingest.read(active):
            return False
        is_unbegun = active.run.state is FlowRunState.PENDING and not active.is_script
        is_asked_for = active.run.schedule is not None or read_spec(active.directory) is not None
        if is_unbegun and id not in self._supervisor.started and is_asked_for:
            self._dispatcher.queue(active)
        else:
            self._end(active)
        return True

    def _is_overdue(self, active: ActiveRun) -> bool:
        """A suspended run that nobody has answered in time."""
        due_at = active.run.due_at
        if active.run.state is not FlowRunState.PAUSED or due_at is None or self._clock.time() < due_at:
            return False
        return not questions.is_answered(active.directory)

    def _is_young(self, active: ActiveRun) -> bool:
        """A script that has just made its directory, and is about to take the lock."""
        age = self._clock.time() - active.run.created_at
        return active.is_script and active.run.started_at is None and 0 <= age < YOUNG_SECONDS

    def _end(self, active: ActiveRun) -> None:
        """Writes the last word, unless a keeper turns up after all or has written it meanwhile."""
        active.directory.mkdir(mode=0o700, exist_ok=True)
        lock = take_lock(active.directory / LOCK)
        if lock is None:
            return
        try:
            self._ingest.read_all(active)
            if active.id in self._ingest.active and not active.has_last_word:
                active.has_last_word = True  # said once, also where the history cannot take it
                spec = read_spec(active.directory)
                left = end_stragglers(spec.cookie) if spec else 0
                ended = self._last_word(active, left)
                _append(active.tail.path, journal.encode(ended))
                failpoint("rescue-last-word")
                self._log.say(f"run {active.id}: {ended.state}: {ended.message}")
                self._ingest.read_all(active)
        finally:
            os.close(lock)

    def _last_word(self, active: ActiveRun, left: int) -> RunEnded:
        at, request = self._clock.time(), read_cancel(active.directory)
        report = runs.get_report(self._db, active.id)
        note = f"; {left} of its processes were left, and ended" if left else ""
        attempt = active.run.attempt
        if report is not None:
            return RunEnded(at, report.state, report.reason, report.message + note, None, None, attempt)
        if request is not None:
            return RunEnded(
                at,
                FlowRunState.CANCELLED,
                EndReason.CANCELLED,
                f"cancelled by {request.by}{note}",
                None,
                None,
                attempt,
            )
        if active.run.awaits_attempt and active.run.state is FlowRunState.PAUSED:
            message = "was suspended, and no answer came in time"
            return RunEnded(at, FlowRunState.FAILED, EndReason.TIMEOUT, message, None, None, attempt)
        word = RunEnded(
            at, FlowRunState.CRASHED, EndReason.VANISHED, f"its keeper vanished{note}", None, None, attempt
        )
        spec, run = read_spec(active.directory), active.run
        return word if spec is None or active.is_script else anew(word, spec, run.tries, run.due_at)


def _append(path: Path, line: bytes) -> None:
    """Adds a line to a journal whose last one may be torn."""
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, journal.after_torn_line(fd) + line)
    finally:
        os.close(fd)
