"""Reads a journal as it grows: whole lines, from an offset on, some at a time."""

import os
from pathlib import Path

CHUNK_BYTES = 256 * 1024
"""Some two thousand events: the engine does nothing else while it ingests them."""


class Tail:
    """A file that others append to, and that need not exist yet."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        """`offset` is where reading begins; the caller moves it on when what it read is safe."""
        self.path = path
        self.offset = offset
        self._fd: int | None = None

    def size(self) -> int:
        """In bytes; 0 where there is no such file."""
        return os.fstat(self._fd).st_size if self._open() and self._fd is not None else 0

    def read(self) -> tuple[list[bytes], int]:
        """Whole lines from the offset on, and where they end. A last line without a newline waits for the rest.

        A file that is not what it was (a power loss took its tail) is read from its beginning.
        """
        size = self.size()
        if self._fd is None or size == self.offset:
            return [], self.offset
        if self.offset and os.pread(self._fd, 1, self.offset - 1) != b"\n":
            self.offset = 0
        wanted = CHUNK_BYTES
        while True:
            data = os.pread(self._fd, wanted, self.offset)
            end = data.rfind(b"\n") + 1
            if end or len(data) < wanted:
                return data[:end].split(b"\n")[:-1], self.offset + end
            wanted *= 2

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self) -> bool:
        if self._fd is None:
            try:
                self._fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
        return True
