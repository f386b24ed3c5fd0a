"""In which state a run ends, by what its code returned or raised."""

import sys
from typing import TYPE_CHECKING, Any

from tui_flow.contract.rundir import CANCEL
from tui_flow.contract.states import EndReason
from tui_flow.sdk import signals
from tui_flow.sdk.exceptions import (
    DeadlineExceeded,
    FlowRunTimeoutError,
    ProcessDied,
    SuspendRun,
    TaskRunTimeoutError,
    TerminationSignal,
)
from tui_flow.sdk.failures import describe
from tui_flow.sdk.states import CANCELLED, COMPLETED, CRASHED, FAILED, FINAL, State, StateType, states_in
from tui_flow.sdk.timeouts import Expired

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun, TaskRun


def state_of_return_value(value: Any) -> State[Any]:
    """The state that a run ends in when its code returned `value`, futures in it already turned into states.

    A state is the run's own. Of several states, any that did not complete makes the run fail. Anything else is the
    result of a completed run.
    """
    if isinstance(value, State):
        return _final(value)
    states = states_in(value)
    if not states:
        return State(COMPLETED, data=value)
    return _aggregate(value, states)


def _final(state: State[Any]) -> State[Any]:
    if state.type in FINAL:
        if state.type is COMPLETED and not state.has_result:
            return State(COMPLETED, state.name, state.message, None)
        return state
    return State(
        FAILED,
        message=f"returned a run that did not end: {state}",
        data=state.unfinished(),
        reason=EndReason.UPSTREAM,
    )


def _aggregate(value: Any, states: list[State[Any]]) -> State[Any]:
    def count(type: StateType) -> int:
        return sum(state.type is type for state in states)

    total = len(states)
    if count(COMPLETED) == total:
        return State(COMPLETED, message="All states completed.", data=value)
    if count(CANCELLED):
        return State(CANCELLED, message=f"{count(CANCELLED)}/{total} states cancelled.", data=value)
    if count(FAILED):
        message = f"{count(FAILED)}/{total} states failed."
    else:
        message = f"{total - count(COMPLETED)}/{total} states did not complete."
    return State(FAILED, message=message, data=value, reason=EndReason.UPSTREAM)


def state_of_exception(run: "FlowRun | TaskRun", error: BaseException) -> State[Any]:
    """The state of a run whose try raised."""
    what = "Task run" if run.kind == "task" else "Flow run"
    if isinstance(error, Expired):
        return _timed_out(run, what)
    if is_cancellation(error):
        signals.noticed()
        return interrupted(run, error)
    if isinstance(error, SuspendRun):
        return State(StateType.PAUSED, "Suspended", str(error))
    if isinstance(error, DeadlineExceeded):
        message = "an outer timeout came first"
        return State(CANCELLED, message=message, data=error, reason=EndReason.TIMEOUT)
    if isinstance(error, ProcessDied):
        return State(CRASHED, message=str(error), data=error, reason=EndReason.VANISHED)
    if isinstance(error, SystemExit):
        message = f"the code called sys.exit({'' if error.code is None else repr(error.code)})"
        return State(FAILED, message=message, data=error, reason=EndReason.EXIT)
    if isinstance(error, Exception):
        return State(FAILED, message=describe(error), data=error)
    return State(CRASHED, message=describe(error), data=error)


def is_cancellation(error: Any) -> bool:
    """Whether this ends the code that is running from outside, so that it must never be swallowed."""
    if isinstance(error, (TerminationSignal, KeyboardInterrupt, GeneratorExit)):
        return True
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def _timed_out(run: "FlowRun | TaskRun", what: str) -> State[Any]:
    message = f"{what} exceeded timeout of {run.definition.timeout_seconds} second(s)"
    cls = TaskRunTimeoutError if run.kind == "task" else FlowRunTimeoutError
    return State(FAILED, "TimedOut", message, cls(message), reason=EndReason.TIMEOUT)


def interrupted(run: "FlowRun | TaskRun", error: BaseException) -> State[Any]:
    """Cancelled if somebody asked for that; crashed, as Prefect has it, by ctrl+c, a SIGTERM that nobody asked the
    project for, or the end of the coroutine around."""
    if signals.terminated and _was_asked_for(run):
        return State(CANCELLED, message=_why(error), data=error, reason=EndReason.CANCELLED)
    if isinstance(error, TerminationSignal) and not signals.terminated:  # of a pool that its flow has ended
        return State(CANCELLED, message=_why(error), data=error, reason=EndReason.INTERRUPTED)
    return State(CRASHED, message=_why(error), data=error, reason=EndReason.INTERRUPTED)


def _was_asked_for(run: "FlowRun | TaskRun") -> bool:
    """In a worker SIGTERM comes from the keeper; a script has been told of a request in its run directory."""
    directory = run.tree.recorder.directory
    return run.tree.in_worker or (directory is not None and (directory / CANCEL).exists())


def _why(error: BaseException) -> str:
    if isinstance(error, TerminationSignal) or signals.terminated:
        return "the process got SIGTERM"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted with ctrl+c"
    return "the coroutine was cancelled"
