"""What the pruner takes off the disk that no row tells of: results of runs that are gone, directories of runs that never
were, and secrets for attempts that never began. Generators, each step of which is short."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tui_flow.contract import calls
from tui_flow.contract.rundir import (
    CALLS,
    GIVEN,
    JOURNAL,
    LOCK,
    RESULTS,
    RUNS,
    SPEC,
    forget_secrets,
    lock_holder,
    run_dir,
    run_ids,
)
from tui_flow.contract.states import TERMINAL
from tui_flow.store import retention, runs
from tui_flow.store.database import Connection

MARGIN_SECONDS = retention.DAY
"""Nothing younger is touched: somebody may just be about to refer to it, and clocks are set back now and then."""
OLDEST_RUNS = 500
"""So many are asked what results they refer to. A result that a younger one uses is younger itself, since it is marked
as used."""
_HEAD_BYTES = 4096
_SHA = re.compile(r"[0-9a-f]{64}")
_EXPIRATION = re.compile(rb'^\{"metadata": \{[^{}]*"expiration": "([^"]+)"')


def drop_results(state_dir: Path, db: Connection, now: float) -> Iterator[None]:
    """Removes the results of task calls that no run refers to any more, and stored results that have expired."""
    folder = state_dir / RESULTS
    if not folder.is_dir():
        return
    yield from _drop_expired(folder, now)
    oldest, limit = retention.oldest_runs(db, OLDEST_RUNS)
    limit = min(now if limit is None else limit, now) - MARGIN_SECONDS
    old: set[Path] = set()
    for part in _folders(folder / "sha256"):
        yield
        old |= {path for path in _files(part) if _SHA.fullmatch(path.name) and path.lstat().st_mtime < limit}
    if not old:
        return
    used: set[str] = set()
    for run_id in oldest:
        yield
        used |= _refs(run_dir(state_dir, run_id))
    for path in old:
        if path.name not in used:
            path.unlink(missing_ok=True)
            yield


def _refs(directory: Path) -> set[str]:
    return {
        entry.ref for entry, _ in calls.read(directory / CALLS) if isinstance(entry, calls.Call) and entry.ref
    }


def _drop_expired(folder: Path, now: float) -> Iterator[None]:
    """A record that has expired is read by nobody any more. Those that never do stay."""
    for path in _files(folder):
        yield
        with suppress(OSError, ValueError):
            with path.open("rb") as file:
                told = _EXPIRATION.match(file.read(_HEAD_BYTES))
            at = datetime.fromisoformat(told[1].decode("ascii")) if told else None
            if at is not None and at.replace(tzinfo=at.tzinfo or UTC).timestamp() < now - MARGIN_SECONDS:
                path.unlink(missing_ok=True)


def drop_secrets(state_dir: Path, db: Connection) -> Iterator[None]:
    """Removes the secrets that an engine put down for an attempt, and died before it began: their run is over."""
    for run_id in run_ids(state_dir):
        yield
        directory = run_dir(state_dir, run_id)
        if os.path.lexists(directory / GIVEN):
            run = runs.get_run(db, run_id)
            if run is not None and run.state in TERMINAL and not run.awaits_attempt:
                forget_secrets(directory)


def drop_unborn(state_dir: Path, db: Connection, now: float) -> Iterator[None]:
    """Removes the directories that were made for runs that were never asked for in earnest: no spec, no journal, no
    row, and nobody there."""
    with os.scandir(state_dir / RUNS) as entries:
        for entry in entries:
            yield
            if entry.name.isdigit() and not os.path.lexists(f"{entry.path}/{SPEC}"):
                with suppress(OSError):
                    _remove_unborn(int(entry.name), Path(entry.path), db, now - MARGIN_SECONDS)


def _remove_unborn(run_id: int, directory: Path, db: Connection, limit: float) -> None:
    is_left = directory.lstat().st_mtime < limit and not (directory / JOURNAL).exists()
    if is_left and runs.get_run(db, run_id) is None and lock_holder(directory / LOCK) is None:
        remove(directory)


def remove(directory: Path) -> None:
    """Removes a directory and all in it; where a link lies in its place, only that."""
    if directory.is_symlink():
        directory.unlink()
    elif directory.exists():
        shutil.rmtree(directory)


def _folders(folder: Path) -> list[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return []


def _files(folder: Path) -> list[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]
    return []
