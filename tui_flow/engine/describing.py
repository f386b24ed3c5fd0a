"""Asks what flows a file holds, in a process that is thrown away: nothing that the file does can hurt the engine."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.rundir import ENV_COOKIE, ENV_RUN_DIR
from tui_flow.engine import children
from tui_flow.engine.stragglers import end_stragglers
from tui_flow.store.records import Flow

DESCRIBE = ("-m", "tui_flow.sdk.describe")
MAX_ANSWER_BYTES = 4 * 1024 * 1024
KEPT_OUTPUT_BYTES = 16 * 1024
"""Of what the file printed: the end of it, for who wants to know why its import ended the process."""


class Description(NamedTuple):
    sha: str
    """Of the text that was imported; empty where the process did not get so far."""
    flows: list[Flow]
    error: str | None = None
    line: int | None = None
    traceback: str | None = None
    died: bool = False
    """The import ended the process, or did not end."""


async def describe(project: Path, path: str, timeout_seconds: float) -> Description:
    """What the flow file (relative to the project) holds, or what went wrong at import. Never raises for the file.

    Cancelled, it leaves no process behind.
    """
    answer_end, child_end = os.pipe()
    cookie = os.urandom(16).hex()
    try:
        child = subprocess.Popen(
            [sys.executable, *DESCRIBE, str(project), str(project / path), str(child_end)],
            pass_fds=[child_end],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env={key: value for key, value in os.environ.items() if key != ENV_RUN_DIR}
            | {ENV_COOKIE: cookie},
        )
    except OSError as error:
        os.close(answer_end)
        return Description("", [], f"could not be imported: {error.strerror}", died=True)
    finally:
        os.close(child_end)
    assert child.stdout is not None
    answer = Drain(answer_end, first=MAX_ANSWER_BYTES)
    output = Drain(os.dup(child.stdout.fileno()), last=KEPT_OUTPUT_BYTES)
    child.stdout.close()
    try:
        in_time = await _is_gone(child, timeout_seconds)
    finally:
        code = children.end_group(child)
        answer.close()
        output.close()
        if not answer.data:  # it ended what it had started just before it answered; this one did not
            end_stragglers(cookie)
    if not in_time:
        return _died(f"took longer than {timeout_seconds:g} s to import", output)
    try:
        return _description(path, json.loads(answer.data))
    except (ValueError, KeyError, TypeError):
        return _died(f"{children.describe_exit(code)} while being imported", output)


async def _is_gone(child: subprocess.Popen[bytes], seconds: float) -> bool:
    gone = asyncio.Event()
    children.on_exit(child, gone.set)
    try:
        await asyncio.wait_for(gone.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _died(error: str, output: "Drain") -> Description:
    return Description("", [], error, None, output.data.decode("utf-8", "replace") or None, died=True)


def _description(path: str, answer: dict[str, Any]) -> Description:
    error = answer["error"]
    if error is not None:
        return Description(answer["sha"], [], str(error["error"]), error["line"], error["traceback"] or None)
    own = {"path": path, "sha": answer["sha"]}
    flows = [
        Flow(**{**own, **{key: flow[key] for key in _FIELDS if key in flow}}) for flow in answer["flows"]
    ]
    return Description(answer["sha"], flows)


_FIELDS = [field for field in Flow._fields if field not in ("path", "sha")]


class Drain:
    """Takes what comes through a pipe, so that its writer never waits, and keeps the first or the last bytes."""

    def __init__(self, fd: int, first: int = 0, last: int = 0) -> None:
        self.data = b""
        self._fd, self._first, self._last = fd, first, last
        self._loop = asyncio.get_running_loop()
        os.set_blocking(fd, False)
        self._loop.add_reader(fd, self._take)

    def close(self) -> None:
        """Takes what is there still. A process that was handed the other end may hold it open for ever."""
        self._loop.remove_reader(self._fd)
        for _ in range(64):
            if not self._take():
                break
        os.close(self._fd)

    def _take(self) -> bool:
        try:
            data = os.read(self._fd, 65_536)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(self._fd)
        elif self._last:
            self.data = (self.data + data)[-self._last :]
        else:
            self.data = (self.data + data)[: self._first]
        return bool(data)
