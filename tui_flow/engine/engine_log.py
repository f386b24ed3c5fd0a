"""What the engine has to say: plain text in engine.log, in the form of a run's log, and never more than 1 MB."""

import os
import time
from pathlib import Path

from tui_flow.contract import log
from tui_flow.contract.rundir import ENGINE_LOG

MAX_BYTES = 1_000_000


class EngineLog:
    """Keepers, and the engine's own interpreter, append to the same file when they have nobody else to tell."""

    def __init__(self, state_dir: Path) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self.fd = os.open(state_dir / ENGINE_LOG, flags, 0o600)

    def say(self, message: str, level: str = "INFO") -> None:
        try:
            os.write(self.fd, log.encode(time.time(), level, None, 1, "engine", message))
            self._keep_bounded()
        except OSError:
            return  # a full disk: there is nowhere left to say so

    def warn(self, message: str) -> None:
        self.say(message, "WARNING")

    def close(self) -> None:
        os.close(self.fd)

    def _keep_bounded(self) -> None:
        """Keeps the younger half. In place, since other processes hold the file open for appending."""
        size = os.fstat(self.fd).st_size
        if size <= MAX_BYTES:
            return
        tail = os.pread(self.fd, MAX_BYTES // 2, size - MAX_BYTES // 2)
        os.ftruncate(self.fd, 0)
        os.write(self.fd, tail[tail.find(b"\n") + 1 :])
