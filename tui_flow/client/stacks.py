"""Asks the processes of a run where their threads stand, by signal: no engine is needed, and a run that hangs answers too.

A signal kills a process that did not expect it. So one is sent only to a process that is below the keeper that holds the
run's lock, has the run's `stacks` file open, and handles the signal, all as the kernel tells it.
"""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract import processes, stacks
from tui_flow.contract.errors import NotRunning
from tui_flow.contract.processes import Process
from tui_flow.contract.rundir import LOCK, STACKS, lock_holder, run_dir
from tui_flow.contract.stacks import ASK, DUMP, Frame, Standing
from tui_flow.contract.states import TERMINAL, FlowRunState
from tui_flow.store.records import FlowRun

ANSWER_SECONDS = 1.0
"""A main thread that has not answered by then is in C code, or does not run at all."""
_LOOK_SECONDS = 0.01
_AGAIN_SECONDS = 0.1
_WATCH_SECONDS = 0.25
_BUSY_SHARE = 0.02
"""Of that time: a thread that runs more than this may be running when it is looked at."""


_THREAD = re.compile(r"(?:Current thread|Thread) 0x([0-9a-f]+)(?: \[(.*)\])? \(most recent call first\):")
_FRAME = re.compile(r'  File "(.*)", line (\d+|\?\?\?) in (.*)')
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


class ProcessStacks(NamedTuple):
    """One process of a run."""

    pid: int
    parent: int
    command: str
    how: str
    """"asked": it told by itself. "dumped": its main thread could not, and all stacks were written by force. "none":
    `note` says why there are none."""
    standings: list[Standing]
    note: str = ""


def ask_for_stacks(state_dir: Path, run: FlowRun, seconds: float = ANSWER_SECONDS) -> list[ProcessStacks]:
    """Where every thread of every process of the run stands, parents first; takes up to `seconds` and a half.

    Raises NotRunning, which says what the run does instead.
    """
    directory = run_dir(state_dir, run.id)
    keeper = lock_holder(directory / LOCK)
    if keeper is None:
        raise _not_running(run)
    if not processes.can_list(keeper):
        raise NotRunning(
            "stacks can be read on Linux only", next=f"tui-flow logs {run.id} shows what it says"
        )
    found = [Process(keeper, processes.parent_of(keeper)), *processes.below(keeper)]
    try:
        with _file_for_answers(directory / STACKS) as fd:
            return [one for one in _Asker(fd, found).ask(seconds) if one.pid != keeper or one.standings]
    except FileNotFoundError:
        raise NotRunning(
            f"run {run.id} has no process yet that could tell", next="ask again in a moment"
        ) from None


def _not_running(run: FlowRun) -> NotRunning:
    what = f"run {run.id} of {run.flow}"
    if run.state in TERMINAL:
        return NotRunning(f"{what} is over: {run.state}", next=f"tui-flow show {run.id} tells how it ended")
    if run.state is FlowRunState.PENDING:
        return NotRunning(
            f"{what} has not started yet", next=f"tui-flow show {run.id} tells what it waits for"
        )
    return NotRunning(
        f"{what} is {run.state}, and no process is there to be asked", next=f"tui-flow show {run.id}"
    )


@contextmanager
def _file_for_answers(path: Path) -> Iterator[int]:
    """Empty, and for one who asks at a time."""
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.ftruncate(fd, 0)
        yield fd
    finally:
        os.close(fd)


class _Asker:
    def __init__(self, fd: int, found: list[Process]) -> None:
        self._fd = fd
        self._found = [process for process in found if _state(process.pid) not in ("Z", "")]
        self._answers: dict[int, list[Standing]] = {}
        self._read_to = 0

    def ask(self, seconds: float) -> Iterator[ProcessStacks]:
        """Asks all at once, then has those write who did not answer."""
        asked = {process.pid for process in self._found if self._send(process, ASK)}
        deadline, again_at = time.monotonic() + seconds, time.monotonic() + _AGAIN_SECONDS
        while not asked <= self._answers.keys() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            self._hear()
            if (
                time.monotonic() >= again_at
            ):  # one that comes just before a system call is heard only after it
                again_at += _AGAIN_SECONDS
                for process in self._found:
                    if process.pid in asked - self._answers.keys():
                        self._send(process, ASK)
        for process in self._found:
            command = process.command
            if process.pid in self._answers:
                yield ProcessStacks(*process, command, "asked", self._answers[process.pid])
            elif process.pid in asked:
                yield self._have_written(process, command)
            else:
                yield ProcessStacks(*process, command, "none", [], self._why_not_asked(process))

    def _send(self, process: Process, signal: int) -> bool:
        """Only to one that was made ready for it."""
        if _state(process.pid) in ("T", "t") or not _is_ready(process.pid, self._fd):
            return False
        with suppress(PermissionError):
            return processes.send(process, signal)
        return False

    def _hear(self) -> None:
        data = os.pread(self._fd, os.fstat(self._fd).st_size - self._read_to, self._read_to)
        whole = data[: data.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            if line.startswith(b"{") and (answer := stacks.decode(line)):
                self._answers[answer[0]] = answer[1]

    def _have_written(self, process: Process, command: str) -> ProcessStacks:
        """Its main thread runs no Python. The others must stand still, since their frames are read as they are."""
        running = _running_threads(process.pid)
        if running:
            note = "its main thread is in C code, and other threads are at work: their stacks cannot be read safely"
            return ProcessStacks(*process, command, "none", [], note)
        start = self._size()
        if not self._send(process, DUMP):
            return ProcessStacks(*process, command, "none", [], "it is gone")
        standings = decode_dump(self._written_since(start))
        note = "its main thread is in C code, or waits in the kernel"
        return ProcessStacks(
            *process, command, "dumped" if standings else "none", _with_main(standings), note
        )

    def _written_since(self, start: int) -> str:
        """All of it: it is written at one go, so it is whole when it stops growing."""
        size, deadline = start, time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            time.sleep(5 * _LOOK_SECONDS)
            before, size = size, self._size()
            if size == before > start:
                break
        return os.pread(self._fd, size - start, start).decode("utf-8", "replace")

    def _size(self) -> int:
        return os.fstat(self._fd).st_size

    def _why_not_asked(self, process: Process) -> str:
        if _state(process.pid) in ("T", "t"):
            return f"it is stopped; kill -CONT {process.pid} lets it go on"
        return ""


def decode_dump(text: str) -> list[Standing]:
    """What `faulthandler` wrote. It names no threads before Python 3.14, and the main one comes last."""
    found: list[Standing] = []
    for line in text.splitlines():
        if thread := _THREAD.fullmatch(line):
            found.append(Standing(_unescaped(thread[2] or "").strip(), []))
        elif found and (frame := _FRAME.fullmatch(line)):
            number = int(frame[2]) if frame[2].isdigit() else 0
            found[-1].frames.insert(0, Frame(_unescaped(frame[1]), number, _unescaped(frame[3])))
    return found


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1] or match[2] or match[3], 16)), text)


def _with_main(standings: list[Standing]) -> list[Standing]:
    """The main thread first, by its name, as in an answer: `faulthandler` writes the youngest thread first."""
    return [
        one._replace(name=one.name or "MainThread", is_main=True) if index == 0 else one
        for index, one in enumerate(reversed(standings))
    ]


def _state(pid: int) -> str:
    """The kernel's letter; empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _is_ready(pid: int, fd: int) -> bool:
    """Whether the process handles both signals, and has the file open that it would answer into."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
        caught = int(status.partition("\nSigCgt:")[2].split()[0], 16)
        wanted = 1 << ASK - 1 | 1 << DUMP - 1
        return caught & wanted == wanted and any(
            _is_same(each, fd) for each in Path(f"/proc/{pid}/fd").iterdir()
        )
    except (OSError, ValueError, IndexError):
        return False


def _is_same(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except OSError:
        return False


def _running_threads(pid: int) -> list[int]:
    """The threads, except the main one, that used the processor while they were watched. Those that wait for the
    interpreter look at the clock now and then, which does not count."""
    before = _ran(pid)
    time.sleep(_WATCH_SECONDS)
    limit = _BUSY_SHARE * _WATCH_SECONDS * 1e9
    return [
        thread for thread, ran in _ran(pid).items() if ran - before.get(thread, 0) > limit and thread != pid
    ]


def _ran(pid: int) -> dict[int, int]:
    """How long each thread ran so far, in nanoseconds."""
    found: dict[int, int] = {}
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError, ValueError, IndexError):
                found[int(thread.name)] = int((thread / "schedstat").read_text().split()[0])
    return found
