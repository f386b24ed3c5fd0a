"""Fires schedules at their times: never early, each time once, and none of them silently not at all.

Every schedule has a cursor: all its fire times up to there are decided. What lies between cursor and now is due. A
fire time that is at most a minute late makes its run; older ones were missed (no engine ran, the machine slept, the
clock jumped), and the schedule's catch-up rule says which of them still make a run. The rest shares one row of the
history. A clock that is set back makes nothing fire again, since a cursor never moves back by itself.
"""

import heapq
from collections.abc import Callable
from typing import NamedTuple

from tui_flow.contract.changes import Change, FlowFileChanged, RunChanged, ScheduleChanged
from tui_flow.contract.schedules import TIMED
from tui_flow.contract.states import (
    TERMINAL,
    WENT_WRONG,
    FireOutcome,
    FireReason,
    FlowRunState,
    ScheduleState,
)
from tui_flow.counting import counted
from tui_flow.engine.bus import Bus
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.firing import Fire, Firing, Move
from tui_flow.engine.rules import CATCHUP_LIMIT, Rules
from tui_flow.engine.timetable import Timetable
from tui_flow.store import facts, runs, schedules, served
from tui_flow.store.database import Connection, transaction
from tui_flow.store.records import FireTime, FlowRun, Pause, Schedule

GRACE_SECONDS = 60.0
"""A fire time that is later than this was missed."""
LONGEST_SLEEP_SECONDS = 5.0
"""The wall clock may be set meanwhile, and a machine that slept does not count the seconds."""
BATCH = 1_000
"""Fire times that are decided in one step, and in one transaction."""
NO_ROOM_SECONDS = 1.0
JUMP_SECONDS = 5.0
"""A wall clock that is so far from where the monotonic one says it should be was set."""
AHEAD_PERIODS = 2
"""A cursor that is more periods in the future came from a clock that was wrong."""
BY_ITSELF = "tui_flow"


class _Entry:
    """A schedule that may fire."""

    def __init__(self, schedule: Schedule, timetable: Timetable, rules: Rules) -> None:
        self.schedule, self.timetable, self.rules = schedule, timetable, rules
        self.cursor = schedule.cursor
        self.next_at: float | None = None


class _Plan(NamedTuple):
    """What becomes of the fire times of one schedule that are due."""

    fires: list[Fire]
    rows: list[FireTime]
    move: Move


class Scheduler:
    def __init__(
        self,
        db: Connection,
        clock: Clock,
        firing: Firing,
        bus: Bus,
        log: EngineLog,
        may_start: Callable[[], bool] = lambda: True,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """`may_start` tells whether there is room for another run; without it, nothing fires for now. `wake` is called
        when the next step is due at once."""
        self._db, self._clock, self._firing, self._bus, self._log = db, clock, firing, bus, log
        self._may_start, self._wake = may_start, wake
        self._entries: dict[int, _Entry] = {}
        self._heap: list[tuple[float, int]] = []
        self._is_stale = True
        self._warned: set[int] = set()
        self.troubles: dict[int, str] = {}
        """What keeps schedules from firing, by id, beyond pauses."""
        self.triggers: list[Schedule] = []
        """Those that may fire, for whoever watches for them; another object after every change."""
        self._after_ends: set[tuple[str, str | None]] = set()
        self._restored_at = float(facts.get(db, facts.RESTORED_AT) or 0.0)
        self._started_at = clock.time()
        self._offset = clock.time() - clock.monotonic()
        self._has_any = False
        bus.listen(self._hear)

    @property
    def is_needed(self) -> bool:
        """Whether there is an active schedule or trigger, for which the engine has to be there."""
        if self._is_stale:
            self._reload()
        return self._has_any

    def changed(self) -> None:
        """Schedules, flows or pauses are others: read them anew before the next step."""
        self._is_stale = True
        self._wake()

    def forget(self, schedule: Schedule) -> None:
        """Works out anew when it fires next: some of its fire times were decided ahead."""
        self._entries.pop(schedule.id, None)
        self.changed()

    def settle(self) -> None:
        """Takes in what changed, so that what is asked of it now counts it."""
        if self._is_stale:
            self._reload()

    def tick(self, now: float) -> float:
        """Decides what is due. Gives when the next fire time is."""
        self._note_jump(now)
        if self._is_stale:
            self._reload()
        if not self._may_start():
            return now + NO_ROOM_SECONDS
        at = self._clock.time()
        due: list[_Entry] = []
        while self._heap and self._heap[0][0] <= at and len(due) < BATCH:
            next_at, id = heapq.heappop(self._heap)
            entry = self._entries.get(id)
            if entry is not None and entry.next_at == next_at:
                due.append(entry)
        if due:
            self._decide(due, at)
        if not self._heap:
            return now + LONGEST_SLEEP_SECONDS if self._entries else float("inf")
        return now + min(max(self._heap[0][0] - self._clock.time(), 0.0), LONGEST_SLEEP_SECONDS)

    def _decide(self, due: list[_Entry], at: float) -> None:
        """In one transaction. Where that fails, all of it is due again."""
        try:
            plans = [self._plan(entry, at) for entry in due]
            self._firing.fire_all(
                [fire for plan in plans for fire in plan.fires],
                [row for plan in plans for row in plan.rows],
                [plan.move for plan in plans],
            )
        except BaseException:
            for entry in due:
                self._push(entry)
            raise
        for entry, plan in zip(due, plans, strict=True):
            entry.cursor, entry.next_at = plan.move.cursor, plan.move.next_at
            self._push(entry)
            if plan.rows:
                self._tell_missed(entry, plan.rows)

    def _plan(self, entry: _Entry, at: float) -> _Plan:
        table, schedule = entry.timetable, entry.schedule
        late = max(entry.cursor, at - GRACE_SECONDS)
        fresh = list(table.walk(late, at))
        caught: list[float] = []
        rows: list[FireTime] = []
        if late > entry.cursor:
            caught = self._to_catch_up(entry, late, has_fresh=bool(fresh))
            rows = self._missed(entry, late, caught, at)
        cursor = max([entry.cursor, *fresh, *caught, *(row.until or row.fire_at for row in rows)])
        known: set[float] = set()
        if caught or fresh:
            first, last = min(caught + fresh), max(caught + fresh)
            known = {one.fire_at for one in schedules.fire_times_between(self._db, schedule.id, first, last)}
        rule = "queue_all" if len(caught) > 1 else None
        fires = [Fire(schedule, one, FireReason.CATCH_UP, overlap=rule) for one in caught if one not in known]
        fires += [Fire(schedule, one, FireReason.ON_TIME) for one in fresh if one not in known]
        cursor, next_at = self._undecided(entry, cursor, table.next(cursor))
        return _Plan(fires, rows, Move(schedule.id, cursor, next_at))

    def _undecided(self, entry: _Entry, cursor: float, next_at: float | None) -> tuple[float, float | None]:
        """The cursor, moved over fire times that have been decided ahead, and the next one that has not."""
        while next_at is not None and schedules.fire_times_between(
            self._db, entry.schedule.id, next_at, next_at
        ):
            cursor, next_at = next_at, entry.timetable.next(next_at)
        return cursor, next_at

    def _to_catch_up(self, entry: _Entry, late: float, *, has_fresh: bool) -> list[float]:
        """Of the missed fire times, those that still make a run."""
        declared = entry.rules.declared
        start = max(entry.cursor, self._clock.time() - declared.catchup_window_seconds)
        if declared.catchup == "none" or start >= late:
            return []
        if declared.catchup == "last":
            return [] if has_fresh else entry.timetable.last(start, late, 1)
        return entry.timetable.last(start, late, CATCHUP_LIMIT)

    def _missed(self, entry: _Entry, late: float, caught: list[float], at: float) -> list[FireTime]:
        """One row for all missed fire times that make no run: those before the ones that do."""
        end = caught[0] if caught else None
        last = entry.timetable.last(entry.cursor, late, len(caught) + 1)
        left = [one for one in last if end is None or one < end]
        if not left:
            return []
        why = (
            "the engine was down"
            if left[-1] < self._started_at
            else "the machine slept, or its clock was set"
        )
        return [self._shared(entry, left[-1], FireOutcome.MISSED, FireReason.DOWN, why, at)]

    def _shared(
        self, entry: _Entry, until: float, outcome: FireOutcome, reason: FireReason, message: str, at: float
    ) -> FireTime:
        """The row of all undecided fire times up to `until`, which is one of them."""
        first = entry.timetable.next(entry.cursor)
        times = entry.timetable.count(entry.cursor, until)
        return FireTime(
            id=0,
            schedule=entry.schedule.id,
            fire_at=until if first is None else first,
            outcome=outcome,
            reason=reason,
            message=message,
            run_id=None,
            until=until if times > 1 else None,
            times=max(times, 1),
            event_key=None,
            decided_at=at,
        )

    def _tell_missed(self, entry: _Entry, rows: list[FireTime]) -> None:
        missed = sum(row.times for row in rows)
        name = f"{entry.schedule.flow}/{entry.schedule.slug}"
        self._log.warn(f"{name}: {counted(missed, 'fire time')} missed, and not caught up")
        self._bus.publish(ScheduleChanged(entry.schedule.flow, entry.schedule.slug))

    def close(self, schedule: Schedule, reason: FireReason, message: str, until: float = float("inf")) -> int:
        """Decides all fire times up to now, or to an earlier time, that are not decided: skipped, in one row. Gives how
        many they are.

        This is how a schedule comes out of a pause, or back with its file or its history, without catching up.
        """
        at, entry = min(self._clock.time(), until), self._entry(schedule)
        if entry is None:
            return 0
        last = entry.timetable.last(entry.cursor, at, 1)
        rows = [self._shared(entry, last[0], FireOutcome.SKIPPED, reason, message, at)] if last else []
        with transaction(self._db):
            schedules.insert_fire_times(self._db, rows)
            schedules.move_cursors(self._db, [(schedule.id, at, None)])
        self.changed()
        return rows[0].times if rows else 0

    def next_times(self, schedule: Schedule, limit: int) -> list[float]:
        """The fire times to come; none of a trigger."""
        entry = self._entry(schedule)
        found: list[float] = []
        at = max(schedule.cursor, self._clock.time())
        while entry is not None and len(found) < limit:
            following = entry.timetable.next(at)
            if following is None:
                break
            found.append(following)
            at = following
        return found

    def timetable(self, schedule: Schedule) -> Timetable | None:
        """When the schedule fires; None for a trigger, and for one that makes no sense to this version."""
        entry = self._entry(schedule)
        return None if entry is None else entry.timetable

    def _hear(self, change: Change) -> None:
        """Flow files may declare other schedules; and runs that are over matter to schedules that count from there."""
        if isinstance(change, FlowFileChanged):
            self.changed()
        elif isinstance(change, RunChanged) and change.state in TERMINAL:
            run = runs.get_run(self._db, change.run_id)
            if run is not None and run.schedule is not None:
                self._run_ended(run)

    def _run_ended(self, run: FlowRun) -> None:
        if (run.flow, run.schedule) in self._after_ends:
            self.changed()
        if run.state in WENT_WRONG:
            self._pause_after_failures(run)

    def _pause_after_failures(self, run: FlowRun) -> None:
        name, flow = run.flow, served.flow_of(self._db, run.flow, run.served)
        if flow is None or flow.pause_on_failure is None:
            return
        pause = schedules.get_pause(self._db, name)
        if pause is not None and pause.resumed_at is None:
            return
        since = pause.resumed_at or 0.0 if pause else 0.0
        ends = runs.last_ends(self._db, name, flow.pause_on_failure, since)
        if (
            len(ends) < flow.pause_on_failure
            or FlowRunState.COMPLETED in ends
            or FlowRunState.CANCELLED in ends
        ):
            return
        why = "it failed" if len(ends) == 1 else f"{len(ends)} failures in a row"
        schedules.pause_flow(self._db, name, BY_ITSELF, why, self._clock.time())
        self._log.warn(f"{name}: its schedules are paused: {why}")
        self.changed()
        self._bus.publish(ScheduleChanged(name))

    def _reload(self) -> None:
        """Reads schedules and pauses, and works out the next fire time of those that are new or different."""
        self._is_stale = False
        pauses = {pause.flow: pause for pause in schedules.list_pauses(self._db) if pause.resumed_at is None}
        before, self._entries, self._heap = self._entries, {}, []
        self._has_any, self._after_ends, self.triggers = False, set(), []
        shown: list[tuple[int, float | None]] = []
        for schedule in schedules.list_schedules(self._db):
            is_active = schedule.state is ScheduleState.ACTIVE and not _paused(pauses, schedule)
            self._has_any = self._has_any or is_active
            if is_active and schedule.kind not in TIMED:
                self.triggers.append(schedule)
                continue
            entry = self._known(before.get(schedule.id), schedule) if is_active else None
            if entry is not None:
                self._entries[schedule.id] = entry
                if entry.rules.after_end is not None:
                    self._after_ends.add((schedule.flow, schedule.slug))
                self._push(entry)
            next_at = None if entry is None else entry.next_at
            if next_at != schedule.next_at:
                shown.append((schedule.id, next_at))
        if shown:
            schedules.save_next(self._db, shown)

    def _known(self, known: _Entry | None, schedule: Schedule) -> _Entry | None:
        """The entry of an active schedule; the one that there was, where it says the same."""
        if known is not None and _says_the_same(known.schedule, schedule) and known.cursor >= schedule.cursor:
            known.schedule = schedule
            if known.rules.after_end is None:
                return known
        if schedule.cursor < schedule.registered_at:
            why = "nobody served it" if schedule.source == served.SOURCE else "its flow was not there"
            schedule = self._back(schedule, why)
        elif schedule.cursor < min(self._restored_at, self._clock.time()):
            schedule = self._back(schedule, "a backup took the history's place", self._restored_at)
        entry = self._entry(schedule)
        if entry is not None:
            entry.cursor, entry.next_at = self._undecided(entry, entry.cursor, entry.next_at)
            self._check_ahead(entry)
        return entry

    def _back(self, schedule: Schedule, why: str, until: float = float("inf")) -> Schedule:
        """One that was away for a while is back: what it did not fire meanwhile is told, and not caught up."""
        self.close(schedule, FireReason.CHANGED, why, until)
        self._is_stale = False
        return schedules.get_schedule(self._db, schedule.flow, schedule.slug) or schedule

    def _entry(self, schedule: Schedule) -> _Entry | None:
        """None for a trigger, and for what a newer version may have declared."""
        if schedule.kind not in TIMED:
            return None
        try:
            rules = Rules.of(schedule)
            seconds = rules.after_end
            table = rules.timetable() if seconds is None else self._after_end(schedule, seconds)
            entry = _Entry(schedule, table, rules)
            entry.next_at = table.next(entry.cursor)
            return entry
        except ValueError as error:
            if schedule.id not in self._warned:
                self._warned.add(schedule.id)
                self.troubles[schedule.id] = f"cannot be scheduled: {error}"
                self._log.warn(f"{schedule.flow}/{schedule.slug}: cannot be scheduled: {error}")
            return None

    def _after_end(self, schedule: Schedule, seconds: float) -> Timetable:
        """Fires once, so long after the last run's end; not at all while one goes on."""
        last = runs.last_of_schedule(self._db, schedule.flow, schedule.slug)
        if last is not None and last.ended_at is None:
            return Timetable(lambda _: None)
        since = max(schedule.registered_at, last.ended_at or 0.0 if last else 0.0)
        fire_at = max(since + seconds, schedule.cursor + 1e-3)
        return Timetable(lambda after: fire_at if after < fire_at else None)

    def _push(self, entry: _Entry) -> None:
        if entry.next_at is not None:
            heapq.heappush(self._heap, (entry.next_at, entry.schedule.id))

    def _note_jump(self, now: float) -> None:
        """Says that the wall clock was set, and looks whether it leaves schedules behind."""
        offset = self._clock.time() - now
        jumped, self._offset = offset - self._offset, offset
        if abs(jumped) < JUMP_SECONDS:
            return
        way = "forward, or the machine slept" if jumped > 0 else "back: nothing fires twice for it"
        self._log.warn(f"the clock went {abs(jumped):.0f} s {way}")
        for entry in self._entries.values():
            self._check_ahead(entry)

    def _check_ahead(self, entry: _Entry) -> None:
        """Warns where a schedule waits for a time that is further away than it should be."""
        at, schedule = self._clock.time(), entry.schedule
        if entry.next_at is None or entry.cursor <= at:
            self._warned.discard(schedule.id)
            self.troubles.pop(schedule.id, None)
            return
        if (
            entry.cursor - at > AHEAD_PERIODS * (entry.next_at - entry.cursor)
            and schedule.id not in self._warned
        ):
            self._warned.add(schedule.id)
            name = f"{schedule.flow}/{schedule.slug}"
            said = (
                f"fires nothing for {entry.cursor - at:.0f} s, since the clock was once ahead; "
                f"tui-flow schedule reset {name} lets it fire again"
            )
            self.troubles[schedule.id] = said
            self._log.warn(f"{name}: {said}")
            self._bus.publish(ScheduleChanged(schedule.flow, schedule.slug))


def _paused(pauses: dict[str, Pause], schedule: Schedule) -> bool:
    return "" in pauses or schedule.flow in pauses


def _says_the_same(one: Schedule, other: Schedule) -> bool:
    return (one.kind, one.spec, one.registered_at) == (other.kind, other.spec, other.registered_at)
