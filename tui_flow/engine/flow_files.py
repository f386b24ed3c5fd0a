"""The flow files on disk: which there are, and what their text is. `flows/**/*.py`, regular files only.

Names that begin with "." or "_" are ignored (modules for others to import, editors' temporary files), names that are not Unicode,
and `flows/out`, where flows put what they make. A link to a file counts as that file; a linked directory is not entered.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract.flow_file_names import is_ignored, may_be_flow_file

MAX_SOURCE_BYTES = 4 * 1024 * 1024
OUT = "out"
UNSETTLED_NS = 2_000_000_000
"""A file that was changed so short a time before it was read may change again without looking different."""


class Stamp(NamedTuple):
    """What `stat` says of a file's text. Equal, the text is the same."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class FlowSource(NamedTuple):
    """A flow file as it was when it was read last."""

    stamp: Stamp
    sha: str
    error: str | None
    """Why it cannot be a flow file at all, such as "Permission denied"."""
    settled: bool
    """Whether an equal stamp will mean equal text."""


GONE = FlowSource(Stamp(0, 0, 0, 0), "", "is gone", True)
"""A module that is not there."""


def walk(flows: Path) -> tuple[dict[str, Stamp], set[Path]]:
    """The flow files by path relative to the project (the parent of `flows`), and the folders that they may be in.
    Empty where there is no such folder."""
    found: dict[str, Stamp] = {}
    folders: set[Path] = set()
    for folder, names, files in os.walk(flows):
        folders.add(Path(folder))
        names[:] = [name for name in names if not is_ignored(name)]
        if Path(folder) == flows and OUT in names:
            names.remove(OUT)
        for name in files:
            if may_be_flow_file(name):
                path = Path(folder, name)
                stamp = stamp_of(path)
                if stamp is not None:
                    found[path.relative_to(flows.parent).as_posix()] = stamp
    return found, folders


def read_source(path: Path, stamp: Stamp, now_ns: int) -> FlowSource | None:
    """The text's SHA-256, or why it cannot be read. None where the file is gone or changes as it is read."""
    settled = abs(now_ns - stamp.mtime_ns) > UNSETTLED_NS
    if stamp.size > MAX_SOURCE_BYTES:
        limit = MAX_SOURCE_BYTES // (1024 * 1024)
        return FlowSource(stamp, "", f"{stamp.size:,} bytes: a flow file has at most {limit} MB", settled)
    try:
        # Never waits, should it have become a fifo since it was looked at.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            sha = hashlib.sha256(file.read(MAX_SOURCE_BYTES)).hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        return FlowSource(stamp, "", f"cannot be read: {error.strerror}", settled)
    return FlowSource(stamp, sha, None, settled) if stamp_of(path) == stamp else None


def stamp_of(path: Path) -> Stamp | None:
    """None for what is no plain file, or not there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
