"""How a forked process comes to carry the marks of its run where others look for them: in the environment and on the
command line that the kernel shows of it (`/proc/<pid>/environ` and `cmdline`).

Those are the bytes that the process was executed with, which a fork copies. So the template is started with marks of
full length, and what is forked from it writes the run's own over them, in its own memory; whatever it forks in turn
inherits them. `os.environ`, which is what an exec hands on, is set besides.
"""

import os
from pathlib import Path

from tui_flow.contract.rundir import ENV_COOKIE, ENV_RUN_DIR

_ARG_START = 47
"""The place of `arg_start` in /proc/self/stat, from 0; `arg_end`, `env_start` and `env_end` follow it."""


class Marks:
    """Where this process's marks lie. Raises OSError where they cannot be written, or are not there."""

    def __init__(self) -> None:
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        # The fields behind the command's name begin with the third.
        self._arguments, end, self._environment, self._end = map(int, fields[_ARG_START - 2 : _ARG_START + 2])
        self._room = end - self._arguments
        before = self._read()
        self._places = {name: _place(before, name) for name in (ENV_RUN_DIR, ENV_COOKIE)}
        self._write({self._environment: before})  # shows at once whether it may be

    def set(self, directory: Path, cookie: str, command: list[str]) -> None:
        """From now on this process, and what it forks, is known as one of that run."""
        pieces = self._command(command)
        for name, value in ((ENV_RUN_DIR, str(directory)), (ENV_COOKIE, cookie)):
            start, room = self._places[name]
            pieces[self._environment + start] = os.fsencode(value)[:room].ljust(room, b"\0")
        self._write(pieces)

    def show(self, command: list[str]) -> None:
        """Is told as that command from now on."""
        self._write(self._command(command))

    def _command(self, command: list[str]) -> dict[int, bytes]:
        shown = b"\0".join(map(os.fsencode, command))[: self._room - 1]
        return {self._arguments: shown.ljust(self._room, b"\0")}

    def _read(self) -> bytes:
        fd = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(fd, self._end - self._environment, self._environment)
        finally:
            os.close(fd)

    def _write(self, pieces: dict[int, bytes]) -> None:
        fd = os.open("/proc/self/mem", os.O_RDWR | os.O_CLOEXEC)
        try:
            for address, data in pieces.items():
                os.pwrite(fd, data, address)
        finally:
            os.close(fd)


def _place(environment: bytes, name: str) -> tuple[int, int]:
    """Where in the environment that mark's value begins, and how many bytes it has."""
    at = 0
    for entry in environment.split(b"\0"):
        if entry.startswith(f"{name}=".encode()):
            start = len(name) + 1
            return at + start, len(entry) - start
        at += len(entry) + 1
    raise OSError(f"{name} is not in the environment that this process was started with")


def hide() -> None:
    """Before a run is known: what is imported now belongs to none. What it starts has the cookie of the import."""
    os.environ.pop(ENV_RUN_DIR, None)
