"""The secrets that this process knows, which nothing of it writes anywhere, and how a run's keeper hears of them.

A secret is told to the keeper before its owner gets it, through a FIFO of the run directory: so it has always arrived
when the first byte that was printed of it has. It lies on no disk.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui_flow.contract.masking import Masker
from tui_flow.contract.rundir import ENV_RUN_DIR, SECRETS

_PLAIN = (str, int, float, bool, bytes)
masker = Masker()
"""Of this process. A forked child has what its parent knew."""


def learn(value: str | bytes) -> None:
    """From now on this secret is hidden in what the run writes: by this process, and by its keeper, if it has one."""
    new = masker.learn(value)
    directory = os.environ.get(ENV_RUN_DIR)
    if new and directory:
        with suppress(FileNotFoundError, OSError):  # a script's run has no keeper
            _tell(Path(directory) / SECRETS, new)


def learn_all(value: Any) -> None:
    """The same for every text and number in a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            learn_all(item)
    elif isinstance(value, (str, bytes)):
        learn(value)
    elif isinstance(value, (int, float)):
        learn(str(value))


def learn_within(value: Any, depth: int = 16) -> None:
    """The same for every secret of pydantic's in a value: SecretStr and its like, also in models and dataclasses."""
    if value is None or type(value) in _PLAIN or not depth:
        return
    cls = type(value)  # of an instance, any name may be there
    if hasattr(cls, "get_secret_value"):
        learn_all(value.get_secret_value())
    elif isinstance(value, dict):
        for item in list(value.values()):
            learn_within(item, depth - 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in list(value):
            learn_within(item, depth - 1)
    elif hasattr(cls, "__pydantic_fields__") or hasattr(cls, "__dataclass_fields__"):
        learn_within(getattr(value, "__dict__", None), depth - 1)


def _tell(path: Path, pieces: list[bytes]) -> None:
    """Raises OSError where nobody listens."""
    fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.set_blocking(fd, True)
        for piece in pieces:
            os.write(fd, _framed(piece))
    finally:
        os.close(fd)


def _framed(piece: bytes) -> bytes:
    """Short enough to be written in one, so that those of several writers do not mix (PIPE_BUF: 512 bytes at least)."""
    return len(piece).to_bytes(2, "big") + piece


class Ear:
    """The keeper's end: `fd` is readable when there is something to hear."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where there can be no FIFO."""
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        self._path = path
        self.fd = os.open(
            path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
        )  # for writing too: then it never ends
        self._rest = b""

    def hear(self) -> None:
        """What was told by now is hidden from now on."""
        with suppress(BlockingIOError):
            while True:
                self._rest += os.read(self.fd, 65536)
                self._take()

    def close(self) -> None:
        os.close(self.fd)

    def remove(self) -> None:
        """Nobody is to tell anything any more."""
        self._path.unlink(missing_ok=True)
        self.close()

    def _take(self) -> None:
        heard = []
        while len(self._rest) >= (end := 2 + int.from_bytes(self._rest[:2], "big")):
            heard.append(self._rest[2:end])
            self._rest = self._rest[end:]
        masker.hide(heard)
