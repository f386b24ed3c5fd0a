"""Finds the runs that nobody told the engine of: those of scripts, and those that an engine died over.

Run ids rise by one and the highest stands in `runs/last`, so only what is new since the last look is looked at; the
history remembers, from one engine to the next, up to which id all is taken up. A directory counts once its `spec.json`
is whole.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tui_flow.contract.rundir import last_run_id, read_spec, run_dir, run_ids
from tui_flow.engine.dispatcher import run_of
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.ingest import NONSENSE, Ingest
from tui_flow.store import facts, runs, schedules
from tui_flow.store.database import Connection

FRESH_SECONDS = 0.02
"""Between two looks at a new directory without a spec, while it is young."""
YOUNG_SECONDS = 5.0
MANY = 1_000
"""New ids at once: from there on the directories are listed, since the counter may have been tampered with."""
RESCAN_SECONDS = 5.0
"""Between two looks without a hint."""
HOPE_SECONDS = 3600.0
"""A directory that had no spec for so long will never get one, as far as the next engine is concerned."""
MARK, MARK_STEP = "runs taken up to", 100
"""The fact in the history that says so, and how many runs it may lag behind."""


class Arrivals:
    def __init__(self, db: Connection, state_dir: Path, ingest: Ingest, log: EngineLog) -> None:
        self._db, self._state_dir, self._ingest, self._log = db, state_dir, ingest, log
        self._mark = int(facts.get(db, MARK) or 0)
        self._highest = max(self._mark, last_run_id(state_dir))
        known = runs.list_ids(db, above=self._mark)
        self._without_spec: dict[int, float | None] = {
            id: None for id in self._given(self._mark) if id not in known
        }
        self._is_known: Callable[[int], bool] = lambda id: (
            id in ingest.active or runs.get_run(db, id) is not None
        )
        self._hinted = True
        self._next_at = 0.0

    def hint(self) -> None:
        """`runs/` has changed, by what the kernel says."""
        self._hinted = True

    def tick(self, now: float) -> float:
        if self._hinted or now >= self._next_at:
            self.look(now)
        return self._next_at

    def look(self, now: float) -> None:
        """Takes up every run there is by now."""
        self._hinted = False
        highest = last_run_id(self._state_dir)
        before, self._highest = self._highest, max(self._highest, highest)
        self._without_spec.update(dict.fromkeys(id for id in self._given(before) if not self._is_known(id)))
        for id in list(self._without_spec):
            self._look_at(id, now)
        young = any(now - (seen or now) < YOUNG_SECONDS for seen in self._without_spec.values())
        self._next_at = now + (FRESH_SECONDS if young else RESCAN_SECONDS)
        self._move_mark()

    def _given(self, above: int) -> Iterable[int]:
        """The ids that were given, from `above` to the highest."""
        given = range(above + 1, self._highest + 1)
        if len(given) <= MANY:
            return given
        return sorted(id for id in run_ids(self._state_dir) if id in given)

    def _move_mark(self) -> None:
        """Remembers up to where all is taken up, but for directories that nobody will write a spec into any more."""
        if self._highest - self._mark < MARK_STEP:
            return
        hopeful = (id for id in self._without_spec if self._may_get_spec(id))
        mark = min(hopeful, default=self._highest + 1) - 1
        if mark - self._mark >= MARK_STEP:
            facts.put(self._db, MARK, str(mark))
            self._mark = mark

    def _may_get_spec(self, id: int) -> bool:
        try:
            return time.time() - run_dir(self._state_dir, id).stat().st_mtime < HOPE_SECONDS
        except OSError:
            return False

    def _look_at(self, id: int, now: float) -> None:
        directory = run_dir(self._state_dir, id)
        spec = read_spec(directory)
        if spec is None:
            self._without_spec[id] = self._without_spec[id] or now
            return
        del self._without_spec[id]
        if self._is_known(id):
            return
        try:
            if spec.schedule is not None and spec.scheduled_for is not None:
                at, key, fired_at = spec.scheduled_for, spec.event_key, spec.fired_at or spec.scheduled_for
                schedules.adopt_run(self._db, id, spec.flow, spec.schedule, at, key, spec.cause, fired_at)
            self._ingest.add(run_of(spec._replace(run_id=id)))
        except NONSENSE as error:
            self._log.warn(f"run {id}: its spec.json is not one: {error}")
