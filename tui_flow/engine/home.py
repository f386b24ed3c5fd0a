"""Sees to it that the engine still lives where clients look for it."""

import os
from collections.abc import Callable
from pathlib import Path

from tui_flow.engine.engine_log import EngineLog

LOOK_SECONDS = 2.0


class Home:
    """The state directory, by the lock in it. Somebody may remove or replace the directory under a living engine: then
    the next client starts another engine there, and this one serves nobody any more."""

    def __init__(self, path: Path, lock: int, log: EngineLog, stop: Callable[[], None]) -> None:
        self._path, self._log, self._stop = path, log, stop
        self._held = _identity(os.fstat(lock))
        self._next_at = 0.0

    def tick(self, now: float) -> float:
        """Stops the engine where the lock that it holds is no longer the one that clients would find."""
        if now >= self._next_at:
            self._next_at = now + LOOK_SECONDS
            if not self.is_ours():
                self._log.warn(f"{self._path} is gone or another file: the engine ends")
                self._stop()
        return self._next_at

    def is_ours(self) -> bool:
        # Not opened: closing a descriptor of the file would let go of the lock.
        try:
            return _identity(self._path.lstat()) == self._held
        except OSError:
            return False


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
