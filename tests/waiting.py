"""Waiting for a condition, in tests: never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(condition: Callable[[], Found], timeout: float = 10.0, what: str = "") -> Found:
    """The condition's first true answer. Fails the test where it has none within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(
                f"waited {timeout} s in vain for {what or condition}; last answer: {answer!r}"
            )
        time.sleep(0.01)
