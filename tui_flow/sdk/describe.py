"""What flows a file holds, found out in a process that is thrown away.

    python -m tui_flow.sdk.describe <project> <flow file> <fd>

writes one JSON object to that descriptor, and nothing else goes there:

    {"sha": …, "flows": [{"name", "function", "line", "description", "parameters", "tags", "timeout_seconds", …}],
     "error": null | {"error", "line", "traceback"}}

A flow's fields are those of `store.records.Flow`; `parameters` is a JSON schema of an object. Whatever the file does while it is imported, the caller gets the object,
or this process dies or hangs without it, and its limit is the caller's. What the file started ends with this process.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tui_flow.contract import rundir
from tui_flow.contract.errors import EXIT_USAGE
from tui_flow.sdk import flow_file
from tui_flow.sdk.process_tree import adopt_orphans, descendants, send

_HIGH_FD = 200


def describe(project: Path, path: Path) -> dict[str, Any]:
    """The object for that file. Imports it into this process."""
    answer: dict[str, Any] = {"sha": "", "flows": [], "error": None}
    try:
        source = flow_file.read_source(path)
        answer["sha"] = rundir.keep_source(rundir.open_state_dir(project), source)
        flow_file.set_import_path(path, project)
        flows = flow_file.flows_of(flow_file.load(path, source))
        answer["error"] = _namesakes(flows)
        if answer["error"] is None:
            answer["flows"] = [_entry(function, flow) for function, flow in flows.items()]
    except BaseException as error:
        what, failure = flow_file.explain(error, path)
        answer["error"] = {"error": what, "line": failure.line or None, "traceback": failure.traceback}
    return answer


def _namesakes(flows: dict[str, Any]) -> dict[str, Any] | None:
    """Names the first two flows that have one name, so that nobody runs the other one by mistake."""
    lines: dict[str, int] = {}
    for flow in flows.values():
        name, line = flow_file.plain_name(flow.name), _line(flow)
        if name in lines:
            what = f"two flows are named {flow.name!r}, in lines {lines[name]} and {line}; rename one of them"
            return {"error": what, "line": line, "traceback": ""}
        lines[name] = line
    return None


def _entry(function: str, flow: Any) -> dict[str, Any]:
    return {
        "name": flow.name,
        "function": function,
        "line": _line(flow),
        "description": flow.description or "",
        "parameters": flow.parameter_schema(),
        "tags": sorted(flow.tags),
        "timeout_seconds": flow.timeout_seconds,
        "max_concurrent_runs": flow.max_concurrent_runs,
        "exclusive": flow.exclusive,
        "priority": flow.priority,
        "on_crash": flow.on_crash,
        "pause_on_failure": flow.pause_on_failure,
    }


def _line(flow: Any) -> int:
    import inspect

    code = getattr(inspect.unwrap(flow.fn), "__code__", None)
    return code.co_firstlineno if code else 1


def main(arguments: list[str]) -> int:
    if len(arguments) != 3 or not arguments[2].isdigit():
        print("usage: python -m tui_flow.sdk.describe <project> <flow file> <fd>", file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    project, path = Path(arguments[0]).absolute(), Path(arguments[1]).absolute()
    fd = _out_of_the_way(int(arguments[2]))
    me = os.getpid()
    adopt_orphans()
    os.chdir(project)
    sys.argv[:] = [str(path)]
    answer = json.dumps(describe(project, path)).encode()
    if os.getpid() != me:
        os._exit(0)
    while answer:
        answer = answer[os.write(fd, answer) :]
    for process in descendants(me, cookie=""):
        send(process, signal.SIGKILL)
    os._exit(0)


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
