"""`sys.stdout` and `sys.stderr` of a run's processes: what tasks print goes to the keeper with the task's number on it.

Who prints is whose body is at work in the thread or coroutine that does, so it is known for certain.
"""

import io
import os
import threading
from typing import Any

from tui_flow.sdk import framing
from tui_flow.sdk.context import current
from tui_flow.sdk.framing import Who

_HOLD = 4096
"""Bytes of a line that is not whole that are held back for the rest of it."""
_mark = b""
_places: dict[int, tuple[int, int]] = {}
"""The pipes of the keeper, by descriptor."""


def open_standard(fd: int, mode: str) -> Any:
    """A standard stream. Whatever the locale and however the process was started: UTF-8, line by line, and never an
    encoding error."""
    if mode == "r":
        return os.fdopen(fd, mode, encoding="utf-8", errors="backslashreplace", closefd=False)
    return io.TextIOWrapper(_Told(fd), encoding="utf-8", errors="backslashreplace", write_through=True)


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


class _Told(io.BufferedIOBase):
    """Holds a line until it is whole, or somebody else prints."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.mode, self.name = "wb", f"<{'stderr' if fd == 2 else 'stdout'}>"
        self._held, self._whose = b"", None
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

    def _put(self) -> None:
        data, self._held = self._held, b""
        if self._whose is None or not data or not is_keepers(self._fd):
            self._write_all(data)
            return
        for piece in framing.frames(data, self._whose, _mark):
            self._write_all(piece)

    def _write_all(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        """The descriptor stays open: it is the process's."""
        if not self.closed:
            self.flush()
            super().close()
