"""`concurrency` and `rate_limit`, for code that blocks (prefect.concurrency.sync)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tui_flow.contract.limits import Hold
from tui_flow.sdk.concurrency import Wish

__all__ = ["concurrency", "rate_limit"]


@contextmanager
def concurrency(
    names: str | list[str],
    occupy: int = 1,
    timeout_seconds: float | None = None,
    max_retries: int | None = None,
    lease_duration: float = 300,  # noqa: ARG001
    strict: bool = False,
    holder: Any = None,  # noqa: ARG001
    raise_on_lease_renewal_failure: bool | None = None,  # noqa: ARG001
    suppress_warnings: bool = False,  # noqa: ARG001
) -> Iterator[None]:
    """`with concurrency("database"):` holds slots of the named limits inside; of all of them, or it waits.

    Raises TimeoutError after `timeout_seconds`, ConcurrencySlotAcquisitionError for a limit that is not there, if
    `strict`; else that is warned of, and nothing is waited for. Leases are accepted, and not needed: whoever dies has
    no slots.
    """
    hold = _acquired(
        Wish(
            names, occupy, keeps=True, timeout_seconds=timeout_seconds, max_retries=max_retries, strict=strict
        )
    )
    try:
        yield
    finally:
        hold.release()


def rate_limit(
    names: str | list[str], occupy: int = 1, timeout_seconds: float | None = None, strict: bool = False
) -> None:
    """Waits until the named limits have so many slots, and uses them up; they come back at the limit's rate.

    Raises what `concurrency` does, and ConcurrencySlotAcquisitionError for a limit that does not refill.
    """
    _acquired(Wish(names, occupy, keeps=False, timeout_seconds=timeout_seconds, strict=strict))


def _acquired(wish: Wish) -> Hold:
    for found in wish.tries():
        if isinstance(found, Hold):
            return found
        time.sleep(found)
    raise AssertionError("the tries end with slots")
