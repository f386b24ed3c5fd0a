"""When somebody last looked, so that the console can say what happened since: the time of a file of theirs."""

import os
from contextlib import suppress
from pathlib import Path

from tui_flow.contract.rundir import SEEN


def _path(state_dir: Path) -> Path:
    return state_dir / SEEN.format(uid=os.getuid())


def last_seen(state_dir: Path) -> float | None:
    """Seconds since the epoch; None where this user has not looked yet."""
    try:
        return _path(state_dir).lstat().st_mtime
    except OSError:
        return None


def note_seen(state_dir: Path) -> None:
    """Somebody looks now."""
    with suppress(OSError):
        fd = os.open(_path(state_dir), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.utime(fd)
        finally:
            os.close(fd)
