"""What a worker's processes print, line by line into the log of the run.

The bytes stay as they came, but for secrets, which are stars. Whatever is printed, memory stays bounded and the pipe is emptied at once: a line that is
too long is split, and of a run that prints more than its cap the log keeps the beginning and the end.
"""

import os
import time
from collections.abc import Callable

from tui_flow.contract import log
from tui_flow.sdk.appending import Log
from tui_flow.sdk.masking import masker

MAX_LINE = 64 * 1024
"""Bytes; a longer line becomes several."""
_CHUNK = 64 * 1024
_CHUNKS_A_TURN = 16


class Capture:
    """One stream: `fd` is the reading end of its pipe, not blocking."""

    def __init__(self, fd: int, logger: str, level: str, target: Log, hear: Callable[[], None]) -> None:
        """`hear` makes sure that all secrets are known that what was just read can hold."""
        self.fd, self._hear = fd, hear
        self._logger, self._level = logger, level
        self._log = target
        self._rest = b""
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
            self._take(chunk)
        return True

    def finish(self) -> None:
        """Writes a last line that has no newline, and closes the pipe."""
        if self._rest:
            self._write([self._rest])
        os.close(self.fd)

    def _take(self, chunk: bytes) -> None:
        self._hear()
        *lines, rest = masker.mask(self._rest + chunk).split(b"\n")
        if len(rest) >= MAX_LINE:
            cut = MAX_LINE - masker.overlap  # behind it a secret may begin that is not all here
            lines.append(rest[:cut])
            rest = rest[cut:]
        self._rest = rest
        self._write(lines)

    def _write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        head = log.encode(time.time(), self._level, None, 1, self._logger, "")[:-1]
        if max(map(len, lines)) > MAX_LINE or any(b"\r" in line for line in lines):
            lines = [piece for line in lines for piece in _pieces(line)]
        self._log.write(head + (b"\n" + head).join(lines) + b"\n")


def _pieces(line: bytes) -> list[bytes]:
    line = line.removesuffix(b"\r")
    if len(line) <= MAX_LINE:
        return [line]
    return [line[start : start + MAX_LINE] for start in range(0, len(line), MAX_LINE)]
