"""A project of its own for a test: flow files, the real commands, and nothing left when it is over."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.waiting import wait_until
from tui_flow.contract import rundir
from tui_flow.contract.errors import HistoryError
from tui_flow.store import database, runs

TUI_FLOW = str(Path(sys.executable).with_name("tui-flow"))
_MARK = "TUI_FLOW_TEST_PROJECT"
"""In the environment of every process that a test's project starts, so that each can be found."""


class Project:
    """A folder with `flows/`, and the commands as a user would type them there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "flows").mkdir(parents=True)

    @property
    def state_dir(self) -> Path:
        return self.root / ".tui_flow"

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TUI_FLOW", "PYTHON"))}
        return {**kept, _MARK: str(self.root), "TERM": "xterm-256color", "LANG": "C.UTF-8", "NO_COLOR": "1"}

    def write(self, name: str, text: str) -> Path:
        """Saves a flow file, its text freed of the indentation that it has in the test."""
        path = self.root / "flows" / name
        path.write_text(textwrap.dedent(text))
        return path

    def start(self, *args: str, **how: Any) -> "subprocess.Popen[str]":
        """`tui-flow` with these arguments, running, its output in pipes."""
        return subprocess.Popen(
            [TUI_FLOW, *args],
            cwd=self.root,
            text=True,
            stdin=subprocess.DEVNULL,
            **{"env": self.environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how},
        )

    def tui_flow(self, *args: str, timeout: float = 30) -> "subprocess.CompletedProcess[str]":
        """`tui-flow` with these arguments, to its end."""
        with self.start(*args) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def ask(self, *args: str) -> Any:
        """What `tui-flow … --json` prints, decoded; fails where the command does."""
        done = self.tui_flow(*args, "--json")
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    def state(self, run_id: int) -> str | None:
        """As the history has it now; None where it has none. Costs no command."""
        try:
            db = database.open_reader(self.state_dir)
        except HistoryError:
            return None
        try:
            run = runs.get_run(db, run_id)
        finally:
            db.close()
        return None if run is None else run.state

    def wait_for_state(self, run_id: int, *states: str, timeout: float = 10) -> dict[str, Any]:
        """The run as `show` tells it, once it is in one of the states."""
        found: dict[str, Any] = {}

        def reached() -> bool:
            is_engine_there = rundir.lock_holder(self.state_dir / rundir.ENGINE_LOCK) is not None
            if is_engine_there and self.state(run_id) not in states:
                return False
            found.update(self.ask("show", str(run_id)))
            return found["state"] in states

        wait_until(reached, timeout)
        return found

    def processes(self) -> dict[int, str]:
        """The command line of every live process that this project started, by pid."""
        wanted = f"{_MARK}={self.root}".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def wait_for_quiet(self) -> None:
        """Until none of its processes is left."""
        try:
            wait_until(lambda: not self.processes())
        except AssertionError:
            raise AssertionError(f"still there: {self.processes()}") from None


@contextmanager
def temporary_project(root: Path) -> Iterator[Project]:
    """A project in `root`. At the end its engine is stopped, and every other process of it must be gone by itself."""
    project = Project(root)
    try:
        yield project
        assert project.tui_flow("engine", "stop").returncode == 0
        project.wait_for_quiet()
    finally:
        for pid in project.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
