"""`sys.stdout` and `sys.stderr` of a run's processes: what tasks print goes to the keeper with the task's number on it.

Who prints is whose body is at work in the thread or coroutine that does, so it is known for certain.
"""

import io
import os
import threading
import time
from typing import Any

from tui_flow.sdk import framing
from tui_flow.sdk.context import current
from tui_flow.sdk.framing import Who

_HOLD = 4096
"""Bytes of a line that is not whole that are held back for the rest of it."""
_CATCH_UP_SECONDS = 0.05
"""So long the keeper has time to take what was printed, before what is said next goes to the log beside it."""
_mark = b""
_places: dict[int, tuple[int, int]] = {}
"""The pipes of the keeper, by descriptor."""
_opened: "list[_Told]" = []


def open_standard(fd: int, mode: str) -> Any:
    """A standard stream. Whatever the locale and however the process was started: UTF-8, line by line, and never an
    encoding error."""
    if mode == "r":
        return os.fdopen(fd, mode, encoding="utf-8", errors="backslashreplace", closefd=False)
    _opened.append(_Told(fd))
    return io.TextIOWrapper(_opened[-1], encoding="utf-8", errors="backslashreplace", write_through=True)


def tell_who(cookie: str) -> None:
    """From now on the keeper of the run with that cookie is told which task prints; it reads what is open as 1 and 2."""
    global _mark
    _mark = framing.mark_of(cookie)
    _places.update({fd: _place(fd) for fd in (1, 2)})


def tells_who() -> bool:
    """Whether a keeper is told."""
    return bool(_mark)


def mark() -> bytes:
    """What frames begin with."""
    return _mark


def is_keepers(fd: int) -> bool:
    """Whether it is still the keeper's pipe: the author may have put something else in its place."""
    return _places.get(fd) == _place(fd)


def _place(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def who() -> Who:
    """The task run at work here, and its try, if the keeper is told of such; None for a flow's own body."""
    run = current.get()
    return (run.number, max(run.run_count, 1)) if run is not None and run.number and _mark else None


def let_keeper_catch_up() -> None:
    """Comes back when what this process printed is in the log, so that what is logged next stands below it; after a
    moment in any case. Costs nothing where nothing was printed."""
    if _mark:
        until = time.monotonic() + _CATCH_UP_SECONDS
        for stream in _opened:
            stream.let_keeper_catch_up(until)


def _is_taken(fd: int, until: float) -> bool:
    """Whether nothing is left in a pipe, until some moment."""
    from fcntl import ioctl
    from termios import FIONREAD

    while any(ioctl(fd, FIONREAD, bytes(4))):
        if time.monotonic() > until:
            return False
        time.sleep(0.0001)
    return True


class _Told(io.BufferedIOBase):
    """Holds a line until it is whole, or somebody else prints."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.mode, self.name = "wb", f"<{'stderr' if fd == 2 else 'stdout'}>"
        self._held, self._whose = b"", None
        self._is_ahead = False
        """Whether the keeper may not have taken all of it yet."""
        self._lock = threading.RLock()
        os.register_at_fork(after_in_child=self._begin_anew)

    _whose: Who

    def _begin_anew(self) -> None:
        """In a forked child: what was held is its parent's to write, and so may the lock have been."""
        self._held, self._lock = b"", threading.RLock()

    def fileno(self) -> int:
        return self._fd

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return os.isatty(self._fd)

    def write(self, data: Any) -> int:
        run = current.get()
        whose = who() if run is not None and run.number else None
        with self._lock:
            if whose != self._whose:
                self._put()
                self._whose = whose
            self._held += bytes(data)
            if b"\n" in self._held or len(self._held) > _HOLD:
                self._put()
        return len(data)

    def flush(self) -> None:
        with self._lock:
            self._put()

    def let_keeper_catch_up(self, until: float) -> None:
        with self._lock:
            self._put()
            if self._is_ahead and is_keepers(self._fd) and _is_taken(self._fd, until):
                # What it has taken it may not have written yet: it does before it takes any more.
                self._write_all(framing.nothing(_mark))
                self._is_ahead = not _is_taken(self._fd, until)

    def _put(self) -> None:
        data, self._held = self._held, b""
        if self._whose is None or not data or not is_keepers(self._fd):
            self._write_all(data)
            return
        for piece in framing.frames(data, self._whose, _mark):
            self._write_all(piece)

    def _write_all(self, data: bytes) -> None:
        self._is_ahead |= bool(data)
        while data:
            data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        """The descriptor stays open: it is the process's."""
        if not self.closed:
            self.flush()
            super().close()
