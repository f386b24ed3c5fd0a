"""Waiting for futures, and running what nobody has begun meanwhile."""

import time
from _thread import allocate_lock
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tui_flow.sdk import task_runners
from tui_flow.sdk.exceptions import Interruption

if TYPE_CHECKING:
    from tui_flow.sdk.futures import PrefectFuture

R = TypeVar("R")


class DoneAndNotDoneFutures(NamedTuple):
    """What `wait` gives."""

    done: "set[PrefectFuture[Any]]"
    not_done: "set[PrefectFuture[Any]]"


def wait(futures: "Iterable[PrefectFuture[Any]]", timeout: float | None = None) -> DoneAndNotDoneFutures:
    """Waits until all are done, at most `timeout` seconds."""
    futures = list(futures)
    deadline = None if timeout is None else time.monotonic() + timeout
    for future in futures:
        if not future.done():
            wait_done(future, None if deadline is None else max(0.0, deadline - time.monotonic()))
    done = {future for future in futures if future.done()}
    return DoneAndNotDoneFutures(done, set(futures) - done)


def as_completed(
    futures: "Iterable[PrefectFuture[R]]", timeout: float | None = None
) -> "Iterator[PrefectFuture[R]]":
    """The futures in the order in which they end. Raises TimeoutError if some are not done after `timeout` seconds."""
    from queue import Empty, SimpleQueue

    waiting = dict.fromkeys(futures)
    total = len(waiting)
    deadline = None if timeout is None else time.monotonic() + timeout
    ended: SimpleQueue[PrefectFuture[R]] = SimpleQueue()
    for future in waiting:
        future.when_done(lambda future=future: ended.put(future))  # type: ignore[misc]
    while waiting:
        try:
            with task_runners.slot_given_away():
                future = ended.get(
                    timeout=None if deadline is None else max(0.0, deadline - time.monotonic())
                )
        except Empty:
            raise TimeoutError(f"{len(waiting)} (of {total}) futures unfinished") from None
        waiting.pop(future)
        yield future


async def wait_async(futures: "Iterable[PrefectFuture[Any]]", timeout: float | None = None) -> None:
    """`wait`, without blocking the event loop."""
    import asyncio

    loop = asyncio.get_running_loop()
    pending = [future for future in futures if not future.done()]
    if not pending:
        return
    left = [None] * len(pending)
    all_done = asyncio.Event()

    def one_done() -> None:
        left.pop()
        if not left:
            loop.call_soon_threadsafe(all_done.set)

    with task_runners.slot_given_away():
        for future in pending:
            future.when_done(one_done)
        try:
            await asyncio.wait_for(all_done.wait(), timeout)
        except TimeoutError:
            return
        finally:
            for future in pending:
                future.forget(one_done)


def wait_done(future: "PrefectFuture[Any]", timeout: float | None) -> bool:
    """Waits for the end of a run; whether it came."""
    if timeout is None:
        _help(future)
        if future.done():
            return True
    gate = allocate_lock()
    gate.acquire()
    future.when_done(gate.release)
    with task_runners.slot_given_away():
        came = gate.acquire(timeout=-1 if timeout is None else min(timeout, 1e6))
    if not came:
        future.forget(gate.release)
    return future.done()


def wait_all_or_failure(
    futures: "Iterable[PrefectFuture[R]]", timeout: float | None = None
) -> "PrefectFuture[R] | None":
    """Waits until all are done or one has not completed, at most `timeout` seconds; gives the one that has not.

    The waiting thread runs none of them itself: it could not leave one when another fails.
    """
    failed: list[PrefectFuture[R]] = []
    gate = allocate_lock()
    gate.acquire()
    pending = [future for future in futures if not _has_completed(future, failed)]
    left = [None] * len(pending)

    def one_done(future: "PrefectFuture[R]") -> None:
        left.pop()
        if not _has_completed(future, failed) or not left:
            with suppress(RuntimeError):  # somebody let the waiting thread go on before
                gate.release()

    calls = [partial(one_done, future) for future in pending]
    for future, call in zip(pending, calls, strict=True):
        future.when_done(call)
    if pending and not failed:
        with task_runners.slot_given_away():
            gate.acquire(timeout=-1 if timeout is None else min(timeout, 1e6))
    if left:
        for future, call in zip(pending, calls, strict=True):
            future.forget(call)
    return failed[0] if failed else None


def _has_completed(future: "PrefectFuture[R]", failed: "list[PrefectFuture[R]]") -> bool:
    if not future.done():
        return False
    if not future.state.is_completed():
        failed.append(future)
    return future.state.is_completed()


def _help(future: "PrefectFuture[Any]") -> None:
    """Runs, in this thread, what the future waits for and then its own run, as far as nobody else has begun."""
    trail = [future]
    while trail:
        last = trail[-1]
        blocking = next((one for one in last.run.upstream.futures if not one.done()), None)
        if blocking is not None and not blocking.is_unclaimed:
            return
        if blocking is not None:
            trail.append(blocking)
            continue
        if not last.done() and not _begin_here(last):
            return
        trail.pop()


def _begin_here(future: "PrefectFuture[Any]") -> bool:
    if not future.runner.run_here(future):
        return False
    data = future.state.data
    if isinstance(data, (Interruption, KeyboardInterrupt)):
        raise data  # it was meant for the thread that waits
    return True
