"""Named places in the code where a test makes a process die, hang or fail. Without the environment variable, nothing.

    TUI_FLOW_FAILPOINT=run-inserted:1:kill
    TUI_FLOW_FAILPOINT=ingest-before-commit:3:kill,retention:1:enospc

Each part is `name:nth:action`: what happens when this process comes there for the nth time (from 1), or with `nth+`
each time from then on. The actions: `kill` (SIGKILL, as a crash), `sleep` (an hour, or `sleep=0.5` seconds), `raise`
(a `FailpointReached`), `enospc` (the OSError of a full disk). Every process of an engine inherits the variable, and
counts for itself; a name belongs to one kind of process.
"""

import os

ENV_FAILPOINT = "TUI_FLOW_FAILPOINT"
POINTS = {
    # engine: a run is made
    "run-dir-made": "a run has its number and directory, and no spec.json yet",
    "spec-written": "the spec is whole, the run's row is not inserted yet",
    "run-inserted": "the run's row is in the history, nobody was told its number",
    "before-durable": "the run waits or has begun, no disk has confirmed to keep its spec, nobody was told its number",
    "before-spawn": "a run has its turn, its keeper is not started yet",
    "after-spawn": "a keeper was started, the engine has not noted so",
    # engine: a fire time makes a run
    "fire-dir-made": "a fire time's run has its directory, and nothing else",
    "fire-before-commit": "rows of fire times and runs are written, their transaction is open",
    "fire-committed": "fire times and runs are in the history, no run is queued, none has a spec.json",
    "fire-spec-written": "a run that a schedule made has its turn, and its spec; its keeper is not started",
    # engine: events and triggers
    "event-stored": "an event is in the history, nobody was told so, and no trigger has fired for it",
    "spool-stored": "an event from the spool is in the history, its file is still there",
    "trigger-fired": "an event's run is in the history and queued, and its trigger remembers; nobody was told",
    # engine: served flows and answers
    "served-stored": "what a script serves is in the history with its schedules, and nobody was told",
    "answer-given": "the answer to a paused run is whole, and nobody was told",
    # engine: a run's next attempt
    "attempt-spec-written": "the spec of the next attempt is whole, the history says that the run waits for it",
    "attempt-saved": "the history says pending, the run is not queued",
    # keeper and worker: a run goes on
    "keeper-locked": "the keeper holds the run's lock, the journal is empty",
    "worker-forked": "the worker waits at its gate, RunStarted is not written: before the run is marked running",
    "run-started": "RunStarted is in the journal, the worker has not begun",
    "worker-reported": "the worker's report is in the journal, and it has not ended yet: no last word",
    "before-last-word": "the worker is gone, RunEnded is not written",
    "last-word-written": "RunEnded is in the journal, the lock is still held: terminal, not recorded",
    # engine: what runs report goes into the history
    "ingest-before-commit": "events are folded and written, their transaction is open",
    "ingest-after-commit": "events are in the history, nobody was told",
    "cancel-requested": "cancel.json is written, the keeper was not told",
    "rescue-last-word": "the rescuer has written RunEnded, the history does not have it yet",
    "retention": "the directories of pruned runs are gone, their rows are not",
    # store: the history itself
    "backup": "the copy is whole, and does not have its name yet",
    "restore": "the old history lies aside too, the new one is not in its place yet",
    "mid-migration": "a migration's statements were run, its transaction is open",
}
"""Every point, and how things stand there. Another one is a line here, and a call `failpoint("its-name")`."""
_ACTIONS = ("kill", "sleep", "raise", "enospc")


class FailpointReached(Exception):
    """What `raise` raises: no error that the code knows of."""


class _Armed:
    """What is to happen at one point."""

    def __init__(self, nth: int, each: bool, action: str, seconds: float) -> None:
        self.nth, self.each, self.action, self.seconds = nth, each, action, seconds
        self.count = 0

    def hit(self, name: str) -> None:
        self.count += 1
        if self.count == self.nth or (self.each and self.count > self.nth):
            _act(name, self.action, self.seconds)


def failpoint(name: str) -> None:
    """Here the process may be made to fail."""
    if _armed is not None and name in _armed:
        _armed[name].hit(name)


def arm(text: str | None) -> None:
    """What the environment variable does, for a test within one process; None or "" disarms all.

    Raises ValueError for what names no point, no number or no action.
    """
    global _armed
    _armed = dict(map(_parsed, text.split(","))) if text else None


def _parsed(part: str) -> tuple[str, _Armed]:
    name, _, rest = part.strip().partition(":")
    nth, _, action = rest.partition(":")
    action, _, seconds = action.partition("=")
    count = nth.removesuffix("+")
    if name not in POINTS or not count.isdigit() or int(count) < 1 or action not in _ACTIONS:
        raise ValueError(
            f"{ENV_FAILPOINT}: {part!r} is not name:nth:action with a name of {', '.join(POINTS)} "
            f"and an action of {', '.join(_ACTIONS)}"
        )
    return name, _Armed(int(count), nth != count, action, float(seconds or 3600))


def _act(name: str, action: str, seconds: float) -> None:
    if action == "kill":
        import signal

        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "sleep":
        import time

        time.sleep(seconds)
    elif action == "enospc":
        import errno

        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"failpoint {name}")
    else:
        raise FailpointReached(name)


_armed: dict[str, _Armed] | None = None
arm(os.environ.get(ENV_FAILPOINT))
