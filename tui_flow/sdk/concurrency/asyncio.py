"""`concurrency` and `rate_limit`, for code that awaits (prefect.concurrency.asyncio)."""

from asyncio import sleep
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tui_flow.contract.limits import Hold
from tui_flow.sdk.concurrency import Wish
from tui_flow.sdk.exceptions import AcquireConcurrencySlotTimeoutError, ConcurrencySlotAcquisitionError

__all__ = [
    "AcquireConcurrencySlotTimeoutError",
    "ConcurrencySlotAcquisitionError",
    "concurrency",
    "rate_limit",
]


@asynccontextmanager
async def concurrency(
    names: str | list[str],
    occupy: int = 1,
    timeout_seconds: float | None = None,
    max_retries: int | None = None,
    lease_duration: float = 300,  # noqa: ARG001
    strict: bool = False,
    holder: Any = None,  # noqa: ARG001
    raise_on_lease_renewal_failure: bool | None = None,  # noqa: ARG001
    suppress_warnings: bool = False,  # noqa: ARG001
) -> AsyncIterator[None]:
    """`async with concurrency("database"):`; as the one of `concurrency.sync`."""
    hold = await _acquired(
        Wish(
            names, occupy, keeps=True, timeout_seconds=timeout_seconds, max_retries=max_retries, strict=strict
        )
    )
    try:
        yield
    finally:
        hold.release()


async def rate_limit(
    names: str | list[str], occupy: int = 1, timeout_seconds: float | None = None, strict: bool = False
) -> None:
    """As the one of `concurrency.sync`, for code that awaits it."""
    await _acquired(Wish(names, occupy, keeps=False, timeout_seconds=timeout_seconds, strict=strict))


async def _acquired(wish: Wish) -> Hold:
    for found in wish.tries():
        if isinstance(found, Hold):
            return found
        await sleep(found)
    raise AssertionError("the tries end with slots")
