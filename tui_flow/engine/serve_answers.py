"""What the engine does for the commands about served flows: one function a verb, as in `answers`."""

import re
from typing import TYPE_CHECKING, Any, NoReturn

from tui_flow import fire_times
from tui_flow.contract import commands, schedules
from tui_flow.contract.changes import ScheduleChanged
from tui_flow.contract.commands import FlowToServe
from tui_flow.contract.errors import AlreadyServed, BadParameters, UnknownFlow, UnknownRun, UnknownSchedule
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.flow_names import same_name
from tui_flow.contract.secret_parameters import kept_secrets
from tui_flow.contract.states import ScheduleState
from tui_flow.engine.dispatcher import wishes
from tui_flow.engine.file_runs import flow_in_file
from tui_flow.engine.known_flows import current_flow
from tui_flow.engine.known_tasks import check_tasks
from tui_flow.engine.parameters import check
from tui_flow.engine.server import Connection
from tui_flow.store import flows, runs, served
from tui_flow.store import schedules as stored
from tui_flow.store.records import Flow, Schedule, ServedFlow

if TYPE_CHECKING:
    from tui_flow.engine.engine import Engine

_SERVER = re.compile(r"[0-9a-f]{32}")


async def serve_flows(
    engine: "Engine", connection: Connection, command: commands.ServeFlows
) -> dict[str, Any]:
    if not _SERVER.fullmatch(command.server) or not engine.serving.is_alive(command.server):
        raise BadParameters("no script holds the lock that it serves by", next="let flow.serve() ask for it")
    wishes = [_wish(fields) for fields in command.flows]
    found = [(await flow_in_file(engine, wish.path, wish.flow))[0] for wish in wishes]
    declared = []
    for wish, flow in zip(wishes, found, strict=True):
        _refuse_secrets(flow, wish, wish.parameters)
        _refuse_taken(engine, flow, wish, command.server)
        declared.append([_spec(flow, wish, one) for one in wish.schedules])
    _refuse_namesakes(
        [(flow.name, spec["slug"]) for flow, specs in zip(found, declared, strict=True) for spec in specs]
    )
    engine.arrivals.look(engine.clock.monotonic())
    last_run_id = runs.newest_id(engine.db)
    told = []
    for wish, flow, specs in zip(wishes, found, declared, strict=True):
        one = _served(command, wish, flow, engine.clock.time())
        served.save(engine.db, one, specs)
        engine.log.say(f"{one.full_name}: served by a script of {connection.user}")
        told.append(one)
    failpoint("served-stored")
    engine.serving.watch(command.server)
    engine.dispatcher.limits.changed()
    engine.scheduler.changed()
    engine.scheduler.settle()
    for one in told:
        engine.bus.publish(ScheduleChanged(one.flow))
    return {"last_run_id": last_run_id, "flows": [_told(engine, one) for one in told]}


async def stop_serving(engine: "Engine", _: Connection, command: commands.StopServing) -> dict[str, Any]:
    ended = engine.serving.end(command.server)
    names = {(one.flow, one.name) for one in ended}
    found = [(one, schedule) for one in ended for schedule in served.schedules_of(engine.db, one)]
    running = [
        active.id for active in engine.ingest.active.values() if (active.run.flow, active.run.served) in names
    ]
    return {
        "paused": [_name(schedule) for one, schedule in found if schedule.state is ScheduleState.PAUSED],
        "kept": [_name(schedule) for one, schedule in found if schedule.state is ScheduleState.ACTIVE],
        "running": running,
    }


async def forget_schedule(
    engine: "Engine", connection: Connection, command: commands.ForgetSchedule
) -> dict[str, Any]:
    known = [one for one in stored.list_schedules(engine.db) if same_name(one.flow, command.flow)]
    schedule = next((one for one in known if one.slug == command.schedule), None)
    name = command.schedule if schedule is None else schedule.spec.get("served")
    one = served.find_served(engine.db, command.flow, name) if name else None
    if schedule is None and one is None:
        raise UnknownSchedule(
            f"there is no schedule {command.flow}/{command.schedule}",
            next="tui-flow schedule list lists those there are",
        )
    if one is not None and one.server is not None and engine.serving.is_alive(one.server):
        raise AlreadyServed(f"a script serves {one.full_name}", next="end it first: Ctrl+C")
    if one is None and schedule is not None and schedule.state is not ScheduleState.GONE:
        raise BadParameters(
            f"{_name(schedule)} is declared in its flow file",
            next="take it out there, or tui-flow schedule pause",
        )
    gone = served.schedules_of(engine.db, one) if one is not None else [schedule] if schedule else []
    flow = one.flow if one is not None else gone[0].flow
    served.forget(engine.db, flow, name if one is not None else None, gone)
    engine.log.say(f"{flow}/{command.schedule}: forgotten, as {connection.user} asked")
    engine.scheduler.changed()
    engine.bus.publish(ScheduleChanged(flow))
    return {"flow": flow, "schedule": command.schedule}


async def run_served(engine: "Engine", _: Connection, command: commands.RunServed) -> dict[str, Any]:
    one = served.find_served(engine.db, command.flow, command.name)
    if one is None:
        _refuse_unknown(engine, command)
    engine.arrivals.look(engine.clock.monotonic())
    if command.idempotency_key is not None:
        known = runs.run_of_key(engine.db, one.flow, one.name, command.idempotency_key)
        if known is not None:
            return {"run_id": known.id, "is_new": False}
    flow, held = await _flow_of(engine, one)
    parameters = {**one.parameters, **command.parameters}
    check(flow, parameters)
    await check_tasks(engine, flow, command, held)
    run_id = engine.dispatcher.make_run(
        flow,
        parameters,
        command.run_name,
        [*one.tags, *command.tags],
        command.trigger,
        served=one.name,
        served_version=one.version,
        idempotency_key=command.idempotency_key,
        default_name=command.default_name,
        **wishes(command),
    )
    await engine.begin(run_id)
    return {"run_id": run_id, "is_new": True}


async def _flow_of(engine: "Engine", one: ServedFlow) -> tuple[Flow, list[str] | None]:
    """The flow as its file has it now, and the tasks that this holds; what lies in `flows/` is described already."""
    known = flows.get_flow(engine.db, one.flow)
    if known is not None and known.path == one.definition.path:
        return await current_flow(engine, one.flow), None
    path = str(engine.settings.project / one.definition.path)
    return await flow_in_file(engine, path, one.definition.function)


async def wait_run(engine: "Engine", _: Connection, command: commands.WaitRun) -> dict[str, Any]:
    engine.arrivals.look(engine.clock.monotonic())
    await engine.ends.wait(command.run_id, command.seconds)
    run = runs.get_run(engine.db, command.run_id)
    if run is None:
        raise UnknownRun(f"there is no run {command.run_id}", next="tui-flow runs lists those there are")
    told = (
        "flow",
        "run_name",
        "state",
        "state_name",
        "message",
        "attempt",
        "trigger",
        "scheduled_for",
        "parameters",
        "tags",
        "created_at",
        "started_at",
    )
    return {"run_id": run.id, **{name: getattr(run, name) for name in (*told, "ended_at")}}


def _wish(fields: dict[str, Any]) -> FlowToServe:
    """Raises BadParameters for what is none."""
    try:
        wish = FlowToServe(**fields)
    except TypeError as error:
        raise BadParameters(f"not a flow to serve: {error}") from None
    if not isinstance(wish.name, str) or not wish.name.strip() or re.search(r"[/%&<>]", wish.name):
        raise BadParameters(
            f"a flow cannot be served as {wish.name!r}", next="the name has none of / % & < >"
        )
    return wish


def _spec(flow: Flow, wish: FlowToServe, declared: dict[str, Any]) -> dict[str, Any]:
    """A schedule as it is stored: with the parameters of what is served. Raises BadParameters where it cannot fire."""
    try:
        schedule = fire_times.check(schedules.from_json(declared))
    except ValueError as error:
        raise BadParameters(f"the schedule of {flow.name}/{wish.name} cannot work: {error}") from None
    parameters = {**wish.parameters, **schedule.parameters}
    _refuse_secrets(flow, wish, parameters)
    check(flow, parameters)
    return {**schedules.to_json(schedule._replace(parameters=parameters)), "served": wish.name}


def _refuse_secrets(flow: Flow, wish: FlowToServe, parameters: dict[str, Any]) -> None:
    if secrets := kept_secrets(flow.parameters, parameters):
        raise BadParameters(f"{flow.name}/{wish.name} cannot be served so: {secrets}", where=flow.path)


def _refuse_namesakes(slugs: list[tuple[str, str]]) -> None:
    """Two schedules of one flow that are to have one name."""
    for flow, slug in slugs:
        if slugs.count((flow, slug)) > 1:
            raise AlreadyServed(
                f"two schedules of flow {flow!r} are named {slug!r}", next="give one of them another slug="
            )


def _refuse_taken(engine: "Engine", flow: Flow, wish: FlowToServe, server: str) -> None:
    """Where another script serves that name, or the flow file has a schedule of it."""
    known = served.get_served(engine.db, flow.name, wish.name)
    if known is not None and known.server not in (None, server) and engine.serving.is_alive(known.server):
        raise AlreadyServed(
            f"another script serves {known.full_name}", where=str(known.definition.path),
            next="end that one first, or serve this one under another name",
        )  # fmt: skip
    for declared in wish.schedules:
        one = stored.get_schedule(engine.db, flow.name, str(declared.get("slug")))
        if one is None or one.state is ScheduleState.GONE:
            continue
        under = one.spec.get("served")
        if one.source == served.SOURCE and under != wish.name:
            raise AlreadyServed(
                f"flow {flow.name!r} is served as {under!r} with a schedule of the name {one.slug!r}, too",
                where=flow.path,
                next="give one of them another slug=",
            )
        if one.source != served.SOURCE:
            raise AlreadyServed(
                f"the flow file declares a schedule {_name(one)} itself", where=flow.path,
                next="serve it under another name",
            )  # fmt: skip


def _served(command: commands.ServeFlows, wish: FlowToServe, flow: Flow, at: float) -> ServedFlow:
    return ServedFlow(
        flow=flow.name,
        name=wish.name,
        server=command.server,
        pauses_at_end=command.pauses_at_end,
        server_limit=command.limit,
        definition=flow,
        parameters=wish.parameters,
        description=wish.description or flow.description,
        tags=wish.tags,
        version=wish.version,
        max_concurrent_runs=wish.limit,
        served_at=at,
    )


def _told(engine: "Engine", one: ServedFlow) -> dict[str, Any]:
    found = [
        {
            **schedule._asdict(),
            "next": engine.scheduler.next_times(schedule, 1)
            if schedule.state is ScheduleState.ACTIVE
            else [],
        }
        for schedule in served.schedules_of(engine.db, one)
        if schedule.state is not ScheduleState.GONE
    ]
    return {"flow": one.flow, "name": one.name, "schedules": found}


def _name(schedule: Schedule) -> str:
    return f"{schedule.flow}/{schedule.slug}"


def _refuse_unknown(engine: "Engine", command: commands.RunServed) -> NoReturn:
    names = [one.full_name for one in served.list_served(engine.db)]
    near = [name for name in names if same_name(name.partition("/")[0], command.flow)] or names
    raise UnknownFlow(
        f"no flow is served as {command.flow}/{command.name}",
        next=f"there are: {', '.join(near)}" if near else "serve it: flow.serve(name=…)",
    )


VERBS: dict[type, Any] = {
    commands.ServeFlows: serve_flows,
    commands.StopServing: stop_serving,
    commands.ForgetSchedule: forget_schedule,
    commands.RunServed: run_served,
    commands.WaitRun: wait_run,
}
