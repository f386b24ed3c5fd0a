"""SIGTERM, as an exception in the main thread.

In an event loop it is not that simple: what a signal raises in one of the loop's own callbacks is swallowed there. So
the coroutines of a loop that runs in the main thread are cancelled, except the one that the signal interrupts.
"""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from tui_flow.sdk.exceptions import TerminationSignal

terminated = False
"""Whether SIGTERM came since `raise_on_sigterm`. Coroutines may see of it only that they are cancelled."""


_owed = False
"""Whether a loop's coroutines were cancelled in its place, and nobody has raised TerminationSignal yet. A loop that
was just ending may not have noticed."""


def raise_on_sigterm() -> Any:
    """From now on the first SIGTERM raises TerminationSignal in the main thread; further ones do nothing, so that
    what the first one started can end.

    Gives the handler before; None, and does nothing, outside of the main thread and where the program has a handler
    of its own.
    """
    global terminated, _owed
    if threading.current_thread() is not threading.main_thread():
        return None
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return None
    terminated = _owed = False
    return signal.signal(signal.SIGTERM, _raise)


def _raise(number: int, _frame: FrameType | None) -> None:
    global terminated, _owed
    if terminated:
        return
    terminated = True
    asyncio = sys.modules.get("asyncio")
    loop = asyncio._get_running_loop() if asyncio else None
    if asyncio and loop:
        interrupted = asyncio.current_task(loop)
        for task in asyncio.all_tasks(loop) - {interrupted}:
            loop.call_soon_threadsafe(task.cancel)
        if interrupted is None:
            _owed = True
            return
    raise TerminationSignal(number)


def _in_forked_child() -> None:
    """A child that the author's code forks ends at SIGTERM as any process does."""
    if signal.getsignal(signal.SIGTERM) is _raise:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


os.register_at_fork(after_in_child=_in_forked_child)


def take_owed() -> bool:
    """Whether the caller has to raise TerminationSignal now, because the loop that should have been cancelled is over.
    True once, and only in the main thread."""
    global _owed
    if not _owed or threading.current_thread() is not threading.main_thread():
        return False
    asyncio = sys.modules.get("asyncio")
    if asyncio and asyncio._get_running_loop():
        return False
    _owed = False
    return True


def noticed() -> None:
    """A cancelled coroutine has told: nothing is owed any more."""
    global _owed
    _owed = False


def restore(handler: Any) -> None:
    """`raise_on_sigterm`'s way back."""
    if handler is not None:
        signal.signal(signal.SIGTERM, handler)


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
