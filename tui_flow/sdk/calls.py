"""What a call of a flow or task, or its `submit`, does: makes the run, drives the run logic, gives the outcome."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tui_flow.sdk import context, params, references, signals
from tui_flow.sdk.annotations import BaseAnnotation
from tui_flow.sdk.context import current_tags, parent_of_flow, parent_of_task
from tui_flow.sdk.effects import Logic, drive, drive_async
from tui_flow.sdk.exceptions import TerminationSignal
from tui_flow.sdk.futures import PrefectFuture
from tui_flow.sdk.generators import iterate, iterate_async
from tui_flow.sdk.names import custom_name, generated_name
from tui_flow.sdk.run_logic import run_flow, run_task
from tui_flow.sdk.runs import NO_UPSTREAM, FlowRun, TaskRun, outside_of_flows
from tui_flow.sdk.states import COMPLETED, State, exception_of, states_in

if TYPE_CHECKING:
    from tui_flow.sdk.flows import Flow
    from tui_flow.sdk.task_runners import TaskRunner
    from tui_flow.sdk.tasks import Task

WaitList = Iterable[Any] | PrefectFuture[Any] | State[Any] | BaseAnnotation | None
"""What `wait_for` may be: one future does without a list around it."""


def call_task(
    task: "Task[Any, Any]",
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wait_for: WaitList,
    return_state: bool,
) -> Any:
    """A task run here and now; a coroutine of one for an async task, and for a generator a generator of one."""
    if context.drawing is not None:
        return context.drawing.called(task, args, kwargs)
    params.require_fit(task.fn, args, kwargs)
    if task.isgenerator and not return_state:
        begun = _task_logic(task, args, kwargs, wait_for)
        return iterate_async(begun, outcome) if task.isasync else iterate(begun, outcome)
    if task.isasync:
        return _call_async_task(task, args, kwargs, wait_for, return_state)
    run = new_task_run(task, args, kwargs, wait_for)
    _begin(run)
    return outcome(drive(run_task(run)), return_state)


async def _call_async_task(
    task: "Task[Any, Any]",
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wait_for: WaitList,
    return_state: bool,
) -> Any:
    run = new_task_run(task, args, kwargs, wait_for)
    _begin(run)
    return outcome(await drive_async(run_task(run)), return_state)


@contextmanager
def _task_logic(
    task: "Task[Any, Any]", args: tuple[Any, ...], kwargs: dict[str, Any], wait_for: WaitList
) -> Iterator[Logic[State[Any]]]:
    run = new_task_run(task, args, kwargs, wait_for)
    _begin(run)
    yield run_task(run)


def new_task_run(
    task: "Task[Any, Any]",
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wait_for: WaitList = None,
    map_index: int | None = None,
    map_id: int | None = None,
) -> TaskRun:
    """A task run of the flow that is running here, not yet recorded."""
    if signals.take_owed():
        raise TerminationSignal
    parent = parent_of_task() or outside_of_flows()
    upstream = references.find(args, kwargs, waited_for(wait_for)) if references.seen else NO_UPSTREAM
    run = TaskRun(task, parent, args, kwargs, upstream, map_index, map_id)
    if task.task_run_name is not None and not upstream:
        run.name = custom_name(run, task.task_run_name) or run.name
    return run


def waited_for(wait_for: WaitList) -> list[Any]:
    if isinstance(wait_for, (PrefectFuture, State, BaseAnnotation, dict)):
        return [wait_for]
    return list(wait_for or ())


def _begin(run: TaskRun) -> None:
    calls = run.tree.calls
    may_not_run = (calls is not None and calls.may_reuse) or run.tree.left_out is not None
    if may_not_run or run.upstream or run.is_transactional or _has_tag_limits(run):
        run.create()
    else:
        run.begin_now()


def _has_tag_limits(run: TaskRun) -> bool:
    """Whether it may have to wait before it begins."""
    if not run.tags:
        return False
    from tui_flow.sdk.concurrency import tag_limits

    return bool(tag_limits(run))


def submit_task(
    task: "Task[Any, Any]", args: tuple[Any, ...], kwargs: dict[str, Any], wait_for: WaitList
) -> PrefectFuture[Any]:
    """A task run that begins when its upstream is done and its runner has room."""
    if context.drawing is not None:
        context.drawing.refuse("submit")
    params.require_fit(task.fn, args, kwargs)
    return submit_run(new_task_run(task, args, kwargs, wait_for))


def submit_run(run: TaskRun, runner: "TaskRunner | None" = None) -> PrefectFuture[Any]:
    """A future of the run, by the runner of its flow run, unless another is named."""
    run.create()
    future: PrefectFuture[Any] = PrefectFuture(run, runner)
    run.flow_run.submitted.add(future)
    future.schedule()
    return future


def call_flow(
    flow: "Flow[Any, Any]",
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wait_for: WaitList,
    return_state: bool,
) -> Any:
    """A nested flow run, or, outside of runs, a run of its own; a coroutine of one for an async flow, and for a
    generator a generator of one."""
    if context.drawing is not None:
        return context.drawing.called(flow, args, kwargs)
    params.bind(flow.fn, args, kwargs)
    if flow.isgenerator and not return_state:
        begun = _flow_logic(flow, args, kwargs, wait_for)
        finish = outcome if parent_of_flow() else _outermost_outcome
        return iterate_async(begun, finish) if flow.isasync else iterate(begun, finish)
    if flow.isasync:
        return _call_async_flow(flow, args, kwargs, wait_for, return_state)
    if parent_of_flow() is None:
        from tui_flow.sdk.script_run import ScriptRun

        with ScriptRun(flow, args, kwargs) as run:
            state = drive(run_flow(run, args, kwargs))
        return _outermost_outcome(state, return_state)
    run = _nested(flow, args, kwargs, wait_for)
    return outcome(drive(run_flow(run, args, kwargs)), return_state)


async def _call_async_flow(
    flow: "Flow[Any, Any]",
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wait_for: WaitList,
    return_state: bool,
) -> Any:
    if parent_of_flow() is None:
        from tui_flow.sdk.script_run import ScriptRun

        with ScriptRun(flow, args, kwargs) as run:
            state = await drive_async(run_flow(run, args, kwargs))
        return _outermost_outcome(state, return_state)
    run = _nested(flow, args, kwargs, wait_for)
    return outcome(await drive_async(run_flow(run, args, kwargs)), return_state)


@contextmanager
def _flow_logic(
    flow: "Flow[Any, Any]", args: tuple[Any, ...], kwargs: dict[str, Any], wait_for: WaitList
) -> Iterator[Logic[State[Any]]]:
    if parent_of_flow() is not None:
        yield run_flow(_nested(flow, args, kwargs, wait_for), args, kwargs)
        return
    from tui_flow.sdk.script_run import ScriptRun

    with ScriptRun(flow, args, kwargs) as run:
        yield run_flow(run, args, kwargs)


def _nested(
    flow: "Flow[Any, Any]", args: tuple[Any, ...], kwargs: dict[str, Any], wait_for: WaitList
) -> FlowRun:
    parent = parent_of_flow()
    assert parent is not None
    upstream = references.find(args, kwargs, waited_for(wait_for))
    run = FlowRun(flow, parent.tree, parent, tags=current_tags.get(), upstream=upstream)
    run.name = generated_name()
    run.create(args, kwargs)
    return run


def _outermost_outcome(state: State[Any], return_state: bool = False) -> Any:
    """`outcome`; raises TerminationSignal also where an event loop showed it as a cancellation only."""
    if signals.terminated and (state.is_cancelled() or state.is_crashed()):
        raise TerminationSignal from state.data
    return outcome(state, return_state)


def outcome(state: State[Any], return_state: bool = False) -> Any:
    """What a call gives: the result or, if asked for, the state. Raises what the run raised.

    What was meant to end the code around as well (ctrl+c, SIGTERM, a cancelled coroutine, sys.exit) is always raised.
    """
    data = state.data
    if isinstance(data, BaseException) and not isinstance(data, Exception) and state.type is not COMPLETED:
        raise data
    if return_state:
        references.seen = True
        return state
    if state.type is COMPLETED or states_in(data):
        return data
    if not state.is_final():
        return state.result()
    raise exception_of(state)
