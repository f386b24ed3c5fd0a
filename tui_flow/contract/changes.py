"""Changes: what the engine tells a subscriber. They carry ids and states, never rows: who gets one re-reads.

    {"v": 1, "seq": 41, "change": "RunChanged", "run_id": 812, "flow": "etl_daily", "state": "running"}

`seq` rises by one with every change of an engine. A gap means that changes were dropped for a slow reader:
subscribe again, and read everything anew.
"""

from typing import Any, NamedTuple

from tui_flow.contract.wire import VERSION, to_line


class Snapshot(NamedTuple):
    """The first change of a subscription: the history is whole up to here, read it now."""

    engine_pid: int
    started_at: float
    no_room: str = ""
    """As `RoomChanged` says it."""


class RunChanged(NamedTuple):
    """A run was made, or its state or its name is another."""

    run_id: int
    flow: str
    state: str


class TasksChanged(NamedTuple):
    """The task runs of a run changed. At most a few a second for each run."""

    run_id: int


class FlowFileChanged(NamedTuple):
    """A flow file was added, changed, broken, mended or removed. Its flows may be others."""

    path: str
    """Relative to the project."""
    state: str
    """"ok", "broken" or "removed"."""


class RoomChanged(NamedTuple):
    """The engine starts no runs for now, since the disk has no room, or it does again. Those in progress go on."""

    reason: str
    """Why not; empty where it starts them."""


class SettingsChanged(NamedTuple):
    """The settings' file was saved, and what it says counts in the engine, or cannot be read."""

    trouble: str = ""
    """Why the earlier settings still apply; empty where they do not."""


class ScheduleChanged(NamedTuple):
    """A schedule or a trigger was registered, changed, paused or resumed, or one of its fire times was decided."""

    flow: str
    """Empty where it may be any, as when all are paused."""
    slug: str = ""
    """Empty where it may be any of the flow's."""


class AlertChanged(NamedTuple):
    """An alert was raised, happened again, was acknowledged or muted, or recovered."""

    alert_id: int
    """0 where it may be any."""
    state: str = ""
    """Of `states.AlertState`; empty where it may be any."""


class EngineStopping(NamedTuple):
    """The engine ends in order, and the connection with it."""


Change = (
    Snapshot
    | RunChanged
    | TasksChanged
    | FlowFileChanged
    | RoomChanged
    | SettingsChanged
    | ScheduleChanged
    | AlertChanged
    | EngineStopping
)
CHANGES: dict[str, Any] = {cls.__name__: cls for cls in Change.__args__}


def encode(seq: int, change: Change) -> bytes:
    return to_line({"v": VERSION, "seq": seq, "change": type(change).__name__, **change._asdict()})


def decode(message: dict[str, Any]) -> Change | None:
    """The change of a message, or None for one that this version does not know."""
    cls = CHANGES.get(message.get("change", ""))
    if cls is None:
        return None
    return cls(**{key: message[key] for key in cls._fields if key in message})  # type: ignore[no-any-return]
