"""The time, as something that a test can hand in."""

import time


class Clock:
    """Duties are told the monotonic time (`tick(now)`), and ask for the wall time only to write it down."""

    def monotonic(self) -> float:
        """Seconds that never go back: for what is due, and how long something took."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since the epoch (UTC): for the history and the journal."""
        return time.time()
