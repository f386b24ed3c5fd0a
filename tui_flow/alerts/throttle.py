"""When messages may go out, so that a bad night is a handful of them and not a thousand. Pure."""

from collections.abc import Sequence

COLLECT_SECONDS = 3.0
"""What is due so soon after the first shares its message."""
WINDOW_SECONDS, MOST = 600.0, 6
"""So many messages go out within so long; what is due meanwhile waits, and shares the next one."""
RETRY_SECONDS = 300.0
"""After a message that no channel took, it is due again."""
MOST_TRIES = 3


def next_at(first_owed_at: float | None, sent: Sequence[float]) -> float | None:
    """When the next message may go out: what is owed since `first_owed_at`, after those that went out at `sent`."""
    if first_owed_at is None:
        return None
    recent = sorted(sent)[-MOST:]
    held = recent[0] + WINDOW_SECONDS if len(recent) == MOST else 0.0
    return max(first_owed_at + COLLECT_SECONDS, held)
