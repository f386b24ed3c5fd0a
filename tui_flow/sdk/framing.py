"""How a process of a run tells its keeper which task prints: in frames, in the same pipe as everything else, so that all
stays in order. What comes without a frame, from C code or a child process, belongs to the run as a whole.

    0x1F <the run's cookie> <task run>.<try> <length>\\n <so many bytes>

In place of the length the name of a pipe in the run directory may stand (`lending`): what comes there is that task's.
A frame is written whole by one `write`, which pipes keep together; nobody but the run knows its cookie.
"""

import select
from collections.abc import Iterator

Who = tuple[int, int] | None
"""A task run and its try; None: nobody in particular."""
_SIGN = b"\x1f"
_MAX_HEAD = 80
LENT = b"lent-"
"""What the names of such pipes begin with."""
MAX_FRAME = select.PIPE_BUF
"""Bytes that a pipe keeps together."""


def frames(data: bytes, who: tuple[int, int], mark: bytes) -> Iterator[bytes]:
    """The data as frames."""
    size = MAX_FRAME - _MAX_HEAD
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        yield b"%b%d.%d %d\n%b" % (mark, *who, len(piece), piece)


def lent(who: tuple[int, int], name: str, mark: bytes) -> bytes:
    """Says that what comes in the pipe of that name in the run directory is that task's."""
    return b"%b%d.%d %b\n" % (mark, *who, name.encode("ascii"))


def nothing(mark: bytes) -> bytes:
    """A frame that says nothing: once it was read, what was read before it is in the log."""
    return b"%b0.1 0\n" % mark


def mark_of(cookie: str) -> bytes:
    """What a run's frames begin with."""
    return _SIGN + cookie.encode("ascii")


class Splitter:
    """Takes a stream apart."""

    def __init__(self, mark: bytes) -> None:
        self._mark, self._rest = mark, b""
        self._lent: list[tuple[Who, str]] = []

    def split(self, chunk: bytes) -> "list[tuple[Who, bytes]]":
        """Who printed what, in order, of what is known by now; a frame that is not whole yet waits for the rest."""
        if not self._rest and _SIGN not in chunk:
            return [(None, chunk)]
        data, found = self._rest + chunk, list[tuple[Who, bytes]]()
        at = 0
        while at < len(data):
            begin = data.find(self._mark, at)
            if begin < 0:
                begin = self._half_a_mark(data, at)
            if begin > at:
                found.append((None, data[at:begin]))
                at = begin
            if at < len(data):
                frame = self._frame(data, at)
                if frame is None:
                    break
                who, start, end = frame
                found.append((who, data[start:end]))
                at = end
        self._rest = data[at:]
        return found

    def lent(self) -> list[tuple[Who, str]]:
        """The pipes that were named since the last time, and whose they are."""
        found, self._lent = self._lent, []
        return found

    def finish(self) -> bytes:
        """What was no frame after all."""
        rest, self._rest = self._rest, b""
        return rest

    def _half_a_mark(self, data: bytes, at: int) -> int:
        """Where the mark may have begun at the end of the data, else the end."""
        begin = data.rfind(_SIGN, max(at, len(data) - len(self._mark)))
        return begin if begin >= 0 and self._mark.startswith(data[begin:]) else len(data)

    def _frame(self, data: bytes, at: int) -> "tuple[Who, int, int] | None":
        """Whose it is, and where its content begins and ends; None where not all of it is there. What only begins like
        a frame is nobody's."""
        head = at + len(self._mark)
        end_of_head = data.find(b"\n", head, head + _MAX_HEAD)
        if end_of_head < 0:
            return None if len(data) - head < _MAX_HEAD else (None, at, head)
        try:
            who, length = data[head:end_of_head].split(b" ")
            number, tries = who.split(b".")
            if length.startswith(LENT):
                self._lent.append(((int(number), int(tries)), length.decode("ascii")))
                length = b"0"
            end = end_of_head + 1 + int(length)
            return ((int(number), int(tries)), end_of_head + 1, end) if end <= len(data) else None
        except ValueError:
            return None, at, head
