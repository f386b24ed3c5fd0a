"""How long to wait before the next try."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

MAX_DELAYS = 50
"""A list of delays may have this many, as in Prefect."""

Delays = float | Sequence[float] | Callable[[int], Sequence[float]] | None


def exponential_backoff(backoff_factor: float) -> Callable[[int], list[float]]:
    """For `retry_delay_seconds`: factor, 2 × factor, 4 × factor … seconds."""

    def delays(retries: int) -> list[float]:
        return [backoff_factor * 2**number for number in range(retries)]

    return delays


def checked_delays(delays: Delays, retries: int) -> float | list[float]:
    """Seconds, or a list of them, from what the author gave; timedeltas will do. Raises ValueError or TypeError for what is neither."""
    if callable(delays):
        delays = delays(retries)
    if delays is None:
        return 0.0
    try:
        several = isinstance(delays, Iterable) and not isinstance(delays, (str, bytes))
        found: Any = [_seconds(delay) for delay in delays] if several else _seconds(delays)  # type: ignore[union-attr]
    except (TypeError, ValueError):
        raise TypeError(
            f"Expected seconds, or a list of them, for 'retry_delay_seconds'; got {delays!r}."
        ) from None
    if isinstance(found, list) and len(found) > MAX_DELAYS:
        raise ValueError(f"Can not configure more than {MAX_DELAYS} retry delays per task.")
    if any(delay < 0 for delay in (found if isinstance(found, list) else [found])):
        raise ValueError("retry_delay_seconds must not be negative.")
    return found  # type: ignore[no-any-return]


def _seconds(delay: Any) -> float:
    if isinstance(delay, str):
        raise TypeError("text is no number of seconds")
    return float(delay.total_seconds() if hasattr(delay, "total_seconds") else delay)


def default_retries(kind: str) -> int | None:
    """What PREFECT_TASKS_DEFAULT_RETRIES, or that of FLOWS, says; None where it says nothing. Raises ValueError."""
    found: int | None = _of_environment(f"PREFECT_{kind}_DEFAULT_RETRIES", int)
    return found


def default_delays(kind: str) -> "float | list[float] | None":
    """The same of PREFECT_…_DEFAULT_RETRY_DELAY_SECONDS, which may be several, separated by commas."""
    found: list[float] | None = _of_environment(
        f"PREFECT_{kind}_DEFAULT_RETRY_DELAY_SECONDS", lambda text: [float(one) for one in text.split(",")]
    )
    return found[0] if found and len(found) == 1 else found


def _of_environment(name: str, read: Callable[[str], Any]) -> Any:
    text = os.environ.get(name)
    if not text:
        return None
    try:
        return read(text)
    except ValueError:
        raise ValueError(f"{name}={text!r}: numbers are expected") from None


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
