"""The kernel's notices of changes to files, on Linux: inotify, read by the event loop itself. Nothing runs while nothing
changes, and a change is there at once."""

import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MODIFY, ATTRIB, CLOSE_WRITE = 0x2, 0x4, 0x8
MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
OVERFLOW, IGNORED, IS_DIRECTORY = 0x4000, 0x8000, 0x40000000
_ONLY_DIRECTORIES, _NOT_UNLINKED = 0x1000000, 0x4000000
IN_FOLDER = (
    MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF
    | _ONLY_DIRECTORIES | _NOT_UNLINKED
)  # fmt: skip
"""What is told of a folder, and of the files in it."""
_HEAD = struct.Struct("iIII")
_CHUNK = 64 * 1024


class Notice(NamedTuple):
    path: Path | None
    """What was watched; None where notices were lost."""
    mask: int
    name: str
    """In that folder; empty where it is about the folder or the file itself."""


class Inotify:
    """Watches folders and files. Raises OSError where the system gives no notices, or has no more to give."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._paths: dict[int, Path] = {}
        self._watches: dict[Path, int] = {}

    @property
    def watched(self) -> set[Path]:
        return set(self._watches)

    def add(self, path: Path, mask: int) -> None:
        """Raises OSError: ENOSPC where no more may be watched."""
        watch = self._checked(self._libc.inotify_add_watch(self.fd, os.fsencode(path), ctypes.c_uint32(mask)))
        self._forget(watch)
        self._paths[watch], self._watches[path] = path, watch

    def remove(self, path: Path) -> None:
        watch = self._watches.pop(path)
        if self._paths.get(watch) == path:
            del self._paths[watch]
            self._libc.inotify_rm_watch(self.fd, watch)

    def read(self) -> Iterator[Notice]:
        """All that there are by now."""
        while True:
            try:
                data = os.read(self.fd, _CHUNK)
            except BlockingIOError:
                return
            at = 0
            while at < len(data):
                watch, mask, _, size = _HEAD.unpack_from(data, at)
                at += _HEAD.size
                name = os.fsdecode(data[at : at + size].rstrip(b"\0"))
                at += size
                if mask & OVERFLOW:
                    yield Notice(None, mask, "")
                elif watch in self._paths:
                    yield Notice(self._paths[watch], mask, name)
                if mask & IGNORED:
                    self._forget(watch)

    def close(self) -> None:
        os.close(self.fd)

    def _forget(self, watch: int) -> None:
        path = self._paths.pop(watch, None)
        if path is not None and self._watches.get(path) == watch:
            del self._watches[path]

    def _checked(self, answer: int) -> int:
        if answer < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return answer
