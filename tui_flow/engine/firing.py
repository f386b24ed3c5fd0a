"""Lets fire times make runs, each exactly once. Scheduler, triggers and backfills all come through here.

A run's directory is made first: that gives its id, and alone means nothing. Then one transaction writes what became of
the fire times, the runs, and the schedules' cursors; the rows are UNIQUE, so a fire time that was decided before makes
nothing. Only then are the runs queued, and each gets its `spec.json` when it has its turn. Whatever dies in between,
the next engine finds the pending rows (`rescuer`); after a power loss that took the rows, it finds the specs
(`arrivals`), and what they were for is decided with them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.changes import ScheduleChanged
from tui_flow.contract.commands import HIGHEST_PRIORITY, LOWEST_PRIORITY
from tui_flow.contract.errors import BadParameters
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.rundir import forget_secrets, make_run_dir, put_secrets_away, run_dir
from tui_flow.contract.schedules import TIMED
from tui_flow.contract.states import FireOutcome, FireReason, FlowRunState
from tui_flow.engine.bus import Bus
from tui_flow.engine.clock import Clock
from tui_flow.engine.dispatcher import Dispatcher, new_spec, run_of
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.ingest import ActiveRun, Ingest
from tui_flow.engine.parameters import check_names
from tui_flow.settings import Settings
from tui_flow.store import runs, schedules, served
from tui_flow.store.database import Connection, transaction
from tui_flow.store.records import FireTime, Flow, FlowRun, Schedule

MAX_QUEUED = 100
"""Runs of one schedule that wait, with overlap "queue_all"."""
BACKFILL = "backfill"
"""What asked for a run that fills a gap. It stands in no fire time's way."""


class Fire(NamedTuple):
    """A fire time, or an event, that is to make a run."""

    schedule: Schedule
    fire_at: float
    reason: FireReason
    event_key: str | None = None
    """Of a trigger's event: equal keys are one event, and make one run."""
    cause: dict[str, Any] | None = None
    """Of a trigger's event: what it was, as the run is told."""
    parameters: dict[str, Any] = {}  # noqa: RUF012
    """Beyond those of the schedule."""
    overlap: str | None = None
    """Instead of the schedule's own rule."""
    lane: str | None = None
    """Instead of the schedule's own."""
    priority: int = 0
    """Added to the flow's."""
    message: str = ""


class Move(NamedTuple):
    """How far a schedule's fire times are decided."""

    schedule: int
    cursor: float
    next_at: float | None


class Firing:
    def __init__(
        self,
        settings: Settings,
        db: Connection,
        clock: Clock,
        ingest: Ingest,
        dispatcher: Dispatcher,
        bus: Bus,
        log: EngineLog,
        cancel: Callable[[ActiveRun, str, bool], object],
        on_decided: Callable[[Iterable[FireTime]], None] = lambda _: None,
    ) -> None:
        """`cancel` asks for a run's end, as the rescuer does. `on_decided` is told what became of fire times, in the
        transaction that writes it down."""
        self._on_decided = on_decided
        self.settings, self._db, self._clock, self._log = settings, db, clock, log
        self._ingest, self._dispatcher, self._bus, self._cancel = ingest, dispatcher, bus, cancel

    def fire(self, schedule: Schedule, fire_at: float, reason: FireReason, **more: Any) -> int | None:
        """One run for one fire time or event; its id. None where it made none, and its row says why."""
        return self.fire_all([Fire(schedule, fire_at, reason, **more)])[0]

    def is_going(self, schedule: Schedule) -> bool:
        """Whether a run of the schedule, or of an exclusive flow any run at all, is not over."""
        flow = served.flow_of(self._db, schedule.flow, schedule.spec.get("served"))
        runs_of_flow = [one.run for one in self._ingest.active.values() if one.run.flow == schedule.flow]
        return any(run.schedule == schedule.slug or (flow and flow.exclusive) for run in runs_of_flow)

    def fire_all(
        self,
        fires: Sequence[Fire],
        decided: Iterable[FireTime] = (),
        moves: Iterable[Move] = (),
        keep: Callable[[], None] = lambda: None,
    ) -> list[int | None]:
        """Decides many at once, in one transaction with what needs no run (`decided`), the cursors, and what else
        `keep` writes.

        Gives the run of each of `fires`, None where it made none. Raises HistoryError and OSError, and then nothing
        was decided.
        """
        decisions = _Decisions(self._db, self._ingest.active.values())
        made: list[tuple[FlowRun | None, FireTime]] = []
        left = list(decided)
        try:
            made.extend(self._made(fire, decisions) for fire in fires)
            if any(run for run, _ in made):
                failpoint("fire-dir-made")
            with transaction(self._db):
                schedules.insert_fire_times(self._db, left)
                found = [self._store(fire, *one) for fire, one in zip(fires, made, strict=True)]
                schedules.move_cursors(self._db, moves)
                keep()
                self._on_decided([*left, *_not_asked_for(fires, made)])
                failpoint("fire-before-commit")
        except BaseException:
            for run, _ in made:
                self._unmake(run)
            raise
        if any(found):
            failpoint("fire-committed")
        for run in found:
            if run is not None:
                self._dispatcher.queue(self._ingest.take_up(run))
        for active in decisions.to_cancel.values():
            if active.id in self._ingest.active:
                self._cancel(active, "a later run of its schedule", False)
        for schedule in {fire.schedule.id: fire.schedule for fire in fires}.values():
            self._bus.publish(ScheduleChanged(schedule.flow, schedule.slug))
        return [None if run is None else run.id for run in found]

    def _made(self, fire: Fire, decisions: "_Decisions") -> tuple[FlowRun | None, FireTime]:
        """The run, with its directory, and the row of a fire time; nothing is in the history yet."""
        flow, refused = decisions.judge(fire)
        row = FireTime(
            id=0,
            schedule=fire.schedule.id,
            fire_at=fire.fire_at,
            outcome=FireOutcome.SKIPPED if refused else FireOutcome.RUN,
            reason=refused[0] if refused else fire.reason,
            message=refused[1] if refused else fire.message,
            run_id=None,
            until=None,
            times=1,
            event_key=fire.event_key,
            decided_at=self._clock.time(),
            cause=fire.cause,
        )
        if refused or flow is None:
            self._log.say(f"{fire.schedule.flow}/{fire.schedule.slug}: no run: {row.message}")
            return None, row
        run_id, directory = make_run_dir(self.settings.state_dir)
        run = run_of(self._spec(fire, flow, run_id, directory))
        decisions.note(fire, run)
        return run, row._replace(run_id=run_id)

    def _spec(self, fire: Fire, flow: Flow, run_id: int, directory: Path) -> Any:
        schedule = fire.schedule
        parameters = {**(schedule.spec.get("parameters") or {}), **fire.parameters}
        kept = put_secrets_away(directory, flow.parameters, parameters)
        spec = new_spec(self.settings, flow, run_id, kept, self._clock.time())
        return spec._replace(
            served=schedule.spec.get("served"),
            trigger=_trigger(fire),
            scheduled_for=fire.fire_at,
            schedule=schedule.slug,
            priority=max(LOWEST_PRIORITY, min(flow.priority + fire.priority, HIGHEST_PRIORITY)),
            lane=fire.lane or _lane(fire),
        )

    def _store(self, fire: Fire, run: FlowRun | None, row: FireTime) -> FlowRun | None:
        """In the transaction. None where the fire time has been decided before."""
        if fire.reason is FireReason.BACKFILL and run is not None:
            schedules.replace_fire_time(self._db, row)
        elif schedules.insert_fire_times(self._db, [row]) != 1:
            self._unmake(run)
            return None
        if run is not None:
            runs.insert_run(self._db, run)
        return run

    def _unmake(self, run: FlowRun | None) -> None:
        """Takes away the directory of a run that does not come into the history."""
        if run is None:
            return
        directory = run_dir(self.settings.state_dir, run.id)
        forget_secrets(directory)
        with suppress(OSError):
            directory.rmdir()


def _not_asked_for(
    fires: Sequence[Fire], made: Sequence[tuple[FlowRun | None, FireTime]]
) -> Iterator[FireTime]:
    """The rows that nobody asked for: whoever asks is told by the answer."""
    asked_for = (FireReason.BACKFILL, FireReason.ASKED)
    return (row for fire, (_, row) in zip(fires, made, strict=True) if fire.reason not in asked_for)


class _Decisions:
    """Which of some fire times may make a run, given what runs and what those before them made."""

    def __init__(self, db: Connection, active: Iterable[ActiveRun]) -> None:
        self._db = db
        self._flows: dict[tuple[str, str | None], Flow | None] = {}
        self._of_schedule: dict[tuple[str, str], list[ActiveRun]] = defaultdict(list)
        self._of_flow: dict[str, list[ActiveRun]] = defaultdict(list)
        self._made: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.to_cancel: dict[int, ActiveRun] = {}
        for one in active:
            self._of_flow[one.run.flow].append(one)
            if one.run.schedule is not None and one.run.trigger != BACKFILL:
                self._of_schedule[one.run.flow, one.run.schedule].append(one)

    def judge(self, fire: Fire) -> tuple[Flow | None, tuple[FireReason, str] | None]:
        """The flow, and why there is to be no run, if there is not."""
        key = fire.schedule.flow, fire.schedule.spec.get("served")
        if key not in self._flows:
            self._flows[key] = served.flow_of(self._db, *key)
        flow = self._flows[key]
        if flow is None:
            return None, (FireReason.REFUSED, f"there is no flow {key[0]!r} any more")
        try:
            check_names(flow, {**(fire.schedule.spec.get("parameters") or {}), **fire.parameters})
        except BadParameters as error:
            return flow, (FireReason.REFUSED, error.what)
        overlap = self._overlap(fire, flow)
        return flow, (FireReason.OVERLAP, overlap) if overlap else None

    def note(self, fire: Fire, run: FlowRun) -> None:
        """The fire time makes this run."""
        self._made[fire.schedule.flow, fire.schedule.slug].append(run.id)

    def _overlap(self, fire: Fire, flow: Flow) -> str:
        """Why an earlier run stands in the way; empty where none does."""
        rule, key = overlap_rule(fire), (fire.schedule.flow, fire.schedule.slug)
        others = self._of_flow[flow.name] if flow.exclusive else self._of_schedule[key]
        made = self._made[key]
        if rule == "allow" or not (others or made):
            return ""
        waiting = [one.id for one in others if one.run.state is FlowRunState.PENDING and one.is_queued]
        waiting += made
        if rule == "skip":
            first = others[0].id if others else made[0]
            return f"run {first} was not over"
        if rule == "cancel_old":
            self.to_cancel.update({one.id: one for one in others})
        if rule == "queue" and waiting:
            return f"run {waiting[0]} waits already"
        if rule == "queue_all" and len(waiting) >= MAX_QUEUED:
            return f"{len(waiting)} runs wait already"
        return ""


def overlap_rule(fire: Fire) -> str:
    """What becomes of the fire time while an earlier run of its schedule is not over."""
    return fire.overlap or fire.schedule.spec.get("overlap") or "skip"


def _lane(fire: Fire) -> str | None:
    if overlap_rule(fire) == "allow":
        return None
    return f"{fire.schedule.flow}/{fire.schedule.slug}"


def _trigger(fire: Fire) -> str:
    if fire.reason is FireReason.BACKFILL:
        return BACKFILL
    return "schedule" if fire.schedule.kind in TIMED else "trigger"
