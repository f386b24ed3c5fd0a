"""The line of those who wait for slots of one limit, so that who came first is served first.

    <the limit's folder>/line/<when>-<pid>-<number>     a place: who holds its lock waits there

A place is a lock that the kernel frees on death. Who has not looked at it for a while (a process that is stopped, a loop
that is held up) holds nobody up, and has its place again when it looks.
"""

import itertools
import os
import time
from contextlib import suppress
from pathlib import Path

from tui_flow.contract.rundir import lock_holder, take_lock

LINE = "line"
STALE_SECONDS = 2.0
NEAR, NEAR_SECONDS, STEP_SECONDS, LONGEST_SECONDS = 8, 0.02, 0.005, 0.25
"""Who is among the first in the line looks that often; the others the less often the further behind they are."""

_numbers = itertools.count()
_mine: dict[str, int] = {}
"""The places of this process, by path: the kernel does not tell its threads apart."""


class Place:
    """Where somebody of this process waits, from now on."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        line = folder / LINE
        with suppress(FileExistsError):
            line.mkdir(mode=0o700)
        self.path = line / f"{time.time_ns():020d}-{os.getpid()}-{next(_numbers)}"
        fd = take_lock(self.path)
        if fd is not None:
            _mine[str(self.path)] = fd

    def look(self) -> None:
        """Whoever waits here is there still."""
        with suppress(OSError):
            os.utime(self.path)

    def leave(self) -> None:
        """Twice is harmless, and so it is in a forked child."""
        fd = _mine.pop(str(self.path), None)
        if fd is not None:
            with suppress(OSError):
                self.path.unlink()
            os.close(fd)


def ahead_of(folder: Path, place: Place | None) -> int:
    """How many wait before that place, or, without one, at all. Sweeps away what the dead have left."""
    try:
        names = sorted(os.listdir(folder / LINE))  # noqa: PTH208
    except FileNotFoundError:
        return 0
    count, now = 0, time.time()
    for name in names:
        path = folder / LINE / name
        if place is not None and path == place.path:
            break
        count += _is_waiting(path, now)
    return count


def seconds_to_wait(ahead: int) -> float:
    """Before the next look, for somebody with so many before it."""
    return NEAR_SECONDS if ahead < NEAR else min(LONGEST_SECONDS, STEP_SECONDS * ahead)


def _is_waiting(path: Path, now: float) -> bool:
    if str(path) not in _mine and lock_holder(path) is None:
        with suppress(OSError):
            path.unlink()
        return False
    try:
        return now - path.stat().st_mtime < STALE_SECONDS
    except OSError:
        return False


def _in_forked_child() -> None:
    """Its parent's places are not its own."""
    for fd in _mine.values():
        os.close(fd)
    _mine.clear()


os.register_at_fork(after_in_child=_in_forked_child)
