"""Fires triggers: for every file, event, end of a run or condition one run, whatever dies in between.

A trigger remembers what it has seen, in the history. What it sees is decided in the transaction that moves this memory
on, and each event has a key that is UNIQUE; so it may be looked at again after a crash, and makes its run once. Which
triggers there are, and may fire, the scheduler knows; how each kind looks, `watches`, `file_watch`, `condition_watch`.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tui_flow.contract import schedules as contract
from tui_flow.contract.changes import ScheduleChanged
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.states import FireOutcome, FireReason
from tui_flow.engine.bus import Bus
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.firing import Fire, Firing
from tui_flow.engine.scheduler import Scheduler
from tui_flow.engine.watches import Happening, Passed, Sighting, Watch
from tui_flow.engine.watching import Watching
from tui_flow.store import events, schedules
from tui_flow.store.database import Connection, transaction
from tui_flow.store.records import FireTime, Schedule

NO_ROOM_SECONDS = 1.0


class _Entry(NamedTuple):
    """A trigger that may fire."""

    schedule: Schedule
    declared: contract.Schedule
    watch: Watch


class Triggers:
    def __init__(
        self,
        db: Connection,
        clock: Clock,
        scheduler: Scheduler,
        firing: Firing,
        watching: Watching,
        bus: Bus,
        log: EngineLog,
        may_start: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_start` tells whether there is room for another run; without it, nothing fires for now."""
        self._db, self._clock, self._scheduler, self._firing = db, clock, scheduler, firing
        self._watching, self._bus, self._log, self._may_start = watching, bus, log, may_start
        self._known: list[Schedule] = []
        self._entries: dict[int, _Entry] = {}
        self._unreadable: dict[int, str] = {}

    def tick(self, now: float) -> float:
        """Decides what has happened. Gives when there is to be another look."""
        if self._scheduler.triggers is not self._known:
            self._reload()
        if not self._entries:
            return float("inf")
        if not self._may_start():
            return now + NO_ROOM_SECONDS
        self._watching.newest.look()
        entries = list(self._entries.values())
        sightings = [(entry, entry.watch.look()) for entry in entries]
        self._decide([(entry, sighting) for entry, sighting in sightings if sighting is not None])
        for entry in entries:
            self._tell_trouble(entry)
        return min(entry.watch.due_at(now) for entry in entries)

    def trouble(self, id: int) -> str:
        """What keeps a trigger from firing, beyond pauses."""
        entry = self._entries.get(id)
        return self._unreadable.get(id, "") if entry is None else entry.watch.trouble

    def standing(self, id: int) -> str:
        """What a trigger waits for, for people; empty for one that does not look."""
        entry = self._entries.get(id)
        if entry is None:
            return ""
        skips = entry.watch.memory.get("skips", 0)
        told = "" if not skips else "skips the next event" if skips == 1 else f"skips the next {skips} events"
        return "; ".join(filter(None, (entry.watch.standing(), told)))

    def close(self, schedule: Schedule, reason: FireReason, message: str) -> int:
        """What has happened so far makes no run: the trigger comes out of a pause. Gives how many events that were."""
        entry = self._entry(schedule)
        if entry is None:
            return 0
        sighting = entry.watch.pass_over(reason, message)
        entry.watch.close()
        self._forget(schedule.id)
        with transaction(self._db):
            schedules.insert_fire_times(self._db, self._rows(entry, sighting))
            self._keep([(entry, sighting)])
        self._scheduler.changed()
        return sighting.passed.times if sighting.passed else 0

    def skip(self, schedule: Schedule, by: int = 1) -> bool:
        """One more event to come, or with -1 one less, makes no run. False where none was to be skipped."""
        entry = self._entries.get(schedule.id) or self._entry(schedule)
        skips = (entry.watch.memory.get("skips", 0) if entry else 0) + by
        if entry is None or skips < 0:
            return False
        entry.watch.memory = {**entry.watch.memory, "skips": skips}
        schedules.save_memory(self._db, schedule.id, entry.watch.memory)
        return True

    def _reload(self) -> None:
        """Watches for the triggers that may fire now; those that say the same go on."""
        there, entries = self._scheduler.triggers, {}
        for schedule in there:
            known = self._entries.get(schedule.id)
            is_same = known is not None and _says_the_same(known, schedule)
            entry = known._replace(schedule=schedule) if known and is_same else self._entry(schedule)
            if entry is not None:
                entries[schedule.id] = entry
        self._keep_begun(entries.values())
        for id, known in self._entries.items():
            if id not in entries or entries[id].watch is not known.watch:
                known.watch.close()
        self._known, self._entries = there, entries

    def _keep_begun(self, entries: Iterable[_Entry]) -> None:
        """Those that look for the first time remember from where on."""
        begun = [one for one in entries if one.watch.memory != one.schedule.memory]
        if not begun:
            return
        with transaction(self._db):
            for entry in begun:
                schedules.save_memory(self._db, entry.schedule.id, entry.watch.memory)
            schedules.move_cursors(
                self._db, ((one.schedule.id, one.schedule.registered_at, None) for one in begun)
            )

    def _forget(self, id: int) -> None:
        known = self._entries.pop(id, None)
        if known is not None:
            known.watch.close()
        self._known = []

    def _entry(self, schedule: Schedule) -> _Entry | None:
        """None for what a newer version may have declared."""
        try:
            declared = contract.from_json(schedule.spec)
        except ValueError as error:
            if schedule.id not in self._unreadable:
                self._unreadable[schedule.id] = f"cannot be watched: {error}"
                self._log.warn(f"{_name(schedule)}: cannot be watched: {error}")
            return None
        return _Entry(schedule, declared, self._watching.watch_for(schedule, declared))

    def _decide(self, found: list[tuple[_Entry, Sighting]]) -> None:
        """In one transaction. Where that fails, all of it is seen again."""
        if not found:
            return
        found = [(entry, _with_skips(self._undecided(entry, sighting))) for entry, sighting in found]
        fires = [
            self._fire(entry, one)
            for entry, sighting in found
            for one in sighting.happened
            if not one.refused
        ]
        rows = [row for entry, sighting in found for row in self._rows(entry, sighting)]
        self._firing.fire_all(fires, rows, keep=lambda: self._keep(found))
        for entry, sighting in found:
            entry.watch.settle(sighting)
        if fires:
            failpoint("trigger-fired")

    def _undecided(self, entry: _Entry, sighting: Sighting) -> Sighting:
        """Without what was decided before, such as what a condition says again."""
        id, happened = entry.schedule.id, sighting.happened
        return sighting._replace(
            happened=[one for one in happened if not schedules.knows_event(self._db, id, one.key)]
        )

    def _keep(self, found: list[tuple[_Entry, Sighting]]) -> None:
        """In the transaction: what the triggers have seen."""
        for entry, sighting in found:
            id = entry.schedule.id
            schedules.save_memory(self._db, id, sighting.memory)
            events.save_seen(self._db, id, sighting.seen)
            events.forget_seen(self._db, id, sighting.forgotten)

    def _fire(self, entry: _Entry, one: Happening) -> Fire:
        parameters = {entry.declared.into: one.value} if entry.declared.into else {}
        return Fire(
            entry.schedule,
            one.at,
            FireReason.EVENT,
            event_key=one.key,
            cause=one.cause,
            parameters=parameters,
            message=one.words,
        )

    def _rows(self, entry: _Entry, sighting: Sighting) -> list[FireTime]:
        """Of what makes no run."""
        rows = [self._refused(entry, one) for one in sighting.happened if one.refused]
        for row in rows:
            self._log.say(f"{_name(entry.schedule)}: no run: {row.message}")
        return rows + ([self._shared(entry, sighting.passed)] if sighting.passed else [])

    def _refused(self, entry: _Entry, one: Happening) -> FireTime:
        reason = FireReason.ASKED if one.refused == _ASKED else FireReason.REFUSED
        message = one.words if one.refused == _ASKED else f"{one.words}: {one.refused}"
        at, key = self._clock.time(), one.key
        return FireTime(0, entry.schedule.id, one.at, FireOutcome.SKIPPED, reason, message, None, None, 1, key, at, one.cause)  # fmt: skip

    def _shared(self, entry: _Entry, one: Passed) -> FireTime:
        until = one.last_at if one.times > 1 else None
        return FireTime(
            0, entry.schedule.id, one.first_at, FireOutcome.SKIPPED, one.reason, one.message, None, until, one.times,
            one.key, self._clock.time(),
        )  # fmt: skip

    def _tell_trouble(self, entry: _Entry) -> None:
        """Once, and once more when it is over; the history has it for the console."""
        before, now = entry.watch.memory.get("trouble", ""), entry.watch.trouble
        if before == now:
            return
        entry.watch.memory = {**entry.watch.memory, "trouble": now}
        schedules.save_memory(self._db, entry.schedule.id, entry.watch.memory)
        name = _name(entry.schedule)
        if now:
            self._log.warn(f"{name}: {now}")
        else:
            self._log.say(f"{name}: goes on")
        self._bus.publish(ScheduleChanged(entry.schedule.flow, entry.schedule.slug))


_ASKED = "skipped, as somebody asked"


def _with_skips(sighting: Sighting) -> Sighting:
    """The same, in which as many events make no run as somebody asked to skip."""
    skips = sighting.memory.get("skips", 0)
    left, happened = skips, []
    for one in sighting.happened:
        if left and not one.refused:
            one, left = one._replace(refused=_ASKED), left - 1
        happened.append(one)
    return (
        sighting._replace(happened=happened, memory={**sighting.memory, "skips": left}) if skips else sighting
    )


def _says_the_same(known: _Entry, schedule: Schedule) -> bool:
    before = known.schedule
    return (before.spec, before.registered_at, known.watch.memory) == (
        schedule.spec,
        schedule.registered_at,
        schedule.memory,
    )


def _name(schedule: Schedule) -> str:
    return f"{schedule.flow}/{schedule.slug}"
