"""What runs tell the journal when they are created and when they end."""

import time
from typing import TYPE_CHECKING, Any

from tui_flow.contract import journal
from tui_flow.contract.failure import Failure
from tui_flow.contract.states import TaskRunState
from tui_flow.sdk.called_with import called_with
from tui_flow.sdk.failures import failure_of
from tui_flow.sdk.states import JOURNAL_FLOW_STATES, State, StateType, exception_of

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun, RunTree, TaskRun


def created_line(
    run: "TaskRun | FlowRun", at: float, state: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> bytes:
    """`TaskCreated` of a task run or nested flow run, by the arguments that it was called with."""
    assert run.parent is not None
    upstream = run.upstream.futures
    return journal.encode_created(
        at,
        run.number,
        run.parent.number,
        run.kind,
        run.definition.name,
        run.name,
        state,
        run.map_index,
        run.map_id,
        [future.number for future in upstream] if upstream else [],
        sorted(run.tags) if run.tags else [],
        run.max_tries,
        called_with(run.definition.fn, args, kwargs),
    )


def end_line(run: "TaskRun | FlowRun", state: State[Any], word: TaskRunState) -> bytes:
    """`TaskFinished` of a task run or nested flow run."""
    at, message = time.time(), _text(state.message)
    failure = None if state.type is StateType.COMPLETED else failure_of_state(state, run.tree)
    fields = (at, run.number, word.value, state.name, state.reason.value, message, failure)
    if failure is None:
        return journal.encode_finished(*fields)  # type: ignore[arg-type]
    return journal.encode(journal.TaskFinished(*fields))


def report(run: "FlowRun", state: State[Any]) -> journal.FlowFinished:
    """The outermost flow run's report."""
    return journal.FlowFinished(
        at=time.time(),
        state=JOURNAL_FLOW_STATES[state.type].value,
        state_name=state.name,
        reason=state.reason.value,
        message=_text(state.message),
        failure=None if state.type in _SOUND else failure_of_state(state, run.tree),
    )


_SOUND = (StateType.COMPLETED, StateType.PAUSED)


def _text(message: str | None) -> str:
    return (message or "")[: journal.MAX_TEXT]


def failure_of_state(state: State[Any], tree: "RunTree") -> Failure | None:
    """The exception behind a state that is not a success, or its message where there is none."""
    if isinstance(state.data, BaseException):
        return failure_of(state.data, tree.project)
    if state.type is StateType.PENDING:
        return None
    return failure_of(exception_of(state), tree.project)
