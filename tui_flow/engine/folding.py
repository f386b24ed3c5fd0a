"""What journal events make of the records of a run. Pure: nothing is read or written here.

An event that cannot follow from where the run is (a repeated line, or one whose forerunner was torn) changes nothing,
so a journal may be folded twice.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from tui_flow.contract import journal
from tui_flow.contract.asked_by import is_debugged
from tui_flow.contract.failure import Failure
from tui_flow.contract.journal import Event
from tui_flow.contract.left_out import is_undone
from tui_flow.contract.states import (
    TASK_ACTIVE,
    TASK_TRANSITIONS,
    TERMINAL,
    TRANSITIONS,
    EndReason,
    FlowRunState,
    TaskRunState,
)
from tui_flow.store.records import Attempt, FlowRun, TaskRun, Try
from tui_flow.store.waits import Wait, Waits, ended

State = TypeVar("State", FlowRunState, TaskRunState)
AWAITS_ATTEMPT = "AwaitingRetry"
"""The name, as Prefect has it, of the state of a run that no process waits for: the engine begins its next attempt."""


SUSPENDED = "Suspended"
"""The same of one that waits for an answer."""
MAX_SAID = 200
"""Letters that are kept of what a try failed with."""


def state_name(state: str) -> str:
    """The name of a state that nobody gave another name: "Running"."""
    return state.capitalize().replace("_", " ")


class Fold:
    """A run and those of its task runs that events have touched."""

    def __init__(
        self,
        run: FlowRun,
        report: journal.FlowFinished | None,
        stored: dict[int, TaskRun] | None = None,
        revision: int = 0,
    ) -> None:
        """`stored` has, by id, the task runs in the history that the events may speak of; those that change get the
        revision."""
        self.run = run
        self.revision = revision
        self.report = report
        self.cancelling_seen = False
        self.emitted: list[journal.EventEmitted] = []
        """What the author's code said had happened."""
        self.artifacts: list[journal.ArtifactCreated | journal.ArtifactUpdated] = []
        """What it showed, and what became of that."""
        self.assets: list[journal.AssetMaterialized] = []
        """What it produced."""
        self.ended_attempts: list[Attempt] = []
        """How attempts ended that the run has left behind, or is about to."""
        self._closed_at: float | None = None
        self._closed_reason: EndReason | None = None
        self._closed_below: int | None = None
        self.stored = stored or {}
        """Task runs as they were."""
        self.tasks = dict(self.stored)
        """The same, and new ones, as they are now."""

    @property
    def is_over(self) -> bool:
        return self.run.state in TERMINAL

    @property
    def has_ended_attempt(self) -> bool:
        """Whether an attempt ended here, the last one or another: then nothing that belongs to it is active any more."""
        return self._closed_at is not None

    def apply(self, event: Event) -> None:
        """Raises ValueError for a word that is no state and no reason."""
        if not self.is_over:
            _APPLY[type(event)](self, event)

    def close_tasks(self, active: list[TaskRun]) -> None:
        """Ends what is still active when an attempt is over; `active` is what the history has."""
        for task in active:
            if task.id not in self.tasks:
                self.stored[task.id] = self.tasks[task.id] = task
        for task in [one for one in self.tasks.values() if one.state in TASK_ACTIVE]:
            if self._closed_below is not None and task.id >= self._closed_below:
                continue  # of a later attempt
            state = _left_over(self.run.state, task.state)
            self._end_task(
                task, self._closed_at, state, state_name(state), self._closed_reason, _LEFT[state], None
            )

    def _run_started(self, event: journal.RunStarted) -> None:
        attempt = max(event.attempt, self.run.attempt)
        self._move_run(event.at, FlowRunState.RUNNING, attempt=attempt, awaits_attempt=False, due_at=None)
        if self.run.started_at is None:
            self.run = self.run._replace(started_at=event.at)
        self.run = self.run._replace(
            host=event.host, worker_pid=event.worker_pid, max_rss_bytes=None, cpu_seconds=None
        )
        if is_debugged(self.run.trigger, self.run.attempt):  # somebody may have sat there for an hour
            self.run = self.run._replace(is_partial=True)

    def _flow_started(self, event: journal.FlowStarted) -> None:
        if self.run.started_at is None:
            self.run = self.run._replace(started_at=event.at)
        self._move_run(event.at, FlowRunState.RUNNING, due_at=None, failure=None)
        self.run = self.run._replace(
            run_name=event.run_name,
            tries=event.tries,
            source_sha=event.source_sha,
            parameters=event.parameters,
            tags=event.tags,
        )

    def _flow_retrying(self, event: journal.FlowRetrying) -> None:
        self._move_run(event.at, FlowRunState.RETRYING, due_at=event.due_at, failure=event.failure)

    def _flow_paused(self, event: journal.FlowPaused) -> None:
        message = f"waits for an answer: tui-flow answer {self.run.id}"
        self._move_run(
            event.at,
            FlowRunState.PAUSED,
            state_name=event.state_name,
            due_at=event.until,
            message=message,
            waited=self._waits_from(event.at, event.task_run),
        )

    def _flow_resumed(self, event: journal.FlowResumed) -> None:
        self._move_run(event.at, FlowRunState.RUNNING, due_at=None, message="")

    def _flow_finished(self, event: journal.FlowFinished) -> None:
        FlowRunState(event.state), EndReason(event.reason)
        self.report = event

    def _run_cancelling(self, event: journal.RunCancelling) -> None:
        self.cancelling_seen = True
        self._move_run(event.at, FlowRunState.CANCELLING)

    def _run_ended(self, event: journal.RunEnded) -> None:
        state, reason = FlowRunState(event.state), EndReason(event.reason)
        self._closed_at, self._closed_reason = event.at, reason
        is_earlier = event.attempt < self.run.attempt
        self._closed_below = self.run.first_task_run_id if is_earlier else None
        if not is_earlier:
            self.run = self.run._replace(max_rss_bytes=event.max_rss_bytes, cpu_seconds=event.cpu_seconds)
        if self.run.state is FlowRunState.PENDING and state in _BY_WAY_OF_RUNNING:
            self._move_run(event.at, FlowRunState.RUNNING, started_at=event.at)
        if state in _GOES_ON or event.attempt < self.run.attempt:
            self._attempt_ended(event, state, reason)
            return
        said = self.report if self.report and self.report.state == state else None
        self._move_run(
            event.at,
            state,
            state_name=said.state_name if said else state_name(state),
            reason=reason,
            message=event.message,
            failure=said.failure if said else None,
            ended_at=event.at,
            due_at=None,
            awaits_attempt=False,
            exit_code=event.exit_code,
            signal=event.signal,
        )
        self.report = None

    def _attempt_ended(self, event: journal.RunEnded, state: FlowRunState, reason: EndReason) -> None:
        """The run goes on with a further attempt: in a while, or, where the journal is read anew, further down."""
        self.ended_attempts.append(_attempt(self.run, event, state, reason))
        self.report = None
        if event.attempt < self.run.attempt:
            return
        if state is FlowRunState.PAUSED:
            if self.run.state is not FlowRunState.PAUSED:  # the line that said so was torn
                self._move_run(event.at, state, waited=self._waits_from(event.at))
            self.run = self.run._replace(state_name=SUSPENDED, message=event.message, awaits_attempt=True)
        elif state is FlowRunState.RETRYING:
            if self.run.state in _GOES_ON:  # between two tries, as it will be between two attempts, or paused
                self._move_run(event.at, FlowRunState.RUNNING)
            self._move_run(
                event.at,
                state,
                state_name=AWAITS_ATTEMPT,
                message=event.message,
                due_at=event.due_at,
                tries=event.tries,
                crashes=event.crashes,
                awaits_attempt=True,
            )

    def _task_created(self, event: journal.TaskCreated) -> None:
        if event.id in self.tasks:
            return
        state = TaskRunState(event.state)
        began = state is TaskRunState.RUNNING
        self.tasks[event.id] = TaskRun(
            run_id=self.run.id,
            id=event.id,
            parent=event.parent,
            kind=event.kind,
            name=event.name,
            run_name=event.run_name,
            state=state,
            state_name=state_name(state),
            reason=None,
            message="",
            tries=1 if began else 0,
            max_tries=event.max_tries,
            map_id=event.map_id,
            map_index=event.map_index,
            upstream=event.upstream,
            tags=event.tags,
            created_at=event.at,
            started_at=event.at if began else None,
            ended_at=None,
            due_at=None,
            failure=None,
            revision=self.revision,
            arguments=event.arguments,
        )

    def _task_started(self, event: journal.TaskStarted) -> None:
        task = self.tasks.get(event.id)
        if task and TaskRunState.RUNNING in TASK_TRANSITIONS[task.state]:
            self.tasks[event.id] = task._replace(
                state=TaskRunState.RUNNING,
                state_name="Running",
                message="",
                tries=event.tries,
                started_at=event.at if task.started_at is None else task.started_at,
                due_at=None,
                tried=(*task.tried, Try(event.at, None, "")) if task.tried else (),
                revision=self.revision,
            )

    def _task_renamed(self, event: journal.TaskRenamed) -> None:
        task = self.tasks.get(event.id)
        if task:
            self.tasks[event.id] = task._replace(run_name=event.run_name, revision=self.revision)

    def _slots_awaited(self, event: journal.SlotsAwaited) -> None:
        message = f"waits for {event.limits}" if event.limits else ""
        task = self.tasks.get(event.id)
        if task and task.state in TASK_ACTIVE:
            name = event.state_name or state_name(task.state)
            self.tasks[event.id] = task._replace(message=message, state_name=name, revision=self.revision)
        elif event.id == 0 and self.run.state is FlowRunState.RUNNING:
            self.run = self.run._replace(message=message)

    def _task_retrying(self, event: journal.TaskRetrying) -> None:
        task = self.tasks.get(event.id)
        if task and TaskRunState.RETRYING in TASK_TRANSITIONS[task.state]:
            self.tasks[event.id] = task._replace(
                state=TaskRunState.RETRYING,
                state_name="Retrying",
                message="",
                tries=event.tries,
                due_at=event.due_at,
                failure=event.failure,
                tried=_ended_try(task, event.at, event.failure),
                revision=self.revision,
            )

    def _task_finished(self, event: journal.TaskFinished) -> None:
        task, state, reason = self.tasks.get(event.id), TaskRunState(event.state), EndReason(event.reason)
        if task and state in TASK_TRANSITIONS[task.state]:
            self._end_task(task, event.at, state, event.state_name, reason, event.message, event.failure)
            if is_undone(event.message) and task.id >= self.run.first_task_run_id:
                self.run = self.run._replace(is_partial=True)

    def _event_emitted(self, event: journal.EventEmitted) -> None:
        self.emitted.append(event)

    def _asset(self, event: journal.AssetMaterialized) -> None:
        self.assets.append(event)

    def _artifact(self, event: journal.ArtifactCreated | journal.ArtifactUpdated) -> None:
        self.artifacts.append(event)

    def _end_task(
        self,
        task: TaskRun,
        at: float | None,
        state: TaskRunState,
        name: str,
        reason: EndReason | None,
        message: str,
        failure: Failure | None,
    ) -> None:
        self.tasks[task.id] = task._replace(
            state=state,
            state_name=name,
            reason=reason,
            message=message,
            ended_at=at,
            due_at=None,
            failure=failure,
            tried=_ended_try(task, at, failure) if task.tried else (),
            revision=self.revision,
        )

    def _move_run(self, at: float, state: FlowRunState, **fields: Any) -> None:
        """Moves the run on, which ends its wait for an answer, and gives it the fields, if the state may follow from the
        one that it is in."""
        if state in TRANSITIONS[self.run.state]:
            waited = ended(self.run.waited, at)
            moved = {"state": state, "state_name": state_name(state), "waited": waited, **fields}
            self.run = self.run._replace(**moved)

    def _waits_from(self, at: float, task_run: int = 0) -> Waits:
        return *ended(self.run.waited, at), Wait(at, None, task_run)

    @property
    def new_tasks(self) -> list[TaskRun]:
        return [task for id, task in self.tasks.items() if id not in self.stored]

    @property
    def changed_tasks(self) -> list[tuple[TaskRun, TaskRun]]:
        """As they were, and as they are."""
        pairs = ((task, self.tasks[id]) for id, task in self.stored.items())
        return [(before, after) for before, after in pairs if before is not after]


def _ended_try(task: TaskRun, at: float | None, failure: Failure | None) -> tuple[Try, ...]:
    """The tries of a task run of which the one that goes on, if one does, ends here."""
    if task.started_at is None:
        return task.tried
    *before, last = task.tried or (Try(task.started_at, None, ""),)
    if last.ended_at is None:
        said = f"{failure.type}: {failure.message}".partition("\n")[0][:MAX_SAID] if failure else ""
        last = last._replace(ended_at=at, said=said)
    return *before, last


def _attempt(run: FlowRun, event: journal.RunEnded, state: FlowRunState, reason: EndReason) -> Attempt:
    name = SUSPENDED if state is FlowRunState.PAUSED else ""
    state = _ATTEMPTS_END.get(state, state)
    return Attempt(
        run_id=run.id,
        attempt=event.attempt,
        state=state,
        state_name=name or state_name(state),
        reason=reason,
        message=event.message,
        tries=run.tries,
        parameters=run.parameters,
        source_sha=run.source_sha,
        started_at=run.started_at,
        ended_at=event.at,
        exit_code=event.exit_code,
        signal=event.signal,
        failure=run.failure,
        first_task_run_id=run.first_task_run_id,
        waited=ended(run.waited, event.at),
    )


_ATTEMPTS_END = {FlowRunState.RETRYING: FlowRunState.CRASHED, FlowRunState.PAUSED: FlowRunState.COMPLETED}
"""How an attempt has ended whose run goes on."""
_GOES_ON = frozenset({FlowRunState.RETRYING, FlowRunState.PAUSED})
"""States in which an attempt may be over while its run is not."""
_BY_WAY_OF_RUNNING = frozenset({FlowRunState.COMPLETED, FlowRunState.RETRYING})
"""Ends of an attempt that no pending run has: its `RunStarted` was lost."""
_LEFT = {
    TaskRunState.CRASHED: "it was at work when its process went away",
    TaskRunState.CANCELLED: "the run ended before it did",
    TaskRunState.SKIPPED: "the run ended before it began",
}


def _left_over(run: FlowRunState, task: TaskRunState) -> TaskRunState:
    """How a task run ends that the run's end left active."""
    if run is FlowRunState.CANCELLED:
        return TaskRunState.CANCELLED
    return TaskRunState.SKIPPED if task is TaskRunState.PENDING else TaskRunState.CRASHED


_APPLY: dict[type, Callable[[Fold, Any], None]] = {
    journal.RunStarted: Fold._run_started,
    journal.FlowStarted: Fold._flow_started,
    journal.FlowRetrying: Fold._flow_retrying,
    journal.FlowPaused: Fold._flow_paused,
    journal.FlowResumed: Fold._flow_resumed,
    journal.FlowFinished: Fold._flow_finished,
    journal.RunCancelling: Fold._run_cancelling,
    journal.RunEnded: Fold._run_ended,
    journal.TaskCreated: Fold._task_created,
    journal.TaskStarted: Fold._task_started,
    journal.TaskRenamed: Fold._task_renamed,
    journal.SlotsAwaited: Fold._slots_awaited,
    journal.TaskRetrying: Fold._task_retrying,
    journal.TaskFinished: Fold._task_finished,
    journal.EventEmitted: Fold._event_emitted,
    journal.AssetMaterialized: Fold._asset,
    journal.ArtifactCreated: Fold._artifact,
    journal.ArtifactUpdated: Fold._artifact,
}
