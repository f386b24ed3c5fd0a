"""How a keeper ends a tree of processes: TERM, a grace, KILL, and KILL again until nobody is left."""

import math
import os
import signal
import time
from contextlib import suppress

from tui_flow.contract.processes import Process, send
from tui_flow.sdk.process_tree import descendants

SETTLE_SECONDS = 0.1
"""What a worker leaves behind may end by itself for so long, as helpers do whose pipe was closed."""
STRAGGLER_GRACE_SECONDS = 2.0
"""The most that stragglers get between TERM and KILL."""
GIVE_UP_SECONDS = 10.0
"""After so much KILL, whoever is still there cannot be killed: another user's process, or one stuck in the kernel."""
_KILL_AGAIN_SECONDS = 0.05


class Ladder:
    """The rungs of one run, each with the moment (monotonic) when it is due."""

    def __init__(self, cookie: str) -> None:
        self._cookie = cookie
        self._term_at = self._kill_at = self._give_up_at = math.inf
        self.stragglers: dict[int, str] = {}
        """Who outlived the worker until it had to be told: command by pid."""
        self.killed = False
        self.gave_up = False

    @property
    def next_at(self) -> float:
        return min(self._term_at, self._kill_at, self._give_up_at)

    def end_worker(self, worker: int, grace: float) -> None:
        """TERM to the worker's own group now, stopped or not; KILL to everybody after the grace, in seconds."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(worker, signal.SIGTERM)
            os.killpg(worker, signal.SIGCONT)
        self._kill_at = min(self._kill_at, time.monotonic() + grace)

    def kill(self) -> None:
        """No more grace."""
        self._kill_at = min(self._kill_at, time.monotonic())

    def end_stragglers(self, grace: float) -> None:
        """The worker is gone: whoever is left gets a moment, then TERM, then KILL."""
        self._term_at = time.monotonic() + SETTLE_SECONDS
        self._kill_at = min(self._kill_at, self._term_at + min(grace, STRAGGLER_GRACE_SECONDS))

    def climb(self) -> None:
        """Does what is due."""
        now = time.monotonic()
        if now >= self._term_at:
            self._term_at = math.inf
            for process in self._living():
                if command := process.command:
                    self.stragglers[process.pid] = command
                self._send(process, signal.SIGTERM)
        if now >= self._kill_at:
            self.killed = True
            self._give_up_at = min(self._give_up_at, now + GIVE_UP_SECONDS)
            self._kill_at = now + _KILL_AGAIN_SECONDS
            for process in self._living():
                self._send(process, signal.SIGKILL)
        self.gave_up = now >= self._give_up_at

    def _living(self) -> list[Process]:
        return descendants(os.getpid(), self._cookie)

    def _send(self, process: Process, number: int) -> None:
        with suppress(PermissionError):
            send(process, number)
