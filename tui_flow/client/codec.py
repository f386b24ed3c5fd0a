"""What goes over the socket, without the bytes' way there: the same for both kinds of connection."""

from collections import deque
from typing import Any

from tui_flow.contract import changes, wire
from tui_flow.contract.changes import Change
from tui_flow.contract.commands import Command
from tui_flow.contract.errors import EngineError, ProtocolError, from_wire

ANSWER_SECONDS = 60.0
"""How long an answer is waited for: a `Sync` waits for flow files that are slow to import."""


class Codec:
    """Numbers requests, and tells answers from changes."""

    def __init__(self) -> None:
        self._last_id = 0
        self.held: deque[tuple[int, Change]] = deque()
        """Changes that came while an answer was waited for."""

    def request(self, command: Command) -> tuple[int, bytes]:
        self._last_id += 1
        return self._last_id, wire.encode_request(self._last_id, command)

    def result(self, line: bytes, id: int) -> dict[str, Any] | None:
        """The result in a line; None for one that is no answer to this request: a change is held, the rest ignored.

        Raises the error that the engine answered.
        """
        message = message_of(line)
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
        message = message_of(line)
        change = changes.decode(message)
        return None if change is None else (message["seq"], change)


def message_of(line: bytes) -> dict[str, Any]:
    """One line of the engine's. Raises ProtocolError where it is of another version."""
    try:
        return wire.from_line(line)
    except ProtocolError as error:
        raise ProtocolError(
            f"the engine that runs here is not of this version: {error.what}", next=error.next
        ) from None


def gone(error: Exception | None = None) -> EngineError:
    reason = f": {error}" if error and str(error) else ""
    return EngineError(f"the engine has gone{reason}", next="ask again; a new one starts by itself")
