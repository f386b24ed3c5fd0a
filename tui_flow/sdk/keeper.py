"""The keeper: guards one run from before its first line until nothing of it is left, and has the last word.

    python -m tui_flow.sdk.keeper <run directory>

It holds the run's lock for as long as it lives, forks the worker without an exec, writes what the worker's processes
print into the log, ends the whole tree when the run is cancelled, times out or is over, and writes `RunEnded`. It
never runs the author's code, has one thread, and sleeps in `poll` while there is nothing to do.
"""

import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract import log as log_format
from tui_flow.contract import rundir
from tui_flow.contract.attempts import anew
from tui_flow.contract.errors import EXIT_STATE, EXIT_USAGE
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.journal import (
    FlowFinished,
    FlowRetrying,
    FlowStarted,
    RunCancelling,
    RunEnded,
    RunStarted,
)
from tui_flow.contract.states import EndReason, FlowRunState
from tui_flow.sdk.appending import Journal, Log
from tui_flow.sdk.capture import Capture
from tui_flow.sdk.forking import Forked, Signals, fork_worker
from tui_flow.sdk.framing import Who
from tui_flow.sdk.ladder import Ladder
from tui_flow.sdk.last_word import Request, Usage, last_word
from tui_flow.sdk.masking import Ear
from tui_flow.sdk.overtime import MARGIN_SECONDS, Overtime
from tui_flow.sdk.process_tree import adopt_orphans, descendants

LAST_WORD_SECONDS = 60.0
"""How long the last word is tried on a full disk, before the lock is let go and the rescuer has the case."""
LOG_SECONDS = 5.0
"""Between two looks at the size of the log while nothing is printed: the worker writes to it too."""
MIB = 1024 * 1024
DAEMON_GRACE_SECONDS = 2.0
"""How long a pipe may stay open in a process that could not be ended."""

Work = Callable[[rundir.RunSpec, Path, Callable[[], None]], int]
"""What the forked worker does, with the spec, the run directory, and a function that waits until the run may begin."""


class Ahead(NamedTuple):
    """A keeper that was made ready, with its worker, before there was a run for them."""

    signals: Signals
    worker: Forked
    """Knows by now which run it is for, and waits at the gate."""


def guard(
    directory: Path,
    work: Work | None = None,
    ahead: Ahead | None = None,
    spec: rundir.RunSpec | None = None,
) -> int:
    """Guards the run of that directory to its end, in this process; gives the exit code. The worker does `work`, or
    was forked ahead. `spec` is that of the directory, from who has read it already.

    Harmless where the run is guarded already, or was started before: then it does nothing and gives 0.
    """
    umask = os.umask(0o077)
    spec = spec or rundir.read_spec(directory)
    if spec is None:
        print(f"no run to keep: {directory / rundir.SPEC} is missing or not whole", file=sys.stderr)  # noqa: T201
        return EXIT_STATE
    lock = rundir.take_lock(directory / rundir.LOCK)
    if lock is None:
        return 0
    failpoint("keeper-locked")
    try:
        journal = Journal(directory / rundir.JOURNAL)
        if spec.attempt in journal.attempts():
            return 0
        return 0 if Keeper(directory, spec, journal, umask, lock, ahead).keep(work or _work) else 1
    finally:
        os.close(lock)


def _work(spec: rundir.RunSpec, directory: Path, wait: Callable[[], None]) -> int:
    from tui_flow.sdk.worker import work

    return work(spec, directory, wait)


class Keeper:
    """One run's keeper: what it knows of the worker, and a step for everything that can happen."""

    def __init__(
        self,
        directory: Path,
        spec: rundir.RunSpec,
        journal: Journal,
        umask: int,
        lock: int,
        ahead: Ahead | None = None,
    ) -> None:
        self._directory, self._spec, self._journal, self._umask = directory, spec, journal, umask
        self._lock, self._ahead = lock, ahead
        self._log = Log(directory / rundir.LOG, spec.log_mb * MIB)
        self._ladder = Ladder(spec.cookie)
        self._captures: dict[int, Capture] = {}
        self._poll = select.poll()
        self._ear: Ear | None = None
        self._adopts = adopt_orphans()
        self._gate: int | None = None
        self._worker = 0
        self._status: int | None = None
        self._usage = Usage(None, None)
        self._has_children = True
        self._is_cancelling = False
        self._request: Request | None = None
        self._note = ""
        self._overtime = Overtime(journal, spec.timeout_seconds)

    def keep(self, work: Work) -> bool:
        """Starts the worker, sees the run to its end, and says so. False where the last word could not be written.

        Each turn hears who asked for the end, lets the worker begin once its start is on disk, looks at the clock,
        ends who is due, takes what was printed until something happens, and reaps who is gone.
        """
        self._become_keeper()
        if not self._fork(work):
            return self._settle_journal()
        while self._is_alive():
            self._hear()
            self._let_begin()
            self._check_overtime()
            self._climb()
            self._wait()
            self._reap()
        self._take_the_rest()
        return self._say_last_word()

    def _become_keeper(self) -> None:
        if os.getpid() not in (os.getsid(0), os.getpgrp()):
            os.setsid()
        self._signals = self._ahead.signals if self._ahead else Signals()
        self._poll.register(self._signals.fd, select.POLLIN)
        self._listen_for_secrets()
        self._signals.term_came |= (self._directory / rundir.CANCEL).exists()

    def _listen_for_secrets(self) -> None:
        try:
            self._ear = Ear(self._directory / rundir.SECRETS)
        except OSError as error:
            self._log.say("WARNING", f"secrets that the run prints cannot be hidden: {error}")
            return
        self._poll.register(self._ear.fd, select.POLLIN)

    def _hear_secrets(self) -> None:
        if self._ear is not None:
            self._ear.hear()

    def _fork(self, work: Work) -> bool:
        """Starts the worker, which waits at the gate. False, and a last word, where there is no process to be had."""
        try:
            forked = self._ahead.worker if self._ahead else self._fork_worker(work)
        except OSError as error:
            message = f"its worker cannot be started: {error.strerror}"
            self._journal.append(
                RunEnded(
                    time.time(),
                    FlowRunState.FAILED,
                    EndReason.REFUSED,
                    message,
                    None,
                    None,
                    self._spec.attempt,
                )
            )
            return False
        self._worker, self._gate = forked.pid, forked.gate
        failpoint("worker-forked")
        self._capture(forked.out, log_format.STDOUT, "INFO")
        self._capture(forked.err, log_format.STDERR, "WARNING")
        python = f"{sys.version.split()[0]} {sys.executable}"
        host = os.uname().nodename
        self._journal.append(
            RunStarted(time.time(), self._spec.attempt, os.getpid(), forked.pid, host, python)
        )
        return True

    def _fork_worker(self, work: Work) -> Forked:
        return fork_worker(lambda wait: work(self._spec, self._directory, wait), self._forget)

    def _forget(self) -> None:
        """In the worker: nothing of the keeper stays."""
        self._signals.forget()
        if self._ear is not None:
            self._ear.close()
        self._journal.close()
        self._log.close()
        os.close(self._lock)
        os.umask(self._umask)

    def _capture(self, fd: int, logger: str, level: str, who: Who = None) -> None:
        self._captures[fd] = Capture(
            fd, logger, level, self._log, self._hear_secrets, self._spec.cookie, self._open_lent, who
        )
        self._poll.register(fd, select.POLLIN)

    def _open_lent(self, who: Who, name: str, logger: str, level: str) -> None:
        """A task has lent a pipe to what it started: reads that, as the task's, until nobody writes any more."""
        path = self._directory / name
        if "/" in name:
            return
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
            path.unlink()
        except OSError as error:
            self._log.say("WARNING", f"what a child process prints cannot be read: {error}")
            return
        self._capture(fd, logger, level, who)

    def _is_alive(self) -> bool:
        if self._ladder.gave_up:
            return False
        if self._has_children:
            return True
        return not self._adopts and bool(descendants(os.getpid(), self._spec.cookie))

    def _wait(self) -> None:
        due = min(self._ladder.next_at, self._overtime.at, time.monotonic() + LOG_SECONDS)
        if self._journal.owed:
            due = min(due, self._journal.retry_at)
        if not self._has_children:
            due = min(due, time.monotonic() + 0.05)
        self._take_output(max(0.0, due - time.monotonic()))

    def _take_output(self, seconds: float) -> None:
        """Waits for output or a signal, and takes it."""
        for fd, _ in self._poll.poll(None if seconds == math.inf else math.ceil(seconds * 1000)):
            if fd == self._signals.fd:
                self._signals.clear()
            elif self._ear is not None and fd == self._ear.fd:
                self._ear.hear()
            elif not self._captures[fd].drain():
                self._poll.unregister(fd)
                self._captures.pop(fd).finish()
        self._log.keep_bounded()

    def _let_begin(self) -> None:
        """Opens the gate once `RunStarted` is on disk: no line of the author's runs before."""
        if not self._journal.settle() or self._gate is None or self._signals.term_came or self._request:
            return
        failpoint("run-started")
        with suppress(BrokenPipeError):
            os.write(self._gate, b"\n")
        os.close(self._gate)
        self._gate = None
        self._overtime.begin()

    def _reap(self) -> None:
        try:
            while self._has_children:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self._worker:
                    self._status = status
                    self._usage = Usage.of(usage)
                    self._ladder.end_stragglers(self._spec.grace_seconds)
        except ChildProcessError:
            self._has_children = False

    def _hear(self) -> None:
        """Somebody asked for the end: by `cancel.json` and SIGTERM, or by SIGTERM alone."""
        if not self._signals.term_came:
            return
        self._signals.term_came = False
        asked = rundir.read_cancel(self._directory)
        if asked is not None and asked.kill:
            self._ladder.kill()
        if self._is_cancelling:
            return
        self._is_cancelling = True
        by = asked.by if asked else "signal SIGTERM"
        how = "KILL" if asked and asked.kill else f"TERM, then KILL after {self._spec.grace_seconds:g} s"
        self._log.say("WARNING", f"cancelled by {by}: {how}")
        self._journal.append(RunCancelling(time.time(), by))
        self._end(EndReason.CANCELLED, f"cancelled by {by}")

    def _end(self, reason: EndReason, message: str) -> None:
        self._overtime.stop()
        if self._status is not None:  # it ended by itself before, and only stragglers are left
            self._ladder.kill()
            return
        self._request = Request(time.time(), reason, message)
        self._ladder.end_worker(self._worker, self._spec.grace_seconds)

    def _check_overtime(self) -> None:
        """The worker ends its own tries in time; this is for one that cannot, such as code that hangs in C."""
        if not self._overtime.is_over():
            return
        limit = f"its timeout of {self._overtime.limit:g} s"
        self._log.say("ERROR", f"still running {MARGIN_SECONDS:g} s past {limit}: TERM")
        self._end(EndReason.TIMEOUT, f"ran longer than {limit}")

    def _climb(self) -> None:
        self._ladder.climb()
        if self._ladder.killed and self._status is None and not self._note:
            self._note = "killed, with all its processes"
            self._log.say("WARNING", "KILL to all processes of the run")

    def _take_the_rest(self) -> None:
        """What is still in the pipes, even where a process that could not be ended holds them open."""
        deadline = time.monotonic() + DAEMON_GRACE_SECONDS
        while self._captures and (left := deadline - time.monotonic()) > 0:
            self._take_output(left)
        for capture in self._captures.values():
            capture.finish()
        if self._ear is not None:
            self._ear.remove()
        if self._ladder.stragglers:
            names = ", ".join(f"{command} ({pid})" for pid, command in self._ladder.stragglers.items())
            self._log.say("WARNING", f"ended what the run left behind: {names}")
        self._log.finish()

    def _say_last_word(self) -> bool:
        report = self._journal.last(FlowFinished)
        if self._ladder.gave_up:
            left = ", ".join(str(process.pid) for process in descendants(os.getpid(), self._spec.cookie))
            self._note = f"could not be killed: process {left}"
        status = self._status if self._status is not None else signal.SIGKILL
        report = report if isinstance(report, FlowFinished) else None
        word = last_word(time.time(), status, report, self._request, self._note)
        word = word._replace(attempt=self._spec.attempt, **self._usage._asdict())
        word = anew(word, self._spec, *self._tries())
        failpoint("before-last-word")
        self._journal.append(word)
        failpoint("last-word-written")
        return self._settle_journal()

    def _tries(self) -> tuple[int, float | None]:
        """The try that the worker was at, and when the next one was due where it waited for that."""
        last = self._journal.last(FlowStarted, FlowRetrying)
        if isinstance(last, FlowRetrying):
            return last.tries, last.due_at
        return (last.tries if isinstance(last, FlowStarted) else 0), None

    def _settle_journal(self) -> bool:
        """Waits for room on a full disk, but not for ever: then the lock is let go."""
        deadline = time.monotonic() + LAST_WORD_SECONDS
        while not self._journal.settle() and time.monotonic() < deadline:
            time.sleep(max(0.01, self._journal.retry_at - time.monotonic()))
        return not self._journal.owed


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m tui_flow.sdk.keeper <run directory>", file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    return guard(Path(arguments[0]).absolute())


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # taking the interpreter apart would cost every run some milliseconds more
