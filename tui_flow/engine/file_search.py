"""Looks for the files that match a pattern, in a thread: a slow disk, or a folder of thousands, holds nobody up.

A pattern is relative to the project. `*`, `?` and `[…]` stand for parts of one name, `**` for any number of folders; none
of them for names that begin with a dot, and `**` follows no links.
"""

import fnmatch
import os
import re
import stat
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from tui_flow.engine.clock import Clock

MAX_FILES = 20_000
"""More of them are too many for one trigger."""
MAX_THREADS = 4
"""That search at once; a disk that does not answer holds no more of them up."""
MAX_ENTRIES = 1_000_000
"""So many names are looked at for one pattern."""
_MAGIC = re.compile(r"[*?\[]")


class Found(NamedTuple):
    files: dict[str, str]
    """"<mtime in ns> <size>" by path; relative to the project where the pattern is."""
    began_at: float
    """Monotonic."""
    ended_at: float
    trouble: str = ""
    """What could not be looked at, or need not have been."""
    is_cut: bool = False
    """It was too much: there are others."""


class Threads:
    """Calls what it is given, a few at once, in threads that stay and that nobody has to wait for at the end."""

    def __init__(self, most: int = MAX_THREADS) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._most, self._busy, self._count = most, 0, 0
        self._lock = threading.Lock()

    def __call__(self, call: Callable[[], None]) -> None:
        """Raises RuntimeError where there is no thread to be had."""
        with self._lock:
            if self._busy >= self._count and self._count < self._most:
                threading.Thread(target=self._work, name="file search", daemon=True).start()
                self._count += 1
            self._busy += 1
        self._calls.put(call)

    def _work(self) -> None:
        while True:
            self._calls.get()()
            with self._lock:
                self._busy -= 1


class FileSearch:
    def __init__(
        self,
        project: Path,
        pattern: str,
        clock: Clock,
        wake: Callable[[], None],
        run: Callable[[Callable[[], None]], None],
    ) -> None:
        """`run` calls in another thread, and `wake` is called from there when something was found out."""
        self._project, self._pattern = project, pattern
        self._clock, self._wake, self._run = clock, wake, run
        self._found: Found | None = None
        self.is_busy = False

    def begin(self) -> None:
        self.is_busy = True
        try:
            self._run(self._search)
        except RuntimeError as error:
            at = self._clock.monotonic()
            self._found = Found({}, at, at, f"cannot look for files: {error}", is_cut=True)

    def take(self) -> Found | None:
        """What there was, once; None while nobody knows."""
        found, self._found = self._found, None
        if found is not None:
            self.is_busy = False
        return found

    def _search(self) -> None:
        began_at = self._clock.monotonic()
        walk = Walk(self._project)
        walk.search(self._pattern)
        self._found = Found(walk.files, began_at, self._clock.monotonic(), walk.trouble, walk.is_cut)
        self._wake()


class _TooMuch(Exception):
    pass


class Walk:
    """One search."""

    def __init__(self, project: Path, max_files: int = MAX_FILES, max_entries: int = MAX_ENTRIES) -> None:
        self.files: dict[str, str] = {}
        self.trouble = ""
        self.is_cut = False
        self._project, self._max_files, self._max_entries = project, max_files, max_entries
        self._entries_seen = 0

    def search(self, pattern: str) -> None:
        path = os.path.expanduser(pattern)  # noqa: PTH111 - a Path would lose "**/"
        parts = [part for part in path.split("/") if part not in ("", ".")]
        parts = [part for at, part in enumerate(parts) if part != "**" or parts[at - 1 : at] != ["**"]]
        try:
            if parts:
                self._down("/" if path.startswith("/") else "", parts)
        except (_TooMuch, RecursionError, ValueError) as error:
            self.is_cut = True
            self.trouble = f"cannot look for files: {error}"

    def _down(self, folder: str, parts: list[str]) -> None:
        head, rest = parts[0], parts[1:]
        if head == "**":
            self._everywhere(folder, parts)
        elif _MAGIC.search(head) is None:
            self._take(os.path.join(folder, head), rest)  # noqa: PTH118
        else:
            fits = _matcher(head)
            for entry in self._entries(folder):
                if fits(entry.name) and (not rest or entry.is_dir()):
                    self._take(os.path.join(folder, entry.name), rest, entry)  # noqa: PTH118

    def _everywhere(self, folder: str, parts: list[str]) -> None:
        """In this folder, and in all below."""
        rest = parts[1:]
        if rest:
            self._down(folder, rest)
        for entry in self._entries(folder):
            if entry.name.startswith("."):
                continue
            path = os.path.join(folder, entry.name)  # noqa: PTH118
            if entry.is_dir(follow_symlinks=False):
                self._down(path, parts)
            elif not rest:
                self._add(path, entry)

    def _take(self, path: str, rest: list[str], entry: "os.DirEntry[str] | None" = None) -> None:
        if rest:
            self._down(path, rest)
        else:
            self._add(path, entry)

    def _add(self, path: str, entry: "os.DirEntry[str] | None") -> None:
        try:
            found = (self._project / path).stat() if entry is None else entry.stat()
            path.encode()
        except UnicodeEncodeError:
            self.trouble = self.trouble or f"{path!a} has a name that is not text, and fires nothing"
            return
        except OSError:
            return  # gone, or a link that leads nowhere
        if stat.S_ISREG(found.st_mode):
            self.files[path] = f"{found.st_mtime_ns} {found.st_size}"
        if len(self.files) > self._max_files:
            raise _TooMuch(
                f"more than {self._max_files:,} files match; narrow the pattern, or clear the folder"
            )

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self._project / folder) as entries:
                for entry in entries:
                    self._entries_seen += 1
                    if self._entries_seen > self._max_entries:
                        raise _TooMuch(
                            f"more than {self._max_entries:,} names to look at; narrow the pattern"
                        )
                    yield entry
        except (FileNotFoundError, NotADirectoryError):
            return  # not there yet
        except OSError as error:
            self.trouble = f"cannot look into {folder or self._project}: {error.strerror}"


@lru_cache(maxsize=512)
def _matcher(pattern: str) -> Callable[[str], bool]:
    matches = re.compile(fnmatch.translate(pattern)).match
    with_dot = pattern.startswith(".")
    return lambda name: (with_dot or not name.startswith(".")) and matches(name) is not None
