"""Notes (events, artifacts) that no run's journal can carry: a script outside of any run, or a process that a run has
started, says that something happened or shows something, and no engine need be there to hear it.

    <state directory>/events/<when it was written>-<id>.json

Each file is written whole; the engine takes it into the history, and removes it.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui_flow.contract import journal
from tui_flow.contract.journal import EventEmitted, Note
from tui_flow.contract.rundir import write_whole

EVENTS = "events"
MAX_BYTES = 2 * journal.MAX_ARTIFACT
"""A longer file is no note of ours."""


def leave(state_dir: Path, event: Note, run_id: int | None) -> None:
    """Durable when it returns. Raises OSError where there is no room."""
    folder = state_dir / EVENTS
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    line = journal.encode(event).decode()
    fields = {**json.loads(line), "run_id": run_id}
    write_whole(folder / f"{time.time_ns():020d}-{event.id}.json", json.dumps(fields).encode())


def left(state_dir: Path, limit: int) -> list[Path]:
    """The notes that wait there, the oldest first, no more than `limit`."""
    try:
        with os.scandir(state_dir / EVENTS) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(".json")]
    except FileNotFoundError:
        return []
    return [state_dir / EVENTS / name for name in sorted(names)[:limit]]


def read(path: Path) -> tuple[Note, int | None] | None:
    """The note, and the run that it is from; None for what is none. Raises OSError where it cannot be read."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        text = file.read(MAX_BYTES)
    event = journal.decode(text)
    return (event, _run_id(text)) if isinstance(event, Note) and _is_sound(event) else None


def _run_id(text: bytes) -> int | None:
    found: Any = json.loads(text).get("run_id")
    return found if isinstance(found, int) and 0 < found < 10**12 else None


def _is_sound(event: Note) -> bool:
    if not isinstance(event, EventEmitted):
        return isinstance(event.id, str) and isinstance(event.at, int | float)
    texts = (event.name, event.id) + ((event.key,) if event.key is not None else ())
    objects = (event.payload, {} if event.resource is None else event.resource)
    is_time = isinstance(event.at, int | float) and not isinstance(event.at, bool) and abs(event.at) < 1e11
    return (
        is_time
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(one, dict) for one in objects)
    )
