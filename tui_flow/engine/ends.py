"""Lets answers wait for the end of a run."""

import asyncio
from contextlib import suppress

from tui_flow.contract.changes import Change, RunChanged
from tui_flow.contract.states import TERMINAL
from tui_flow.engine.bus import Bus
from tui_flow.store import runs
from tui_flow.store.database import Connection


class Ends:
    def __init__(self, db: Connection, bus: Bus) -> None:
        self._db = db
        self._waiting: dict[int, list[asyncio.Event]] = {}
        bus.listen(self._hear)

    async def wait(self, run_id: int, seconds: float) -> None:
        """Until the run is over, if there is one of that id, but no longer than so many seconds."""
        run = runs.get_run(self._db, run_id)
        if run is None or run.state in TERMINAL or seconds <= 0:
            return
        event = asyncio.Event()
        self._waiting.setdefault(run_id, []).append(event)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), seconds)
        finally:
            self._waiting[run_id].remove(event)
            if not self._waiting[run_id]:
                del self._waiting[run_id]

    def _hear(self, change: Change) -> None:
        if isinstance(change, RunChanged) and change.state in TERMINAL:
            for event in self._waiting.get(change.run_id, ()):
                event.set()
