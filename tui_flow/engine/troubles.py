"""What keeps duties from their work, and passes by itself: a full disk, a locked history, a process that is not to be
had. Said once, and tried again; the journals keep what comes meanwhile."""

from tui_flow.contract.errors import HistoryLocked
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.room import Room

RETRY_SECONDS = 1.0
"""Before a duty is tried again."""
LOCKED_SECONDS = 5.0
"""A history that another program holds is worth a word only after so long."""


class Troubles:
    def __init__(self, room: Room, log: EngineLog) -> None:
        self._room, self._log = room, log
        self._said: dict[str, str] = {}
        self._locked_since: dict[str, float] = {}

    def note(self, duty: str, error: Exception, now: float) -> float:
        """The duty could not do its work. Gives the time to try again."""
        self._room.note(error)
        said = str(error)
        if isinstance(error, HistoryLocked):
            since = self._locked_since.setdefault(duty, now)
            said = "" if now - since < LOCKED_SECONDS else said
        if said and self._said.get(duty) != said:
            self._log.warn(f"{duty}: {said}")
            self._said[duty] = said
        return now + RETRY_SECONDS

    def forget(self, duty: str) -> None:
        """The duty has done its work."""
        self._locked_since.pop(duty, None)
        if self._said.pop(duty, None):
            self._log.say(f"{duty}: goes on")
