"""SIGTERM, as an exception in the main thread."""

import signal
import threading
from types import FrameType
from typing import Any

from tui_flow.sdk.exceptions import TerminationSignal

terminated = False
"""Whether SIGTERM came since `raise_on_sigterm`. An event loop shows it to coroutines as a cancellation only."""


def raise_on_sigterm() -> Any:
    """From now on the first SIGTERM raises TerminationSignal in the main thread; further ones do nothing, so that
    what the first one started can end. Gives the handler before, None outside of the main thread."""
    global terminated
    if threading.current_thread() is not threading.main_thread():
        return None
    terminated = False
    return signal.signal(signal.SIGTERM, _raise)


def _raise(number: int, _frame: FrameType | None) -> None:
    global terminated
    if not terminated:
        terminated = True
        raise TerminationSignal(number)


def restore(handler: Any) -> None:
    """`raise_on_sigterm`'s way back."""
    if handler is not None:
        signal.signal(signal.SIGTERM, handler)
