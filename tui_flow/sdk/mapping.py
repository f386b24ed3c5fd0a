"""`map`: one task run for each item of the arguments."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tui_flow.sdk import context, params
from tui_flow.sdk.annotations import BaseAnnotation, unmapped
from tui_flow.sdk.calls import WaitList, new_task_run, submit_run, waited_for
from tui_flow.sdk.exceptions import MappingLengthMismatch, MappingMissingIterable, UpstreamTaskError
from tui_flow.sdk.futures import PrefectFuture, PrefectFutureList
from tui_flow.sdk.states import COMPLETED, State

if TYPE_CHECKING:
    from tui_flow.sdk.task_runners import TaskRunner
    from tui_flow.sdk.tasks import Task


def map_task(
    task: "Task[Any, Any]",
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wait_for: WaitList,
    runner: "TaskRunner | None" = None,
) -> PrefectFutureList[Any]:
    """Submits the runs of one `map` call. Raises MappingMissingIterable, MappingLengthMismatch, ParameterBindError,
    and UpstreamTaskError where a future that should be mapped over failed. What was left out maps to no runs."""
    if context.drawing is not None:
        context.drawing.refuse("map")
    params.require_fit(task.fn, args, kwargs)
    mapped = [value for value in (*args, *kwargs.values()) if isinstance(value, PrefectFuture)]
    columns = [_column(value) for value in (*args, *kwargs.values())]
    if _has_left_out(columns):
        return PrefectFutureList()
    length = _common_length(columns, [*params.bind(task.fn, args, kwargs).arguments])
    upstream = [*waited_for(wait_for), *mapped]
    futures: PrefectFutureList[Any] = PrefectFutureList()
    map_id = 0
    for index in range(length):
        values = [column[index] if is_mapped else column for is_mapped, column in columns]
        child_kwargs = dict(zip(kwargs, values[len(args) :], strict=True))
        run = new_task_run(task, tuple(values[: len(args)]), child_kwargs, upstream, index, map_id)
        map_id = map_id or run.number
        futures.append(submit_run(run, runner))
    return futures


def _has_left_out(columns: list[tuple[bool, Any]]) -> bool:
    """Whether there is nothing to map over but the None that a task gave which was left out."""
    parent = context.parent_of_task()
    if parent is None or parent.tree.left_out is None or any(is_mapped for is_mapped, _ in columns):
        return False
    return any(value is None for _, value in columns)


def _column(value: Any) -> tuple[bool, Any]:
    """Whether an argument is mapped over, and its items, or else the value for every run."""
    if isinstance(value, unmapped):
        return False, value.value
    if isinstance(value, BaseAnnotation):
        is_mapped, inner = _column(value.value)
        return (True, [value.rewrap(item) for item in inner]) if is_mapped else (False, value)
    if isinstance(value, (PrefectFuture, State)):
        return _column(_result(value))
    if isinstance(value, (str, bytes, bytearray)) or not isinstance(value, Iterable):
        return False, value
    return True, value if isinstance(value, (list, tuple)) else list(value)


def _result(reference: Any) -> Any:
    if isinstance(reference, PrefectFuture):
        reference.wait()
        reference = reference.state
    if reference.type is not COMPLETED:
        raise UpstreamTaskError(
            f"map() needs a result to map over, and an upstream run ended in {reference}."
        )
    return reference.result()


def _common_length(columns: list[tuple[bool, Any]], names: list[str]) -> int:
    lengths = [len(column) for is_mapped, column in columns if is_mapped]
    if not lengths:
        raise MappingMissingIterable(
            "No iterable parameters were received. Parameters for map must include at least one iterable. "
            f"Parameters: {names}"
        )
    if len(set(lengths)) > 1:
        raise MappingLengthMismatch(
            "Received iterable parameters with different lengths. Parameters for map must all be the same length. "
            f"Got lengths: {lengths}"
        )
    return lengths[0]
