"""Where files of runs lie, by Prefect's names. Only the local file system is here."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

from tui_flow.contract.rundir import make_private
from tui_flow.sdk.blocks.saving import Saved, register
from tui_flow.sdk.dispatch import in_coroutine

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
"""What cannot lead anywhere else."""


class ReadableFileSystem:
    """What results can be read from: `read_path(path)` gives bytes."""

    def read_path(self, path: str) -> Any:
        raise NotImplementedError


class WritableFileSystem(ReadableFileSystem):
    """What results can be written to: `write_path(path, content)`, with the bytes whole or not at all."""

    def write_path(self, path: str, content: bytes) -> Any:
        raise NotImplementedError


class LocalFileSystem(WritableFileSystem, Saved):
    """A folder of this machine, which can be saved as a block. In a coroutine its methods give coroutines, as Prefect's do; those with an `a` before
    their name always do.

    Raises ValueError for a path that leads out of `basepath`.
    """

    _block_type_name = "Local File System"

    def __init__(self, basepath: str | Path | None = None) -> None:
        self.basepath = None if basepath is None else str(basepath)
        self._base: Path | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocalFileSystem) and other.basepath == self.basepath

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"LocalFileSystem(basepath={self.basepath!r})"

    def _to_fields(self) -> dict[str, Any]:
        return {"basepath": self.basepath}

    @classmethod
    def _from_fields(cls, fields: dict[str, Any], validate: bool) -> "LocalFileSystem":  # noqa: ARG003
        return cls(fields["basepath"])

    def resolve(self, path: str | Path = "") -> Path:
        """The absolute path of one that is relative to `basepath`."""
        if self._base is None and self.basepath:
            self._base = Path(self.basepath).expanduser().resolve()
        base = self._base or Path.cwd()
        if self._base and isinstance(path, str) and _PLAIN_NAME.fullmatch(path):
            return base / path
        found = (base / Path(path).expanduser()).resolve()
        if self.basepath and not found.is_relative_to(base):
            raise ValueError(f"the path {str(path)!r} leads out of {base}")
        return found

    def read_path(self, path: str) -> Any:
        """The file's bytes. Raises ValueError where there is no such file."""
        return self.aread_path(path) if in_coroutine() else self.read(path)

    async def aread_path(self, path: str) -> bytes:
        return self.read(path)

    def read(self, path: str | Path) -> bytes:
        found = self.resolve(path)
        try:
            with found.open("rb") as file:
                return file.read()
        except FileNotFoundError:
            raise ValueError(f"Path {found} does not exist.") from None
        except IsADirectoryError:
            raise ValueError(f"Path {found} is not a file.") from None

    def write_path(self, path: str, content: bytes) -> Any:
        """Writes the file whole or not at all, 0600, with the folders that it needs; gives its absolute path."""
        return self.awrite_path(path, content) if in_coroutine() else self.write(path, content)

    async def awrite_path(self, path: str, content: bytes) -> str:
        return self.write(path, content)

    def write(self, path: str | Path, content: bytes) -> str:
        found = self.resolve(path)
        temporary = found.with_name(f".{found.name[:100]}.{os.getpid()}.{os.urandom(6).hex()}")
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            make_private(found.parent)
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(content)
            temporary.replace(found)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return str(found)

    def get_directory(self, from_path: str | None = None, local_path: str | None = None) -> Any:
        """Copies a folder (default: all of `basepath`) to another place."""
        if in_coroutine():
            return self.aget_directory(from_path, local_path)
        return self._copy(self.resolve(from_path or ""), Path(local_path or ".").absolute())

    async def aget_directory(self, from_path: str | None = None, local_path: str | None = None) -> None:
        self._copy(self.resolve(from_path or ""), Path(local_path or ".").absolute())

    def put_directory(
        self, local_path: str | None = None, to_path: str | None = None, ignore_file: str | None = None
    ) -> Any:
        """Copies a folder (default: the current one) into `basepath`."""
        if in_coroutine():
            return self.aput_directory(local_path, to_path, ignore_file)
        return self._copy(Path(local_path or ".").absolute(), self.resolve(to_path or ""))

    async def aput_directory(
        self,
        local_path: str | None = None,
        to_path: str | None = None,
        ignore_file: str | None = None,  # noqa: ARG002  (Prefect's)
    ) -> None:
        self._copy(Path(local_path or ".").absolute(), self.resolve(to_path or ""))

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        if source != target:
            shutil.copytree(source, target, dirs_exist_ok=True)


register(LocalFileSystem)
