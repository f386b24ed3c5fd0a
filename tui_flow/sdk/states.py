"""The states that authors see, as in Prefect: their types, their names, and what comes out of them."""

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tui_flow.contract.states import EndReason, FlowRunState, TaskRunState
from tui_flow.sdk import references
from tui_flow.sdk.exceptions import (
    CancelledRun,
    CrashedRun,
    FailedRun,
    MissingResult,
    PausedRun,
    UnfinishedRun,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import SimpleNamespace
    from uuid import UUID

R = TypeVar("R")


class StateType(StrEnum):
    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    CRASHED = "CRASHED"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"


COMPLETED, FAILED, CRASHED, CANCELLED = (
    StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED,
)  # fmt: skip
FINAL = frozenset({COMPLETED, FAILED, CRASHED, CANCELLED})
UNSUCCESSFUL = FINAL - {COMPLETED}

_NAMES = {type: type.capitalize() for type in StateType}
_WRAPPERS = {FAILED: FailedRun, CRASHED: CrashedRun, CANCELLED: CancelledRun}
_DEFAULT_MESSAGES = {FAILED: "Run failed.", CRASHED: "Run crashed.", CANCELLED: "Run cancelled."}
_REASONS = {COMPLETED: EndReason.RETURNED, CANCELLED: EndReason.CANCELLED}


class _Nothing:
    def __repr__(self) -> str:
        return "<no result>"

    def __reduce__(self) -> str:
        return "NOTHING"  # the same in every process


NOTHING: Any = _Nothing()
"""The data of a state that no result belongs to. `None` is a result."""


_DETAILS = (
    "scheduled_time", "pause_timeout", "pause_reschedule", "pause_key", "cache_key", "cache_expiration", "retriable",
    "flow_run_id", "task_run_id", "child_flow_run_id", "transition_id", "deferred", "refresh_cache",
    "run_input_keyset", "task_parameters_id", "traceparent",
)  # fmt: skip


class State(Generic[R]):
    """The state of a run: its type, its name, and what the run returned or raised.

    `reason` says why a run ended, in the journal's words.
    """

    _tui_flow_kind = "state"
    __slots__ = ("_data", "_details", "_id", "at", "message", "name", "reason", "type")
    _details: dict[str, Any]

    def __init__(
        self,
        type: StateType | str,
        name: str | None = None,
        message: str | None = None,
        data: Any = NOTHING,
        *,
        reason: EndReason | None = None,
    ) -> None:
        self.type = type if type.__class__ is StateType else StateType(type)
        self.name = name or _NAMES[self.type]
        self.message = message
        self._data = data
        self.reason = reason or _REASONS.get(self.type, EndReason.ERROR)
        self.at = time.time()
        self._id: UUID | None = None

    @property
    def data(self) -> Any:
        """What the run returned or raised; None also where there is nothing."""
        return None if self._data is NOTHING else self._data

    @property
    def has_result(self) -> bool:
        """Whether a result belongs to the state; `None` is one."""
        return self._data is not NOTHING

    @property
    def id(self) -> "UUID":
        if self._id is None:
            from uuid import uuid4

            self._id = uuid4()
        return self._id

    @property
    def timestamp(self) -> "datetime":
        """When the run came into this state, in UTC."""
        from datetime import UTC, datetime

        return datetime.fromtimestamp(self.at, UTC)

    @property
    def state_details(self) -> "SimpleNamespace":
        """What the state's maker said beside name and message, such as `scheduled_time`; None for what it did not."""
        from types import SimpleNamespace

        return SimpleNamespace(**{**dict.fromkeys(_DETAILS), **getattr(self, "_details", {})})

    def result(self, raise_on_failure: bool = True, **_: Any) -> R:
        """What the run returned. For a run that did not complete: raises its exception, or, with
        `raise_on_failure=False`, gives it.

        Raises UnfinishedRun while there is no end, MissingResult where nothing was returned with the state.
        """
        if self.type is StateType.PAUSED:
            raise PausedRun("Run is paused, its result is not available.")
        if self.type not in FINAL:
            raise self.unfinished()
        if self.type in UNSUCCESSFUL:
            exception = exception_of(self)
            if raise_on_failure:
                raise exception
            if self._data is NOTHING or isinstance(self._data, BaseException):
                return exception  # type: ignore[return-value]
        if self._data is NOTHING:
            raise MissingResult("The state holds no result: no run returned it.")
        return self._data  # type: ignore[no-any-return]

    async def aresult(self, raise_on_failure: bool = True, **_: Any) -> R:
        """`result`, for code that awaits it."""
        return self.result(raise_on_failure)

    def unfinished(self) -> UnfinishedRun:
        """The error that tells why a state that is not final has no result."""
        if isinstance(self._data, UnfinishedRun):
            return self._data
        return UnfinishedRun(f"Run is in {self.type.value} state, its result is not available.")

    def is_scheduled(self) -> bool:
        return self.type is StateType.SCHEDULED

    def is_pending(self) -> bool:
        return self.type is StateType.PENDING

    def is_running(self) -> bool:
        return self.type is StateType.RUNNING

    def is_completed(self) -> bool:
        return self.type is COMPLETED

    def is_failed(self) -> bool:
        return self.type is FAILED

    def is_crashed(self) -> bool:
        return self.type is CRASHED

    def is_cancelled(self) -> bool:
        return self.type is CANCELLED

    def is_cancelling(self) -> bool:
        return self.type is StateType.CANCELLING

    def is_paused(self) -> bool:
        return self.type is StateType.PAUSED

    def is_final(self) -> bool:
        return self.type in FINAL

    def copy(self, *, update: dict[str, Any] | None = None, **_: Any) -> "State[R]":
        """The same state with other values for the fields that `update` names."""
        fields = {"type": self.type, "name": self.name, "message": self.message, "data": self._data}
        changes = dict(update or {})
        details = changes.pop("state_details", None) or getattr(self, "_details", None)
        made: State[R] = State(**{**fields, "reason": self.reason, **changes})
        if details:
            made._details = dict(details if isinstance(details, dict) else vars(details))
        return made

    model_copy = copy

    def fresh_copy(self, **_: Any) -> "State[R]":
        """The same state as a new one, of no run yet."""
        made = self.copy()
        made._details = {**getattr(made, "_details", {}), "flow_run_id": None, "task_run_id": None}
        return made

    def of_run(self, flow_run_id: str | None, task_run_id: str | None) -> "State[R]":
        """The state itself, which says from now on whose it is; a copy that does where others share it."""
        known = getattr(self, "_details", {})
        ids = {"flow_run_id": flow_run_id, "task_run_id": task_run_id}
        is_free = self.type in FINAL and all(known.get(name) in (None, id) for name, id in ids.items())
        mine = self if is_free else self.copy()
        mine._details = {**known, **ids}
        return mine

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and (self.type, self.name, self._data) == (
            other.type, other.name, other._data,
        )  # fmt: skip

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return f"{self.name}({self.message!r})" if self.message else f"{self.name}()"

    def __repr__(self) -> str:
        return f"{self.name}(message={self.message!r}, type={self.type.value}, result={self._data!r})"


def _made(type: StateType, default_name: str) -> "Callable[..., State[Any]]":
    def make(
        cls: Any = State,
        *,
        name: str | None = None,
        message: str | None = None,
        data: Any = NOTHING,
        **more: Any,
    ) -> Any:
        references.seen = True
        state = cls(type=type, name=name or default_name, message=message, data=data)
        details = {**(more.pop("state_details", None) or {}), **more}
        if type is StateType.SCHEDULED and details.get("scheduled_time") is None:
            details["scheduled_time"] = state.timestamp
        if details:
            state._details = details
        return state

    make.__name__ = make.__qualname__ = default_name
    make.__doc__ = f"A state of type {type.value}, named {default_name!r} unless `name` says otherwise."
    return make


Scheduled = _made(StateType.SCHEDULED, "Scheduled")
Late = _made(StateType.SCHEDULED, "Late")
AwaitingRetry = _made(StateType.SCHEDULED, "AwaitingRetry")
AwaitingConcurrencySlot = _made(StateType.SCHEDULED, "AwaitingConcurrencySlot")
Pending = _made(StateType.PENDING, "Pending")
Submitting = _made(StateType.PENDING, "Submitting")
InfrastructurePending = _made(StateType.PENDING, "InfrastructurePending")
Running = _made(StateType.RUNNING, "Running")
Retrying = _made(StateType.RUNNING, "Retrying")
Completed = _made(COMPLETED, "Completed")
Failed = _made(FAILED, "Failed")
Crashed = _made(CRASHED, "Crashed")
Cancelled = _made(CANCELLED, "Cancelled")
Cancelling = _made(StateType.CANCELLING, "Cancelling")
Paused = _made(StateType.PAUSED, "Paused")
Suspended = _made(StateType.PAUSED, "Suspended")


def raise_state_exception(state: State[Any]) -> None:
    """Raises the exception of a state that failed, crashed or was cancelled; does nothing for any other."""
    if state.type in UNSUCCESSFUL:
        raise exception_of(state)


async def araise_state_exception(state: State[Any]) -> None:
    """`raise_state_exception`, for code that awaits it."""
    raise_state_exception(state)


def get_state_exception(state: State[Any]) -> BaseException:
    """The exception behind a state that failed, crashed or was cancelled (see `exception_of`).

    Raises ValueError for any other state.
    """
    if state.type not in UNSUCCESSFUL:
        raise ValueError(f"Expected failed or crashed state got {state!r}.")
    return exception_of(state)


async def aget_state_exception(state: State[Any]) -> BaseException:
    """`get_state_exception`, for code that awaits it."""
    return get_state_exception(state)


def exception_of(state: State[Any]) -> BaseException:
    """The exception behind a state that failed, crashed or was cancelled.

    Its own data if that is an exception; of states inside it, that of the first which did not succeed; else
    FailedRun, CrashedRun or CancelledRun with the text that is its data, or its message. A TypeError where the data
    is anything else.
    """
    data = state.data
    if isinstance(data, BaseException):
        return data
    if isinstance(data, State):
        return exception_of(data)
    inner = states_in(data)
    if inner:
        return next(
            (exception_of(one) for one in inner if one.type in UNSUCCESSFUL), FailedRun(state.message)
        )
    if data is not None and not isinstance(data, str):
        return TypeError(
            f"Unexpected result for {state.type.lower()} state: {data!r} cannot be resolved into an exception"
        )
    message = data or state.message or _DEFAULT_MESSAGES[state.type]
    return _WRAPPERS[state.type](message)


def is_state_iterable(value: Any) -> bool:
    """Whether this is a list, tuple or set that holds states, and nothing else."""
    return bool(states_in(value))


def states_in(data: Any) -> list[State[Any]]:
    """The states of a list, tuple or set that holds nothing else; an empty list for anything else."""
    if not isinstance(data, (list, tuple, set, frozenset)):
        return []
    return list(data) if data and all(isinstance(one, State) for one in data) else []


class StateGroup:
    """How many of some states are of which type."""

    def __init__(self, states: list[State[Any]]) -> None:
        self.states, self.total_count = states, len(states)
        self.type_counts = {type: sum(one.type is type for one in states) for type in StateType}
        self.cancelled_count = self.type_counts[CANCELLED]
        self.paused_count = self.type_counts[StateType.PAUSED]
        self.fail_count = self.type_counts[FAILED] + self.type_counts[CRASHED]
        self.final_count = sum(one.is_final() for one in states)
        self.not_final_count = self.total_count - self.final_count

    def all_completed(self) -> bool:
        return self.type_counts[COMPLETED] == self.total_count

    def all_final(self) -> bool:
        return self.final_count == self.total_count

    def any_cancelled(self) -> bool:
        return self.cancelled_count > 0

    def any_failed(self) -> bool:
        return self.fail_count > 0

    def any_paused(self) -> bool:
        return self.paused_count > 0

    def counts_message(self) -> str:
        """Such as "total=3, not_final=1, 'COMPLETED'=2, 'RUNNING'=1"."""
        parts = [f"total={self.total_count}"]
        if self.not_final_count:
            parts.append(f"not_final={self.not_final_count}")
        return ", ".join(
            parts + [f"{type.value!r}={count}" for type, count in self.type_counts.items() if count]
        )

    def __repr__(self) -> str:
        return f"StateGroup<{self.counts_message()}>"


JOURNAL_FLOW_STATES = {
    COMPLETED: FlowRunState.COMPLETED,
    FAILED: FlowRunState.FAILED,
    CRASHED: FlowRunState.CRASHED,
    CANCELLED: FlowRunState.CANCELLED,
    StateType.PAUSED: FlowRunState.PAUSED,
}
JOURNAL_TASK_STATES = {
    COMPLETED: TaskRunState.COMPLETED,
    FAILED: TaskRunState.FAILED,
    CRASHED: TaskRunState.CRASHED,
    CANCELLED: TaskRunState.CANCELLED,
    StateType.PENDING: TaskRunState.UPSTREAM_FAILED,
}
"""What the journal calls a state that a run ended in. Pending, at the end, is Prefect's word for never called."""


def is_state(value: Any) -> bool:
    """Whether it is a state."""
    return isinstance(value, State)


def get_state_result(state: State[Any], raise_on_failure: bool = True, **_: Any) -> Any:
    """`state.result()`."""
    return state.result(raise_on_failure=raise_on_failure)


def exception_to_failed_state(exc: BaseException, message: str | None = None, **_: Any) -> State[Any]:
    """The failed state that stands for an exception."""
    from tui_flow.sdk.failures import describe

    return State(FAILED, message=message or describe(exc), data=exc)
