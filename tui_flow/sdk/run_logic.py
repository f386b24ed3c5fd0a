"""The run logic: what happens between the call of a flow or task and its end. Written once, as generators.

A generator yields effects (`effects`), which a driver performs by blocking or by awaiting, and returns the state in
which the run ended. Nothing that the author's code raises leaves it: the state carries it.
"""

import sys
import time
from os import getpid
from typing import TYPE_CHECKING, Any

from tui_flow.contract import left_out
from tui_flow.contract.states import EndReason, TaskRunState
from tui_flow.sdk import context, names, params, references
from tui_flow.sdk.effects import Ask, Call, Logic, Sleep, WaitFor
from tui_flow.sdk.endings import state_of_exception, state_of_return_value
from tui_flow.sdk.exceptions import ConfigurationError, ParameterTypeError, RerunDiverged, UpstreamTaskError
from tui_flow.sdk.failures import describe
from tui_flow.sdk.generators import CallGenerator
from tui_flow.sdk.logging import logger_of
from tui_flow.sdk.masking import learn_within
from tui_flow.sdk.retries import delay_before
from tui_flow.sdk.runs import FlowRun, TaskRun
from tui_flow.sdk.states import (
    CANCELLED,
    COMPLETED,
    CRASHED,
    FAILED,
    State,
    StateType,
    exception_of,
)
from tui_flow.sdk.streams import let_keeper_catch_up
from tui_flow.sdk.timeouts import Expired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui_flow.contract.limits import Hold
    from tui_flow.sdk.flows import Flow
    from tui_flow.sdk.references import Upstream
    from tui_flow.sdk.rerun import CallBook, Mark
    from tui_flow.sdk.tasks import Task

SETTLE_SECONDS = 2.0
"""How long a flow that was interrupted waits for its task runs to notice, before it calls them cancelled."""


def run_task(run: TaskRun) -> Logic[State[Any]]:
    """One task run, created or already begun, to its end."""
    task = run.task
    if run.upstream.futures:
        yield WaitFor(run.upstream.futures)
    if run.upstream:
        state = _not_ready(run.upstream)
        if state is not None:
            logger_of(run).error("Not run: %s", state.message)
            run.finish(state)
            return state
        run.args, run.kwargs = _resolved(run.args, run.kwargs)
    if run.tree.left_out is not None and run.tree.left_out.has(run):
        state = State(COMPLETED, "Skipped", left_out.WHY, None)
        run.finish(state, TaskRunState.SKIPPED)
        return state
    book = None if task.isgenerator else run.tree.calls  # a generator may be half way through
    if book is not None:
        mark = book.mark(run)
        found = (yield from _reused(run, book, mark)) if book.may_reuse else None
        if found is not None:
            return found
    transaction = None
    if run.is_transactional and not task.isgenerator:
        from tui_flow.sdk import task_transactions

        try:
            transaction = yield from task_transactions.begin(run)
            state = task_transactions.cached_state(transaction)
        except ConfigurationError as error:
            state = State(FAILED, message=describe(error), data=error)
            logger_of(run).error("%s", error)
        if state is not None:
            return (yield from _not_called(run, state, book, mark if book else None))
    hold = (yield from _tag_slots(run)) if run.tags else None
    if run.run_count == 0:
        if task.task_run_name is not None:
            _rename(run, task.task_run_name)
        run.start()
    process = getpid()
    state = yield from _tries(run, task.fn, run.args, run.kwargs, hold)
    if getpid() != process:
        return state
    if book is not None and not run.is_over:
        book.keep(run, mark, state)
    if transaction is not None and not run.is_over:
        yield from task_transactions.end(run, transaction, state)
    _note_assets(run, state)
    run.finish(state)
    yield from _end_hooks(run, state)
    return state


def _note_assets(run: TaskRun, state: State[Any], was_called: bool = True) -> None:
    """Tells of the assets of a task run that ends, where there are any in its tree."""
    if not (run.task.assets or run.task.asset_deps or run.tree.lineage) or run.is_over:
        return
    from tui_flow.sdk import assets

    assets.note(run, state, was_called)


def _tag_slots(run: TaskRun) -> "Logic[Hold | None]":
    """The slots that a try of a task run needs by its tags; None where no limit holds for them."""
    from tui_flow.sdk.concurrency import AWAITS_SLOT, Wish, tag_limits

    names = tag_limits(run)
    if not names:
        return None
    for found in Wish(names, 1, keeps=True, run=run).tries():
        if not isinstance(found, float):
            return found
        run.state = State(StateType.SCHEDULED, AWAITS_SLOT)
        yield Sleep(found)
    return None


def _end_hooks(run: TaskRun, state: State[Any]) -> Logic[None]:
    task = run.task
    hooks = task.on_completion_hooks if state.type is COMPLETED else task.on_failure_hooks
    if hooks and state.type in (COMPLETED, FAILED):
        yield from _hooks(run, hooks, state)


def _not_called(
    run: TaskRun, state: State[Any], book: "CallBook | None", mark: "Mark | None"
) -> Logic[State[Any]]:
    """The end of a task run whose record was there, or that cannot begin."""
    if run.task.task_run_name is not None:
        _rename(run, run.task.task_run_name)
    if book is not None and mark is not None:
        book.keep(run, mark, state)
    _note_assets(run, state, was_called=False)
    run.finish(state, TaskRunState.CACHED if state.type is COMPLETED else None)
    yield from _end_hooks(run, state)
    return state


def _reused(run: TaskRun, book: "CallBook", mark: "Mark") -> Logic[State[Any] | None]:
    """The end of a task run that an earlier attempt has a result for, or None."""
    try:
        state = book.find(run, mark)
    except RerunDiverged as error:
        state = State(FAILED, message=str(error), data=error)
        logger_of(run).error("%s", error)
    if state is not None:
        if context.transactions_seen and state.type is COMPLETED:
            from tui_flow.sdk import task_transactions

            yield from task_transactions.take_part(run, state)
        if run.task.task_run_name is not None:
            _rename(run, run.task.task_run_name)
        _note_assets(run, state, was_called=False)
        run.finish(state, TaskRunState.CACHED if state.type is COMPLETED else None)
    return state


def skip_task(run: TaskRun, message: str, cancelled: bool) -> State[Any]:
    """Ends a task run that never began."""
    if cancelled:
        state: State[Any] = State(CANCELLED, message=message)
        run.finish(state)
    else:
        state = State(
            StateType.PENDING, "NotReady", message, UpstreamTaskError(message), reason=EndReason.UPSTREAM
        )
        run.finish(state, TaskRunState.SKIPPED)
    return state


def run_flow(run: FlowRun, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Logic[State[Any]]:
    """One flow run, created, to its end; with it end all task runs that were submitted in it.

    A forked child that comes out of the flow's body ends nothing, and what it raises is raised: the run goes on in
    its parent.
    """
    process = getpid()
    try:
        state = yield from _flow(run, args, kwargs)
    except BaseException as error:  # an interruption between two effects
        if getpid() != process:
            raise
        state = state_of_exception(run, error)
    if getpid() != process:
        return state
    if run.submitted:
        yield from _settle(run, state)
    run.close_runner()
    state = _checked_against_earlier(run, state)
    if run.may_persist and (
        state.type is COMPLETED or (state.type is FAILED and isinstance(state.data, Exception))
    ):
        from tui_flow.sdk.persistence import flow_persists, persist_flow_result

        if flow_persists(run):
            persist_flow_result(run, state.data)
    _end_stragglers(run, state)
    _log_end(run, state)
    run.finish(state)
    hooks = run.definition.hooks_for(state.type)
    if hooks:
        yield from _hooks(run, hooks, state)
    return state


def _checked_against_earlier(run: FlowRun, state: State[Any]) -> State[Any]:
    """The state of the outermost flow run, which fails if a strict rerun took another way than the attempt before."""
    book = run.tree.calls
    if book is None or run.number:
        return state
    try:
        book.finish(run, completed=state.type is COMPLETED)
    except RerunDiverged as error:
        return State(FAILED, message=str(error), data=error)
    return state


def _flow(run: FlowRun, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Logic[State[Any]]:
    flow: Flow[Any, Any] = run.definition
    if run.upstream.futures:
        yield WaitFor(run.upstream.futures)
    if run.upstream:
        state = _not_ready(run.upstream)
        if state is not None:
            return (
                state
                if run.number
                else State(FAILED, message=state.message, data=state.data, reason=state.reason)
            )
        args, kwargs = _resolved(args, kwargs)
    try:
        bound = params.bind(flow.fn, args, kwargs)
        run.parameters = (
            params.validated(flow.fn, bound) if flow.should_validate else params.with_defaults(bound)
        )
    except (ParameterTypeError, TypeError) as error:
        message = f"The parameters do not fit: {error}"
        return State(FAILED, message=message, data=error, reason=EndReason.REFUSED)
    if "pydantic" in sys.modules:  # else there is no secret of its kind
        learn_within(run.parameters)
    if flow.flow_run_name is not None and not run.is_named:
        _rename(run, flow.flow_run_name)
    run.start()
    logger_of(run).info("Begins run %r of flow %r", run.name, flow.name)
    args, kwargs = params.split(flow.fn, run.parameters)
    return (yield from _tries(run, flow.fn, args, kwargs))


def _tries(
    run: "FlowRun | TaskRun",
    fn: "Callable[..., Any]",
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    hold: "Hold | None" = None,
) -> Logic[State[Any]]:
    """Calls the body until a try does not fail, or none is left. The first try has been started, and has its slots.

    What a forked child raises in its parent's body is raised.
    """
    definition: Flow[Any, Any] | Task[Any, Any] = run.definition
    process = getpid()
    call = CallGenerator if definition.isgenerator else Call
    while True:
        if definition.on_running_hooks:
            yield from _hooks(run, definition.on_running_hooks, run.state)
        try:
            began = time.monotonic()
            value = yield call(run, fn, args, kwargs, definition.timeout_seconds)
            if isinstance(run, FlowRun) and getpid() == process:
                value = yield from _after_body(run, value, began)
            state = state_of_return_value(value)
        except BaseException as error:
            if getpid() != process:
                raise
            if context.debugger is not None:
                context.debugger(run, error)
            state = state_of_exception(run, error)
        if hold is not None:
            hold.release()
        if state.type is not FAILED or run.is_over:
            return state
        if run.run_count >= run.max_tries or not (yield from _may_retry(run, state)):
            _log_failure(run, state)
            return state
        if isinstance(run, FlowRun) and run.submitted:
            yield from _settle(run, state)
        delay = delay_before(run.run_count + 1, definition.retry_delays, definition.retry_jitter_factor)
        run.retry(state, delay)
        _log_retry(run, state, delay)
        if delay:
            yield Sleep(delay)
        if hold is not None:
            hold = yield from _tag_slots(run)  # type: ignore[arg-type]
        run.start()


def _after_body(run: FlowRun, value: Any, began: float) -> Logic[Any]:
    """All submitted task runs end before their flow; the futures in its return value become their states.

    Raises Expired if the flow's time, which began at `began` on the monotonic clock, is up before.
    """
    limit = run.definition.timeout_seconds
    while run.submitted:
        left = None if limit is None else began + limit - time.monotonic()
        if left is not None and left <= 0:
            raise Expired
        yield WaitFor(list(run.submitted), left)
    if not references.seen or references.is_quoted(value):
        return value
    return references.replace(value, _state_of_reference)


def _state_of_reference(reference: Any) -> Any:
    return reference if isinstance(reference, State) else reference.state


def _may_retry(run: "FlowRun | TaskRun", state: State[Any]) -> Logic[bool]:
    """What the author's `retry_condition_fn` says; one that raises says no. Code that wants out is let out."""
    if isinstance(state.data, SystemExit):
        return False
    condition = run.task.retry_condition_fn if isinstance(run, TaskRun) else None
    if condition is None:
        return True
    assert isinstance(run, TaskRun)
    try:
        return bool((yield Ask(run, condition, run.task, run, state)))
    except Exception:
        logger_of(run).exception("retry_condition_fn raised, so there is no retry")
        return False


def _settle(run: FlowRun, state: State[Any]) -> Logic[None]:
    """A flow's body is over, and some of its task runs are not: those that have not begun never will.

    After an error the others may end in peace. After an interruption they are told to stop.
    """
    interrupted = state.type is CANCELLED or state.reason in (EndReason.TIMEOUT, EndReason.INTERRUPTED)
    message = f"not called: the flow had ended ({state.name})"
    for future in list(run.submitted):
        if future.claim():
            future.skip(message, cancelled=interrupted)
    if interrupted:
        run.runner.interrupt()
    while run.submitted:
        try:
            yield WaitFor(list(run.submitted), SETTLE_SECONDS if interrupted else None)
        except BaseException:  # told a second time
            interrupted = True
        if interrupted:
            break


def _end_stragglers(run: FlowRun, state: State[Any]) -> None:
    """What is still at work, in threads and coroutines that were left behind, is not heard any more."""
    for straggler in list(run.tree.unfinished.values()):
        if straggler is not run and (run.number == 0 or straggler.flow_run is run):
            straggler.finish(State(CANCELLED, message=f"still at work when the flow ended ({state.name})"))


def _not_ready(upstream: "Upstream") -> State[Any] | None:
    """The state of a run that something upstream keeps from running, or None where nothing does."""
    for reference in (*upstream.futures, *upstream.states):
        state = _state_of_reference(reference)
        if state.type is COMPLETED or id(reference) in upstream.forgiven:
            continue
        what = (
            f"Upstream task run {reference.run.name!r}" if hasattr(reference, "run") else "An upstream state"
        )
        message = f"{what} did not reach a 'COMPLETED' state: it is {state.name}."
        error = UpstreamTaskError(message)
        return State(StateType.PENDING, "NotReady", message, error, reason=EndReason.UPSTREAM)
    return None


def _resolved(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments with results in the place of futures and states."""
    return (
        tuple(references.replace(value, _result_of_reference) for value in args),
        {name: references.replace(value, _result_of_reference) for name, value in kwargs.items()},
    )


def _result_of_reference(reference: Any) -> Any:
    state = _state_of_reference(reference)
    if state.type is COMPLETED:
        return state.data
    if state.is_final():
        return exception_of(state)
    return state.data  # never called, and its failure is allowed: the reason why


def _rename(run: "FlowRun | TaskRun", template: Any) -> None:
    name = names.custom_name(run, template)
    if name is not None and name != run.name:
        run.rename(name)


def _hooks(run: "FlowRun | TaskRun", hooks: "Iterable[Callable[..., Any]]", state: State[Any]) -> Logic[None]:
    """Calls hooks one after another. What one raises is logged, and changes nothing."""
    state = state.of_run(*((run.flow_run_id, run.id) if isinstance(run, TaskRun) else (run.id, None)))
    for hook in hooks:
        try:
            yield Ask(run, hook, run.definition, run, state)
        except Exception:
            logger_of(run).exception("Hook %r raised", getattr(hook, "__name__", hook))


def _log_failure(run: "FlowRun | TaskRun", state: State[Any]) -> None:
    """One record, with the traceback where the log has not got it yet from a run inside of this one."""
    tries = f" after {run.run_count} tries" if run.run_count > 1 else ""
    error = state.data if isinstance(state.data, Exception) else None
    is_new = error is not run.tree.last_logged_error
    run.tree.last_logged_error = error
    if run.number == 0:
        let_keeper_catch_up()
    logger_of(run).error("Finished in state %s%s", state, tries, exc_info=error if is_new else None)


def _log_retry(run: "FlowRun | TaskRun", state: State[Any], delay: float) -> None:
    when = f"in {delay:g} s" if delay else "now"
    logger_of(run).warning(
        "Failed: %s. Retry %d of %d %s", state.message, run.run_count, run.max_tries - 1, when
    )


def _log_end(run: FlowRun, state: State[Any]) -> None:
    if state.type is CRASHED or (state.type is FAILED and run.run_count == 0):
        _log_failure(run, state)
    elif state.type is not FAILED:  # a failed one was told where it failed
        if run.number == 0:
            let_keeper_catch_up()
        logger_of(run).info("Finished in state %s", state)
