"""Which SQLite is linked, and whether it has the defect that can corrupt a write-ahead log."""

import sqlite3

_MENDED: dict[tuple[int, ...], int] = {(3, 44): 6, (3, 50): 7}
"""Older lines that got the correction, and since which release of them."""


def version() -> str:
    return sqlite3.sqlite_version


def wal_may_corrupt(release: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether two connections that write and checkpoint at once can corrupt the WAL: 3.7.0 to 3.51.2 can."""
    if not (3, 7, 0) <= release <= (3, 51, 2):
        return False
    return release[2] < _MENDED.get(release[:2], 1_000_000)
