"""Runs of a flow file that is named by its path, in `flows/` or anywhere else: described when it is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

from tui_flow.contract.errors import BrokenFlow, UnknownFlow, broken_file
from tui_flow.contract.flow_names import same_name
from tui_flow.engine.describing import describe
from tui_flow.store.records import Flow

if TYPE_CHECKING:
    from tui_flow.engine.engine import Engine


async def flow_in_file(engine: "Engine", path: str, name: str) -> tuple[Flow, list[str]]:
    """The flow of that name, or the only one, of a file as it is now, and the names of the tasks that the file holds;
    `path` is absolute.

    Raises BrokenFlow for a file that is not there or does not import, UnknownFlow where it is not clear which flow is
    meant.
    """
    file = Path(path)
    if not file.is_file():
        raise BrokenFlow("there is no such flow file", where=path, next="check the path")
    project = engine.settings.project
    inside = file.is_relative_to(project)
    shown = file.relative_to(project).as_posix() if inside else path
    found = await describe(project, shown, engine.settings.import_timeout_seconds)
    if found.error is not None:
        raise broken_file(found.error, shown, found.line)
    chosen = [flow for flow in found.flows if not name or name == flow.function or same_name(flow.name, name)]
    if len(chosen) == 1:
        return chosen[0], found.tasks
    names = ", ".join(flow.name for flow in found.flows)
    if not found.flows:
        raise UnknownFlow("the file has no flow", where=shown, next="decorate a function with @flow")
    if not chosen:
        raise UnknownFlow(f"the file has no flow {name!r}", where=shown, next=f"its flows: {names}")
    raise UnknownFlow(
        f"the file has {len(chosen)} flows: {names}",
        where=shown,
        next=f"name one of them: {shown}:{chosen[0].name}",
    )
