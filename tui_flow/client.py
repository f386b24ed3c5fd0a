"""Talks to a project's engine, and starts it where none is running. One codec, a blocking and an asyncio connection.

    with client.connect(settings) as engine:
        run_id = engine.ask(RunFlow("etl"))["run_id"]

Everything here raises EngineError where the engine cannot be reached or does not come up, and what the engine answers
as the error of `contract.errors` that it is.
"""

import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from tui_flow.contract import changes, commands
from tui_flow.contract.changes import Change, EngineStopping
from tui_flow.contract.commands import Command
from tui_flow.contract.endpoint import address, peer_uid
from tui_flow.contract.errors import (
    EXIT_ENGINE,
    EXIT_STATE,
    EngineError,
    HistoryError,
    ProtocolError,
    TuiFlowError,
    from_wire,
)
from tui_flow.contract.rundir import ENGINE_LOG, ENGINE_SOCKET, ENV_COOKIE, ENV_RUN_DIR, open_state_dir
from tui_flow.settings import Settings

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

_RETRY_SECONDS = 0.01
_ANSWER_SECONDS = 60.0
"""How long an answer is waited for: a `Sync` waits for flow files that are slow to import."""
_LOG_LINES = 8
_started: list["subprocess.Popen[bytes]"] = []
"""The engines that this process has started: they live on, but somebody has to know them to reap them."""


class Codec:
    """What was sent and what came back, without the bytes' way there: the same for both connections."""

    def __init__(self) -> None:
        self._last_id = 0
        self.held: deque[tuple[int, Change]] = deque()
        """Changes that came while an answer was waited for."""

    def request(self, command: Command) -> tuple[int, bytes]:
        self._last_id += 1
        return self._last_id, commands.encode_request(self._last_id, command)

    def result(self, line: bytes, id: int) -> dict[str, Any] | None:
        """The result in a line; None for one that is no answer to this request: a change is held, the rest ignored.

        Raises the error that the engine answered.
        """
        message = _message(line)
        if "change" in message:
            change = changes.decode(message)
            if change is not None:
                self.held.append((message["seq"], change))
            return None
        if message.get("id") not in (id, None):
            return None
        if not message.get("ok"):
            raise from_wire(message.get("error") or {})
        result: dict[str, Any] = message["result"]
        return result

    def change(self, line: bytes) -> tuple[int, Change] | None:
        """The change in a line; None for an answer that nobody waits for, or a change of a later version."""
        message = _message(line)
        change = changes.decode(message)
        return None if change is None else (message["seq"], change)


class Connection:
    """A blocking connection, for one thread."""

    def __init__(self, end: socket.socket) -> None:
        self._socket, self._buffer, self._codec = end, bytearray(), Codec()

    def ask(self, command: Command, timeout: float = _ANSWER_SECONDS) -> dict[str, Any]:
        """The engine's result. Raises what it answered; EngineError where it has gone or stays silent."""
        id, line = self._codec.request(command)
        deadline = time.monotonic() + timeout
        try:
            self._socket.settimeout(timeout)
            self._socket.sendall(line)
        except OSError as error:
            # A refusal may lie there to be read, although the other end has closed.
            if not isinstance(error, BrokenPipeError | ConnectionResetError):
                raise _gone(error) from None
        while True:
            answer = self._read_line(deadline)
            if answer is None:
                raise EngineError(f"the engine did not answer within {timeout:g} s")
            result = self._codec.result(answer, id)
            if result is not None:
                return result

    def changes(self, timeout: float | None = None) -> Iterator[tuple[int, Change]]:
        """Sequence numbers and changes, after `ask(Subscribe())`; ends with the engine, or after `timeout` seconds
        without a change. A gap in the numbers, or a `Snapshot`, means: read everything anew."""
        while True:
            if self._codec.held:
                found: tuple[int, Change] | None = self._codec.held.popleft()
            else:
                line = self._read_line(None if timeout is None else time.monotonic() + timeout)
                if line is None:
                    return
                found = self._codec.change(line)
            if found is not None:
                yield found
                if isinstance(found[1], EngineStopping):
                    return

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_line(self, deadline: float | None) -> bytes | None:
        """The next line; None where none came in time."""
        while b"\n" not in self._buffer:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            try:
                self._socket.settimeout(left)
                data = self._socket.recv(65_536)
            except TimeoutError:
                return None
            except OSError as error:
                raise _gone(error) from None
            if not data:
                raise _gone()
            self._buffer += data
        line, _, rest = self._buffer.partition(b"\n")
        self._buffer = bytearray(rest)
        return bytes(line)


class AsyncConnection:
    """The same for asyncio. One task may ask while another one iterates over `changes()`."""

    def __init__(self, reader: "asyncio.StreamReader", writer: "asyncio.StreamWriter") -> None:
        import asyncio

        self._reader, self._writer, self._codec = reader, writer, Codec()
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._changes: asyncio.Queue[tuple[int, Change] | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._read())

    async def ask(self, command: Command, timeout: float = _ANSWER_SECONDS) -> dict[str, Any]:
        """The engine's result. Raises what it answered; EngineError where it has gone or stays silent."""
        import asyncio

        if self._task.done():
            raise _gone()
        id, line = self._codec.request(command)
        answer = self._answers[id] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(line)
            return await asyncio.wait_for(answer, timeout)
        except TimeoutError:
            raise EngineError(f"the engine did not answer within {timeout:g} s") from None
        finally:
            del self._answers[id]

    async def changes(self) -> "AsyncIterator[tuple[int, Change]]":
        """Sequence numbers and changes, after `ask(Subscribe())`; ends when the engine does, or is gone."""
        while (found := await self._changes.get()) is not None:
            yield found
            if isinstance(found[1], EngineStopping):
                return

    async def close(self) -> None:
        self._task.cancel()
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        """Sorts what comes: answers to those who wait for them, changes into the queue."""
        failed: EngineError = _gone()
        try:
            while line := await self._reader.readline():
                self._sort(line)
        except EngineError as error:
            failed = error
        except (OSError, ValueError) as error:
            failed = _gone(error)
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(failed)
            self._changes.put_nowait(None)

    def _sort(self, line: bytes) -> None:
        message = _message(line)
        if "change" in message:
            change = self._codec.change(line)
            if change is not None:
                self._changes.put_nowait(change)
            return
        id = message.get("id")
        waiting = self._answers.items() if id is None else [(id, self._answers.get(id))]
        for asked, answer in waiting:
            if answer is None or answer.done():
                continue
            try:
                answer.set_result(self._codec.result(line, asked) or {})
            except Exception as error:
                answer.set_exception(error)


def connect(settings: Settings, *, start: bool = True, timeout: float = 15.0) -> Connection:
    """A connection to the project's engine. Without `start`, EngineError where none is running.

    Raises StateDirError where the state directory cannot be used, and, with the end of engine.log, HistoryError where
    the engine refuses the history, EngineError where none comes up within `timeout` seconds.
    """
    return Connection(_reach(settings, start, timeout))


async def connect_async(settings: Settings, *, start: bool = True, timeout: float = 15.0) -> AsyncConnection:
    """The same for asyncio; the loop is not held up meanwhile."""
    import asyncio

    end = await asyncio.to_thread(_reach, settings, start, timeout)
    end.settimeout(None)
    reader, writer = await asyncio.open_unix_connection(sock=end, limit=commands.MAX_LINE)
    return AsyncConnection(reader, writer)


def _reach(settings: Settings, start: bool, timeout: float) -> socket.socket:
    """A connected socket at whose other end an engine of ours has answered."""
    open_state_dir(settings.project)
    deadline = time.monotonic() + timeout
    found = _try(settings, deadline)
    if found is None and not start:
        raise EngineError(
            "no engine is running for this project",
            where=str(settings.project),
            next="tui-flow engine start starts one",
        )
    engine = None
    while found is None:
        # Code 3 says that another engine has won, and that one may be just ending: then ours is to be the next.
        code = EXIT_ENGINE if engine is None else engine.poll()
        if code == EXIT_ENGINE:
            engine = _start(settings)
        elif code is not None:
            kind = HistoryError if code == EXIT_STATE else EngineError
            raise _not_up(settings, f"the engine ended as it started (exit code {code})", kind)
        if time.monotonic() > deadline:
            raise _not_up(settings, f"the engine did not answer within {timeout:g} s")
        time.sleep(_RETRY_SECONDS)
        found = _try(settings, deadline)
    return found


def _try(settings: Settings, deadline: float) -> socket.socket | None:
    """A connected socket, or None where nobody listens. A version that is not ours raises ProtocolError."""
    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        end.settimeout(max(0.1, deadline - time.monotonic()))
        with address(settings.state_dir) as path:
            end.connect(path)
        _refuse_stranger(end, settings)
        # An engine that is just ending accepts, and never answers.
        end.sendall(commands.encode_request(0, commands.GetStatus()))
        answer = b""
        while not answer.endswith(b"\n"):
            data = end.recv(65_536)
            if not data:
                raise ConnectionResetError
            answer += data
        _message(answer)
    except OSError:
        end.close()
        return None
    except BaseException:
        end.close()
        raise
    return end


def _refuse_stranger(end: socket.socket, settings: Settings) -> None:
    uid = peer_uid(end)
    if uid != os.geteuid():
        raise EngineError(
            f"the engine here runs as uid {uid}, and you are uid {os.geteuid()}",
            where=str(settings.state_dir / ENGINE_SOCKET),
            next="use tui_flow as that user, or in a project of your own",
        )


def _start(settings: Settings) -> "subprocess.Popen[bytes]":
    """Starts the engine, detached from this terminal. What it says before it has a log goes there all the same."""
    environment = {key: value for key, value in os.environ.items() if key not in (ENV_RUN_DIR, ENV_COOKIE)}
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    log = os.open(settings.state_dir / ENGINE_LOG, flags, 0o600)
    try:
        # From "/" so that nothing in the project can stand in for a module that the engine imports.
        engine = subprocess.Popen(
            [sys.executable, "-m", "tui_flow.engine", "--project", str(settings.project)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env=environment,
        )
    finally:
        os.close(log)
    _started.append(engine)
    return engine


def _not_up(settings: Settings, what: str, kind: type[TuiFlowError] = EngineError) -> TuiFlowError:
    path = settings.state_dir / ENGINE_LOG
    try:
        lines = path.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]
    except OSError:
        lines = []
    return kind(what, where="\n".join([f"{path} ends with:", *lines]) if lines else str(path))


def _message(line: bytes) -> dict[str, Any]:
    """One line of the engine's. Raises ProtocolError where it is of another version."""
    try:
        return commands.from_line(line)
    except ProtocolError as error:
        raise ProtocolError(
            f"the engine that runs here is not of this version: {error.what}", next=error.next
        ) from None


def _gone(error: Exception | None = None) -> EngineError:
    reason = f": {error}" if error and str(error) else ""
    return EngineError(f"the engine has gone{reason}", next="ask again; a new one starts by itself")
