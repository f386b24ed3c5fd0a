"""Keeps the log of a run within its cap: the beginning, the end, and between them a line that says how much is gone.

The log grows past its cap first; then a new file with its beginning and its end takes its name. Who reads the old file
sees it as it was until it looks at the name again, and never half of each. Who still writes to the old one, such as
the worker before it looks, loses nothing: the keeper fetches that over.
"""

import os
import time
from pathlib import Path

from tui_flow.contract import log

FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
MIB = 1024 * 1024
HEAD_SHARE = 5
"""A fifth of the cap is the beginning, the rest the end."""
RETRY_SECONDS = 2.0
"""After an attempt that the disk had no room for."""
_CHUNK = 1 * MIB
_MAX_OLD = 8
"""Old files that somebody may still write to. Whoever writes looks at the name once a second."""


class LogCap:
    """The file of a log and its cap (bytes; 0: none). `fd` is to be written to, until the next `keep`."""

    def __init__(self, path: Path, limit: int) -> None:
        self.fd = os.open(path, FLAGS, 0o600)
        self._path, self._limit = path, limit
        self._head, self._tail = limit // HEAD_SHARE, limit - limit // HEAD_SHARE
        self._head_end = self._mark_size = self._dropped = 0
        self._old: list[tuple[int, int]] = []  # descriptors, and how far they were read
        self._retry_at = 0.0

    def close(self) -> None:
        for fd in (self.fd, *(fd for fd, _ in self._old)):
            os.close(fd)
        self._old = []

    def keep(self, final: bool = False) -> None:
        """Cuts the log where it has grown well past the cap; in the end (`final`) to the cap itself."""
        if not self._limit:
            return
        if not final and time.monotonic() < self._retry_at:
            return
        try:
            self._fetch_late()
            size = os.fstat(self.fd).st_size
            if size > (self._limit if final else self._head + 2 * self._tail):
                self._replace(size)
        except OSError:
            self._retry_at = time.monotonic() + RETRY_SECONDS

    def _replace(self, size: int) -> None:
        head_end = self._head_end or self._line_before(self._head)
        # The mark of the last time lies right behind the head, and goes with what is cut now.
        tail_start = self._record_after(size - self._tail, size)
        dropped = self._dropped + tail_start - head_end - self._mark_size
        mark = log.encode(time.time(), "WARNING", None, 1, log.KEEPER, f"{dropped:,}{log.DROPPED}")
        new_path = self._path.with_name(f"{self._path.name}.new")
        new_path.unlink(missing_ok=True)
        new = os.open(new_path, FLAGS | os.O_EXCL, 0o600)
        try:
            self._copy(new, 0, head_end)
            _write(new, mark)
            self._copy(new, tail_start, size)
            new_path.rename(self._path)
        except BaseException:
            os.close(new)
            new_path.unlink(missing_ok=True)
            raise
        self._old.append((self.fd, size))
        self.fd, self._head_end, self._mark_size, self._dropped = new, head_end, len(mark), dropped
        self._fetch_late()
        self._forget_old()

    def _fetch_late(self) -> None:
        """Takes over what was written to old files since they were replaced."""
        for index, (fd, start) in enumerate(self._old):
            end = os.fstat(fd).st_size
            while start < end:
                data = os.pread(fd, min(_CHUNK, end - start), start)
                start += len(data)
                self._old[index] = (fd, start)
                _write(self.fd, data)

    def _forget_old(self) -> None:
        """Gives back the space of all but the youngest, which readers may still be at."""
        while len(self._old) > _MAX_OLD:
            os.close(self._old.pop(0)[0])
        for index, (fd, _) in enumerate(self._old[:-1]):
            os.ftruncate(fd, 0)
            self._old[index] = (fd, 0)

    def _copy(self, new: int, start: int, end: int) -> None:
        while start < end:
            data = os.pread(self.fd, min(_CHUNK, end - start), start)
            _write(new, data)
            start += len(data)

    def _line_before(self, position: int) -> int:
        """Where the last whole line before a position ends."""
        start = max(0, position - _CHUNK)
        return start + os.pread(self.fd, position - start, start).rfind(b"\n") + 1

    def _record_after(self, position: int, size: int) -> int:
        """Where the first whole record after a position begins; of a record without an end, any line."""
        data = os.pread(self.fd, min(_CHUNK, size - position), position)
        at = first = data.find(b"\n") + 1
        while at and data[at : at + 1] in (b"\t", b""):
            at = data.find(b"\n", at) + 1
        return position + (at or first)


def _write(fd: int, data: bytes) -> None:
    """All of it. Raises OSError."""
    while data:
        data = data[os.write(fd, data) :]
