"""A real SSH server and client on the loopback: a console at the far end of a connection that can be cut.

The server does what sshd does: it starts the command on a pseudo-terminal of its own, in a session of its own, and
closes the terminal when the connection is gone, which is when the kernel sends SIGHUP.
"""

import asyncio
import fcntl
import os
import struct
import subprocess
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import asyncssh
import pyte

COLUMNS, LINES = 80, 24


class _Owner(asyncssh.SSHServer):
    """Lets the one client in that can reach the loopback port of this test."""

    def begin_auth(self, username: str) -> bool:
        return False


class Remote:
    """The server, the client, and what the client's screen shows."""

    def __init__(self, command: list[str], cwd: Path, env: dict[str, str]) -> None:
        self._command, self._cwd, self._env = command, cwd, env
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self.console: subprocess.Popen[bytes] | None = None
        """The process at the far end, once it was started."""

    async def __aenter__(self) -> "Remote":
        key = asyncssh.generate_private_key("ssh-ed25519")
        self._server = await asyncssh.create_server(
            _Owner, "127.0.0.1", 0, server_host_keys=[key], process_factory=self._serve, encoding=None
        )
        self._client = await asyncssh.connect(
            "127.0.0.1", self._server.get_port(), known_hosts=None, username="owner", client_keys=None
        )
        self._session: Any = await self._client.create_process(
            term_type="xterm-256color", term_size=(COLUMNS, LINES), encoding=None
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, cls: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._reading.cancel()
        self._server.close()
        await self._server.wait_closed()
        if self.console is not None and self.console.poll() is None:
            self.console.kill()
        if self.console is not None:
            await asyncio.to_thread(self.console.wait, 10)

    @property
    def text(self) -> str:
        """What stands on the client's screen."""
        return "\n".join(self._screen.display)

    def press(self, keys: str) -> None:
        self._session.stdin.write(keys.encode())

    def cut(self) -> None:
        """The line goes dead: no goodbye at either end."""
        self._client.abort()

    async def wait_for(self, *texts: str, timeout: float = 15) -> str:
        """The screen, once it shows all of these."""
        deadline = asyncio.get_running_loop().time() + timeout
        while not all(text in self.text for text in texts):
            assert asyncio.get_running_loop().time() < deadline, f"{texts} never stood here:\n{self.text}"
            await asyncio.sleep(0.02)
        return self.text

    async def wait_gone(self, timeout: float = 10) -> int:
        """The exit code of the process at the far end."""
        assert self.console is not None
        return await asyncio.to_thread(self.console.wait, timeout)

    async def _read(self) -> None:
        while data := await self._session.stdout.read(65_536):
            self._stream.feed(data)

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.console = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=self._env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        loop = asyncio.get_running_loop()
        loop.add_reader(master, self._pass_on, master, process)
        try:
            while data := await process.stdin.read(1024):
                os.write(master, data)
        except (asyncssh.Error, OSError):
            pass  # the connection is gone: so is the terminal
        finally:
            loop.remove_reader(master)
            os.close(master)

    def _pass_on(self, master: int, process: asyncssh.SSHServerProcess[bytes]) -> None:
        try:
            process.stdout.write(os.read(master, 65_536))
        except OSError:
            asyncio.get_running_loop().remove_reader(master)
            process.exit(0)


@asynccontextmanager
async def over_ssh(command: list[str], cwd: Path, env: dict[str, str]) -> AsyncIterator[Remote]:
    """The command at the far end of an SSH connection; cut, and nothing left, at the end."""
    async with Remote(command, cwd, env) as remote:
        yield remote
