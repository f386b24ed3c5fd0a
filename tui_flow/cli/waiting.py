"""Why runs have not begun yet: only the engine knows, so it is asked where there is such a run."""

from collections.abc import Iterable

from tui_flow.contract.states import FlowRunState
from tui_flow.safe import safe
from tui_flow.settings import Settings
from tui_flow.store.records import FlowRun


def why_they_wait(settings: Settings, found: Iterable[FlowRun]) -> dict[int, str]:
    """By the number of the run, those that wait for their turn or their next attempt; ready for a terminal."""
    if not any(run.state is FlowRunState.PENDING or run.awaits_attempt for run in found):
        return {}
    from tui_flow.client import connect
    from tui_flow.contract.commands import GetQueue

    with connect(settings) as connection:
        queue = connection.ask(GetQueue())
    waits = {
        one["run_id"]: f"{'late; ' if one['is_late'] else ''}{safe(one['why'])}" for one in queue["waiting"]
    }
    for one in queue["between_attempts"]:
        waits[one["run_id"]] = f"attempt {one['attempt']} comes: {safe(one['why'])}"
    return waits
