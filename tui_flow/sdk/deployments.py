"""`run_deployment`: a run of a served flow by its name, with the parameters and tags that it is served with."""

import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_flow.contract.asked_by import by_run, parent_of
from tui_flow.contract.commands import RunServed, WaitRun
from tui_flow.contract.errors import UnknownFlow
from tui_flow.contract.states import TERMINAL
from tui_flow.sdk import references
from tui_flow.sdk.asking import ANSWER_SECONDS, ask, project_of
from tui_flow.sdk.context import current, parent_of_task
from tui_flow.sdk.exceptions import (
    FailedRun,
    FlowWaitTimeout,
    MissingResult,
    ObjectNotFound,
    UnsupportedFeature,
)
from tui_flow.sdk.names import generated_name
from tui_flow.sdk.readable import as_json, revealed
from tui_flow.sdk.served_flow import RunnerDeployment
from tui_flow.sdk.states import NOTHING, State, StateType

if TYPE_CHECKING:
    from tui_flow.sdk.tasks import Task

__all__ = ["RunnerDeployment", "arun_deployment", "run_deployment"]

_WAIT_SECONDS = 20.0
"""One question for the end of a run takes so long at most."""
_UNFINISHED = {"scheduled": "SCHEDULED", "retrying": "SCHEDULED"}
"""States whose type has another name; all others have their own."""


class _RunState(State[Any]):
    """The state of a run of another process: what that returned is read once it is asked for."""

    __slots__ = ("_kept",)
    _kept: tuple[Path, int, int]

    def result(self, raise_on_failure: bool = True, **_: Any) -> Any:
        """Raises MissingResult where the run did not persist what it returned; what it raised, if it persisted that."""
        if self._data is NOTHING and (self.is_completed() or self.is_failed()):
            from tui_flow.sdk import kept_values

            try:
                self._data = kept_values.load(*self._kept)
            except MissingResult:
                if self.is_completed():
                    raise
        return super().result(raise_on_failure)


class RequestedRun(NamedTuple):
    """The run as it was when it was over, or when nobody waited any longer; by Prefect's names."""

    id: str
    name: str
    flow_name: str
    state: State[Any]
    parameters: dict[str, Any]
    tags: list[str]
    created: datetime
    start_time: datetime | None
    end_time: datetime | None
    deployment_id: str
    parent_task_run_id: str | None = None
    """The task run that stands for it in the run which asked, such as "812-5"."""

    @property
    def state_type(self) -> StateType:
        return self.state.type

    @property
    def state_name(self) -> str:
        return self.state.name


class _NotCompleted(FailedRun):
    """Lets the task run that stands for the run fail as it did."""

    def __init__(self, run: RequestedRun) -> None:
        super().__init__(f"run {run.id} of {run.deployment_id}: {run.state}")
        self.run = run


class _Wish(NamedTuple):
    """What is to run, and how long to wait for it."""

    project: str
    name: str
    scheduled_for: float | None
    run_name: str | None
    tags: list[str]
    timeout: float | None
    key: str


def run_deployment(
    name: str,
    client: Any = None,  # noqa: ARG001
    parameters: dict[str, Any] | None = None,
    scheduled_time: datetime | None = None,
    flow_run_name: str | None = None,
    timeout: float | None = None,
    poll_interval: float | None = 5,  # noqa: ARG001
    tags: Iterable[str] | None = None,
    idempotency_key: str | None = None,
    work_queue_name: str | None = None,
    as_subflow: bool | None = True,
    job_variables: dict[str, Any] | None = None,
) -> Any:
    """Runs what is served as "flow/name", and waits for its end, or for `timeout` seconds (0: not at all).

    In a flow or task it is shown there, unless `as_subflow=False`; its failure raises nothing: look at `.state`, whose
    `result()` is what the flow returned if it persists that (`persist_result=True`). Futures in `parameters` are waited
    for. It does not begin before `scheduled_time`. With an `idempotency_key` that was used before, it gives the run of then. In an event loop the answer is to be
    awaited. `client` and `poll_interval` are accepted, and without effect. Raises ObjectNotFound, BrokenFlow, BadParameters,
    EngineError; UnsupportedFeature for what needs work pools.
    """
    import asyncio

    wish = _wish(
        name, scheduled_time, flow_run_name, timeout, tags, idempotency_key,
        {"work_queue_name": work_queue_name, "job_variables": job_variables},
    )  # fmt: skip
    given = dict(parameters or {})
    if asyncio._get_running_loop() is not None:
        return _arun(wish, given, as_subflow)
    if as_subflow and current.get() is not None:
        return _outcome(_stand_in(_run, name)(wish, given, return_state=True))
    return _run(wish, references.replace(given, _result_of), fails=False)


async def arun_deployment(name: str, *args: Any, **options: Any) -> RequestedRun:
    """`run_deployment`, for code that awaits it."""
    return await run_deployment(name, *args, **options)  # type: ignore[no-any-return]


async def _arun(wish: _Wish, parameters: dict[str, Any], as_subflow: bool | None) -> RequestedRun:
    import asyncio

    if as_subflow and current.get() is not None:
        return _outcome(await _stand_in(_run_awaited, wish.name)(wish, parameters, return_state=True))
    resolved = await asyncio.to_thread(references.replace, parameters, _result_of)
    return await _run_awaited(wish, resolved, fails=False)


def _result_of(reference: Any) -> Any:
    return reference.result()


def _wish(
    name: str,
    scheduled_time: datetime | None,
    run_name: str | None,
    timeout: float | None,
    tags: Iterable[str] | None,
    key: str | None,
    pool_options: dict[str, Any],
) -> _Wish:
    if not isinstance(name, str) or name.count("/") != 1:
        raise ValueError(
            f"run_deployment() takes the name 'flow/name' that a flow is served under, not {name!r}"
        )
    if timeout is not None and timeout < 0:
        raise ValueError("`timeout` cannot be negative")
    for option, value in pool_options.items():
        if value:
            raise UnsupportedFeature(f"run_deployment({option}=) does not work here", next="leave it out")
    project = str(project_of(parent_of_task()))
    at = None if scheduled_time is None else scheduled_time.timestamp()
    return _Wish(project, name, at, run_name, sorted(tags or ()), timeout, key or uuid.uuid4().hex)


def _stand_in(fn: Any, name: str) -> "Task[..., Any]":
    """The task run that shows the run in the one that asked for it."""
    from tui_flow.sdk.tasks import Task

    shown = name.replace("{", "{{").replace("}", "}}")
    return Task(fn, name="run_deployment", task_run_name=shown, persist_result=False)


def _outcome(state: State[Any]) -> RequestedRun:
    """Of the task run that stands for it. Raises what kept the run from being made."""
    found = state.result(raise_on_failure=False)
    if isinstance(found, _NotCompleted):
        return found.run
    if isinstance(found, BaseException):
        raise found
    return found  # type: ignore[no-any-return]


def _run(wish: _Wish, parameters: dict[str, Any], fails: bool = True) -> RequestedRun:
    run_id, deadline = _begin(wish, parameters, stands_in=fails), _deadline(wish)
    while True:
        told = ask(Path(wish.project), WaitRun(run_id, _patience(deadline)), _WAIT_SECONDS + ANSWER_SECONDS)
        if told["state"] in TERMINAL or time.monotonic() >= deadline:
            return _ended(told, wish, fails)


async def _run_awaited(wish: _Wish, parameters: dict[str, Any], fails: bool = True) -> RequestedRun:
    import asyncio

    run_id, deadline = await asyncio.to_thread(_begin, wish, parameters, stands_in=fails), _deadline(wish)
    while True:
        wait, limit = WaitRun(run_id, _patience(deadline)), _WAIT_SECONDS + ANSWER_SECONDS
        told = await asyncio.to_thread(ask, Path(wish.project), wait, limit)
        if told["state"] in TERMINAL or time.monotonic() >= deadline:
            return _ended(told, wish, fails)


def _begin(wish: _Wish, parameters: dict[str, Any], stands_in: bool) -> int:
    """Asks for the run once, however often an engine has to be asked; gives its id. `stands_in`: the task run that is
    at work here is shown for it."""
    flow, _, served = wish.name.partition("/")
    run = parent_of_task()
    trigger = "script"
    if run is not None and run.tree.run_id:
        trigger = by_run(run.tree.run_id, run.number if stands_in else 0)
    command = RunServed(
        flow,
        served,
        as_json(revealed(parameters)),
        wish.run_name,
        wish.tags,
        trigger,
        wish.key,
        generated_name(),
        wish.scheduled_for,
    )
    try:
        return int(ask(Path(wish.project), command)["run_id"])
    except UnknownFlow as error:
        raise ObjectNotFound(error.what, where=error.where, next=error.next) from None


async def wait_for_run(project: Path, run_id: int, timeout: float | None) -> RequestedRun:
    """Any run of the project, once it is over. Raises FlowWaitTimeout, UnknownRun."""
    import asyncio

    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    while True:
        wait, limit = WaitRun(run_id, _patience(deadline)), _WAIT_SECONDS + ANSWER_SECONDS
        told = await asyncio.to_thread(ask, project, wait, limit)
        if told["state"] in TERMINAL:
            return _run_of(told, "", project)
        if time.monotonic() >= deadline:
            raise FlowWaitTimeout(f"Flow run with ID {run_id} exceeded watch timeout of {timeout:g} seconds")


def _deadline(wish: _Wish) -> float:
    return float("inf") if wish.timeout is None else time.monotonic() + wish.timeout


def _patience(deadline: float) -> float:
    return max(0.0, min(_WAIT_SECONDS, deadline - time.monotonic()))


def _ended(told: dict[str, Any], wish: _Wish, fails: bool) -> RequestedRun:
    run = _run_of(told, wish.name, Path(wish.project))
    if fails and run.state.is_final() and not run.state.is_completed():
        raise _NotCompleted(run)
    return run


def _run_of(told: dict[str, Any], name: str, project: Path) -> RequestedRun:
    kind, state_name = _UNFINISHED.get(told["state"], told["state"].upper()), told["state_name"]
    begins = _moment(told["scheduled_for"])
    if begins is not None and kind == "PENDING" and begins > datetime.now(UTC):
        kind, state_name = "SCHEDULED", "Scheduled"
    state = _RunState(kind, state_name, told["message"] or None)
    state._details = {"scheduled_time": begins}
    state._kept = project, told["run_id"], told["attempt"]
    parent = parent_of(told["trigger"])
    return RequestedRun(
        str(told["run_id"]), told["run_name"], told["flow"], state, told["parameters"], told["tags"],
        datetime.fromtimestamp(told["created_at"], UTC), _moment(told["started_at"]), _moment(told["ended_at"]),
        name, f"{parent[0]}-{parent[1]}" if parent else None,
    )  # fmt: skip


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
