"""What a row of the history is once it has left the database. Columns and fields have the same names and meaning as in
`contract/schema.sql`; JSON text has become the value that it stands for."""

from typing import Any, NamedTuple

from tui_flow.contract.failure import Failure
from tui_flow.contract.states import (
    AlertKind,
    AlertState,
    EndReason,
    FireOutcome,
    FireReason,
    FlowRunState,
    ScheduleState,
    TaskRunState,
)
from tui_flow.store.waits import Waits, waited_seconds, work_seconds


class FlowFile(NamedTuple):
    path: str
    sha: str
    state: str
    """"ok" or "broken"."""
    error: str | None
    error_line: int | None
    traceback: str | None
    described_at: float
    version: str | None = None
    """JSON of the `contract.version.Version` that its flows run: of a broken file, the last good one."""


class Flow(NamedTuple):
    name: str
    path: str
    function: str
    line: int
    description: str
    parameters: dict[str, Any]
    """JSON schema of an object."""
    tags: list[str]
    timeout_seconds: float | None
    sha: str = ""
    schedules: list[dict[str, Any]] = []  # noqa: RUF012
    """As the author declared them; the table of the same name has what became of them."""
    max_concurrent_runs: int | None = None
    exclusive: bool = False
    priority: int = 0
    on_crash: str = "fail"
    pause_on_failure: int | None = None


LATE_SECONDS = 60.0
"""A fire time that is decided, or a run that begins, so long after it could have been is late."""


class FlowRun(NamedTuple):
    id: int
    flow: str
    path: str
    run_name: str
    state: FlowRunState
    state_name: str
    reason: EndReason | None
    message: str
    attempt: int
    tries: int
    trigger: str
    parameters: dict[str, Any]
    tags: list[str]
    source_sha: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    due_at: float | None
    exit_code: int | None
    signal: str | None
    failure: Failure | None
    ingested_bytes: int
    first_task_run_id: int = 1
    """Of this attempt; the task runs below belong to earlier ones."""
    scheduled_for: float | None = None
    schedule: str | None = None
    priority: int = 0
    lane: str | None = None
    crashes: int = 0
    awaits_attempt: bool = False
    served: str | None = None
    """The name that its flow is served under, where it was run by that."""
    idempotency_key: str | None = None
    host: str | None = None
    worker_pid: int | None = None
    """Of the last attempt, as the three around it."""
    max_rss_bytes: int | None = None
    cpu_seconds: float | None = None
    waited: Waits = ()
    """When it waited for an answer, since `started_at`."""
    is_partial: bool = False
    """Of its task calls, some were not made: reused by a rerun, or left out by whoever asked for it; or it was debugged."""

    @property
    def never_began(self) -> bool:
        """Whether it was cancelled while it waited for its turn: its attempt is still to be made."""
        return self.state is FlowRunState.CANCELLED and self.started_at is None

    def seconds(self, now: float | None = None) -> float | None:
        """How long it has been at work, waiting for an answer aside: None before it began, and, without `now`, while it
        goes on."""
        return work_seconds(self.started_at, self.ended_at or now, self.waited)

    def waited_seconds(self, now: float) -> float:
        """How long it has waited for an answer."""
        return waited_seconds(self.started_at, self.ended_at or now, self.waited)

    def is_late(self, now: float) -> bool:
        """Whether it began, or has not begun, over a minute after it could have: after its fire time, or after it was made
        where that was later, as a run that is caught up is. A back-fill is in no hurry, and a further attempt had no time."""
        if self.scheduled_for is None or self.trigger == "backfill" or self.attempt > 1:
            return False
        begun_at = self.started_at or self.ended_at or now
        return begun_at - max(self.scheduled_for, self.created_at) > LATE_SECONDS


class Attempt(NamedTuple):
    """How an earlier attempt at a run ended."""

    run_id: int
    attempt: int
    state: FlowRunState
    state_name: str
    reason: EndReason
    message: str
    tries: int
    parameters: dict[str, Any]
    source_sha: str
    started_at: float | None
    ended_at: float
    exit_code: int | None
    signal: str | None
    failure: Failure | None
    first_task_run_id: int
    waited: Waits = ()

    @property
    def seconds(self) -> float | None:
        """How long it was at work; None where it never began."""
        return work_seconds(self.started_at, self.ended_at, self.waited)


class Try(NamedTuple):
    """One try of a task run that had several."""

    started_at: float
    ended_at: float | None
    said: str
    """What it failed with, in a line; empty where it did not."""


class TaskRun(NamedTuple):
    run_id: int
    id: int
    parent: int
    kind: str
    name: str
    run_name: str
    state: TaskRunState
    state_name: str
    reason: EndReason | None
    message: str
    tries: int
    max_tries: int
    map_id: int | None
    map_index: int | None
    upstream: list[int]
    tags: list[str]
    created_at: float
    started_at: float | None
    ended_at: float | None
    due_at: float | None
    failure: Failure | None
    revision: int
    """The run's `ingested_bytes` as of this row's last change: ask for what is newer than what you have."""
    tried: tuple[Try, ...] = ()
    """Its tries, where there was more than one; empty also where they were made before the history kept them."""
    arguments: str = ""
    """What it was called with, shortened, for people; empty also where the history did not keep it yet."""


class Schedule(NamedTuple):
    id: int
    flow: str
    slug: str
    kind: str
    spec: dict[str, Any]
    source: str
    """"file" or "serve"."""
    state: ScheduleState
    paused_at: float | None
    paused_by: str | None
    paused_why: str | None
    registered_at: float
    cursor: float
    next_at: float | None
    memory: Any


class ServedFlow(NamedTuple):
    """A flow that a script serves under a name, with parameters and schedules of its own."""

    flow: str
    name: str
    server: str | None
    """The file whose lock says that the script is there; None once it is over."""
    pauses_at_end: bool
    server_limit: int | None
    """Runs at once of all that the script serves."""
    definition: Flow
    """The flow as its file had it when it was served."""
    parameters: dict[str, Any]
    description: str
    tags: list[str]
    version: str | None
    max_concurrent_runs: int | None
    served_at: float

    @property
    def full_name(self) -> str:
        return f"{self.flow}/{self.name}"


class FireTime(NamedTuple):
    id: int
    """0 before it is stored."""
    schedule: int
    fire_at: float
    outcome: FireOutcome
    reason: FireReason
    message: str
    run_id: int | None
    until: float | None
    times: int
    """More than 1 where several fire times, up to `until`, share the row."""
    event_key: str | None
    decided_at: float
    cause: dict[str, Any] | None = None
    """Of a trigger's event: what it was, as its run is told."""


class EventRecord(NamedTuple):
    """Something that happened: what triggers wait for."""

    id: int
    kind: str
    """"emitted", or "run_ended"."""
    name: str
    key: str
    at: float
    received_at: float
    run_id: int | None
    state: str | None
    resource: dict[str, Any] | None
    payload: dict[str, Any]


class Materialization(NamedTuple):
    """An asset was made by a task run, or was to be."""

    number: int
    """Rises with time."""
    run_id: int
    task_run: int
    key: str
    """A URI."""
    succeeded: bool
    made_by: str | None
    """The tool that did, such as "dbt"."""
    properties: dict[str, Any] | None
    metadata: dict[str, Any] | None
    """What the run said of it."""
    upstream: list[str]
    """The keys of those that it was made from."""
    at: float


class Artifact(NamedTuple):
    """Something that a run shows to people."""

    number: int
    """Rises with time."""
    id: str
    run_id: int | None
    """None where a script made it outside of any run."""
    task_run: int
    """0 is the flow itself."""
    type: str
    """One of `journal.ARTIFACT_TYPES`, which says what `data` is."""
    key: str | None
    description: str | None
    data: Any
    created_at: float
    updated_at: float


class Pause(NamedTuple):
    flow: str
    """Empty for all flows."""
    paused_at: float
    paused_by: str
    why: str
    resumed_at: float | None


class Alert(NamedTuple):
    """What somebody should know. Happenings that are equal, but for numbers and the like, share one."""

    id: int
    """0 before it is stored."""
    kind: AlertKind
    fingerprint: str
    state: AlertState
    flow: str
    """Empty where it is about no flow."""
    place: str
    what: str
    path: str
    line: int
    times: int
    first_at: float
    last_at: float
    runs: tuple[int, ...]
    """The newest first."""
    changed_at: float
    changed_by: str
    owed_at: float | None = None
    sent_at: float | None = None
    muted_at: float | None = None
    """Of its flow."""
    muted_by: str | None = None
    until: float | None = None
    """When the mute ends; None until a run of the flow completes."""

    def is_muted(self, now: float) -> bool:
        return self.muted_at is not None and (self.until is None or now < self.until)


class Mute(NamedTuple):
    flow: str
    muted_at: float
    muted_by: str
    until: float | None
    """None until a run of it completes."""


class AlertMessage(NamedTuple):
    """What a channel said to a message about an alert."""

    id: int
    alert: int
    channel: str
    at: float
    is_sent: bool
    said: str


class AlertNote(NamedTuple):
    id: int
    alert: int
    at: float
    by: str
    text: str
