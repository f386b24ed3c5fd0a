"""What the promises rest on, checked one by one for `tui-flow doctor`. A check looks, and changes nothing."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing

from tui_flow.cli import machine, surroundings
from tui_flow.cli.check import FAIL, OK, WARN, Check
from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.rundir import ENGINE_LOCK, lock_holder
from tui_flow.counting import counted
from tui_flow.settings import Settings, said_of


def mistakes(settings: Settings) -> Iterator[Check]:
    """In the settings, each of them."""
    if not settings.mistakes:
        yield Check("settings", OK, "all can be used")
    for mistake in settings.mistakes:
        yield Check("settings", FAIL, said_of(mistake), "mend it there; until then the default applies")


def state_dir(settings: Settings) -> Check:
    name, path = "state directory", settings.state_dir
    if not path.exists() and not path.is_symlink():
        if os.access(settings.project, os.W_OK | os.X_OK):
            return Check(name, OK, f"{path} is made when it is needed")
        return Check(
            name, FAIL, f"{settings.project} is not writable for you", "make it writable, or copy the project"
        )
    found = path.lstat()
    if path.is_symlink() or not path.is_dir():
        return Check(name, FAIL, f"{path} is not a plain directory", "remove or rename it")
    if found.st_uid != os.geteuid():
        return Check(
            name,
            FAIL,
            f"{path} belongs to uid {found.st_uid}, you are uid {os.geteuid()}",
            "run as its owner",
        )
    if found.st_mode & 0o077:
        return Check(name, FAIL, f"{path} is open to others ({found.st_mode & 0o777:o})", f"chmod 700 {path}")
    if not os.access(path, os.W_OK | os.X_OK):
        return Check(name, FAIL, f"{path} is not writable", "is the file system mounted read-only?")
    return Check(name, OK, f"{path} is yours alone")


def path(settings: Settings) -> Check:
    """Who can rename a folder above the project can put another in its place."""
    name = "path"
    for folder in (settings.project, *settings.project.parents):
        found = folder.stat()
        if found.st_uid not in (0, os.geteuid()):
            return Check(name, WARN, f"{folder} belongs to uid {found.st_uid}, who could put another project here",
                         "work in a folder that is yours from top to bottom")  # fmt: skip
        if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
            return Check(name, WARN, f"others may write to {folder}, and so replace what lies in it",
                         f"chmod go-w '{folder}'")  # fmt: skip
    return Check(name, OK, f"{settings.project}: nobody else can replace it")


def flows(settings: Settings) -> Check:
    name, path = "flows", settings.flows_dir
    if not path.is_dir():
        return Check(name, WARN, f"there is no {path}", "mkdir flows, and save a flow file in it")
    if path.stat().st_mode & 0o022:
        return Check(
            name, WARN, f"others may write to {path}: their code would run as you", f"chmod go-w {path}"
        )
    files = [file for file in path.rglob("*.py") if file.is_file()]
    for file in files:
        found = file.stat()
        if found.st_uid not in (0, os.geteuid()):
            return Check(name, WARN, f"{file} belongs to uid {found.st_uid}, and its code runs as you",
                         f"look at it, then: chown {os.geteuid()} '{file}'")  # fmt: skip
        if found.st_mode & 0o002:
            return Check(
                name, WARN, f"everybody may write to {file}, and its code runs as you", f"chmod o-w '{file}'"
            )
    count = len(files)
    return Check(name, OK, f"{counted(count, 'Python file')} in {path}")


def history(settings: Settings) -> Check:
    from tui_flow.store import database, looking, runs

    if not (settings.state_dir / "history.db").exists():
        return Check("history", OK, "none yet")
    try:
        with closing(database.open_reader(settings.state_dir)) as db:
            count = sum(runs.counts(db).values())
            return Check("history", OK, counted(count, "run"))
    except TuiFlowError as error:
        if 0 < looking.written_version(settings.state_dir) < database.SCHEMA_VERSION:
            return Check(
                "history",
                OK,
                f"{error.what}: it is copied aside and brought up to date when the engine starts",
            )
        return Check("history", FAIL, error.what, error.next)


def engine(settings: Settings) -> Check:
    from tui_flow import __version__
    from tui_flow.cli import engine_settings
    from tui_flow.client import connect
    from tui_flow.client.other_version import other_version
    from tui_flow.contract.commands import GetStatus

    if lock_holder(settings.state_dir / ENGINE_LOCK) is None:
        return Check("engine", OK, "not running; it starts when it is needed")
    try:
        with connect(settings, start=False, timeout=5) as connection:
            status = connection.ask(GetStatus(settings=True))
    except TuiFlowError as error:
        return Check("engine", FAIL, error.what, error.next)
    if other := other_version(status):
        return Check("engine", WARN, f"pid {status['pid']} is of version {other}, this is {__version__}",
                     "tui-flow engine start replaces it; runs go on")  # fmt: skip
    others = engine_settings.differing(settings, status)
    if others:
        return Check("engine", WARN, engine_settings.restart_needed(others), engine_settings.NEXT)
    return Check(
        "engine", OK, f"pid {status['pid']}, {status['running']} of {counted(status['limit'], 'slot')} in use"
    )


CHECKS: tuple[Callable[[Settings], Check], ...] = (
    machine.platform, surroundings.python, machine.sqlite, path, flows, state_dir, history, machine.disk,
    machine.file_system, machine.inotify, machine.limits, surroundings.clock, surroundings.zones, surroundings.umask,
    surroundings.logout, surroundings.terminal, engine,
)  # fmt: skip


def examine(settings: Settings) -> Iterator[Check]:
    """The result of each check, in order. One that cannot look says so, and the others go on."""
    yield from mistakes(settings)
    for check in CHECKS:
        try:
            yield check(settings)
        except OSError as error:
            yield Check(check.__name__.replace("_", " "), WARN, f"cannot look: {error}")
