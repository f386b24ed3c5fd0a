"""Finds and ends what a vanished keeper left behind: processes that have the run's cookie in their environment."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tui_flow.contract.rundir import ENV_COOKIE

_ROUNDS = 20
"""A process that forks faster than it is found is given up on after so many rounds."""


def end_stragglers(cookie: str) -> int:
    """Kills them all, and gives how many there were. Never this process."""
    ended: set[int] = set()
    for _ in range(_ROUNDS if cookie else 0):
        found = {pid for pid in _pids_with(cookie) if _kill(pid, cookie)}
        ended |= found
        if not found:
            break
    return len(ended)


def _pids_with(cookie: str) -> Iterator[int]:
    if not Path("/proc/self/environ").exists():
        import psutil  # type: ignore[import-untyped]

        for process in psutil.process_iter():
            if process.pid != os.getpid() and _psutil_cookie(process) == cookie:
                yield process.pid
        return
    for name in os.listdir("/proc"):  # noqa: PTH208 - a Path for every process is ten times slower
        if name.isdigit() and int(name) != os.getpid() and _has_cookie(int(name), cookie):
            yield int(name)


def _has_cookie(pid: int, cookie: str) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False  # gone, or somebody else's
    return f"{ENV_COOKIE}={cookie}".encode() in environment.split(b"\0")


def _psutil_cookie(process: object) -> str | None:
    import psutil

    try:
        return process.environ().get(ENV_COOKIE)  # type: ignore[attr-defined,no-any-return]
    except (psutil.Error, OSError):
        return None


def _kill(pid: int, cookie: str) -> bool:
    """Kills the process if it is still the one that was found, even if pids were reused meanwhile."""
    try:
        if not hasattr(os, "pidfd_open"):
            os.kill(pid, signal.SIGKILL)
            return True
        pidfd = os.pidfd_open(pid)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        if not _has_cookie(pid, cookie):
            return False
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)
