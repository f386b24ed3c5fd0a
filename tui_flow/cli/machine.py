"""What `tui-flow doctor` looks at in the machine: kernel, SQLite, disk, limits."""

import ctypes
import os
import resource
import sys
from pathlib import Path

from tui_flow.cli.check import FAIL, MIB, OK, WARN, Check
from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.rundir import require_linux_or_mac
from tui_flow.settings import Settings

_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "virtiofs", "vboxsf"}
_FLEETING = {"tmpfs", "ramfs", "overlay"}
_FEW_FILES, _FEW_PROCESSES, _FEW_INODES = 1024, 512, 10_000


def platform(_: Settings) -> Check:
    name = "platform"
    try:
        require_linux_or_mac()
    except TuiFlowError as error:
        return Check(name, FAIL, error.what, error.next)
    if sys.platform == "darwin":
        return Check(name, WARN, "macOS: a daemon that leaves its run's process tree is found only by a walk")
    return Check(name, OK, f"Linux {os.uname().release}")


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


def disk(settings: Settings) -> Check:
    found = os.statvfs(settings.state_dir if settings.state_dir.is_dir() else settings.project)
    free = found.f_bavail * found.f_frsize // MIB
    if found.f_files and found.f_favail < _FEW_INODES:
        return Check(
            "disk",
            WARN,
            f"room for {found.f_favail} more files: every run makes about six",
            "delete some of the many small files",
        )
    if free < 1024:
        return Check(
            "disk",
            FAIL if free < 64 else WARN,
            f"{free} MiB free",
            "make room: runs need it for their journals",
        )
    return Check("disk", OK, f"{free // 1024} GiB free")


def file_system(settings: Settings) -> Check:
    found = _file_system(settings.state_dir if settings.state_dir.is_dir() else settings.project)
    if found in _NETWORK:
        return Check(
            "file system",
            WARN,
            f"{found}: SQLite's WAL, locks and notices of change hold on one host only",
            "use the project from one host at a time, or move it to a local disk",
        )
    if found in _FLEETING:
        return Check("file system", WARN, f"{found}: what is kept here is lost with the machine, or the container",
                     "put the project on a disk, or on a volume of the container")  # fmt: skip
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
    if not _can_watch():
        return Check(name, WARN, f"{says}, all of them taken: a saved file shows only at the next rescan",
                     "end what watches files, such as an editor's servers, or raise fs.inotify.max_user_instances")  # fmt: skip
    return Check(name, OK, says)


def limits(_: Settings) -> Check:
    """The limits that the engine, and so its runs, are started with."""
    name = "limits"
    files, processes, size = (
        resource.getrlimit(kind)[0]
        for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE)
    )
    says = f"{_number(files)} open files, {_number(processes)} processes"
    if _is_below(size, 100 * MIB):
        return Check(name, WARN, f"files may have {size // MIB} MiB: history and logs cannot grow past that",
                     "ulimit -f unlimited, before the engine starts")  # fmt: skip
    if _is_below(files, _FEW_FILES):
        return Check(
            name, WARN, f"{says}: too few files for many runs at once", f"ulimit -n {_FEW_FILES * 4}"
        )
    if _is_below(processes, _FEW_PROCESSES):
        return Check(name, WARN, f"{says}, all of yours counted: too few for many runs at once",
                     f"ulimit -u {_FEW_PROCESSES * 8}")  # fmt: skip
    if os.geteuid() == 0 and not _processes_are_capped():
        return Check(name, WARN, f"{says}; the latter does not hold for root: a run that forks without end is not stopped",
                     "run as a user of its own, or in a unit or container with TasksMax=")  # fmt: skip
    return Check(name, OK, says)


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


def _can_watch() -> bool:
    """Whether one more instance can be had."""
    fd = ctypes.CDLL(None).inotify_init1(os.O_CLOEXEC)
    if fd < 0:
        return False
    os.close(fd)
    return True


def _is_below(limit: int, wanted: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < wanted


def _number(limit: int) -> str:
    return "any number of" if limit == resource.RLIM_INFINITY else f"{limit:,}"


def _processes_are_capped() -> bool:
    """Whether a control group above this process caps the number of its processes."""
    try:
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return False
    for line in groups:
        _, kinds, path = line.split(":", 2)
        if kinds not in ("", "pids"):
            continue
        root = Path("/sys/fs/cgroup", kinds)
        for group in (root / path.lstrip("/"), *(root / path.lstrip("/")).parents):
            try:
                if (group / "pids.max").read_text().strip() != "max":
                    return True
            except OSError:
                continue
    return False
