"""Takes notes (events, artifacts) into the history that scripts, and processes which runs have started, have left in
files."""

from pathlib import Path

from tui_flow.contract import spool
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.journal import EventEmitted
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine_log import EngineLog
from tui_flow.store import artifacts, events
from tui_flow.store.database import Connection, Refused, transaction

LOOK_SECONDS = 1.0
AT_ONCE = 500
"""Notes in one transaction."""


class Spool:
    def __init__(self, db: Connection, state_dir: Path, clock: Clock, log: EngineLog) -> None:
        self._db, self._state_dir, self._clock, self._log = db, state_dir, clock, log
        self._next_at = 0.0

    def tick(self, now: float) -> float:
        """A look once a second, and at once where there was more than fits in one step."""
        if now >= self._next_at:
            full = self.look()
            self._next_at = now if full else now + LOOK_SECONDS
        return self._next_at

    def look(self) -> bool:
        """Takes up what is there; whether there may be more. A file goes once its event is safe: whoever dies in
        between leaves it, and its event has its id already."""
        paths = spool.left(self._state_dir, AT_ONCE)
        if not paths:
            return False
        try:
            with transaction(self._db):
                for path in paths:
                    self._take(path)
        except Refused:
            for path in paths:
                self._take_alone(path)
        failpoint("spool-stored")
        for path in paths:
            path.unlink(missing_ok=True)
        return len(paths) == AT_ONCE

    def _take_alone(self, path: Path) -> None:
        try:
            with transaction(self._db):
                self._take(path)
        except Refused as error:
            self._log.warn(f"{path.name} holds no note that can be kept: {error}")

    def _take(self, path: Path) -> None:
        try:
            found, why = spool.read(path), ""
        except OSError as error:
            found, why = None, f": {error.strerror}"
        if found is None:
            self._log.warn(f"{path.name} holds no note, and is removed{why}")
            return
        note, run_id = found
        if isinstance(note, EventEmitted):
            events.keep(self._db, note, run_id, self._clock.time())
        else:
            artifacts.keep_all(self._db, [note], run_id)
