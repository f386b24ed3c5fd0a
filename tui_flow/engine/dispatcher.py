"""Makes runs, and starts them by priority and then first come first served, no more at once than the limits allow.

A run is asked for once its `spec.json` is whole: that comes before its row, and the row before the answer. Whatever
dies in between, the next engine finds the spec (`arrivals`) or the pending row (`rescuer`) and starts the run then.
The answer also waits for the disk, and the run does not: a power loss takes no run that somebody was told of.
What a schedule makes (`firing`) has its row first, and its spec when it has its turn.
A keeper that is started twice stays quiet the second time, so an attempt begins at most once.
"""

import asyncio
import os
from bisect import insort
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tui_flow.contract.commands import RunFile, RunFlow, RunServed
from tui_flow.contract.errors import EngineError
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.rundir import (
    SPEC,
    RunSpec,
    forget_secrets,
    make_durable,
    make_run_dir,
    put_secrets_away,
    read_spec,
    run_dir,
    write_spec,
)
from tui_flow.contract.states import FlowRunState
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.folding import state_name
from tui_flow.engine.ingest import ActiveRun, Ingest
from tui_flow.engine.limits import Held, Limits, Obstacle
from tui_flow.engine.parameters import require_secrets
from tui_flow.engine.supervisor import Supervisor
from tui_flow.settings import Settings
from tui_flow.store import flows, runs, schedules, served
from tui_flow.store.database import Connection
from tui_flow.store.records import Flow, FlowRun

RETRY_SECONDS = 1.0
"""Before a process is asked for again that the system would not give."""
LONGEST_SLEEP_SECONDS = 5.0
"""Until the clock is looked at again, which may have been set."""
_NOTHING = Obstacle("its turn", "its turn is next")
PRIORITY_SECONDS = 60.0
"""So much earlier a run counts as asked for, for each step of its priority."""


class Dispatcher:
    def __init__(
        self,
        settings: Settings,
        db: Connection,
        clock: Clock,
        ingest: Ingest,
        supervisor: Supervisor,
        log: EngineLog,
        may_start: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_start` tells whether there is room for another run."""
        self.settings, self._db, self._clock, self._log = settings, db, clock, log
        self._ingest, self._supervisor, self._may_start = ingest, supervisor, may_start
        self._queue: list[tuple[float, int]] = []
        self._places: dict[int, float] = {}
        self.limits = Limits(settings, db)

    @property
    def pending(self) -> int:
        """How many runs wait for a slot."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """How many runs hold a slot. A script needs none: nobody asked before it began. One that waits for its next
        attempt has none."""
        return sum(map(self._holds_slot, self._ingest.active.values()))

    @property
    def queued(self) -> list[ActiveRun]:
        """The runs that wait for a slot, in the order in which they will get one if no limit of theirs is reached."""
        return [self._ingest.active[id] for _, id in self._queue if id in self._ingest.active]

    def is_queued(self, run_id: int) -> bool:
        return run_id in self._places

    def make_run(
        self,
        flow: Flow,
        parameters: dict[str, object],
        run_name: str | None,
        tags: list[str],
        trigger: str,
        **more: Any,
    ) -> int:
        """A new run of a flow, in the history and in the queue. Gives its id, which nobody is to be told before
        `wait_durable`. `more` are further fields of its spec.

        Raises BadParameters where a secret is only stars, TypeError where a parameter is not JSON, OSError where it
        cannot be written.
        """
        require_secrets(parameters)
        run_id, directory = make_run_dir(self.settings.state_dir)
        failpoint("run-dir-made")
        try:
            kept = put_secrets_away(directory, flow.parameters, parameters)
            spec = new_spec(self.settings, flow, run_id, kept, self._clock.time())
            spec = spec._replace(
                run_name=run_name,
                tags=sorted({*flow.tags, *tags}),
                trigger=trigger,
                previous_success=runs.last_success(self._db, flow.name),
                **more,
            )
            write_spec(directory, spec, durable=False)
            failpoint("spec-written")
            self.queue(self._ingest.add(run_of(spec)))
        except Exception:
            # Refused to the one who asked, it must not start by itself once the disk has room again.
            (directory / SPEC).unlink(missing_ok=True)
            forget_secrets(directory)
            raise
        failpoint("run-inserted")
        return run_id

    async def wait_durable(self, run_id: int) -> None:
        """Until no power loss can take the run any more. It may begin meanwhile. Raises EngineError."""
        try:
            await asyncio.to_thread(self._make_durable, run_dir(self.settings.state_dir, run_id))
        except OSError as error:
            raise EngineError(
                f"the disk does not confirm that it keeps run {run_id}: {error.strerror or error}",
                where=str(error.filename or self.settings.state_dir),
                next=f"see to the disk; tui-flow show {run_id} tells what became of the run",
            ) from None

    @staticmethod
    def _make_durable(directory: Path) -> None:
        failpoint("before-durable")
        make_durable(directory)

    def queue(self, active: ActiveRun) -> None:
        """Lets a pending run wait for a slot. It was asked for when it was made; each step of priority counts as if
        that had been a minute earlier, so a run of low priority waits longer, and not for ever."""
        if active.id not in self._places:
            asked_at = max(active.run.created_at, active.run.scheduled_for or 0.0)
            place = asked_at - PRIORITY_SECONDS * active.run.priority
            self._places[active.id] = place
            insort(self._queue, (place, active.id))
            active.is_queued = True

    def withdraw(self, run_id: int) -> None:
        """Takes a run out of the queue, if it is there."""
        place = self._places.pop(run_id, None)
        if place is not None:
            self._queue.remove((place, run_id))
        if run_id in self._ingest.active:
            self._ingest.active[run_id].is_queued = False

    def tick(self, now: float) -> float:
        """Starts what waits while there are slots, and room on the disk."""
        if not self._queue or not self._may_start():
            return float("inf")
        held, next_at = self._held(now), float("inf")
        for _, id in list(self._queue):
            if held.is_full:
                break
            active = self._ingest.active.get(id)
            if active is not None and active.run.state is FlowRunState.PENDING:
                if early := self._seconds_early(active.run):
                    next_at = min(next_at, now + min(early, LONGEST_SLEEP_SECONDS))
                    continue
                if held.obstacle(active.run):
                    held.note_waiting(active.run, self._clock.time())
                    continue
                try:
                    self._start(active)
                except OSError as error:
                    self._log.warn(f"run {active.id}: cannot start its keeper: {error}")
                    return now + RETRY_SECONDS
                held.add(active.run)
            self.withdraw(id)
        return next_at

    def _seconds_early(self, run: FlowRun) -> float:
        """Until the time that it was asked for; 0 where it may begin. What a schedule made is never early."""
        if run.schedule is not None or run.scheduled_for is None:
            return 0.0
        return max(0.0, run.scheduled_for - self._clock.time())

    def obstacles(self) -> dict[int, Obstacle]:
        """Why each of the queued runs has not started yet, by id."""
        held = self._held(self._clock.monotonic())
        found = {}
        for active in self.queued:
            if self._seconds_early(active.run):
                found[active.id] = Obstacle("its time", _begins(active.run))
                continue
            found[active.id] = held.obstacle(active.run) or _NOTHING
            held.note_waiting(active.run, self._clock.time())
        return found

    def spec_of(self, run: FlowRun) -> RunSpec:
        """What to run, of a run that so far is only in the history: one that a schedule made."""
        flow = served.flow_of(self._db, run.flow, run.served)
        if flow is None:
            flow = Flow(run.flow, run.path, "", 1, "", {}, [], None)
        spec = new_spec(self.settings, flow, run.id, run.parameters, run.created_at)
        file = flows.get_flow_file(self._db, flow.path)
        decided = schedules.fire_time_of_run(self._db, run.id)
        under = served.get_served(self._db, run.flow, run.served) if run.served else None
        return spec._replace(
            run_name=run.run_name or None,
            tags=run.tags,
            trigger=run.trigger,
            attempt=run.attempt,
            first_task_run_id=run.first_task_run_id,
            source_sha=flow.sha if file is not None and file.state == "broken" else "",
            scheduled_for=run.scheduled_for,
            schedule=run.schedule,
            event_key=decided.event_key if decided else None,
            cause=decided.cause if decided else None,
            fired_at=run.created_at,
            previous_success=runs.last_success(self._db, run.flow),
            priority=run.priority,
            lane=run.lane,
            crashes=run.crashes,
            served=run.served,
            served_version=under.version if under else None,
        )

    def _start(self, active: ActiveRun) -> None:
        if active.run.schedule is not None and read_spec(active.directory) is None:
            active.directory.mkdir(mode=0o700, exist_ok=True)
            write_spec(active.directory, self.spec_of(active.run))
            failpoint("fire-spec-written")
        self._supervisor.start(active.id, active.directory)

    def _held(self, now: float) -> Held:
        self.limits.refresh(now)
        holding = [active.run for active in self._ingest.active.values() if self._holds_slot(active)]
        return Held(self.limits, holding)

    def _holds_slot(self, active: ActiveRun) -> bool:
        return active.id not in self._places and not active.is_script and not active.run.awaits_attempt


def _begins(run: FlowRun) -> str:
    """When it does, by this machine's clock."""
    return f"it is to begin {datetime.fromtimestamp(run.scheduled_for or 0.0):%a %d %b %H:%M:%S}"


def wishes(command: RunFlow | RunFile | RunServed) -> dict[str, Any]:
    """What somebody wants of one run, as fields of its spec: when it begins, before whom, with whose results, and with
    which of its tasks."""
    found: dict[str, Any] = {"scheduled_for": command.scheduled_for}
    if command.priority is not None:
        found["priority"] = command.priority
    if command.refresh:
        found["reuse"] = "nothing"
    return found | {"skip": command.skip, "only": command.only}


def new_spec(
    settings: Settings, flow: Flow, run_id: int, parameters: dict[str, Any], created_at: float
) -> RunSpec:
    """What a new run of the flow needs to know, whoever asked for it."""
    return RunSpec(
        run_id=run_id,
        flow=flow.name,
        path=str(settings.project / flow.path),
        function=flow.function,
        parameters=parameters,
        run_name=None,
        tags=flow.tags,
        trigger="command",
        created_at=created_at,
        project=str(settings.project),
        cookie=os.urandom(16).hex(),
        timeout_seconds=flow.timeout_seconds,
        grace_seconds=settings.grace_seconds,
        log_mb=settings.log_mb,
        priority=flow.priority,
        on_crash=flow.on_crash,
    )


def run_of(spec: RunSpec) -> FlowRun:
    """The history's record of a run that is only asked for yet."""
    path = Path(spec.path) if spec.path else None
    inside = path is not None and path.is_relative_to(spec.project)
    return FlowRun(
        id=spec.run_id,
        flow=spec.flow,
        path=str(path.relative_to(spec.project)) if path and inside else spec.path,
        run_name=spec.run_name or spec.default_name or "",
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
        scheduled_for=spec.scheduled_for,
        schedule=spec.schedule,
        priority=spec.priority,
        lane=spec.lane,
        crashes=spec.crashes,
        served=spec.served,
        idempotency_key=spec.idempotency_key,
    )
