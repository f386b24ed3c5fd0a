"""The processes that the engine starts: how it hears of their end, and how it ends them."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable

POLL_SECONDS = 0.02
"""Between two looks at a child, on a platform without pidfd."""
_polls: set[asyncio.Task[None]] = set()


def on_exit(child: subprocess.Popen[bytes], call: Callable[[], None]) -> None:
    """Calls `call` in the running event loop once the child is gone; it is not reaped yet."""
    loop = asyncio.get_running_loop()
    if not hasattr(os, "pidfd_open"):
        task = loop.create_task(_poll(child, call))
        _polls.add(task)
        task.add_done_callback(_polls.discard)
        return
    on_readable(os.pidfd_open(child.pid), call)


def on_readable(pidfd: int, call: Callable[[], None]) -> None:
    """Calls `call` in the running event loop once the process of that pidfd is gone, which is closed then."""
    loop = asyncio.get_running_loop()

    def gone() -> None:
        loop.remove_reader(pidfd)
        os.close(pidfd)
        call()

    loop.add_reader(pidfd, gone)


async def _poll(child: subprocess.Popen[bytes], call: Callable[[], None]) -> None:
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        await asyncio.sleep(POLL_SECONDS)
    call()


def end_group(child: subprocess.Popen[bytes]) -> int:
    """Kills the session that the child leads and reaps the child; gives its return code as `subprocess` does.

    The child must not have been reaped: until then its process group cannot be anybody else's.
    """
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM of a group of zombies
        child.kill()
    return child.wait()


def describe_exit(code: int) -> str:
    """A return code of `subprocess` in words: "exited with code 3", "was ended by SIGSEGV"."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
