"""A real pseudo-terminal with a program in it, read as a person would: by what stands on the screen."""

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte

from tests.waiting import wait_until

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "ctrl+c": "\x03",
}


class Terminal:
    """Runs a command in a terminal of this size, and keeps what it drew."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, env: dict[str, str], columns: int = 80, lines: int = 24
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._done = False
        self.is_read = True
        """Set it to False, and the terminal takes nothing more, as after Ctrl-S or over a line that hangs."""
        self.raw = bytearray()
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._done:
            ready, _, _ = select.select([self._master] if self.is_read else [], [], [], 0.05)
            try:
                data = os.read(self._master, 65_536) if ready else None
            except OSError:
                return
            if data is None:
                continue
            if not data:
                return
            with self._lock:
                self.raw += data
                self._stream.feed(data)

    def press(self, *keys: str) -> None:
        """Types: names of `KEYS`, or text as it is."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def resize(self, columns: int, lines: int) -> None:
        """Makes it so large; the program in it is told by SIGWINCH."""
        with self._lock:
            self._screen.resize(lines, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    @property
    def text(self) -> str:
        """What stands on the screen now."""
        with self._lock:
            return "\n".join(self._screen.display)

    def wait_for(self, *texts: str, timeout: float = 10) -> str:
        """The screen, once it shows all of these."""
        self._wait(lambda: all(text in self.text for text in texts), f"{texts} to stand", timeout)
        return self.text

    def wait_gone(self, text: str, timeout: float = 10) -> None:
        self._wait(lambda: text not in self.text, f"{text!r} to go", timeout)

    def _wait(self, condition: Callable[[], bool], what: str, timeout: float) -> None:
        try:
            wait_until(condition, timeout)
        except AssertionError:
            raise AssertionError(f"waited {timeout} s for {what} on this screen:\n{self.text}") from None

    def wait_exit(self, timeout: float = 10) -> int:
        return self.process.wait(timeout)

    def hang_up(self) -> None:
        """Closes the terminal, as a lost connection does."""
        self._done = True
        self._reader.join(5)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def close(self) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.hang_up()
