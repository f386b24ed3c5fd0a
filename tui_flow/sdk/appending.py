"""How a keeper appends to the files of its run: the journal loses nothing, the log may lose lines but says how many.

Neither raises when the disk is full or the file has reached its limit: a run goes on, and so does its keeper.
"""

import mmap
import os
import time
from pathlib import Path

from tui_flow.contract import journal, log
from tui_flow.sdk.log_cap import FLAGS, LogCap
from tui_flow.sdk.masking import masker

_FIRST_DELAY, _LONGEST_DELAY = 0.05, 2.0


class Journal:
    """Writes events in order. What does not fit yet stays owed, and is tried again from `retry_at` on."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, FLAGS, 0o600)
        self._start = os.fstat(self._fd).st_size
        self._delay = _FIRST_DELAY
        self.owed: list[bytes] = []
        self.retry_at = 0.0
        """On the monotonic clock."""

    def close(self) -> None:
        os.close(self._fd)

    def append(self, event: journal.Event) -> None:
        self.owed.append(journal.encode(event))
        self.settle()

    def settle(self) -> bool:
        """Writes what is owed, if the disk lets it. True when nothing is owed any more."""
        while self.owed:
            line = journal.after_torn_line(self._fd) + self.owed[0]
            try:
                written = os.write(self._fd, line)
            except OSError:
                written = 0
            if written < len(line):
                self.retry_at = time.monotonic() + self._delay
                self._delay = min(2 * self._delay, _LONGEST_DELAY)
                return False
            del self.owed[0]
        self._delay = _FIRST_DELAY
        return True

    def attempts(self) -> set[int]:
        """The attempts at this run that somebody has started before."""
        mark = _mark(journal.RunStarted)
        lines = bytes(self._bytes()).splitlines()
        started = [journal.decode(line) for line in lines if line.startswith(mark)]
        return {event.attempt for event in started if isinstance(event, journal.RunStarted)}

    def last(self, *kinds: type[journal.Event]) -> journal.Event | None:
        """The last whole event of these kinds since this journal was opened."""
        data = self._bytes()
        end = len(data)
        while (at := max(data.rfind(_mark(kind), self._start, end) for kind in kinds)) >= 0:
            event = journal.decode(data[at : data.find(b"\n", at) + 1])
            if event is not None:
                return event
            end = at
        return None

    def _bytes(self) -> mmap.mmap | bytes:
        """All there is, without reading it: 100,000 task runs make 50 MB."""
        size = os.fstat(self._fd).st_size
        return mmap.mmap(self._fd, size, access=mmap.ACCESS_READ) if size else b""


def _mark(kind: type[journal.Event]) -> bytes:
    """How a line of that kind begins. No text inside a line can hold these bytes: its quotes are escaped."""
    return b'{"event":"%s"' % kind.__name__.encode()


class Log:
    """Writes records. What the disk refuses is counted, and named as soon as it takes lines again."""

    def __init__(self, path: Path, limit: int = 0) -> None:
        """`limit` is the cap in bytes; 0: none."""
        self._cap = LogCap(path, limit)
        self._lost = 0
        self._why = ""

    def close(self) -> None:
        self._cap.close()

    def keep_bounded(self) -> None:
        """Cuts what the log has too much, whoever wrote it."""
        self._cap.keep()

    def say(self, level: str, message: str) -> None:
        """One record of the keeper's own."""
        self.write(masker.mask(log.encode(time.time(), level, None, 1, log.KEEPER, message)))

    def write(self, records: bytes) -> None:
        """Whole records, in one write."""
        data = self._confession() + records
        try:
            written = os.write(self._cap.fd, data)
        except OSError as error:
            written, self._why = 0, error.strerror or str(error)
        if written == len(data):
            self._lost = 0
        else:
            self._lost += len(records) - max(0, written - (len(data) - len(records)))

    def finish(self) -> None:
        """Says what was lost, if nothing was written since that could have said it. Nobody writes any more."""
        if self._lost:
            self.write(b"")
        self._cap.keep(final=True)

    def _confession(self) -> bytes:
        if not self._lost:
            return b""
        message = (
            f"{self._lost:,} bytes of log could not be written: {self._why or 'No space left on device'}"
        )
        return b"\n" + log.encode(time.time(), "ERROR", None, 1, log.KEEPER, message)
