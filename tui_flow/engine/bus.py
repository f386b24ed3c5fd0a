"""Tells subscribers what changed. Changes carry ids, not rows, so losing some costs a subscriber one more reading."""

from collections.abc import Callable
from typing import Protocol

from tui_flow.contract.changes import Change, RunChanged, Snapshot, TasksChanged, encode
from tui_flow.store.records import FlowRun

TASKS_SECONDS = 0.25
"""Between two `TasksChanged` of one run."""
MAX_WAITING_BYTES = 256 * 1024
"""A subscriber that has so much unread gets nothing more until it has read, and then a new `Snapshot`."""


class Subscriber(Protocol):
    """The engine's end of a connection."""

    def send(self, line: bytes) -> None: ...

    def waiting_bytes(self) -> int:
        """What was sent and is not yet taken by the kernel."""
        ...


class Bus:
    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.seq = 0
        self._subscribers: dict[Subscriber, bool] = {}  # True: it has missed something
        self._listeners: list[Callable[[Change], None]] = []
        self._tasks_due: dict[int, float] = {}  # by run: when its next TasksChanged may go out
        self._tasks_held: set[int] = set()

    def subscribe(self, subscriber: Subscriber) -> None:
        """From here on it gets every change. The first is a `Snapshot`."""
        self._subscribers[subscriber] = False
        self.seq += 1
        subscriber.send(encode(self.seq, self.snapshot))

    def listen(self, take: Callable[[Change], None]) -> None:
        """A duty of the engine's own is told every change, at once."""
        self._listeners.append(take)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.pop(subscriber, None)

    def publish(self, change: Change) -> None:
        self.seq += 1
        line = encode(self.seq, change)
        for subscriber in self._subscribers:
            if self._subscribers[subscriber] or subscriber.waiting_bytes() > MAX_WAITING_BYTES:
                self._subscribers[subscriber] = True
            else:
                subscriber.send(line)
        for take in self._listeners:
            take(change)

    def run_changed(self, run: FlowRun) -> None:
        self.publish(RunChanged(run.id, run.flow, run.state))

    def tasks_changed(self, run_id: int, now: float) -> None:
        """At once, or as soon as the last one of this run is long enough ago."""
        if now < self._tasks_due.get(run_id, 0.0):
            self._tasks_held.add(run_id)
            return
        self._tasks_due[run_id] = now + TASKS_SECONDS
        self.publish(TasksChanged(run_id))

    def tick(self, now: float) -> float:
        """Sends what was held back, and a `Snapshot` to those who missed something and have caught up."""
        for run_id in [id for id in self._tasks_held if self._tasks_due[id] <= now]:
            self._tasks_held.discard(run_id)
            self.tasks_changed(run_id, now)
        self._tasks_due = {id: due for id, due in self._tasks_due.items() if due > now}
        for subscriber in [one for one, missed in self._subscribers.items() if missed]:
            if subscriber.waiting_bytes() == 0:
                self.subscribe(subscriber)
        due = min((self._tasks_due[id] for id in self._tasks_held), default=float("inf"))
        return min(due, now + TASKS_SECONDS) if any(self._subscribers.values()) else due
