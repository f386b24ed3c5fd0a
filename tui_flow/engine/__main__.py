"""python -m tui_flow.engine --project P [--stay]: the engine of a project, in the foreground.

`--stay` keeps it when nobody needs it. Exits with the codes of `contract.errors`; 3 where another engine is running.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable

from tui_flow import settings as project_settings
from tui_flow.alerts.alerting import Alerting
from tui_flow.alerts.notifier import Notifier, channels_of
from tui_flow.contract.changes import Change
from tui_flow.contract.errors import EXIT_OK, EXIT_STATE, EngineRunning, StateDirError, TuiFlowError
from tui_flow.contract.rundir import ENGINE_LOCK, lock_holder, open_state_dir, take_lock
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine import Engine
from tui_flow.engine.engine_log import EngineLog
from tui_flow.settings import Settings
from tui_flow.store.database import Connection


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tui_flow.engine", description="the engine of a project")
    parser.add_argument("--project", help="its folder; else the one that the current folder is in")
    parser.add_argument("--stay", action="store_true", help="keep running when nothing needs it")
    options = parser.parse_args(arguments)
    try:
        settings, _ = project_settings.load(options.project)
        open_state_dir(settings.project)
        _serve(settings, options.stay)
    except TuiFlowError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    except OSError as error:
        if error.filename is None:
            raise
        refused = StateDirError(
            f"the engine cannot use the state directory: {error.strerror}",
            where=str(error.filename),
            next="make it a plain file that you may write, or move it away",
        )
        print(refused, file=sys.stderr)  # noqa: T201
        return refused.exit_code
    return EXIT_OK


def _serve(settings: Settings, stay: bool) -> None:
    lock = _sole_lock(settings)
    log = EngineLog(settings.state_dir)
    try:
        asyncio.run(_run(settings, log, lock, stay))
    except Exception as error:
        if not isinstance(error, TuiFlowError | OSError):
            log.say(f"the engine ended by a defect of its own: {error!r}", "ERROR")
        raise
    finally:
        os.close(lock)


async def _run(settings: Settings, log: EngineLog, lock: int, stay: bool) -> None:
    engine = Engine(settings, Clock(), log, lock, stay, _alerts)
    await engine.run()
    if not engine.home.is_ours():
        # Closing the history would remove, by name, the write-ahead log of whoever lives there now.
        os._exit(EXIT_STATE)


def _alerts(
    settings: Settings, db: Connection, clock: Clock, publish: Callable[[Change], None], log: EngineLog
) -> Alerting:
    """The one place where engine and alerts meet."""
    return Alerting(settings, db, clock, publish, log, Notifier(channels_of(settings)))


def _sole_lock(settings: Settings) -> int:
    """The project's engine lock. Raises EngineRunning where another process holds it."""
    path = settings.state_dir / ENGINE_LOCK
    while True:
        lock = take_lock(path)
        if lock is not None:
            return lock
        owner = lock_holder(path)
        if owner is not None:  # else it was let go of between the two looks
            raise EngineRunning(
                f"an engine is running for this project already (pid {owner})",
                where=str(settings.project),
                next="use that one; tui-flow engine stop ends it",
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
