"""The processes below a keeper: how it comes to own them all, and lists them.

On Linux a keeper is a child subreaper: whoever loses its parent below it becomes its child, so that double forks and
`setsid` hide nothing, and `waitpid` says when nobody is left. Elsewhere `psutil` finds them, by descent and by the
run's cookie in their environment.
"""

import signal
import sys

from tui_flow.contract import processes
from tui_flow.contract.processes import Process
from tui_flow.contract.rundir import ENV_COOKIE

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


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
    return processes.below(root) if processes.can_list(root) else _find_with_psutil(root, cookie)


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
