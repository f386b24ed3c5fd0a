"""The console in a pseudo-terminal of its own, without an engine."""

import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

PROGRAM = """
import sys
from pathlib import Path
from tui_flow.contract.errors import EngineError
from tui_flow.settings import Settings
from tui_flow.tui.launch import run
{engine}
sys.exit(run(Settings(project=Path(sys.argv[1])), connect=connect))
"""
NO_ENGINE = """
attempts = iter([True])
async def connect(settings, *, start):
    import asyncio
    if next(attempts, False):
        raise EngineError("no engine in this test")
    await asyncio.Event().wait()
"""


class PtyConsole:
    """What a person would see, as text, and what the terminal got, as it came."""

    def __init__(
        self,
        project: Path,
        environ: dict[str, str] | None = None,
        *,
        size: tuple[int, int] = (80, 24),
        program: str = PROGRAM.replace("{engine}", NO_ENGINE),
    ) -> None:
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.raw = ""
        self._status: int | None = None
        words = [sys.executable, "-c", program, str(project)]
        env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", **(environ or {})}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(words[0], words, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.fd >= 0:
            os.close(self.fd)

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    def read(self, timeout: float) -> bool:
        """Takes in what the console has written. Whether there was anything."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        try:
            data = self._decode(os.read(self.fd, 65_536))
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def wait_for(self, text: str, timeout: float = 10.0) -> None:
        deadline = time.monotonic() + timeout
        while text not in self.text:
            assert time.monotonic() < deadline, f"no {text!r} on the screen:\n{self.text}"
            self.read(0.05)

    def wait_for_silence(self, seconds: float = 0.7) -> None:
        while self.read(seconds):
            pass

    def send(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def hang_up(self) -> None:
        """Closes the terminal, as a lost connection does."""
        os.close(self.fd)
        self.fd = -1

    def wait(self, timeout: float = 10.0) -> int:
        """The exit code, negative where a signal ended it."""
        deadline = time.monotonic() + timeout
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            assert time.monotonic() < deadline, f"still running:\n{self.text}"
            if self.fd >= 0:
                self.read(0.05)
        while self.fd >= 0 and self.read(0.05):
            pass
        self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def cpu_seconds(self) -> float:
        """The processor time that the console's threads have used: `stat` would tell it in hundredths only."""
        clocks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(clock.read_text().split()[0]) for clock in clocks) / 1e9
