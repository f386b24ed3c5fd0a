"""Asks what flows a file holds, in a process that is thrown away, or stays as the template of that version: nothing that
the file does can hurt the engine."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.rundir import ENV_COOKIE, ENV_RUN_DIR, run_dir
from tui_flow.contract.version import Version
from tui_flow.engine import children
from tui_flow.engine.stragglers import end_stragglers
from tui_flow.engine.template import Template
from tui_flow.store.records import Flow

DESCRIBE = ("-m", "tui_flow.sdk.describe")
MAX_ANSWER_BYTES = 4 * 1024 * 1024
KEPT_OUTPUT_BYTES = 8 * 1024
"""Of what the file printed, on each of its two streams: the end of it."""
LONGEST_ID = 10**12


class Description(NamedTuple):
    sha: str
    """Of the text that was imported; empty where the process did not get so far."""
    flows: list[Flow]
    error: str | None = None
    line: int | None = None
    traceback: str | None = None
    died: bool = False
    """The import ended the process, or did not end."""
    version: Version | None = None
    """What was imported; None where it is broken."""
    modules: dict[str, str] = {}  # noqa: RUF012
    """The project's files, besides the flow file, that had a part in it, by path: the SHA-256 of those that were
    imported, and nothing for those that only an error tells of."""
    template: Template | None = None
    """The process, if it stays. Whoever drops the description ends it."""
    objection: str = ""
    """Why it does not stay, although it was to."""
    tasks: list[str] = []  # noqa: RUF012
    """The names of the tasks that were there after the import."""

    def drop(self) -> None:
        """Nobody needs it any more."""
        if self.template is not None:
            self.template.end()


async def describe(project: Path, path: str, timeout_seconds: float, stays: bool = False) -> Description:
    """What the flow file (relative to the project) holds, or what went wrong at import. Never raises for the file.

    `stays` lets the process become a template where that is possible. Cancelled, it leaves no process behind.
    """
    try:
        command = [*DESCRIBE, str(project), str(project / path)]
        importing = Importing(project, command, stays and sys.platform == "linux")
    except OSError as error:
        return Description("", [], f"could not be imported: {error.strerror}", died=True)
    try:
        in_time = await importing.is_over(timeout_seconds)
        answer = importing.answer()
    except BaseException:
        importing.end()
        raise
    if answer is not None and answer.get("stays"):
        return _description(path, answer)._replace(template=importing.template(path, answer))
    code = importing.end()
    if not in_time:
        return importing.died(f"took longer than {timeout_seconds:g} s to import")
    try:
        assert answer is not None
        return _description(path, answer)
    except (AssertionError, ValueError, KeyError, TypeError):
        return importing.died(f"{children.describe_exit(code)} while being imported")


class Importing:
    """A process that imports a file: what it answers, and what it prints meanwhile."""

    def __init__(self, project: Path, command: list[str], stays: bool = False) -> None:
        """Starts Python with these arguments, and the descriptor for the answer behind them. Raises OSError where there
        is no process to be had."""
        self._over = asyncio.Event()
        self._cookie = os.urandom(16).hex()
        answer_end, child_end = os.pipe()
        self._service: socket.socket | None = None
        theirs: socket.socket | None = None
        if stays:
            self._service, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        given = [child_end, *([theirs.fileno()] if theirs else [])]
        try:
            self._child = subprocess.Popen(
                [sys.executable, *command, *map(str, given)],
                pass_fds=given,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                cwd="/",
                env=self._environment(project, stays),
            )
        except OSError:
            os.close(answer_end)
            if self._service is not None:
                self._service.close()
            raise
        finally:
            os.close(child_end)
            if theirs is not None:
                theirs.close()
        self._answer = Drain(answer_end, first=MAX_ANSWER_BYTES, at_end=self._over.set)
        self._output = [
            Drain(_taken(pipe), last=KEPT_OUTPUT_BYTES) for pipe in (self._child.stdout, self._child.stderr)
        ]
        self._template: Template | None = None
        self._is_gone = False
        children.on_exit(self._child, self._gone)

    def _environment(self, project: Path, stays: bool) -> dict[str, str]:
        """With the marks of no run, in full length: a run that is forked writes its own over them."""
        environment = {key: value for key, value in os.environ.items() if key != ENV_RUN_DIR}
        longest = str(run_dir(project / ".tui_flow", LONGEST_ID))
        return environment | {ENV_COOKIE: self._cookie} | ({ENV_RUN_DIR: longest} if stays else {})

    async def is_over(self, seconds: float) -> bool:
        """Waits until the file is imported, or the process is gone; False where neither happened in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
                while self.answer() is None and not self._is_gone:
                    # It closed its descriptors, and lives on.
                    self._over.clear()
                    await self._over.wait()
        except TimeoutError:
            return False
        return True

    def answer(self) -> dict[str, Any] | None:
        """What it said; None where it is not whole."""
        try:
            answer = json.loads(self._answer.data)
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else None

    def end(self) -> int:
        """Ends the process and what it started; gives its return code as `subprocess` does."""
        code = children.end_group(self._child)
        self._close()
        if self._service is not None:
            self._service.close()
        if not self._answer.data:  # it ended what it had started just before it answered; this one did not
            end_stragglers(self._cookie)
        return code

    def template(self, path: str, answer: dict[str, Any]) -> Template:
        """Lets the process be one."""
        self._close()
        assert self._service is not None
        version = Version(answer["sha"], answer["modules"])
        said = [output.data.decode("utf-8", "replace") for output in self._output]
        self._template = Template(self._child, self._service, path, version, said)
        return self._template

    def died(self, error: str) -> Description:
        output = b"".join(output.data for output in self._output)
        return Description("", [], error, None, output.decode("utf-8", "replace") or None, died=True)

    def _close(self) -> None:
        self._answer.close()
        for output in self._output:
            output.close()

    def _gone(self) -> None:
        self._is_gone = True
        self._over.set()
        if self._template is not None:
            self._template.gone()


def _taken(pipe: Any) -> int:
    """The descriptor of a pipe, in nobody else's hands."""
    fd = os.dup(pipe.fileno())
    pipe.close()
    return fd


def _description(path: str, answer: dict[str, Any]) -> Description:
    error, modules = answer["error"], answer["modules"]
    parts = dict.fromkeys((met for met in answer["met"] if met != path), "") | dict(modules.values())
    if error is not None:
        text, line, traceback = str(error["error"]), error["line"], error["traceback"] or None
        return Description(answer["sha"], [], text, line, traceback, modules=parts)
    own = {"path": path, "sha": answer["sha"]}
    flows = [
        Flow(**{**own, **{key: flow[key] for key in _FIELDS if key in flow}}) for flow in answer["flows"]
    ]
    version, objection = Version(answer["sha"], modules), answer.get("objection", "")
    return Description(
        answer["sha"],
        flows,
        version=version,
        modules=parts,
        objection=objection,
        tasks=list(map(str, answer["tasks"])),
    )


_FIELDS = [field for field in Flow._fields if field not in ("path", "sha")]


class Drain:
    """Takes what comes through a pipe, so that its writer never waits, and keeps the first or the last bytes."""

    def __init__(
        self, fd: int, first: int = 0, last: int = 0, at_end: Callable[[], None] = lambda: None
    ) -> None:
        self.data = b""
        self._fd, self._first, self._last, self._at_end = fd, first, last, at_end
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
            self._at_end()
        elif self._last:
            self.data = (self.data + data)[-self._last :]
        else:
            self.data = (self.data + data)[: self._first]
        return bool(data)
