"""What a trigger watches: each kind tells what has happened since it looked last, and what it has seen by then.

The two go into the history together (`triggers`), so nothing is told twice, and nothing that was not told is forgotten.
"""

from typing import Any, NamedTuple, Protocol

from tui_flow.contract.flow_names import same_name
from tui_flow.contract.states import FireReason
from tui_flow.engine.clock import Clock
from tui_flow.store import events, runs, schedules
from tui_flow.store.database import Connection
from tui_flow.store.records import EventRecord, Schedule

AT_ONCE = 50
"""So many fires one trigger makes in one step (some 20 ms); then the others have their turn."""
LATE_SECONDS = 60.0
"""So long after a trigger or an engine begins, what happened before may come in."""
MAX_ROUND = 1_000
"""Runs that are followed back, from one to what made it."""


class Happening(NamedTuple):
    """Something that is to make a run."""

    key: str
    """Equal keys are one event, and make one run."""
    at: float
    cause: dict[str, Any]
    """As the run is told: `{"kind": "file", "path": …}`."""
    value: Any
    """Of the parameter that the trigger fills."""
    words: str
    """The same for people."""
    refused: str = ""
    """Why there is to be no run."""


class Passed(NamedTuple):
    """Several that make no run, and share one row."""

    key: str
    first_at: float
    last_at: float
    times: int
    reason: FireReason
    message: str


class Sighting(NamedTuple):
    happened: list[Happening]
    memory: dict[str, Any]
    """What the trigger has seen, once these are decided: JSON."""
    seen: dict[str, str] = {}  # noqa: RUF012
    """Files that are known from now on."""
    forgotten: frozenset[str] = frozenset()
    """Files that are not known any more."""
    passed: Passed | None = None


class Watch(Protocol):
    memory: dict[str, Any]
    """What the history says that the trigger has seen."""
    trouble: str
    """Why it cannot see; empty where it can."""

    def look(self) -> Sighting | None:
        """What is new; None where nothing is. Tells the same again until `settle`."""
        ...

    def settle(self, sighting: Sighting) -> None:
        """The history has it."""
        ...

    def pass_over(self, reason: FireReason, message: str) -> Sighting:
        """What has happened so far makes no run."""
        ...

    def due_at(self, now: float) -> float:
        """When to look again (monotonic)."""
        ...

    def standing(self) -> str:
        """How things are, for people: what it waits for."""
        ...

    def close(self) -> None:
        """Nobody looks any more."""
        ...


class Newest:
    """The newest event, looked up once for all who wait for one."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self.id = 0

    def look(self) -> None:
        self.id = events.last_id(self._db)


class EventWatch:
    """The events of one name, or the ends of runs of some flows, in the order in which the history got them."""

    def __init__(
        self,
        db: Connection,
        clock: Clock,
        newest: Newest,
        schedule: Schedule,
        kind: str,
        names: tuple[str, ...],
        states: tuple[str, ...] = (),
        begin: float | None = None,
    ) -> None:
        """`begin` is the time since which the trigger is there, where it is there for the first time."""
        self._db, self._clock, self._newest, self._flow = db, clock, newest, schedule.flow
        self._kind, self._names, self._states = kind, names, states
        self._made_at = clock.monotonic()
        self.memory = schedule.memory or {}
        if begin is not None:
            self.memory = {
                "since": begin,
                "read": max(self.memory.get("read", 0), events.last_id_before(db, begin)),
            }
        self.trouble = str(self.memory.get("trouble", ""))

    def look(self) -> Sighting | None:
        if self._newest.id <= self.memory["read"]:
            return None
        found = events.list_after(self._db, self.memory["read"], AT_ONCE)
        if not found:
            return None
        happened = [self._happening(event) for event in found if self._fits(event)]
        return Sighting(happened, {**self.memory, "read": found[-1].id})

    def settle(self, sighting: Sighting) -> None:
        self.memory = sighting.memory

    def pass_over(self, reason: FireReason, message: str) -> Sighting:
        fitting: list[EventRecord] = []
        read, times = self.memory["read"], 0
        while found := events.list_after(self._db, read, AT_ONCE):
            read = found[-1].id
            new = [event for event in found if self._fits(event)]
            times += len(new)
            fitting = [*fitting[:1], *new]
        memory = {**self.memory, "read": read}
        if not times:
            return Sighting([], memory)
        first, last = fitting[0], fitting[-1]
        return Sighting([], memory, passed=Passed(last.key, first.at, last.at, times, reason, message))

    def due_at(self, now: float) -> float:
        return now if self._newest.id > self.memory["read"] else float("inf")

    def standing(self) -> str:
        return ""

    def close(self) -> None:
        return

    def _fits(self, event: EventRecord) -> bool:
        """Whether it is one of those that are waited for."""
        if event.kind != self._kind or self._is_from_before(event):
            return False
        if event.kind == events.EMITTED:
            return event.name in self._names
        return event.state in self._states and any(same_name(event.name, name) for name in self._names)

    def _is_from_before(self, event: EventRecord) -> bool:
        """It happened before the trigger was there, and came in late, as what an engine finds when it starts. Where the
        clock was set back, times say nothing."""
        is_early = self._clock.monotonic() - self._made_at < LATE_SECONDS
        return is_early and event.at < float(self.memory["since"]) <= self._clock.time()

    def _happening(self, event: EventRecord) -> Happening:
        if event.kind == events.EMITTED:
            cause = {"kind": "event", "name": event.name, "key": event.key, "payload": event.payload,
                     "happened_at": event.at, "run_id": event.run_id}  # fmt: skip
            by = f" of run {event.run_id}" if event.run_id else ""
            return Happening(event.key, event.at, cause, event.payload, f"event {event.name}{by}")
        cause = {"kind": "flow", "flow": event.name, "run_id": event.run_id, "state": event.state,
                 "ended_at": event.at}  # fmt: skip
        words = f"run {event.run_id} of {event.name} {event.state}"
        return Happening(event.key, event.at, cause, event.run_id, words, self._goes_round(event))

    def _goes_round(self, event: EventRecord) -> str:
        """Why the run that ended must not fire this flow: a run of the flow led to it, so they would never stop."""
        run_id = event.run_id
        for _ in range(MAX_ROUND):
            decided = schedules.fire_time_of_run(self._db, run_id) if run_id else None
            run_id = decided.cause.get("run_id") if decided and decided.cause else None
            run = runs.get_run(self._db, run_id) if run_id else None
            if run is None:
                return ""
            if same_name(run.flow, self._flow):
                return f"run {event.run_id} of {event.name} goes back to run {run.id} of this flow: it would never end"
        return "it goes back over too many runs"
