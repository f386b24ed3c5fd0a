"""Where everything lies: the project, its state directory, and the directory of a run.

    <project>/
      flows/                  the author's flow files
      .tui_flow/              the state directory: 0700, ours alone
        history.db            the history; the engine is its only writer
        engine.lock           held by the engine for as long as it lives
        engine.sock           commands and changes
        engine.log            what the engine has to say
        console.log           what a console had to say that met a defect of its own
        seen-<uid>            its time is when that user last looked at a console
        events/<when>-<id>.json  what scripts said had happened, until an engine takes it up (`contract.spool`)
        limits/<name>/        named limits and their slots (`contract.limits`)
        serving/<id>          held by a script for as long as it serves flows: liveness, nothing else
        sources/<sha>.py      every version of a flow file that was ever described or run, by content
        runs/last             the highest run id ever given, under its own lock
        runs/<id>/spec.json   what to run
        runs/<id>/given.json  its parameters with the secrets among them, which `spec.json` has stars for, until it is over
        runs/<id>/lock        held by the keeper for as long as it lives: liveness, nothing else
        runs/<id>/journal     what the run reports (`contract.journal`)
        runs/<id>/log         what the run says (`contract.log`)
        runs/<id>/calls       the results of its task calls, for a rerun (`contract.calls`)
        runs/<id>/inputs/     what it asks people, what they answer, and messages of other runs (`contract.questions`)
        runs/<id>/cancel.json who asked for its end, and how
        runs/<id>/stacks      where its threads stood when somebody asked (`contract.stacks`)
        runs/<id>/secrets     a FIFO, while it runs: what its keeper is to hide in what is printed (`sdk.masking`)
        backups/              copies of the history, and what a restored one has replaced
        results/sha256/       results that are too big for a line of `calls`, by content

A run's id is given by making its directory, which works with and without an engine and never twice.
"""

import errno
import fcntl
import json
import os
import struct
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.errors import ProjectError, StateDirError
from tui_flow.contract.secret_parameters import not_kept, starred, starred_like

FLOWS = "flows"
STATE_DIR = ".tui_flow"
HISTORY, ENGINE_LOCK, ENGINE_SOCKET, ENGINE_LOG, SOURCES, RUNS = (
    "history.db", "engine.lock", "engine.sock", "engine.log", "sources", "runs",
)  # fmt: skip
CONSOLE_LOG = "console.log"
SEEN = "seen-{uid}"
SPEC, LOCK, JOURNAL, LOG, CANCEL, LAST = "spec.json", "lock", "journal", "log", "cancel.json", "last"
SECRETS = "secrets"
GIVEN = "given.json"
RETURNED = "returned.json"
"""Where the flow's persisted result lies, by attempt."""
CALLS, RESULTS, STACKS = "calls", "results", "stacks"
BACKUPS = "backups"
SERVING = "serving"

_MAX_DIGITS = 12
"""Of a run's id; what is longer was not given by us, and would be too much for SQLite one day."""

ENV_PROJECT = "TUI_FLOW_PROJECT"
"""Names the project's folder, instead of the one found from the current folder upwards."""
ENV_RUN_DIR = "TUI_FLOW_RUN_DIR"
"""Set for every process of a run: its run directory."""
ENV_COOKIE = "TUI_FLOW_COOKIE"
"""Set for every process of a run: 128 random bits by which its stragglers are known."""


class RunSpec(NamedTuple):
    """What to run, as it stands in `spec.json`: written whole before an attempt is started, and not changed during it."""

    run_id: int
    flow: str
    """The flow's name."""
    path: str
    """The flow file, absolute. Empty where a flow was called that no file holds."""
    function: str
    """The name in that file that holds the flow."""
    parameters: dict[str, Any]
    """JSON values, not yet validated. Secrets among them are stars (`contract.secret_parameters`)."""
    run_name: str | None
    """None lets the flow name its run."""
    tags: list[str]
    trigger: str
    """What asked for it: "console", "command", or as `contract.asked_by` has it."""
    created_at: float
    project: str
    """The project's folder, absolute: the run's working directory."""
    cookie: str
    """128 random bits in hex, in the environment of every process of the run."""
    timeout_seconds: float | None
    """The flow's own; the worker ends it, and the keeper makes sure."""
    grace_seconds: float
    """Between TERM and KILL."""
    attempt: int = 1
    first_task_run_id: int = 1
    """Above all that earlier attempts gave."""
    reuse: str = "equal"
    """Which results of earlier attempts stand for a call: those of "equal" code and arguments, those that "succeeded"
    with equal arguments whatever became of the code, "any" that succeeded at its place, or "nothing"."""
    rerun_from: list[str] = []  # noqa: RUF012
    """From the first call of one of these tasks on, nothing is reused."""
    rerun_only: list[str] = []  # noqa: RUF012
    """Patterns (`contract.left_out`): of these tasks nothing is reused."""
    asked_attempt: int = 1
    """The attempt that `reuse` and the two after it were said for: what it and later ones gave is reused all the same, where
    a crash makes another attempt follow."""
    is_strict: bool = False
    """The run fails where its calls are no longer those of the attempt before."""
    source_sha: str = ""
    """Run the text of this version from `sources/`, instead of the flow file as it is now."""
    scheduled_for: float | None = None
    """The fire time that the run is for; None where somebody asked for it, unless that said when it is to begin."""
    schedule: str | None = None
    """The slug of the schedule or trigger that made it."""
    event_key: str | None = None
    """Of the trigger's event that made it."""
    cause: dict[str, Any] | None = None
    """What fired the trigger that made it: `{"kind": "file", "path": …}`."""
    fired_at: float | None = None
    """When the engine made it, for that fire time."""
    previous_success: float | None = None
    """What the last completed run of the flow was scheduled for, else when it ended."""
    priority: int = 0
    """Higher ones are started first."""
    lane: str | None = None
    """Runs of one lane are started one after another."""
    on_crash: str = "fail"
    """"retry": a crashed run begins anew, as its next attempt (`contract.attempts`)."""
    crashes: int = 0
    """Earlier attempts that crashed, and were begun anew for it."""
    log_mb: int = 50
    """The cap of the log (MiB): of a longer one the beginning and the end are kept; 0 keeps all."""
    tries_before: int = 0
    """Of the flow's own tries, those that earlier attempts have used up."""
    resumes: int = 0
    """Of these, those that were suspended: they are no retries."""
    default_name: str | None = None
    """The run's name where neither `run_name` nor the flow gives one."""
    served: str | None = None
    """The name that the flow is served under, where it was run by that."""
    served_version: str | None = None
    """The version that it is served as."""
    idempotency_key: str | None = None
    """Of the request for it: an equal one gets this run."""
    skip: list[str] = []  # noqa: RUF012
    """Patterns of the tasks that are left out (`contract.left_out`)."""
    only: list[str] = []  # noqa: RUF012
    """Patterns of the tasks that are not, where all others are; empty leaves none out."""


class CancelRequest(NamedTuple):
    """Who asked for a run's end, as it stands in `cancel.json`: written before the keeper is woken with SIGTERM."""

    requested_at: float
    by: str
    kill: bool
    """No grace: KILL the tree at once."""


def find_project(start: Path) -> Path | None:
    """The nearest folder from `start` upwards that is a project: one that has `flows/`, a state directory or
    `tui_flow.toml`. None where there is none."""
    for folder in (start, *start.parents):  # not Path's own tests, which raise where one may not look
        if any(os.path.isdir(folder / name) for name in (FLOWS, STATE_DIR)):  # noqa: PTH112
            return folder
        if os.path.isfile(folder / "tui_flow.toml"):  # noqa: PTH113
            return folder
    return None


def require_linux_or_mac() -> None:
    """Raises ProjectError on a platform that has neither process groups nor record locks."""
    if sys.platform not in ("linux", "darwin"):
        raise ProjectError(
            f"tui_flow runs on Linux and macOS, not on {sys.platform}", next="on Windows, use it inside WSL"
        )


def open_state_dir(project: Path) -> Path:
    """The project's state directory, made if need be (0700, with a `.gitignore` of its own), and checked.

    Raises StateDirError where it is a link, not ours, open to others, or cannot be made or written.
    """
    state_dir = project / STATE_DIR
    if is_read_only(state_dir):
        raise StateDirError(
            "the file system is mounted read-only, and runs need one that they can write",
            where=str(state_dir),
            next="mount it writable, or copy the project to another disk; what is there can be looked at",
        )
    try:
        for folder in (state_dir, state_dir / SOURCES, state_dir / RUNS):
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            refuse_unsafe(folder, folder.lstat())
        ignore = state_dir / ".gitignore"
        if not ignore.exists():
            write_whole(ignore, b"*\n")
    except OSError as error:
        raise StateDirError(
            f"cannot use the state directory: {error.strerror}",
            where=str(error.filename or state_dir),
            next="make room on the disk, then try again"
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else "make the project's folder writable for you, or name another project with --project",
        ) from None
    return state_dir


def is_read_only(folder: Path) -> bool:
    """Whether it lies, or would be made, on a file system that is mounted read-only."""
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except FileNotFoundError:
        return folder != folder.parent and is_read_only(folder.parent)
    except OSError:
        return False


def make_private(folder: Path) -> None:
    """Makes a folder, and those above it that are missing, each 0700: `mkdir` with `parents` sees to the last alone."""
    try:
        folder.mkdir(mode=0o700)
    except FileNotFoundError:
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        return


def refuse_unsafe(path: Path, found: os.stat_result) -> None:
    """Raises StateDirError for a folder that is a link, not ours, or open to others."""
    import stat

    if not stat.S_ISDIR(found.st_mode):
        raise StateDirError(
            "the state directory is not a plain directory", where=str(path), next="remove or rename it"
        )
    if found.st_uid != os.geteuid():
        raise StateDirError(
            f"the state directory belongs to uid {found.st_uid}, and you are uid {os.geteuid()}",
            where=str(path),
            next="run as its owner, or work in your own copy of the project",
        )
    if found.st_mode & 0o022:
        raise StateDirError(
            "others may write to the state directory", where=str(path), next=f"chmod go-w '{path}'"
        )
    if not os.access(path, os.W_OK | os.X_OK):
        raise StateDirError(
            "the state directory is not writable", where=str(path), next=f"chmod u+rwx '{path}'"
        )


def write_whole(path: Path, data: bytes, durable: bool = True) -> None:
    """Writes a file so that a reader, or a crash, sees all of it or nothing; 0600. If it is not to be `durable` yet, a
    power loss may leave a part of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(fd)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def keep_source(state_dir: Path, source: bytes) -> str:
    """Keeps a flow file's text under its SHA-256, and gives that."""
    import hashlib

    sha = hashlib.sha256(source).hexdigest()
    path = state_dir / SOURCES / f"{sha}.py"
    if not path.exists():
        write_whole(path, source)
    else:
        os.utime(path)  # in use: it is not to be pruned before the history says so
    return sha


def make_run_dir(state_dir: Path) -> tuple[int, Path]:
    """A new run's id and its directory, 0700. Ids rise by one and are never given twice, also between processes."""
    runs = state_dir / RUNS
    fd = os.open(runs / LAST, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        last = _counted(os.pread(fd, 32, 0)) or max(run_ids(state_dir), default=0)
        while True:
            last += 1
            try:
                run_dir(state_dir, last).mkdir(mode=0o700)
            except FileExistsError:
                continue
            os.ftruncate(fd, os.pwrite(fd, b"%d\n" % last, 0))
            return last, run_dir(state_dir, last)
    finally:
        os.close(fd)


def last_run_id(state_dir: Path) -> int:
    """The highest id ever given; 0 where there is none. Where the counter says nonsense, or less than a power loss has
    left directories, these count."""
    try:
        text = (state_dir / RUNS / LAST).read_bytes()
    except FileNotFoundError:
        return 0
    last = _counted(text) or max(run_ids(state_dir), default=0)
    while run_dir(state_dir, last + 1).is_dir():
        last += 1
    return last


def _counted(text: bytes) -> int | None:
    """The number in the file that counts runs; None for what cannot be one."""
    return int(text) if text.strip().isdigit() and len(text) <= _MAX_DIGITS else None


def run_dir(state_dir: Path, run_id: int) -> Path:
    return state_dir / RUNS / str(run_id)


def run_ids(state_dir: Path) -> list[int]:
    """The ids of all run directories there are, in no order."""
    with os.scandir(state_dir / RUNS) as entries:
        return [
            int(entry.name) for entry in entries if entry.name.isdigit() and len(entry.name) <= _MAX_DIGITS
        ]


def write_spec(directory: Path, spec: RunSpec, durable: bool = True) -> None:
    """Raises TypeError where a parameter is not JSON. If it is `durable`, no power loss takes it once this returns."""
    data = json.dumps(spec._asdict(), indent=1).encode()
    replaces = (directory / SPEC).exists()
    write_whole(
        directory / SPEC, data, durable=replaces
    )  # then its content is on the disk before it has the name
    if durable:
        make_durable(directory)


def make_durable(directory: Path) -> None:
    """When this returns, no power loss takes that the run was asked for. Raises OSError."""
    fd = os.open(directory / SPEC, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)  # the names that lead to a new file go with it, and were all made before
    finally:
        os.close(fd)


def read_spec(directory: Path) -> RunSpec | None:
    """None where there is no whole one: the run was never asked for in earnest."""
    return _read(RunSpec, directory / SPEC)  # type: ignore[no-any-return]


def put_secrets_away(
    directory: Path, schema: Mapping[str, Any], parameters: dict[str, Any], before: Mapping[str, Any] = {}
) -> dict[str, Any]:
    """The parameters as they may be kept: stars stand for what is secret by the schema, or was `before`. The run's own
    process finds the secrets in a file that no power loss takes, and `forget_secrets` does. Raises OSError."""
    kept: dict[str, Any] = starred_like(before, starred(schema, parameters))
    if kept != parameters:
        write_whole(directory / GIVEN, json.dumps(parameters).encode())
    return kept


def with_secrets(directory: Path, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a spec, with the secrets that were put away."""
    if not any(not_kept(parameters)):
        return parameters
    try:
        found: dict[str, Any] = json.loads((directory / GIVEN).read_bytes())
    except FileNotFoundError:
        return parameters
    return found


def forget_secrets(directory: Path) -> None:
    """The run is over, and nobody is to read them any more."""
    with suppress(OSError):
        (directory / GIVEN).unlink()


def write_cancel(directory: Path, request: CancelRequest) -> None:
    write_whole(directory / CANCEL, json.dumps(request._asdict()).encode())


def read_cancel(directory: Path) -> CancelRequest | None:
    return _read(CancelRequest, directory / CANCEL)  # type: ignore[no-any-return]


def _read(cls: Any, path: Path) -> Any:
    try:
        fields = json.loads(path.read_bytes())
        return cls(**{key: fields[key] for key in cls._fields if key in fields})
    except (OSError, ValueError, TypeError, KeyError):
        return None


# Liveness. POSIX record locks, not flock: they belong to the process that took them, so no forked child can keep
# them alive, and the kernel tells who holds one (fcntl(2), F_GETLK). Their trap: closing any descriptor of the file
# lets go of them, so a process that holds a run's lock opens that file exactly once.

_FLOCK = "qqihh" if sys.platform == "darwin" else "hhqqi4x"


def take_lock(path: Path) -> int | None:
    """Takes the lock for this process and gives its descriptor, to be kept open; None where another holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


def lock_holder(path: Path) -> int | None:
    """The pid of the process that holds the lock, from the kernel; None where it is free or there is no such file.

    Never asks about a lock of this process's own (closing the file would let go of it).
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EROFS:  # nobody can take it there
            return None
        raise
    try:
        mac = sys.platform == "darwin"
        question = (
            struct.pack(_FLOCK, 0, 0, 0, fcntl.F_WRLCK, 0)
            if mac
            else struct.pack(_FLOCK, fcntl.F_WRLCK, 0, 0, 0, 0)
        )
        answer = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, question))
    finally:
        os.close(fd)
    kind, pid = (answer[3], answer[2]) if mac else (answer[0], answer[4])
    return None if kind == fcntl.F_UNLCK else pid


def signal_holder(path: Path, signal: int) -> bool:
    """Sends a signal to the process that holds the lock, and to no other, even if pids were reused meanwhile."""
    pid = lock_holder(path)
    if not pid:
        return False
    if not hasattr(os, "pidfd_open"):
        os.kill(pid, signal)
        return True
    import signal as signals

    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if lock_holder(path) != pid:
            return False
        signals.pidfd_send_signal(pidfd, signal)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)
