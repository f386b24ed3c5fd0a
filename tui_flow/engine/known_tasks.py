"""The tasks of a flow, as far as anybody can tell before it runs, and whether those that are to be left out are among
them."""

from difflib import get_close_matches
from typing import TYPE_CHECKING

from tui_flow.contract.commands import RunFile, RunFlow, RunServed
from tui_flow.contract.errors import BadParameters
from tui_flow.contract.left_out import contradiction, unmatched
from tui_flow.engine.describing import describe
from tui_flow.store.precedents import called_lately
from tui_flow.store.records import Flow

if TYPE_CHECKING:
    from tui_flow.engine.engine import Engine

MAX_NAMES = 20
"""So many are named to who named another."""


def shown(names: list[str]) -> str:
    """As many of them as there is room for in an error."""
    return ", ".join(names[:MAX_NAMES]) + (" …" if len(names) > MAX_NAMES else "")


async def known_tasks(engine: "Engine", flow: Flow, held: list[str] | None = None) -> list[str]:
    """Those that its file holds, and those that its last runs called, which it may make only while it runs. The file is imported for this, unless that has
    just been done and `held` is what it holds."""
    if held is None:
        project, limit = engine.settings.project, engine.settings.import_timeout_seconds
        held = (await describe(project, flow.path, limit)).tasks
    return list(dict.fromkeys([*held, *called_lately(engine.db, flow.name)]))


async def check_tasks(
    engine: "Engine", flow: Flow, command: RunFlow | RunFile | RunServed, held: list[str] | None = None
) -> None:
    """Raises BadParameters, with the nearest names, for what no task of the flow is called, and what is both skipped and not. `held` as above."""
    if wrong := contradiction(command.skip, command.only):
        raise BadParameters(wrong, next="leave one of the two out")
    asked = [*command.skip, *command.only]
    known = await known_tasks(engine, flow, held) if asked else []
    for pattern in unmatched(asked, known) if known else ():
        nearest = get_close_matches(pattern, known, 3, 0.5)
        raise BadParameters(
            f"flow {flow.name!r} has no task {pattern!r}",
            where=f"{flow.path}:{flow.line}",
            next=f"did you mean {' or '.join(nearest)}?" if nearest else f"its tasks: {shown(known)}",
        )
