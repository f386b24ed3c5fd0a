"""Makes runs, and starts them first come first served, no more at once than the limit allows.

A run is asked for once its `spec.json` is whole: that comes before its row, and the row before the answer. Whatever
dies in between, the next engine finds the spec (`arrivals`) or the pending row (`rescuer`) and starts the run then.
A keeper that is started twice stays quiet the second time, so an attempt begins at most once.
"""

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.rundir import SPEC, RunSpec, make_run_dir, write_spec
from tui_flow.contract.states import FlowRunState
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.folding import state_name
from tui_flow.engine.ingest import ActiveRun, Ingest
from tui_flow.engine.supervisor import Supervisor
from tui_flow.settings import Settings
from tui_flow.store.records import Flow, FlowRun

RETRY_SECONDS = 1.0
"""Before a process is asked for again that the system would not give."""


class Dispatcher:
    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        ingest: Ingest,
        supervisor: Supervisor,
        log: EngineLog,
        may_start: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_start` tells whether there is room for another run."""
        self._settings, self._clock, self._log = settings, clock, log
        self._ingest, self._supervisor, self._may_start = ingest, supervisor, may_start
        self._queue: deque[int] = deque()

    @property
    def pending(self) -> int:
        """How many runs wait for a slot."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """How many runs hold a slot. A script needs none: nobody asked before it began."""
        waiting = set(self._queue)
        return sum(id not in waiting and not run.is_script for id, run in self._ingest.active.items())

    def is_queued(self, run_id: int) -> bool:
        return run_id in self._queue

    def make_run(
        self, flow: Flow, parameters: dict[str, object], run_name: str | None, tags: list[str], trigger: str
    ) -> int:
        """A new run of a flow, in the history and in the queue. Gives its id.

        Raises TypeError where a parameter is not JSON, OSError where it cannot be written.
        """
        run_id, directory = make_run_dir(self._settings.state_dir)
        failpoint("run-dir-made")
        spec = RunSpec(
            run_id=run_id,
            flow=flow.name,
            path=str(self._settings.project / flow.path),
            function=flow.function,
            parameters=parameters,
            run_name=run_name,
            tags=tags,
            trigger=trigger,
            created_at=self._clock.time(),
            project=str(self._settings.project),
            cookie=os.urandom(16).hex(),
            timeout_seconds=flow.timeout_seconds,
            grace_seconds=self._settings.grace_seconds,
        )
        write_spec(directory, spec)
        failpoint("spec-written")
        try:
            self.queue(self._ingest.add(run_of(spec)))
        except Exception:
            # Refused to the one who asked, it must not start by itself once the disk has room again.
            (directory / SPEC).unlink(missing_ok=True)
            raise
        failpoint("run-inserted")
        return run_id

    def queue(self, active: ActiveRun) -> None:
        """Lets a pending run wait for a slot, behind those that wait already."""
        if active.id not in self._queue:
            self._queue.append(active.id)

    def withdraw(self, run_id: int) -> None:
        """Takes a run out of the queue."""
        self._queue.remove(run_id)

    def tick(self, now: float) -> float:
        """Starts what waits while there are slots, and room on the disk."""
        while self._queue and self._may_start() and self.running < self._settings.max_concurrent_runs:
            active = self._ingest.active.get(self._queue[0])
            if active is not None and active.run.state is FlowRunState.PENDING:
                try:
                    self._supervisor.start(active.id, active.directory)
                except OSError as error:
                    self._log.warn(f"run {active.id}: cannot start its keeper: {error}")
                    return now + RETRY_SECONDS
            self._queue.popleft()
        return float("inf")


def run_of(spec: RunSpec) -> FlowRun:
    """The history's record of a run that is only asked for yet."""
    path = Path(spec.path) if spec.path else None
    inside = path is not None and path.is_relative_to(spec.project)
    return FlowRun(
        id=spec.run_id,
        flow=spec.flow,
        path=str(path.relative_to(spec.project)) if path and inside else spec.path,
        run_name=spec.run_name or "",
        state=FlowRunState.PENDING,
        state_name=state_name(FlowRunState.PENDING),
        reason=None,
        message="",
        attempt=spec.attempt,
        tries=0,
        trigger=spec.trigger,
        parameters=spec.parameters,
        tags=spec.tags,
        source_sha="",
        created_at=spec.created_at,
        started_at=None,
        ended_at=None,
        due_at=None,
        exit_code=None,
        signal=None,
        failure=None,
        ingested_bytes=0,
        first_task_run_id=spec.first_task_run_id,
    )
