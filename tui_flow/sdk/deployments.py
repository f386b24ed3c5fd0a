"""`run_deployment`: a run of a served flow by its name, with the parameters and tags that it is served with."""

import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_flow.contract.commands import RunServed, WaitRun
from tui_flow.contract.errors import UnknownFlow
from tui_flow.contract.states import TERMINAL
from tui_flow.sdk.asking import ANSWER_SECONDS, ask, project_of
from tui_flow.sdk.context import current, parent_of_task
from tui_flow.sdk.exceptions import FailedRun, FlowWaitTimeout, ObjectNotFound, UnsupportedFeature
from tui_flow.sdk.readable import as_json
from tui_flow.sdk.served_flow import RunnerDeployment
from tui_flow.sdk.states import State, StateType

if TYPE_CHECKING:
    from tui_flow.sdk.tasks import Task

__all__ = ["RunnerDeployment", "arun_deployment", "run_deployment"]

_WAIT_SECONDS = 20.0
"""One question for the end of a run takes so long at most."""
_UNFINISHED = {"scheduled": "SCHEDULED", "retrying": "SCHEDULED"}
"""States whose type has another name; all others have their own."""


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
    parameters: dict[str, Any]
    run_name: str | None
    tags: list[str]
    timeout: float | None
    key: str | None
    trigger: str


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

    In a flow or task it is shown there, unless `as_subflow=False`; its failure raises nothing: look at `.state`. With
    an `idempotency_key` that was used before, it gives the run of then. In an event loop the answer is to be awaited.
    `client` and `poll_interval` are accepted, and without effect. Raises ObjectNotFound, BrokenFlow, BadParameters,
    EngineError; UnsupportedFeature for a time in the future, and for what needs work pools.
    """
    import asyncio

    wish = _wish(
        name, parameters, scheduled_time, flow_run_name, timeout, tags, idempotency_key,
        {"work_queue_name": work_queue_name, "job_variables": job_variables},
    )  # fmt: skip
    if asyncio._get_running_loop() is not None:
        return _arun(wish, as_subflow)
    if as_subflow and current.get() is not None:
        return _outcome(_stand_in(_run, name)(wish, return_state=True))
    return _run(wish, fails=False)


async def arun_deployment(name: str, *args: Any, **options: Any) -> RequestedRun:
    """`run_deployment`, for code that awaits it."""
    return await run_deployment(name, *args, **options)  # type: ignore[no-any-return]


async def _arun(wish: _Wish, as_subflow: bool | None) -> RequestedRun:
    if as_subflow and current.get() is not None:
        return _outcome(await _stand_in(_run_awaited, wish.name)(wish, return_state=True))
    return await _run_awaited(wish, fails=False)


def _wish(
    name: str,
    parameters: dict[str, Any] | None,
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
    if scheduled_time is not None and scheduled_time.timestamp() > time.time():
        raise UnsupportedFeature(
            "run_deployment(scheduled_time=) does not take a time in the future",
            next="serve it with schedule=At(…)",
        )
    for option, value in pool_options.items():
        if value:
            raise UnsupportedFeature(f"run_deployment({option}=) does not work here", next="leave it out")
    run = parent_of_task()
    return _Wish(
        str(project_of(run)), name, as_json(dict(parameters or {})), run_name, sorted(tags or ()), timeout, key,
        f"run {run.tree.run_id}" if run is not None and run.tree.run_id else "script",
    )  # fmt: skip


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


def _run(wish: _Wish, fails: bool = True) -> RequestedRun:
    run_id, deadline = _begin(wish), _deadline(wish)
    while True:
        told = ask(Path(wish.project), WaitRun(run_id, _patience(deadline)), _WAIT_SECONDS + ANSWER_SECONDS)
        if told["state"] in TERMINAL or time.monotonic() >= deadline:
            return _ended(told, wish, fails)


async def _run_awaited(wish: _Wish, fails: bool = True) -> RequestedRun:
    import asyncio

    run_id, deadline = await asyncio.to_thread(_begin, wish), _deadline(wish)
    while True:
        wait, limit = WaitRun(run_id, _patience(deadline)), _WAIT_SECONDS + ANSWER_SECONDS
        told = await asyncio.to_thread(ask, Path(wish.project), wait, limit)
        if told["state"] in TERMINAL or time.monotonic() >= deadline:
            return _ended(told, wish, fails)


def _begin(wish: _Wish) -> int:
    """Asks for the run once, however often an engine has to be asked; gives its id."""
    flow, _, served = wish.name.partition("/")
    command = RunServed(
        flow, served, wish.parameters, wish.run_name, wish.tags, wish.trigger, wish.key or uuid.uuid4().hex
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
            return _run_of(told, "")
        if time.monotonic() >= deadline:
            raise FlowWaitTimeout(f"Flow run with ID {run_id} exceeded watch timeout of {timeout:g} seconds")


def _deadline(wish: _Wish) -> float:
    return float("inf") if wish.timeout is None else time.monotonic() + wish.timeout


def _patience(deadline: float) -> float:
    return max(0.0, min(_WAIT_SECONDS, deadline - time.monotonic()))


def _ended(told: dict[str, Any], wish: _Wish, fails: bool) -> RequestedRun:
    run = _run_of(told, wish.name)
    if fails and run.state.is_final() and not run.state.is_completed():
        raise _NotCompleted(run)
    return run


def _run_of(told: dict[str, Any], name: str) -> RequestedRun:
    state: State[Any] = State(
        _UNFINISHED.get(told["state"], told["state"].upper()), told["state_name"], told["message"] or None
    )
    return RequestedRun(
        str(told["run_id"]), told["run_name"], told["flow"], state, told["parameters"], told["tags"],
        datetime.fromtimestamp(told["created_at"], UTC), _moment(told["started_at"]), _moment(told["ended_at"]),
        name,
    )  # fmt: skip


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
