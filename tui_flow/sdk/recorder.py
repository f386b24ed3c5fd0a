"""The journal and the log of a run, as files to append to."""

import os
import time
from pathlib import Path
from typing import Protocol

from tui_flow.contract import journal, log
from tui_flow.contract.rundir import JOURNAL, LOG

RETRY_SECONDS = 0.5
"""Between attempts to write to a full disk."""


class Recorder(Protocol):
    """Where a run's events and log lines go."""

    def record(self, event: journal.Event) -> None: ...

    def write(self, line: bytes) -> None: ...

    def log(
        self, at: float, level: str, task_run: int | None, tries: int, logger: str, message: str
    ) -> None: ...

    def close(self) -> None: ...

    @property
    def is_foreign(self) -> bool: ...


class Silence:
    """The recorder of task runs outside of any flow: nothing is written."""

    def record(self, event: journal.Event) -> None:
        """Nothing to do."""

    def write(self, line: bytes) -> None:
        """Nothing to do."""

    def log(self, at: float, level: str, task_run: int | None, tries: int, logger: str, message: str) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    @property
    def is_foreign(self) -> bool:
        return False


class RunRecorder:
    """Appends to the journal and the log of one run directory, one `write` for each event and each record.

    Nothing is dropped: on a full disk the writer waits for room. Only a forked child's events go nowhere, because
    it carries a copy of its parent's run, whose numbers it would use twice; its log lines are kept.
    """

    def __init__(self, directory: Path) -> None:
        self._journal = self._log = -1
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._journal = os.open(directory / JOURNAL, flags, 0o600)
        self._log = os.open(directory / LOG, flags, 0o600)
        self._pid = os.getpid()
        self._open = True

    def record(self, event: journal.Event) -> None:
        self.write(journal.encode(event))

    def write(self, line: bytes) -> None:
        """An encoded event."""
        if self._open and os.getpid() == self._pid:
            _append(self._journal, line)

    def log(self, at: float, level: str, task_run: int | None, tries: int, logger: str, message: str) -> None:
        if self._open:
            _append(self._log, log.encode(at, level, task_run, tries, logger, message))

    @property
    def is_foreign(self) -> bool:
        """Whether this process is a forked copy of the one that runs the flow."""
        return os.getpid() != self._pid

    def close(self) -> None:
        """After this, what abandoned threads still say goes nowhere."""
        self._open = False

    def __del__(self) -> None:
        # Not in close(): a thread that is just about to write must not meet another file under the same number.
        for fd in (self._journal, self._log):
            if fd >= 0:
                os.close(fd)


def _append(fd: int, data: bytes) -> None:
    try:
        written = os.write(fd, data)
    except OSError as error:
        _require_full_disk(error)
        written = 0
    if written != len(data):
        _append_patiently(fd, data[written:])


def _append_patiently(fd: int, data: bytes) -> None:
    while data:
        time.sleep(RETRY_SECONDS)
        try:
            data = data[os.write(fd, data) :]
        except OSError as error:
            _require_full_disk(error)


def _require_full_disk(error: OSError) -> None:
    import errno

    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        raise error
