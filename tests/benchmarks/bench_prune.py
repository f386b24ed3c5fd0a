"""Pruning: how long whoever writes the history waits meanwhile."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from tests.benchmarks.figure import Figure
from tests.benchmarks.long_history import fill
from tests.engine.house import House
from tests.store.rows import a_run
from tui_flow.engine.pruner import Pruner
from tui_flow.store import runs

RUNS = 1_000_000
KEPT = 1_000


class Wait(NamedTuple):
    """Of one write, since the step of the pruner before it began, in milliseconds."""

    wall: float
    cpu: float


def figures() -> Iterator[Figure]:
    folder = Path(tempfile.mkdtemp())
    try:
        began = time.perf_counter()
        waits = waits_beside_a_pass(folder / "project", RUNS)
        took = time.perf_counter() - began
    finally:
        shutil.rmtree(folder)
    centile, longest = quantiles([wait.wall for wait in waits], n=100)[98], max(wait.wall for wait in waits)
    note = f"{len(waits):,} writes while {RUNS - KEPT:,} runs are pruned, which takes {took:.0f} s with its making"
    yield Figure("prune: a write waits, 99th percentile", centile, "ms", 50.0, None, None, note)
    yield Figure("prune: a write waits at most", longest, "ms", None, None, None, note)


def waits_beside_a_pass(project: Path, count: int) -> list[Wait]:
    """Prunes all but the newest of so many runs, and writes a new run after each step; how long each had to wait."""
    (project / "flows").mkdir(parents=True)
    fill(project, count)
    house = House(project, keep_days=0, keep_runs=KEPT, keep_mb=0)
    pruner = Pruner(house.settings, house.db, house.clock, house.bus, house.log)
    is_over: list[object] = []
    pruner.begin(is_over.append)
    waits: list[Wait] = []
    due = 0.0
    while not is_over:
        wall, cpu = time.perf_counter(), time.thread_time()
        due = pruner.tick(due)
        runs.insert_run(house.db, a_run(count + 1 + len(waits), flow="other"))
        waits.append(Wait((time.perf_counter() - wall) * 1000, (time.thread_time() - cpu) * 1000))
    assert runs.count(house.db) == KEPT + len(waits)
    house.crash()
    return waits
