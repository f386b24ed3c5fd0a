"""Ways out of the machine. Each takes a message (`alerts.messages`), and says what became of it, in a few words.

A channel raises nothing but ChannelFailed, and takes `TIMEOUT_SECONDS` at most.
"""

from typing import Any, Protocol

TIMEOUT_SECONDS = 10.0


class ChannelFailed(Exception):
    """The message did not go out; says why."""


class Channel(Protocol):
    name: str
    """What may be shown of it."""

    def send(self, message: dict[str, Any]) -> str:
        """Says how it went: "exit 0, 0.3s". Raises ChannelFailed."""
        ...
