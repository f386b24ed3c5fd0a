"""Keys in the order in which they were typed, each to where the one before it led.

Textual hands a key to whoever has the focus when it arrives, although keys before it may still be on their way to
move the focus. Where many arrive at once (a slow line, a paste), "/report" would open the filter and then run a flow.
So a key is handed on only when the one before it has gone all the way up: a callback follows it through the queues. And
while the place that it was typed for is still to come, it waits: what is in front by then is another flow's row.
"""

import time
from collections import deque
from typing import TypeVar

from textual import events
from textual.app import App
from textual.dom import DOMNode

Result = TypeVar("Result")
LOST_SECONDS = 1.0
"""After so long a key counts as done: whoever had it may be gone."""
HELD_SECONDS, LOOK_SECONDS = 2.0, 0.02
"""So long keys wait at most for their place to come, and between two looks whether it has."""
TYPED_AHEAD = "ctrl+j"
"""What an Enter arrives as that was typed before the terminal was the console's."""


class OneKeyAtATime(App[Result], inherit_bindings=False):
    """An app that a burst of keys cannot overtake."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: deque[events.Key] = deque()
        self._key_in_hand: float | None = None
        """When the key that is under way was handed on."""
        self._held_since: float | None = None
        """When the oldest key that waits for its place began to; 0 where that took too long, and none waits any more."""

    def is_arriving(self) -> bool:
        """Whether the place that keys are typed for is still to come."""
        return False

    def tell_dropped(self, count: int) -> None:
        """So many keys were typed for a place that has not come in time, and do nothing."""

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self._keys.append(events.Key("enter", "\r") if event.key == TYPED_AHEAD else event)
        if self._held_since:
            return
        in_hand = self._key_in_hand
        if in_hand is None or time.monotonic() - in_hand > LOST_SECONDS:
            await self._hand_on()

    async def _hand_on(self) -> None:
        """Hands the oldest key to whoever has the focus now."""
        if not self._keys:
            self._key_in_hand = None
            return
        self._key_in_hand = time.monotonic()
        if not self.is_arriving():
            self._held_since = None
        elif self._held_since is None:
            self._held_since = time.monotonic()
            self.set_timer(LOOK_SECONDS, self._look)
            return
        target = self.focused or self.screen
        await super().on_event(self._keys.popleft())
        self._follow(target)

    async def _look(self) -> None:
        """Hands on what waits once its place is there. After too long it is dropped: it was not meant for what is in
        front instead."""
        if not self.is_arriving():
            self._held_since = None
            await self._hand_on()
        elif self._held_since and time.monotonic() - self._held_since < HELD_SECONDS:
            self.set_timer(LOOK_SECONDS, self._look)
        else:
            count, self._held_since, self._key_in_hand = len(self._keys), 0.0, None
            self._keys.clear()
            self.tell_dropped(count)

    def _follow(self, node: DOMNode | None) -> None:
        """Goes where the key went: through the queue of a node, and then through that of its parent."""
        if node is None or node is self:
            self.post_message(events.Callback(self._hand_on))
        elif not node.post_message(events.Callback(lambda: self._follow(node.parent))):
            self._follow(node.parent)
