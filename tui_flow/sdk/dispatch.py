"""Functions that Prefect gives two lives: called in plain code they answer, called in a coroutine they are awaited."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from tui_flow.sdk.context import current

P = ParamSpec("P")
R = TypeVar("R")


def in_coroutine() -> bool:
    """Whether whoever calls may be a coroutine: in a run, whether its task or flow is one (a plain task is called in the
    thread of its flow's event loop), and outside of runs whether such a loop runs here."""
    run = current.get()
    if run is not None and (run.number or run.flow_run.flow is not None):
        return bool(run.definition.isasync)
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


def awaitable_in_coroutines(function: Callable[P, R]) -> Callable[P, Any]:
    """The function; in a coroutine it gives a coroutine, unless `_sync=True` is passed, as Prefect's do."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> Any:
        wants_answer = kwargs.pop("_sync", None)
        if wants_answer or (wants_answer is None and not in_coroutine()):
            return function(*args, **kwargs)
        return _later(function, *args, **kwargs)

    return called


async def _later(function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    return function(*args, **kwargs)
