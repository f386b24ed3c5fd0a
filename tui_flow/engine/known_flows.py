"""The flows of `flows/`, as their files have them at this moment."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tui_flow.contract.errors import UnknownFlow, broken_file
from tui_flow.contract.flow_names import same_name
from tui_flow.store import flows
from tui_flow.store.records import Flow

if TYPE_CHECKING:
    from tui_flow.engine.engine import Engine

_NAMED = re.compile(r"""^\s*(?:async\s+)?def\s+(\w+)|\bname\s*=\s*["']([^"'\n]+)["']""", re.MULTILINE)
"""Functions, and the names that flows are given."""


async def current_flow(engine: "Engine", name: str) -> Flow:
    """The flow as its file has it now, saved a millisecond ago or not. Other files are not waited for."""
    flow = flows.get_flow(engine.db, name)
    path = flow.path if flow else None
    engine.watcher.look_at(path, engine.clock.monotonic())
    if not engine.discovery.is_done(path):
        await engine.discovery.wait_done(path)
        flow = flows.get_flow(engine.db, name)
    file = engine.discovery.file_of(flow.path) if flow else None
    if flow is None or file is None or flow.path not in engine.watcher.sources:
        _refuse_unknown(engine, name)
    if file.state == "broken":
        meanwhile = "; until then its schedules run its last good version" if flow.schedules else ""
        raise broken_file(file.error, file.path, file.error_line, f"mend it and save it{meanwhile}")
    return flow


def _refuse_unknown(engine: "Engine", name: str) -> NoReturn:
    """A broken file that nobody has seen whole has no flows: then its own name, and what its text seems to define, is
    what one knows of it."""
    for file in flows.list_flow_files(engine.db):
        if file.state == "broken" and _may_hold(engine.settings.project / file.path, name):
            raise broken_file(file.error, file.path, file.error_line)
    nearest = flows.nearest_names(engine.db, name)
    raise UnknownFlow(
        f"there is no flow {name!r}",
        where=str(engine.settings.flows_dir),
        next=f"did you mean {' or '.join(nearest)}?" if nearest else "tui-flow flows lists those there are",
    )


def _may_hold(file: Path, name: str) -> bool:
    """Whether the file is called like the flow, or its text, which nobody can parse perhaps, names it."""
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        text = ""
    names = [file.stem, *(one or other for one, other in _NAMED.findall(text))]
    return any(same_name(found, name) for found in names)
