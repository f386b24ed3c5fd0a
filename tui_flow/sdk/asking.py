"""Asks the project's engine for something: one connection, one line there and one back. A script starts the engine where
none runs; a run does not, since what it starts ends with it."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.contract import rundir, wire
from tui_flow.contract.commands import Command
from tui_flow.contract.endpoint import address, peer_uid
from tui_flow.contract.errors import EngineError, from_wire

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun, TaskRun

ANSWER_SECONDS = 60.0
PATIENCE_SECONDS = 10.0
"""How long a run waits for an engine that somebody else starts."""
_LOOK_SECONDS = 0.1
_START = ("-m", "tui_flow.client")


def project_of(run: "FlowRun | TaskRun | None") -> Path:
    """The project of the run that asks, else that of the script. Raises StateDirError."""
    from tui_flow.sdk.script_run import find_project_of_script

    return Path(run.tree.project) if run is not None and run.tree.project else find_project_of_script()


def ask(project: Path, command: Command, timeout: float = ANSWER_SECONDS) -> dict[str, Any]:
    """The engine's result. Raises what it answered, EngineError where there is none, StateDirError.

    Where the engine goes away before it has answered, the next one is asked again: the command must bear that.
    """
    state_dir = rundir.open_state_dir(project)
    line = wire.encode_request(1, command)
    deadline = time.monotonic() + PATIENCE_SECONDS
    answer = _said(state_dir, line, timeout)
    while answer is None:
        if rundir.ENV_RUN_DIR not in os.environ:
            _start_engine(project)
        elif time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        answer = _said(state_dir, line, timeout)
        if answer is None and time.monotonic() >= deadline:
            raise EngineError(
                "no engine answers for this project", where=str(project),
                next="tui-flow engine start starts one; what it has to say is in .tui_flow/engine.log",
            )  # fmt: skip
    message = wire.from_line(answer)
    if not message.get("ok"):
        raise from_wire(message.get("error") or {})
    result: dict[str, Any] = message["result"]
    return result


def _said(state_dir: Path, line: bytes, timeout: float) -> bytes | None:
    """What an engine answers; None where none does. Raises EngineError for one that stays silent or is not ours."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.settimeout(timeout)
        try:
            with address(state_dir) as path:
                end.connect(path)
            if peer_uid(end) != os.geteuid():
                raise EngineError(
                    f"the engine here runs as uid {peer_uid(end)}, and you are uid {os.geteuid()}",
                    where=str(state_dir / rundir.ENGINE_SOCKET),
                    next="use tui_flow as that user, or in a project of your own",
                )
            end.sendall(line)
            answer = bytearray()
            while not answer.endswith(b"\n"):
                data = end.recv(65_536)
                if not data:
                    return None
                answer += data
        except TimeoutError:
            raise EngineError(f"the engine did not answer within {timeout:g} s") from None
        except OSError:
            return None
    return bytes(answer)


def _start_engine(project: Path) -> None:
    """Raises EngineError, HistoryError or ProjectError, which say why there can be none."""
    import json

    # From "/" so that nothing in the project can stand in for a module that the engine imports.
    done = subprocess.run(
        [sys.executable, *_START, str(project)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd="/",
        text=True,
    )
    if done.returncode == 0:
        return
    try:
        told = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.strip().rpartition("\n")[2]
        raise EngineError(f"cannot start the engine: {said}", where=str(project)) from None
    raise from_wire(told)
