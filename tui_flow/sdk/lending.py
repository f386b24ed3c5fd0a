"""What child processes print that a task starts: they get a pipe of the task's own, which the keeper reads as that task's.

A named pipe in the run directory, of which the keeper is told in the stream whose place it takes (`framing`). The keeper
reads it for as long as anybody writes, so that nothing is lost when the worker dies. Children that start in another way
than by `subprocess`, or whose output goes somewhere already, are left alone: what they print is the run's.
"""

import array
import fcntl
import itertools
import os
import sys
import termios
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tui_flow.sdk import framing, streams

PATIENCE_SECONDS = 0.05
"""How long a child waits, at its start and at its end, until what was printed before is in the log."""
_STEP_SECONDS = 0.0005
_FIRST_STREAM = 4
"""The place of stdout among Popen's arguments."""
End = tuple[Path, int]
"""A pipe's path, and this process's end of it, which stays open until the keeper has opened the other."""
_numbers = itertools.count()
_retiring: list[End] = []
"""Those that nobody here needs any more."""
_lock = threading.Lock()


def begin(directory: Path) -> None:
    """From now on `subprocess` lends pipes to what tasks start, if somebody has imported it; else it does not."""
    module: Any = sys.modules.get("subprocess")
    if module is None or not streams.tells_who() or hasattr(module.Popen, "_tui_flow_ends"):
        return
    plain, wait = module.Popen.__init__, module.Popen._wait

    def begun(self: Any, *args: Any, **options: Any) -> None:
        ends: list[End] = []
        streams_are_by_keyword = len(args) <= _FIRST_STREAM
        for fd, name in ((1, "stdout"), (2, "stderr")) if streams_are_by_keyword else ():
            if options.get(name) is None and (end := _lent(directory, fd)) is not None:
                ends.append(end)
                options[name] = end[1]
        if ends:
            self._tui_flow_ends = ends
            weakref.finalize(self, _retire, ends).atexit = False
        plain(self, *args, **options)

    def waited(self: Any, *args: Any, **options: Any) -> Any:
        code = wait(self, *args, **options)
        if self._tui_flow_ends and code is not None:
            _settle(end for _, end in self._tui_flow_ends)
            _retire(self._tui_flow_ends)
        return code

    module.Popen.__init__, module.Popen._wait, module.Popen._tui_flow_ends = begun, waited, ()


def _lent(directory: Path, fd: int) -> End | None:
    """A pipe for a child of the task that is at work here; None where none is, or there can be no pipe."""
    who = streams.who()
    if who is None or not streams.is_keepers(fd):
        return None
    _settle((fd,))
    path = directory / f"{framing.LENT.decode()}{os.getpid()}-{next(_numbers)}"
    try:
        os.mkfifo(path, 0o600)
        end = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        path.unlink(missing_ok=True)
        return None
    os.write(fd, framing.lent(who, path.name, streams.mark()))
    return path, end


def _retire(ends: list[End]) -> None:
    """Closes ends of which the keeper has opened the other: now, or when the next ones retire."""
    with _lock:
        _retiring.extend(ends)
        ends.clear()
        for path, end in list(_retiring):
            if not path.exists():
                os.close(end)
                _retiring.remove((path, end))


def _settle(fds: Iterator[int] | tuple[int, ...]) -> None:
    """Until the keeper has read what is in these pipes, but not for long: so lines stay in their order."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for fd in fds:
        while _waiting_bytes(fd) and time.monotonic() < deadline:
            time.sleep(_STEP_SECONDS)


def _waiting_bytes(fd: int) -> int:
    count = array.array("i", [0])
    try:
        fcntl.ioctl(fd, termios.FIONREAD, count)
    except OSError:
        return 0
    return count[0]


def _in_forked_child() -> None:
    """Its parent's pipes are not its own."""
    global _lock
    _lock = threading.Lock()
    _retiring.clear()


os.register_at_fork(after_in_child=_in_forked_child)
