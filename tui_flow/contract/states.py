"""The states of flow runs and task runs, with their transitions, as data.

    flow run    scheduled → pending → running ⇄ retrying, paused → completed | failed | crashed | cancelled
                                         │        └→ pending (a further attempt)
                                         └→ cancelling → cancelled
    task run    pending → running ⇄ retrying, paused → completed | failed | crashed | cancelled
                   └→ cached | skipped | upstream_failed | cancelled

A run that is over may begin anew, as a further attempt (`RERUNNABLE`); nothing else leads out of the four ends.

*failed*: the author's code raised or timed out. *crashed*: the process vanished, or was interrupted. Why a run ended is an
`EndReason`, a column beside the state and not another state.
"""

from enum import StrEnum


class FlowRunState(StrEnum):
    """The state of a flow run. The value is what journal, database, socket and screen say."""

    SCHEDULED = "scheduled"
    """Waits for its time. The scheduler moves it to pending."""
    PENDING = "pending"
    """Waits for a slot, or is being started. The dispatcher starts its keeper, whose first word makes it running."""
    RUNNING = "running"
    """A keeper holds the run's lock. The worker's report and the keeper's last word end it."""
    RETRYING = "retrying"
    """Waits for its next try, which the worker moves back to running; or its process vanished, and it waits for its
    next attempt (`awaits_attempt`), which the engine moves back to pending when it is due."""
    PAUSED = "paused"
    """Waits for an answer: in its process, which the answer moves back to running; or suspended, without one
    (`awaits_attempt`), where the engine then moves it to pending. When nobody answers in time, it fails."""
    CANCELLING = "cancelling"
    """Somebody asked for its end. The keeper ends the process tree and writes the last word."""
    COMPLETED = "completed"
    """The worker reported success, and its process tree is gone."""
    FAILED = "failed"
    """The author's code raised, timed out, or exited without a report."""
    CRASHED = "crashed"
    """The process vanished or was interrupted: a signal, ctrl+c, the machine, or a keeper that died."""
    CANCELLED = "cancelled"
    """Ended because somebody asked."""


class TaskRunState(StrEnum):
    """The state of a task run, or of a nested flow run, in the tree of one flow run."""

    PENDING = "pending"
    """Submitted; waits for its upstream or for a free thread. The task runner moves it on."""
    RUNNING = "running"
    """The author's code is at work. Its return or its exception moves it on."""
    RETRYING = "retrying"
    """Raised, and waits for its next try. The worker moves it back to running."""
    PAUSED = "paused"
    """Waits for an answer. A person resumes it."""
    COMPLETED = "completed"
    """Returned."""
    CACHED = "cached"
    """Not called: an earlier result was used."""
    SKIPPED = "skipped"
    """Not called: the flow's end, or the author, made it needless."""
    UPSTREAM_FAILED = "upstream_failed"
    """Not called: something that it waits for did not complete."""
    FAILED = "failed"
    """Raised or timed out with no try left."""
    CRASHED = "crashed"
    """Was at work when the process vanished."""
    CANCELLED = "cancelled"
    """Was waiting or at work when the run was cancelled."""


class EndReason(StrEnum):
    """Why a run or a task run ended."""

    RETURNED = "returned"
    """The code returned, or returned a state."""
    ERROR = "error"
    """The code raised an exception."""
    TIMEOUT = "timeout"
    """The code ran longer than its `timeout_seconds`."""
    CANCELLED = "cancelled"
    """A person or a command asked for it."""
    INTERRUPTED = "interrupted"
    """The script's own terminal or host stopped it (ctrl+c, SIGTERM), or the coroutine around was cancelled."""
    UPSTREAM = "upstream"
    """Something upstream did not complete."""
    EXIT = "exit"
    """The process exited without a report, whatever its exit code."""
    SIGNAL = "signal"
    """A signal ended the process."""
    VANISHED = "vanished"
    """The lock is free and nobody wrote a last word: keeper killed, or the machine went down."""
    REFUSED = "refused"
    """It could not be started: file gone or broken, parameters that do not fit."""


class ScheduleState(StrEnum):
    """Whether a schedule or a trigger makes runs."""

    ACTIVE = "active"
    PAUSED = "paused"
    """A person, the author or too many failures in a row paused it. A person, or the author, resumes it."""
    GONE = "gone"
    """Declared no longer. It comes back with its file, and is then what it was."""


class FireOutcome(StrEnum):
    """What became of a fire time. Every one of them ends as one of these."""

    RUN = "run"
    SKIPPED = "skipped"
    """On purpose: a rule, the author or a person did not want it."""
    MISSED = "missed"
    """Nobody could: no engine ran, or the machine slept."""


class FireReason(StrEnum):
    """Why that became of it."""

    ON_TIME = "on_time"
    """Or within a minute of it."""
    CATCH_UP = "catch_up"
    """A run for a time that was missed."""
    EVENT = "event"
    """A trigger's event, or a request."""
    BACKFILL = "backfill"
    OVERLAP = "overlap"
    """An earlier run of the schedule was not over."""
    ASKED = "asked"
    """Somebody asked to skip it."""
    PAUSED = "paused"
    DOWN = "down"
    """No engine was there to fire it, and catch-up does not want it."""
    CHANGED = "changed"
    """The schedule was declared anew, or was away."""
    REFUSED = "refused"
    """A run could not be made: the flow is gone, or does not take the parameters."""


class AlertKind(StrEnum):
    """What an alert is about."""

    FAILURE = "failure"
    """A run failed."""
    CRASH = "crash"
    """A run's process vanished."""
    LATE = "late"
    """A run that a schedule made has waited for too long."""
    MISSED = "missed"
    """Fire times made no run, since nobody was there, or since a run could not be made."""
    BROKEN_FILE = "broken_file"
    """A flow file does not import."""
    PAUSED = "paused"
    """The engine paused a flow's schedules: it failed too often in a row."""
    NO_ROOM = "no_room"
    """The disk has no room, so no run is started."""


class AlertState(StrEnum):
    """Where an alert is. A mute is its flow's, and says nothing of what has been seen."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    """Somebody knows: it is quiet until something else is wrong, or a day has passed."""
    RECOVERED = "recovered"
    """A run completed, or what was wrong is no more. If it happens again, it is new."""


_F = FlowRunState
_ENDS = frozenset({_F.COMPLETED, _F.FAILED, _F.CRASHED, _F.CANCELLED})
TRANSITIONS: dict[FlowRunState, frozenset[FlowRunState]] = {
    _F.SCHEDULED: frozenset({_F.PENDING, _F.CANCELLED}),
    _F.PENDING: frozenset({_F.RUNNING, _F.CANCELLING, _F.CANCELLED, _F.FAILED, _F.CRASHED}),
    _F.RUNNING: frozenset({_F.RETRYING, _F.PAUSED, _F.CANCELLING}) | _ENDS,
    _F.RETRYING: frozenset({_F.RUNNING, _F.PENDING, _F.CANCELLING}) | _ENDS,
    _F.PAUSED: frozenset({_F.RUNNING, _F.PENDING, _F.CANCELLING}) | _ENDS,
    _F.CANCELLING: _ENDS,
    _F.COMPLETED: frozenset(),
    _F.FAILED: frozenset(),
    _F.CRASHED: frozenset(),
    _F.CANCELLED: frozenset(),
}
"""From each state of a flow run, the states that may follow."""

_T = TaskRunState
_TASK_ENDS = frozenset({_T.COMPLETED, _T.FAILED, _T.CRASHED, _T.CANCELLED})
_NOT_CALLED = frozenset({_T.CACHED, _T.SKIPPED, _T.UPSTREAM_FAILED})
TASK_TRANSITIONS: dict[TaskRunState, frozenset[TaskRunState]] = {
    _T.PENDING: frozenset({_T.RUNNING}) | _TASK_ENDS | _NOT_CALLED,
    _T.RUNNING: frozenset({_T.RETRYING, _T.PAUSED, _T.CACHED, _T.SKIPPED}) | _TASK_ENDS,
    _T.RETRYING: frozenset({_T.RUNNING}) | _TASK_ENDS,
    _T.PAUSED: frozenset({_T.RUNNING}) | _TASK_ENDS,
    **{state: frozenset[TaskRunState]() for state in _TASK_ENDS | _NOT_CALLED},
}
"""From each state of a task run, the states that may follow."""

TERMINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)
"""An attempt that ended in one of these never changes again."""
RERUNNABLE = TERMINAL
"""The RerunRun command, and it alone, takes a run from one of these to pending, as its next attempt. How the attempt
before ended stays in the history (`run_attempts`)."""
ACTIVE = frozenset(TRANSITIONS) - TERMINAL - {_F.SCHEDULED}
"""Not over, and either waiting for a slot or holding one."""
STARTED = ACTIVE - {_F.PENDING}
"""A keeper holds the run's lock."""
CANCELLABLE = frozenset(
    state for state, following in TRANSITIONS.items() if following & {_F.CANCELLING, _F.CANCELLED}
)
"""A cancel command has something to do."""
TASK_TERMINAL = frozenset(state for state, following in TASK_TRANSITIONS.items() if not following)
TASK_ACTIVE = frozenset(TASK_TRANSITIONS) - TASK_TERMINAL
TASK_SUCCESS = frozenset({_T.COMPLETED, _T.CACHED, _T.SKIPPED})
"""What a downstream task may build on."""
WENT_WRONG = (_F.FAILED, _F.CRASHED)
"""Ends that somebody has to look at."""
JUDGED = (_F.COMPLETED, *WENT_WRONG)
"""Ends that a share of successes is made of: that somebody cancelled a run says nothing about how it went."""
TASK_WENT_WRONG = (_T.FAILED, _T.CRASHED)
