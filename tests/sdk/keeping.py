"""Keepers for tests: real processes, with small workers made by hand or the real one."""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.waiting import wait_until
from tui_flow.contract import journal, log, rundir
from tui_flow.sdk import keeper
from tui_flow.sdk.process_tree import descendants

Make = Callable[..., "Kept"]
Work = Callable[[rundir.RunSpec, Path, Callable[[], None]], int]


class Kept:
    """One run, and the keepers that guard it."""

    def __init__(self, directory: Path, spec: rundir.RunSpec) -> None:
        self.directory, self.spec = directory, spec
        self.pids: list[int] = []

    def start(self, work: Work | None = None, before: Callable[[], None] | None = None) -> int:
        """Forks a keeper, which forks a worker that does this (None: the real one); gives the keeper's pid."""
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
                if before:
                    before()
                code = keeper.guard(self.directory, work)
            finally:
                sys.stderr.flush()
                os._exit(code)
        self.pids.append(pid)
        return pid

    def wait(self, pid: int | None = None, timeout: float = 15.0) -> int:
        """The exit code of a keeper (by default the last), once it is gone."""
        pid = pid or self.pids[-1]
        gone = wait_until(
            lambda: os.waitpid(pid, os.WNOHANG)[1:] if _ended(pid) else None, timeout, "the keeper's end"
        )
        self.pids.remove(pid)
        return os.waitstatus_to_exitcode(gone[0])

    def run(self, work: Work | None = None) -> journal.RunEnded:
        """Starts a keeper, waits for its end, and gives its last word."""
        assert self.wait(self.start(work)) == 0
        return self.ended

    @property
    def events(self) -> list[Any]:
        path = self.directory / rundir.JOURNAL
        return [journal.decode(line) for line in path.read_bytes().splitlines()] if path.exists() else []

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    @property
    def ended(self) -> journal.RunEnded:
        found = [event for event in self.events if isinstance(event, journal.RunEnded)]
        assert len(found) == 1, self.events
        return found[0]

    @property
    def started(self) -> journal.RunStarted:
        return wait_until(
            lambda: [e for e in self.events if isinstance(e, journal.RunStarted)], what="RunStarted"
        )[0]

    @property
    def log(self) -> bytes:
        path = self.directory / rundir.LOG
        return path.read_bytes() if path.exists() else b""

    def lines(self, logger: str) -> list[str]:
        """The messages of that logger."""
        records = [log.decode(line) for line in self.log.splitlines(keepends=True) if line[:1] != b"\t"]
        return [record.message for record in records if record and record.logger == logger]

    def wait_for(self, text: str) -> None:
        """Until the log says so."""
        wait_until(lambda: text.encode() in self.log, what=f"{text!r} in the log")

    def cancel(self, kill: bool = False, by: str = "uid 7") -> bool:
        rundir.write_cancel(self.directory, rundir.CancelRequest(time.time(), by, kill))
        return rundir.signal_holder(self.directory / rundir.LOCK, signal.SIGTERM)

    @property
    def is_guarded(self) -> bool:
        return rundir.lock_holder(self.directory / rundir.LOCK) is not None

    def clean_up(self) -> None:
        for pid in self.pids:
            below = descendants(pid, self.spec.cookie)
            for victim in (pid, *(process.pid for process in below)):
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            os.waitpid(pid, 0)


def _ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def make_kept(project: Path, **fields: Any) -> Kept:
    """A run in that project that waits for its keeper; `fields` are those of its spec that matter."""
    (project / "flows").mkdir(exist_ok=True)
    id, directory = rundir.make_run_dir(rundir.open_state_dir(project))
    given = {
        "run_id": id, "flow": "sample", "path": str(project / "flows" / "sample.py"), "function": "sample",
        "parameters": {}, "run_name": None, "tags": [], "trigger": "command", "created_at": time.time(),
        "project": str(project), "cookie": os.urandom(16).hex(), "timeout_seconds": None, "grace_seconds": 5.0,
    }  # fmt: skip
    spec = rundir.RunSpec(**{**given, **fields})
    rundir.write_spec(directory, spec)
    return Kept(directory, spec)


def keeping(project: Path) -> Iterator[Callable[..., Kept]]:
    """The body of a fixture that makes runs, and ends what a test leaves."""
    made: list[Kept] = []

    def make(**fields: Any) -> Kept:
        made.append(make_kept(project, **fields))
        return made[-1]

    yield make
    for kept in made:
        kept.clean_up()


def report(
    directory: Path, state: str = "completed", reason: str = "returned", at: float | None = None
) -> None:
    """What a worker says at the end of its flow."""
    append(directory, journal.FlowFinished(at or time.time(), state, state.title(), reason, "", None))


def append(directory: Path, event: journal.Event) -> None:
    with (directory / rundir.JOURNAL).open("ab", buffering=0) as file:
        file.write(journal.encode(event))


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] != b"Z"
    except OSError:
        return False


def reported(spec: rundir.RunSpec, directory: Path, wait: Callable[[], None]) -> int:
    wait()
    report(directory)
    return 0


def endless(spec: rundir.RunSpec, directory: Path, wait: Callable[[], None]) -> int:
    wait()
    print("at work", flush=True)
    time.sleep(60)
    return 0


def ignoring_term(spec: rundir.RunSpec, directory: Path, wait: Callable[[], None]) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return endless(spec, directory, wait)


def limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def lift_limit(pid: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
