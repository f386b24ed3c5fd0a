"""Sees to it that the engine still lives where clients look for it."""

import os
from collections.abc import Callable
from pathlib import Path

from tui_flow.contract.rundir import ENGINE_LOCK, HISTORY
from tui_flow.engine.engine_log import EngineLog

LOOK_SECONDS = 2.0


class Home:
    """The state directory, by the lock and the history in it. Somebody may remove or replace them under a living
    engine: then it serves nobody any more, and the next client starts another one there."""

    def __init__(self, state_dir: Path, lock: int, log: EngineLog, stop: Callable[[], None]) -> None:
        """`lock` is the descriptor of the engine's lock; the history has been opened."""
        self._log, self._stop = log, stop
        self._held = {
            state_dir / ENGINE_LOCK: _identity(os.fstat(lock)),
            state_dir / HISTORY: _identity((state_dir / HISTORY).lstat()),
        }
        self._next_at = 0.0

    def tick(self, now: float) -> float:
        """A look once in a while."""
        if now >= self._next_at:
            self._next_at = now + LOOK_SECONDS
            self.check()
        return self._next_at

    def check(self) -> bool:
        """Whether it is ours; stops the engine where it is not."""
        is_ours = self.is_ours()
        if not is_ours:
            self._log.warn("the state directory or the history is gone, or another one: the engine ends")
            self._stop()
        return is_ours

    def is_ours(self) -> bool:
        """Whether what the engine holds is still what clients would find."""
        # Not opened: closing a descriptor of the lock's file would let go of the lock.
        try:
            return all(_identity(path.lstat()) == held for path, held in self._held.items())
        except OSError:
            return False


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
