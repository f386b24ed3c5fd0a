"""What the promises rest on, checked one by one for `tui-flow doctor`. A check looks, and changes nothing."""

import locale
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.rundir import ENGINE_LOCK, lock_holder, require_linux_or_mac
from tui_flow.settings import Settings

OK, WARN, FAIL = "ok", "warn", "fail"
_MIB = 1024 * 1024
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "virtiofs", "vboxsf"}


class Check(NamedTuple):
    name: str
    status: str
    """"ok", "warn" (a promise is weaker here) or "fail" (it does not work here)."""
    found: str
    next: str = ""
    """What to do about it."""


def platform(_: Settings) -> Check:
    name = "platform"
    try:
        require_linux_or_mac()
    except TuiFlowError as error:
        return Check(name, FAIL, error.what, error.next)
    if sys.platform == "darwin":
        return Check(name, WARN, "macOS: a daemon that leaves its run's process tree is found only by a walk")
    return Check(name, OK, f"Linux {os.uname().release}")


def python(_: Settings) -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", OK, f"{version} at {sys.executable}")


def sqlite(_: Settings) -> Check:
    from tui_flow.store.sqlite_version import version, wal_may_corrupt

    if wal_may_corrupt():
        return Check(
            "sqlite",
            WARN,
            f"{version()} can corrupt a WAL that two connections write and checkpoint at once;"
            " the engine is the only writer, so only other programs that write history.db can do it",
            "never write to history.db yourself; 3.44.6, 3.50.7, 3.51.3 and newer are mended",
        )
    return Check("sqlite", OK, version())


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


def flows(settings: Settings) -> Check:
    name, path = "flows", settings.flows_dir
    if not path.is_dir():
        return Check(name, WARN, f"there is no {path}", "mkdir flows, and save a flow file in it")
    if path.stat().st_mode & 0o022:
        return Check(
            name, WARN, f"others may write to {path}: their code would run as you", f"chmod go-w {path}"
        )
    count = sum(1 for _ in path.rglob("*.py"))
    return Check(name, OK, f"{count} Python file{'' if count == 1 else 's'} in {path}")


def history(settings: Settings) -> Check:
    from tui_flow.store import database, runs

    if not (settings.state_dir / "history.db").exists():
        return Check("history", OK, "none yet")
    try:
        with closing(database.open_reader(settings.state_dir)) as db:
            count = sum(runs.counts(db).values())
            return Check("history", OK, f"{count} run{'' if count == 1 else 's'}")
    except TuiFlowError as error:
        return Check("history", FAIL, error.what, error.next)


def disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.project).free // _MIB
    if free < 1024:
        return Check(
            "disk",
            FAIL if free < 64 else WARN,
            f"{free} MiB free",
            "make room: runs need it to tell their story",
        )
    return Check("disk", OK, f"{free // 1024} GiB free")


def file_system(settings: Settings) -> Check:
    found = _file_system(settings.project)
    if found in _NETWORK:
        return Check(
            "file system",
            WARN,
            f"{found}: SQLite's WAL, locks and notices of change hold on one host only",
            "use the project from one host at a time, or move it to a local disk",
        )
    return Check("file system", OK, found or "unknown")


def inotify(_: Settings) -> Check:
    name, folder = "inotify", Path("/proc/sys/fs/inotify")
    if not folder.is_dir():
        return Check(name, OK, "not used on this platform")
    watches, instances = (int((folder / f"max_user_{what}").read_text()) for what in ("watches", "instances"))
    says = f"{watches} watches, {instances} instances"
    if watches < 8192 or instances < 64:
        return Check(name, WARN, f"{says}: a saved file may show only at the next rescan",
                     "raise fs.inotify.max_user_watches and max_user_instances with sysctl")  # fmt: skip
    return Check(name, OK, says)


def logout(_: Settings) -> Check:
    name = "logout"
    if not Path("/run/systemd/seats").is_dir() and not Path("/run/systemd/users").is_dir():
        return Check(name, OK, "no systemd-logind here: nothing ends your processes when you log out")
    if not _kills_user_processes():
        return Check(name, OK, "KillUserProcesses=no: engine and runs outlive your session")
    import getpass

    user = getpass.getuser()
    if Path("/var/lib/systemd/linger", user).exists():
        return Check(name, WARN, "KillUserProcesses=yes: what was started in a session ends with it, lingering or not",
                     "start it with: systemd-run --user --scope tui-flow engine start")  # fmt: skip
    return Check(name, WARN, "KillUserProcesses=yes: logging out kills engine and runs",
                 f"loginctl enable-linger {user}, then: systemd-run --user --scope tui-flow engine start")  # fmt: skip


def terminal(_: Settings) -> Check:
    name, term = "terminal", os.environ.get("TERM", "")
    encoding = locale.getpreferredencoding(False)
    if not sys.stdout.isatty():
        return Check(name, OK, f"none here; text is {encoding}")
    if term in ("", "dumb"):
        return Check(
            name,
            WARN,
            f"TERM={term or 'unset'}: the console cannot draw here",
            "set TERM to what your terminal is",
        )
    if encoding.lower().replace("-", "") != "utf8":
        return Check(
            name, WARN, f"{term}, {encoding}: states are shown in ASCII", "set a UTF-8 locale: LANG=C.UTF-8"
        )
    size = shutil.get_terminal_size()
    return Check(name, OK, f"{term}, {encoding}, {size.columns}x{size.lines}")


def engine(settings: Settings) -> Check:
    from tui_flow import __version__
    from tui_flow.client import connect
    from tui_flow.contract.commands import GetStatus

    if lock_holder(settings.state_dir / ENGINE_LOCK) is None:
        return Check("engine", OK, "not running; it starts when it is needed")
    try:
        with connect(settings, start=False, timeout=5) as connection:
            status = connection.ask(GetStatus())
    except TuiFlowError as error:
        return Check("engine", FAIL, error.what, error.next)
    if status["version"] != __version__:
        return Check("engine", WARN, f"pid {status['pid']} is version {status['version']}, this is {__version__}",
                     "tui-flow engine stop; the next command starts this version")  # fmt: skip
    return Check("engine", OK, f"pid {status['pid']}, {status['running']} of {status['limit']} slots in use")


CHECKS: tuple[Callable[[Settings], Check], ...] = (
    platform, python, sqlite, flows, state_dir, history, disk, file_system, inotify, logout, terminal, engine,
)  # fmt: skip


def examine(settings: Settings) -> Iterator[Check]:
    """The result of each check, in order. One that cannot look says so, and the others go on."""
    for check in CHECKS:
        try:
            yield check(settings)
        except OSError as error:
            yield Check(check.__name__.replace("_", " "), WARN, f"cannot look: {error}")


def _file_system(path: Path) -> str:
    """The type of the file system that holds the path, from the kernel's list of mounts; "" where there is none."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    best, found = -1, ""
    for line in mounts:
        left, _, right = line.partition(" - ")
        point = left.split()[4].encode().decode("unicode_escape")
        if path.is_relative_to(point) and len(point) >= best:
            best, found = len(point), right.split()[0]
    return found


def _kills_user_processes() -> bool:
    """What logind was told; its own default is no."""
    answer = False
    for folder in ("/usr/lib/systemd", "/etc/systemd", "/run/systemd"):
        for path in (Path(folder, "logind.conf"), *sorted(Path(folder, "logind.conf.d").glob("*.conf"))):
            if not path.is_file():
                continue
            for line in path.read_text("utf-8", "replace").splitlines():
                key, _, value = line.partition("=")
                if key.strip() == "KillUserProcesses":
                    answer = value.strip().lower() in ("yes", "true", "1", "on")
    return answer
