"""What authors take from prefect.utilities.asyncutils: plain code and coroutines that call each other."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from tui_flow.sdk.dispatch import in_coroutine

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["gather", "run_coro_as_sync", "run_sync_in_worker_thread", "sync_compatible"]


def run_coro_as_sync(
    coroutine: Coroutine[Any, Any, R],
    force_new_thread: bool = False,
    wait_for_result: bool = True,  # noqa: ARG001  (Prefect's)
) -> R:
    """What the coroutine gives, in plain code; where an event loop runs in this thread, from one in another thread."""
    import asyncio

    if not force_new_thread and asyncio._get_running_loop() is None:
        return asyncio.run(coroutine)
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, asyncio.run, coroutine).result()


async def run_sync_in_worker_thread(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What the function gives, called in another thread, with the run and the tags of the caller."""
    import asyncio

    return await asyncio.to_thread(fn, *args, **kwargs)


def sync_compatible(fn: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Any]:
    """The coroutine function; called in plain code, it gives its result."""

    @wraps(fn)
    def called(*args: P.args, **kwargs: P.kwargs) -> Any:
        return fn(*args, **kwargs) if in_coroutine() else run_coro_as_sync(fn(*args, **kwargs))

    return called


async def gather(*calls: Callable[[], Coroutine[Any, Any, R]]) -> list[R]:
    """What coroutine functions give that are called without arguments, all at once."""
    import asyncio

    return list(await asyncio.gather(*(call() for call in calls)))
