"""Watches whether the disk has room. While it has none no run is started: those in progress need what is left to tell
how they end. Says so to everybody, and goes on by itself."""

import os
from contextlib import suppress

from tui_flow.contract.changes import RoomChanged
from tui_flow.contract.errors import HistoryError, HistoryFull
from tui_flow.contract.rundir import write_whole
from tui_flow.engine.bus import Bus
from tui_flow.engine.engine_log import EngineLog
from tui_flow.settings import Settings
from tui_flow.store import database
from tui_flow.store.database import NO_ROOM, Connection

LOOK_SECONDS = 2.0
MIB = 1024 * 1024
MIN_FILES = 64
"""Inodes: a run takes half a dozen."""
AMPLE = 1.25
"""So many times the least space must be free before runs are started again, so that it does not go to and fro."""
_PROBE = ".room"
_PROBE_BYTES = 256 * 1024


class Room:
    def __init__(self, settings: Settings, db: Connection, bus: Bus, log: EngineLog) -> None:
        self.reason = ""
        """Why no run is started; empty where there is room."""
        self.settings = settings
        self._db, self._bus, self._log = db, bus, log
        self._write_failed = False
        self._next_at = 0.0

    def may_start(self) -> bool:
        """Whether there is room for another run."""
        return not self.reason

    def note(self, error: Exception) -> None:
        """Something could not be written: if for want of room, starts pause at once."""
        if isinstance(error, HistoryFull) or getattr(error, "errno", 0) in NO_ROOM:
            self._write_failed = True
            what = error.what if isinstance(error, HistoryFull) else f"cannot write: {error}"
            self._change(what)

    def tick(self, now: float) -> float:
        """Looks at the disk once in a while."""
        if now >= self._next_at:
            self._next_at = now + LOOK_SECONDS
            self.look()
        return self._next_at

    def look(self) -> None:
        """Judges by the free space, and after a failed write by trying another one."""
        reason = self._too_little()
        if not reason and self._write_failed:
            self._write_failed = not self._can_write()
            reason = self.reason if self._write_failed else ""
        self._change(reason)

    def _too_little(self) -> str:
        found = os.statvfs(self.settings.state_dir)
        free, least = found.f_bavail * found.f_frsize, self.settings.min_free_mb * MIB
        if free < (least * AMPLE if self.reason else least):
            return f"the disk has {free // MIB} MiB free, and runs need {least // MIB} (min_free_mb)"
        if least and found.f_files and found.f_favail < MIN_FILES:
            return f"the file system has room for {found.f_favail} more files"
        return ""

    def _can_write(self) -> bool:
        probe = self.settings.state_dir / _PROBE
        try:
            write_whole(probe, bytes(_PROBE_BYTES))
            probe.unlink()
            database.try_write(self._db)
        except (OSError, HistoryError):
            with suppress(OSError):
                probe.unlink(missing_ok=True)
            return False
        return True

    def _change(self, reason: str) -> None:
        if bool(reason) != bool(self.reason):
            if reason:
                self._log.warn(f"no run is started: {reason}; those in progress go on")
            else:
                self._log.say("there is room again: runs are started")
            self._bus.publish(RoomChanged(reason))
        self._bus.snapshot = self._bus.snapshot._replace(no_room=reason)
        self.reason = reason
