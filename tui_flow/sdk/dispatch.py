"""Functions that Prefect gives two lives: called in plain code they answer, called in a coroutine they are awaited."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def in_coroutine() -> bool:
    """Whether an event loop runs in this thread, so that whoever calls may be a coroutine."""
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
