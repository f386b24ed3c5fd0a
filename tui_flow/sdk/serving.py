"""`flow.serve`, `serve` and `to_deployment`: a script that serves flows, each under a name, with schedules and parameters.

The engine keeps what is served and runs it; the script holds a lock that says that it is there, and shows the runs.
When it is over, by Ctrl+C or `kill -9`, the schedules pause (`pause_on_shutdown`); runs in progress go on.
"""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui_flow.contract import rundir, schedules
from tui_flow.contract.commands import FlowToServe, ServeFlows, StopServing
from tui_flow.contract.errors import TuiFlowError
from tui_flow.safe import safe
from tui_flow.sdk import flow_file
from tui_flow.sdk.asking import ask
from tui_flow.sdk.exceptions import UnsupportedFeature
from tui_flow.sdk.script_run import find_project_of_script
from tui_flow.sdk.served_flow import RunnerDeployment

if TYPE_CHECKING:
    from types import FrameType

_VIEW = ("-m", "tui_flow.cli.serving")
_ENDING_SECONDS = 5.0
"""How long the view of the runs may take to be gone."""


def serve(
    *args: RunnerDeployment,
    pause_on_shutdown: bool = True,
    print_starting_message: bool = True,
    limit: int | None = None,
    webserver: bool = False,
    **_: Any,
) -> None:
    """Serves what `flow.to_deployment()` made, and shows its runs, until Ctrl+C, SIGTERM or the end of the terminal.

    `limit`: runs at once of all of them. Raises EngineError where there can be no engine, BrokenFlow, UnknownFlow,
    BadParameters and AlreadyServed where the engine cannot take it, RuntimeError in an event loop.
    """
    if "asyncio" in sys.modules and sys.modules["asyncio"]._get_running_loop() is not None:
        raise RuntimeError("Cannot call `serve` in an asynchronous context. Use `aserve` instead.")
    server = _Server(args, pause_on_shutdown, limit, webserver)
    before = _end_by_signal()
    try:
        server.begin(print_starting_message)
        server.wait()
    except KeyboardInterrupt:
        pass  # the way to end it
    finally:
        server.end()
        for number, handler in before.items():
            signal.signal(number, handler)


async def aserve(
    *args: RunnerDeployment,
    pause_on_shutdown: bool = True,
    print_starting_message: bool = True,
    limit: int | None = None,
    webserver: bool = False,
    **_: Any,
) -> None:
    """`serve`, for code that awaits it; cancelled, it ends in order."""
    import asyncio

    server = _Server(args, pause_on_shutdown, limit, webserver)
    try:
        await asyncio.to_thread(server.begin, print_starting_message)
        await asyncio.to_thread(server.wait)
    finally:
        server.end()


class _Server:
    """What this script serves, from beginning to end."""

    def __init__(
        self, deployments: tuple[RunnerDeployment, ...], pauses: bool, limit: int | None, webserver: bool
    ) -> None:
        _check(deployments, webserver)
        self._deployments, self._pauses, self._limit = deployments, pauses, limit
        self._project = find_project_of_script()
        self._id = os.urandom(16).hex()
        self._lock: int | None = None
        self._view: subprocess.Popen[bytes] | None = None
        self._is_ending = threading.Event()

    def begin(self, says: bool) -> None:
        """Lets the engine know, and shows the runs from now on."""
        folder = rundir.open_state_dir(self._project) / rundir.SERVING
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        self._lock = rundir.take_lock(folder / self._id)
        wishes = [FlowToServe(**one.wish())._asdict() for one in self._deployments]
        told = ask(self._project, ServeFlows(self._id, wishes, self._limit, self._pauses))
        if says:
            _tell_begin(told["flows"], self._pauses, self._project)
        names = [f"{one['flow']}/{one['name']}" for one in told["flows"]]
        self._view = subprocess.Popen(
            [sys.executable, *_VIEW, str(self._project), str(told["last_run_id"]), *names],
            stdin=subprocess.PIPE,  # whose end tells it that this process is gone
            stdout=_output(),
            start_new_session=True,
            cwd="/",
        )

    def wait(self) -> None:
        """Until it is ended. The view may go before; what is served is served all the same."""
        if self._view is not None:
            self._view.wait()
        self._is_ending.wait()

    def end(self) -> None:
        """Says what becomes of the schedules and of the runs in progress."""
        self._is_ending.set()
        if self._view is not None:
            self._close_view(self._view)
        if self._lock is None:
            return
        try:
            if self._view is not None:
                _tell_end(ask(self._project, StopServing(self._id)))
        except TuiFlowError as error:
            _say(f"\nServing has ended. {error}")  # the lock is free: the next engine knows
        finally:
            os.close(self._lock)
            self._lock = None
            (self._project / rundir.STATE_DIR / rundir.SERVING / self._id).unlink(missing_ok=True)

    @staticmethod
    def _close_view(view: "subprocess.Popen[bytes]") -> None:
        assert view.stdin is not None
        with suppress(OSError):
            view.stdin.close()
        try:
            view.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            view.kill()


def _output() -> int:
    """Where this script prints; nowhere, if that is no file."""
    try:
        return sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        return subprocess.DEVNULL


def _check(deployments: tuple[RunnerDeployment, ...], webserver: bool) -> None:
    if flow_file.importing:
        raise RuntimeError(
            "flows are served while their file is imported, which happens at every save of it: put the call under "
            'if __name__ == "__main__":'
        )
    if webserver:
        raise UnsupportedFeature(
            "serve(webserver=True) does not work here", next="tui-flow engine status --json"
        )
    if not deployments:
        raise ValueError("serve() needs what it is to serve: serve(my_flow.to_deployment(name='nightly'))")
    for one in deployments:
        if not isinstance(one, RunnerDeployment):
            raise TypeError(f"serve() takes what to_deployment() gives, not {one!r}")
    names = [one.full_name for one in deployments]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{', '.join(sorted(twice))}: served twice; give one of them another name")


def _end_by_signal() -> dict[int, Any]:
    """Lets SIGTERM, and SIGHUP of a terminal that is gone, end it in order; gives the handlers before."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    numbers = [
        number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL
    ]
    return {number: signal.signal(number, _exit) for number in numbers}


def _exit(number: int, _: "FrameType | None") -> NoReturn:
    raise SystemExit(128 + number)


def _tell_begin(flows: list[dict[str, Any]], pauses: bool, project: Path) -> None:
    for one in flows:
        name = f"{one['flow']}/{one['name']}"
        times = [_when(schedule) for schedule in one["schedules"]] or [
            "no schedule: it runs when it is asked for"
        ]
        _say(f"{name} is served: {times[0]}" if len(times) == 1 else f"{name} is served:")
        for when in times if len(times) > 1 else ():
            _say(f"  {when}")
    example = shlex.join([*_elsewhere(project), f"{flows[0]['flow']}/{flows[0]['name']}"])
    becomes = ", and pauses the schedules" if pauses else "; the engine goes on with the schedules"
    _say(f"Run it now with `tui-flow run {example}`. Ctrl+C ends serving{becomes}.")


def _elsewhere(project: Path) -> list[str]:
    """What a command needs to find the project, where it is not that of the current folder."""
    return [] if rundir.find_project(Path.cwd()) == project else ["--project", str(project)]


def _when(schedule: dict[str, Any]) -> str:
    """ "0 3 * * * Europe/Paris, next Fri 2026-11-27 03:00:00"."""
    text = schedules.describe(schedules.from_json(schedule["spec"]))
    if schedule["paused_at"] is not None:
        return f"{text}, paused by {schedule['paused_by']}"
    if not schedule["next"]:
        return text
    return f"{text}, next {time.strftime('%a %Y-%m-%d %H:%M:%S', time.localtime(schedule['next'][0]))}"


def _tell_end(told: dict[str, Any]) -> None:
    _say("\nServing has ended.")
    if told["paused"]:
        _say(f"Paused until it is served again: {', '.join(told['paused'])}.")
    if told["kept"]:
        _say(f"The engine goes on with {', '.join(told['kept'])}. `tui-flow schedule pause` pauses it.")
    if told["running"]:
        _say(f"Not over, and goes on: run {', '.join(map(str, told['running']))}.")


def _say(text: str) -> None:
    """To the person in front of it, who may be gone."""
    with suppress(OSError, ValueError):
        print("\n".join(map(safe, text.split("\n"))), flush=True)  # noqa: T201
