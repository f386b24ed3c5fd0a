"""What flows a file holds, found out in a process that is thrown away, or stays as the template of that version.

    python -m tui_flow.sdk.describe <project> <flow file> <fd> [<socket>]

writes one JSON object to that descriptor, closes it, and nothing else goes there:

    {"sha": …, "flows": [{"name", "function", "line", "description", "parameters", "tags", "timeout_seconds", …}],
     "tasks": [<name>…], "modules": {<name>: [<path>, <sha>]}, "met": [<path>…],
     "error": null | {"error", "line", "traceback"}, "stays": <bool>, "objection": <text>}

A flow's fields are those of `store.records.Flow`; `parameters` is a JSON schema of an object. `modules` are those of the project that the file imports, `met` the
project's files that an import went through before it failed, paths relative to the project. Whatever the file does
while it is imported, the caller gets the object, or this process dies or hangs without it, and its limit is the
caller's. What the file started ends before the answer is given. With a socket, and unless `objection` says what stands
against it, the process stays and forks runs (`template`). It never outlives its parent.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.contract import rundir
from tui_flow.contract.errors import EXIT_USAGE, TuiFlowError
from tui_flow.contract.flow_names import plain_name
from tui_flow.contract.parameter_fit import LENIENT, VALIDATED
from tui_flow.contract.processes import send
from tui_flow.contract.schedules import to_json
from tui_flow.contract.secret_parameters import kept_secrets
from tui_flow.contract.version import Version
from tui_flow.sdk import flow_file, project_modules
from tui_flow.sdk.masking import masker
from tui_flow.sdk.process_tree import adopt_orphans, descendants, die_with_parent
from tui_flow.sdk.worker import Imported, make_a_script_of

if TYPE_CHECKING:
    from tui_flow.sdk.template import Seat

_HIGH_FD = 200
_encode = json.JSONEncoder().encode
"""Held here, where no file that is imported can replace it."""


def describe(project: Path, path: Path) -> tuple[dict[str, Any], Imported | None]:
    """The object for that file, and its flows where there was no error. Imports it into this process."""
    answer: dict[str, Any] = {"sha": "", "flows": [], "tasks": [], "modules": {}, "met": [], "error": None}
    flows, began_ns = {}, time.time_ns()
    try:
        source = flow_file.read_source(path)
        answer["sha"] = rundir.keep_source(rundir.open_state_dir(project), source)
        flows = flow_file.flows_of(flow_file.load(path, source))
        answer["error"] = _namesakes(flows) or _cannot_fire(flows)
        if answer["error"] is None:
            answer["flows"] = [
                {**_entry(function, flow), "schedules": _own_schedules(flow, flows)}
                for function, flow in flows.items()
            ]
    except BaseException as error:
        answer["met"] = sorted(project_modules.met_in(error, project))
        what, failure = flow_file.explain(error, path)
        answer["error"] = {"error": what, "line": failure.line or None, "traceback": failure.traceback}
    with suppress(OSError, TuiFlowError):
        answer["modules"] = project_modules.imported(project, path, began_ns)
    answer["tasks"] = _tasks(answer["modules"])
    if answer["error"] is not None:
        return answer, None
    return answer, Imported(flows, Version(answer["sha"], answer["modules"]))


def _tasks(names: Iterable[str]) -> list[str]:
    """The names of the tasks in the flow file, in the project's modules that it imports, and in their classes."""
    from tui_flow.sdk.tasks import Task

    modules = [flow_file.loaded, *(sys.modules.get(name) for name in names)]
    found: dict[str, None] = {}
    for space in [getattr(module, "__dict__", {}) for module in modules]:
        for value in list(space.values()):
            inside = list(vars(value).values()) if issubclass(type(value), type) else ()
            found |= {str(one.name): None for one in (value, *inside) if issubclass(type(one), Task)}
    return list(found)


def _namesakes(flows: dict[str, Any]) -> dict[str, Any] | None:
    """Names the first two flows that have one name, so that nobody runs the other one by mistake."""
    lines: dict[str, int] = {}
    for flow in flows.values():
        name, line = plain_name(flow.name), _line(flow)
        if name in lines:
            what = f"two flows are named {flow.name!r}, in lines {lines[name]} and {line}; rename one of them"
            return {"error": what, "line": line, "traceback": ""}
        lines[name] = line
    return None


def _cannot_fire(flows: dict[str, Any]) -> dict[str, Any] | None:
    """Says what is wrong with the first schedule that cannot work, so that nobody waits for it."""
    for flow in flows.values():
        for schedule in flow.schedules:
            wrong = _wrong_with(schedule, flow)
            if wrong:
                what = f"the schedule of flow {flow.name!r} cannot work: {wrong}"
                return {"error": what, "line": _line(flow), "traceback": ""}
    return None


def _wrong_with(schedule: Any, flow: Any) -> str:
    from tui_flow.contract.schedules import BadSchedule
    from tui_flow.fire_times import check
    from tui_flow.sdk.readable import as_json

    if secrets := kept_secrets(flow.parameter_schema(), as_json(schedule.declared.parameters)):
        return secrets
    try:
        json.dumps(to_json(check(schedule.declared)), allow_nan=False)
    except (BadSchedule, TypeError, ValueError) as error:
        return str(error)
    asked = schedule.fn
    if asked is not None and getattr(flow.fn, "__globals__", {}).get(asked.__name__) is not asked:
        return f"there is no {asked.__name__}() in this file for its condition to ask"
    names = getattr(schedule.declared.when, "names", ())
    if plain_name(flow.name) in map(plain_name, names):
        return "it would fire itself, again and again: on_flow is for the ends of other flows"
    return _misfit(flow, schedule.declared)


def _misfit(flow: Any, declared: Any) -> str:
    """Why the flow would not take the parameters of its schedule; empty where it does."""
    from tui_flow.sdk import params
    from tui_flow.sdk.exceptions import ParameterBindError, ParameterTypeError

    given, into = declared.parameters, declared.into
    if into in given:
        return f"into={into!r} and parameters= both give {into!r}"
    fired = {} if into is None else {into: None}
    wrong = _wrong_names(params.signature_of(flow.fn), {**given, **fired})
    if wrong:
        return wrong
    try:
        bound = params.bind(flow.fn, (), {**given, **fired})
        if flow.should_validate:
            bound.arguments.pop(into, None)  # what it will be, nobody knows yet
            params.validated(flow.fn, bound)
    except (ParameterBindError, ParameterTypeError) as error:
        told = str(error).splitlines()[0].removeprefix("Flow run received invalid parameters:")
        return f"the flow does not take its parameters: {told.lstrip(' -')}"
    return ""


def _wrong_names(signature: Any, given: dict[str, Any]) -> str:
    """Which parameters a schedule gives that there are not, or leaves open that a run needs."""
    parameters = signature.parameters.values()
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters)
    unknown = [name for name in given if name not in signature.parameters and not takes_any]
    if unknown:
        return f"the flow has no parameter {', '.join(unknown)}; it has {', '.join(signature.parameters) or 'none'}"
    missing = [
        one.name
        for one in parameters
        if one.default is one.empty
        and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        and one.name not in given
    ]
    if not missing:
        return ""
    return f"it gives no {', '.join(missing)}: add parameters={{'{missing[0]}': …}} to it, or a default to the flow"


def _entry(function: str, flow: Any) -> dict[str, Any]:
    return {
        "name": flow.name,
        "function": function,
        "line": _line(flow),
        "description": flow.description or "",
        "parameters": _parameters(flow),
        "tags": sorted(flow.tags),
        "timeout_seconds": flow.timeout_seconds,
        "max_concurrent_runs": flow.max_concurrent_runs,
        "exclusive": flow.exclusive,
        "priority": flow.priority,
        "on_crash": flow.on_crash,
        "pause_on_failure": flow.pause_on_failure,
    }


def _parameters(flow: Any) -> dict[str, Any]:
    """Their schema, which says whether they may be checked by it before the flow runs."""
    schema: dict[str, Any] = flow.parameter_schema()
    if flow.should_validate:
        return {**schema, VALIDATED: True}
    return {
        **schema,
        "properties": {name: {**part, LENIENT: True} for name, part in schema["properties"].items()},
    }


def _own_schedules(flow: Any, flows: dict[str, Any]) -> list[dict[str, Any]]:
    """A variant (`with_options`) is not scheduled once more for what the flow beside it has, of which it was made."""
    owner = next(one for one in flows.values() if one.schedules is flow.schedules)
    return [to_json(schedule.declared) for schedule in flow.schedules] if flow is owner else []


def _line(flow: Any) -> int:
    import inspect

    code = getattr(inspect.unwrap(flow.fn), "__code__", None)
    return code.co_firstlineno if code else 1


def main(arguments: list[str]) -> int:
    if len(arguments) not in (3, 4) or not all(map(str.isdigit, arguments[2:])):
        usage = "usage: python -m tui_flow.sdk.describe <project> <flow file> <fd> [<socket>]"
        print(usage, file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    project, path = Path(arguments[0]).absolute(), Path(arguments[1]).absolute()
    fd, *service = map(_out_of_the_way, map(int, arguments[2:]))
    me = os.getpid()
    die_with_parent()
    adopt_orphans()
    seat, objection = _seat(service, path, project)
    os.chdir(project)
    make_a_script_of(path, project)
    answer, imported = describe(project, path)
    if os.getpid() != me:
        os._exit(0)
    if seat is not None:
        objection = objection or seat.objection()
    stays = seat is not None and imported is not None and not objection
    for process in descendants(me, cookie=""):
        send(process, signal.SIGKILL)
    _flush()
    _write(fd, masker.mask(_encode({**answer, "stays": stays, "objection": objection}).encode()))
    if seat is not None and imported is not None and stays:
        seat.serve(imported, project)
    os._exit(0)


def _seat(service: list[int], path: Path, project: Path) -> tuple["Seat | None", str]:
    """Where a template is wanted: what it needs before the import, or why there can be none."""
    if not service:
        return None, ""
    from tui_flow.sdk.template import Seat

    try:
        return Seat(service[0], path, project), ""
    except OSError as error:
        return None, f"cannot be a template here: {error.strerror or error}"


def _flush() -> None:
    """What the file printed is out before anybody is told that it is imported."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
    os.close(fd)


def _out_of_the_way(fd: int) -> int:
    """The descriptor under a high number that no child inherits, so that the file neither hits nor hands it on."""
    import fcntl

    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _HIGH_FD)
    except OSError:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    return high


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
