"""Notices what changes in `flows/`, and in the modules of the project that flow files import. The kernel's notices are a
hint, and may be missing; the truth is a look at the files themselves, every `rescan_seconds` and on every hint.

A file that somebody is writing to is not read until it is closed, or has been still for a moment: half of it would be
no news worth having.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from tui_flow.engine.clock import Clock
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.flow_files import GONE, FlowSource, Stamp, read_source, stamp_of, walk
from tui_flow.engine.notices import Notices, open_notices
from tui_flow.settings import Settings

UNSTABLE_SECONDS = 0.05
"""Before a file is read again that changed as it was read."""
WITHOUT_NOTICES_SECONDS = 5.0
"""Between two looks, at most, where the kernel gives no notices."""


class Watcher:
    """What `flows/` holds now, by path relative to the project."""

    def __init__(self, settings: Settings, clock: Clock, log: EngineLog) -> None:
        self.sources: dict[str, FlowSource] = {}
        """The flow files; another object after every look."""
        self.modules: dict[str, FlowSource] = {}
        """The modules that are followed; `GONE` for one that is not there."""
        self.settings, self._clock, self._log = settings, clock, log
        self._followed: dict[str, frozenset[str]] = {}
        self._folders: set[Path] = set()
        self._notices: Notices | None = None
        self._hinted = True
        self._next_at = 0.0

    def watch(self, on_flows: Callable[[], None], on_runs: Callable[[], None]) -> None:
        """Begins to take the kernel's notices; calls back in the running event loop."""
        self._notices = open_notices(self.settings, self._clock, on_flows, on_runs, self._log)

    def hint(self) -> None:
        """Something in `flows/` has changed, by what the kernel says."""
        self._hinted = True

    def follow(self, path: str, modules: Iterable[str]) -> dict[str, FlowSource]:
        """Watches the modules that had a part in what is known of a flow file, and no others for its sake; gives all
        that are followed now."""
        self._followed[path] = frozenset(modules)
        if not self._followed[path]:
            del self._followed[path]
        wanted: set[str] = set().union(*self._followed.values())
        self.modules = {
            module: self.modules.get(module) or self._read(module, None) or GONE for module in wanted
        }
        self._tell_notices()
        return self.modules

    def tick(self, now: float) -> float:
        if self._hinted or now >= self._next_at:
            self.look(now)
        return now if self._hinted else self._next_at

    def look_at(self, path: str | None, now: float) -> None:
        """Reads what is not as it was, as far as that file is concerned: it and its modules are looked at, whatever the
        kernel told, and all the others where it told of a change or the file is not known."""
        if self._notices is not None:
            self._notices.drain()
        if self._hinted or self._notices is None or path is None or not self._is_current(path):
            self.look(now)

    def _is_current(self, path: str) -> bool:
        sources = {path: self.sources.get(path)}
        sources |= {module: self.modules.get(module) for module in self._followed.get(path, ())}
        return all(
            _is_as_known(source, stamp_of(self.settings.project / one)) for one, source in sources.items()
        )

    def look(self, now: float) -> None:
        """Reads what is not as it was."""
        if self._notices is not None:
            self._notices.drain()
        self._hinted = False
        held = self._notices.unfinished(now) if self._notices is not None else {}
        unfinished = {path.relative_to(self.settings.project).as_posix() for path in held}
        paths, self._folders = walk(self.settings.flows_dir)
        known, unstable = self.sources, False
        self.sources = {}
        for path, stamp in paths.items():
            source = known.get(path)
            if path not in unfinished and not _is_as_known(source, stamp):
                read = self._read(path, stamp)
                unstable = unstable or read is None
                source = read or source
            if source is not None:
                self.sources[path] = source
        unstable = self._look_at_modules(unfinished) or unstable
        rescan = max(UNSTABLE_SECONDS, self.settings.rescan_seconds)
        if self._notices is None:
            rescan = min(rescan, WITHOUT_NOTICES_SECONDS)
        self._next_at = min([now + (UNSTABLE_SECONDS if unstable else rescan), *held.values()])
        self._hinted = self._tell_notices() or self._hinted

    def _look_at_modules(self, unfinished: set[str]) -> bool:
        """Whether one of them changed as it was read."""
        unstable = False
        for module, known in self.modules.items():
            stamp = stamp_of(self.settings.project / module)
            if module in unfinished or (stamp is not None and _is_as_known(known, stamp)):
                continue
            read = self._read(module, stamp)
            unstable = unstable or (read is None and stamp is not None)
            self.modules[module] = read or (GONE if stamp is None else known)
        return unstable

    def _read(self, path: str, stamp: Stamp | None) -> FlowSource | None:
        """The file's text; None where it is gone, or changes as it is read."""
        file = self.settings.project / path
        stamp = stamp or stamp_of(file)
        return stamp and read_source(file, stamp, int(self._clock.time() * 1_000_000_000))

    def _tell_notices(self) -> bool:
        if self._notices is None:
            return False
        files = {self.settings.project / module for module in self.modules}
        return self._notices.follow(self._folders | {file.parent for file in files}, files)


def _is_as_known(source: FlowSource | None, stamp: Stamp | None) -> bool:
    return source is not None and source.stamp == stamp and source.settled
