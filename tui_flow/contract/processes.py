"""Processes as the kernel tells of them: who is below whom, and a signal that reaches the one that was meant. Linux."""

import os
import signal
from pathlib import Path
from typing import NamedTuple

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


def can_list(pid: int) -> bool:
    """Whether this system tells the children of a process."""
    return Path(f"/proc/{pid}/task/{pid}/children").exists()


def below(root: int) -> list[Process]:
    """All processes below `root`, parents first, zombies included."""
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


def parent_of(pid: int) -> int:
    """-1 once it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return -1
    return int(stat.rpartition(b")")[2].split()[1])


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
        if parent_of(process.pid) not in (process.parent, os.getpid()):
            return False
        signal.pidfd_send_signal(pidfd, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)
