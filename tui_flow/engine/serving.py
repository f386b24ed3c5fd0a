"""Notices when a script that serves flows is over, however it ended, and lets the schedules pause that go with it.

A script holds the lock of a file in `serving/` for as long as it serves. The kernel frees it on death, so a script
that was killed, or whose connection was lost, is over like one that said so.
"""

from pathlib import Path

from tui_flow.contract.changes import ScheduleChanged
from tui_flow.contract.rundir import SERVING, lock_holder
from tui_flow.engine.bus import Bus
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.scheduler import Scheduler
from tui_flow.store import served
from tui_flow.store.database import Connection
from tui_flow.store.records import ServedFlow

LOOK_SECONDS = 1.0
YOUNG_SECONDS = 60.0
"""A lock that nobody holds may still be on its way to its script for so long."""


class Serving:
    def __init__(
        self, db: Connection, state_dir: Path, clock: Clock, scheduler: Scheduler, bus: Bus, log: EngineLog
    ) -> None:
        self._db, self._folder, self._clock = db, state_dir / SERVING, clock
        self._scheduler, self._bus, self._log = scheduler, bus, log
        self._servers = {one.server for one in served.list_served(db) if one.server is not None}
        self._next_at = 0.0
        self._sweep()

    def _sweep(self) -> None:
        """Removes the locks of scripts that died before they were heard of."""
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            is_old = self._clock.time() - path.stat().st_mtime > YOUNG_SECONDS
            if is_old and path.name not in self._servers and not self.is_alive(path.name):
                path.unlink(missing_ok=True)

    @property
    def is_needed(self) -> bool:
        """Whether a script serves, for which the engine has to be there."""
        return bool(self._servers)

    def is_alive(self, server: str) -> bool:
        """Whether the script holds its lock."""
        return lock_holder(self._folder / server) is not None

    def watch(self, server: str) -> None:
        """From now on the script is looked at."""
        self._servers.add(server)
        self.look_soon()

    def look_soon(self) -> None:
        """Some process has gone: it may have been a script that serves."""
        self._next_at = 0.0

    def tick(self, now: float) -> float:
        """A look once a second, while somebody serves."""
        if now >= self._next_at:
            self._next_at = now + LOOK_SECONDS
            for server in [one for one in self._servers if not self.is_alive(one)]:
                self.end(server)
        return self._next_at if self._servers else float("inf")

    def end(self, server: str) -> list[ServedFlow]:
        """The script is over. Gives what it served."""
        ended = served.end(self._db, server, self._clock.time())
        self._servers.discard(server)
        (self._folder / server).unlink(missing_ok=True)
        for one in ended:
            becomes = "pause" if one.pauses_at_end else "go on"
            self._log.say(f"{one.full_name}: its script is over; its schedules {becomes}")
            self._bus.publish(ScheduleChanged(one.flow))
        self._scheduler.changed()
        return ended
