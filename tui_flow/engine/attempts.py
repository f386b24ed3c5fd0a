"""Begins the next attempt of runs that wait for one, when it is due: those that crashed, those whose process
vanished between two tries (`contract.attempts` says which).

The spec of the attempt is whole before the history says pending. What dies in between leaves a run that waits still,
and the next engine does the same again; a keeper refuses an attempt that has begun. A waiting run holds no slot.
"""

from tui_flow.contract import questions
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.rundir import LOCK, lock_holder, read_spec, write_spec
from tui_flow.contract.states import FlowRunState
from tui_flow.engine.bus import Bus
from tui_flow.engine.clock import Clock
from tui_flow.engine.dispatcher import Dispatcher
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.folding import state_name
from tui_flow.engine.ingest import ActiveRun, Ingest
from tui_flow.engine.supervisor import Supervisor
from tui_flow.store import runs, tasks
from tui_flow.store.database import Connection

LOOK_SECONDS = 0.05
"""Before a run is looked at again whose last keeper is just ending."""
LONGEST_SLEEP_SECONDS = 5.0
"""The wall clock may be set meanwhile."""


class Attempts:
    def __init__(
        self,
        db: Connection,
        clock: Clock,
        ingest: Ingest,
        dispatcher: Dispatcher,
        supervisor: Supervisor,
        bus: Bus,
        log: EngineLog,
    ) -> None:
        self._db, self._clock, self._ingest, self._bus, self._log = db, clock, ingest, bus, log
        self._dispatcher, self._supervisor = dispatcher, supervisor

    def tick(self, now: float) -> float:
        """Begins what is due. Gives when the next one is."""
        waiting = [active for active in self._ingest.active.values() if active.run.awaits_attempt]
        if not waiting:
            return float("inf")
        at = self._clock.time()
        begun = [self._begin(active) for active in waiting if _is_due(active, at)]
        if not all(begun):
            return now + LOOK_SECONDS
        left = [active.run.due_at or at + 3600.0 for active in waiting if active.run.awaits_attempt]
        return now + min(max(min(left, default=at + 3600.0) - at, 0.0), LONGEST_SLEEP_SECONDS)

    def _begin(self, active: ActiveRun) -> bool:
        """False where the keeper of the attempt before is not gone yet."""
        if self._supervisor.guards(active.id) or lock_holder(active.directory / LOCK) is not None:
            return False
        before = active.run
        spec = read_spec(active.directory) or self._dispatcher.spec_of(before)
        first = max(tasks.last_id(self._db, active.id) + 1, before.first_task_run_id)
        after = before._replace(
            state=FlowRunState.PENDING,
            state_name=state_name(FlowRunState.PENDING),
            attempt=before.attempt + 1,
            due_at=None,
            awaits_attempt=False,
            first_task_run_id=first,
        )
        write_spec(
            active.directory,
            spec._replace(
                attempt=after.attempt,
                run_name=spec.run_name or before.run_name or None,
                first_task_run_id=first,
                crashes=before.crashes,
                tries_before=before.tries,
                resumes=spec.resumes + (before.state is FlowRunState.PAUSED),
            ),
        )
        failpoint("attempt-spec-written")
        runs.save_run(self._db, before, after)
        failpoint("attempt-saved")
        active.run = after
        self._bus.run_changed(after)
        self._supervisor.started.discard(active.id)
        self._dispatcher.queue(active)
        self._log.say(f"run {active.id}: begins attempt {after.attempt}")
        return True


def _is_due(active: ActiveRun, at: float) -> bool:
    """Its time has come; of a suspended run, its answer."""
    if active.run.state is FlowRunState.PAUSED:
        return questions.is_answered(active.directory)
    return (active.run.due_at or 0.0) <= at
