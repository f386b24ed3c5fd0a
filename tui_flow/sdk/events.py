"""`emit_event`: says that something happened, for flows whose trigger waits for it (`on_event`)."""

import uuid
from datetime import UTC, datetime
from typing import Any

from tui_flow.contract import journal
from tui_flow.sdk import notes
from tui_flow.sdk.readable import as_json

MAX_NAME = 200


class Resource(dict[str, Any]):
    """What an event is about: labels, of which Prefect's are here by name."""

    @property
    def id(self) -> str | None:
        return self.get("prefect.resource.id")

    @property
    def name(self) -> str | None:
        return self.get("prefect.resource.name")

    @property
    def role(self) -> str | None:
        return self.get("prefect.resource.role")


RelatedResource = Resource


class Event:
    """What was emitted, by Prefect's names. One that is made by hand emits nothing: it is what another one follows."""

    def __init__(
        self,
        occurred: datetime | None = None,
        event: str = "",
        resource: dict[str, Any] | None = None,
        related: Any = (),
        payload: dict[str, Any] | None = None,
        id: uuid.UUID | None = None,
        follows: uuid.UUID | None = None,
        key: str | None = None,
    ) -> None:
        self.occurred = occurred or datetime.now(UTC)
        self.event = event
        self.resource = Resource(resource or {})
        self.related = [Resource(one) if isinstance(one, dict) else one for one in related]
        self.payload = dict(payload or {})
        self.id = id or uuid.uuid4()
        self.follows, self.key = follows, key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and vars(self) == vars(other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Event(event={self.event!r}, id={str(self.id)!r})"


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
        dict(emitted.resource) or None,
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
