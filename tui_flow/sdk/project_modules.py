"""The modules of the project that a flow file imports: which there are, and how a version that was kept is imported
although the files say something else by now."""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from tui_flow.contract.rundir import STATE_DIR, keep_source, open_state_dir
from tui_flow.contract.version import Version, read_kept, relative

_INSTALLED = ("site-packages", "dist-packages", STATE_DIR)


def imported(project: Path, flow_file: Path, since_ns: int = 0) -> dict[str, list[str]]:
    """Path and SHA-256 of every module of the project, besides the flow file itself, by name; their texts are kept.

    A file that was changed after `since_ns` (nanoseconds since the epoch) may not be what was imported: its SHA-256
    is "", which no text has.
    """
    state_dir, found = open_state_dir(project), {}
    for name, module in list(sys.modules.items()):
        path = relative(getattr(module, "__file__", None), project)
        if path is None or not _is_ours(name, project / path) or project / path == flow_file:
            continue
        loader = getattr(module, "__loader__", None)
        if isinstance(loader, _KeptLoader):
            found[name] = [path, loader.sha]
        else:
            found[name] = [path, _kept_sha(state_dir, project / path, since_ns)]
    return found


def met_in(error: BaseException, project: Path) -> set[str]:
    """The project's files, by path relative to it, that an import went through before it failed."""
    found, frame = set(), error.__traceback__
    while frame is not None:
        found.add(relative(frame.tb_frame.f_code.co_filename, project))
        frame = frame.tb_next
    if isinstance(error, SyntaxError):
        found.add(relative(error.filename, project))
    return {path for path in found if path is not None}


def _is_ours(name: str, path: Path) -> bool:
    installed = any(part in _INSTALLED for part in path.parts) or path.is_relative_to(sys.prefix)
    return path.suffix == ".py" and not installed and name.partition(".")[0] not in ("tui_flow", "__main__")


def _kept_sha(state_dir: Path, path: Path, since_ns: int) -> str:
    try:
        if since_ns and path.stat().st_mtime_ns >= since_ns:
            return ""
        return keep_source(state_dir, path.read_bytes())
    except OSError:
        return ""


def import_from(version: Version, project: Path) -> None:
    """From now on, modules of that version are imported from its texts wherever their files say something else."""
    sys.meta_path.insert(0, _KeptModules(version, project))


class _KeptModules:
    """A finder for `sys.meta_path`."""

    def __init__(self, version: Version, project: Path) -> None:
        self._modules, self._project = version.modules, project

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        from importlib.util import spec_from_file_location

        where, sha = self._modules.get(fullname, ("", ""))
        file = self._project / where
        text = read_kept(self._project / STATE_DIR, sha) if sha else None
        if text is None or _is_as_kept(file, text):
            return None
        below = [str(file.parent)] if file.name == "__init__.py" else None
        loader = _KeptLoader(fullname, str(file), text, sha)
        return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=below)


def _is_as_kept(file: Path, text: bytes) -> bool:
    try:
        return file.read_bytes() == text
    except OSError:
        return False


class _KeptLoader(SourceFileLoader):
    """Loads a text in place of the file's own; no byte code of the file counts, and none is written."""

    def __init__(self, name: str, path: str, text: bytes, sha: str) -> None:
        super().__init__(name, path)
        self._text, self.sha = text, sha

    def path_stats(self, path: str) -> Any:
        raise OSError(path)

    def get_data(self, path: str) -> bytes:
        return self._text if os.fspath(path) == self.path else super().get_data(path)
