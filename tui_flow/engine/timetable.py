"""The fire times of one schedule, as seconds since the epoch: what fires next, and what was missed.

`tui_flow.fire_times` says when a schedule fires; here is what a scheduler asks about that.
"""

from collections.abc import Callable, Iterator
from itertools import islice

Next = Callable[[float], float | None]
"""The first fire time after a moment; None where there is none any more."""
MAX_COUNT = 1_000
"""So many are counted one by one; of more, the number is estimated."""
_FIRST_WINDOW_SECONDS = 60.0


class Timetable:
    def __init__(self, next_fire: Next) -> None:
        self.next = next_fire

    def walk(self, after: float, until: float) -> Iterator[float]:
        """Those after `after` and not after `until`, the oldest first."""
        found = self.next(after)
        while found is not None and found <= until:
            yield found
            following = self.next(found)
            found = following if following is None or following > found else None

    def last(self, after: float, until: float, limit: int) -> list[float]:
        """The last ones of `walk`, at most `limit`, the oldest first; without walking all the way."""
        width = _FIRST_WINDOW_SECONDS
        while True:
            start = max(after, until - width)
            found = list(self.walk(start, until))
            if len(found) >= limit or start <= after:
                return found[-limit:]
            width *= 4

    def count(self, after: float, until: float) -> int:
        """How many `walk` gives. From `MAX_COUNT` on an estimate, which is exact where they are equally far apart."""
        found = list(islice(self.walk(after, until), MAX_COUNT))
        if len(found) < MAX_COUNT:
            return len(found)
        period = (found[-1] - found[0]) / (MAX_COUNT - 1)
        return max(MAX_COUNT, 1 + int((until - found[0]) / period + 1e-6))
