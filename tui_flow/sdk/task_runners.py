"""Where submitted task runs run: a small pool of threads for each flow run, unless the flow asks for another.

A pool has slots, and who runs a task holds one. A thread that waits for something gives its slot away meanwhile, so
however deep tasks submit tasks, there is always one that can go on.

A runner for other machines is a ThreadPoolTaskRunner, too, whose `call` performs the call of a body there, and only
that: states, retries, hooks, names and the journal stay in the process of the flow. It gets an `effects.Call` (the
task run, its function, arguments and seconds), and returns what the function returns or raises what it raises;
`timeouts.Expired` for one that ran too long, `exceptions.ProcessDied` where it got lost. It is called in one of the
pool's threads, at most `max_workers` at a time. `interrupt()` has to end the calls that are under way, `close()` also
whatever they run in. `process_pool.ProcessPoolTaskRunner` is such a runner, for processes of this machine.
"""

import os
import threading
from _thread import allocate_lock
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tui_flow.sdk.exceptions import TerminationSignal

if TYPE_CHECKING:
    from tui_flow.sdk.calls import WaitList
    from tui_flow.sdk.effects import Call
    from tui_flow.sdk.flows import Flow
    from tui_flow.sdk.futures import PrefectFuture, PrefectFutureList
    from tui_flow.sdk.process_pool import ProcessPoolTaskRunner as ProcessPoolTaskRunner
    from tui_flow.sdk.tasks import Task

DEFAULT_WORKERS = 32
MAX_HELP_DEPTH = 12
"""So many task runs may run on top of each other in one thread; deeper ones get a thread of their own."""


class _Holding(threading.local):
    """The runner whose slot this thread holds, and how many task runs it runs on top of each other."""

    runner: "ThreadPoolTaskRunner | None" = None
    depth = 0


_holding = _Holding()


def current_slot() -> "ThreadPoolTaskRunner | None":
    """The runner whose slot this thread holds."""
    return _holding.runner


def take_over(runner: "ThreadPoolTaskRunner | None") -> None:
    """This thread works in the place of one that holds a slot and waits for it."""
    _holding.runner = runner


@contextmanager
def slot_given_away() -> Iterator[None]:
    """While this thread waits, another may have its slot."""
    runner = _holding.runner
    if runner is None:
        yield
        return
    runner._give_slot()
    try:
        yield
    finally:
        runner._take_slot_back()


class TaskRunner(ABC):
    """What a flow run asks of its runner, and what authors may ask of one that they hold themselves."""

    call: "Callable[[Call], Any] | None" = None
    """Performs the call of a body elsewhere; None where threads of this process do."""

    def __init__(self) -> None:
        self._own: set[PrefectFuture[Any]] = set()
        """What was submitted to the runner itself."""

    @property
    def name(self) -> str:
        return type(self).__name__.lower().removesuffix("taskrunner")

    @abstractmethod
    def duplicate(self) -> "TaskRunner":
        """A runner with the same settings, and threads or processes of its own: every flow run gets one."""

    @abstractmethod
    def queue(self, future: "PrefectFuture[Any]") -> None:
        """Runs the future's run (`future.claim()`, then `future.begin()`) as soon as there is room. Called once
        everything that it waits for is done."""

    @abstractmethod
    def run_here(self, future: "PrefectFuture[Any]") -> bool:
        """Runs the future's run in the calling thread, which waits for it. False where that makes no sense."""

    @abstractmethod
    def interrupt(self) -> None:
        """The flow run is to end: raises TerminationSignal in what is at work."""

    @abstractmethod
    def close(self) -> None:
        """The flow run is over: nothing of the runner may stay."""

    def submit(
        self,
        task: "Task[Any, Any]",
        parameters: dict[str, Any],
        wait_for: "WaitList" = None,
        dependencies: Any = None,  # noqa: ARG002  (Prefect's, for its server)
    ) -> "PrefectFuture[Any]":
        """A run of the task with these arguments, by this runner, inside of a flow or not."""
        from tui_flow.sdk.calls import new_task_run, submit_run
        from tui_flow.sdk.params import require_fit

        require_fit(task.fn, (), parameters)
        future = submit_run(new_task_run(task, (), dict(parameters), wait_for), self)
        self._own.add(future)
        return future

    def map(
        self, task: "Task[Any, Any]", parameters: dict[str, Any], wait_for: "WaitList" = None
    ) -> "PrefectFutureList[Any]":
        """A run of the task for each item of its iterable arguments, as `Task.map` does."""
        from tui_flow.sdk.mapping import map_task

        futures = map_task(task, (), dict(parameters), wait_for, self)
        self._own.update(futures)
        return futures

    def cancel_all(self) -> None:
        """What has not begun never will, and what has begun is told to stop."""
        for future in self._own:
            if future.claim():
                future.skip("its task runner was cancelled", cancelled=True)
        self.interrupt()

    def __enter__(self) -> "TaskRunner":
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Waits for what was submitted to it, unless something went wrong."""
        from tui_flow.sdk.waiting import wait

        if error is None:
            wait(self._own)
        else:
            self.cancel_all()
        self.close()


class ThreadPoolTaskRunner(TaskRunner):
    """Runs submitted tasks in threads, at most `max_workers` at a time. Threads are started when none is idle."""

    def __init__(self, max_workers: int | None = None) -> None:
        if max_workers is not None and (not isinstance(max_workers, int) or max_workers < 1):
            raise ValueError(f"max_workers must be a whole number of at least 1, not {max_workers!r}.")
        super().__init__()
        self.max_workers = max_workers or DEFAULT_WORKERS
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = allocate_lock()
        self._queue: deque[PrefectFuture[Any]] = deque()
        self._idle: list[Any] = []
        """The locks on which idle threads sleep."""
        self._active = 0
        self._waking = 0
        """Threads that were woken or started, and have not taken a run yet."""
        self._closed = False
        self._at_work: dict[int, PrefectFuture[Any]] = {}
        """By thread id."""

    def duplicate(self) -> "ThreadPoolTaskRunner":
        return type(self)(self.max_workers)

    def queue(self, future: "PrefectFuture[Any]") -> None:
        """Runs the future's run as soon as there is a slot."""
        if self._pid != os.getpid():
            self._reset()  # a forked child has none of its parent's threads
        with self._lock:
            self._queue.append(future)
            wake = self._who_is_needed()
        self._wake(wake)

    def _who_is_needed(self) -> Any:
        """With the lock held: an idle thread's lock to release, True for a new thread, or None."""
        if not self._queue or self._waking or self._active >= self.max_workers:
            return None
        self._waking += 1
        return self._idle.pop() if self._idle else True

    def _wake(self, wake: Any) -> None:
        if wake is True:
            threading.Thread(target=self._work, name="tui_flow-task", daemon=True).start()
        elif wake is not None:
            wake.release()

    def _work(self) -> None:
        """A thread's life."""
        try:
            self._work_on()
        except TerminationSignal:  # came too late for the run that it was meant to end
            return

    def _work_on(self) -> None:
        """Takes runs from the queue, sleeps while there is none, ends when the runner is closed."""
        asleep = allocate_lock()
        asleep.acquire()
        _holding.runner = self
        was_woken, held = True, False
        while True:
            with self._lock:
                self._waking -= was_woken
                self._active -= held
                future = self._next()
                if future is None and self._closed:
                    return
                if future is None:
                    self._idle.append(asleep)
                wake = self._who_is_needed() if future is not None else None
            self._wake(wake)
            was_woken, held = future is None, future is not None
            if future is None:
                asleep.acquire()
            else:
                self._run(future)

    def _next(self) -> "PrefectFuture[Any] | None":
        """With the lock held: a run that nobody has begun, with a slot for it."""
        while self._queue and self._active < self.max_workers:
            future = self._queue.popleft()
            if future.claim():
                self._active += 1
                return future
        return None

    def _run(self, future: "PrefectFuture[Any]") -> None:
        """With a slot: runs the claimed run to its end."""
        thread_id = threading.get_ident()
        before = self._at_work.get(thread_id)
        self._at_work[thread_id] = future
        try:
            future.begin()
        finally:
            if before is None:
                self._at_work.pop(thread_id, None)
            else:
                self._at_work[thread_id] = before

    def run_here(self, future: "PrefectFuture[Any]") -> bool:
        """Runs the future's run in the calling thread, if nobody has begun it and there is a slot for it.

        A thread that holds a slot of this runner uses that. False where it did not.
        """
        if future.run.task.isasync and _loop_runs_here():
            return False
        if _holding.runner is self:
            return self._run_on_top(future)
        with self._lock:
            if self._active >= self.max_workers or not future.claim():
                return False
            self._active += 1
        before, _holding.runner = _holding.runner, self
        try:
            self._run(future)
        finally:
            _holding.runner = before
            self._give_slot()
        return True

    def _run_on_top(self, future: "PrefectFuture[Any]") -> bool:
        if _holding.depth >= MAX_HELP_DEPTH or not future.claim():
            return False
        _holding.depth += 1
        try:
            future.begin()
        finally:
            _holding.depth -= 1
        return True

    def _give_slot(self) -> None:
        with self._lock:
            self._active -= 1
            wake = self._who_is_needed()
        self._wake(wake)

    def _take_slot_back(self) -> None:
        """Even if all are taken by now: who holds one waits for nothing, so it is soon free again."""
        with self._lock:
            self._active += 1

    def interrupt(self) -> None:
        """Raises TerminationSignal in the threads that are at work."""
        from tui_flow.sdk.timeouts import interrupt

        for thread_id in list(self._at_work):
            if thread_id != threading.get_ident():
                interrupt(thread_id, TerminationSignal)

    def close(self) -> None:
        """Lets the threads end as soon as they have nothing to do."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            self._waking += len(idle)
        for asleep in idle:
            asleep.release()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.max_workers == other.max_workers

    __hash__ = object.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied to another process as its settings."""
        return type(self), (self.max_workers,)


ConcurrentTaskRunner = ThreadPoolTaskRunner
"""Prefect 2's name."""


def __getattr__(name: str) -> Any:
    if name != "ProcessPoolTaskRunner":  # it needs more than threads do
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tui_flow.sdk.process_pool import ProcessPoolTaskRunner

    return ProcessPoolTaskRunner


def runner_for(flow: "Flow[Any, Any] | None") -> TaskRunner:
    """A fresh runner for a run of this flow."""
    if flow is None or flow.task_runner is None:
        return ThreadPoolTaskRunner()
    runner: TaskRunner = flow.task_runner
    return runner.duplicate()


def _loop_runs_here() -> bool:
    import sys

    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None
