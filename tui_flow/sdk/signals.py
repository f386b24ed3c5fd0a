"""SIGTERM, as an exception in the main thread.

In an event loop it is not that simple: an exception that a signal raises in one of the loop's own callbacks is
swallowed there. So an async flow is cancelled instead, unless its own code is what the signal interrupts.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from tui_flow.sdk.exceptions import TerminationSignal

if TYPE_CHECKING:
    import asyncio

terminated = False
"""Whether SIGTERM came since `raise_on_sigterm`. Coroutines may see of it only that they are cancelled."""

_async_flow: "asyncio.Task[Any] | None" = None
"""What runs the outermost flow, if that is async and runs in the main thread."""


def raise_on_sigterm() -> Any:
    """From now on the first SIGTERM raises TerminationSignal in the main thread; further ones do nothing, so that
    what the first one started can end. Gives the handler before, None outside of the main thread."""
    global terminated
    if not _in_main_thread():
        return None
    terminated = False
    return signal.signal(signal.SIGTERM, _raise)


def _raise(number: int, _frame: FrameType | None) -> None:
    global terminated
    if terminated:
        return
    terminated = True
    if _async_flow is not None and not _interrupts(_async_flow):
        loop = _async_flow.get_loop()
        loop.call_soon_threadsafe(_async_flow.cancel)
        if not _interrupts_a_task(loop):
            return
    raise TerminationSignal(number)


def _interrupts(task: "asyncio.Task[Any]") -> bool:
    """Whether it is this task's code that the main thread runs right now."""
    import asyncio

    return asyncio.current_task(task.get_loop()) is task


def _interrupts_a_task(loop: "asyncio.AbstractEventLoop") -> bool:
    import asyncio

    return asyncio.current_task(loop) is not None


@contextmanager
def cancelled_on_sigterm() -> Iterator[None]:
    """The coroutine that runs this is the outermost flow: SIGTERM cancels it."""
    global _async_flow
    if not _in_main_thread():
        yield
        return
    import asyncio

    before, _async_flow = _async_flow, asyncio.current_task()
    try:
        yield
    finally:
        _async_flow = before


def restore(handler: Any) -> None:
    """`raise_on_sigterm`'s way back."""
    if handler is not None:
        signal.signal(signal.SIGTERM, handler)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def end_by_signal_where_uncaught() -> None:
    """A script that a TerminationSignal ends is seen by its parent as ended by that signal, without a traceback."""
    before = sys.excepthook

    def hook(cls: type[BaseException], error: BaseException, traceback: Any) -> None:
        if not isinstance(error, TerminationSignal):
            before(cls, error, traceback)
            return
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        signal.signal(error.signal, signal.SIG_DFL)
        os.kill(os.getpid(), error.signal)

    if getattr(before, "__qualname__", "") != hook.__qualname__:
        sys.excepthook = hook
