"""What the import of a flow file leaves in its process besides modules: what a fork would not carry over, or would share
with every other run. A file that leaves any of it is imported afresh for each run."""

import builtins
import json
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from tui_flow.sdk.process_tree import descendants

_INNOCENT = frozenset({"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"})
"""Descriptors that may be shared: nobody can tell how much somebody else has read."""
_RELIED_ON = (builtins, json, os, select, signal, socket, time)
"""What a keeper is made of: it must not run on what an author has put in the place of it."""
_LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]


class Footprint(NamedTuple):
    """A process as it is at one moment."""

    threads: int
    children: int
    descriptors: dict[int, str]
    """What each of them is open on."""
    handlers: dict[int, Any]
    """The signals' dispositions, as far as Python knows them."""
    timers: tuple[float, ...]
    limits: list[tuple[int, int]]
    names: dict[str, dict[str, object]]
    """What the modules hold that a keeper relies on."""


def take() -> Footprint:
    """Of this process. Linux only."""
    return Footprint(
        len(os.listdir("/proc/self/task")),  # noqa: PTH208
        len(descendants(os.getpid(), cookie="")),
        _descriptors(),
        {number: signal.getsignal(number) for number in signal.valid_signals()},
        tuple(signal.getitimer(which)[0] for which in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL)),
        [resource.getrlimit(which) for which in _LIMITS],
        {module.__name__: dict(vars(module)) for module in _RELIED_ON},
    )


def left_behind(before: Footprint, after: Footprint) -> str:
    """What stands against forking from here, in words; empty where nothing does."""
    opened = {
        target for fd, target in after.descriptors.items() if before.descriptors.get(fd) != target
    } - _INNOCENT
    if after.threads > 1:
        return f"leaves {after.threads - 1} thread{'s' * (after.threads > 2)} running"
    if after.children:
        return f"leaves {after.children} process{'es' * (after.children > 1)} running"
    if opened:
        return f"leaves {sorted(opened)[0]} open"
    if after.handlers != before.handlers:
        return "installs a signal handler"
    if any(after.timers):
        return "sets a timer"
    if after.limits != before.limits:
        return "changes the limits of its process"
    return next((f"replaces {name}" for name in _replaced(before.names, after.names)), "")


def _replaced(before: dict[str, dict[str, object]], after: dict[str, dict[str, object]]) -> Iterator[str]:
    for module, names in before.items():
        now = after[module]
        yield from (
            f"{module}.{name}"
            for name, value in names.items()
            if callable(value) and now.get(name) is not value
        )


def _descriptors() -> dict[int, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
        except OSError:
            continue  # the one that listed the others
    return found
