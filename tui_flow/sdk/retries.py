"""How long to wait before the next try."""

from collections.abc import Callable, Sequence

MAX_DELAYS = 50
"""A list of delays may have this many, as in Prefect."""

Delays = float | Sequence[float] | Callable[[int], Sequence[float]] | None


def exponential_backoff(backoff_factor: float) -> Callable[[int], list[float]]:
    """For `retry_delay_seconds`: factor, 2 × factor, 4 × factor … seconds."""

    def delays(retries: int) -> list[float]:
        return [backoff_factor * 2**number for number in range(retries)]

    return delays


def checked_delays(delays: Delays, retries: int) -> float | list[float]:
    """Seconds, or a list of them, from what the author gave. Raises ValueError or TypeError for what is neither."""
    if callable(delays):
        delays = delays(retries)
    if delays is None:
        return 0.0
    if isinstance(delays, (int, float)):
        delays = float(delays)
    else:
        delays = [float(delay) for delay in delays]
        if len(delays) > MAX_DELAYS:
            raise ValueError(f"Can not configure more than {MAX_DELAYS} retry delays per task.")
    if any(delay < 0 for delay in (delays if isinstance(delays, list) else [delays])):
        raise ValueError("retry_delay_seconds must not be negative.")
    return delays


def delay_before(next_try: int, delays: float | list[float], jitter_factor: float | None) -> float:
    """Seconds before try number `next_try` (2 is the first retry). The last delay of a list holds for the rest."""
    if isinstance(delays, list):
        delay = delays[min(next_try - 2, len(delays) - 1)] if delays else 0.0
    else:
        delay = delays
    if not jitter_factor or not delay:
        return delay
    import random

    return delay * (1 + jitter_factor * random.random())  # noqa: S311  (not a secret)
