"""The projects whose console this user has opened, so that one leads to another: a small file of theirs."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.rundir import ENGINE_LOCK, lock_holder
from tui_flow.settings import load

FILE = "projects.json"
MOST = 50
"""So many are remembered; those that were opened longest ago are forgotten."""


class Opened(NamedTuple):
    """A project, and when its console was opened last."""

    project: Path
    opened_at: float

    @property
    def name(self) -> str:
        return self.project.name


def path_of_projects() -> Path:
    """Where they are: `projects.json` in the user's folder for states."""
    from platformdirs import user_state_path

    return user_state_path("tui-flow") / FILE


def list_opened(path: Path) -> list[Opened]:
    """The one that was opened last comes first; nothing where there is no such file, or nobody can read it."""
    try:
        found = json.loads(path.read_text("utf-8"))
        return [Opened(Path(project), float(at)) for project, at in found.items()]
    except (OSError, ValueError, AttributeError, TypeError):
        return []


def note_opened(path: Path, project: Path) -> None:
    """The console of a project is opened. That it cannot be written down is no reason not to open it."""
    others = [one for one in list_opened(path) if one.project != project]
    _write(path, [Opened(project, time.time()), *others][:MOST])


def _write(path: Path, found: list[Opened]) -> None:
    text = json.dumps({str(one.project): one.opened_at for one in found}, indent=1)
    with suppress(OSError, ValueError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f".{FILE}.{os.getpid()}")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(path)


def forget(path: Path, project: Path) -> None:
    """It is listed no more, until its console is opened again."""
    _write(path, [one for one in list_opened(path) if one.project != project])


def engine_of(project: Path) -> tuple[str, int | None]:
    """ "running" with the engine's pid, "stopped", or why nobody can tell; starts none."""
    if not project.is_dir():
        return "the folder is gone", None
    try:
        pid = lock_holder(load(project)[0].state_dir / ENGINE_LOCK)
    except (TuiFlowError, OSError) as error:
        return str(getattr(error, "what", error)), None
    return ("stopped", None) if pid is None else ("running", pid)
