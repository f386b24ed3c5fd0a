"""Digests of the code of what runs in this process, from the texts that it was loaded from.

A file that was changed after this process began has no digest: what runs is not what it says.
"""

import sys
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from tui_flow import sdk
from tui_flow.contract.rundir import SOURCES, STATE_DIR
from tui_flow.contract.version import is_own
from tui_flow.sdk import flow_file

if TYPE_CHECKING:
    from tui_flow.source_digest import SourceDigests

_STALE_SECONDS = 0.05
"""File systems tell times this coarsely."""


class LoadedSources:
    """The texts of the project's files as they were when this process began, or when they were first looked at."""

    def __init__(self, project: str, path: str, shas: dict[str, str]) -> None:
        self.project, self._flow_file, self._shas = project, path, shas
        self._since = flow_file.loaded_at or sdk.loaded_at
        self._texts: dict[str, str | None] = {}
        self._digests: SourceDigests | None = None

    def is_of(self, project: str, path: str, shas: dict[str, str]) -> bool:
        return (self.project, self._flow_file, self._shas) == (project, path, shas)

    @property
    def digests(self) -> "SourceDigests":
        """Made on first use: it takes some milliseconds."""
        if self._digests is None:
            from tui_flow.source_digest import SourceDigests, roots_of

            self._digests = SourceDigests(self.project, roots_of(self.project, self._flow_file), self.read)
        return self._digests

    def keep_imported(self) -> None:
        """Reads the files of the project's modules that are imported by now, before somebody edits them."""
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if not isinstance(path, str) or not path.endswith(".py") or path in self._shas:
                continue
            if is_own(path, self.project):
                self.read(path)

    def read(self, path: str) -> str | None:
        if path not in self._texts:
            self._texts[path] = self._text_of(path)
        return self._texts[path]

    def _text_of(self, path: str) -> str | None:
        sha = self._shas.get(path)
        if sha is not None:  # what was imported is known, whatever the file says now
            return _kept_text(self.project, sha)
        try:
            file, found = Path(path), Path(path).stat()
            if max(found.st_mtime, found.st_ctime) > self._since + _STALE_SECONDS:
                return None
            return _decoded(file.read_bytes())
        except OSError:
            return None


_loaded: LoadedSources | None = None
_found: dict[int, tuple[Any, str]] = {}
"""By `id()` of the code or class, which is held on to, so that no other can have it."""


def load_sources(project: str, path: str, shas: dict[str, str] | None = None) -> None:
    """From now on digests are told of the code in that project, with the flow file `path`. `shas` has, by file, what
    of it is known to have been imported, in `sources/`; "" for what nobody knows. A run that is forked finds it done."""
    global _loaded
    if _loaded is not None and _loaded.is_of(project, path, shas or {}):
        return
    _loaded = LoadedSources(project, path, shas or {})
    _found.clear()
    _loaded.keep_imported()


def _kept_text(project: str, sha: str) -> str | None:
    try:
        return _decoded((Path(project) / STATE_DIR / SOURCES / f"{sha}.py").read_bytes()) if sha else None
    except OSError:
        return None


def code_digest_of(fn: Any) -> str:
    """Of a function, method or class; empty where there is none to be sure of. For a class that is not the project's
    it is empty too, and for such a function its full name."""
    fn, code = _core(fn)
    if code is None and not isinstance(fn, type):
        return _of_builtin(fn)
    held = fn if code is None else code
    found = _found.get(id(held))
    if found is None:
        found = _found[id(held)] = (held, _digest_of(fn, code))
    return found[1]


def _core(fn: Any) -> tuple[Any, CodeType | None]:
    """The function behind methods, partials and wrappers, or the class of another object that can be called."""
    while not isinstance(fn, type):
        inner = getattr(fn, "__func__", None) or getattr(fn, "__wrapped__", None)
        if inner is None and hasattr(fn, "func") and hasattr(fn, "keywords"):
            inner = fn.func
        if inner is None:
            break
        fn = inner
    code = None if isinstance(fn, type) else getattr(fn, "__code__", None)
    if code is None and not isinstance(fn, type) and hasattr(type(fn).__call__, "__code__"):
        return type(fn), None
    return fn, code


def home_of(fn: Any) -> tuple[str, str]:
    """The file and the qualified name of a function, by which `SourceDigests` finds it; both may be empty."""
    fn, code = _core(fn)
    return (code.co_filename if code else "", getattr(fn, "__qualname__", ""))


def _digest_of(fn: Any, code: CodeType | None) -> str:
    path = _file_of(fn, code)
    name = f"{fn.__module__}.{fn.__qualname__}"
    if _loaded is None or not path:
        return "" if code is None else _of_bytecode(code)
    if not is_own(path, _loaded.project):
        return "" if code is None else name
    if code is not None and "<lambda>" in fn.__qualname__:
        return _of_bytecode(code)
    return _loaded.digests.digest(path, fn.__qualname__)


def _file_of(fn: Any, code: CodeType | None) -> str:
    if code is not None:
        return code.co_filename if Path(code.co_filename).is_absolute() else ""
    found = getattr(sys.modules.get(fn.__module__), "__file__", None)
    return found if isinstance(found, str) else ""


def _of_builtin(fn: Any) -> str:
    name, module = getattr(fn, "__qualname__", ""), getattr(fn, "__module__", "")
    return f"{module}.{name}" if name and module else ""


def _of_bytecode(code: CodeType) -> str:
    """Of code that has no text: what it does itself, but not what it names. Told apart by Python's version."""
    from hashlib import blake2b

    def text(constant: Any) -> str:
        return repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)

    def parts(code: CodeType) -> list[str]:
        constants = [
            "|".join(parts(one)) if isinstance(one, CodeType) else text(one) for one in code.co_consts
        ]
        return [code.co_code.hex(), *constants, *code.co_names, *code.co_varnames, sys.version]

    return blake2b("|".join(parts(code)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _decoded(source: bytes) -> str | None:
    from importlib.util import decode_source

    try:
        return decode_source(source)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return None
