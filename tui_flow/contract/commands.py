"""Commands: what a client asks the engine. Together with `changes`, the whole protocol; `wire` has its lines.

What is acknowledged is durable.
"""

from typing import Any, NamedTuple

LOWEST_PRIORITY, HIGHEST_PRIORITY = -100, 100
"""Of a run that waits for a slot."""


class RunFlow(NamedTuple):
    """Starts a flow as soon as a slot is free. Result: `{"run_id": int}`, once the run is in the history and no power loss
    takes it any more; it may have begun, or be over, by then.

    Errors: UnknownFlow, BrokenFlow, BadParameters.
    """

    flow: str
    """The flow's name; "-" and "_" count as the same, and the stem of a file with one flow will do."""
    parameters: dict[str, Any] = {}  # noqa: RUF012
    run_name: str | None = None
    tags: list[str] = []  # noqa: RUF012
    trigger: str = "command"
    scheduled_for: float | None = None
    """It does not begin before."""
    priority: int | None = None
    """In place of the flow's own."""
    refresh: bool = False
    """Its tasks use no results that were cached earlier; they run, and cache theirs."""
    skip: list[str] = []  # noqa: RUF012
    """Patterns of tasks that are left out (`contract.left_out`). One that no known task fits is refused."""
    only: list[str] = []  # noqa: RUF012
    """Patterns of tasks that are not, where all others are."""


class DescribeFile(NamedTuple):
    """What a flow of a file takes, wherever the file lies. Result: `{"flow": str, "parameters": JSON schema}`, and
    `"tasks": [str]` where that is asked for.

    Errors: UnknownFlow, BrokenFlow.
    """

    path: str
    """Absolute."""
    flow: str = ""
    """Its name, or the function's; empty for the only one in the file."""
    tasks: bool = False
    """Whether to tell the names of the tasks, too: those that the file holds, or that the last runs have called."""


class RunFile(NamedTuple):
    """`RunFlow`, for a flow of a file that is named by its path and need not lie in `flows/`."""

    path: str
    """Absolute."""
    flow: str = ""
    """As in DescribeFile."""
    parameters: dict[str, Any] = {}  # noqa: RUF012
    run_name: str | None = None
    tags: list[str] = []  # noqa: RUF012
    trigger: str = "command"
    scheduled_for: float | None = None
    priority: int | None = None
    refresh: bool = False
    skip: list[str] = []  # noqa: RUF012
    only: list[str] = []  # noqa: RUF012


class ServeFlows(NamedTuple):
    """A script serves flows: from now on, and for as long as it holds its lock, these names and schedules are there.

    Result: `{"last_run_id": int, "flows": [{"flow", "name", "schedules": [record with "next"]}]}`, once that is durable.
    Errors: BrokenFlow, UnknownFlow, BadParameters, AlreadyServed.
    """

    server: str
    """The file in the state directory's `serving/` whose lock the script holds."""
    flows: list[dict[str, Any]]
    """Each the fields of a `FlowToServe`."""
    limit: int | None = None
    """Runs at once of all of them."""
    pauses_at_end: bool = True
    """Their schedules, when the script is over, however it ended. Else the engine goes on without it."""


class FlowToServe(NamedTuple):
    """One of the flows of `ServeFlows`."""

    path: str
    """Absolute; it need not lie in `flows/`."""
    flow: str
    """As in DescribeFile."""
    name: str
    """Under which it is served; several of one flow have different ones."""
    schedules: list[dict[str, Any]] = []  # noqa: RUF012
    """As in `contract.schedules`, their slugs made of the name."""
    parameters: dict[str, Any] = {}  # noqa: RUF012
    """Of its runs, beyond the flow's defaults."""
    description: str = ""
    tags: list[str] = []  # noqa: RUF012
    version: str | None = None
    limit: int | None = None
    """Runs of it at once."""


class StopServing(NamedTuple):
    """The script is about to end. Result: `{"paused": [str], "kept": [str], "running": [int]}`: the schedules that
    pause with it, those that fire on, and the runs of its flows that are not over."""

    server: str


class RunServed(NamedTuple):
    """`RunFlow`, for a flow by the name that it is, or was, served under: with that one's parameters and tags.

    Result: `{"run_id": int, "is_new": bool}`; false where a run with an equal key is there. Errors: as RunFlow.
    """

    flow: str
    name: str
    parameters: dict[str, Any] = {}  # noqa: RUF012
    """Beyond those that it is served with."""
    run_name: str | None = None
    tags: list[str] = []  # noqa: RUF012
    trigger: str = "command"
    idempotency_key: str | None = None
    default_name: str | None = None
    """The run's name, until the flow gives it another."""
    scheduled_for: float | None = None
    """It does not begin before."""
    priority: int | None = None
    refresh: bool = False
    skip: list[str] = []  # noqa: RUF012
    only: list[str] = []  # noqa: RUF012


class WaitRun(NamedTuple):
    """Answers when the run is over, or after so many seconds. Result: `{"run_id", "flow", "run_name", "state",
    "state_name", "message", "attempt", "trigger", "parameters", "tags", "created_at", "scheduled_for",
    "started_at", "ended_at"}`. Errors: UnknownRun."""

    run_id: int
    seconds: float = 0.0


class AnswerRun(NamedTuple):
    """Answers a run that is paused or suspended. The run itself says whether the answer fits.

    Result: `{"key": str, "state": str}`, once the run has taken it; of a suspended one, once its next attempt is in
    the queue. Errors: UnknownRun, NotWaiting; BadParameters, which names each field that does not fit.
    """

    run_id: int
    values: dict[str, Any] = {}  # noqa: RUF012
    key: str = ""
    """Which of its questions; the oldest one by default."""


class CancelRun(NamedTuple):
    """Ends a run: queued, it is cancelled at once; started, its keeper ends the tree. Asking again is fine.

    Result: `{"state": str}`, the state that the run is in now. Errors: UnknownRun, NotCancellable.
    """

    run_id: int
    kill: bool = False


class PreviewRerun(NamedTuple):
    """What `RerunRun` would do with the flow file as it is now; nothing is started, and no author's code is run.

    Result: a `RerunPreview`, as an object. Errors: those of RerunRun.
    """

    run_id: int
    parameters: dict[str, Any] = {}  # noqa: RUF012
    from_tasks: list[str] = []  # noqa: RUF012
    only_failed: bool = False
    force: bool = False
    original_code: bool = False
    only: list[str] = []  # noqa: RUF012


class RerunRun(NamedTuple):
    """Runs a run that is over again, as its next attempt: task calls that succeeded, with equal arguments and equal
    code, give the result that they gave. One that was cancelled before it began is that attempt still, with what was
    asked for it unless this says otherwise. Result: `{"run_id": int, "attempt": int}`, once that is in the history.

    Errors: UnknownRun, NotRerunnable, BrokenFlow, BadParameters.
    """

    run_id: int
    parameters: dict[str, Any] = {}  # noqa: RUF012
    """Those that are to be others than last time."""
    from_tasks: list[str] = []  # noqa: RUF012
    """From the first call of one of these tasks on, everything runs."""
    only_failed: bool = False
    """What succeeded is reused even if its code has changed since."""
    force: bool = False
    """Nothing is reused."""
    original_code: bool = False
    """With the flow file's text of the attempt before, whatever it is now."""
    only: list[str] = []  # noqa: RUF012
    """Patterns of tasks whose calls are made; what succeeded of all others is reused, whatever became of its code and
    its arguments."""
    strict: bool = False
    """The run fails where its calls are no longer those of the attempt before."""


class EmitEvent(NamedTuple):
    """Says that something happened, for triggers that wait for it (`on_event`). Result: `{"event_id": int,
    "is_new": bool}`, once it is in the history; false where an event of that name and key is there already.

    Errors: BadParameters.
    """

    name: str
    payload: dict[str, Any] = {}  # noqa: RUF012
    key: str | None = None
    """Events of one name with equal keys are one event; None makes it one of its own."""


class Sync(NamedTuple):
    """Answers when the history holds all that journals and, with `files`, flow files said before it was asked.
    Result: `{}`."""

    files: bool = False


class Subscribe(NamedTuple):
    """From now on this connection gets changes, the first of which is a `Snapshot`. Result: `{}`."""


class Prune(NamedTuple):
    """Takes out what the settings no longer keep, now instead of within the hour. Answers when it is done.

    Result: `{"runs": {why: int}}`, the number of runs that went, by why: "age", "count" or "size"."""


class ListSchedules(NamedTuple):
    """Result: `{"schedules": [record of a schedule, with "next", "trouble" and "waits_for"], "pauses": [records]}`."""

    flow: str = ""
    """Only this flow's."""
    next: int = 5
    """So many fire times to come of each."""


class PauseSchedules(NamedTuple):
    """Lets a schedule, all of a flow, or (without a flow) all there are fire no more until they are resumed.

    Result: `{"flow": str, "schedule": str}`. Errors: UnknownSchedule.
    """

    flow: str = ""
    schedule: str = ""
    """Its slug."""
    why: str = ""


class ResumeSchedules(NamedTuple):
    """The opposite. What would have fired meanwhile is told as skipped, unless `catchup` lets the schedule's own rule
    decide. Result: `{"flow", "schedule", "skipped": int, "was_paused": bool, "still_paused": [str]}`. Errors: UnknownSchedule."""

    flow: str = ""
    schedule: str = ""
    catchup: bool = False


class SkipFireTime(NamedTuple):
    """One fire time to come makes no run; of a trigger, its next event. What is paused has no next one.

    Result: `{"fire_at": float or null, …}`. Errors: UnknownSchedule, BadParameters.
    """

    flow: str
    schedule: str = ""
    fire_at: float | None = None
    """None is the next one."""


class UnskipFireTime(NamedTuple):
    """The opposite, while the fire time is still to come. Result and errors as of SkipFireTime."""

    flow: str
    schedule: str = ""
    fire_at: float | None = None
    """None is the next one that is to be skipped."""


class ResetSchedule(NamedTuple):
    """A schedule whose cursor a wrong clock has put into the future fires from now on again. Result: `{…}`."""

    flow: str
    schedule: str = ""


class ForgetSchedule(NamedTuple):
    """Removes a schedule that nobody declares or serves any more, with what became of its fire times, or a flow's name
    that nobody serves any more, with its schedules. Runs stay. Result: `{"flow", "schedule"}`.

    Errors: UnknownSchedule; AlreadyServed and BadParameters where it is still served, or declared.
    """

    flow: str
    schedule: str
    """A slug, or the name that the flow was served under."""


class Backfill(NamedTuple):
    """Runs the fire times of a range in the past that have no run that completed, one after another.

    Result: `{"slots": [{"fire_at", "action": "run" or "skip", "why", "run_id"}], …}`, the oldest first.
    Errors: UnknownSchedule, BadParameters.
    """

    flow: str
    from_at: float
    to_at: float
    schedule: str = ""
    force: bool = False
    """Those that completed, too."""
    dry_run: bool = False
    """Only tell what it would do."""


class GetQueue(NamedTuple):
    """Which runs wait, and why. Result: `{"waiting": [{"run_id", "flow", "limit", "why", "is_late", …}],
    "between_attempts": [{"run_id", "due_at", …}], "running": int, "limit": int, "paused": str}`. What waits for what is
    said twice: `limit` in a few letters, `why` in words."""


class AcknowledgeAlerts(NamedTuple):
    """Somebody knows of these alerts: they are quiet until something else is wrong, or a day has passed.

    Result: `{"alerts": [int]}`, those that changed. Errors: UnknownAlert.
    """

    alerts: list[int]
    """Their ids."""
    undo: bool = False
    """They are new again."""


class MuteAlerts(NamedTuple):
    """Nobody wants to hear of a flow for a while: alerts are raised, and no message goes out. Result: `{"flow": str}`.

    Errors: UnknownFlow, BadParameters.
    """

    flow: str
    seconds: float | None = None
    """None: until a run of it completes."""


class UnmuteAlerts(NamedTuple):
    """The opposite. Result: `{"flow": str, "was_muted": bool}`. Errors: UnknownFlow."""

    flow: str


class NoteAlert(NamedTuple):
    """Writes something about an alert for those who see it after. Result: `{}`. Errors: UnknownAlert, BadParameters."""

    alert: int
    text: str
    undo: bool = False
    """The newest note of this text is taken away."""


class GetStatus(NamedTuple):
    """Result: `EngineStatus`, as an object."""

    settings: bool = False
    """Whether to tell the settings, too, as they are in their file at this moment."""


class KeepEngine(NamedTuple):
    """An engine that started by itself no longer ends by itself. Result: `{}`."""


class StopEngine(NamedTuple):
    """The engine ends in order; runs go on without it. Result: `{}`, just before it closes the socket."""


Command = (
    RunFlow
    | DescribeFile
    | RunFile
    | ServeFlows
    | StopServing
    | RunServed
    | WaitRun
    | AnswerRun
    | CancelRun
    | PreviewRerun
    | RerunRun
    | EmitEvent
    | Sync
    | Subscribe
    | Prune
    | ListSchedules
    | PauseSchedules
    | ResumeSchedules
    | SkipFireTime
    | UnskipFireTime
    | ResetSchedule
    | ForgetSchedule
    | Backfill
    | GetQueue
    | AcknowledgeAlerts
    | MuteAlerts
    | UnmuteAlerts
    | NoteAlert
    | GetStatus
    | KeepEngine
    | StopEngine
)
READING = (DescribeFile, PreviewRerun, WaitRun, Sync, Subscribe, ListSchedules, GetQueue, GetStatus)
"""The commands that change nothing."""
COMMANDS: dict[str, Any] = {cls.__name__: cls for cls in Command.__args__}


class EngineStatus(NamedTuple):
    """What `GetStatus` answers."""

    pid: int
    version: str
    started_at: float
    project: str
    pending: int
    """Runs that wait for a slot."""
    running: int
    """Runs that hold one, in whatever state."""
    total: int
    """All runs in the history."""
    flows: int
    broken_files: int
    limit: int
    """Runs that may hold a slot at once."""
    paused: str = ""
    """Why no run is started for now, such as a full disk; empty where runs are."""
    settings: dict[str, Any] = {}  # noqa: RUF012
    """Those that count in the engine, by name, where they were asked for: with addresses that may hold keys."""
    schema: int = 0
    """The version of the history's schema that it writes."""


class RerunPreview(NamedTuple):
    """What `PreviewRerun` answers: counts of the task calls of the attempts before."""

    reuse: int
    """Calls whose results would stand, as far as their arguments stay the same."""
    run: int
    """Calls that would run; the four counts below say why. More may follow where their results are others."""
    changed: int
    """They succeeded, and their code is another now."""
    failed: int
    """They failed, or did not come to their end."""
    unkept: int
    """They succeeded, and their result was not kept, or cannot be read any more."""
    asked: int
    """They succeeded, or were left out, and `from_tasks`, `only` or `force` says that they run."""
    changed_tasks: list[str] = []  # noqa: RUF012
    """The names of those tasks, in the order of their calls."""
    environment: str = ""
    """What differs from the environment of the attempt before, such as "pandas 2.1.0 → 2.2.0"; empty for nothing."""
    perhaps: int = 0
    """Of `reuse`: calls that, by the flow file's text, may get other values than before, and then run. They are told
    from the names that values go through, so some of them may be reused after all."""
    perhaps_tasks: list[str] = []  # noqa: RUF012
    """The names of those tasks, in the order of their calls."""

    def __str__(self) -> str:
        """ "reuse 14, run 3 (1 code changed, 2 failed)"; "reuse 9 to 14, run 3 to 8 (…)" where 5 may go either way."""
        reasons = (
            (self.changed, "code changed"), (self.failed, "failed"), (self.unkept, "not kept"), (self.asked, "asked for"),
        )  # fmt: skip
        why = ", ".join(f"{count} {reason}" for count, reason in reasons if count)
        reuse, run = f"{self.reuse}", f"{self.run}"
        if self.perhaps:
            reuse, run = f"{self.reuse - self.perhaps} to {reuse}", f"{run} to {self.run + self.perhaps}"
        return f"reuse {reuse}, run {run}" + (f" ({why})" if why else "")
