"""python -m tui_flow.cli.serving <project> <last run> <flow/name>…: shows the runs of served flows as they come and go,
for a script that serves them; until its standard input ends, which is when the script does."""

import os
import select
import signal
import sys
import time
from contextlib import closing, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui_flow.cli.history import opened
from tui_flow.cli.log_lines import record_lines
from tui_flow.cli.output import open_missing_streams, style
from tui_flow.cli.paint import failure_lines, shape, took
from tui_flow.cli.watch import Step, Watched
from tui_flow.contract.commands import Subscribe, Sync
from tui_flow.contract.errors import EngineError
from tui_flow.contract.states import FlowRunState
from tui_flow.safe import safe
from tui_flow.settings import Settings, load
from tui_flow.store.records import FlowRun

if TYPE_CHECKING:
    from tui_flow.client.blocking import Connection

STEP_SECONDS = 0.25
SILENCE_SECONDS = 0.02
"""Changes that come closer together are taken in at once."""
AGAIN_SECONDS = 1.0
"""Before an engine is asked for again that cannot be had."""


class ServingView:
    """Tells of every run of these served flows once that it begins and once that it ends, and what it says."""

    def __init__(self, settings: Settings, db: Any, last_run_id: int, names: set[str]) -> None:
        self._settings, self._db, self._last, self._names = settings, db, last_run_id, names
        self._watched: dict[int, Watched] = {}
        self._begun: set[int] = set()

    def step(self) -> None:
        """What is new since the last one."""
        from tui_flow.store import runs

        for run in runs.served_runs_above(self._db, self._last):
            self._last = run.id
            if f"{run.flow}/{run.served}" in self._names:
                self._watched[run.id] = Watched(self._db, self._settings, run.id, "DEBUG", 0)
        for id, watched in list(self._watched.items()):
            step = watched.step()
            self._show(step)
            if step.is_last:
                watched.close()
                del self._watched[id]

    @property
    def is_busy(self) -> bool:
        """Whether a run is not over."""
        return bool(self._watched)

    def close(self) -> None:
        for watched in self._watched.values():
            watched.close()

    def _show(self, step: Step) -> None:
        run = step.run
        if run.id not in self._begun and run.started_at is not None:
            self._begun.add(run.id)
            _say(run.started_at, f"{shape(FlowRunState.RUNNING)} {_title(run)}")
        for record in step.records:
            for line in record_lines(record, step.who):
                _print(f"{style(f'{run.id}', dim=True)} {line}")
        if step.is_last:
            _say(
                run.ended_at or time.time(), f"{shape(run.state)} run {run.id} {run.state} after {took(run)}"
            )
            for line in _reasons(run, self._settings):
                _print(f"  {line}")


def _title(run: FlowRun) -> str:
    name = f"run {run.id} of {safe(run.flow)}/{safe(run.served or '')}"
    for_when = ""
    if run.scheduled_for is not None:
        for_when = f", for {datetime.fromtimestamp(run.scheduled_for):%a %H:%M:%S}"
    return f"{name}{for_when}"


def _reasons(run: FlowRun, settings: Settings) -> list[str]:
    if run.state is FlowRunState.COMPLETED:
        return []
    told = failure_lines(run.failure, settings.project) if run.failure else [safe(run.message)]
    return [*told, f"tui-flow show {run.id}"]


def _say(at: float, text: str) -> None:
    _print(f"{datetime.fromtimestamp(at).strftime('%H:%M:%S.%f')[:-3]} {text}")


def _print(text: str) -> None:
    import click

    click.echo(text)


def watch(settings: Settings, last_run_id: int, names: set[str]) -> None:
    """Shows runs until the script ends. An engine that dies meanwhile is started again."""
    from tui_flow.client import connect

    with opened(settings) as db, closing(ServingView(settings, db, last_run_id, names)) as view:
        while True:
            try:
                with connect(settings) as connection:
                    connection.ask(Subscribe())
                    while not _is_over(0.0):
                        view.step()
                        _wait(connection, STEP_SECONDS if view.is_busy else None)
                    connection.ask(Sync())
                    view.step()
                    return
            except EngineError as error:
                if _is_over(AGAIN_SECONDS):
                    return
                _say(time.time(), f"the engine is gone: {safe(error.what)}")


def _is_over(seconds: float) -> bool:
    """Waits for the end of the script, no longer than so many seconds."""
    return bool(select.select([0], [], [], seconds)[0])


def _wait(connection: "Connection", seconds: float | None) -> None:
    """Until something changes, or the script is over, no longer than so many seconds."""
    waiting: list[Any] = [0, connection]
    if connection in select.select(waiting, [], [], seconds)[0]:
        until = time.monotonic() + STEP_SECONDS
        for _ in connection.changes(timeout=SILENCE_SECONDS):
            if time.monotonic() > until:
                return


def main(arguments: list[str]) -> int:
    open_missing_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the script, which hears it too
    project, last_run_id, *names = arguments
    try:
        with suppress(KeyboardInterrupt):
            watch(load(project)[0], int(last_run_id), set(names))
    except OSError:  # the terminal is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
