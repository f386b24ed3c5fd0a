"""Finds the project's engine, or starts it; sees to it that what answers is ours, and of this version."""

import os
import socket
import subprocess
import sys
import time

from tui_flow.client.codec import message_of
from tui_flow.contract import commands, wire
from tui_flow.contract.endpoint import address, peer_uid
from tui_flow.contract.errors import (
    EXIT_ENGINE,
    EXIT_STATE,
    EngineError,
    EngineSilent,
    HistoryError,
    StateDirError,
    TuiFlowError,
)
from tui_flow.contract.rundir import (
    ENGINE_LOCK,
    ENGINE_LOG,
    ENGINE_SOCKET,
    ENV_COOKIE,
    ENV_RUN_DIR,
    HISTORY,
    lock_holder,
    open_state_dir,
)
from tui_flow.settings import Settings

_RETRY_SECONDS = 0.01
_AGAIN_SECONDS = 0.5
"""Before another engine is started, where the last one found that it was the second."""
_LOG_LINES = 8
_started: list["subprocess.Popen[bytes]"] = []
"""The engines that this process has started: they live on, but somebody has to know them to reap them."""


def reach(settings: Settings, start: bool, timeout: float) -> socket.socket:
    """A connected socket at whose other end an engine of ours has answered."""
    if start or os.path.lexists(settings.state_dir):
        open_state_dir(settings.project)
    deadline = time.monotonic() + timeout
    found = _try(settings, deadline)
    if found is None and not start:
        _refuse_silent(settings, "the engine does not answer")
        raise EngineError(
            "no engine is running for this project",
            where=str(settings.project),
            next="tui-flow engine start starts one",
        )
    said, engine, start_at = _log_size(settings), None, 0.0
    while found is None:
        code = EXIT_ENGINE if engine is None else engine.poll()
        if code == EXIT_ENGINE and time.monotonic() >= start_at:
            # Code 3 says that another engine has won. If that one is just ending, ours is to be the next.
            engine, start_at = _start(settings), time.monotonic() + _AGAIN_SECONDS
        elif code not in (None, EXIT_ENGINE):
            raise _refused(settings, said, code)
        if time.monotonic() > deadline:
            _refuse_silent(settings, f"the engine did not answer within {timeout:g} s")
            raise _not_up(settings, said, f"the engine did not answer within {timeout:g} s")
        time.sleep(_RETRY_SECONDS)
        found = _try(settings, deadline)
    return found


def _try(settings: Settings, deadline: float) -> socket.socket | None:
    """A connected socket, or None where nobody listens. A version that is not ours raises ProtocolError."""
    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        end.settimeout(max(0.1, deadline - time.monotonic()))
        with address(settings.state_dir) as path:
            end.connect(path)
        _refuse_stranger(end, settings)
        # An engine that is just ending accepts, and never answers.
        end.sendall(wire.encode_request(0, commands.GetStatus()))
        answer = b""
        while not answer.endswith(b"\n"):
            data = end.recv(65_536)
            if not data:
                raise ConnectionResetError
            answer += data
        message_of(answer)
    except OSError:
        end.close()
        return None
    except BaseException:
        end.close()
        raise
    return end


def _refuse_stranger(end: socket.socket, settings: Settings) -> None:
    uid = peer_uid(end)
    if uid != os.geteuid():
        raise EngineError(
            f"the engine here runs as uid {uid}, and you are uid {os.geteuid()}",
            where=str(settings.state_dir / ENGINE_SOCKET),
            next="use tui_flow as that user, or in a project of your own",
        )


def _start(settings: Settings) -> "subprocess.Popen[bytes] | None":
    """Starts the engine, by its systemd unit where it has one (None), else detached from this terminal. What it says
    before it has a log goes there all the same."""
    from tui_flow.client.systemd import start_by_unit

    if start_by_unit(settings.project):
        return None
    environment = {key: value for key, value in os.environ.items() if key not in (ENV_RUN_DIR, ENV_COOKIE)}
    log = _open_log(settings)
    try:
        # From "/" so that nothing in the project can stand in for a module that the engine imports.
        engine = subprocess.Popen(
            [sys.executable, "-m", "tui_flow.engine", "--project", str(settings.project)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env=environment,
        )
    except OSError as error:
        raise EngineError(f"cannot start the engine: {error.strerror}", where=sys.executable) from None
    finally:
        os.close(log)
    _started[:] = [one for one in _started if one.poll() is None] + [engine]
    return engine


def _open_log(settings: Settings) -> int:
    path = settings.state_dir / ENGINE_LOG
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateDirError(
            f"cannot write the engine's log: {error.strerror}",
            where=str(path),
            next="make it a plain file that you may write, or remove it",
        ) from None


def _log_size(settings: Settings) -> int:
    try:
        return (settings.state_dir / ENGINE_LOG).stat().st_size
    except OSError:
        return 0


def _refuse_silent(settings: Settings, what: str) -> None:
    """Raises EngineSilent where an engine lives, and hangs."""
    pid = lock_holder(settings.state_dir / ENGINE_LOCK)
    if pid:
        raise EngineSilent(what, where=str(settings.project), next=f"kill -9 {pid} ends it; runs go on")


def _refused(settings: Settings, said: int, code: int | None) -> TuiFlowError:
    """Why the engine ended as it started: what is wrong with the history, else what engine.log says."""
    what = f"the engine ended as it started (exit code {code})"
    if code != EXIT_STATE:
        return _not_up(settings, said, what)
    from tui_flow.store import database

    try:
        database.open_reader(settings.state_dir).close()
    except HistoryError as error:
        if (settings.state_dir / HISTORY).exists():
            return error
    return _not_up(settings, said, what, HistoryError)


def _not_up(settings: Settings, said: int, what: str, kind: type[TuiFlowError] = EngineError) -> TuiFlowError:
    """The error, with what engine.log has got since it was `said` bytes long."""
    path = settings.state_dir / ENGINE_LOG
    try:
        lines = path.read_bytes()[said:].decode("utf-8", "replace").splitlines()[-_LOG_LINES:]
    except OSError:
        lines = []
    return kind(what, where="\n".join([f"{path} says:", *lines]) if lines else str(path))
