"""Journal events: what a run reports while it runs, one JSON object a line, each written by one `write`.

A run's journal is written by its worker (flow and task events) and its keeper (`RunStarted`, `RunCancelling`,
`RunEnded`), or by the process of a script that calls a flow itself, which plays both parts. The file is
append-only; the engine ingests it from the offset that it committed together with the rows of what it read.

Every event is past tense and says `at`, seconds since the epoch (UTC). A task run's id counts from 1 within its
run; id 0 is the flow run itself. Readers skip fields that they do not know, and lines that are not whole.
"""

import json
import os
from typing import Any, NamedTuple

from tui_flow.contract.failure import Failure

MAX_PAYLOAD = 65_536
"""Bytes of JSON that an emitted event may carry."""
MAX_ARTIFACT = 1024 * 1024
"""Bytes of JSON that an artifact may have."""
ARTIFACT_TYPES = ("markdown", "table", "progress", "image")
MAX_TEXT = 16_384
"""Messages, errors and tracebacks are cut to this many characters before they are written."""


class RunStarted(NamedTuple):
    """The keeper holds the run's lock, and has forked the worker."""

    at: float
    attempt: int
    keeper_pid: int
    worker_pid: int
    """Equal to `keeper_pid` where a script runs the flow itself."""
    host: str
    python: str
    """Version and path of the interpreter."""


class FlowStarted(NamedTuple):
    """The flow's first line is about to run (again, when `tries` > 1). Moves a retrying run back to running."""

    at: float
    flow: str
    run_name: str
    tries: int
    source_sha: str
    """SHA-256 of the flow file that was imported; its text is in `sources/`. Empty where it has no file."""
    parameters: dict[str, Any]
    """After validation, for people to read: JSON values, or a string where JSON has none."""
    tags: list[str]
    modules: dict[str, str] = {}  # noqa: RUF012 - nobody changes an event
    """The SHA-256 of each module of the project that the flow file imports, by its path; their texts are in
    `sources/` too."""


class FlowRetrying(NamedTuple):
    """The flow raised and will be tried again."""

    at: float
    tries: int
    """The try that failed, from 1."""
    due_at: float
    failure: Failure


class FlowPaused(NamedTuple):
    """The flow waits for an answer (`contract.questions`)."""

    at: float
    key: str
    """Of the question."""
    state_name: str
    """"Paused", or "Suspended" where no process waits."""
    until: float | None
    """Then it fails."""
    task_run: int = 0
    """The nested flow run whose code asked; 0 is the flow itself."""


class FlowResumed(NamedTuple):
    """Somebody gave an answer that fits."""

    at: float
    key: str
    by: str


class FlowFinished(NamedTuple):
    """The worker's report. Without it there is no success, whatever the exit code says."""

    at: float
    state: str
    """A terminal `FlowRunState`; or "paused": the flow is suspended, and the attempt over."""
    state_name: str
    """The author's or Prefect's name for it ("Completed", "TimedOut", "Cached" …)."""
    reason: str
    """An `EndReason`."""
    message: str
    failure: Failure | None


class RunCancelling(NamedTuple):
    """The keeper was asked to end the run, and has begun to."""

    at: float
    by: str
    """Who asked: "uid 1000", or "signal SIGTERM"."""


class RunEnded(NamedTuple):
    """The last word: the worker is gone, its process tree is gone, the lock is about to be free."""

    at: float
    state: str
    """A terminal `FlowRunState`; or "retrying", or "paused": the attempt is over, and the run is not."""
    reason: str
    """An `EndReason`."""
    message: str
    exit_code: int | None
    signal: str | None
    """The name of the signal that ended the worker, such as "SIGSEGV"."""
    attempt: int = 1
    """Which attempt it is that ended."""
    due_at: float | None = None
    """When the engine is to begin the next attempt; only with "retrying"."""
    tries: int = 0
    """Of the flow's own tries, those that are used up by then."""
    crashes: int = 0
    """The attempts that crashed, this one included."""
    max_rss_bytes: int | None = None
    """The most memory that one process of the worker had at once; None where nobody was there to measure."""
    cpu_seconds: float | None = None
    """Of the processors, by the worker and those of its processes that it waited for."""


class TaskCreated(NamedTuple):
    """A task was called, submitted or mapped; or a flow was called inside a flow (kind "flow").

    A call that begins at once is created in state "running", as try 1, and has no `TaskStarted` of its own.
    """

    at: float
    id: int
    parent: int
    """The task run, or nested flow run, in whose body it was called; 0 is the flow run itself."""
    kind: str
    """"task" or "flow"."""
    name: str
    """The task's name, the same for all its runs."""
    run_name: str
    """This run's own name, such as "load-3" or what `task_run_name` makes."""
    state: str
    map_index: int | None
    """Its place in a `map` call, from 0."""
    map_id: int | None
    """The id of the first task run of the same `map` call: what the tree folds into one row."""
    upstream: list[int]
    """The task runs that it waits for."""
    tags: list[str]
    max_tries: int
    """1 + retries."""
    arguments: str = ""
    """What it was called with, shortened, for people: "currency='USD'"."""


class TaskStarted(NamedTuple):
    """A try begins."""

    at: float
    id: int
    tries: int


class TaskRenamed(NamedTuple):
    """The run's name could be told only once its arguments were known."""

    at: float
    id: int
    run_name: str


class SlotsAwaited(NamedTuple):
    """A task run, or the flow itself, waits for slots of named limits, all of which others have; or, without `limits`,
    waits no more. Told only by who has to wait. The next try, and the end, end a wait as well."""

    at: float
    id: int
    limits: str
    """Which, and how many of their slots are taken: "database (5/5)"."""
    state_name: str
    """Of a task run that may not begin before: the name of its state; else empty."""


class TaskRetrying(NamedTuple):
    """A try failed, and there will be another."""

    at: float
    id: int
    tries: int
    due_at: float
    failure: Failure


class TaskFinished(NamedTuple):
    """A task run, or nested flow run, is over. Never called, when the state says so."""

    at: float
    id: int
    state: str
    """A terminal `TaskRunState`."""
    state_name: str
    reason: str
    """An `EndReason`."""
    message: str
    failure: Failure | None


class EventEmitted(NamedTuple):
    """The author's code said that something happened (`emit_event`): triggers may wait for it. Changes no state."""

    at: float
    """When it happened, as the author says, else when it was said."""
    id: str
    """Of this event and no other: ingested twice, it counts once."""
    name: str
    key: str | None
    """The author's own: events of one name with equal keys are one event. None: the id is."""
    payload: dict[str, Any]
    """JSON values."""
    resource: dict[str, Any] | None
    """What it happened to."""
    task_run: int
    """The task run that said so; 0 is the flow itself."""


class ArtifactCreated(NamedTuple):
    """The author's code shows something to people: a text, a table, how far it is. Changes no state."""

    at: float
    id: str
    """Of this artifact and no other: ingested twice, it counts once."""
    type: str
    """One of ARTIFACT_TYPES."""
    key: str | None
    """The author's own: artifacts of one key are versions of one thing."""
    description: str | None
    data: Any
    """Of markdown and image a text (the image's URL), of a table a list of objects or of lists, or an object of lists,
    of progress a `Progress` as an object."""
    task_run: int
    """The task run that made it; 0 is the flow itself."""


class ArtifactUpdated(NamedTuple):
    """An artifact says something else."""

    at: float
    id: str
    description: str | None
    """None leaves it."""
    data: Any


class AssetMaterialized(NamedTuple):
    """A task run has produced something that lies outside (a file, a table), or has failed to. Changes no state."""

    at: float
    key: str
    """Of the asset: a URI. A task run tells of each of its assets once."""
    task_run: int
    succeeded: bool
    by: str | None
    """The tool that did, such as "dbt"."""
    properties: dict[str, Any] | None
    """Its name, description, owners (a list) and url, as far as the author says."""
    metadata: dict[str, Any] | None
    """JSON values: what the run said of it."""
    upstream: list[str]
    """The keys of the assets that it was made from."""


class Progress(NamedTuple):
    """How far something is."""

    done: float
    total: float | None
    """None where nobody knows."""
    unit: str = ""
    """"%", or what is counted."""


Note = EventEmitted | ArtifactCreated | ArtifactUpdated
"""What the author's code says that changes no state; each has an id of its own."""

Event = (
    RunStarted | FlowStarted | FlowRetrying | FlowPaused | FlowResumed | FlowFinished | RunCancelling | RunEnded
    | TaskCreated | TaskStarted | TaskRenamed | SlotsAwaited | TaskRetrying | TaskFinished | EventEmitted
    | ArtifactCreated | ArtifactUpdated | AssetMaterialized
)  # fmt: skip

EVENTS: dict[str, Any] = {cls.__name__: cls for cls in Event.__args__}
"""Every event class by the name that stands in the journal."""
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode
_decode = json.JSONDecoder().decode
_quote = json.encoder.encode_basestring_ascii


def encode(event: Event) -> bytes:
    """The event as one line, newline included. Pure ASCII without a raw newline, so a torn line spoils only itself."""
    cls = type(event)
    if cls is TaskCreated:
        return encode_created(*event)
    if cls is TaskStarted:
        return encode_started(*event)
    if cls is TaskFinished and event[-1] is None:
        return encode_finished(*event)
    fields = {"event": cls.__name__, **event._asdict()}
    failure = fields.get("failure")
    if failure is not None:
        fields["failure"] = failure._asdict()
    return _encode(fields).encode("ascii") + b"\n"


# The three events that every task run writes, by hand, which is several times faster, and without the event around their
# fields where nobody else wants it. A test holds them to `decode`.


def encode_created(
    at: float,
    id: int,
    parent: int,
    kind: str,
    name: str,
    run_name: str,
    state: str,
    map_index: int | None,
    map_id: int | None,
    upstream: list[int],
    tags: list[str],
    max_tries: int,
    arguments: str,
) -> bytes:
    return (
        f'{{"event":"TaskCreated","at":{at!r},"id":{id},"parent":{parent},"kind":"{kind}","name":{_quote(name)},'
        f'"run_name":{_quote(run_name)},"state":"{state}","map_index":{"null" if map_index is None else map_index},'
        f'"map_id":{"null" if map_id is None else map_id},"upstream":{_encode(upstream) if upstream else "[]"},'
        f'"tags":{_encode(tags) if tags else "[]"},"max_tries":{max_tries},"arguments":{_quote(arguments)}}}\n'
    ).encode("ascii")


def encode_started(at: float, id: int, tries: int) -> bytes:
    return b'{"event":"TaskStarted","at":%s,"id":%d,"tries":%d}\n' % (repr(at).encode("ascii"), id, tries)


def encode_finished(
    at: float, id: int, state: str, state_name: str, reason: str, message: str, _failure: None
) -> bytes:
    return (
        f'{{"event":"TaskFinished","at":{at!r},"id":{id},"state":"{state}","state_name":{_quote(state_name)},'
        f'"reason":"{reason}","message":{_quote(message)},"failure":null}}\n'
    ).encode("ascii")


def decode(line: bytes) -> Event | None:
    """The event of one line, or None for a line that is torn, empty or of a kind that this version does not know."""
    try:
        fields = _decode(line.decode("ascii"))
        cls = EVENTS[fields["event"]]
        if fields.get("failure") is not None:
            fields["failure"] = _known(Failure, fields["failure"])
        return _known(cls, fields)  # type: ignore[no-any-return]
    except (ValueError, KeyError, TypeError):
        return None


def _known(cls: Any, fields: dict[str, Any]) -> Any:
    try:
        return cls._make(map(fields.__getitem__, cls._fields))
    except KeyError:
        return cls(**{key: fields[key] for key in cls._fields if key in fields})


def after_torn_line(fd: int) -> bytes:
    """What to write before the next line: a newline where the journal, open for reading too, ends in a torn line."""
    size = os.fstat(fd).st_size
    return b"\n" if size > 0 and os.pread(fd, 1, size - 1) != b"\n" else b""
