"""What authors take from prefect.utilities.hashing, for cache keys of their own."""

from hashlib import sha256
from typing import Any

from tui_flow.sdk.cache_policies import hash_of

__all__ = ["hash_objects", "stable_hash"]


def hash_objects(
    *args: Any,
    hash_algo: Any = None,  # noqa: ARG001  (Prefect's)
    raise_on_failure: bool = False,
    **kwargs: Any,
) -> str | None:
    """A hash of any values; None where one cannot be hashed, or with `raise_on_failure` a ValueError."""
    try:
        return hash_of((args, kwargs))
    except ValueError:
        if raise_on_failure:
            raise
        return None


def stable_hash(*args: str | bytes, hash_algo: Any = sha256) -> str:
    """A hash of texts and bytes, the same in every process."""
    found = hash_algo()
    for one in args:
        found.update(one.encode() if isinstance(one, str) else one)
    return str(found.hexdigest())
