"""Ending code that runs longer than it may.

In the main thread an alarm interrupts even code that blocks in a system call. Elsewhere the code runs in a thread of
its own, which is told to stop at the deadline and is left behind if it does not. Coroutines are cancelled.
"""

import contextvars
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from tui_flow.sdk.exceptions import DeadlineExceeded

_SECOND_CHANCE = 0.001
"""The least interval of an alarm, in seconds: zero would switch it off."""


class Expired(Exception):
    """`call_within`: the deadline came before the end."""


def call_within(seconds: float, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `fn` returns or raises, if it ends in time. Raises Expired if not."""
    if threading.current_thread() is threading.main_thread():
        return _call_with_alarm(seconds, fn, args, kwargs)
    return _call_in_own_thread(seconds, fn, args, kwargs)


class _Alarm:
    """One deadline of the main thread. Deadlines nest; the outermost that has come is the one that is raised."""

    def __init__(self, seconds: float) -> None:
        self.due = time.monotonic() + seconds
        self.rang = False


_alarms: list[_Alarm] = []
_authors_handler: Any = None
_authors_timer: tuple[float, float, float] = (0.0, 0.0, 0.0)
"""The author's own alarm: its delay and interval in seconds, and when these were read on the monotonic clock."""


def _call_with_alarm(
    seconds: float, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    alarm = _Alarm(seconds)
    _enter(alarm)
    try:
        value = fn(*args, **kwargs)
    except DeadlineExceeded as exceeded:
        _leave(alarm)
        if exceeded.args[0] is alarm:
            raise Expired from exceeded
        raise
    except BaseException:
        _leave(alarm)
        if alarm.rang:  # the code turned the interruption into an error of its own
            raise Expired from None
        raise
    _leave(alarm)
    if alarm.rang:  # the code swallowed the interruption
        raise Expired
    return value


def _enter(alarm: _Alarm) -> None:
    global _authors_handler, _authors_timer
    if not _alarms:
        _authors_timer = (*signal.setitimer(signal.ITIMER_REAL, 0), time.monotonic())
        _authors_handler = signal.signal(signal.SIGALRM, _ring)
    _alarms.append(alarm)
    _wind()


def _leave(alarm: _Alarm) -> None:
    _alarms.remove(alarm)
    _wind()
    if not _alarms:
        signal.signal(signal.SIGALRM, _authors_handler)
        _rewind_authors_timer()


def _rewind_authors_timer() -> None:
    """The author's alarm rings when it would have; late, if it should have rung meanwhile."""
    delay, interval, at = _authors_timer
    if delay:
        signal.setitimer(signal.ITIMER_REAL, max(at + delay - time.monotonic(), _SECOND_CHANCE), interval)


def _wind() -> None:
    """Sets the timer to the next deadline that has not rung."""
    waiting = [alarm.due for alarm in _alarms if not alarm.rang]
    delay = max(min(waiting) - time.monotonic(), _SECOND_CHANCE) if waiting else 0
    signal.setitimer(signal.ITIMER_REAL, delay)


def _ring(_signal: int, _frame: FrameType | None) -> None:
    now = time.monotonic()
    due = [alarm for alarm in _alarms if alarm.due <= now and not alarm.rang]
    for alarm in due:
        alarm.rang = True
    _wind()
    if due:
        raise DeadlineExceeded(due[0])


def _call_in_own_thread(
    seconds: float, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    from tui_flow.sdk import task_runners

    outcome: list[Any] = []
    ended = threading.Lock()
    ended.acquire()
    slot = task_runners.current_slot()

    def body() -> None:
        task_runners.take_over(slot)
        try:
            outcome.append((True, fn(*args, **kwargs)))
        except BaseException as error:
            outcome.append((False, error))
        finally:
            ended.release()

    copied = contextvars.copy_context()
    thread = threading.Thread(target=copied.run, args=(body,), name="tui_flow-deadline", daemon=True)
    thread.start()
    if not ended.acquire(timeout=min(seconds, threading.TIMEOUT_MAX)):
        interrupt(thread.ident, DeadlineExceeded)
        raise Expired
    succeeded, value = outcome[0]
    if succeeded:
        return value
    raise value


def interrupt(thread_id: int | None, exception: type[BaseException]) -> None:
    """Raises the exception in a thread, as soon as that thread runs Python code again."""
    import ctypes

    if thread_id is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(exception))


async def await_within(
    seconds: float, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What the coroutine function returns or raises, if it ends in time. Raises Expired if not."""
    import asyncio

    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            return await fn(*args, **kwargs)
    except TimeoutError:
        if deadline.expired():
            raise Expired from None
        raise
