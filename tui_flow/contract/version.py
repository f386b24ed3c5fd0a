"""Which text a run runs: that of its flow file, and of the modules of the project that the file imports.

Every text is in `sources/`, by its SHA-256. The engine decides on a version when the run starts, and not before: the
last one that it has described without an error. A run that is forked from a template finds it imported; any other
reads `version.json` in its run directory, and where there is none takes the files as they are.
"""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.rundir import SOURCES

VERSION = "version.json"

_FOREIGN = frozenset({"site-packages", "dist-packages", "__pycache__"})


class Version(NamedTuple):
    """The texts of a flow file and its modules."""

    sha: str
    """Of the flow file."""
    modules: dict[str, list[str]]
    """By the name that each is imported by: its path, relative to the project, and its SHA-256."""

    @property
    def module_shas(self) -> dict[str, str]:
        """The SHA-256 of each module by its path."""
        return dict(self.modules.values())

    def to_json(self) -> str:
        return json.dumps(self._asdict(), separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Version":
        """Raises ValueError or KeyError for what is none."""
        fields = json.loads(text)
        return cls(fields["sha"], fields["modules"])


def write_version(directory: Path, version: Version) -> None:
    """Into a run directory. Not forced to disk: without it, a run takes the files as they are."""
    fd = os.open(
        directory / VERSION, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    try:
        os.write(fd, version.to_json().encode())
    finally:
        os.close(fd)


def read_version(directory: Path) -> Version | None:
    try:
        return Version.from_json((directory / VERSION).read_bytes())
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_kept(state_dir: Path, sha: str) -> bytes | None:
    """The text of that SHA-256, if it was kept."""
    try:
        return (state_dir / SOURCES / f"{sha}.py").read_bytes()
    except OSError:
        return None


def relative(path: Any, project: Path) -> str | None:
    """A file's path as versions name it; None for one outside of the project, or in its state directory."""
    if not isinstance(path, str) or not path.startswith(f"{project}{os.sep}"):
        return None
    return Path(path).relative_to(project).as_posix()


def is_own(path: str, project: str) -> bool:
    """Whether a file is the project's, and not that of a package that lies in it."""
    if not path.startswith(f"{project.rstrip('/')}/"):
        return False
    parts = path[len(project) + 1 :].split("/")
    return _FOREIGN.isdisjoint(parts) and not any(part.startswith(".") for part in parts)
