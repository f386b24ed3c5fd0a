"""Puts the engine into the care of the user's systemd, and takes it out again."""

from pathlib import Path
from typing import Any, NoReturn

from tui_flow.client import connect, systemd
from tui_flow.contract.commands import GetStatus
from tui_flow.contract.errors import EngineError
from tui_flow.contract.rundir import write_whole
from tui_flow.settings import Settings

INSTALLED, UNCHANGED, REMOVED, ABSENT = "installed", "unchanged", "removed", "not installed"


def install(found: Settings, stop_engine: Any) -> dict[str, Any]:
    """Writes the unit, enables it, and has the engine started by it; what is right already is left alone.

    An engine that runs without the unit is stopped with `stop_engine()`; runs go on. Raises EngineError.
    """
    systemd.require_user_manager()
    name, path, text = _unit(found.project)
    before = _read(path)
    if before is not None and not before.startswith(systemd.MARK):
        raise EngineError("another unit has that name already", where=str(path), next="move it away")
    if before != text:
        _write(path, text)
        _do("daemon-reload")
    is_up = systemd.systemctl("is-active", "--quiet", name).returncode == 0
    _do("enable", name)
    if before != text or not is_up:
        stop_engine()
        _do("restart", name)
    with connect(found) as connection:
        pid = connection.ask(GetStatus())["pid"]
    state = UNCHANGED if before == text and is_up else INSTALLED
    return {"state": state, "unit": name, "path": str(path), "pid": pid, "lingers": systemd.lingers()}


def uninstall(found: Settings) -> dict[str, Any]:
    """Stops the unit's engine and removes the unit; runs go on. Fine where there is none."""
    name, path, _ = _unit(found.project)
    before = _read(path)
    if before is None or not before.startswith(systemd.MARK):
        return {"state": ABSENT, "unit": name, "path": str(path)}
    systemd.require_user_manager()
    _do("disable", "--now", name)
    path.unlink(missing_ok=True)
    _do("daemon-reload")
    return {"state": REMOVED, "unit": name, "path": str(path)}


def _unit(project: Path) -> tuple[str, Path, str]:
    return systemd.unit_name(project), systemd.unit_path(project), systemd.unit_text(project)


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        _refuse(path, error)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        _refuse(path, error)


def _refuse(path: Path, error: OSError) -> NoReturn:
    raise EngineError(
        f"cannot write the unit: {error.strerror}", where=str(path), next="see who owns that folder"
    ) from None


def _do(*args: str) -> None:
    """`systemctl --user`. Raises EngineError with what it says where it fails."""
    done = systemd.systemctl(*args)
    if done.returncode:
        says = done.stderr.strip() or f"exit code {done.returncode}"
        raise EngineError(
            f"systemctl --user {' '.join(args)} failed",
            where=says,
            next=f"systemctl --user status {args[-1]}",
        )
