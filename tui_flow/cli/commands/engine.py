"""`tui-flow engine start|stop|status|install`: the engine, for those who want it explicit. It also starts by itself."""

import os
import signal
import time
from typing import Any

import click

from tui_flow.cli import engine_settings
from tui_flow.cli.history import opened
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json
from tui_flow.contract.commands import GetStatus, KeepEngine, StopEngine
from tui_flow.contract.errors import EXIT_ENGINE, EngineError, ProtocolError, TuiFlowError
from tui_flow.contract.rundir import ENGINE_LOCK, lock_holder, open_state_dir, signal_holder
from tui_flow.contract.states import STARTED
from tui_flow.counting import counted
from tui_flow.iso_time import iso
from tui_flow.safe import safe
from tui_flow.settings import Settings
from tui_flow.tui.presentation.times import moment

_STOP_SECONDS = 10.0
_STOPPED = {"state": "stopped"}


@click.group()
def command() -> None:
    """Start, stop, install or look at the engine.

    It runs flows and keeps their history. It starts by itself when a command or a console needs it, and ends a few seconds after nothing does.
    """


@new_command("tui-flow engine start")
def start() -> None:
    """Start an engine that stays until it is stopped. One of another version is replaced; runs go on."""
    from tui_flow.client import connect

    found = settings()
    _end_other(found)
    with connect(found) as connection:
        connection.ask(KeepEngine())
        _print(_status(found, connection))


@new_command("tui-flow engine stop")
def stop() -> None:
    """Stop the engine in order. Runs go on without it, and the next engine adopts them."""
    found = settings()
    going = _going(found)
    pid = _stop(found)
    if wants_json():
        print_json(_STOPPED)
    elif pid is None:
        click.echo("no engine runs")
    else:
        goes_on = f"; {counted(going, 'run')} {'goes' if going == 1 else 'go'} on" if going else ""
        click.echo(f"stopped the engine (pid {pid}){goes_on}")


@new_command("tui-flow engine status\ntui-flow engine status --json | jq .runs.running")
@click.pass_context
def status(ctx: click.Context) -> None:
    """Tell whether an engine runs, since when, and what it does. Exits with 3 if none runs."""
    from tui_flow.client import connect

    found = settings()
    if _pid(found) is not None:
        with connect(found, start=False) as connection:
            _print(_status(found, connection))
        return
    if wants_json():
        print_json(_STOPPED)
    else:
        click.echo("no engine runs; it starts when a command or a console needs it")
    ctx.exit(EXIT_ENGINE)


@new_command("tui-flow engine install\ntui-flow engine install --print\ntui-flow engine install --uninstall")
@click.option(
    "--uninstall", "is_undone", is_flag=True, help="Stop that engine, and remove the unit; runs go on."
)
@click.option("--print", "only_print", is_flag=True, help="Print the unit, and change nothing.")
def install(is_undone: bool, only_print: bool) -> None:
    """Have your systemd run the engine, as a unit of this project's own.

    It comes back after a crash, and ends with no session: with lingering, it is there from boot on. Doing it again
    changes nothing. Its runs get the environment of your systemd, not that of your shell: what they need of it goes
    into ~/.config/environment.d/.
    """
    from tui_flow.cli import installing
    from tui_flow.client import systemd

    found = settings()
    if only_print:
        click.echo(systemd.unit_text(found.project), nl=False)
        return
    told = installing.uninstall(found) if is_undone else installing.install(found, lambda: _stop(found))
    if wants_json():
        print_json(told)
        return
    engine = f"; the engine runs as pid {told['pid']}" if "pid" in told else ""
    click.echo(f"{told['unit']}: {told['state']}{engine}")
    if not told.get("lingers", True):
        note("It starts when you log in and ends with your last session. To have it there always:")
        note(f"  loginctl enable-linger {safe(systemd.user())}")


for _verb in (start, stop, status, install):
    command.add_command(_verb)


def _end_other(found: Settings) -> None:
    """Stops an engine of another version, unless only that one can use the history."""
    from tui_flow.client import connect
    from tui_flow.client.other_version import other_version
    from tui_flow.store import looking

    if _pid(found) is None or looking.why_only_to_look_at(found.state_dir):
        return
    try:
        with connect(found, start=False) as connection:
            version = other_version(connection.ask(GetStatus()))
    except ProtocolError:
        version = "unknown, with another protocol"
    if version:
        pid = _stop(found)
        note(f"stopped the engine of version {version} (pid {pid}); runs go on")


def _stop(found: Settings) -> int | None:
    """Stops the engine, and gives its pid; None where none runs."""
    from tui_flow.client import connect

    pid = _pid(found)
    if pid is not None:
        try:
            with connect(found, start=False) as connection:
                connection.ask(StopEngine())
        except ProtocolError:  # but the signal means the same to engines of all versions
            signal_holder(found.state_dir / ENGINE_LOCK, signal.SIGTERM)
        _wait_until_gone(found, pid)
    return pid


def _going(found: Settings) -> int:
    """How many runs have begun and are not over; 0 also where nobody can tell."""
    from tui_flow.store import runs

    try:
        with opened(found) as db:
            counts = runs.active_counts(db)
    except TuiFlowError:
        return 0
    return sum(count for state, count in counts.items() if state in STARTED)


def _pid(found: Settings) -> int | None:
    """The engine's process, from the kernel; None where none runs. Raises StateDirError where one cannot tell."""
    if os.path.lexists(found.state_dir):
        open_state_dir(found.project)
    return lock_holder(found.state_dir / ENGINE_LOCK)


def _status(found: Settings, connection: Any) -> dict[str, Any]:
    """What the engine says of itself, its counts of runs together, and the systemd unit that starts it, if any."""
    from tui_flow.client import systemd
    from tui_flow.client.other_version import other_version

    told = connection.ask(GetStatus(settings=True))
    others = engine_settings.differing(found, told)
    told.pop("settings", None)  # some are secret
    other = other_version(told)
    unit = systemd.unit_path(found.project)
    runs = {name: told.pop(name) for name in ("pending", "running", "total")}
    unit_name = unit.name if unit.is_file() else ""
    return {
        "state": "running",
        **told,
        "runs": runs,
        "unit": unit_name,
        "restart_needed": list(others),
        "other_version": bool(other),
    }


def _print(status: dict[str, Any]) -> None:
    if wants_json():
        print_json({**status, "started_at": iso(status["started_at"])})
        return
    runs, since = status["runs"], moment(status["started_at"], time.time())
    click.echo(f"engine {status['version']}, pid {status['pid']}, since {since}")
    click.echo(
        f"runs: {runs['running']} of at most {status['limit']} running, {runs['pending']} waiting, {runs['total']} in all"
    )
    if status["unit"]:
        click.echo(f"unit: {safe(status['unit'])}")
    if status["paused"]:
        click.echo(f"no run is started for now: {safe(status['paused'])}")
    click.echo(f"flows: {status['flows']}, broken files: {status['broken_files']}")
    if status["other_version"]:
        click.echo(
            "it is of another version than this program; tui-flow engine start replaces it, and runs go on"
        )
    if status["restart_needed"]:
        click.echo(f"{engine_settings.restart_needed(status['restart_needed'])}; {engine_settings.NEXT}")


def _wait_until_gone(found: Settings, pid: int) -> None:
    """Raises EngineError where it does not end in time."""
    until = time.monotonic() + _STOP_SECONDS
    while _pid(found) == pid:
        if time.monotonic() > until:
            raise EngineError(f"the engine (pid {pid}) has not ended yet", next="see .tui_flow/engine.log")
        time.sleep(0.02)
