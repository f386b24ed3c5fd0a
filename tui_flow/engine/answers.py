"""What the engine does for each command: one function a verb, by the command's name."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from tui_flow import __version__
from tui_flow.contract import commands
from tui_flow.contract.commands import Command, EngineStatus
from tui_flow.contract.errors import (
    EngineError,
    HistoryError,
    NotCancellable,
    TuiFlowError,
    UnknownRun,
)
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.states import TERMINAL
from tui_flow.engine import question_answers, reruns, schedule_answers, serve_answers
from tui_flow.engine.dispatcher import wishes
from tui_flow.engine.file_runs import flow_in_file
from tui_flow.engine.known_flows import current_flow
from tui_flow.engine.known_tasks import check_tasks, known_tasks
from tui_flow.engine.parameters import check
from tui_flow.engine.previewing import preview
from tui_flow.engine.server import Connection
from tui_flow.store import database, events, flows, runs

if TYPE_CHECKING:
    from tui_flow.engine.engine import Engine


async def answer(engine: "Engine", connection: Connection, command: Command) -> dict[str, Any]:
    """The result of a command. What it changed is durable by then. Raises TuiFlowError where it is refused."""
    try:
        result = await _ANSWERS[type(command)](engine, connection, command)
        if not isinstance(command, _DURABLE_ALREADY):
            await asyncio.to_thread(database.make_durable, engine.settings.state_dir)
        return result
    except TuiFlowError:
        raise
    except OSError as error:
        raise EngineError(
            f"the engine cannot write: {error.strerror or error}",
            where=str(error.filename or engine.settings.state_dir),
            next="make room on the disk, then try again",
        ) from None


async def run_flow(engine: "Engine", _: Connection, command: commands.RunFlow) -> dict[str, Any]:
    flow = await current_flow(engine, command.flow)
    check(flow, command.parameters)
    await check_tasks(engine, flow, command)
    run_id = engine.dispatcher.make_run(
        flow, command.parameters, command.run_name, command.tags, command.trigger, **wishes(command)
    )
    await engine.begin(run_id)
    return {"run_id": run_id}


async def describe_file(engine: "Engine", _: Connection, command: commands.DescribeFile) -> dict[str, Any]:
    flow, held = await flow_in_file(engine, command.path, command.flow)
    told = {"flow": flow.name, "parameters": flow.parameters}
    return told | ({"tasks": await known_tasks(engine, flow, held)} if command.tasks else {})


async def run_file(engine: "Engine", _: Connection, command: commands.RunFile) -> dict[str, Any]:
    flow, held = await flow_in_file(engine, command.path, command.flow)
    check(flow, command.parameters)
    await check_tasks(engine, flow, command, held)
    run_id = engine.dispatcher.make_run(
        flow, command.parameters, command.run_name, command.tags, command.trigger, **wishes(command)
    )
    await engine.begin(run_id)
    return {"run_id": run_id}


async def cancel_run(engine: "Engine", connection: Connection, command: commands.CancelRun) -> dict[str, Any]:
    engine.arrivals.look(engine.clock.monotonic())
    active = engine.ingest.active.get(command.run_id)
    if active is not None:
        with suppress(HistoryError):  # a full disk must not keep a run from being ended
            engine.ingest.read_all(active)
    if active is None or active.run.state in TERMINAL:
        _refuse_cancel(engine, command.run_id)
    by = connection.user
    engine.log.say(f"run {active.id}: {by} asked for its end{' at once' if command.kill else ''}")
    state = engine.rescuer.cancel(active, by, command.kill)
    engine.wake()
    return {"state": state}


async def preview_rerun(engine: "Engine", _: Connection, command: commands.PreviewRerun) -> dict[str, Any]:
    rerun = await reruns.asked_for(engine, command)
    options = {
        "from_tasks": rerun.spec.rerun_from,
        "only_failed": rerun.spec.reuse == "succeeded",
        "force": rerun.spec.reuse == "nothing",
        "only": rerun.spec.rerun_only,
        "source_sha": rerun.spec.source_sha,
        "changed_parameters": rerun.changed_parameters,
    }
    told = await preview(rerun.directory, options, engine.settings.import_timeout_seconds)
    return told._asdict()


async def rerun_run(engine: "Engine", connection: Connection, command: commands.RerunRun) -> dict[str, Any]:
    rerun = await reruns.asked_for(engine, command)
    rerun.spec = rerun.spec._replace(is_strict=command.strict or rerun.spec.is_strict)
    attempt = await reruns.begin(engine, rerun)
    engine.log.say(f"run {command.run_id}: {connection.user} asked for attempt {attempt}")
    engine.wake()
    return {"run_id": command.run_id, "attempt": attempt}


async def emit_event(engine: "Engine", _: Connection, command: commands.EmitEvent) -> dict[str, Any]:
    event = events.event_of(command, engine.clock.time())
    is_new = events.keep(engine.db, event, None, engine.clock.time())
    failpoint("event-stored")
    found = events.get(engine.db, events.EMITTED, event.name, event.key or event.id)
    engine.wake()
    return {"event_id": found.id if found else 0, "is_new": is_new}


async def sync(engine: "Engine", _: Connection, command: commands.Sync) -> dict[str, Any]:
    engine.arrivals.look(engine.clock.monotonic())
    goals = {active: active.tail.size() for active in engine.ingest.active.values()}
    for active, goal in goals.items():
        while active.tail.offset < goal and engine.ingest.read(active):
            await asyncio.sleep(0)
    if command.files:
        engine.watcher.look(engine.clock.monotonic())
        await engine.discovery.wait_done()
    return {}


async def subscribe(engine: "Engine", connection: Connection, _: commands.Subscribe) -> dict[str, Any]:
    # After the answer has gone out: "from now on" it gets changes.
    asyncio.get_running_loop().call_soon(engine.subscribe, connection)
    return {}


async def prune(engine: "Engine", *_: object) -> dict[str, Any]:
    done: asyncio.Future[dict[str, int]] = asyncio.get_running_loop().create_future()
    engine.pruner.begin(lambda counts: done.set_result(dict(counts)) if not done.done() else None)
    engine.wake()
    return {"runs": await done}


async def get_status(engine: "Engine", _: Connection, command: commands.GetStatus) -> dict[str, Any]:
    if command.settings:
        engine.read_settings()
    status = EngineStatus(
        pid=os.getpid(),
        version=__version__,
        started_at=engine.started_at,
        project=str(engine.settings.project),
        pending=engine.dispatcher.pending,
        running=engine.dispatcher.running,
        total=runs.count(engine.db),
        flows=len(flows.list_flows(engine.db)),
        broken_files=engine.discovery.broken,
        limit=engine.settings.max_concurrent_runs,
        paused=engine.room.reason,
        settings=engine.settings.of_engine() if command.settings else {},
        schema=database.SCHEMA_VERSION,
    )
    return status._asdict()


async def keep_engine(engine: "Engine", *_: object) -> dict[str, Any]:
    engine.keep()
    return {}


async def stop_engine(engine: "Engine", connection: Connection, _: commands.StopEngine) -> dict[str, Any]:
    engine.log.say(f"{connection.user} asked the engine to stop")
    engine.stop()
    return {}


def _refuse_cancel(engine: "Engine", run_id: int) -> NoReturn:
    run = runs.get_run(engine.db, run_id)
    if run is None:
        raise UnknownRun(f"there is no run {run_id}", next="tui-flow runs lists those there are")
    raise NotCancellable(f"run {run_id} of {run.flow} is over: {run.state}", next=f"tui-flow show {run_id}")


_DURABLE_ALREADY = (
    *commands.READING,
    commands.RunFlow,
    commands.RunFile,
    commands.RunServed,
    commands.RerunRun,
    commands.StopEngine,
)
"""What changes nothing, or writes a `spec.json` that outlives the rows."""

Verb = Callable[["Engine", Connection, Any], Awaitable[dict[str, Any]]]


async def about_alerts(engine: "Engine", connection: Connection, command: Command) -> dict[str, Any]:
    answer = engine.alerts.answer(command, connection.user)
    engine.wake()
    return answer


_ANSWERS: dict[type, Verb] = {
    commands.AcknowledgeAlerts: about_alerts,
    commands.MuteAlerts: about_alerts,
    commands.UnmuteAlerts: about_alerts,
    commands.NoteAlert: about_alerts,
    **schedule_answers.VERBS,
    **serve_answers.VERBS,
    **question_answers.VERBS,
    commands.RunFlow: run_flow,
    commands.DescribeFile: describe_file,
    commands.RunFile: run_file,
    commands.CancelRun: cancel_run,
    commands.PreviewRerun: preview_rerun,
    commands.RerunRun: rerun_run,
    commands.EmitEvent: emit_event,
    commands.Sync: sync,
    commands.Subscribe: subscribe,
    commands.Prune: prune,
    commands.GetStatus: get_status,
    commands.KeepEngine: keep_engine,
    commands.StopEngine: stop_engine,
}
