"""`emit_event`: says that something happened, for flows whose trigger waits for it (`on_event`).

In a run it goes through the run's journal; elsewhere (a plain script, or a process that the run has started) a file in
the state directory holds it until an engine takes it up. Either way it is safe when the call returns, engine or not.
"""

import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_flow.contract import journal, rundir, spool
from tui_flow.sdk import flow_file
from tui_flow.sdk.context import parent_of_task
from tui_flow.sdk.readable import as_json

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun, TaskRun

MAX_NAME = 200


class Event(NamedTuple):
    """What was emitted, by Prefect's names."""

    occurred: datetime
    event: str
    resource: dict[str, Any]
    related: list[Any]
    payload: dict[str, Any]
    id: uuid.UUID
    follows: uuid.UUID | None = None
    key: str | None = None


def emit_event(
    event: str,
    resource: dict[str, Any] | None = None,
    occurred: datetime | None = None,
    related: Any = None,
    payload: dict[str, Any] | None = None,
    id: uuid.UUID | None = None,
    follows: Event | None = None,
    *,
    key: str | None = None,
) -> Event:
    """Says that the event happened. Flows with `on_event(event)` run for it, and get those fields of the payload as
    parameters that they have parameters for. Of events of one name with equal keys only the first one counts.

    `related` and `follows` are accepted, and not kept. Raises ValueError or TypeError for what is no event, OSError
    where the disk has no room.
    """
    _check(event, resource, payload, key)
    when = occurred or datetime.now(UTC)
    if when.tzinfo is None:
        when = when.astimezone()
    emitted = Event(
        when,
        event,
        {str(name): as_json(value) for name, value in (resource or {}).items()},
        list(related) if isinstance(related, (list, tuple)) else [related] if related else [],
        {str(name): as_json(value) for name, value in (payload or {}).items()},
        id or uuid.uuid4(),
        follows.id if follows is not None else None,
        key,
    )
    run = parent_of_task()
    record = journal.EventEmitted(
        when.timestamp(),
        str(emitted.id),
        event,
        key,
        emitted.payload,
        emitted.resource or None,
        run.number if run is not None else 0,
    )
    if len(journal.encode(record)) > journal.MAX_PAYLOAD:
        raise ValueError(
            f"event {event!r} carries more than {journal.MAX_PAYLOAD:,} bytes: save them in a file, and emit its path"
        )
    if flow_file.importing:
        raise RuntimeError(
            f"event {event!r} is emitted while its file is imported, which happens at every save of it: "
            'put the call in a flow, or under if __name__ == "__main__":'
        )
    if run is None or not _told_by(run, record):
        spool.leave(_state_dir(run), record, _run_id(run))
    return emitted


def _check(event: Any, resource: Any, payload: Any, key: Any) -> None:
    if not isinstance(event, str) or not event.strip() or len(event) > MAX_NAME:
        raise ValueError(f"an event's name is a text of 1 to {MAX_NAME} characters, not {event!r:.100}")
    for name, value in (("resource", resource), ("payload", payload)):
        if value is not None and not isinstance(value, dict):
            raise TypeError(f"{name} is to be a dict, not {type(value).__name__}")
    if key is not None and (not isinstance(key, str) or not 0 < len(key) <= MAX_NAME):
        raise ValueError(f"an event's key is a text of 1 to {MAX_NAME} characters, not {key!r:.100}")


def _told_by(run: "FlowRun | TaskRun", record: journal.EventEmitted) -> bool:
    """Whether the run's journal has it. A forked child's has not, nor has that of a process of a pool."""
    from tui_flow.sdk.recorder import RunRecorder

    recorder = run.tree.recorder
    if not isinstance(recorder, RunRecorder) or recorder.is_foreign:
        return False
    recorder.record(record)
    return True


def _state_dir(run: "FlowRun | TaskRun | None") -> Path:
    from tui_flow.sdk.script_run import find_project_of_script

    directory = _run_directory()
    if directory is not None:
        return directory.parents[1]
    project = Path(run.tree.project) if run is not None and run.tree.project else find_project_of_script()
    return rundir.open_state_dir(project)


def _run_id(run: "FlowRun | TaskRun | None") -> int | None:
    """The run whose process, or whose child, this is."""
    if run is not None:
        return run.tree.run_id
    directory = _run_directory()
    return int(directory.name) if directory is not None else None


def _run_directory() -> Path | None:
    named = os.environ.get(rundir.ENV_RUN_DIR, "")
    directory = Path(named)
    return directory if named and directory.name.isdigit() and directory.is_dir() else None
