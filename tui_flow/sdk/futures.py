"""Futures: what `submit` and `map` give for a task run that is not over yet."""

import time
from _thread import allocate_lock
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, copy_context
from typing import Any, Generic, NamedTuple, TypeVar

from tui_flow.sdk import references, signals, task_runners
from tui_flow.sdk.effects import Logic, drive, drive_async
from tui_flow.sdk.exceptions import Interruption, TerminationSignal
from tui_flow.sdk.run_logic import is_cancellation, run_task, skip_task, state_of_exception
from tui_flow.sdk.runs import TaskRun
from tui_flow.sdk.states import State

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
    )

    def __init__(self, run: TaskRun) -> None:
        references.seen = True
        self.run = run
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
        return self._state is not None

    def wait(self, timeout: float | None = None) -> None:
        """Waits for the end of the run, at most `timeout` seconds; returns without a word if there is none by then."""
        if self._state is None:
            _wait_done(self, timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """What the task returned, as soon as it has. Raises what it raised; with `raise_on_failure=False` gives it.

        Raises TimeoutError if the run is not over after `timeout` seconds, and UnfinishedRun if it never began.
        """
        if self._state is None and not _wait_done(self, timeout):
            raise TimeoutError(f"Task run {self.run.name!r} did not complete within {timeout} seconds")
        assert self._state is not None
        return self._state.result(raise_on_failure)

    def add_done_callback(self, fn: "Callable[[PrefectFuture[R]], object]") -> None:
        """Calls `fn(future)` when the run is over, in the thread that ended it; at once if it is over."""
        self._when_done(lambda: _call_back(fn, self))

    def _when_done(self, call: Callable[[], None]) -> None:
        with self._lock:
            if self._state is None:
                self._callbacks.append(call)
                return
        call()

    def _forget(self, call: Callable[[], None]) -> None:
        with self._lock:
            if call in self._callbacks:
                self._callbacks.remove(call)

    def schedule(self) -> None:
        """Queues the run as soon as what it waits for is done."""
        pending = [future for future in self.run.upstream.futures if future._state is None]
        self._waits_for = [None] * len(pending)
        if not pending:
            self.run.flow_run.runner.queue(self)
        for future in pending:
            future._when_done(self._upstream_done)

    def _upstream_done(self) -> None:
        self._waits_for.pop()
        if not self._waits_for:
            self.run.flow_run.runner.queue(self)

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
        try:
            state = self._context.run(self._drive)
        except BaseException as error:  # an interruption that hit none of the author's lines
            state = state_of_exception(self.run, error)
            self.run.finish(state)
        self._finish(state)

    def _drive(self) -> State[Any]:
        logic = run_task(self.run)
        return _run_loop(logic) if self.run.task.isasync else drive(logic)

    def skip(self, reason: str, cancelled: bool) -> None:
        """Ends the claimed run before it began."""
        self._finish(skip_task(self.run, reason, cancelled))

    def _finish(self, state: State[Any]) -> None:
        with self._lock:
            self._state = state
            callbacks, self._callbacks = self._callbacks, []
        self.run.flow_run.submitted.discard(self)
        self._context = Context()
        for call in callbacks:
            call()

    def __repr__(self) -> str:
        return f"<future of task run {self.run.name!r}: {self.state}>"


def _run_loop(logic: Logic[State[Any]]) -> State[Any]:
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
        if signals.terminated and is_cancellation(error):
            error = TerminationSignal()
        if isinstance(error, (KeyboardInterrupt, TerminationSignal)):
            return states[0].copy(update={"data": error, "reason": states[0].reason})
    return states[0]


def _call_back(fn: Callable[[Any], object], future: PrefectFuture[Any]) -> None:
    try:
        fn(future)
    except Exception:
        from tui_flow.sdk.logging import logger_of

        logger_of(future.run).exception("A callback of future %r raised", future.run.name)


class PrefectFutureList(list[PrefectFuture[R]]):
    """The futures of a `map` call, in the order of what was mapped."""

    def wait(self, timeout: float | None = None) -> None:
        """Waits for all, at most `timeout` seconds in all."""
        wait(self, timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> list[R]:
        """The results, in order. Raises what the first that failed raised, and TimeoutError after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        return [
            future.result(
                None if deadline is None else max(0.0, deadline - time.monotonic()), raise_on_failure
            )
            for future in self
        ]


class DoneAndNotDoneFutures(NamedTuple):
    """What `wait` gives."""

    done: set[PrefectFuture[Any]]
    not_done: set[PrefectFuture[Any]]


def wait(futures: Iterable[PrefectFuture[Any]], timeout: float | None = None) -> DoneAndNotDoneFutures:
    """Waits until all are done, at most `timeout` seconds."""
    futures = list(futures)
    deadline = None if timeout is None else time.monotonic() + timeout
    for future in futures:
        if future._state is None:
            _wait_done(future, None if deadline is None else max(0.0, deadline - time.monotonic()))
    done = {future for future in futures if future._state is not None}
    return DoneAndNotDoneFutures(done, set(futures) - done)


def as_completed(
    futures: Iterable[PrefectFuture[R]], timeout: float | None = None
) -> Iterator[PrefectFuture[R]]:
    """The futures in the order in which they end. Raises TimeoutError if some are not done after `timeout` seconds."""
    from queue import Empty, SimpleQueue

    waiting = dict.fromkeys(futures)
    total = len(waiting)
    deadline = None if timeout is None else time.monotonic() + timeout
    ended: SimpleQueue[PrefectFuture[R]] = SimpleQueue()
    for future in waiting:
        future._when_done(lambda future=future: ended.put(future))  # type: ignore[misc]
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


async def wait_async(futures: Iterable[PrefectFuture[Any]], timeout: float | None = None) -> None:
    """`wait`, without blocking the event loop."""
    import asyncio

    loop = asyncio.get_running_loop()
    pending = [future for future in futures if future._state is None]
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
            future._when_done(one_done)
        try:
            await asyncio.wait_for(all_done.wait(), timeout)
        except TimeoutError:
            return
        finally:
            for future in pending:
                future._forget(one_done)


def _wait_done(future: PrefectFuture[Any], timeout: float | None) -> bool:
    """Waits for the end of a run; whether it came."""
    if timeout is None:
        _help(future)
        if future._state is not None:
            return True
    gate = allocate_lock()
    gate.acquire()
    future._when_done(gate.release)
    with task_runners.slot_given_away():
        came = gate.acquire(timeout=-1 if timeout is None else min(timeout, 1e6))
    if not came:
        future._forget(gate.release)
    return future._state is not None


def _help(future: PrefectFuture[Any]) -> None:
    """Runs, in this thread, what the future waits for and then its own run, as far as nobody else has begun."""
    trail = [future]
    while trail:
        last = trail[-1]
        blocking = next((one for one in last.run.upstream.futures if one._state is None), None)
        if blocking is not None and not blocking.is_unclaimed:
            return
        if blocking is not None:
            trail.append(blocking)
            continue
        if last._state is None and not _begin_here(last):
            return
        trail.pop()


def _begin_here(future: PrefectFuture[Any]) -> bool:
    if not future.run.flow_run.runner.run_here(future):
        return False
    data = future._state.data if future._state else None
    if isinstance(data, (Interruption, KeyboardInterrupt)):
        raise data  # it was meant for the thread that waits
    return True
