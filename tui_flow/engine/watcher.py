"""Notices what changes in `flows/`, and that a run was made elsewhere. The kernel's notices are a hint, and may be
missing; the truth is a look at the files themselves, every `rescan_seconds` and on every hint."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

from tui_flow.contract.rundir import LAST, RUNS
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.flow_files import OUT, FlowSource, flow_paths, read_source
from tui_flow.settings import Settings

STEP_MS = 10
"""How long watchfiles waits for further changes: of its settings, the one that delays a single save."""
DEBOUNCE_MS = 100
"""How long it waits at most, while changes keep coming."""
UNSTABLE_SECONDS = 0.05
"""Before a file is read again that changed as it was read."""


class Watcher:
    """What `flows/` holds now, by path relative to the project."""

    def __init__(self, settings: Settings, clock: Clock, log: EngineLog) -> None:
        self.sources: dict[str, FlowSource] = {}
        self._settings, self._clock, self._log = settings, clock, log
        self._notices: Notices | None = None
        self._hinted = True
        self._next_at = 0.0

    def watch(self, on_flows: Callable[[], None], on_runs: Callable[[], None]) -> None:
        """Begins to take the kernel's notices; calls back in the running event loop."""
        self._notices = Notices(self._settings, on_flows, on_runs, self._log)

    def hint(self) -> None:
        """Something in `flows/` has changed, by what the kernel says."""
        self._hinted = True

    def tick(self, now: float) -> float:
        if self._hinted or now >= self._next_at:
            self.look(now)
        return self._next_at

    def look(self, now: float) -> None:
        """Reads what is not as it was."""
        self._hinted = False
        if self._notices is not None:
            self._notices.follow()
        paths, known = flow_paths(self._settings.flows_dir), self.sources
        self.sources, unstable = {}, False
        for path, stamp in paths.items():
            source = known.get(path)
            if source is None or source.stamp != stamp or not source.settled:
                wall = int(self._clock.time() * 1_000_000_000)
                read = read_source(self._settings.project / path, stamp, wall)
                unstable = unstable or read is None
                source = read or source
            if source is not None:
                self.sources[path] = source
        rescan = max(UNSTABLE_SECONDS, self._settings.rescan_seconds)
        self._next_at = now + (UNSTABLE_SECONDS if unstable else rescan)


class Notices:
    """watchfiles in a thread of its own: `flows/` with all folders in it, and the file that counts runs."""

    def __init__(
        self, settings: Settings, on_flows: Callable[[], None], on_runs: Callable[[], None], log: EngineLog
    ) -> None:
        self._flows, self._counter = settings.flows_dir, settings.state_dir / RUNS / LAST
        self._on_flows, self._on_runs, self._log = on_flows, on_runs, log
        self._loop = asyncio.get_running_loop()
        self._generation = 0
        self._watched: tuple[int, int] | None = None
        os.close(os.open(self._counter, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        self._start(_identity(self._flows))

    def follow(self) -> None:
        """Watches anew where `flows/` is another directory than before."""
        identity = _identity(self._flows)
        if identity != self._watched:
            self._start(identity)

    def _start(self, identity: tuple[int, int] | None) -> None:
        self._watched = identity
        self._generation += 1
        paths = [str(self._counter), *([str(self._flows)] if identity else [])]
        # A daemon, since nobody can wake it from its wait when the engine ends.
        threading.Thread(target=self._run, args=(paths, self._generation), daemon=True).start()

    def _run(self, paths: list[str], generation: int) -> None:
        # Imported here, where nobody waits for it: it takes some 50 ms.
        from watchfiles._rust_notify import RustNotify

        try:
            with RustNotify(paths, False, False, 0, True, True) as notify:
                self._pass_on(set(paths))  # whatever changed before the kernel was asked to tell
                while generation == self._generation:
                    changes = notify.watch(DEBOUNCE_MS, STEP_MS, 5_000, None)
                    if isinstance(changes, set):
                        self._pass_on({path for _, path in changes})
        except (RuntimeError, OSError) as error:
            if not self._loop.is_closed():
                self._log.warn(
                    f"the kernel gives no notices of changes ({error}); files are looked at in turn"
                )

    def _pass_on(self, paths: set[str]) -> None:
        if self._loop.is_closed():
            return
        if str(self._counter) in paths:
            self._loop.call_soon_threadsafe(self._on_runs)
        if any(map(self._may_concern_flows, paths)):
            self._loop.call_soon_threadsafe(self._on_flows)

    def _may_concern_flows(self, path: str) -> bool:
        """Not what flows write while they run: files in `flows/out`, and byte code."""
        made = path.startswith(f"{self._flows}{os.sep}{OUT}{os.sep}") or "__pycache__" in path
        return path != str(self._counter) and not made


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
