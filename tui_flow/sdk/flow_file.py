"""A flow file: read once, made a module, and searched for its flows. The worker and `describe` share this."""

import os
import sys
import types
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import Any

from tui_flow.contract.errors import BrokenFlow
from tui_flow.contract.failure import Failure

MAX_SOURCE = 16 * 1024 * 1024
"""Bytes; a longer file is no flow file."""

loaded: types.ModuleType | None = None
"""The flow file that was loaded last, which nobody else can import by its name."""
importing: Path | None = None
"""The flow file that is being imported right now: none of its flows may run meanwhile."""
project: Path | None = None
"""The project whose flow files this process imports; None in a script."""
loaded_at: float | None = None
"""When this process, or the template that it was forked from, began to load a flow file."""


def read_source(path: Path) -> bytes:
    """The file's bytes. Raises BrokenFlow where it is gone, unreadable, no plain file, or far too long."""
    import stat

    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise BrokenFlow("the flow file is not a plain file", where=str(path))
            if found.st_size > MAX_SOURCE:
                raise BrokenFlow(
                    f"the flow file has {found.st_size:,} bytes, too many for one", where=str(path)
                )
            return file.read()
    except OSError as error:
        raise BrokenFlow(f"cannot read the flow file: {error.strerror}", where=str(path)) from None


def set_import_path(path: Path, of_project: Path) -> None:
    """Modules come from the flow file's folder, then the project's, then the environment; never from wherever the
    process was started. Where Prefect is not installed, `prefect` is ours."""
    global project
    from tui_flow import prefect_alias
    from tui_flow.sdk.just_saved import import_as_saved

    prefect_alias.install()
    import_as_saved(of_project)
    project = of_project
    first = [str(path.parent), str(project)]
    environment = sys.path if sys.flags.safe_path else sys.path[1:]
    sys.path[:] = first + [entry for entry in environment if entry not in first]


def load(path: Path, source: bytes) -> types.ModuleType:
    """Runs the source as a module that is registered, so that pickling, dataclasses and tracebacks find it.

    Its `__name__` is the file's stem, unless that would hide a module that others need. Raises what the code raises.
    """
    global importing, loaded, loaded_at
    import linecache
    import time
    from importlib.util import decode_source

    name = path.stem
    if name in sys.modules or name in sys.stdlib_module_names:
        name = f"flow_file_{name}"
    loader = SourceFileLoader(name, str(path))
    module = types.ModuleType(name)
    module.__file__, module.__loader__ = str(path), loader
    module.__spec__ = ModuleSpec(name, loader, origin=str(path))
    module.__spec__.has_location = True
    sys.modules[name] = loaded = module
    code = compile(source, str(path), "exec", dont_inherit=True)
    lines = [line + "\n" for line in decode_source(source).split("\n")]
    linecache.cache[str(path)] = (len(source), None, lines, str(path))
    importing, loaded_at = path, time.time()
    try:
        exec(code, module.__dict__)  # noqa: S102
    finally:
        importing = None
    return module


def flows_of(module: types.ModuleType) -> dict[str, Any]:
    """The flows that this module defines, in order, by the name that holds them; imported ones are not its own.

    Raises BrokenFlow where it has none but those of an installed Prefect.
    """
    from tui_flow.sdk.flows import Flow

    found: dict[str, Any] = {}
    for name, value in vars(module).items():
        own = isinstance(value, Flow) and value.fn.__module__ == module.__name__
        if own and not any(value is other for other in found.values()):
            found[name] = value
    if not found:
        _refuse_foreign(module)
    return found


def _refuse_foreign(module: types.ModuleType) -> None:
    for name, value in vars(module).items():
        if type(value).__name__ == "Flow" and type(value).__module__ == "prefect.flows":
            raise BrokenFlow(
                f"the flow {name!r} is one of the Prefect that is installed here",
                next="import from tui_flow, or set TUI_FLOW_PREFECT=ours so that `import prefect` means tui_flow",
            )


def explain(error: BaseException, path: Path) -> tuple[str, Failure]:
    """What made the import of that flow file fail: in one line, and as a failure whose line lies in this very file,
    even where a module that it imports raised. The traceback begins at the file's own first frame."""
    from tui_flow.sdk.failures import describe, failure_of

    own = [frame for frame in _frames(error) if frame.tb_frame.f_code.co_filename == str(path)]
    error.__traceback__ = own[0] if own else None
    failure = failure_of(error)._replace(path=str(path), line=own[-1].tb_lineno if own else 0)
    if isinstance(error, BrokenFlow):
        return "; ".join(filter(None, (error.what, error.next))), failure._replace(traceback="")
    if isinstance(error, SyntaxError) and error.filename == str(path):
        failure = failure._replace(line=error.lineno or 0)
    if isinstance(error, SystemExit):
        return f"the file ends the interpreter while it is imported: sys.exit({error.code!r})", failure
    return describe(error) + _in_the_way(error, path), failure


def _in_the_way(error: BaseException, path: Path) -> str:
    """What a module that is not found may have to do with a file beside this one."""
    root = (getattr(error, "name", None) or "").partition(".")[0]
    beside = path.with_name(f"{root}.py")
    if not isinstance(error, ImportError) or root not in sys.stdlib_module_names or not beside.is_file():
        return ""
    return f"; {beside.name} beside it stands in for Python's own {root}: call it another name"


def _frames(error: BaseException) -> list[types.TracebackType]:
    frames, frame = [], error.__traceback__
    while frame is not None:
        frames.append(frame)
        frame = frame.tb_next
    return frames
