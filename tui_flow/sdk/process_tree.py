"""The processes below a keeper: how it comes to own them all, lists them, and ends them by identity.

On Linux a keeper is a child subreaper: whoever loses its parent below it becomes its child, so that double forks and
`setsid` hide nothing, and `waitpid` says when nobody is left. Elsewhere `psutil` finds them, by descent and by the
run's cookie in their environment.
"""

import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract.rundir import ENV_COOKIE

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_MAX_COMMAND = 80


class Process(NamedTuple):
    pid: int
    parent: int

    @property
    def command(self) -> str:
        """What it runs, for people to read; empty once it is gone."""
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        except OSError:
            return ""
        return b" ".join(words).decode("utf-8", "replace")[:_MAX_COMMAND]


def adopt_orphans(adopts: bool = True) -> bool:
    """Makes this process the one that orphans below it are given to, or no longer. False where the system has no such
    thing."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, int(adopts))


def die_with_parent() -> None:
    """Has the kernel KILL this process when its parent ends; nothing where the system has no such thing."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    import ctypes

    return ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0  # type: ignore[no-any-return]


def descendants(root: int, cookie: str) -> list[Process]:
    """All living processes below `root`, parents first, zombies included."""
    if not Path(f"/proc/{root}/task/{root}/children").exists():
        return _find_with_psutil(root, cookie)
    found = [Process(root, 0)]
    for process in found:
        found += [Process(child, process.pid) for child in _children(process.pid)]
    return found[1:]


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
    except OSError:
        return children
    return children


def _find_with_psutil(root: int, cookie: str) -> list[Process]:
    import psutil  # type: ignore[import-untyped]

    below = {process.pid: process for process in psutil.Process(root).children(recursive=True)}
    for process in psutil.process_iter():
        try:
            if process.pid != root and process.environ().get(ENV_COOKIE) == cookie:
                below[process.pid] = process
        except (psutil.Error, OSError):
            continue
    return [Process(process.pid, process.ppid()) for process in below.values() if process.is_running()]


def send(process: Process, number: int) -> bool:
    """Sends a signal to that process and to no other, even if its id was given away meanwhile.

    Raises PermissionError where it belongs to another user.
    """
    try:
        if not hasattr(os, "pidfd_open"):
            os.kill(process.pid, number)
            return True
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        if _parent(process.pid) not in (process.parent, os.getpid()):
            return False
        signal.pidfd_send_signal(pidfd, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)


def _parent(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return -1
    return int(stat.rpartition(b")")[2].split()[1])
