"""What a worker's processes print, line by line into the log of the run.

The bytes stay as they came, but for secrets, which are stars. Whatever is printed, memory stays bounded and the pipe is emptied at once: a line that is
too long is split, and of a run that prints more than its cap the log keeps the beginning and the end.
"""

import os
import time
from collections.abc import Callable

from tui_flow.contract import log
from tui_flow.sdk import framing
from tui_flow.sdk.appending import Log
from tui_flow.sdk.masking import masker

MAX_LINE = 64 * 1024
"""Bytes; a longer line becomes several."""
_CHUNK = 64 * 1024
_CHUNKS_A_TURN = 16


class Capture:
    """One stream: `fd` is the reading end of its pipe, not blocking."""

    def __init__(
        self,
        fd: int,
        logger: str,
        level: str,
        target: Log,
        hear: Callable[[], None],
        cookie: str,
        lend: Callable[[framing.Who, str, str, str], None] | None = None,
        who: framing.Who = None,
    ) -> None:
        """`hear` makes sure that all secrets are known that what was just read can hold. What comes in frames with the
        run's cookie is of the task that they name, all else `who`'s; `lend` gets the name of a pipe that is lent to one,
        with logger and level."""
        self.fd, self._hear = fd, hear
        self._logger, self._level = logger, level
        self._log, self._lend, self._who = target, lend, who
        self._rests: dict[framing.Who, bytes] = {}
        """What each has printed of a line that is not whole."""
        self._splitter = framing.Splitter(framing.mark_of(cookie))
        os.set_blocking(fd, False)

    def drain(self) -> bool:
        """Takes what is there, up to a turn's worth. False once the stream has ended."""
        for _ in range(_CHUNKS_A_TURN):
            try:
                chunk = os.read(self.fd, _CHUNK)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            self._hear()
            for who, data in self._splitter.split(chunk):
                self._take(who or self._who, data)
            for who, name in self._splitter.lent() if self._lend else ():
                self._lend(who, name, self._logger, self._level)  # type: ignore[misc]
        return True

    def finish(self) -> None:
        """Writes last lines that have no newline, and closes the pipe."""
        self._take(self._who, self._splitter.finish())
        for who, rest in self._rests.items():
            if rest:
                self._write(who, [rest])
        os.close(self.fd)

    def _take(self, who: framing.Who, data: bytes) -> None:
        *lines, rest = masker.mask(self._rests.pop(who, b"") + data).split(b"\n")
        if len(rest) >= MAX_LINE:
            cut = MAX_LINE - masker.overlap  # behind it a secret may begin that is not all here
            lines.append(rest[:cut])
            rest = rest[cut:]
        if rest:
            self._rests[who] = rest
        self._write(who, lines)

    def _write(self, who: framing.Who, lines: list[bytes]) -> None:
        if not lines:
            return
        number, tries = who or (None, 1)
        head = log.encode(time.time(), self._level, number, tries, self._logger, "")[:-1]
        if max(map(len, lines)) > MAX_LINE or any(b"\r" in line for line in lines):
            lines = [piece for line in lines for piece in _pieces(line)]
        self._log.write(head + (b"\n" + head).join(lines) + b"\n")


def _pieces(line: bytes) -> list[bytes]:
    line = line.removesuffix(b"\r")
    if len(line) <= MAX_LINE:
        return [line]
    return [line[start : start + MAX_LINE] for start in range(0, len(line), MAX_LINE)]
