"""`ProcessPoolTaskRunner`: bodies of submitted tasks in processes of their own, everything else here.

A process is started when none is idle. It gets the task, its arguments and where it stands by cloudpickle, logs into
the log of the run, and tells the events of task runs that it makes to this process, which writes the journal. When it
dies, this process ends what it left unfinished.
"""

import os
import pickle
import subprocess
import sys
import time
from _thread import allocate_lock
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Pipe
from typing import TYPE_CHECKING, Any

from tui_flow.contract import journal
from tui_flow.sdk import signals
from tui_flow.sdk.exceptions import ProcessDied, TerminationSignal
from tui_flow.sdk.last_word import signal_name
from tui_flow.sdk.masking import masker
from tui_flow.sdk.remote import Answer, Parcels, setup_of, unpacked_exception
from tui_flow.sdk.states import CANCELLED, CRASHED, JOURNAL_TASK_STATES, State
from tui_flow.sdk.task_runners import ThreadPoolTaskRunner
from tui_flow.sdk.telling import end_line
from tui_flow.sdk.timeouts import Expired

if TYPE_CHECKING:
    from tui_flow.sdk.effects import Call
    from tui_flow.sdk.futures import PrefectFuture
    from tui_flow.sdk.runs import FlowRun

MARGIN_SECONDS = 2.0
"""A process ends a body that runs too long; it is killed this much later, if it could not."""
CLOSE_SECONDS = 2.0
"""An idle process that is not gone by then is killed."""
_PROGRAM = """\
import sys
path = sys.argv.pop().split("\\n")
sys.path += [entry for entry in path if entry not in sys.path]
from tui_flow.sdk.task_process import main
sys.path[:] = path
main(*map(int, sys.argv[1:]))
"""
"""The flow file's folder comes first on the path only when all that is ours is there: it may have a `random.py`."""


class ProcessPoolTaskRunner(ThreadPoolTaskRunner):
    """Runs submitted tasks in processes, at most `max_workers` (default: the cores) at a time.

    What a task gets and returns must be picklable (cloudpickle: lambdas and classes of the flow file are). A task that
    crashes its process is *crashed*, and the rest goes on.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        subprocess_message_processor_factories: Any = None,  # noqa: ARG002  (Prefect's, for its own events)
        initializer: Callable[..., None] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        """`initializer(*initargs)` is called once in each process, before its first task."""
        if initializer is not None and not callable(initializer):
            raise TypeError(f"initializer must be a function, not {initializer!r}.")
        self.initializer, self.initargs = initializer, initargs
        super().__init__(max_workers or _cores())

    def _reset(self) -> None:
        super()._reset()
        self._parcels = Parcels()
        self._processes_lock = allocate_lock()
        self._idle_processes: list[_TaskProcess] = []
        self._busy: set[_TaskProcess] = set()
        self._is_ending = False

    def duplicate(self) -> "ProcessPoolTaskRunner":
        return type(self)(self.max_workers, None, self.initializer, self.initargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.max_workers, None, self.initializer, self.initargs)

    def run_here(self, future: "PrefectFuture[Any]") -> bool:  # noqa: ARG002
        """Never: the calling thread has nothing to add."""
        return False

    def call(self, call: "Call") -> Any:
        """Calls the body in an idle or a new process. Raises what it raises, Expired, and ProcessDied where the
        process ended under it."""
        process = self._take()
        inner = _InnerRuns(call.run.flow_run)
        answer = None
        try:
            answer = process.call(self._parcels.job(call, process.known), call.seconds, inner)
        except ProcessDied:
            if self._is_ending or signals.terminated:
                raise TerminationSignal from None
            raise
        finally:
            inner.end(CANCELLED if self._is_ending else CRASHED)
            self._give_back(process, process.is_fresh or (answer is not None and answer.is_reusable))
        if answer.kind == "expired":
            raise Expired
        if answer.kind == "done":
            return pickle.loads(answer.value)  # noqa: S301  (a process of this run made it)
        assert answer.failure is not None
        raise unpacked_exception(answer.value, answer.failure)

    def _take(self) -> "_TaskProcess":
        with self._processes_lock:
            process = self._idle_processes.pop() if self._idle_processes else None
            if process is not None:
                self._busy.add(process)
                return process
        process = _TaskProcess(setup_of(self.initializer, self.initargs))
        with self._processes_lock:
            self._busy.add(process)
        return process

    def _give_back(self, process: "_TaskProcess", is_reusable: bool) -> None:
        with self._processes_lock:
            self._busy.discard(process)
            if is_reusable and not self._is_ending:
                self._idle_processes.append(process)
                return
        process.end(at_once=not is_reusable)

    def interrupt(self) -> None:
        """SIGTERM to every process that is at work."""
        self._is_ending = True
        with self._processes_lock:
            for process in self._busy:
                process.terminate()

    def close(self) -> None:
        """Lets idle processes end, and kills those that are still at work, for which nobody waits any more."""
        super().close()
        with self._processes_lock:
            self._is_ending = True
            idle, self._idle_processes = self._idle_processes, []
            for process in self._busy:
                process.kill()
        for process in idle:
            process.let_go()
        for process in idle:
            process.end()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _TaskProcess:
    """One process, as its pool sees it. Used by one thread at a time; signals may come from others."""

    def __init__(self, setup: bytes) -> None:
        ours, theirs = Pipe()
        lifeline, self._lifeline_end = os.pipe()
        fds = (theirs.fileno(), lifeline)
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        command = [sys.executable, *flags, "-P", "-c", _PROGRAM, *map(str, fds), "\n".join(sys.path)]
        try:
            self._process = subprocess.Popen(command, pass_fds=fds, stdin=subprocess.DEVNULL)
        finally:
            theirs.close()
            os.close(lifeline)
        self._connection = ours
        self._is_open = True
        self.known: set[Any] = set()
        """Keys of what it was sent."""
        self.is_fresh = True
        """Whether it has got no job since it was idle."""
        with suppress(BrokenPipeError):
            ours.send_bytes(setup)

    def call(self, job: bytes, seconds: float | None, inner: "_InnerRuns") -> Answer:
        """Has the job done, and hears meanwhile what it tells. Raises Expired and ProcessDied."""
        self.is_fresh = False
        due = None
        try:
            self._connection.send_bytes(job)
            while True:
                if due is not None and not self._connection.poll(max(0.0, due - time.monotonic())):
                    raise Expired
                kind, *content = pickle.loads(self._connection.recv_bytes())  # noqa: S301
                if kind == "answer":
                    answer: Answer = content[0]
                    masker.hide(answer.secrets)
                    self.is_fresh = answer.is_reusable
                    return answer
                if kind == "begun":
                    due = None if seconds is None else time.monotonic() + seconds + MARGIN_SECONDS
                elif kind == "event":
                    inner.hear(content[0])
                elif kind == "asset_metadata":
                    inner.add_asset_metadata(*content)
                else:
                    self._connection.send((content[0], inner.reply(kind, *content[1:])))
        except (EOFError, OSError, pickle.UnpicklingError):
            raise ProcessDied(f"the process of the task run {self._how_it_ended()}") from None

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            return "fell silent"
        return f"was ended by {signal_name(-code)}" if code < 0 else f"exited with code {code}"

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def let_go(self) -> None:
        """Without its pipes it ends by itself."""
        if self._is_open:
            self._is_open = False
            self._connection.close()
            os.close(self._lifeline_end)

    def end(self, at_once: bool = False) -> None:
        """It is gone when this returns."""
        self.let_go()
        if at_once:
            self._process.kill()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _InnerRuns:
    """The task runs that one job makes: they get their numbers and names here, and are ended here if it cannot."""

    def __init__(self, flow_run: "FlowRun") -> None:
        self._flow_run, self._tree = flow_run, flow_run.tree
        self.add_asset_metadata = self._tree.add_asset_metadata
        self._unfinished: dict[int, _InnerRun] = {}

    def reply(self, kind: str, *content: Any) -> Any:
        return self._tree.next_number() if kind == "number" else self._tree.next_run_name(*content)

    def hear(self, line: bytes) -> None:
        """Hands an event on to the journal, unless its run's end was told before."""
        event = journal.decode(line)
        if isinstance(event, journal.TaskCreated):
            self._unfinished[event.id] = run = _InnerRun(event.id, self._flow_run)
            self._tree.unfinished[event.id] = run  # type: ignore[assignment]
        elif isinstance(event, journal.TaskFinished):
            self._unfinished.pop(event.id, None)
            if self._tree.unfinished.pop(event.id, None) is None:
                return
        self._tree.recorder.write(line)

    def end(self, type: Any) -> None:
        """Ends what was not told to have ended, innermost first."""
        for run in reversed(list(self._unfinished.values())):
            run.finish(State(type, message="its process was gone"))


class _InnerRun:
    """A task run that is at work in another process, as far as its end may have to be told from here."""

    def __init__(self, number: int, flow_run: "FlowRun") -> None:
        self.number, self.flow_run, self.tree = number, flow_run, flow_run.tree

    def finish(self, state: State[Any]) -> None:
        line = end_line(self, state, JOURNAL_TASK_STATES[state.type])  # type: ignore[arg-type]
        if self.tree.unfinished.pop(self.number, None) is not None:
            self.tree.recorder.write(line)
