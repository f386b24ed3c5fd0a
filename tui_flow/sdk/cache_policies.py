"""Prefect's cache policies by name. Tasks are not cached yet: only NO_CACHE is accepted, the others are refused where
a task asks for them."""

from typing import Any


class CachePolicy:
    """When a task's earlier result would stand for a new run."""

    def __init__(self, name: str, is_harmless: bool = False) -> None:
        self.name = name
        self.is_harmless = is_harmless
        """Whether a task that is never cached does what this asks for."""

    def configure(self, **_: Any) -> "CachePolicy":
        return self

    def __add__(self, other: "CachePolicy") -> "CachePolicy":
        return CachePolicy(f"{self.name} + {other.name}")

    def __sub__(self, other: str) -> "CachePolicy":
        return CachePolicy(f"{self.name} - {other!r}")

    def __repr__(self) -> str:
        return self.name


NO_CACHE = NONE = CachePolicy("NO_CACHE", is_harmless=True)
INPUTS = CachePolicy("INPUTS")
TASK_SOURCE = CachePolicy("TASK_SOURCE")
FLOW_PARAMETERS = CachePolicy("FLOW_PARAMETERS")
RUN_ID = CachePolicy("RUN_ID")
DEFAULT = CachePolicy("DEFAULT")
