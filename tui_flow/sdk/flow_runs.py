"""`pause_flow_run`, `suspend_flow_run`, `resume_flow_run`: flows that wait for people (prefect.flow_runs)."""

import asyncio
import time
from typing import Any

from tui_flow.contract.commands import AnswerRun
from tui_flow.sdk.asking import ask, project_of
from tui_flow.sdk.context import current, parent_of_task
from tui_flow.sdk.pausing import Given, Pause

__all__ = [
    "apause_flow_run",
    "aresume_flow_run",
    "asuspend_flow_run",
    "pause_flow_run",
    "resume_flow_run",
    "suspend_flow_run",
    "wait_for_flow_run",
]


def pause_flow_run(
    wait_for_input: Any = None,
    timeout: float | None = 3600,
    poll_interval: float = 10,  # noqa: ARG001
    key: str | None = None,
) -> Any:
    """Waits, in its process, until somebody answers with `tui-flow answer RUN`; gives the answer.

    `wait_for_input` is what is asked for: a type such as `str` or `list[int]`, a pydantic model, a `RunInput`. An
    answer that does not fit is refused, field by field. Task runs that have begun go on meanwhile. Once a `key` is
    answered, the attempts that follow by themselves get the same answer; a rerun asks anew. `timeout` is in seconds,
    None for ever. In an event loop the result is to be awaited. `poll_interval` is accepted, and without effect.

    Raises FlowPauseTimeout when nobody answered in time, RuntimeError outside of a flow's own body.
    """
    return _waited(Pause(wait_for_input, timeout, key, suspends=False))


async def apause_flow_run(
    wait_for_input: Any = None,
    timeout: float | None = 3600,
    poll_interval: float = 10,
    key: str | None = None,
) -> Any:
    """`pause_flow_run`, for code that awaits it."""
    return await pause_flow_run(wait_for_input, timeout, poll_interval, key)


def suspend_flow_run(
    wait_for_input: Any = None,
    flow_run_id: Any = None,
    timeout: float | None = 3600,
    key: str | None = None,
) -> Any:
    """As `pause_flow_run`, but no process and no slot waits: the attempt ends, and the answer begins the next one, in
    which task calls that succeeded give what they gave. Only the run itself can be suspended."""
    if flow_run_id is not None and str(flow_run_id) != _own_id():
        from tui_flow.sdk.exceptions import UnsupportedFeature

        raise UnsupportedFeature(
            "suspend_flow_run(flow_run_id=) does not work here", next="call it in the flow that is to wait"
        )
    return _waited(Pause(wait_for_input, timeout, key, suspends=True))


async def asuspend_flow_run(
    wait_for_input: Any = None, flow_run_id: Any = None, timeout: float | None = 3600, key: str | None = None
) -> Any:
    """`suspend_flow_run`, for code that awaits it."""
    return await suspend_flow_run(wait_for_input, flow_run_id, timeout, key)


def resume_flow_run(flow_run_id: Any, run_input: dict[str, Any] | None = None) -> Any:
    """Answers a run that is paused or suspended, as `tui-flow answer RUN` does. In an event loop it is to be awaited.

    Raises UnknownRun, NotWaiting; BadParameters for an answer that does not fit; EngineError.
    """
    from tui_flow.sdk.readable import as_json, revealed

    number = int(str(flow_run_id).partition("-")[0])
    project, command = (
        project_of(parent_of_task()),
        AnswerRun(number, as_json(revealed(dict(run_input or {})))),
    )
    if asyncio._get_running_loop() is None:
        ask(project, command)
        return None
    return asyncio.to_thread(_answer, project, command)


def _answer(project: Any, command: AnswerRun) -> None:
    ask(project, command)


async def aresume_flow_run(flow_run_id: Any, run_input: dict[str, Any] | None = None) -> None:
    """`resume_flow_run`, for code that awaits it."""
    await resume_flow_run(flow_run_id, run_input)


async def wait_for_flow_run(
    flow_run_id: Any,
    timeout: float | None = 10800,
    poll_interval: float | None = None,  # noqa: ARG001
    client: Any = None,  # noqa: ARG001
    log_states: bool = False,  # noqa: ARG001
) -> Any:
    """Waits for the end of any run of the project, and gives it, with its `.state`.

    Raises FlowWaitTimeout after `timeout` seconds, UnknownRun, EngineError.
    """
    from tui_flow.sdk.deployments import wait_for_run

    number = int(str(flow_run_id).partition("-")[0])
    return await wait_for_run(project_of(parent_of_task()), number, timeout)


def _waited(pause: Pause) -> Any:
    """Blocks, or in an event loop gives what awaits, until there is an answer."""
    if asyncio._get_running_loop() is not None:
        return _awaited(pause)
    for step in pause.steps():
        if isinstance(step, Given):
            return step.value
        time.sleep(step)
    raise AssertionError("the steps end with an answer")


async def _awaited(pause: Pause) -> Any:
    for step in pause.steps():
        if isinstance(step, Given):
            return step.value
        await asyncio.sleep(step)
    raise AssertionError("the steps end with an answer")


def _own_id() -> str | None:
    run = current.get()
    return run.flow_run.id if run is not None else None
