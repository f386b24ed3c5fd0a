"""The engine's Unix socket: commands in, answers and changes out. Only for the user that the engine runs as."""

import asyncio
import os
import pwd
import socket
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any

from tui_flow.contract import wire
from tui_flow.contract.commands import Command
from tui_flow.contract.endpoint import address, peer_uid
from tui_flow.contract.errors import EngineError, ProtocolError, TuiFlowError, to_wire
from tui_flow.contract.rundir import ENGINE_SOCKET
from tui_flow.engine.engine_log import EngineLog
from tui_flow.settings import Settings

Answer = Callable[["Connection", Command], Awaitable[dict[str, Any]]]


class Connection:
    """One client. It is answered in the order in which it asks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, line: bytes) -> None:
        self._writer.write(line)

    def waiting_bytes(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    def uid(self) -> int:
        return peer_uid(self._writer.get_extra_info("socket"))

    @cached_property
    def user(self) -> str:
        """Who asks: the name that the system has for them, or "uid 1234" where it has none."""
        uid = self.uid()
        try:
            return pwd.getpwuid(uid).pw_name
        except (KeyError, OverflowError):
            return f"uid {uid}"

    async def read_line(self) -> bytes:
        """The next line; empty at the end. Raises ProtocolError for one that is too long, or cut off."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise ProtocolError("the line has no end") from None
            return b""
        except asyncio.LimitOverrunError:
            raise ProtocolError(f"a line of more than {wire.MAX_LINE:,} bytes") from None

    async def answer(self, id: int | None, result: dict[str, Any] | TuiFlowError) -> None:
        """Sends the answer to a request, and waits while the client does not take it."""
        failed = isinstance(result, TuiFlowError)
        said = {"error": to_wire(result)} if isinstance(result, TuiFlowError) else {"result": result}
        self.send(wire.to_line({"v": wire.VERSION, "id": id, "ok": not failed, **said}))
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return  # it went away first


class Server:
    def __init__(
        self, settings: Settings, answer: Answer, on_close: Callable[[Connection], None], log: EngineLog
    ) -> None:
        """`answer` does what a command asks, or raises a TuiFlowError."""
        self.connections: set[Connection] = set()
        self._settings, self._answer, self._on_close, self._log = settings, answer, on_close, log
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listens. Whoever calls this holds `engine.lock`, so a socket that lies there is a dead engine's."""
        (self._settings.state_dir / ENGINE_SOCKET).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        umask = os.umask(0o177)
        try:
            with address(self._settings.state_dir) as path:
                listener.bind(path)
        except OSError as error:
            raise EngineError(
                f"cannot make the engine's socket: {error.strerror or error}",
                where=str(self._settings.state_dir / ENGINE_SOCKET),
                next="the project must lie on a file system that has Unix sockets",
            ) from None
        finally:
            os.umask(umask)
        self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=wire.MAX_LINE)

    async def stop(self, is_home: bool) -> None:
        """Takes no more clients, lets answers that are under way go out, and closes. The socket is removed unless
        the state directory is somebody else's by now."""
        if self._server is None:
            return
        self._server.close()
        if is_home:
            (self._settings.state_dir / ENGINE_SOCKET).unlink(missing_ok=True)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection, task = Connection(reader, writer), asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections.add(connection)
        try:
            if connection.uid() == os.geteuid():
                await self._serve(connection)
            else:
                self._log.warn(f"turned away a client of uid {connection.uid()}")
        except (OSError, asyncio.CancelledError):
            pass  # the client went away, or the engine ends: either way there is nobody left to tell
        finally:
            self.connections.discard(connection)
            self._on_close(connection)
            await connection.close()
            self._tasks.discard(task)

    async def _serve(self, connection: Connection) -> None:
        """One line, one answer, until the client hangs up or says something that is no command."""
        while True:
            try:
                line = await connection.read_line()
                if not line:
                    return
                id, command = wire.decode_request(line)
            except ProtocolError as error:
                await connection.answer(None, error)
                return
            try:
                result: dict[str, Any] | TuiFlowError = await self._answer(connection, command)
            except TuiFlowError as error:
                result = error
            await connection.answer(id, result)
