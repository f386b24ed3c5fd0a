"""A process of `ProcessPoolTaskRunner`: calls one body after another, and tells how each ended.

It ends when its pipe does, or when it was told to stop; with it ends whatever still runs in it.
"""

import itertools
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

import cloudpickle  # type: ignore[import-untyped]  # noqa: F401  (here, before the author's modules can hide its own)

from tui_flow.contract import journal
from tui_flow.contract.rundir import ENV_RUN_DIR
from tui_flow.sdk import lending, references, signals, stand_ins, streams
from tui_flow.sdk.context import current_tags
from tui_flow.sdk.effects import Call
from tui_flow.sdk.endings import is_cancellation
from tui_flow.sdk.exceptions import DeadlineExceeded, TerminationSignal
from tui_flow.sdk.flow_run import at_work
from tui_flow.sdk.futures import wait
from tui_flow.sdk.generators import CallGenerator
from tui_flow.sdk.masking import masker
from tui_flow.sdk.recorder import RunRecorder
from tui_flow.sdk.remote import Answer, Job, Setup, dumps, packed_exception
from tui_flow.sdk.runs import RunTree, TaskRun
from tui_flow.sdk.stacks import answer_when_asked
from tui_flow.sdk.states import CANCELLED, State
from tui_flow.sdk.timeouts import Expired


def main(fd: int, lifeline: int) -> NoReturn:
    """The process's life. Never returns: nothing of it is to be taken down in order."""
    for one in (fd, lifeline):
        os.set_inheritable(one, False)
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    signals.raise_on_sigterm()
    if directory := os.environ.get(ENV_RUN_DIR):
        answer_when_asked(Path(directory))
    code = 0
    try:
        _live(_Line(Connection(fd)))
    except (EOFError, OSError, TerminationSignal, KeyboardInterrupt):
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _end_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(1)


class _Line:
    """The pipe to the process of the flow. Several threads may talk, one at a time."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._lock = threading.Lock()
        self._tickets = itertools.count()

    def receive(self) -> Any:
        return pickle.loads(self.connection.recv_bytes())  # noqa: S301  (from the process of the flow)

    def tell(self, kind: str, *content: Any) -> None:
        with self._lock:
            self.connection.send((kind, *content))

    def ask(self, kind: str, *content: Any) -> Any:
        with self._lock:
            ticket = next(self._tickets)
            self.connection.send((kind, ticket, *content))
            while True:  # an answer that an interruption kept somebody from taking comes first
                answered, answer = self.connection.recv()
                if answered == ticket:
                    return answer


class _RemoteRecorder:
    """Tells events to the process of the flow; log lines go straight into the file."""

    def __init__(self, line: _Line, directory: Path | None) -> None:
        self.directory = directory
        self._line = line
        self._log = RunRecorder(directory) if directory else None
        self._pid = os.getpid()

    @property
    def is_foreign(self) -> bool:
        return os.getpid() != self._pid

    def record(self, event: journal.Event) -> None:
        self.write(journal.encode(event))

    def write(self, line: bytes) -> None:
        if not self.is_foreign:
            self._line.tell("event", masker.mask(line))

    def keep(self, line: bytes) -> None:
        """What a task run inside of this one gave is not remembered: the whole is, where its process is the flow's."""

    def has_created(self, number: int) -> bool:  # noqa: ARG002
        """Who is told of the end of a run that it does not know leaves it out."""
        return True

    def log(self, at: float, level: str, task_run: int | None, tries: int, logger: str, message: str) -> None:
        if self._log is not None:
            self._log.log(at, level, task_run, tries, logger, message)

    def close(self) -> None:
        """Nothing to do: the process ends with its pipe."""


class _RemoteTree(RunTree):
    """Gets its numbers and names from the process of the flow, so that each is there once."""

    def __init__(self, line: _Line, recorder: _RemoteRecorder, facts: dict[str, Any]) -> None:
        super().__init__(recorder, **facts)
        self._line = line
        self.next_number = lambda: line.ask("number")

    def add_asset_metadata(self, number: int, key: str, metadata: dict[str, Any]) -> None:
        self._line.tell("asset_metadata", number, key, metadata)

    def next_run_name(self, name: str) -> str:
        return self._line.ask("run_name", name)  # type: ignore[no-any-return]


def _live(line: _Line) -> None:
    setup: Setup = line.receive()
    sys.argv[:] = setup.argv
    if setup.has_alias:
        from tui_flow import prefect_alias

        prefect_alias.install()
        if setup.imports_prefect:
            import prefect  # type: ignore[import-not-found]  # noqa: F401
    if setup.cookie:
        streams.tell_who(setup.cookie)
        sys.stdout, sys.stderr = streams.open_standard(1, "w"), streams.open_standard(2, "w")
    known: dict[Any, Any] = {}
    is_first = True
    while True:
        job: Job = line.receive()
        if setup.cookie:
            lending.begin(Path(os.environ[ENV_RUN_DIR]))  # the author's modules come with the jobs
        answer = _initialized(setup.initializer) if is_first else None
        is_first = False
        answer = answer or _answer(line, job, known)
        line.tell("answer", answer._replace(secrets=masker.pieces))
        if not answer.is_reusable or signals.terminated:
            return


def _initialized(packed: bytes) -> Answer | None:
    """Calls the author's initializer. An answer where that goes wrong."""
    try:
        if packed:
            initializer, arguments = pickle.loads(packed)  # noqa: S301
            initializer(*arguments)
    except BaseException as error:
        return Answer("raised", *packed_exception(error, ""), is_reusable=False)
    return None


def _answer(line: _Line, job: Job, known: dict[Any, Any]) -> Answer:
    masker.hide(job.secrets)
    try:
        for key, packed in ((job.task_key, job.task), (job.around_key, job.around)):
            if packed is not None:
                known[key] = pickle.loads(packed)  # noqa: S301
        around = known[job.around_key]
        if "recorder" not in around:
            around["recorder"] = _RemoteRecorder(line, around["directory"])
        tree = _RemoteTree(line, around["recorder"], around["tree"])
        owner = stand_ins.flow_run(tree, around["flow"], around["facts"], around["parameters"])
        arguments = pickle.loads(job.arguments)  # noqa: S301
        run = stand_ins.task_run(owner, known[job.task_key], job.facts, arguments)
    except BaseException as error:  # such as a module that cannot be imported here
        return Answer("raised", *packed_exception(error, ""), is_reusable=False)
    token = current_tags.set(job.tags)
    try:
        with at_work(run, console=job.console):  # type: ignore[arg-type]
            line.tell("begun")
            return _called(run, job.seconds)
    finally:
        current_tags.reset(token)
        run.flow_run.close_runner()


def _called(run: TaskRun, seconds: float | None) -> Answer:
    """Calls the body, and sees what it submitted to its end."""
    call = (CallGenerator if run.task.isgenerator else Call)(run, run.task.fn, run.args, run.kwargs, seconds)
    try:
        value = _run_loop(call.perform_async) if run.task.isasync else call.perform()
        wait(run.flow_run.submitted)
        if references.seen and not references.is_quoted(value):
            value = references.replace(value, lambda one: one if isinstance(one, State) else one.state)
        return Answer("done", dumps(value, f"what task run {run.name!r} returned"))
    except BaseException as error:
        return _failed(run, TerminationSignal() if signals.terminated else error)


def _run_loop(call: Callable[[], Any]) -> Any:
    import asyncio

    return asyncio.run(call())


def _failed(run: TaskRun, error: BaseException) -> Answer:
    interrupted = isinstance(error, (Expired, DeadlineExceeded)) or is_cancellation(error)
    submitted = list(run.flow_run.submitted)
    for future in submitted:
        if future.claim():
            future.skip("not called: the task had ended", cancelled=interrupted)
    if not interrupted:
        wait(submitted)
    _end(run.tree.unfinished.values())
    if isinstance(error, Expired):
        return Answer("expired", is_reusable=not submitted)
    packed, failure = packed_exception(error, run.tree.project)
    return Answer("raised", packed, failure, is_reusable=not interrupted)


def _end(unfinished: Iterable[Any]) -> None:
    for straggler in list(unfinished):
        straggler.finish(State(CANCELLED, message="still at work when its task ended"))
