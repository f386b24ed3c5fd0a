"""The journal and the log of a run, as files to append to."""

import errno
import os
import time
from pathlib import Path
from typing import Protocol

from tui_flow.contract import journal, log
from tui_flow.contract.rundir import CALLS, JOURNAL, LOG
from tui_flow.sdk.masking import masker

LOOK_SECONDS = 1.0
"""Between two looks whether the log is still the file of that name."""
RETRY_SECONDS = 0.5
"""Between attempts to write to a full disk."""
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_HIGH_FD = 200
"""Descriptors from here on: code that closes "all" of them often stops earlier."""


class Recorder(Protocol):
    """Where a run's events and log lines go."""

    def record(self, event: journal.Event) -> None: ...

    def write(self, line: bytes) -> None: ...

    def keep(self, line: bytes) -> None: ...

    def has_created(self, number: int) -> bool: ...

    def log(
        self, at: float, level: str, task_run: int | None, tries: int, logger: str, message: str
    ) -> None: ...

    def close(self) -> None: ...

    @property
    def directory(self) -> Path | None: ...

    @property
    def is_foreign(self) -> bool: ...


class Silence:
    """The recorder of task runs outside of any flow: nothing is written."""

    is_foreign = False
    directory: Path | None = None

    def record(self, event: journal.Event) -> None:
        """Nothing to do."""

    def write(self, line: bytes) -> None:
        """Nothing to do."""

    def keep(self, line: bytes) -> None:
        """Nothing to do."""

    def has_created(self, number: int) -> bool:  # noqa: ARG002
        return False

    def log(self, at: float, level: str, task_run: int | None, tries: int, logger: str, message: str) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class RunRecorder:
    """Appends to the journal and the log of one run directory, one `write` for each event and each record.

    Nothing is dropped: on a full disk the writer waits for room. Only a forked child's events go nowhere, because
    it carries a copy of its parent's run, whose numbers it would use twice; its log lines are kept.
    """

    def __init__(self, directory: Path) -> None:
        self.directory: Path | None = directory
        self._journal, self._log = _Appended(directory / JOURNAL), _Appended(directory / LOG)
        self._calls = _Appended(directory / CALLS)
        self._pid = os.getpid()
        self._open = True
        self._looked_at = 0.0

    def record(self, event: journal.Event) -> None:
        self.write(journal.encode(event))

    def write(self, line: bytes) -> None:
        """An encoded event."""
        if self._open and os.getpid() == self._pid:
            self._journal.append(masker.mask(line) if masker.forms else line)

    def keep(self, line: bytes) -> None:
        """An encoded entry of `contract.calls`."""
        if self._open and os.getpid() == self._pid:
            self._calls.append(line)

    def has_created(self, number: int) -> bool:
        """Whether the journal has the `TaskCreated` of this task run. Reads all of it: only for the doubtful case
        that an interruption came just when that was to be written."""
        mark = f'"id":{number},'.encode()
        with self._journal.path.open("rb") as lines:
            return any(line.startswith(b'{"event":"TaskCreated"') and mark in line for line in lines)

    def log(self, at: float, level: str, task_run: int | None, tries: int, logger: str, message: str) -> None:
        if self._open:
            if not 0 <= at - self._looked_at < LOOK_SECONDS:
                self._looked_at = at
                self._log.follow()
            self._log.append(masker.mask(log.encode(at, level, task_run, tries, logger, message)))

    @property
    def is_foreign(self) -> bool:
        """Whether this process is a forked copy of the one that runs the flow."""
        return os.getpid() != self._pid

    def close(self) -> None:
        """After this, what abandoned threads still say goes nowhere."""
        self._open = False


class _Appended:
    """A file that is only appended to. Closed with its last reference: a thread that is just about to write must not
    meet another file under the same descriptor."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1
        self._open()

    def _open(self) -> None:
        import fcntl

        low = os.open(self.path, _FLAGS, 0o600)
        try:
            self._fd = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _HIGH_FD)
        except OSError:  # no such high number is allowed here
            self._fd = os.dup(low)
        os.close(low)

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def follow(self) -> None:
        """Goes on in the file that has the name now, where the keeper has cut the log and replaced it."""
        try:
            if os.fstat(self._fd).st_nlink == 0:
                new = os.open(self.path, _FLAGS, 0o600)
                os.dup2(new, self._fd, inheritable=False)  # other threads may be about to write to it
                os.close(new)
        except OSError:
            return  # a closed descriptor, or no room for another: `append` sees to that

    def append(self, data: bytes) -> None:
        try:
            written = os.write(self._fd, data)
        except OSError as error:
            written = 0
            self._bear(error)
        if written != len(data):
            self._append_patiently(data[written:])

    def _append_patiently(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except OSError as error:
                self._bear(error)

    def _bear(self, error: OSError) -> None:
        """Waits while the disk is full, opens the file anew if the author's code closed it, raises anything else."""
        if error.errno == errno.EBADF:
            self._open()
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            time.sleep(RETRY_SECONDS)
        else:
            raise error
