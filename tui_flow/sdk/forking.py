"""How a keeper hears of signals, and how it forks its worker so that nothing of the keeper is left in the child."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn

from tui_flow.sdk.process_tree import die_with_parent

Body = Callable[[Callable[[], None]], int]
"""What the child does, given a function that waits until it may begin; gives the exit code."""


class Signals:
    """The signals of a keeper: SIGCHLD and SIGTERM wake its `poll`, ctrl+c and a hang-up are none of its business."""

    def __init__(self) -> None:
        self.term_came = False
        self.fd, self._awake = os.pipe()
        """Readable once a signal came; for `poll`."""
        for fd in (self.fd, self._awake):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self._awake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._note_term)
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)

    def _note_term(self, *_: object) -> None:
        self.term_came = True

    def clear(self) -> None:
        """Makes `fd` wait for the next signal."""
        with suppress(BlockingIOError):
            os.read(self.fd, 4096)

    def forget(self) -> None:
        """In the child: everything at its default, as an interpreter has it that was just started."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.close(self.fd)
        os.close(self._awake)


class Forked(NamedTuple):
    """The parent's view of a child that was just forked."""

    pid: int
    gate: int
    """One byte lets the child begin; closed without one, the child ends."""
    out: int
    err: int


def fork_worker(body: Body, forget: Callable[[], None]) -> Forked:
    """Forks a child in a process group of its own, with its output in pipes, that dies with this process.

    `forget` is called in it first. Raises OSError where there is no process to be had.
    """
    gate, gate_end = os.pipe()
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
    try:
        pid = os.fork()
        if pid == 0:
            for fd in (gate_end, out, err):
                os.close(fd)
            _live(body, forget, gate, (out_end, err_end))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    with suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)
    for fd in (gate, out_end, err_end):
        os.close(fd)
    return Forked(pid, gate_end, out, err)


def _live(body: Body, forget: Callable[[], None], gate: int, ends: tuple[int, int]) -> NoReturn:
    """The child's whole life: it never returns to its parent's code."""
    code = 1
    try:
        os.setpgid(0, 0)
        die_with_parent()
        forget()
        for fd, standard in zip(ends, (1, 2), strict=True):
            os.dup2(fd, standard)
            os.close(fd)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})
        code = body(lambda: _wait_for(gate))
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _wait_for(gate: int) -> None:
    if not os.read(gate, 1):
        os._exit(1)
    os.close(gate)
