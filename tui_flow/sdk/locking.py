"""Locks on the records of transactions, by Prefect's names: for the threads of one process, and for all processes of
one machine. A lock belongs to a holder, which may take it again, and dies with its process."""

import os
import threading
import time
from pathlib import Path
from typing import Any

from tui_flow.contract.rundir import make_private

POLL_SECONDS = 0.01


class LockManager:
    """What a lock manager can do. Times are seconds; None is no limit."""

    def acquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,
    ) -> bool:
        """Whether the lock is the holder's now. Waits for it at most `acquire_timeout`; after `hold_timeout` it is
        free again by itself."""
        deadline = None if acquire_timeout is None else time.monotonic() + acquire_timeout
        while not self._try(key, holder, hold_timeout):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    async def aacquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,
    ) -> bool:
        import asyncio

        deadline = None if acquire_timeout is None else time.monotonic() + acquire_timeout
        while not self._try(key, holder, hold_timeout):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    def _try(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        raise NotImplementedError

    def release_lock(self, key: str, holder: str) -> None:
        """Raises ValueError where the lock is not the holder's."""
        raise NotImplementedError

    def is_locked(self, key: str) -> bool:
        raise NotImplementedError

    def is_lock_holder(self, key: str, holder: str) -> bool:
        raise NotImplementedError

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Whether the lock became free in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.is_locked(key):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    async def await_for_lock(self, key: str, timeout: float | None = None) -> bool:
        import asyncio

        deadline = None if timeout is None else time.monotonic() + timeout
        while self.is_locked(key):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True


class MemoryLockManager(LockManager):
    """Locks of this process. Every `MemoryLockManager()` is the same one."""

    _instance: "MemoryLockManager | None" = None
    _locks: dict[str, tuple[str, float | None]]
    _guard: Any

    def __new__(cls) -> "MemoryLockManager":
        if cls._instance is None:
            cls._instance = super().__new__(cls)
            cls._instance._locks = {}
            cls._instance._guard = threading.Lock()
        return cls._instance

    def _holder(self, key: str) -> str | None:
        holder, until = self._locks.get(key, (None, None))
        return None if until is not None and time.monotonic() >= until else holder

    def _try(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        with self._guard:
            if self._holder(key) not in (None, holder):
                return False
            self._locks[key] = (holder, None if hold_timeout is None else time.monotonic() + hold_timeout)
            return True

    def release_lock(self, key: str, holder: str) -> None:
        with self._guard:
            if self._holder(key) != holder:
                raise ValueError(f"No lock held by {holder} for transaction with key {key}")
            del self._locks[key]

    def is_locked(self, key: str) -> bool:
        with self._guard:
            return self._holder(key) is not None

    def is_lock_holder(self, key: str, holder: str) -> bool:
        with self._guard:
            return self._holder(key) == holder


class FileSystemLockManager(LockManager):
    """Locks of all processes of this machine, as locked files in a folder. The kernel frees the lock of a process that
    dies."""

    def __init__(self, lock_files_directory: str | Path) -> None:
        self.lock_files_directory = Path(lock_files_directory).expanduser()
        self._held: dict[str, tuple[str, int, float | None]] = {}
        self._guard = threading.Lock()

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, FileSystemLockManager)
            and other.lock_files_directory == self.lock_files_directory
        )

    __hash__ = object.__hash__

    def _path(self, key: str) -> Path:
        from hashlib import blake2b

        name = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return self.lock_files_directory / f"{name}.lock"

    def _lock(self, key: str) -> int | None:
        """The descriptor of the lock, taken; None where another holds it."""
        import fcntl

        make_private(self.lock_files_directory)
        fd = os.open(self._path(key), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd

    def _expire(self, key: str) -> None:
        held = self._held.get(key)
        if held is not None and held[2] is not None and time.monotonic() >= held[2]:
            os.close(held[1])
            del self._held[key]

    def _try(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        until = None if hold_timeout is None else time.monotonic() + hold_timeout
        with self._guard:
            self._expire(key)
            held = self._held.get(key)
            if held is not None and held[0] != holder:
                return False
            fd = held[1] if held else self._lock(key)
            if fd is None:
                return False
            self._held[key] = (holder, fd, until)
        if hold_timeout is not None:
            timer = threading.Timer(hold_timeout, self._expired, [key])
            timer.daemon = True
            timer.start()
        return True

    def _expired(self, key: str) -> None:
        with self._guard:
            self._expire(key)

    def release_lock(self, key: str, holder: str) -> None:
        with self._guard:
            self._expire(key)
            held = self._held.get(key)
            if held is None or held[0] != holder:
                raise ValueError(f"No lock held by {holder} for transaction with key {key}")
            os.close(held[1])
            del self._held[key]

    def is_locked(self, key: str) -> bool:
        with self._guard:
            self._expire(key)
            if key in self._held:
                return True
            fd = self._lock(key)
            if fd is not None:
                os.close(fd)
            return fd is None

    def is_lock_holder(self, key: str, holder: str) -> bool:
        with self._guard:
            self._expire(key)
            return key in self._held and self._held[key][0] == holder
