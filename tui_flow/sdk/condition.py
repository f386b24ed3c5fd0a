"""Asks one function of a flow file whether it is time to run, in processes that are thrown away.

    python -m tui_flow.sdk.condition <project> <flow file> <function> <version> <fd>

writes one JSON object to that descriptor, and nothing else goes there:

    {"says": <bool>, "value": <what it returned, as JSON>}
    {"error": <in one line>, "line": <in this file, or null>}

`version` is the JSON of a `contract.version.Version`, or empty for the files as they are. The function is asked in a
child, which leaves its answer in memory that both share: whatever it prints, closes or starts, the answer comes through,
and what it started ends with it. How long it may take, the caller decides.
"""

import json
import mmap
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from tui_flow.contract.errors import EXIT_USAGE
from tui_flow.contract.processes import send
from tui_flow.contract.version import Version
from tui_flow.sdk import flow_file, worker
from tui_flow.sdk.masking import masker
from tui_flow.sdk.process_tree import adopt_orphans, descendants, die_with_parent

MAX_VALUE = 64 * 1024
"""Bytes of JSON: it becomes a run's parameter."""
MAX_ERROR = 500
"""Characters."""
_encode, _exit = json.JSONEncoder(separators=(",", ":")).encode, os._exit


def ask(path: Path, project: Path, function: str, version: str) -> dict[str, Any]:
    """The answer of the function, in this process."""
    doing = "the file could not be imported:"
    try:
        os.chdir(project)
        module, _ = worker.load(path, project, Version.from_json(version) if version else None)
        found = getattr(module, function, None)
        if not callable(found):
            return {"error": f"the file has no function {function}() any more", "line": None}
        doing = f"{function}() raised"
        return _told(_called(found))
    except BaseException as error:
        what, failure = flow_file.explain(error, path)
        return {"error": f"{doing} {what}"[:MAX_ERROR], "line": failure.line or None}


def _called(function: Callable[[], Any]) -> Any:
    import inspect

    value = function()
    if not inspect.isawaitable(value):
        return value
    import asyncio

    async def awaited() -> Any:
        return await value

    return asyncio.run(awaited())


def _told(value: Any) -> dict[str, Any]:
    from tui_flow.sdk.readable import as_json

    says = bool(value)
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    told = as_json(value)
    if len(_encode(told)) > MAX_VALUE:
        return {"error": f"it returned more than {MAX_VALUE:,} bytes; return a path, or an id", "line": None}
    return {"says": says, "value": told}


def main(arguments: list[str]) -> int:
    if len(arguments) != 5 or not arguments[4].isdigit():
        usage = "usage: python -m tui_flow.sdk.condition <project> <flow file> <function> <version> <fd>"
        print(usage, file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    project, path = Path(arguments[0]).absolute(), Path(arguments[1]).absolute()
    me, answer_fd = os.getpid(), int(arguments[4])
    die_with_parent()
    adopt_orphans()
    shared = mmap.mmap(-1, 2 * MAX_VALUE)
    child = os.fork()
    if child == 0:
        os.close(answer_fd)
        _answer(shared, path, project, arguments[2], arguments[3])
    _, status = os.waitpid(child, 0)
    for process in descendants(me, cookie=""):
        send(process, signal.SIGKILL)
    told = bytes(shared).rstrip(b"\0") or _encode({"exit": os.waitstatus_to_exitcode(status)}).encode()
    os.write(answer_fd, told)
    return 0


def _answer(shared: mmap.mmap, path: Path, project: Path, function: str, version: str) -> NoReturn:
    """The child's whole life."""
    me = os.getpid()
    die_with_parent()
    worker.make_a_script_of(path, project)
    answer = ask(path, project, function, version)
    if os.getpid() == me:  # the function may have forked, and returned in both
        shared.write(masker.mask(_encode(answer).encode()))
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
    _exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
