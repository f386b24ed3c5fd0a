"""A connection to the engine that waits."""

import socket
import time
from collections.abc import Iterator
from typing import Any, Self

from tui_flow.client.codec import ANSWER_SECONDS, Codec, gone
from tui_flow.contract.changes import Change, EngineStopping
from tui_flow.contract.commands import Command
from tui_flow.contract.errors import EngineError


class Connection:
    """A blocking connection, for one thread."""

    def __init__(self, end: socket.socket) -> None:
        self._socket, self._buffer, self._codec = end, bytearray(), Codec()

    def ask(self, command: Command, timeout: float = ANSWER_SECONDS) -> dict[str, Any]:
        """The engine's result. Raises what it answered; EngineError where it has gone or stays silent."""
        id, line = self._codec.request(command)
        deadline = time.monotonic() + timeout
        try:
            self._socket.settimeout(timeout)
            self._socket.sendall(line)
        except OSError as error:
            # A refusal may lie there to be read, although the other end has closed.
            if not isinstance(error, BrokenPipeError | ConnectionResetError):
                raise gone(error) from None
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

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

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
                raise gone(error) from None
            if not data:
                raise gone()
            self._buffer += data
        line, _, rest = self._buffer.partition(b"\n")
        self._buffer = bytearray(rest)
        return bytes(line)
