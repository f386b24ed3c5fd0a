"""Starts keepers, and hears at once when one of them is gone. A keeper lives on when the engine does not."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.rundir import ENV_COOKIE, ENV_RUN_DIR, read_spec
from tui_flow.engine import children
from tui_flow.engine.engine_log import EngineLog

KEEPER = ("-m", "tui_flow.sdk.keeper")


class Supervisor:
    def __init__(self, log: EngineLog, wake: Callable[[], None], keeper: tuple[str, ...] = KEEPER) -> None:
        """`keeper` is what the interpreter is to run, before the run directory."""
        self._log, self._wake, self._keeper = log, wake, keeper
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self.started: set[int] = set()
        """The runs whose keeper this engine has started, ever."""

    def start(self, run_id: int, directory: Path) -> None:
        """Starts the keeper of a run, in a session of its own. Raises OSError where there is no process to be had."""
        spec = read_spec(directory)
        # From its first instant: what the worker forks without an exec shows the environment that the keeper began with.
        marks = {ENV_RUN_DIR: str(directory), ENV_COOKIE: spec.cookie if spec else ""}
        failpoint("before-spawn")
        # From "/" so that nothing in the project can stand in for a module that the keeper imports.
        child = subprocess.Popen(
            [sys.executable, *self._keeper, str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=self._log.fd,
            stderr=self._log.fd,
            start_new_session=True,
            cwd="/",
            env=os.environ | marks,
        )
        failpoint("after-spawn")
        self._children[run_id] = child
        self.started.add(run_id)
        children.on_exit(child, lambda: self._reap(run_id))

    def guards(self, run_id: int) -> bool:
        """Whether a keeper that this engine started is alive."""
        return run_id in self._children

    def _reap(self, run_id: int) -> None:
        code = self._children.pop(run_id).wait()
        if code != 0:
            self._log.warn(f"run {run_id}: its keeper {children.describe_exit(code)}")
        self._wake()
