"""A real engine over a real project, in tests: started, asked, killed."""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.waiting import wait_until
from tui_flow import client
from tui_flow.client.blocking import Connection
from tui_flow.contract import rundir
from tui_flow.contract.commands import Command, GetStatus, RunFlow, Sync
from tui_flow.contract.errors import EngineError
from tui_flow.contract.states import TERMINAL
from tui_flow.settings import Settings
from tui_flow.store import database, runs
from tui_flow.store.records import FlowRun


class Running:
    """A project, and the engine that serves it."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.settings = Settings(project=project)
        self.state_dir = rundir.open_state_dir(project)
        self._engines: list[subprocess.Popen[bytes]] = []
        self._connection: Connection | None = None

    def write(self, name: str, text: str) -> Path:
        """Saves a flow file, its text freed of its indentation."""
        path = self.project / "flows" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Another engine process, with its errors in a pipe."""
        engine = subprocess.Popen(
            [sys.executable, "-m", "tui_flow.engine", "--project", str(self.project), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            env={**os.environ, **environment},
        )
        self._engines.append(engine)
        return engine

    def serve(self, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        """The engine, started and ready, as the only one there is."""
        (self.state_dir / "engine.sock").unlink(missing_ok=True)
        engine = self.start(*arguments, **environment)
        wait_until((self.state_dir / "engine.sock").exists)
        return engine

    def ask(self, command: Command, timeout: float = 30.0) -> dict[str, Any]:
        """The answer of the project's engine; one is started if need be."""
        for _ in range(3):
            if self._connection is None:
                self._connection = client.connect(self.settings)
            try:
                return self._connection.ask(command, timeout)
            except EngineError:
                self.hang_up()
        raise AssertionError("the engine goes away again and again")

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def pid(self) -> int:
        return int(self.ask(GetStatus())["pid"])

    def kill(self) -> None:
        """kill -9 on the engine."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        self.hang_up()
        wait_until(lambda: rundir.lock_holder(self.state_dir / "engine.lock") is None)

    def run(self, flow: str, **parameters: Any) -> int:
        return int(self.ask(RunFlow(flow, parameters))["run_id"])

    def read(self, run_id: int) -> FlowRun:
        """The run, after the engine has taken in what its journal says."""
        self.ask(Sync())
        db = database.open_reader(self.state_dir)
        try:
            run = runs.get_run(db, run_id)
        finally:
            db.close()
        assert run is not None
        return run

    def wait_for(self, run_id: int, *states: str, timeout: float = 15.0) -> FlowRun:
        wanted = states or TERMINAL
        wait_until(lambda: self.read(run_id).state in wanted, timeout, f"run {run_id} to be {wanted}")
        return self.read(run_id)

    def stop(self) -> None:
        """Ends every engine of the project."""
        self.hang_up()
        for engine in self._engines:
            with suppress(ProcessLookupError):
                engine.terminate()
            engine.communicate(timeout=10)
        wait_until(self._none_is_left)

    def _none_is_left(self) -> bool:
        """Asks again and again: the client that lost a race may have started another engine."""
        pid = rundir.lock_holder(self.state_dir / "engine.lock")
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        return not pid
