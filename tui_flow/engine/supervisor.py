"""Starts keepers, and hears at once when one of them is gone. A keeper lives on when the engine does not.

Where a template has the run's flow file imported, the keeper is forked from it; else it is spawned, and imports the
file itself. Either way the run is that of the version that is current when it starts.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.rundir import ENV_COOKIE, ENV_RUN_DIR, RunSpec, read_spec
from tui_flow.contract.version import write_version
from tui_flow.engine import children
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.template import Asked
from tui_flow.engine.templates import Templates

KEEPER = ("-m", "tui_flow.sdk.keeper")


class Supervisor:
    def __init__(
        self,
        log: EngineLog,
        wake: Callable[[], None],
        keeper: tuple[str, ...] = KEEPER,
        templates: Templates | None = None,
    ) -> None:
        """`keeper` is what the interpreter is to run, before the run directory."""
        self._log, self._wake, self._keeper, self._templates = log, wake, keeper, templates
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._forked: set[int] = set()
        self.started: set[int] = set()
        """The runs whose keeper this engine has started, ever."""

    def start(self, run_id: int, directory: Path) -> None:
        """Starts the keeper of a run, in a session of its own. Raises OSError where there is no process to be had."""
        spec = read_spec(directory)
        failpoint("before-spawn")
        if spec is None or not self._fork(run_id, directory, spec):
            self._spawn(run_id, directory, spec)
        failpoint("after-spawn")
        self.started.add(run_id)

    def guards(self, run_id: int) -> bool:
        """Whether a keeper that this engine started is alive, or about to be."""
        return run_id in self._children or run_id in self._forked

    def _fork(self, run_id: int, directory: Path, spec: RunSpec) -> bool:
        if self._templates is None:
            return False
        asked = Asked(
            gone=lambda: self._forget(run_id),
            lost=lambda: self._spawn_instead(run_id, directory, spec),
            ended=lambda code: self._say_how(run_id, code),
        )
        if not self._templates.fork(run_id, directory, spec, asked):
            return False
        self._forked.add(run_id)
        return True

    def _spawn(self, run_id: int, directory: Path, spec: RunSpec | None) -> None:
        if spec is not None and self._templates is not None:
            version = self._templates.version_of(spec.path)
            if version is not None:
                with suppress(OSError):  # a full disk: then the run takes the files as they are
                    write_version(directory, version)
        # From its first instant: what the worker forks without an exec shows the environment that the keeper began with.
        marks = {ENV_RUN_DIR: str(directory), ENV_COOKIE: spec.cookie if spec else ""}
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
        self._children[run_id] = child
        children.on_exit(child, lambda: self._reap(run_id))

    def _spawn_instead(self, run_id: int, directory: Path, spec: RunSpec) -> None:
        """The template is gone without a word. Had it begun the run after all, a second keeper would stay quiet."""
        self._forked.discard(run_id)
        try:
            self._spawn(run_id, directory, spec)
        except OSError as error:
            self._log.warn(f"run {run_id}: cannot start its keeper: {error}")
            self.started.discard(run_id)  # the rescuer queues it again
            self._wake()

    def _reap(self, run_id: int) -> None:
        self._say_how(run_id, self._children.pop(run_id).wait())
        self._wake()

    def _forget(self, run_id: int) -> None:
        self._forked.discard(run_id)
        self._wake()

    def _say_how(self, run_id: int, code: int) -> None:
        if code != 0:
            self._log.warn(f"run {run_id}: its keeper {children.describe_exit(code)}")
