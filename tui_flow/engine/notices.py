"""The kernel's notices of changes: of flow files and the modules they import, and of runs that were made elsewhere.

They are a hint. Whatever they miss, the watcher finds when it looks by itself.
"""

import asyncio
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from tui_flow.contract.flow_file_names import may_be_flow_file
from tui_flow.contract.rundir import LAST, RUNS
from tui_flow.engine import inotify
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine_log import EngineLog
from tui_flow.settings import Settings

STEP_MS, DEBOUNCE_MS = 10, 100
"""How long watchfiles waits for further changes, at least and at most."""
UNFINISHED_SECONDS = 0.5
"""A file that somebody writes to is taken when it is closed, or when it has been still for so long."""

Call = Callable[[], None]


class Notices(Protocol):
    def follow(self, folders: set[Path], files: set[Path]) -> bool:
        """Watches these folders from now on, and in them flow files and the files named. Whether one is new."""
        ...

    def drain(self) -> None:
        """Takes what was told by now."""
        ...

    def unfinished(self, now: float) -> dict[Path, float]:
        """The files that are being written, and when each is to be looked at all the same."""
        ...


def open_notices(
    settings: Settings, clock: Clock, on_flows: Call, on_runs: Call, log: EngineLog
) -> Notices | None:
    """The system's notices; None, and a warning, where it gives none. In a running event loop."""
    counter = settings.state_dir / RUNS / LAST
    os.close(os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    if sys.platform != "linux":
        return Watchfiles(settings, counter, on_flows, on_runs, log)
    try:
        return Kernel(settings, counter, clock, on_flows, on_runs, log)
    except OSError as error:
        _warn(log, error)
        return None


def _warn(log: EngineLog, error: object) -> None:
    log.warn(f"the kernel gives no notices of changes ({error}); files are looked at in turn")


class Kernel:
    """Linux: inotify, read by the event loop."""

    def __init__(
        self, settings: Settings, counter: Path, clock: Clock, on_flows: Call, on_runs: Call, log: EngineLog
    ) -> None:
        self._settings, self._counter, self._clock, self._log = settings, counter, clock, log
        self._on_flows, self._on_runs = on_flows, on_runs
        self._files: set[Path] = set()
        self._refused: set[Path] = set()
        self._unfinished: dict[Path, float] = {}
        self._inotify = inotify.Inotify()
        try:
            self._inotify.add(counter, inotify.CLOSE_WRITE)
        except OSError:
            self._inotify.close()
            raise
        asyncio.get_running_loop().add_reader(self._inotify.fd, self.drain)

    def follow(self, folders: set[Path], files: set[Path]) -> bool:
        self._files = files
        wanted = {folder for folder in folders if folder not in self._refused} | {self._settings.project}
        watched = self._inotify.watched - {self._counter}
        for folder in watched - wanted:
            self._inotify.remove(folder)
        added = [self._add(folder) for folder in wanted - watched]
        return any(added)

    def unfinished(self, now: float) -> dict[Path, float]:
        self._unfinished = {path: at for path, at in self._unfinished.items() if at > now}
        return self._unfinished

    def drain(self) -> None:
        flows = runs = False
        for notice in self._inotify.read():
            if notice.path is None:
                flows = runs = True
            elif notice.path == self._counter:
                runs = True
            else:
                flows = self._take(notice.path, notice.mask, notice.name) or flows
        if runs:
            self._on_runs()
        if flows:
            self._on_flows()

    def _take(self, folder: Path, mask: int, name: str) -> bool:
        """Whether there is something to look at."""
        if mask & (inotify.MOVE_SELF | inotify.DELETE_SELF | inotify.IGNORED):
            self._lose(folder)
            return True
        path = folder / name
        if not self._concerns(folder, path, bool(mask & inotify.IS_DIRECTORY)):
            return False
        if mask & inotify.MODIFY or (mask & inotify.CREATE and _is_begun(path)):
            is_new = path not in self._unfinished
            self._unfinished[path] = self._clock.monotonic() + UNFINISHED_SECONDS
            return is_new  # so that it is looked at in the end, should nobody ever close it
        self._unfinished.pop(path, None)
        return True

    def _concerns(self, folder: Path, path: Path, is_folder: bool) -> bool:
        if folder == self._settings.project:
            return path == self._settings.flows_dir or path in self._files
        return is_folder or path in self._files or may_be_flow_file(path.name)

    def _lose(self, folder: Path) -> None:
        """The folder is another one from now on, and so are those in it, of which nobody tells."""
        for path in self._inotify.watched:
            if path == folder or folder in path.parents:
                self._inotify.remove(path)

    def _add(self, folder: Path) -> bool:
        try:
            self._inotify.add(folder, inotify.IN_FOLDER)
        except FileNotFoundError:
            return False
        except OSError as error:
            if not self._refused:
                _warn(self._log, error)
            self._refused.add(folder)
            return False
        return True


def _is_begun(path: Path) -> bool:
    """Whether a file that has just appeared is one that somebody writes, and no link to one that is there already."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


class Watchfiles:
    """Elsewhere: watchfiles, in a thread of its own."""

    def __init__(
        self, settings: Settings, counter: Path, on_flows: Call, on_runs: Call, log: EngineLog
    ) -> None:
        self._counter, self._project = counter, settings.project
        self._flows = settings.flows_dir
        self._on_flows, self._on_runs, self._log = on_flows, on_runs, log
        self._loop = asyncio.get_running_loop()
        self._generation = 0
        self._files: set[Path] = set()
        self._watched: set[tuple[Path, int]] = set()

    def follow(self, folders: set[Path], files: set[Path]) -> bool:
        self._files = files
        watched = {(folder, inode) for folder in folders if (inode := _inode(folder))}
        if watched == self._watched:
            return False
        self._watched = watched
        self._generation += 1
        paths = [str(self._counter), *(str(folder) for folder, _ in watched)]
        # A daemon, since nobody can wake it from its wait when the engine ends.
        threading.Thread(target=self._run, args=(paths, self._generation), daemon=True).start()
        return True

    def drain(self) -> None:
        """Nothing to do: the thread tells by itself."""

    def unfinished(self, now: float) -> dict[Path, float]:  # noqa: ARG002
        return {}

    def _run(self, paths: list[str], generation: int) -> None:
        # Imported here, where nobody waits for it: it takes some 50 ms.
        from watchfiles._rust_notify import RustNotify

        try:
            with RustNotify(paths, False, False, 0, False, True) as notify:
                self._pass_on(map(Path, paths))  # whatever changed before the kernel was asked to tell
                while generation == self._generation:
                    changes = notify.watch(DEBOUNCE_MS, STEP_MS, 5_000, None)
                    if isinstance(changes, set):
                        self._pass_on(Path(path) for _, path in changes)
        except (RuntimeError, OSError) as error:
            if not self._loop.is_closed():
                _warn(self._log, error)

    def _pass_on(self, paths: Iterable[Path]) -> None:
        changed = set(paths)
        if self._loop.is_closed():
            return
        if self._counter in changed:
            self._loop.call_soon_threadsafe(self._on_runs)
        if any(path != self._counter and self._concerns(path) for path in changed):
            self._loop.call_soon_threadsafe(self._on_flows)

    def _concerns(self, path: Path) -> bool:
        return path in self._files or path.suffix != ".pyc"


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0
