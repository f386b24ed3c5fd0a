"""Futures: what `submit` and `map` give for a task run that is not over yet."""

import time
from _thread import allocate_lock
from collections.abc import Callable
from contextvars import Context, copy_context
from os import getpid
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tui_flow.sdk import references, signals
from tui_flow.sdk.effects import Logic, drive, drive_async, drive_elsewhere
from tui_flow.sdk.endings import interrupted, is_cancellation, state_of_exception
from tui_flow.sdk.exceptions import TerminationSignal
from tui_flow.sdk.run_logic import run_task, skip_task
from tui_flow.sdk.runs import TaskRun
from tui_flow.sdk.states import State
from tui_flow.sdk.waiting import (
    DoneAndNotDoneFutures,
    as_completed,
    wait,
    wait_all_or_failure,
    wait_done,
)

if TYPE_CHECKING:
    from tui_flow.sdk.task_runners import TaskRunner

__all__ = [
    "DoneAndNotDoneFutures",
    "PrefectFuture",
    "PrefectFutureList",
    "as_completed",
    "resolve_futures_to_results",
    "resolve_futures_to_states",
    "wait",
]

R = TypeVar("R")


class PrefectFuture(Generic[R]):
    """A task run that was submitted: its state, and its result once there is one.

    A thread that waits without a timeout for a run that nobody has begun runs it itself, if its task runner has room.
    """

    _tui_flow_kind = "future"
    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_context",
        "_lock",
        "_state",
        "_ticket",
        "_waits_for",
        "number",
        "run",
        "runner",
    )

    def __init__(self, run: TaskRun, runner: "TaskRunner | None" = None) -> None:
        """Run by the runner of its flow run, unless by another."""
        references.seen = True
        self.run = run
        self.runner = runner or run.flow_run.runner
        self.number = run.number
        self._context: Context = copy_context()
        self._state: State[R] | None = None
        self._ticket = [None]
        """Whoever pops it may begin the run, or skip it; there is only one."""
        self._waits_for: list[None] = []
        """One item for each future that has to be done first."""
        self._callbacks: list[Callable[[], None]] = []
        self._lock = allocate_lock()

    @property
    def task_run_id(self) -> str:
        """The id of the task run, such as "812-5"."""
        return self.run.id

    @property
    def state(self) -> State[R]:
        """The state of the task run as it is now."""
        return self._state or self.run.state

    def done(self) -> bool:
        """Whether the run is over, however it ended."""
        return self._state is not None

    def wait(self, timeout: float | None = None) -> None:
        """Waits for the end of the run, at most `timeout` seconds; returns without a word if there is none by then."""
        if self._state is None:
            wait_done(self, timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """What the task returned, as soon as it has. Raises what it raised; with `raise_on_failure=False` gives it.

        Raises TimeoutError if the run is not over after `timeout` seconds, and UnfinishedRun if it never began.
        """
        if self._state is None and not wait_done(self, timeout):
            raise TimeoutError(f"Task run {self.run.name!r} did not complete within {timeout} seconds")
        assert self._state is not None
        return self._state.result(raise_on_failure)

    def add_done_callback(self, fn: "Callable[[PrefectFuture[R]], object]") -> None:
        """Calls `fn(future)` when the run is over, in the thread that ended it; at once if it is over."""
        self.when_done(lambda: _call_back(fn, self))

    def when_done(self, call: Callable[[], None]) -> None:
        """Calls without arguments when the run is over; at once if it is. What it raises is not caught."""
        with self._lock:
            if self._state is None:
                self._callbacks.append(call)
                return
        call()

    def forget(self, call: Callable[[], None]) -> None:
        """Takes `when_done` back."""
        with self._lock:
            if call in self._callbacks:
                self._callbacks.remove(call)

    def schedule(self) -> None:
        """Queues the run as soon as what it waits for is done."""
        pending = [future for future in self.run.upstream.futures if future._state is None]
        self._waits_for = [None] * len(pending)
        if not pending:
            self.runner.queue(self)
        for future in pending:
            future.when_done(self._upstream_done)

    def _upstream_done(self) -> None:
        self._waits_for.pop()
        if not self._waits_for:
            self.runner.queue(self)

    @property
    def is_unclaimed(self) -> bool:
        return bool(self._ticket)

    def claim(self) -> bool:
        """Whether the caller is the one who may begin the run, or skip it."""
        try:
            self._ticket.pop()
        except IndexError:
            return False
        return True

    def begin(self) -> None:
        """Runs the claimed run to its end in this thread."""
        process = getpid()
        try:
            state = self._context.run(self._drive)
        except BaseException as error:  # an interruption that hit none of the author's lines
            if getpid() != process:  # a forked child came out of the body
                raise
            state = state_of_exception(self.run, error)
            self.run.finish(state)
        self._finish(state)

    def _drive(self) -> State[Any]:
        logic = run_task(self.run)
        if self.runner.call is not None:
            return drive_elsewhere(logic, self.runner.call)
        return _run_loop(self.run, logic) if self.run.task.isasync else drive(logic)

    def skip(self, reason: str, cancelled: bool) -> None:
        """Ends the claimed run before it began."""
        self._finish(skip_task(self.run, reason, cancelled))

    def _finish(self, state: State[Any]) -> None:
        with self._lock:
            self._state = state
            callbacks, self._callbacks = self._callbacks, []
        flow_run = self.run.flow_run
        flow_run.submitted.discard(self)
        if flow_run.flow is None and not flow_run.submitted:  # outside of flows nobody else will
            flow_run.close_runner()
        self._context = Context()
        for call in callbacks:
            call()

    def __repr__(self) -> str:
        return f"<future of task run {self.run.name!r}: {self.state}>"


def _run_loop(run: "TaskRun", logic: Logic[State[Any]]) -> State[Any]:
    """Drives the logic in an event loop of its own. In the main thread, a signal cancels what such a loop runs, and is
    told by its own exception only if the cancellation comes out of it."""
    import asyncio

    states: list[State[Any]] = []

    async def awaited() -> None:
        states.append(await drive_async(logic))
        if is_cancellation(states[0].data):
            raise states[0].data

    try:
        asyncio.run(awaited())
    except BaseException as error:
        if not states:
            raise
        if isinstance(error, (KeyboardInterrupt, TerminationSignal)):
            return interrupted(run, error)
    if signals.take_owed():
        return interrupted(run, TerminationSignal())
    return states[0]


def _call_back(fn: Callable[[Any], object], future: PrefectFuture[Any]) -> None:
    try:
        fn(future)
    except Exception:
        from tui_flow.sdk.logging import logger_of

        logger_of(future.run).exception("A callback of future %r raised", future.run.name)


def resolve_futures_to_states(value: Any) -> Any:
    """The value with final states in the place of the futures in it, which are waited for."""
    return _resolved(value, lambda future: future.state)


def resolve_futures_to_results(value: Any) -> Any:
    """The value with results in the place of the futures in it, which are waited for. Raises what a task raised."""
    return _resolved(value, lambda future: future.result())


def _resolved(value: Any, resolve: Callable[[PrefectFuture[Any]], Any]) -> Any:
    wait(references.find(value).futures)
    return references.replace(value, lambda one: resolve(one) if isinstance(one, PrefectFuture) else one)


class PrefectFutureList(list[PrefectFuture[R]]):
    """The futures of a `map` call, in the order of what was mapped."""

    def wait(self, timeout: float | None = None) -> None:
        """Waits for all, at most `timeout` seconds in all."""
        wait(self, timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> list[R]:
        """The results, in order. As soon as one run fails, raises what it raised, without waiting for the others.

        Raises TimeoutError after `timeout` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        if raise_on_failure:
            failed = wait_all_or_failure(self, timeout)
            if failed is not None:
                failed.result()
        for future in self:
            future.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if not future.done():
                raise TimeoutError(f"Task run {future.run.name!r} did not complete within {timeout} seconds")
        return [future.result(None, raise_on_failure) for future in self]


PrefectConcurrentFuture = PrefectFuture
"""Prefect's name for those of its threads."""
