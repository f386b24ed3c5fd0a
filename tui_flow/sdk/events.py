"""`emit_event`: says that something happened, for flows whose trigger waits for it (`on_event`)."""

import uuid
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tui_flow.contract import journal
from tui_flow.sdk import notes
from tui_flow.sdk.readable import as_json

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
    record = journal.EventEmitted(
        when.timestamp(),
        str(emitted.id),
        event,
        key,
        emitted.payload,
        emitted.resource or None,
        notes.task_run(),
    )
    if len(journal.encode(record)) > journal.MAX_PAYLOAD:
        raise ValueError(
            f"event {event!r} carries more than {journal.MAX_PAYLOAD:,} bytes: save them in a file, and emit its path"
        )
    notes.tell(record)
    return emitted


def _check(event: Any, resource: Any, payload: Any, key: Any) -> None:
    if not isinstance(event, str) or not event.strip() or len(event) > MAX_NAME:
        raise ValueError(f"an event's name is a text of 1 to {MAX_NAME} characters, not {event!r:.100}")
    for name, value in (("resource", resource), ("payload", payload)):
        if value is not None and not isinstance(value, dict):
            raise TypeError(f"{name} is to be a dict, not {type(value).__name__}")
    if key is not None and (not isinstance(key, str) or not 0 < len(key) <= MAX_NAME):
        raise ValueError(f"an event's key is a text of 1 to {MAX_NAME} characters, not {key!r:.100}")
