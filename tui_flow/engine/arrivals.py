"""Finds the runs that nobody told the engine of: those of scripts, and those that an engine died over.

Run ids rise by one and the highest stands in `runs/last`, so only what is new since the last look is looked at. A
directory counts once its `spec.json` is whole.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from tui_flow.contract.rundir import last_run_id, read_spec, run_dir, run_ids
from tui_flow.engine.dispatcher import run_of
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.ingest import NONSENSE, Ingest
from tui_flow.store import runs
from tui_flow.store.database import Connection

FRESH_SECONDS = 0.02
"""Between two looks at a new directory without a spec, while it is young."""
YOUNG_SECONDS = 5.0
MANY = 1_000
"""New ids at once: from there on the directories are listed, since the counter may have been tampered with."""
RESCAN_SECONDS = 5.0
"""Between two looks without a hint."""


class Arrivals:
    def __init__(self, db: Connection, state_dir: Path, ingest: Ingest, log: EngineLog) -> None:
        self._state_dir, self._ingest, self._log = state_dir, ingest, log
        found = run_ids(state_dir)
        self._highest = max(found, default=0)
        self._without_spec: dict[int, float | None] = dict.fromkeys(sorted(set(found) - runs.list_ids(db)))
        self._is_known: Callable[[int], bool] = lambda id: runs.get_run(db, id) is not None
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
        given = range(self._highest + 1, highest + 1)
        few = len(given) <= MANY
        new: Iterable[int] = given if few else sorted(id for id in run_ids(self._state_dir) if id in given)
        self._without_spec.update(dict.fromkeys(id for id in new if not self._is_known(id)))
        self._highest = max(self._highest, highest)
        for id in list(self._without_spec):
            self._look_at(id, now)
        young = any(now - (seen or now) < YOUNG_SECONDS for seen in self._without_spec.values())
        self._next_at = now + (FRESH_SECONDS if young else RESCAN_SECONDS)

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
            self._ingest.add(run_of(spec._replace(run_id=id)))
        except NONSENSE as error:
            self._log.warn(f"run {id}: its spec.json is not one: {error}")
