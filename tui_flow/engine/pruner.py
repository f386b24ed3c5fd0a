"""Prunes: takes out of the history, and off the disk, the runs that the settings no longer keep.

A pass goes on in small steps between which everybody else gets a turn. The directory of a run goes first and its
rows after: whatever dies in between, the row is still there for the next pass. At the end the sources and results go
that no run and no flow file refers to any more.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.rundir import LOCK, SOURCES, lock_holder, run_dir
from tui_flow.counting import counted
from tui_flow.engine import leftovers
from tui_flow.engine.bus import Bus
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine_log import EngineLog
from tui_flow.settings import Settings
from tui_flow.store import retention
from tui_flow.store.database import Connection
from tui_flow.store.retention import Rules

FIRST_SECONDS = 2.0
"""After the engine's start: it has better things to do at first."""
PASS_SECONDS = 3600.0
"""Between two passes."""
STEP_SECONDS = 0.005
"""A step takes hardly longer."""
GAP_SECONDS = 0.01
"""Between two steps."""
SOURCE_DAYS = 7.0
"""An unreferenced source stays so long after it was last used: a run that has it may have just begun."""
_BATCH_RUNS = 50
_SOURCE = re.compile(r"([0-9a-f]{64})\.py")


class Pruner:
    def __init__(self, settings: Settings, db: Connection, clock: Clock, bus: Bus, log: EngineLog) -> None:
        self.settings = settings
        self._state_dir, self._db, self._clock, self._bus, self._log = settings.state_dir, db, clock, bus, log
        self._next_at = clock.monotonic() + FIRST_SECONDS
        self._work: Iterator[None] | None = None
        self._counts: Counter[str] = Counter()
        self._on_end: list[Callable[[Counter[str]], None]] = []

    def begin(self, on_end: Callable[[Counter[str]], None]) -> None:
        """Starts a whole pass at the next step, and calls back with the number of runs by why they went."""
        self._work, self._next_at = None, 0.0
        self._on_end.append(on_end)

    def tick(self, now: float) -> float:
        """One step of a pass, if one is due."""
        if now < self._next_at:
            return self._next_at
        if self._work is None:
            self._counts = Counter()
            self._work = self._pass()
        until = time.monotonic() + STEP_SECONDS
        try:
            for _ in self._work:
                if time.monotonic() >= until:
                    self._next_at = now + GAP_SECONDS
                    return self._next_at
        except BaseException:
            self._work = None  # a new pass begins where this one failed
            raise
        self._end()
        self._next_at = now + PASS_SECONDS
        return self._next_at

    def _end(self) -> None:
        self._work = None
        if self._counts.total():
            reasons = ", ".join(f"{count} by {why}" for why, count in sorted(self._counts.items()))
            self._log.say(f"pruned {counted(self._counts.total(), 'run')}: {reasons}")
            self._bus.publish(self._bus.snapshot)  # who shows one of them has to read again
        for on_end in self._on_end:
            on_end(self._counts)
        self._on_end.clear()

    def _pass(self) -> Iterator[None]:
        rules = rules_of(self.settings)
        batch: list[int] = []
        for victim in retention.plan(self._db, rules, self._clock.time(), self._size):
            yield
            if victim is None or not self._clear(victim.id):
                continue
            self._counts[victim.why] += 1
            batch.append(victim.id)
            if len(batch) == _BATCH_RUNS:
                yield from self._delete(batch)
                batch = []
        yield from self._delete(batch)
        if rules.days:
            before = self._clock.time() - rules.days * retention.DAY
            yield from (None for _ in retention.delete_fire_times(self._db, before))
            yield from (None for _ in retention.delete_events(self._db, before))
        yield from self._drop_sources()
        now = self._clock.time()
        yield from leftovers.drop_results(self._state_dir, self._db, now)
        yield from leftovers.drop_unborn(self._state_dir, self._db, now)
        yield from leftovers.drop_secrets(self._state_dir, self._db)

    def _clear(self, run_id: int) -> bool:
        """Removes the directory of a run. False where a keeper is still there, or it cannot be removed."""
        directory = run_dir(self._state_dir, run_id)
        try:
            if lock_holder(directory / LOCK) is not None:
                return False
            leftovers.remove(directory)
        except OSError as error:
            self._log.warn(f"run {run_id}: cannot remove its directory: {error}")
            return False
        return True

    def _delete(self, ids: list[int]) -> Iterator[None]:
        failpoint("retention")
        yield from (None for _ in retention.delete_runs(self._db, ids))

    def _drop_sources(self) -> Iterator[None]:
        """Removes the sources that nobody refers to."""
        limit = self._clock.time() - SOURCE_DAYS * retention.DAY
        with os.scandir(self._state_dir / SOURCES) as entries:
            old = {
                match[1]
                for entry in entries
                if (match := _SOURCE.fullmatch(entry.name))
                and entry.stat(follow_symlinks=False).st_mtime < limit
            }
        for free in retention.unreferenced_sources(self._db, old) if old else ():
            yield
            for sha in free or ():
                (self._state_dir / SOURCES / f"{sha}.py").unlink(missing_ok=True)

    def _size(self, run_id: int) -> int:
        return size_of(run_dir(self._state_dir, run_id))


def rules_of(settings: Settings) -> Rules:
    return Rules(settings.keep_days, settings.keep_runs, settings.keep_mb)


def size_of(directory: Path) -> int:
    """What the files of a run take on the disk, in bytes. Links are not followed."""
    try:
        with os.scandir(directory) as entries:
            return sum(
                size_of(Path(entry.path))
                if entry.is_dir(follow_symlinks=False)
                else entry.stat(follow_symlinks=False).st_blocks * 512
                for entry in entries
            )
    except OSError:
        return 0
